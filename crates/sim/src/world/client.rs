//! Clients: transactions at the leader, requests at followers, syncs, and snapshots now and then.

use proto::{ServerId, SessionId};
use zab::member::Input;
use zab::wire::ForwardedRequest;
use zab::{leader, learner};

use super::World;
use super::event::Event;
use crate::entry;

impl World {
    pub(super) fn client(&mut self) {
        let pause_ms = self.rng.between(1, 2 * self.knobs.request_every_ms);
        self.schedule(pause_ms, Event::Client);
        let running = self.running();
        for id in running {
            if self.rng.chance(15) {
                self.schedule(0, Event::Snapshot(id));
            }
            match self.rng.between(0, 3) {
                0 => self.sync(id),
                1 => self.forward(id),
                _ => self.propose(id),
            }
        }
    }

    /// A transaction, if this server leads.
    pub(super) fn propose(&mut self, id: ServerId) {
        let leader = self.servers[&id].member.as_ref().and_then(|member| member.leader());
        let Some(zxid) = leader.and_then(|leader| leader.next_zxid()) else { return };
        self.unique += 1;
        let record = entry::record(zxid, self.unique);
        self.feed(id, Input::Leader(leader::Input::Propose { zxid, record }));
    }

    fn forward(&mut self, id: ServerId) {
        if self.servers[&id].serving {
            let request = ForwardedRequest {
                session: SessionId(1),
                cxid: 0,
                op: 1,
                body: [].into(),
                authinfo: None,
            };
            self.feed(id, Input::Learner(learner::Input::Forward(request)));
        }
    }

    fn sync(&mut self, id: ServerId) {
        let leads = self.servers[&id].member.as_ref().and_then(|m| m.leader()).is_some();
        if leads {
            let token = self.barriers.len() as u64;
            self.barriers.insert(token, self.ghost.committed.len());
            self.feed(id, Input::Leader(leader::Input::Sync { token }));
        }
    }

    /// Whoever answers a sync knows everything that was committed when it was asked for (C9).
    pub(super) fn synced(&mut self, id: ServerId, token: u64) {
        let wanted = self.barriers.get(&token).copied().unwrap_or(0);
        let leader = self.servers[&id].member.as_ref().and_then(|member| member.leader());
        let committed = leader.map_or(proto::Zxid::ZERO, |leader| leader.committed());
        let have = entry::count_upto(self.known(id), committed);
        self.ghost.check(self.now_ms, have >= wanted, "C9 sync", &|| {
            format!("server {id} answers a sync at {have} of {wanted} commits")
        });
    }

    pub(super) fn snapshot(&mut self, id: ServerId) {
        let server = self.server(id);
        let up = server.serving || server.member.as_ref().is_some_and(|m| m.leader().is_some());
        if up && server.applied > proto::Zxid::ZERO {
            let applied = server.applied;
            server.disk.snapshot(applied);
        }
    }
}
