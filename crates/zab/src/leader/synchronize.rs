//! Synchronization: learners get the leader's history, and a quorum of them establishes it.

use proto::Zxid;

use super::machine::{Leader, Phase};
use super::peer::{Peer, Stage};
use super::{Item, LearnerId, Output};
use crate::history::History;
use crate::sync_plan::SyncPlan;
use crate::wire::FromLeader;
use crate::{PeerMisbehaved, planted};

impl Leader {
    /// Sends a learner what it misses, and from then on everything new
    /// (`LearnerHandler.syncFollower`, `Leader.startForwarding`).
    pub(super) fn synchronize(
        &mut self,
        now_ms: i64,
        learner: LearnerId,
        last: Zxid,
        history: &dyn History,
    ) {
        let Some(peer) = self.peers.get_mut(&learner) else { return };
        let end = self.committed;
        let mut plan = SyncPlan::choose(last, end, history, self.limits.force_snapshot);
        if planted::p05_no_contiguity_check()
            && let SyncPlan::Diff { after } = &mut plan
        {
            *after = (*after).max(self.own.last.min(end));
        }
        peer.stage = Stage::Synchronizing { early_ack: None };
        peer.synced_to = end;
        let follower = peer.is_follower();
        // It may be told to cut what it acknowledged on an earlier connection: those acks are
        // worth nothing now, and what it keeps it acknowledges again.
        if let Some(server) = peer.counted_as() {
            self.acked.remove(&server);
        }
        self.send(
            learner,
            match plan {
                SyncPlan::Diff { .. } => Item::Say(FromLeader::Diff { zxid: end }),
                SyncPlan::Trunc { to } => Item::Say(FromLeader::Trunc { zxid: to }),
                SyncPlan::Snap { zxid } => Item::Snapshot { zxid },
            },
        );
        if plan.after() < end {
            self.send(learner, Item::Entries { after: plan.after(), upto: end });
        }
        // Observers hear of a proposal when it is decided.
        if follower {
            for txn in self.outstanding.clone() {
                self.propose_to(now_ms, learner, txn);
            }
        }
        // Behind everything it stands for (ZOOKEEPER-3104).
        let config = Some(self.config.clone());
        self.say(learner, FromLeader::NewLeader { epoch: self.epoch, config });
    }

    /// The first ACK after NEWLEADER was sent.
    pub(super) fn synchronized(
        &mut self,
        now_ms: i64,
        learner: LearnerId,
        zxid: Zxid,
    ) -> Result<(), PeerMisbehaved> {
        let newleader = self.epoch.start();
        let proposed = self.proposed;
        let Some(peer) = self.peers.get_mut(&learner) else { return Ok(()) };
        let Stage::Synchronizing { early_ack } = &mut peer.stage else { return Ok(()) };
        if zxid != newleader {
            // A proposal whose ack overtook that of NEWLEADER, no reason to give up
            // (ZOOKEEPER-4685). It counts when the history before it does.
            if zxid > proposed || zxid.counter() == 0 {
                return Err(PeerMisbehaved::AckOfNothing { proposed, got: zxid });
            }
            *early_ack = (*early_ack).max(Some(zxid));
            return Ok(());
        }
        let reached = early_ack.unwrap_or(Zxid::ZERO).max(peer.synced_to);
        peer.stage = Stage::Synchronized;
        peer.acked(reached);
        if let Some(server) = peer.counted_as() {
            self.acked.insert(server, reached);
        }
        if self.phase == Phase::Broadcasting {
            self.tell_to_serve(learner);
            self.try_commit();
        } else {
            self.try_establish(now_ms);
        }
        Ok(())
    }

    /// Leads the epoch when a quorum has its history (`waitForNewLeaderAck`).
    pub(super) fn try_establish(&mut self, now_ms: i64) {
        let synchronized = |_: &LearnerId, peer: &Peer| peer.stage == Stage::Synchronized;
        if self.phase != Phase::Synchronizing
            || !self.own_epoch_durable
            || !self.is_quorum_with_me(synchronized)
        {
            return;
        }
        self.enter(now_ms, Phase::Broadcasting);
        self.was_established = true;
        self.proposed = self.epoch.start();
        self.acked.insert(self.me, self.own.last);
        self.want(Output::Established { epoch: self.epoch });
        // The whole history is committed by this.
        self.apply();
        for learner in self.learners(|peer| peer.stage == Stage::Synchronized) {
            self.tell_to_serve(learner);
        }
    }

    fn tell_to_serve(&mut self, learner: LearnerId) {
        if let Some(peer) = self.peers.get_mut(&learner) {
            peer.stage = Stage::Serving;
        }
        self.say(learner, FromLeader::UpToDate);
    }
}
