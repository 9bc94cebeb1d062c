use std::io::{self, ErrorKind, Read};
use std::net::{Shutdown, SocketAddr};
use std::time::Duration;

use foldhash::fast::RandomState;
use hashbrown::HashMap;
use mio::net::TcpStream;
use mio::{Events, Interest, Poll, Token};
use net::Flushed;
use peer::{ConnId, Input, RequestBatch};
use tracing::{debug, info, warn};

use super::accept::Acceptor;
use super::conn::{Conn, Phase};
use super::expiry::Expiry;
use super::post::{IoMessage, IoPost};
use super::requests::{Lane, Step};
use super::tally::Tally;
use crate::core_gate::RUN_HERE_MAX;
use crate::metrics::Counter;
use crate::shared::{CoreMessage, Shared};

/// Read at once from one connection.
const SCRATCH_BYTES: usize = 64 * 1024;
/// A connection with more than this to send is not read from (slow reader).
const OUT_PAUSE_BYTES: usize = 1 << 20;
/// A connection that lets more events than this pile up is closed.
const EVENTS_MAX_BYTES: usize = 16 << 20;
const EVENTS: usize = 256;
/// A prime, so that no connection is always first or last.
const TURN: usize = 7919;

const WAKE: Token = Token(usize::MAX);
const LISTEN: Token = Token(usize::MAX - 1);

/// The token of the thread's waker.
pub(crate) fn wake_token() -> Token {
    WAKE
}

/// One I/O thread.
pub(crate) struct IoThread<'a> {
    pub(super) number: u16,
    pub(super) shared: &'a Shared,
    poll: Poll,
    pub(super) acceptor: Option<Acceptor>,
    pub(super) conns: HashMap<ConnId, Box<Conn>, RandomState>,
    /// Connections that are gone while the core still works on requests of theirs, with how many.
    pub(super) leaving: HashMap<ConnId, u32, RandomState>,
    pub(super) lane: Lane<'a>,
    pub(super) expiry: Expiry,
    next_conn: u64,
    scratch: Vec<u8>,
    messages: Vec<IoMessage>,
    /// To be written to at the end of the round.
    pub(super) dirty: Vec<ConnId>,
    /// To be looked at in the next round although no event says so.
    pub(super) again: Vec<ConnId>,
    /// Where [`IoThread::pump_again`] begins.
    turn: usize,
    is_stopping: bool,
}

impl<'a> IoThread<'a> {
    /// A thread for `poll`, whose waker is in `shared.io[number]`; one of them accepts.
    pub(crate) fn new(
        number: u16,
        shared: &'a Shared,
        poll: Poll,
        listener: Option<std::net::TcpListener>,
    ) -> io::Result<Self> {
        let acceptor = match listener {
            None => None,
            Some(listener) => {
                let mut listener = mio::net::TcpListener::from_std(listener);
                poll.registry().register(&mut listener, LISTEN, Interest::READABLE)?;
                Some(Acceptor::new(listener))
            }
        };
        let sessionless_ms = i64::from(shared.config.listeners.sessionless_timeout_ms);
        Ok(IoThread {
            number,
            shared,
            poll,
            acceptor,
            conns: HashMap::default(),
            leaving: HashMap::default(),
            lane: Lane {
                shared,
                to_core: RequestBatch::default(),
                tally: Tally::default(),
                now_us: 0,
                stalled: Vec::new(),
            },
            expiry: Expiry::new(sessionless_ms),
            next_conn: 0,
            scratch: vec![0; SCRATCH_BYTES],
            messages: Vec::new(),
            dirty: Vec::new(),
            again: Vec::new(),
            turn: 0,
            is_stopping: false,
        })
    }

    /// Runs until it is told to stop.
    ///
    /// # Errors
    /// When the system's readiness queue fails, which leaves nothing to be done here.
    pub(crate) fn run(mut self) -> io::Result<()> {
        let mut events = Events::with_capacity(EVENTS);
        while !self.is_stopping {
            self.wait(&mut events)?;
            self.lane.now_us = self.shared.clock.monotonic_us();
            self.take_messages();
            for event in &events {
                match event.token() {
                    WAKE => {}
                    LISTEN => self.accept(),
                    Token(id) => {
                        let half_closed = event.is_read_closed() || event.is_error();
                        self.ready(
                            ConnId(id as u64),
                            event.is_readable() || half_closed,
                            event.is_writable(),
                            half_closed,
                        );
                    }
                }
            }
            self.resume_stalled();
            self.pump_again();
            self.timers();
            self.hand_over_or_run();
            self.flush_all();
            self.lane.tally.hand_in(&self.shared.stats, &self.shared.metrics);
        }
        self.flush_all();
        Ok(())
    }

    fn wait(&mut self, events: &mut Events) -> io::Result<()> {
        let may_sleep = self.post().may_sleep() && self.again.is_empty();
        let patience = if may_sleep { self.patience() } else { Some(Duration::ZERO) };
        let polled = self.poll.poll(events, patience);
        self.post().awake();
        match polled {
            Err(error) if error.kind() != ErrorKind::Interrupted => Err(error),
            _ => Ok(()),
        }
    }

    fn post(&self) -> &'a IoPost {
        &self.shared.io[usize::from(self.number)]
    }

    /// How long there is nothing to do on its own.
    fn patience(&self) -> Option<Duration> {
        let accept = self.acceptor.as_ref().and_then(Acceptor::retry_ms);
        let stall_ms = i64::from(self.shared.config.request_throttle.stall_time_ms);
        let stall = (!self.lane.stalled.is_empty()).then(|| self.now_ms() + stall_ms);
        let next_ms = [self.expiry.next_ms(), accept, stall].into_iter().flatten().min()?;
        let wait_ms = (next_ms - self.shared.clock.monotonic_ms()).max(0);
        // One more, because the clock is read in whole milliseconds.
        Some(Duration::from_millis(wait_ms as u64 + 1))
    }

    /// Takes what other threads sent.
    pub(super) fn take_messages(&mut self) {
        let mut messages = std::mem::take(&mut self.messages);
        self.post().take(&mut messages);
        for message in messages.drain(..) {
            match message {
                IoMessage::Batch(batch) => self.deliver(batch),
                IoMessage::Adopt(socket, address) => self.adopt(socket, address),
                IoMessage::Word { conn, answer } => self.word_answer(conn, &answer),
                IoMessage::Describe(to) => {
                    // Whoever asked may have given up.
                    let _ = to.send(self.describe());
                }
                IoMessage::ResetStats => {
                    self.conns.values_mut().for_each(|conn| conn.stats.reset());
                }
                IoMessage::Stop => self.is_stopping = true,
            }
        }
        self.messages = messages;
    }

    /// Takes a connection that was accepted.
    pub(super) fn adopt(&mut self, mut socket: TcpStream, address: SocketAddr) {
        self.next_conn += 1;
        let id = ConnId::new(self.number, self.next_conn);
        let interest = Interest::READABLE | Interest::WRITABLE;
        if let Err(error) =
            self.poll.registry().register(&mut socket, Token(id.0 as usize), interest)
        {
            warn!("cannot serve {}: {error}", net::java_address(address));
            self.shared.admission.leave(address.ip().to_canonical());
            return;
        }
        let timeout_ms = self.shared.config.listeners.sessionless_timeout_ms as i32;
        let now_ms = self.now_ms();
        let conn = Conn::new(id, socket, address, timeout_ms, now_ms);
        self.conns.insert(id, Box::new(conn));
        self.expiry.put(id, self.expiry.round_up(now_ms + i64::from(timeout_ms)));
    }

    fn ready(&mut self, id: ConnId, readable: bool, writable: bool, half_closed: bool) {
        let Some(conn) = self.conns.get_mut(&id) else { return };
        conn.is_readable |= readable;
        conn.is_half_closed |= half_closed;
        if writable && conn.is_blocked {
            conn.is_blocked = false;
            self.mark_dirty(id);
        }
        if readable {
            self.pump(id);
        }
    }

    /// Looks at a connection in the next round, or in this one if that part of it is still ahead.
    pub(super) fn look_again(&mut self, id: ConnId) {
        if let Some(conn) = self.conns.get_mut(&id)
            && !conn.is_queued
        {
            conn.is_queued = true;
            self.again.push(id);
        }
    }

    /// Begins at another connection each time: near a limit, the first ones get most of it.
    fn pump_again(&mut self) {
        let mut again = std::mem::take(&mut self.again);
        self.turn = self.turn.wrapping_add(TURN);
        let first = self.turn % again.len().max(1);
        again.rotate_left(first);
        for id in again {
            if let Some(conn) = self.conns.get_mut(&id) {
                conn.is_queued = false;
                self.pump(id);
            }
        }
    }

    /// Understands what was held back, or reads once and understands that.
    pub(super) fn pump(&mut self, id: ConnId) {
        let now_ms = self.now_ms();
        let Some(conn) = self.conns.get_mut(&id) else { return };
        if conn.phase == Phase::Word || !self.lane.may_read(conn) {
            return;
        }
        if conn.is_held {
            let bytes = std::mem::take(&mut conn.inbound);
            conn.is_held = false;
            self.understand(id, &bytes);
        } else if conn.is_readable {
            let mut scratch = std::mem::take(&mut self.scratch);
            match receive(conn, &mut scratch) {
                Received::Bytes(count) => {
                    conn.last_seen_ms = now_ms;
                    conn.last_io_ms = now_ms;
                    self.understand_received(id, &scratch, count);
                }
                Received::Nothing => {}
                Received::End => self.ended(id),
                Received::Failed(error) => {
                    let address = net::java_address(conn.address);
                    debug!("connection of {address} failed: {error}");
                    self.close(id);
                }
            }
            self.scratch = scratch;
        }
        if self.conns.get(&id).is_some_and(|conn| conn.is_readable || conn.is_held)
            && self.conns.get(&id).is_some_and(|conn| self.lane.may_read(conn))
        {
            self.look_again(id);
        }
    }

    /// `scratch` holds what was kept of the connection, if that is little, and `count` new bytes.
    fn understand_received(&mut self, id: ConnId, scratch: &[u8], count: usize) {
        let Some(conn) = self.conns.get_mut(&id) else { return };
        if conn.inbound.len() <= KEPT_IN_SCRATCH_MAX {
            let filled = conn.inbound.len() + count;
            conn.inbound.clear();
            self.understand(id, &scratch[..filled]);
        } else {
            let mut bytes = std::mem::take(&mut conn.inbound);
            bytes.extend_from_slice(&scratch[..count]);
            self.understand(id, &bytes);
        }
    }

    /// Works through whole frames; keeps the rest.
    fn understand(&mut self, id: ConnId, bytes: &[u8]) {
        let shared = self.shared;
        let mut at = 0;
        let mut tree = None;
        loop {
            let Some(conn) = self.conns.get_mut(&id) else { return };
            match self.lane.advance(conn, bytes, &mut at, tree.as_deref()) {
                Step::WantsTree => {
                    tree = Some(shared.tree());
                    // Events first: they were sent before this tree was seen.
                    self.take_messages();
                }
                Step::Partial => break,
                Step::Held => {
                    conn.is_held = true;
                    break;
                }
                Step::Close(reason) => {
                    drop(tree);
                    let address = net::java_address(conn.address);
                    let session = conn.session_text();
                    warn!("Close of session {session}: {address}: {reason}");
                    self.close(id);
                    return;
                }
            }
        }
        drop(tree);
        let Some(conn) = self.conns.get_mut(&id) else { return };
        conn.inbound.clear();
        conn.inbound.extend_from_slice(&bytes[at..]);
        if conn.inbound.is_empty() && conn.inbound.capacity() > INBOUND_KEPT_BYTES {
            conn.inbound = Vec::new();
        }
        if !conn.out.is_empty() || conn.is_closing {
            self.mark_dirty(id);
        }
    }

    /// The client closed its side. Replies still on their way are not waited for, as in Java.
    fn ended(&mut self, id: ConnId) {
        let Some(conn) = self.conns.get(&id) else { return };
        let (address, session) = (net::java_address(conn.address), conn.session_text());
        self.shared.metrics.count(Counter::ConnectionDropCount, 1);
        debug!(
            "Unable to read additional data from client, it probably closed the socket: \
             address = {address}, session = {session}"
        );
        self.close(id);
    }

    pub(super) fn mark_dirty(&mut self, id: ConnId) {
        if let Some(conn) = self.conns.get_mut(&id)
            && !conn.is_dirty
        {
            conn.is_dirty = true;
            self.dirty.push(id);
        }
    }

    fn flush_all(&mut self) {
        for id in std::mem::take(&mut self.dirty) {
            self.flush(id);
        }
    }

    fn flush(&mut self, id: ConnId) {
        let now_ms = self.now_ms();
        let Some(conn) = self.conns.get_mut(&id) else { return };
        conn.is_dirty = false;
        if conn.is_blocked {
            return;
        }
        let was_paused = conn.out.len() > OUT_PAUSE_BYTES;
        match conn.out.flush(&conn.socket) {
            Ok(Flushed::All) if conn.is_closing => self.close(id),
            Ok(Flushed::All) => {
                conn.last_io_ms = now_ms;
                conn.unsent_event_bytes = 0;
                if was_paused {
                    self.look_again(id);
                }
            }
            Ok(Flushed::Blocked) => {
                conn.is_blocked = true;
                if was_paused && conn.out.len() <= OUT_PAUSE_BYTES {
                    self.look_again(id);
                }
            }
            Err(error) => {
                debug!("cannot send to {}: {error}", net::java_address(conn.address));
                self.close(id);
            }
        }
    }

    /// Ends a connection and everything that hangs on it.
    pub(super) fn close(&mut self, id: ConnId) {
        let Some(conn) = self.conns.remove(&id) else { return };
        // The client may be faster; then there is nothing to shut down.
        let _ = conn.socket.shutdown(Shutdown::Both);
        self.shared.admission.leave(conn.ip());
        self.lane.release_all(&conn);
        if matches!(conn.phase, Phase::Greeted | Phase::Ready) {
            self.shared.watches().remove_watcher(id.watcher());
            if conn.fence.with_core() > 0 {
                self.leaving.insert(id, conn.fence.with_core());
            }
            // What it sent before comes first.
            self.hand_over();
            let last_seen_ms = conn.last_seen_ms;
            self.to_core(Input::Closed { conn: id, last_seen_ms });
        }
        debug!(
            "Closed socket connection for client {} with session {}",
            net::java_address(conn.address),
            conn.session_text()
        );
    }

    /// Gives the core the requests of this round, and does its work if they are few.
    fn hand_over_or_run(&mut self) {
        match self.lane.to_core.items.len() {
            0 => {}
            1..=RUN_HERE_MAX => {
                let batch = std::mem::take(&mut self.lane.to_core);
                let message = CoreMessage::Input(Input::Requests(batch));
                self.shared.core.push_and_run(message, self.shared);
            }
            _ => self.hand_over(),
        }
    }

    /// Gives the core the requests of this round.
    pub(super) fn hand_over(&mut self) {
        if !self.lane.to_core.items.is_empty() {
            let batch = std::mem::take(&mut self.lane.to_core);
            self.to_core(Input::Requests(batch));
        }
    }

    pub(super) fn to_core(&self, input: Input) {
        self.shared.core.push(CoreMessage::Input(input));
    }

    fn timers(&mut self) {
        let now_ms = self.now_ms();
        while let Some(due) = self.expiry.take_due(now_ms) {
            due.into_iter().for_each(|id| self.look_for_idleness(id, now_ms));
        }
        if self.acceptor.as_ref().and_then(Acceptor::retry_ms).is_some_and(|at| at <= now_ms) {
            self.accept();
        }
    }

    /// Lets connections go on that waited for room in the pipeline; what they find decides.
    fn resume_stalled(&mut self) {
        for id in std::mem::take(&mut self.lane.stalled) {
            if let Some(conn) = self.conns.get_mut(&id) {
                conn.is_stalled = false;
                self.look_again(id);
            }
        }
    }

    fn look_for_idleness(&mut self, id: ConnId, now_ms: i64) {
        let Some(conn) = self.conns.get(&id) else { return };
        let due_ms = self.expiry.round_up(conn.last_io_ms + i64::from(conn.timeout_ms));
        if due_ms > now_ms {
            self.expiry.put(id, due_ms);
            return;
        }
        let (address, session) = (net::java_address(conn.address), conn.session_text());
        info!("closing the idle connection of {address}, session {session}");
        self.shared.metrics.count(Counter::SessionlessConnectionsExpired, 1);
        self.close(id);
    }

    fn describe(&self) -> Vec<super::ConnInfo> {
        let info = |conn: &Conn| {
            conn.info(self.expiry.round_up(conn.last_io_ms + i64::from(conn.timeout_ms)))
        };
        self.conns.values().map(|conn| info(conn)).collect()
    }

    /// A four-letter word is answered; then the connection is done.
    fn word_answer(&mut self, id: ConnId, answer: &[u8]) {
        let Some(conn) = self.conns.get_mut(&id) else { return };
        conn.out.buffer().extend_from_slice(answer);
        conn.is_closing = true;
        let chunks = answer.len().div_ceil(WORD_CHUNK_BYTES) as u64;
        conn.stats.sent += chunks;
        self.lane.tally.packets_sent += chunks;
        self.mark_dirty(id);
    }

    pub(super) fn now_ms(&self) -> i64 {
        self.lane.now_us / 1000
    }
}

/// Java sends long answers in pieces of this size, and counts each as a packet.
const WORD_CHUNK_BYTES: usize = 8192;
/// Up to this much of a partial frame is put before the next bytes, so that one buffer holds both.
const KEPT_IN_SCRATCH_MAX: usize = SCRATCH_BYTES / 2;
/// An empty buffer of up to this size is kept.
const INBOUND_KEPT_BYTES: usize = 256;

/// What a read brought.
enum Received {
    Bytes(usize),
    Nothing,
    End,
    Failed(io::Error),
}

/// Reads once, behind what is kept of the connection if that is little.
fn receive(conn: &mut Conn, scratch: &mut [u8]) -> Received {
    let kept = match conn.inbound.len() {
        kept if kept <= KEPT_IN_SCRATCH_MAX => {
            scratch[..kept].copy_from_slice(&conn.inbound);
            kept
        }
        _ => 0,
    };
    let room = &mut scratch[kept..];
    loop {
        return match (&conn.socket).read(room) {
            Ok(0) => Received::End,
            Ok(count) => {
                // The queue reports edges: a full buffer may have left something behind, and an
                // end of the stream that was reported already is not reported again.
                conn.is_readable = count == room.len() || conn.is_half_closed;
                Received::Bytes(count)
            }
            Err(error) if error.kind() == ErrorKind::Interrupted => continue,
            Err(error) if error.kind() == ErrorKind::WouldBlock => {
                conn.is_readable = false;
                Received::Nothing
            }
            Err(error) => Received::Failed(error),
        };
    }
}

/// Whether a connection has so much to send that nothing more is taken from it.
pub(super) fn is_slow_reader(conn: &Conn) -> bool {
    conn.out.len() > OUT_PAUSE_BYTES
}

/// Whether even events are too many.
pub(super) fn is_hopeless(conn: &Conn) -> bool {
    conn.unsent_event_bytes > EVENTS_MAX_BYTES
}
