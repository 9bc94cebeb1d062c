//! Discovery: learners introduce themselves, a new epoch is found and promised.

use proto::{ServerId, Zxid};

use super::Closed;
use super::machine::{Leader, Phase};
use super::peer::{Identity, Peer, Stage};
use super::{Ended, LearnerId};
use crate::disk::Duty;
use crate::election::Standing;
use crate::history::History;
use crate::wire::{FromLeader, LearnerInfo, PROTOCOL_VERSION};
use crate::{Epoch, PeerMisbehaved};

impl Leader {
    pub(super) fn introduced(
        &mut self,
        now_ms: i64,
        learner: LearnerId,
        accepted: Epoch,
        info: LearnerInfo,
        follower: bool,
    ) -> Result<(), PeerMisbehaved> {
        self.check_info(&info)?;
        let server = info.server.unwrap_or_else(|| self.invent_id());
        if server == self.me {
            return Err(PeerMisbehaved::SameId(server));
        }
        let same_server =
            |other: &Peer| other.identity.is_some_and(|identity| identity.server == server);
        for old in self.learners(same_server) {
            self.close(old, Closed::Replaced);
        }
        let Some(peer) = self.peers.get_mut(&learner) else { return Ok(()) };
        peer.identity = Some(Identity { server, accepted, follower });
        peer.stage = Stage::Introduced;
        match self.phase {
            Phase::Discovery => self.try_new_epoch(now_ms),
            Phase::Promising => self.check_promise(server, accepted),
            _ => {
                self.check_promise(server, accepted);
                self.tell_epoch(learner);
            }
        }
        Ok(())
    }

    fn check_info(&self, info: &LearnerInfo) -> Result<(), PeerMisbehaved> {
        if info.protocol_version < PROTOCOL_VERSION {
            return Err(PeerMisbehaved::ProtocolTooOld(info.protocol_version));
        }
        let ours = self.config.version().unwrap_or(0);
        if info.config_version > ours {
            return Err(PeerMisbehaved::NewerConfig { theirs: info.config_version, ours });
        }
        Ok(())
    }

    fn invent_id(&mut self) -> ServerId {
        let id = ServerId(self.anonymous);
        self.anonymous -= 1;
        id
    }

    /// A voter that has promised more can never follow this epoch. In Java it stays away until
    /// somebody else causes an election; here the leader promises as much and makes room for an
    /// epoch above it.
    fn check_promise(&mut self, server: ServerId, accepted: Epoch) {
        let counted = self.quorums.is_voter(server)
            && self.peers.values().any(|peer| peer.counted_as() == Some(server));
        if counted && accepted > self.epoch {
            self.duty(Duty::PersistAcceptedEpoch(accepted));
            self.end(Ended::HigherPromise(server, accepted));
        }
    }

    /// Finds the epoch when a quorum has said what it promised (`getEpochToPropose`).
    pub(super) fn try_new_epoch(&mut self, now_ms: i64) {
        let introduced = |_: &LearnerId, peer: &Peer| peer.stage == Stage::Introduced;
        if self.phase != Phase::Discovery || !self.is_quorum_with_me(introduced) {
            return;
        }
        let promises = self.peers.values().filter_map(|peer| peer.identity);
        // An observer's promise binds nobody, but following is easier for it if it is respected.
        let highest = promises.map(|identity| identity.accepted).chain([self.own.accepted]).max();
        match highest.unwrap_or_default().next() {
            Some(epoch) => {
                self.epoch = epoch;
                self.enter(now_ms, Phase::Promising);
                self.duty(Duty::PersistAcceptedEpoch(epoch));
            }
            None => self.end(Ended::EpochsUsedUp),
        }
    }

    /// The own promise is the first: the same epoch can never be proposed twice.
    pub(super) fn own_promise_durable(&mut self, now_ms: i64, epoch: Epoch, history: &dyn History) {
        if self.phase != Phase::Promising || epoch != self.epoch {
            return;
        }
        self.own.accepted = epoch;
        self.enter(now_ms, Phase::Agreeing);
        for learner in self.learners(|peer| peer.stage == Stage::Introduced) {
            self.tell_epoch(learner);
        }
        self.try_agree(now_ms, history);
    }

    fn tell_epoch(&mut self, learner: LearnerId) {
        if let Some(peer) = self.peers.get_mut(&learner) {
            peer.stage = Stage::Told;
        }
        let protocol_version = PROTOCOL_VERSION;
        self.say(learner, FromLeader::LeaderInfo { epoch: self.epoch, protocol_version });
    }

    /// A learner promised the epoch (`waitForEpochAck`).
    pub(super) fn promised(
        &mut self,
        now_ms: i64,
        learner: LearnerId,
        current: Option<Epoch>,
        last: Zxid,
        history: &dyn History,
    ) {
        let Some(peer) = self.peers.get_mut(&learner) else { return };
        // -1 stands for nothing at all: everything is missing.
        let known = last.max(Zxid::ZERO);
        // A promise made before to somebody else, or a server without history, does not count.
        let counts = current.is_some() && last.0 >= 0;
        peer.stage = Stage::Promised { last: known, counts };
        if self.phase != Phase::Agreeing {
            return self.synchronize(now_ms, learner, known, history);
        }
        let voter = peer.counted_as().filter(|server| self.quorums.is_voter(*server));
        if let (Some(current), Some(server)) = (current, voter) {
            let standing = Standing { peer_epoch: current.0.into(), zxid: last };
            if standing > self.own.standing() {
                return self.end(Ended::FollowerIsAhead(server));
            }
        }
        self.try_agree(now_ms, history);
    }

    fn try_agree(&mut self, now_ms: i64, history: &dyn History) {
        let promised =
            |_: &LearnerId, peer: &Peer| matches!(peer.stage, Stage::Promised { counts: true, .. });
        if !self.is_quorum_with_me(promised) {
            return;
        }
        self.enter(now_ms, Phase::Synchronizing);
        self.duty(Duty::PersistCurrentEpoch(self.epoch));
        for learner in self.learners(|peer| matches!(peer.stage, Stage::Promised { .. })) {
            let Some(peer) = self.peers.get(&learner) else { continue };
            if let Stage::Promised { last, .. } = peer.stage {
                self.synchronize(now_ms, learner, last, history);
            }
        }
    }
}
