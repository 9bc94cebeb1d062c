use std::collections::{BTreeMap, BTreeSet, VecDeque};

use proto::ServerId;

use super::candidates::Candidates;
use super::looking::{Looking, Step};
use super::vote::{Ballot, Standing, Vote};
use super::{Input, Output, Settings};
use crate::ServerState;
use crate::quorum::Quorums;
use crate::wire::{ConfigText, Notification};

/// One server's part in all elections of its life. See the [module](super).
#[derive(Debug)]
pub struct Election {
    me: ServerId,
    settings: Settings,
    quorums: Quorums,
    config: ConfigText,
    phase: Phase,
    /// The last round taken part in (`logicalclock`); rounds never fall while looking.
    round: i64,
    candidates: Candidates,
    /// Voters at whose address nothing answers.
    down: BTreeSet<ServerId>,
    outputs: VecDeque<Output>,
}

#[derive(Debug)]
enum Phase {
    /// Between roles. The newest word of each server is kept for the next search.
    Resting(BTreeMap<ServerId, Notification>),
    Looking(Box<Looking>, Option<Standing>),
    Settled {
        state: ServerState,
        vote: Vote,
    },
}

impl Election {
    /// An election of server `me`, which takes part as a voter if `quorums` has it as one.
    pub fn new(me: ServerId, settings: Settings, quorums: Quorums, config: ConfigText) -> Self {
        Election {
            me,
            settings,
            quorums,
            config,
            phase: Phase::Resting(BTreeMap::new()),
            round: 0,
            candidates: Candidates::default(),
            down: BTreeSet::new(),
            outputs: VecDeque::new(),
        }
    }

    /// Feeds one input. Afterwards drain [`Election::poll_output`].
    pub fn handle(&mut self, now_ms: i64, input: Input) {
        match input {
            Input::Start { standing } => self.start(now_ms, standing),
            Input::Stop => {
                if !matches!(self.phase, Phase::Resting(_)) {
                    self.phase = Phase::Resting(BTreeMap::new());
                }
            }
            Input::AttemptFailed { leader } => self.candidates.failed(now_ms, leader),
            Input::Established { epoch } => self.established(epoch),
            Input::Notification { from, notification } => self.receive(now_ms, from, notification),
            Input::LinkUp(server) => self.link_up(server),
            Input::LinkDown(server) => {
                self.down.insert(server);
                self.decide_if_final(now_ms);
            }
            Input::Configured { quorums, config } => self.configured(now_ms, quorums, config),
            Input::Timeout => self.timeout(now_ms),
        }
    }

    /// The next thing wanted.
    pub fn poll_output(&mut self) -> Option<Output> {
        self.outputs.pop_front()
    }

    /// When [`Input::Timeout`] is due.
    pub fn poll_timeout(&self) -> Option<i64> {
        match &self.phase {
            Phase::Looking(looking, _) => {
                let final_at = looking.final_at_ms.unwrap_or(i64::MAX);
                Some(looking.notify_at_ms.min(final_at))
            }
            _ => None,
        }
    }

    /// What this server is doing, as it tells others.
    pub fn state(&self) -> ServerState {
        match &self.phase {
            Phase::Settled { state, .. } => *state,
            _ => ServerState::Looking,
        }
    }

    /// The last round taken part in.
    pub fn round(&self) -> i64 {
        self.round
    }

    /// Whether `candidate` could not be followed too often to be voted for in this search.
    pub fn leaves_out(&self, candidate: ServerId) -> bool {
        matches!(&self.phase, Phase::Looking(looking, _) if looking.left_out().contains(&candidate))
    }

    fn start(&mut self, now_ms: i64, standing: Option<Standing>) {
        let left_out = self.left_out(now_ms);
        let voter = self.quorums.committed().is_voter(self.me);
        self.round += 1;
        let mut looking = Looking::new(self.me, standing, voter, self.round, left_out);
        looking.interval_ms = self.settings.notification_interval_min_ms;
        looking.notify_at_ms = now_ms + looking.interval_ms;
        let old = std::mem::replace(&mut self.phase, Phase::Looking(Box::new(looking), standing));
        self.broadcast();
        if let Phase::Resting(kept) = old {
            for (from, notification) in kept {
                self.receive(now_ms, from, notification);
            }
        }
        // A voter alone has its quorum already.
        self.decide_if_final(now_ms);
    }

    /// After an establishment all members tell the same peer epoch to those that look
    /// (`QuorumPeer.updateElectionVote`).
    fn established(&mut self, epoch: crate::Epoch) {
        self.candidates.forgive();
        if let Phase::Settled { vote, .. } = &mut self.phase {
            vote.standing.peer_epoch = epoch.0.into();
        }
    }

    fn configured(&mut self, now_ms: i64, quorums: Quorums, config: ConfigText) {
        self.quorums = quorums;
        self.config = config;
        self.restart(now_ms);
    }

    /// Begins the present search anew.
    fn restart(&mut self, now_ms: i64) {
        if let Phase::Looking(_, standing) = &self.phase {
            let standing = *standing;
            self.start(now_ms, standing);
        }
    }

    fn left_out(&mut self, now_ms: i64) -> BTreeSet<ServerId> {
        let Settings { failed_attempts_max, left_out_ms, .. } = self.settings;
        self.candidates.left_out(now_ms, failed_attempts_max, left_out_ms)
    }

    fn left_out_has_changed(&mut self, now_ms: i64) -> bool {
        let now = self.left_out(now_ms);
        matches!(&self.phase, Phase::Looking(looking, _) if *looking.left_out() != now)
    }

    fn receive(&mut self, now_ms: i64, from: ServerId, notification: Notification) {
        self.down.remove(&from);
        self.report_newer_config(from, &notification);
        let voter = self.quorums.is_voter(from);
        match &mut self.phase {
            Phase::Resting(kept) => {
                kept.insert(from, notification);
            }
            // Observers and servers that want to join are told at once and never counted.
            _ if !voter => self.answer(from),
            Phase::Settled { state, .. } => {
                let leading = *state == ServerState::Leading;
                if notification.state == ServerState::Looking {
                    if leading {
                        self.outputs.push_back(Output::VoterLooking(from));
                    }
                    self.answer(from);
                }
            }
            Phase::Looking(looking, _) => {
                let lags = notification.round < looking.round();
                if notification.state == ServerState::Looking && lags {
                    self.answer(from);
                }
                self.count(now_ms, from, &notification);
            }
        }
    }

    fn report_newer_config(&mut self, from: ServerId, notification: &Notification) {
        let Phase::Looking(..) = self.phase else { return };
        let Some(config) = &notification.config else { return };
        if config.version() > self.config.version() {
            self.outputs.push_back(Output::NewerConfig { from, config: config.clone() });
        }
    }

    fn count(&mut self, now_ms: i64, from: ServerId, notification: &Notification) {
        let Phase::Looking(looking, _) = &mut self.phase else { return };
        if from == self.me || !self.quorums.is_voter(notification.leader) {
            return;
        }
        let step = looking.take(&self.quorums, from, ballot(notification));
        self.round = looking.round();
        match step {
            Step::Quiet => {}
            Step::Broadcast => {
                looking.final_at_ms = None;
                self.broadcast();
            }
            Step::Join(vote) => {
                // Java falls back to an older round of those it joins, and then uses the rounds
                // behind that one twice.
                self.round = self.round.max(vote.round);
                return self.settle(vote);
            }
        }
        self.decide_if_final(now_ms);
    }

    /// Decides if the present proposal has a quorum and nothing better is to be expected.
    fn decide_if_final(&mut self, now_ms: i64) {
        let Phase::Looking(looking, _) = &mut self.phase else { return };
        if !looking.has_quorum(&self.quorums) {
            looking.final_at_ms = None;
            return;
        }
        let wait_ms = self.settings.finalize_wait_ms;
        let final_at_ms = *looking.final_at_ms.get_or_insert(now_ms + wait_ms);
        if now_ms >= final_at_ms || looking.is_unanimous(&self.quorums, &self.down) {
            let vote = looking.proposal;
            self.settle(vote);
        }
    }

    fn settle(&mut self, vote: Vote) {
        let state = if vote.leader == self.me {
            ServerState::Leading
        } else if self.quorums.committed().is_voter(self.me) {
            ServerState::Following
        } else {
            ServerState::Observing
        };
        self.phase = Phase::Settled { state, vote };
        self.outputs.push_back(Output::Decided { state, vote });
    }

    fn timeout(&mut self, now_ms: i64) {
        self.decide_if_final(now_ms);
        let Phase::Looking(looking, _) = &mut self.phase else { return };
        if now_ms < looking.notify_at_ms {
            return;
        }
        if self.left_out_has_changed(now_ms) {
            // Candidates are tried again; votes may only change their order between rounds.
            return self.restart(now_ms);
        }
        let Phase::Looking(looking, _) = &mut self.phase else { return };
        let longest = self.settings.notification_interval_max_ms;
        looking.interval_ms = looking.interval_ms.saturating_mul(2).min(longest);
        looking.notify_at_ms = now_ms + looking.interval_ms;
        self.outputs.push_back(Output::Reconnect);
        self.broadcast();
    }

    fn link_up(&mut self, server: ServerId) {
        self.down.remove(&server);
        if matches!(self.phase, Phase::Looking(..)) && self.quorums.is_voter(server) {
            self.answer(server);
        }
    }

    /// Tells every other voter this server's proposal.
    fn broadcast(&mut self) {
        for voter in self.quorums.voters() {
            if voter != self.me {
                self.answer(voter);
            }
        }
    }

    /// Tells `to` what this server wants, or has.
    fn answer(&mut self, to: ServerId) {
        let (state, vote) = match &self.phase {
            Phase::Resting(_) => return,
            Phase::Looking(looking, _) => (ServerState::Looking, looking.proposal),
            Phase::Settled { state, vote } => (*state, *vote),
        };
        let round = match &self.phase {
            Phase::Looking(looking, _) => looking.round(),
            _ => vote.round,
        };
        let notification = Notification {
            state,
            leader: vote.leader,
            zxid: vote.standing.zxid,
            round,
            peer_epoch: vote.standing.peer_epoch,
            version: Notification::VERSION,
            config: Some(self.config.clone()),
        };
        self.outputs.push_back(Output::Send { to, notification });
    }
}

fn ballot(notification: &Notification) -> Ballot {
    let Notification { state, leader, zxid, round, peer_epoch, version, .. } = *notification;
    let standing = Standing { peer_epoch, zxid };
    Ballot { vote: Vote { leader, standing, round }, state, version }
}
