//! Broadcast: proposals, acks, commits, and syncs that a quorum confirms.

use proto::Zxid;

use super::machine::{Barrier, Leader, Phase};
use super::peer::Stage;
use super::{Ended, LearnerId, Output};
use crate::PeerMisbehaved;
use crate::disk::Duty;
use crate::wire::{FromLeader, Payload, ProposedTxn};

impl Leader {
    /// Logs and proposes at once, in parallel.
    pub(super) fn propose(&mut self, now_ms: i64, txn: ProposedTxn) {
        let next = self.next_zxid();
        assert_eq!(Some(txn.zxid), next, "a transaction is made for the next place in the order");
        if txn.zxid.counter() > self.limits.counter_max {
            return self.end(Ended::CounterUsedUp);
        }
        self.proposed = txn.zxid;
        self.outstanding.push_back(txn.clone());
        self.duty(Duty::Append(txn.clone()));
        for learner in self.learners(|peer| peer.is_in_broadcast() && peer.is_follower()) {
            self.propose_to(now_ms, learner, txn.clone());
        }
    }

    pub(super) fn propose_to(&mut self, now_ms: i64, learner: LearnerId, txn: ProposedTxn) {
        if let Some(peer) = self.peers.get_mut(&learner) {
            peer.sent(txn.zxid, now_ms);
            self.say(learner, FromLeader::Proposal(txn));
        }
    }

    /// A follower's disk has everything up to `zxid` (`Leader.processAck`).
    pub(super) fn ack(&mut self, learner: LearnerId, zxid: Zxid) -> Result<(), PeerMisbehaved> {
        // The answer to UPTODATE has the zxid of NEWLEADER and says nothing new.
        if zxid == self.epoch.start() {
            return Ok(());
        }
        if zxid > self.proposed || zxid.counter() == 0 {
            return Err(PeerMisbehaved::AckOfNothing { proposed: self.proposed, got: zxid });
        }
        let Some(peer) = self.peers.get_mut(&learner) else { return Ok(()) };
        peer.acked(zxid);
        if let Some(server) = peer.counted_as() {
            let acked = self.acked.entry(server).or_insert(zxid);
            *acked = (*acked).max(zxid);
        }
        self.try_commit();
        Ok(())
    }

    pub(super) fn own_log_durable(&mut self, upto: Zxid) {
        self.own_durable = self.own_durable.max(upto);
        if self.phase == Phase::Broadcasting {
            self.acked.insert(self.me, self.own_durable);
            self.try_commit();
            self.apply();
        }
    }

    /// Commits what a quorum has, in order (`Leader.tryToCommit`).
    pub(super) fn try_commit(&mut self) {
        if self.phase != Phase::Broadcasting {
            return;
        }
        let reached = self.quorums.reached(&self.acked).unwrap_or(Zxid::ZERO);
        while let Some(txn) = self.outstanding.pop_front_if(|txn| txn.zxid <= reached) {
            self.committed = txn.zxid;
            let in_broadcast = self.learners(|peer| peer.is_in_broadcast());
            for learner in in_broadcast {
                let follower = self.peers.get(&learner).is_some_and(|peer| peer.is_follower());
                self.say(
                    learner,
                    match follower {
                        true => FromLeader::Commit { zxid: txn.zxid },
                        false => FromLeader::Inform(txn.clone()),
                    },
                );
            }
        }
        self.apply();
        self.try_finish_syncs();
    }

    /// What is committed is applied once it is on the own disk, too: memory never runs ahead.
    pub(super) fn apply(&mut self) {
        let upto = self.committed.min(self.own_durable);
        if upto > self.applied {
            self.applied = upto;
            self.want(Output::Commit { upto });
        }
    }

    /// A sync waits for what was proposed before it and for a quorum that answers a PING sent
    /// after it: a deposed leader cannot answer (ZOOKEEPER-1675).
    pub(super) fn sync(&mut self, token: u64) {
        if self.phase != Phase::Broadcasting {
            return;
        }
        let mut pongs = std::collections::BTreeMap::new();
        for learner in self.learners(|peer| peer.stage == Stage::Serving && peer.is_follower()) {
            self.ping(learner);
            if let Some(peer) = self.peers.get(&learner) {
                pongs.insert(learner, peer.pings);
            }
        }
        let upto = self.outstanding.back().map_or(self.committed, |txn| txn.zxid);
        self.barriers.push_back(Barrier { token, upto, pongs });
        self.try_finish_syncs();
    }

    fn try_finish_syncs(&mut self) {
        while let Some(barrier) = self.barriers.front() {
            let answered = |learner: &LearnerId, pongs: u64| {
                barrier.pongs.get(learner).is_some_and(|wanted| pongs >= *wanted)
            };
            let confirmed = self.is_quorum_with_me(|learner, peer| answered(learner, peer.pongs));
            if barrier.upto > self.committed || !confirmed {
                return;
            }
            let token = barrier.token;
            self.barriers.pop_front();
            self.want(Output::Synced { token });
        }
    }

    pub(super) fn pong(&mut self, learner: LearnerId, touched: Payload) {
        if let Some(peer) = self.peers.get_mut(&learner) {
            peer.pongs += 1;
        }
        self.want(Output::Touched(learner, touched));
        self.try_finish_syncs();
    }

    pub(super) fn ping(&mut self, learner: LearnerId) {
        let Some(peer) = self.peers.get_mut(&learner) else { return };
        // A learner answers PINGs only after it has read UPTODATE.
        peer.pings += u64::from(peer.stage == Stage::Serving);
        self.say(learner, FromLeader::Ping { zxid: self.proposed });
    }
}
