//! What goes wrong, and how it ends.

use proto::ServerId;
use zab::member::Input;

use super::World;
use super::event::Event;

#[derive(Debug, Clone, Copy)]
enum Fault {
    Kill,
    PowerLoss,
    Isolate,
    Split,
    OneWay,
    Pause,
    Reset,
    Wipe,
    Blackout,
}

impl World {
    pub(super) fn fault(&mut self) {
        if !self.faulty {
            return;
        }
        let pause_ms = self.rng.between(1, 2 * self.knobs.fault_every_ms);
        self.schedule(pause_ms, Event::Fault);
        let faults = self.possible_faults();
        if faults.is_empty() {
            return;
        }
        let fault = self.rng.one_of(&faults);
        let ids = self.ids();
        let victim = self.rng.one_of(&ids);
        let ms = self.rng.between(1, 30) * self.knobs.tick_ms / 2;
        match fault {
            Fault::Kill => self.crash(victim, false, ms),
            Fault::PowerLoss => self.crash(victim, true, ms),
            Fault::Blackout => {
                for id in ids {
                    self.crash(id, true, ms);
                }
            }
            Fault::Isolate => self.cut(|a, b| a == victim || b == victim, ms),
            Fault::Split => {
                let side = self.rng.next();
                self.cut(move |a, b| (side >> a.0) & 1 != (side >> b.0) & 1, ms);
            }
            Fault::OneWay => {
                let other = self.rng.one_of(&ids);
                self.cut(move |a, b| a == victim && b == other, ms);
            }
            Fault::Pause => {
                self.note(format_args!("{victim} pauses for {ms}"));
                let until_ms = self.now_ms + ms;
                self.server(victim).paused_until_ms = until_ms;
            }
            Fault::Reset => {
                let conns = self.network.of(victim);
                if !conns.is_empty() {
                    let conn = self.rng.one_of(&conns);
                    self.note(format_args!("connection {conn} breaks"));
                    self.close(conn);
                }
            }
            Fault::Wipe => self.wipe(victim, ms),
        }
    }

    fn possible_faults(&self) -> Vec<Fault> {
        let knobs = &self.knobs;
        let all = [
            (knobs.crashes, Fault::Kill),
            (knobs.crashes, Fault::Kill),
            (knobs.power_losses, Fault::PowerLoss),
            (knobs.power_losses, Fault::PowerLoss),
            (knobs.power_losses && knobs.crashes, Fault::Blackout),
            (knobs.partitions, Fault::Isolate),
            (knobs.partitions, Fault::Split),
            (knobs.one_way, Fault::OneWay),
            (knobs.pauses, Fault::Pause),
            (knobs.resets, Fault::Reset),
            (knobs.wipes, Fault::Wipe),
        ];
        all.into_iter().filter(|(on, _)| *on).map(|(_, fault)| fault).collect()
    }

    pub(super) fn crash(&mut self, id: ServerId, power: bool, down_ms: i64) {
        if self.servers[&id].member.is_none() {
            return;
        }
        self.note(format_args!("{id} {}", if power { "loses power" } else { "is killed" }));
        self.crashes += 1;
        for conn in self.network.of(id) {
            self.close(conn);
        }
        self.network.votes.retain(|(from, _), _| *from != id);
        let mut rng = self.rng.clone();
        let server = self.server(id);
        server.member = None;
        server.incarnation += 1;
        server.draining = false;
        server.timer_ms = None;
        server.paused_until_ms = 0;
        server.begin_role();
        if power {
            server.disk.lose_power(&mut rng);
        } else {
            server.disk.kill(&mut rng);
        }
        self.rng = rng;
        self.schedule(down_ms, Event::Start(id));
    }

    /// Only one disk is lost at a time, and only while all others are in order.
    fn wipe(&mut self, id: ServerId, down_ms: i64) {
        let healthy = self.servers.values().all(|server| {
            let up = server.serving
                || server
                    .member
                    .as_ref()
                    .is_some_and(|m| m.leader().is_some_and(|l| l.established().is_some()));
            up && !server.disk.wiped
        });
        if healthy {
            self.crash(id, true, down_ms);
            self.note(format_args!("{id} loses its disk"));
            self.server(id).disk.wipe();
            self.ghost.forget_disk(id);
        }
    }

    fn cut(&mut self, apart: impl Fn(ServerId, ServerId) -> bool, ms: i64) {
        let ids = self.ids();
        let pairs: Vec<_> = ids
            .iter()
            .flat_map(|a| ids.iter().map(move |b| (*a, *b)))
            .filter(|(a, b)| a != b && apart(*a, *b) && !self.network.blocked.contains(&(*a, *b)))
            .collect();
        self.note(format_args!("nothing passes {pairs:?} for {ms}"));
        self.network.blocked.extend(pairs.iter().copied());
        self.schedule(ms, Event::Heal(pairs));
    }

    /// What was held back comes through, or the connection is found broken.
    pub(super) fn heal(&mut self, pairs: &[(ServerId, ServerId)]) {
        // Some may pass again already.
        let mut held: Vec<_> = pairs.to_vec();
        held.retain(|pair| self.network.blocked.remove(pair));
        let pairs = held;
        self.note(format_args!("everything passes {pairs:?} again"));
        for (from, to) in &pairs {
            self.link_up(*from, *to);
            self.schedule(0, Event::Vote { from: *from, to: *to });
        }
        let conns: Vec<u64> = self.network.conns.keys().copied().collect();
        for conn in conns {
            self.release(conn, &pairs);
        }
    }

    fn release(&mut self, id: u64, pairs: &[(ServerId, ServerId)]) {
        for lane in 0..2 {
            let Some(conn) = self.network.conns.get(&id) else { return };
            let held = conn.lanes[lane].cargo.len();
            if !pairs.contains(&conn.ends(lane)) || held == 0 {
                continue;
            }
            if self.rng.chance(500) {
                return self.close(id);
            }
            for _ in 0..held {
                self.schedule(1, Event::Deliver { conn: id, lane });
            }
        }
    }

    fn link_up(&mut self, a: ServerId, b: ServerId) {
        if self.network.linked(a, b) {
            let delay_ms = self.rng.between(0, 50);
            self.feed_later(delay_ms, a, Input::LinkUp(b));
            self.feed_later(delay_ms, b, Input::LinkUp(a));
        }
    }

    pub(super) fn start(&mut self, id: ServerId) {
        if self.servers[&id].member.is_some() || self.left_down.contains(&id) {
            return;
        }
        self.note(format_args!("{id} starts"));
        let member = self.member(id);
        let server = self.server(id);
        server.member = Some(member);
        server.incarnation += 1;
        server.draining = true;
        let incarnation = server.incarnation;
        self.schedule(0, Event::Drained(id, incarnation));
        for other in self.running() {
            if other != id {
                self.link_up(id, other);
            }
        }
    }
}
