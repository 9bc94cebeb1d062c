//! A run: anything may fail, then a quorum must make progress, then nothing may be missing.

use proto::{ServerId, Zxid};

use super::World;
use super::event::Event;
use crate::Report;

impl World {
    pub(super) fn run(mut self) -> Report {
        let knobs = self.knobs.clone();
        let seed = self.seed;
        self.note(format_args!("seed {seed} {knobs:?}"));
        self.begin();
        self.run_until(knobs.faults_ms, |_| false);
        if self.ghost.violation.is_none() {
            self.liveness("L1 progress after faults");
        }
        if self.ghost.violation.is_none() {
            self.nothing_forgotten();
        }
        self.report()
    }

    fn begin(&mut self) {
        for id in self.ids() {
            let ms = self.rng.between(0, 500);
            self.schedule(ms, Event::Start(id));
        }
        self.schedule(1000, Event::Client);
        self.schedule(1500, Event::Fault);
    }

    /// Faults stop for a quorum; a few servers may stay down.
    fn liveness(&mut self, rule: &'static str) {
        self.faulty = false;
        self.note(format_args!("faults stop"));
        self.leave_some_down();
        let blocked: Vec<_> = self.network.blocked.iter().copied().collect();
        self.heal(&blocked);
        for id in self.ids() {
            self.server(id).paused_until_ms = 0;
            self.start(id);
        }
        if self.knobs.partial_links && self.left_down.is_empty() {
            self.cut_most_of_one();
        }
        self.must_progress(rule);
        if self.ghost.violation.is_none() {
            self.must_be_stable();
        }
    }

    /// One voter keeps its link to only one other: a candidate that few can follow (E7).
    fn cut_most_of_one(&mut self) {
        let star = ServerId(self.rng.between(1, self.knobs.voters));
        let rest: Vec<_> = self.ids().into_iter().filter(|id| *id != star).collect();
        let kept = self.rng.one_of(&rest);
        self.note(format_args!("{star} reaches only {kept} from now on"));
        for other in rest.into_iter().filter(|other| *other != kept) {
            self.network.blocked.extend([(star, other), (other, star)]);
            for conn in self.network.of(star) {
                let ends = self.network.conns[&conn].ends(0);
                if ends == (star, other) || ends == (other, star) {
                    self.close(conn);
                }
            }
        }
    }

    fn leave_some_down(&mut self) {
        let wiped = self.servers.values().any(|server| server.disk.wiped);
        let ids = self.ids();
        let victim = self.rng.one_of(&ids);
        let rest = |server: ServerId| server != victim;
        if self.rng.chance(300) && !wiped && self.quorums.is_quorum(rest) {
            self.crash(victim, true, 0);
            self.left_down.push(victim);
        }
    }

    /// A leader leads, a new write is committed, and everybody who runs has it.
    fn must_progress(&mut self, rule: &'static str) {
        // An election with everybody left out once more, and two attempts of full length.
        let patience_ms = 25_000 + 60 * self.knobs.tick_ms;
        let before = self.ghost.committed.len();
        let until_ms = self.now_ms + patience_ms;
        let done = self.run_until(until_ms, |world| {
            world.ghost.committed.len() > before && world.everybody_serves(before)
        });
        if !done && self.ghost.violation.is_none() {
            let what = format!("nothing new for {patience_ms} ms: {}", self.roles());
            self.ghost.violated(until_ms, rule, what);
        }
    }

    fn everybody_serves(&self, before: usize) -> bool {
        let wanted = self.ghost.committed.get(before).map_or(Zxid::ZERO, |entry| entry.zxid);
        let wanted_of = |id: &ServerId| {
            let server = &self.servers[id];
            let leads = server.member.as_ref().and_then(|m| m.leader()).is_some();
            (server.serving || leads) && server.applied >= wanted && !server.disk.wiped
        };
        let leading = self.running().into_iter().find(|id| {
            let leader = self.servers[id].member.as_ref().and_then(|member| member.leader());
            leader.is_some_and(|leader| leader.established().is_some())
        });
        // Whoever does not reach everybody may not hear of a quorum that follows, as in Java.
        let running = self.running();
        let linked = |id: &ServerId| {
            running.iter().all(|other| other == id || self.network.linked(*id, *other))
        };
        leading.is_some() && running.iter().filter(|id| linked(id)).all(wanted_of)
    }

    /// A healthy ensemble holds no elections (E5, L3).
    fn must_be_stable(&mut self) {
        let epochs = self.ghost.established.len();
        let until_ms = self.now_ms + 30 * self.knobs.tick_ms;
        self.run_until(until_ms, |_| false);
        // A short counter is used up on purpose.
        let used_up = self.knobs.counter_max < 1000;
        let elections = self.ghost.established.len() - epochs;
        let roles = self.roles();
        self.ghost.check(self.now_ms, used_up || elections == 0, "E5 stable leader", &|| {
            format!("{elections} elections without a fault: {roles}")
        });
    }

    /// Power is lost everywhere; what was committed is there afterwards (Z15).
    fn nothing_forgotten(&mut self) {
        self.note(format_args!("the lights go out"));
        self.left_down.clear();
        let blocked: Vec<_> = self.network.blocked.iter().copied().collect();
        self.heal(&blocked);
        for id in self.ids() {
            self.crash(id, true, 1);
            self.schedule(1, Event::Start(id));
        }
        self.must_progress("Z15 nothing forgotten");
    }

    fn roles(&self) -> String {
        let role = |server: &crate::server::Server| match &server.member {
            None => format!("{} is down", server.id),
            Some(member) => format!(
                "{} {:?}{} at {}",
                server.id,
                member.state(),
                if server.serving { " serving" } else { "" },
                server.applied
            ),
        };
        self.servers.values().map(role).collect::<Vec<_>>().join(", ")
    }
}
