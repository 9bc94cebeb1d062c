use std::collections::{BTreeMap, VecDeque};

use proto::{ServerId, Zxid};

use super::Closed;
use super::peer::{Peer, Stage};
use super::{Ended, Input, Item, LearnerId, Output};
use crate::disk::{Durable, Duty};
use crate::history::{History, Position};
use crate::quorum::Quorums;
use crate::wire::{ConfigText, FromLeader, FromLearner, ProposedTxn};
use crate::{Epoch, Limits, PeerMisbehaved};

/// A server that was elected, until it stops leading. See the [module](super).
///
/// ```text
/// applied <= committed <= proposed
/// applied <= own_durable <= proposed
/// ```
#[derive(Debug)]
pub struct Leader {
    pub(super) me: ServerId,
    pub(super) limits: Limits,
    pub(super) quorums: Quorums,
    pub(super) config: ConfigText,
    pub(super) own: Position,
    pub(super) phase: Phase,
    /// The epoch to lead, once a quorum has told what it promised before.
    pub(super) epoch: Epoch,
    pub(super) peers: BTreeMap<LearnerId, Peer>,
    /// The last id invented for a learner that has none.
    pub(super) anonymous: i64,
    /// Whether the own current epoch is durable.
    pub(super) own_epoch_durable: bool,
    pub(super) own_durable: Zxid,
    pub(super) proposed: Zxid,
    pub(super) committed: Zxid,
    pub(super) applied: Zxid,
    /// Proposals that are not committed, in order.
    pub(super) outstanding: VecDeque<ProposedTxn>,
    /// How far each server's disk is.
    pub(super) acked: BTreeMap<ServerId, Zxid>,
    pub(super) barriers: VecDeque<Barrier>,
    pub(super) started_ms: i64,
    /// When the present phase is given up.
    pub(super) deadline_ms: i64,
    pub(super) next_ping_ms: i64,
    pub(super) was_established: bool,
    pub(super) outputs: VecDeque<Output>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Phase {
    /// Waiting for a quorum to connect.
    Discovery,
    /// The own promise is on its way to the disk.
    Promising,
    /// Waiting for a quorum to promise the epoch.
    Agreeing,
    /// Waiting for a quorum to have the history.
    Synchronizing,
    /// Established.
    Broadcasting,
    Ended,
}

/// A sync that waits.
#[derive(Debug)]
pub(super) struct Barrier {
    pub(super) token: u64,
    /// What must be committed.
    pub(super) upto: Zxid,
    /// How many PINGs each learner must have answered.
    pub(super) pongs: BTreeMap<LearnerId, u64>,
}

impl Leader {
    /// A server that was elected with what `own` says on its disk.
    pub fn new(
        now_ms: i64,
        me: ServerId,
        limits: Limits,
        quorums: Quorums,
        config: ConfigText,
        own: Position,
    ) -> Self {
        let mut leader = Leader {
            me,
            limits,
            quorums,
            config,
            own,
            phase: Phase::Discovery,
            epoch: Epoch::ZERO,
            peers: BTreeMap::new(),
            anonymous: -1,
            own_epoch_durable: false,
            own_durable: own.last,
            proposed: own.last,
            committed: own.last,
            applied: Zxid::ZERO,
            outstanding: VecDeque::new(),
            acked: BTreeMap::new(),
            barriers: VecDeque::new(),
            started_ms: now_ms,
            deadline_ms: now_ms + limits.init_ms(),
            next_ping_ms: now_ms + limits.tick_ms / 2,
            was_established: false,
            outputs: VecDeque::new(),
        };
        // A voter alone is a quorum.
        leader.try_new_epoch(now_ms);
        leader
    }

    /// Feeds one input. Afterwards drain [`Leader::poll_output`].
    pub fn handle(&mut self, now_ms: i64, input: Input, history: &dyn History) {
        if self.phase == Phase::Ended {
            return;
        }
        match input {
            Input::Connected(learner) => {
                self.peers.insert(learner, Peer::new(now_ms));
            }
            Input::Disconnected(learner) => self.forget(learner),
            Input::Packet(learner, packet) => self.receive(now_ms, learner, packet, history),
            Input::TransferProgress(learner) => self.transferred(now_ms, learner),
            Input::Durable(durable) => self.durable(now_ms, durable, history),
            Input::Propose { zxid, record } => self.propose(now_ms, ProposedTxn { zxid, record }),
            Input::Sync { token } => self.sync(token),
            Input::Revalidated { learner, session, valid } => {
                self.say(learner, FromLeader::Revalidate { session, valid });
            }
            Input::SyncDone(learner) => self.say(learner, FromLeader::Sync),
            Input::VoterLooking(voter) => self.voter_looking(now_ms, voter),
            Input::Timeout => self.timeout(now_ms),
        }
    }

    /// The next thing wanted.
    pub fn poll_output(&mut self) -> Option<Output> {
        self.outputs.pop_front()
    }

    /// When [`Input::Timeout`] is due.
    pub fn poll_timeout(&self) -> Option<i64> {
        match self.phase {
            Phase::Ended => None,
            Phase::Broadcasting => Some(self.next_ping_ms),
            _ => Some(self.next_ping_ms.min(self.deadline_ms)),
        }
    }

    /// The place of the next transaction; `None` before the epoch is established.
    pub fn next_zxid(&self) -> Option<Zxid> {
        (self.phase == Phase::Broadcasting).then(|| self.proposed.next())
    }

    /// The epoch that is led, once it is established.
    pub fn established(&self) -> Option<Epoch> {
        (self.phase == Phase::Broadcasting).then_some(self.epoch)
    }

    /// Whether the epoch was established, also after the end.
    pub fn was_established(&self) -> bool {
        self.was_established
    }

    /// The last proposal.
    pub fn proposed(&self) -> Zxid {
        self.proposed
    }

    /// The last zxid that is committed, or becomes so with the establishment.
    pub fn committed(&self) -> Zxid {
        self.committed
    }

    /// Who a learner is, once it has said so.
    pub fn server_of(&self, learner: LearnerId) -> Option<ServerId> {
        self.peers.get(&learner)?.identity.map(|identity| identity.server)
    }

    fn receive(
        &mut self,
        now_ms: i64,
        learner: LearnerId,
        packet: FromLearner,
        history: &dyn History,
    ) {
        let Some(peer) = self.peers.get_mut(&learner) else { return };
        peer.heard_ms = now_ms;
        let stage = peer.stage;
        let result = match (stage, packet) {
            (Stage::New, FromLearner::FollowerInfo { accepted_epoch, info }) => {
                self.introduced(now_ms, learner, accepted_epoch, info, true)
            }
            (Stage::New, FromLearner::ObserverInfo { accepted_epoch, info }) => {
                self.introduced(now_ms, learner, accepted_epoch, info, false)
            }
            (Stage::Told, FromLearner::AckEpoch { current_epoch, last_zxid }) => {
                self.promised(now_ms, learner, current_epoch, last_zxid, history);
                Ok(())
            }
            (Stage::Synchronizing { .. }, FromLearner::Ack { zxid }) => {
                self.synchronized(now_ms, learner, zxid)
            }
            (Stage::Synchronized | Stage::Serving, FromLearner::Ack { zxid }) => {
                self.ack(learner, zxid)
            }
            (Stage::Serving, FromLearner::Ping { touched, .. }) => {
                self.pong(learner, touched);
                Ok(())
            }
            (Stage::Serving, FromLearner::Revalidate { session, timeout_ms }) => {
                self.want(Output::Revalidate { learner, session, timeout_ms });
                Ok(())
            }
            (Stage::Serving, FromLearner::Request(request)) => {
                self.want(Output::Request(learner, request));
                Ok(())
            }
            (stage, packet) => {
                let kind = packet.to_packet().kind;
                Err(PeerMisbehaved::OutOfPlace { kind, during: during(stage) })
            }
        };
        if let Err(misbehaved) = result {
            self.close(learner, Closed::Misbehaved(misbehaved));
        }
    }

    fn durable(&mut self, now_ms: i64, durable: Durable, history: &dyn History) {
        match durable {
            Durable::AcceptedEpoch(epoch) => self.own_promise_durable(now_ms, epoch, history),
            Durable::CurrentEpoch(epoch) => {
                self.own_epoch_durable |= epoch == self.epoch;
                self.try_establish(now_ms);
            }
            Durable::Log { upto } => self.own_log_durable(upto),
            // A leader neither cuts its log nor gets a snapshot.
            Durable::Truncated { .. } | Durable::Snapshot { .. } => {}
        }
    }

    pub(super) fn say(&mut self, learner: LearnerId, message: FromLeader) {
        if self.peers.contains_key(&learner) {
            self.send(learner, Item::Say(message));
        }
    }

    pub(super) fn send(&mut self, learner: LearnerId, item: Item) {
        self.want(Output::ToLearner(learner, item));
    }

    pub(super) fn duty(&mut self, duty: Duty) {
        self.want(Output::Disk(duty));
    }

    /// Wants something, unless the role ended in the middle of an input.
    pub(super) fn want(&mut self, output: Output) {
        if self.phase != Phase::Ended {
            self.outputs.push_back(output);
        }
    }

    pub(super) fn close(&mut self, learner: LearnerId, why: Closed) {
        self.forget(learner);
        self.want(Output::Close(learner, why));
    }

    pub(super) fn forget(&mut self, learner: LearnerId) {
        // What it acknowledged stays true as long as nobody cuts its log; see `synchronize`.
        self.peers.remove(&learner);
    }

    pub(super) fn end(&mut self, why: Ended) {
        if self.phase != Phase::Ended {
            self.phase = Phase::Ended;
            self.outputs.push_back(Output::Ended(why));
        }
    }

    pub(super) fn enter(&mut self, now_ms: i64, phase: Phase) {
        self.phase = phase;
        self.deadline_ms = now_ms + self.limits.init_ms();
    }

    /// The learners for which `wanted` holds, in order of connection.
    pub(super) fn learners(&self, wanted: impl Fn(&Peer) -> bool) -> Vec<LearnerId> {
        self.peers.iter().filter(|(_, peer)| wanted(peer)).map(|(learner, _)| *learner).collect()
    }

    /// Whether this server and the followers for which `has` holds are a quorum.
    pub(super) fn is_quorum_with_me(&self, has: impl Fn(&LearnerId, &Peer) -> bool) -> bool {
        let servers: Vec<ServerId> = self
            .peers
            .iter()
            .filter(|(learner, peer)| has(learner, peer))
            .filter_map(|(_, peer)| peer.counted_as())
            .collect();
        self.quorums.is_quorum(|server| server == self.me || servers.contains(&server))
    }
}

fn during(stage: Stage) -> &'static str {
    match stage {
        Stage::New => "before FOLLOWERINFO or OBSERVERINFO",
        Stage::Introduced => "before LEADERINFO",
        Stage::Told => "instead of ACKEPOCH",
        Stage::Promised { .. } => "before synchronization",
        Stage::Synchronizing { .. } => "instead of the ACK of NEWLEADER",
        Stage::Synchronized => "before UPTODATE",
        Stage::Serving => "during broadcast",
    }
}
