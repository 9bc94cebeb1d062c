//! What a leader does as time passes: pings, the quorum that must be heard of, slow learners.

use proto::ServerId;

use super::Closed;
use super::machine::{Leader, Phase};
use super::peer::Stage;
use super::{Ended, LearnerId};

impl Leader {
    pub(super) fn timeout(&mut self, now_ms: i64) {
        if self.phase != Phase::Broadcasting && now_ms >= self.deadline_ms {
            return self.end(Ended::NotEnoughFollowers);
        }
        if now_ms < self.next_ping_ms {
            return;
        }
        self.next_ping_ms = now_ms + (self.limits.tick_ms / 2).max(1);
        if self.phase == Phase::Broadcasting && !self.hears_a_quorum(now_ms) {
            return self.end(Ended::LostQuorum);
        }
        self.close_slow_learners(now_ms);
        for learner in self.learners(|peer| peer.is_in_broadcast()) {
            self.ping(learner);
        }
    }

    /// Data left for a learner: neither of both is to be given up now.
    pub(super) fn transferred(&mut self, now_ms: i64, learner: LearnerId) {
        if let Some(peer) = self.peers.get_mut(&learner) {
            peer.heard_ms = now_ms;
            self.deadline_ms = self.deadline_ms.max(now_ms + self.limits.init_ms());
        }
    }

    /// Whether a quorum was heard of lately; those that synchronize may take longer.
    fn hears_a_quorum(&self, now_ms: i64) -> bool {
        let (sync_ms, init_ms) = (self.limits.sync_ms(), self.limits.init_ms());
        self.is_quorum_with_me(|_, peer| {
            let patience_ms =
                if peer.stage == Stage::Serving { sync_ms } else { init_ms + sync_ms };
            now_ms - peer.heard_ms <= patience_ms
        })
    }

    fn close_slow_learners(&mut self, now_ms: i64) {
        let patience_ms = self.limits.sync_ms();
        let slow: Vec<_> = self
            .peers
            .iter()
            .filter(|(_, peer)| matches!(peer.stage, Stage::Synchronized | Stage::Serving))
            .filter_map(|(learner, peer)| peer.unacked.map(|oldest| (*learner, oldest)))
            .filter(|(_, (_, sent_ms))| now_ms - sent_ms > patience_ms)
            .collect();
        for (learner, (proposal, _)) in slow {
            self.close(learner, Closed::TooSlow { proposal });
        }
    }

    /// A voter that supported this leader looks again before there is an epoch: better give up
    /// early than wait for it in vain (ZOOKEEPER-3109).
    pub(super) fn voter_looking(&mut self, now_ms: i64, voter: ServerId) {
        let Some(wait_ms) = self.limits.epoch_wait_max_ms else { return };
        let waiting =
            matches!(self.phase, Phase::Discovery | Phase::Agreeing | Phase::Synchronizing);
        let connected = self.peers.values().any(|peer| peer.counted_as() == Some(voter));
        let supporters = |_: &LearnerId, peer: &super::peer::Peer| peer.identity.is_some();
        if waiting
            && !connected
            && now_ms - self.started_ms > wait_ms
            && !self.is_quorum_with_me(supporters)
        {
            self.end(Ended::DisloyalVoter(voter));
        }
    }
}
