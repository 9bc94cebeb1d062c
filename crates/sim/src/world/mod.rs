//! The world that the servers live in: what happens next, and what comes of it.

mod act;
mod client;
mod event;
mod faults;
mod phases;
mod step;

use std::collections::BTreeMap;

use proto::ServerId;
use zab::member::{Member, Settings};
use zab::quorum::{Group, Quorums, Verifier};
use zab::wire::ConfigText;
use zab::{Limits, election};

use crate::checks::Ghost;
use crate::entry::Entry;
use crate::network::Network;
use crate::rng::Rng;
use crate::server::Server;
use crate::trace::Trace;
use crate::{Knobs, Report};
use event::Event;

/// One run.
pub(crate) struct World {
    seed: u64,
    knobs: Knobs,
    rng: Rng,
    now_ms: i64,
    /// What will happen: by time, then by order of scheduling.
    queue: BTreeMap<(i64, u64), Event>,
    scheduled: u64,
    events: u64,
    servers: BTreeMap<ServerId, Server>,
    network: Network,
    quorums: Quorums,
    settings: Settings,
    ghost: Ghost,
    trace: Trace,
    /// Whether faults go on.
    faulty: bool,
    /// The number of the last transaction, which no other has.
    unique: i32,
    crashes: u64,
    syncs: [u64; 3],
    /// What was committed when a leader sent UPTODATE on a connection.
    uptodate: BTreeMap<u64, proto::Zxid>,
    /// What was committed when a sync was asked for.
    barriers: BTreeMap<u64, usize>,
    /// Servers that stay down to the end.
    left_down: Vec<ServerId>,
}

/// Runs one seed.
pub fn run(seed: u64) -> Report {
    World::new(seed, false).run()
}

/// Runs one seed again and keeps what happened, line by line.
pub fn replay(seed: u64) -> Report {
    World::new(seed, true).run()
}

impl World {
    fn new(seed: u64, keep_trace: bool) -> Self {
        let mut rng = Rng::new(seed);
        let knobs = Knobs::draw(&mut rng);
        let quorums = quorums(&knobs);
        let limits = Limits {
            tick_ms: knobs.tick_ms,
            counter_max: knobs.counter_max,
            force_snapshot: knobs.force_snapshot,
            epoch_wait_max_ms: rng.one_of(&[None, Some(500)]),
            ..Limits::default()
        };
        let settings = Settings { election: election::Settings::default(), limits };
        let ids = (1..=knobs.voters + knobs.observers).map(ServerId);
        World {
            seed,
            rng,
            now_ms: 0,
            queue: BTreeMap::new(),
            scheduled: 0,
            events: 0,
            servers: ids.map(|id| (id, Server::new(id))).collect(),
            network: Network::default(),
            quorums,
            settings,
            ghost: Ghost::default(),
            trace: Trace::new(keep_trace),
            faulty: true,
            unique: 0,
            crashes: 0,
            syncs: [0; 3],
            uptodate: BTreeMap::new(),
            barriers: BTreeMap::new(),
            left_down: Vec::new(),
            knobs,
        }
    }

    fn member(&self, id: ServerId) -> Member {
        let config = ConfigText::new("version=0");
        Member::new(id, self.settings, self.quorums.clone(), config)
    }

    fn schedule(&mut self, in_ms: i64, event: Event) {
        self.scheduled += 1;
        self.queue.insert((self.now_ms + in_ms, self.scheduled), event);
    }

    fn note(&mut self, what: std::fmt::Arguments<'_>) {
        self.trace.note(self.now_ms, what);
    }

    fn ids(&self) -> Vec<ServerId> {
        self.servers.keys().copied().collect()
    }

    /// The servers of which a process runs.
    fn running(&self) -> Vec<ServerId> {
        self.servers.values().filter(|s| s.member.is_some()).map(|s| s.id).collect()
    }

    fn delay(&mut self) -> i64 {
        self.rng.between(0, self.knobs.delay_max_ms)
    }

    /// Everything that was given to a server's disk.
    fn known(&self, id: ServerId) -> &[Entry] {
        &self.servers[&id].disk.known
    }

    fn report(self) -> Report {
        Report {
            seed: self.seed,
            trace_hash: self.trace.hash(),
            events: self.events,
            committed: self.ghost.committed.len(),
            epochs: self.ghost.established.len(),
            crashes: self.crashes,
            syncs: self.syncs,
            violation: self.ghost.violation,
            knobs: self.knobs,
            trace: self.trace.into_lines(),
        }
    }
}

/// A majority, or two groups of which one has a server without weight.
fn quorums(knobs: &Knobs) -> Quorums {
    let voters: Vec<_> = (1..=knobs.voters).map(ServerId).collect();
    let verifier = if knobs.hierarchical {
        let groups = [Group { id: 1, members: voters.clone() }];
        let weights: Vec<_> = voters.iter().map(|s| (*s, if s.0 == 1 { 2 } else { 1 })).collect();
        Verifier::hierarchical(voters, &groups, &weights)
    } else {
        Verifier::majority(voters)
    };
    Quorums::new(verifier.expect("the knobs make a quorum system"))
}
