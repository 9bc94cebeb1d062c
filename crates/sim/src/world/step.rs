//! One event after the other.

use std::collections::BTreeMap;

use proto::ServerId;
use zab::disk::Durable;
use zab::leader::{self, LearnerId};
use zab::learner;
use zab::member::{Input, Output};
use zab::wire::{Decoded, FromLeader, FromLearner, Notification, QuorumPacket};

use super::World;
use super::event::Event;
use crate::network::{Conn, Freight, Lane};
use crate::server::View;

/// More than any run needs: something goes round in circles.
const EVENTS_MAX: u64 = 400_000;

impl World {
    /// Runs until `until_ms`, `done`, or a violation.
    pub(super) fn run_until(&mut self, until_ms: i64, done: impl Fn(&World) -> bool) -> bool {
        while self.ghost.violation.is_none() {
            if self.events > EVENTS_MAX {
                let what = format!("more than {EVENTS_MAX} events");
                self.ghost.violated(self.now_ms, "L5 no endless work", what);
                break;
            }
            if done(self) {
                return true;
            }
            let Some((&(at_ms, number), _)) = self.queue.first_key_value() else { break };
            if at_ms > until_ms {
                break;
            }
            self.now_ms = self.now_ms.max(at_ms);
            if let Some(event) = self.queue.remove(&(at_ms, number)) {
                self.happen(event);
            }
        }
        self.now_ms = self.now_ms.max(until_ms);
        false
    }

    fn happen(&mut self, event: Event) {
        self.events += 1;
        if let Some(resumes_ms) = self.paused(&event) {
            // Postponed events stay in order.
            return self.schedule(resumes_ms - self.now_ms, event);
        }
        match event {
            Event::Timer(id, incarnation) => self.timer(id, incarnation),
            Event::Input(id, incarnation, input) => {
                if self.servers[&id].incarnation == incarnation {
                    self.feed(id, *input);
                }
            }
            Event::Vote { from, to } => self.vote_arrives(from, to),
            Event::Deliver { conn, lane } => self.deliver(conn, lane),
            Event::Connect { from, role, leader, attempt } => {
                self.connect(from, role, leader, attempt);
            }
            Event::Gone { at, conn } => self.gone(at, conn),
            Event::LogDone(id, incarnation) => self.log_done(id, incarnation),
            Event::EpochDone(id, incarnation) => self.epoch_done(id, incarnation),
            Event::DirectorySynced(id) => {
                self.server(id).disk.sync_epochs();
            }
            Event::Drained(id, incarnation) => self.drained(id, incarnation),
            Event::Client => self.client(),
            Event::Fault => self.fault(),
            Event::Heal(pairs) => self.heal(&pairs),
            Event::Start(id) => self.start(id),
            Event::Snapshot(id) => self.snapshot(id),
        }
    }

    /// Until when the server that an event is for is paused.
    fn paused(&self, event: &Event) -> Option<i64> {
        let id = match event {
            Event::Timer(id, _)
            | Event::Input(id, ..)
            | Event::Vote { to: id, .. }
            | Event::Gone { at: id, .. }
            | Event::LogDone(id, _)
            | Event::EpochDone(id, _)
            | Event::Drained(id, _)
            | Event::Connect { leader: id, .. } => *id,
            Event::Deliver { conn, lane } => self.network.conns.get(conn)?.ends(*lane).1,
            _ => return None,
        };
        let until_ms = self.servers[&id].paused_until_ms;
        (until_ms > self.now_ms).then_some(until_ms)
    }

    /// Gives a process an input and does what it wants.
    pub(super) fn feed(&mut self, id: ServerId, input: Input) {
        let (now_ms, log_kept) = (self.now_ms, self.knobs.log_kept);
        let server = self.server(id);
        let Some(mut member) = server.member.take() else { return };
        let view = View::of(server, log_kept);
        member.handle(now_ms, input, &view);
        let outputs: Vec<Output> = std::iter::from_fn(|| member.poll_output()).collect();
        server.member = Some(member);
        for output in outputs {
            self.act(id, output);
        }
        self.arm(id);
        self.check(id);
    }

    /// As [`World::feed`], as the next thing that happens.
    pub(super) fn feed_later(&mut self, in_ms: i64, id: ServerId, input: Input) {
        let incarnation = self.servers[&id].incarnation;
        self.schedule(in_ms, Event::Input(id, incarnation, Box::new(input)));
    }

    pub(super) fn server(&mut self, id: ServerId) -> &mut crate::server::Server {
        self.servers.get_mut(&id).expect("servers are never removed")
    }

    fn check(&mut self, id: ServerId) {
        let now_ms = self.now_ms;
        self.ghost.disk(now_ms, id, &self.servers[&id].disk);
        let disks: BTreeMap<_, _> = self.servers.values().map(|s| (s.id, &s.disk)).collect();
        self.ghost.durable(now_ms, &self.quorums, &disks);
    }

    fn arm(&mut self, id: ServerId) {
        let now_ms = self.now_ms;
        let server = self.server(id);
        let due_ms = server.member.as_ref().and_then(|member| member.poll_timeout());
        if let Some(due_ms) = due_ms
            && server.timer_ms.is_none_or(|set_ms| due_ms < set_ms || set_ms <= now_ms)
        {
            let due_ms = due_ms.max(now_ms + 1);
            server.timer_ms = Some(due_ms);
            let incarnation = server.incarnation;
            self.schedule(due_ms - now_ms, Event::Timer(id, incarnation));
        }
    }

    fn timer(&mut self, id: ServerId, incarnation: u32) {
        let now_ms = self.now_ms;
        let server = self.server(id);
        if server.incarnation != incarnation {
            return;
        }
        server.timer_ms = None;
        let due_ms = server.member.as_ref().and_then(|member| member.poll_timeout());
        match due_ms {
            Some(due_ms) if due_ms <= now_ms => self.feed(id, Input::Timeout),
            _ => self.arm(id),
        }
    }

    fn vote_arrives(&mut self, from: ServerId, to: ServerId) {
        if !self.network.passes(from, to) {
            // It stays for the next connection, unless a newer one replaces it.
            return;
        }
        let Some(bytes) = self.network.votes.remove(&(from, to)) else { return };
        if self.servers[&to].member.is_none() {
            if self.network.passes(to, from) && self.rng.chance(700) {
                self.feed_later(0, from, Input::LinkDown(to));
            }
            return;
        }
        match Notification::decode(&bytes) {
            Ok(notification) => self.feed(to, Input::Notification { from, notification }),
            Err(error) => {
                let now_ms = self.now_ms;
                self.ghost.violated(now_ms, "Z19 message", error.to_string());
            }
        }
    }

    fn deliver(&mut self, id: u64, lane: usize) {
        let Some(conn) = self.network.conns.get(&id) else { return };
        let (from, to) = conn.ends(lane);
        if !self.network.passes(from, to) {
            // TCP tries again; see `heal`.
            return;
        }
        let Some(freight) =
            self.network.conns.get_mut(&id).and_then(|conn| conn.lanes[lane].cargo.pop_front())
        else {
            return;
        };
        match (lane, freight) {
            (0, Freight::Packet(packet)) => self.at_leader(to, id, packet),
            (_, Freight::Packet(packet)) => self.at_learner(to, id, packet),
            (_, Freight::Snapshot(entries)) => {
                self.note(format_args!("{to} has received a snapshot of {}", entries.len()));
                self.server(to).disk.stage(entries);
                self.feed(to, Input::Learner(learner::Input::SnapshotReceived));
            }
        }
    }

    fn at_leader(&mut self, to: ServerId, id: u64, packet: QuorumPacket) {
        match over_the_wire(packet).and_then(FromLearner::from_packet) {
            Ok(message) => {
                let input = leader::Input::Packet(LearnerId(id), message);
                self.feed(to, Input::Leader(input));
            }
            Err(error) => self.malformed(to, &error),
        }
    }

    fn at_learner(&mut self, to: ServerId, id: u64, packet: QuorumPacket) {
        if self.servers[&to].upstream != Some(id) {
            return;
        }
        match over_the_wire(packet).and_then(FromLeader::from_packet) {
            Ok(message) => {
                if message == FromLeader::UpToDate
                    && let Some(zxid) = self.uptodate.get(&id)
                {
                    let zxid = *zxid;
                    self.server(to).serve_from = zxid;
                }
                self.feed(to, Input::Learner(learner::Input::Packet(message)));
            }
            Err(error) => self.malformed(to, &error),
        }
    }

    fn malformed(&mut self, at: ServerId, error: &zab::wire::Error) {
        let now_ms = self.now_ms;
        self.ghost.violated(now_ms, "Z19 message", format!("server {at} got: {error}"));
    }

    fn connect(&mut self, from: ServerId, role: u64, leader: ServerId, attempt: u32) {
        let learner = &self.servers[&from];
        if learner.role != role || learner.member.is_none() || learner.upstream.is_some() {
            return;
        }
        let listens = self.servers[&leader].member.as_ref().is_some_and(|m| m.leader().is_some());
        if !listens || !self.network.linked(from, leader) {
            if attempt < 5 {
                let attempt = attempt + 1;
                return self.schedule(100, Event::Connect { from, role, leader, attempt });
            }
            return self.feed(from, Input::Learner(learner::Input::Disconnected));
        }
        self.network.last_conn += 1;
        let id = self.network.last_conn;
        let lanes = [Lane::default(), Lane::default()];
        self.network.conns.insert(id, Conn { learner: from, leader, lanes });
        self.server(from).upstream = Some(id);
        self.note(format_args!("{from} connects to {leader} as connection {id}"));
        self.feed(leader, Input::Leader(leader::Input::Connected(LearnerId(id))));
        self.feed(from, Input::Learner(learner::Input::Connected));
    }

    /// Closes a connection; the ends that can be reached hear of it.
    pub(super) fn close(&mut self, id: u64) {
        let Some(conn) = self.network.conns.remove(&id) else { return };
        let linked = self.network.linked(conn.learner, conn.leader);
        for end in [conn.learner, conn.leader] {
            if linked {
                let delay_ms = self.delay();
                self.schedule(delay_ms, Event::Gone { at: end, conn: id });
            }
        }
    }

    fn gone(&mut self, at: ServerId, conn: u64) {
        if self.servers[&at].upstream == Some(conn) {
            self.server(at).upstream = None;
            self.feed(at, Input::Learner(learner::Input::Disconnected));
        } else {
            self.feed(at, Input::Leader(leader::Input::Disconnected(LearnerId(conn))));
        }
    }

    /// Lets the disk go on with what waits.
    pub(super) fn write(&mut self, id: ServerId) {
        let incarnation = self.servers[&id].incarnation;
        if self.server(id).disk.start_log() {
            let ms = self.rng.between(0, self.knobs.disk_max_ms);
            self.schedule(ms, Event::LogDone(id, incarnation));
        }
        if self.server(id).disk.start_epoch() {
            let ms = self.rng.between(0, self.knobs.disk_max_ms);
            self.schedule(ms, Event::EpochDone(id, incarnation));
        }
    }

    fn log_done(&mut self, id: ServerId, incarnation: u32) {
        if self.servers[&id].incarnation != incarnation {
            return;
        }
        let done = self.server(id).disk.finish_log();
        self.written(id, done);
    }

    fn epoch_done(&mut self, id: ServerId, incarnation: u32) {
        if self.servers[&id].incarnation != incarnation {
            return;
        }
        let done = self.server(id).disk.finish_epoch();
        self.written(id, done.into_iter().collect());
        self.schedule(300, Event::DirectorySynced(id));
    }

    fn written(&mut self, id: ServerId, done: Vec<(u64, Durable)>) {
        let (role, draining) = (self.servers[&id].role, self.servers[&id].draining);
        for (written_by, durable) in done {
            self.note(format_args!("{id} has durably {durable:?}"));
            // A role that ends may finish what it began until the next one begins.
            let fenced = written_by == role || (draining && written_by + 1 == role);
            let now_ms = self.now_ms;
            self.ghost.check(now_ms, fenced, "Z20 fenced writer", &|| {
                format!("role {written_by} of server {id} writes {durable:?} during role {role}")
            });
            if written_by == role {
                self.feed(id, Input::Durable(durable));
            }
        }
        self.write(id);
        if draining {
            let incarnation = self.servers[&id].incarnation;
            self.schedule(0, Event::Drained(id, incarnation));
        }
    }

    fn drained(&mut self, id: ServerId, incarnation: u32) {
        let server = self.server(id);
        let waits = !server.disk.is_idle() && !cfg!(feature = "planted-p04");
        if server.incarnation != incarnation || !server.draining || waits {
            return;
        }
        server.draining = false;
        server.disk.recover();
        let recovered = server.recovered();
        self.feed(id, Input::Drained(recovered));
    }
}

/// The bytes that would travel.
fn over_the_wire(packet: QuorumPacket) -> Result<QuorumPacket, zab::wire::Error> {
    let mut bytes = Vec::new();
    packet.encode(&mut bytes);
    Ok(match QuorumPacket::decode(&bytes, jute::Limits::default())? {
        Decoded::Whole { value, .. } => value,
        Decoded::Incomplete => packet,
    })
}
