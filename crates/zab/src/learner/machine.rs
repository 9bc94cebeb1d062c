use std::collections::VecDeque;

use proto::{ServerId, Zxid};

use super::{Ended, Input, Kind, Output};
use crate::disk::{Durable, Duty};
use crate::history::Position;
use crate::wire::{ForwardedRequest, FromLearner, LearnerInfo, PROTOCOL_VERSION};
use crate::{Epoch, Limits, PeerMisbehaved, planted};

/// A server that follows or observes one leader, until it stops. See the [module](super).
///
/// ```text
/// applied <= leader_committed <= received
/// applied <= durable <= received
/// ```
#[derive(Debug)]
pub struct Learner {
    pub(super) me: ServerId,
    pub(super) kind: Kind,
    pub(super) limits: Limits,
    config_version: i64,
    /// Where the history ended when this role began; `None` if there is none to speak of.
    pub(super) own: Option<Position>,
    accepted: Epoch,
    current: Epoch,
    pub(super) phase: Phase,
    pub(super) epoch: Epoch,
    /// A snapshot that came and is not the truth yet.
    pub(super) staged_snapshot: Option<Zxid>,
    /// A cut that is not durable yet.
    pub(super) truncating: bool,
    /// The end of the history with everything that is on its way to the disk.
    pub(super) received: Zxid,
    pub(super) durable: Zxid,
    /// Proposals of this connection that are not committed, in order.
    pub(super) uncommitted: VecDeque<Zxid>,
    /// Proposals that have to be acknowledged, in order.
    pub(super) to_ack: VecDeque<Zxid>,
    /// What the leader has committed, or commits by its establishment.
    pub(super) leader_committed: Zxid,
    pub(super) applied: Zxid,
    /// Serve when this is applied.
    pub(super) serve_from: Zxid,
    heard_ms: i64,
    pub(super) was_established: bool,
    pub(super) outputs: VecDeque<Output>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Phase {
    /// There is no connection yet.
    Connecting,
    /// Waiting for LEADERINFO.
    Introducing,
    /// The promise is on its way to the disk.
    Promising,
    /// Waiting for DIFF, TRUNC or SNAP.
    Waiting,
    /// A snapshot is coming in.
    Receiving,
    /// Transactions are coming in.
    Synchronizing,
    /// NEWLEADER came; the history is on its way to the disk.
    CompletingHistory,
    /// The current epoch is on its way to the disk.
    CompletingEpoch,
    /// NEWLEADER is acknowledged; waiting for UPTODATE.
    Complete,
    /// UPTODATE came; not everything is applied.
    CatchingUp,
    /// Clients can be served.
    Serving,
    Ended,
}

impl Learner {
    /// A learner that is to connect to its leader. `own` is `None` if its history cannot be
    /// relied on; then it observes, whatever it is configured to be.
    pub fn new(
        now_ms: i64,
        me: ServerId,
        kind: Kind,
        limits: Limits,
        config_version: i64,
        accepted: Epoch,
        own: Option<Position>,
    ) -> Self {
        let last = own.map_or(Zxid::ZERO, |own| own.last);
        Learner {
            me,
            kind: if own.is_some() { kind } else { Kind::Observer },
            limits,
            config_version,
            own,
            accepted,
            current: own.map_or(Epoch::ZERO, |own| own.current),
            phase: Phase::Connecting,
            epoch: Epoch::ZERO,
            staged_snapshot: None,
            truncating: false,
            received: last,
            durable: last,
            uncommitted: VecDeque::new(),
            to_ack: VecDeque::new(),
            leader_committed: Zxid::ZERO,
            applied: Zxid::ZERO,
            serve_from: Zxid::ZERO,
            heard_ms: now_ms,
            was_established: false,
            outputs: VecDeque::new(),
        }
    }

    /// Feeds one input. Afterwards drain [`Learner::poll_output`].
    pub fn handle(&mut self, now_ms: i64, input: Input) {
        if self.phase == Phase::Ended {
            return;
        }
        match input {
            Input::Connected => {
                self.heard_ms = now_ms;
                self.introduce();
            }
            Input::Disconnected => self.end(Ended::Disconnected),
            Input::Packet(packet) => {
                self.heard_ms = now_ms;
                if let Err(misbehaved) = self.receive(packet) {
                    self.end(Ended::Misbehaved(misbehaved));
                }
            }
            Input::TransferProgress => self.heard_ms = now_ms,
            Input::SnapshotReceived => {
                self.heard_ms = now_ms;
                self.snapshot_received();
            }
            Input::Durable(durable) => self.durable(durable),
            Input::Pong { zxid, touched } => self.say_if_up(FromLearner::Ping { zxid, touched }),
            Input::Forward(request) => self.forward(request),
            Input::Revalidate { session, timeout_ms } => {
                self.say_if_up(FromLearner::Revalidate { session, timeout_ms });
            }
            Input::Timeout => {
                if self.poll_timeout().is_some_and(|at_ms| now_ms >= at_ms) {
                    self.end(Ended::Silence);
                }
            }
        }
    }

    /// The next thing wanted.
    pub fn poll_output(&mut self) -> Option<Output> {
        self.outputs.pop_front()
    }

    /// When [`Input::Timeout`] is due.
    pub fn poll_timeout(&self) -> Option<i64> {
        let patience_ms = match self.phase {
            Phase::Ended => return None,
            Phase::Complete | Phase::CatchingUp | Phase::Serving => self.limits.sync_ms(),
            _ => self.limits.init_ms(),
        };
        Some(self.heard_ms + patience_ms)
    }

    /// The epoch that is followed, once its leader is established.
    pub fn established(&self) -> Option<Epoch> {
        matches!(self.phase, Phase::CatchingUp | Phase::Serving).then_some(self.epoch)
    }

    /// Whether the leader was established, also after the end.
    pub fn was_established(&self) -> bool {
        self.was_established
    }

    /// Whether clients can be served.
    pub fn serves(&self) -> bool {
        self.phase == Phase::Serving
    }

    /// The epoch that the leader proposed.
    pub fn epoch(&self) -> Epoch {
        self.epoch
    }

    /// The end of what was received, durable or not.
    pub fn received(&self) -> Zxid {
        self.received
    }

    /// What it is to the leader.
    pub fn kind(&self) -> Kind {
        self.kind
    }

    fn introduce(&mut self) {
        self.phase = Phase::Introducing;
        let info = LearnerInfo {
            server: Some(self.me),
            protocol_version: PROTOCOL_VERSION,
            config_version: self.config_version,
        };
        let accepted_epoch = self.accepted;
        self.say(match self.kind {
            Kind::Follower => FromLearner::FollowerInfo { accepted_epoch, info },
            Kind::Observer => FromLearner::ObserverInfo { accepted_epoch, info },
        });
    }

    /// The leader proposes an epoch (`Learner.registerWithLeader`).
    pub(super) fn promise(&mut self, epoch: Epoch) -> Result<(), PeerMisbehaved> {
        self.epoch = epoch;
        if epoch > self.accepted {
            self.phase = Phase::Promising;
            self.duty(Duty::PersistAcceptedEpoch(epoch));
            return Ok(());
        }
        // An observer's promise is never counted, so it binds it only to what it has.
        let too_low = epoch < self.accepted && self.kind == Kind::Follower;
        if too_low || epoch < self.current {
            let accepted = self.accepted;
            return Err(PeerMisbehaved::EpochTooLow { proposed: epoch, accepted });
        }
        // Promised before, perhaps to another server: it must not count again.
        self.answer_epoch(None);
        Ok(())
    }

    fn answer_epoch(&mut self, current_epoch: Option<Epoch>) {
        self.phase = Phase::Waiting;
        let last_zxid = self.own.map_or(Zxid(-1), |own| own.last);
        self.say(FromLearner::AckEpoch { current_epoch, last_zxid });
    }

    fn durable(&mut self, durable: Durable) {
        match durable {
            Durable::AcceptedEpoch(epoch) => {
                if self.phase == Phase::Promising && epoch == self.epoch {
                    self.accepted = epoch;
                    self.answer_epoch(Some(self.current));
                }
            }
            Durable::CurrentEpoch(epoch) => {
                if self.phase == Phase::CompletingEpoch && epoch == self.epoch {
                    self.current = epoch;
                    self.complete();
                }
            }
            Durable::Log { upto } => {
                // What is appended to a staged snapshot is durable with its installation.
                if self.staged_snapshot.is_none() {
                    self.durable = self.durable.max(upto);
                    self.history_advanced();
                }
            }
            Durable::Truncated { to } => {
                self.truncating = false;
                self.durable = to;
                self.history_advanced();
            }
            Durable::Snapshot { upto } => {
                self.staged_snapshot = None;
                self.durable = upto;
                self.history_advanced();
            }
        }
    }

    fn history_advanced(&mut self) {
        if self.phase == Phase::CompletingHistory {
            self.persist_epoch_if_history_is_complete();
        }
        self.acknowledge();
        self.apply();
    }

    /// NEWLEADER came: make the history durable, then the epoch.
    pub(super) fn newleader(&mut self) {
        self.phase = Phase::CompletingHistory;
        if planted::p11_newleader_before_snapshot() {
            self.staged_snapshot = None;
        }
        if let Some(zxid) = self.staged_snapshot {
            self.duty(Duty::InstallSnapshot { zxid, upto: self.received });
        }
        if planted::p01_ack_newleader_early() {
            self.duty(Duty::PersistCurrentEpoch(self.epoch));
            self.current = self.epoch;
            return self.complete();
        }
        if planted::p02_epoch_before_history() {
            self.phase = Phase::CompletingEpoch;
            return self.duty(Duty::PersistCurrentEpoch(self.epoch));
        }
        self.persist_epoch_if_history_is_complete();
    }

    fn persist_epoch_if_history_is_complete(&mut self) {
        let installed = self.staged_snapshot.is_none() && !self.truncating;
        let complete = self.durable == self.received || planted::p11_newleader_before_snapshot();
        if installed && complete {
            self.phase = Phase::CompletingEpoch;
            self.duty(Duty::PersistCurrentEpoch(self.epoch));
        }
    }

    /// History and epoch are durable: acknowledge NEWLEADER, then what waits behind it.
    fn complete(&mut self) {
        self.phase = Phase::Complete;
        self.say(FromLearner::Ack { zxid: self.epoch.start() });
        self.acknowledge();
    }

    /// Acknowledges what is durable, never before NEWLEADER (ZOOKEEPER-4685).
    pub(super) fn acknowledge(&mut self) {
        if self.phase < Phase::Complete {
            return;
        }
        let early = planted::p03_ack_proposal_early();
        while let Some(zxid) = self.to_ack.pop_front_if(|zxid| early || *zxid <= self.durable) {
            self.say(FromLearner::Ack { zxid });
        }
    }

    /// Applies what is committed, durable here, and known to be so by an established leader.
    pub(super) fn apply(&mut self) {
        if !matches!(self.phase, Phase::CatchingUp | Phase::Serving) {
            return;
        }
        let upto = self.leader_committed.min(self.durable);
        if upto > self.applied {
            self.applied = upto;
            self.outputs.push_back(Output::Commit { upto });
        }
        if self.phase == Phase::CatchingUp && self.applied >= self.serve_from {
            self.phase = Phase::Serving;
            self.outputs.push_back(Output::Serve);
        }
    }

    fn forward(&mut self, request: ForwardedRequest) {
        self.say_if_up(FromLearner::Request(request));
    }

    /// Says something that has no place before UPTODATE.
    fn say_if_up(&mut self, message: FromLearner) {
        if matches!(self.phase, Phase::CatchingUp | Phase::Serving) {
            self.say(message);
        }
    }

    pub(super) fn say(&mut self, message: FromLearner) {
        self.outputs.push_back(Output::ToLeader(message));
    }

    pub(super) fn duty(&mut self, duty: Duty) {
        self.outputs.push_back(Output::Disk(duty));
    }

    fn end(&mut self, why: Ended) {
        if self.phase != Phase::Ended {
            self.phase = Phase::Ended;
            self.outputs.push_back(Output::Ended(why));
        }
    }
}
