use std::io::{self, ErrorKind};
use std::net::SocketAddr;
use std::time::Duration;

use foldhash::fast::RandomState;
use hashbrown::HashMap;
use mio::net::TcpStream;
use mio::{Events, Interest, Poll, Token};
use peer::{ConnId, Input, RequestBatch};
use tracing::{info, warn};

use super::accept::Acceptor;
use super::conn::Conn;
use super::expiry::Expiry;
use super::inbound::SCRATCH_BYTES;
use super::post::{IoMessage, IoPost};
use super::requests::Lane;
use super::tally::Tally;
use crate::core_gate::RUN_HERE_MAX;
use crate::metrics::Counter;
use crate::shared::{CoreMessage, Shared};

/// Events taken from the system at once.
const EVENTS: usize = 256;

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
    /// What was just read.
    pub(super) scratch: Vec<u8>,
    messages: Vec<IoMessage>,
    /// To be written to at the end of the round.
    pub(super) dirty: Vec<ConnId>,
    /// To be looked at in the next round although no event says so.
    pub(super) again: Vec<ConnId>,
    /// Where [`IoThread::pump_again`] begins.
    pub(super) turn: usize,
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

    pub(super) fn now_ms(&self) -> i64 {
        self.lane.now_us / 1000
    }
}
