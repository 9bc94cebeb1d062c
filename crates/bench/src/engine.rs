use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::os::fd::OwnedFd;
use std::sync::atomic::{AtomicU8, AtomicU64, AtomicUsize, Ordering};
use std::time::Instant;

use rustix::event::{Timespec, epoll};

use crate::connection::Connection;
use crate::nodes::Nodes;
use crate::workload::Requests;
use crate::{Args, Error, Histogram, wire};

/// How long a worker waits for events before it looks at the phase again.
const TICK: Timespec = Timespec { tv_sec: 0, tv_nsec: 20_000_000 };

/// How long requests in flight may take after the measurement.
const DRAIN_NS: u64 = 3_000_000_000;

/// Events taken from the system at once.
const EVENTS_MAX: usize = 256;

/// What the workers do now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum Phase {
    /// Load without counting.
    WarmUp = 0,
    /// Load with counting.
    Measure = 1,
    /// No new requests; the ones in flight end.
    Drain = 2,
}

/// What workers and the main thread share.
#[derive(Debug, Default)]
pub struct Shared {
    phase: AtomicU8,
    ops: AtomicU64,
    /// Workers without any connection left.
    pub workers_gone: AtomicUsize,
}

impl Shared {
    /// Moves all workers on.
    pub fn set_phase(&self, phase: Phase) {
        self.phase.store(phase as u8, Ordering::Relaxed);
    }

    /// Whether as many operations as wanted are measured.
    pub fn is_done(&self, count: Option<u64>) -> bool {
        count.is_some_and(|count| self.ops.load(Ordering::Relaxed) >= count)
    }

    fn phase(&self) -> Phase {
        match self.phase.load(Ordering::Relaxed) {
            0 => Phase::WarmUp,
            1 => Phase::Measure,
            _ => Phase::Drain,
        }
    }
}

/// What was measured.
#[derive(Debug, Default, Clone)]
pub struct Counts {
    /// Times from sending to reply, of successes.
    pub latency: Histogram,
    /// Replies with an error code.
    pub refused: BTreeMap<i32, u64>,
    /// Connections that ended, by the system's words.
    pub lost: BTreeMap<String, u64>,
}

impl Counts {
    /// All replies.
    pub fn ops(&self) -> u64 {
        self.latency.count() + self.refused.values().sum::<u64>()
    }

    /// Adds another worker's counts.
    pub fn merge(&mut self, other: &Counts) {
        self.latency.merge(&other.latency);
        for (code, count) in &other.refused {
            *self.refused.entry(*code).or_default() += count;
        }
        for (text, count) in &other.lost {
            *self.lost.entry(text.clone()).or_default() += count;
        }
    }
}

/// One thread with its connections.
pub struct Worker {
    epoll: OwnedFd,
    connections: Vec<Option<Connection>>,
    created: Vec<u64>,
    requests: Requests,
    depth: usize,
    start: Instant,
    counts: Counts,
}

impl Worker {
    /// Opens all connections and deals them out.
    pub fn all(
        args: &Args,
        servers: &[SocketAddr],
        nodes: &Nodes,
        threads: usize,
    ) -> Result<Vec<Worker>, Error> {
        let mut workers = Vec::new();
        let per_worker = args.connections.max(1).div_ceil(threads);
        for index in 0..threads {
            let first = index * per_worker;
            let last = (first + per_worker).min(args.connections.max(1));
            let mut connections = Vec::new();
            for number in first..last {
                let server = servers[number % servers.len()];
                let stream = wire::open(server, args.timeout_ms)?;
                let connection = Connection::new(stream, nodes.creator(number));
                let connection =
                    connection.map_err(|source| Error::Connection { server, source })?;
                connections.push(Some(connection));
            }
            workers.push(Worker::new(args, nodes, index as u64 + 1, connections)?);
        }
        Ok(workers)
    }

    fn new(
        args: &Args,
        nodes: &Nodes,
        seed: u64,
        connections: Vec<Option<Connection>>,
    ) -> Result<Worker, Error> {
        let wait_error = |error: rustix::io::Errno| Error::Wait(error.into());
        let epoll = epoll::create(epoll::CreateFlags::CLOEXEC).map_err(wait_error)?;
        for (index, connection) in connections.iter().enumerate() {
            let Some(connection) = connection else { continue };
            let data = epoll::EventData::new_u64(index as u64);
            epoll::add(&epoll, connection.stream(), data, epoll::EventFlags::IN)
                .map_err(wait_error)?;
        }
        Ok(Worker {
            epoll,
            created: vec![0; connections.len()],
            connections,
            requests: Requests::new(args, nodes, seed),
            depth: args.depth.max(1),
            start: Instant::now(),
            counts: Counts::default(),
        })
    }

    /// Loads the server until the phase says drain; returns what was measured and how many
    /// requests each connection made.
    pub fn run(mut self, shared: &Shared) -> (Counts, Vec<u64>) {
        let now_ns = self.now_ns();
        for index in 0..self.connections.len() {
            self.refill(index, now_ns, self.depth);
        }
        let mut events = Vec::with_capacity(EVENTS_MAX);
        let mut drain_until_ns = None;
        loop {
            events.clear();
            // An interrupted wait is an empty one.
            let _ =
                epoll::wait(&self.epoll, rustix::buffer::spare_capacity(&mut events), Some(&TICK));
            let phase = shared.phase();
            for event in &events {
                self.on_event(event.data.u64() as usize, event.flags, phase, shared);
            }
            let in_flight = self.connections.iter().flatten().any(|c| c.in_flight() > 0);
            if self.connections.iter().all(Option::is_none) {
                shared.workers_gone.fetch_add(1, Ordering::Relaxed);
                break;
            }
            if phase == Phase::Drain {
                let now_ns = self.now_ns();
                if !in_flight || now_ns > *drain_until_ns.get_or_insert(now_ns + DRAIN_NS) {
                    break;
                }
            }
        }
        self.close()
    }

    fn on_event(&mut self, index: usize, flags: epoll::EventFlags, phase: Phase, shared: &Shared) {
        if flags.contains(epoll::EventFlags::OUT) {
            self.flush(index);
        }
        if flags.intersects(epoll::EventFlags::IN | epoll::EventFlags::ERR | epoll::EventFlags::HUP)
        {
            self.receive(index, phase, shared);
        }
    }

    /// Takes replies and sends as many new requests.
    fn receive(&mut self, index: usize, phase: Phase, shared: &Shared) {
        let now_ns = self.now_ns();
        let Some(connection) = &mut self.connections[index] else { return };
        let counts = &mut self.counts;
        let mut replies = 0;
        let result = connection.receive(|code, sent_ns| {
            replies += 1;
            if phase != Phase::Measure {
                return;
            }
            if code == 0 {
                counts.latency.record(now_ns.saturating_sub(sent_ns));
            } else {
                *counts.refused.entry(code).or_default() += 1;
            }
        });
        if let Err(error) = result {
            self.lose(index, &error.to_string());
            return;
        }
        if phase == Phase::Measure {
            shared.ops.fetch_add(replies as u64, Ordering::Relaxed);
        }
        if phase != Phase::Drain {
            self.refill(index, now_ns, replies);
        }
    }

    fn refill(&mut self, index: usize, now_ns: u64, count: usize) {
        let Some(connection) = &mut self.connections[index] else { return };
        let requests = &mut self.requests;
        for _ in 0..count {
            connection.push(now_ns, |out, xid, folder, number| {
                requests.put_next(out, xid, folder, number);
            });
        }
        self.created[index] = connection.made;
        self.flush(index);
    }

    /// Writes, and asks to be told when the socket has room again.
    fn flush(&mut self, index: usize) {
        let Some(connection) = &mut self.connections[index] else { return };
        let was_blocked = connection.blocked;
        if let Err(error) = connection.flush() {
            self.lose(index, &error.to_string());
            return;
        }
        if connection.blocked != was_blocked {
            let out = if connection.blocked {
                epoll::EventFlags::OUT
            } else {
                epoll::EventFlags::empty()
            };
            let data = epoll::EventData::new_u64(index as u64);
            let flags = epoll::EventFlags::IN | out;
            if let Err(error) = epoll::modify(&self.epoll, connection.stream(), data, flags) {
                self.lose(index, &error.to_string());
            }
        }
    }

    fn lose(&mut self, index: usize, why: &str) {
        *self.counts.lost.entry(why.to_owned()).or_default() += 1;
        // Closing the socket takes it out of the epoll set.
        self.connections[index] = None;
    }

    fn close(self) -> (Counts, Vec<u64>) {
        for connection in self.connections.into_iter().flatten() {
            if let Ok(stream) = connection.into_stream() {
                wire::close(stream);
            }
        }
        (self.counts, self.created)
    }

    fn now_ns(&self) -> u64 {
        self.start.elapsed().as_nanos() as u64
    }
}
