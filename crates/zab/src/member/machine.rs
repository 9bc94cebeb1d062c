use std::collections::VecDeque;

use proto::{ServerId, Zxid};

use super::{Input, Output, Recovered, Settings};
use crate::disk::Durable;
use crate::election::{self, Election};
use crate::history::History;
use crate::leader::{self, Leader};
use crate::learner::{self, Kind, Learner};
use crate::quorum::Quorums;
use crate::wire::ConfigText;
use crate::{Epoch, ServerState, planted};

/// One server's life in an ensemble. See the [module](super).
#[derive(Debug)]
pub struct Member {
    me: ServerId,
    settings: Settings,
    quorums: Quorums,
    config: ConfigText,
    election: Election,
    role: Role,
    recovered: Recovered,
    /// Only for a planted defect: the end of the history in memory.
    remembered: Option<Zxid>,
    outputs: VecDeque<Output>,
}

#[derive(Debug)]
enum Role {
    /// Waiting for the disk.
    Draining,
    Looking,
    Leading(Box<Leader>),
    Learning {
        leader: ServerId,
        learner: Box<Learner>,
    },
}

impl Member {
    /// A server that starts; its first input is [`Input::Drained`].
    pub fn new(me: ServerId, settings: Settings, quorums: Quorums, config: ConfigText) -> Self {
        let election = Election::new(me, settings.election, quorums.clone(), config.clone());
        Member {
            me,
            settings,
            quorums,
            config,
            election,
            role: Role::Draining,
            recovered: Recovered { accepted: Epoch::ZERO, position: None },
            remembered: None,
            outputs: VecDeque::new(),
        }
    }

    /// Feeds one input. Afterwards drain [`Member::poll_output`].
    pub fn handle(&mut self, now_ms: i64, input: Input, history: &dyn History) {
        match input {
            Input::Drained(recovered) => self.drained(now_ms, recovered),
            Input::Notification { from, notification } => {
                let input = election::Input::Notification { from, notification };
                self.elect(now_ms, input, history);
            }
            Input::LinkUp(server) => {
                self.elect(now_ms, election::Input::LinkUp(server), history);
            }
            Input::LinkDown(server) => {
                self.elect(now_ms, election::Input::LinkDown(server), history);
            }
            Input::Durable(durable) => self.durable(now_ms, durable, history),
            Input::Leader(input) => self.lead(now_ms, input, history),
            Input::Learner(input) => self.learn(now_ms, input),
            Input::Timeout => self.timeout(now_ms, history),
        }
        self.collect(now_ms, history);
    }

    /// The next thing wanted.
    pub fn poll_output(&mut self) -> Option<Output> {
        self.outputs.pop_front()
    }

    /// When [`Input::Timeout`] is due.
    pub fn poll_timeout(&self) -> Option<i64> {
        match &self.role {
            Role::Draining => None,
            Role::Looking => self.election.poll_timeout(),
            Role::Leading(leader) => leader.poll_timeout(),
            Role::Learning { learner, .. } => learner.poll_timeout(),
        }
    }

    /// What it is doing.
    pub fn state(&self) -> ServerState {
        self.election.state()
    }

    /// The leader that this server is, while it is one.
    pub fn leader(&self) -> Option<&Leader> {
        match &self.role {
            Role::Leading(leader) => Some(leader),
            _ => None,
        }
    }

    /// The learner that this server is, while it is one, and whom it follows.
    pub fn learner(&self) -> Option<(&Learner, ServerId)> {
        match &self.role {
            Role::Learning { leader, learner } => Some((learner, *leader)),
            _ => None,
        }
    }

    /// The election, which outlives all roles.
    pub fn election(&self) -> &Election {
        &self.election
    }

    fn drained(&mut self, now_ms: i64, recovered: Recovered) {
        if !matches!(self.role, Role::Draining) {
            return;
        }
        self.recovered = recovered;
        if let (Some(last), Some(own)) = (self.remembered.take(), &mut self.recovered.position) {
            own.last = last;
        }
        let recovered = self.recovered;
        self.role = Role::Looking;
        let voter = self.quorums.committed().is_voter(self.me);
        let standing = recovered.position.filter(|_| voter).map(|own| own.standing());
        self.election.handle(now_ms, election::Input::Start { standing });
    }

    fn elect(&mut self, now_ms: i64, input: election::Input, history: &dyn History) {
        self.election.handle(now_ms, input);
        self.collect(now_ms, history);
    }

    fn durable(&mut self, now_ms: i64, durable: Durable, history: &dyn History) {
        match &mut self.role {
            Role::Leading(leader) => {
                leader.handle(now_ms, leader::Input::Durable(durable), history);
            }
            Role::Learning { learner, .. } => {
                learner.handle(now_ms, learner::Input::Durable(durable));
            }
            Role::Draining | Role::Looking => {}
        }
    }

    fn lead(&mut self, now_ms: i64, input: leader::Input, history: &dyn History) {
        if let Role::Leading(leader) = &mut self.role {
            leader.handle(now_ms, input, history);
        }
    }

    fn learn(&mut self, now_ms: i64, input: learner::Input) {
        if let Role::Learning { learner, .. } = &mut self.role {
            learner.handle(now_ms, input);
        }
    }

    fn timeout(&mut self, now_ms: i64, history: &dyn History) {
        match &mut self.role {
            Role::Draining => {}
            Role::Looking => self.election.handle(now_ms, election::Input::Timeout),
            Role::Leading(leader) => leader.handle(now_ms, leader::Input::Timeout, history),
            Role::Learning { learner, .. } => learner.handle(now_ms, learner::Input::Timeout),
        }
    }

    /// Moves outputs of the parts to the whole, until nothing changes any more.
    fn collect(&mut self, now_ms: i64, history: &dyn History) {
        loop {
            if let Some(output) = self.election.poll_output() {
                self.election_wants(now_ms, output, history);
            } else if let Some(output) = self.role_output() {
                self.role_wants(now_ms, output);
            } else {
                break;
            }
        }
    }

    fn role_output(&mut self) -> Option<Output> {
        match &mut self.role {
            Role::Draining | Role::Looking => None,
            Role::Leading(leader) => leader.poll_output().map(Output::Leader),
            Role::Learning { learner, .. } => learner.poll_output().map(Output::Learner),
        }
    }

    fn election_wants(&mut self, now_ms: i64, output: election::Output, history: &dyn History) {
        match output {
            election::Output::Send { to, notification } => {
                self.outputs.push_back(Output::Notify { to, notification });
            }
            election::Output::Reconnect => self.outputs.push_back(Output::Reconnect),
            election::Output::Decided { state, vote } => self.begin(now_ms, state, vote.leader),
            election::Output::VoterLooking(voter) => {
                self.lead(now_ms, leader::Input::VoterLooking(voter), history);
            }
            // Only dynamic reconfiguration takes a configuration from a vote.
            election::Output::NewerConfig { .. } => {}
        }
    }

    fn begin(&mut self, now_ms: i64, state: ServerState, leader: ServerId) {
        let limits = self.settings.limits;
        match (state, self.recovered.position) {
            (ServerState::Leading, Some(own)) => {
                let (quorums, config) = (self.quorums.clone(), self.config.clone());
                let leader = Leader::new(now_ms, self.me, limits, quorums, config, own);
                self.outputs.push_back(Output::Lead);
                self.role = Role::Leading(Box::new(leader));
            }
            _ => {
                let Recovered { accepted, position } = self.recovered;
                let kind = match state {
                    ServerState::Observing => Kind::Observer,
                    _ => Kind::Follower,
                };
                let version = self.config.version().unwrap_or(0);
                let learner =
                    Learner::new(now_ms, self.me, kind, limits, version, accepted, position);
                self.outputs.push_back(Output::Follow { leader });
                self.role = Role::Learning { leader, learner: Box::new(learner) };
            }
        }
    }

    fn role_wants(&mut self, now_ms: i64, output: Output) {
        match output {
            Output::Leader(leader::Output::Disk(duty)) => {
                self.outputs.push_back(Output::Disk(duty));
            }
            Output::Learner(learner::Output::Disk(duty)) => {
                self.outputs.push_back(Output::Disk(duty));
            }
            Output::Leader(leader::Output::Established { epoch })
            | Output::Learner(learner::Output::Established { epoch }) => {
                self.election.handle(now_ms, election::Input::Established { epoch });
                self.outputs.push_back(output);
            }
            Output::Leader(leader::Output::Ended(_))
            | Output::Learner(learner::Output::Ended(_)) => {
                self.outputs.push_back(output);
                self.end_role(now_ms);
            }
            // A server whose disk was not to be trusted has a history again, from a leader that
            // a quorum follows: from now on it is what it is configured to be.
            Output::Learner(learner::Output::Serve) if self.is_repaired() => {
                self.outputs
                    .push_back(Output::Learner(learner::Output::Ended(learner::Ended::Repaired)));
                self.end_role(now_ms);
            }
            output => self.outputs.push_back(output),
        }
    }

    fn is_repaired(&self) -> bool {
        self.recovered.position.is_none() && self.quorums.committed().is_voter(self.me)
    }

    fn end_role(&mut self, now_ms: i64) {
        let role = std::mem::replace(&mut self.role, Role::Draining);
        let (leader, established) = match &role {
            Role::Leading(leader) => (self.me, leader.was_established()),
            Role::Learning { leader, learner } => (*leader, learner.was_established()),
            Role::Draining | Role::Looking => return,
        };
        if !established {
            self.election.handle(now_ms, election::Input::AttemptFailed { leader });
        }
        self.election.handle(now_ms, election::Input::Stop);
        self.outputs.push_back(Output::Drain);
        if planted::p06_position_from_memory()
            && let Role::Learning { learner, .. } = &role
        {
            self.remembered = Some(learner.received());
        }
    }
}
