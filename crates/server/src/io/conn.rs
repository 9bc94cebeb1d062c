use std::collections::VecDeque;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use mio::net::TcpStream;
use net::Outbound;
use peer::auth::Rules;
use peer::{ConnId, Fence};
use proto::{Id, SessionId};

use super::info::{ConnInfo, ConnStats};

/// A client connection.
///
/// ```text
///  New ──first frame──► Greeted ──answer of the core──► Ready
///   │                                                     │
///   └─four-letter word──► Word              is_closing ◄──┘ after the last reply
/// ```
#[derive(Debug)]
pub(super) struct Conn {
    pub(super) id: ConnId,
    pub(super) socket: TcpStream,
    pub(super) address: SocketAddr,
    pub(super) phase: Phase,
    pub(super) session: Option<SessionId>,
    /// Its handshake named a session.
    pub(super) renews: bool,
    /// How long it may be silent: until it has a session, `nio.sessionlessCnxnTimeout`.
    pub(super) timeout_ms: i32,
    /// When something was last received or sent.
    pub(super) last_io_ms: i64,
    /// When something was last received.
    pub(super) last_seen_ms: i64,
    pub(super) ids: Arc<[Id]>,
    pub(super) fence: Fence,
    /// Bytes received and not yet understood.
    pub(super) inbound: Vec<u8>,
    /// `inbound` may begin with whole frames: they were held back.
    pub(super) is_held: bool,
    /// Its next request waits for room in the pipeline.
    pub(super) is_stalled: bool,
    /// When the frames were held back for lack of room in the pipeline, µs.
    pub(super) stalled_us: Option<i64>,
    pub(super) out: Outbound,
    /// The socket may have something to read.
    pub(super) is_readable: bool,
    /// The client sends no more.
    pub(super) is_half_closed: bool,
    /// In the thread's list of connections to look at again.
    pub(super) is_queued: bool,
    /// In the thread's list of connections to flush.
    pub(super) is_dirty: bool,
    /// The kernel takes no more for now.
    pub(super) is_blocked: bool,
    /// To be closed once `out` is flushed; nothing is read any more.
    pub(super) is_closing: bool,
    /// Events among the bytes in `out`.
    pub(super) unsent_event_bytes: usize,
    /// Requests with the core that take much memory, in their order.
    pub(super) heavy: VecDeque<Heavy>,
    /// Their bytes.
    pub(super) heavy_bytes: usize,
    /// Reads with the core: each may bring a large reply.
    pub(super) reads_with_core: u32,
    pub(super) forwarded: u64,
    pub(super) answered: u64,
    pub(super) stats: ConnStats,
}

/// A request with the core that takes much memory.
#[derive(Debug, Clone, Copy)]
pub(super) struct Heavy {
    /// Its place among the connection's requests that went to the core, from 1.
    pub(super) number: u64,
    pub(super) bytes: usize,
    /// It counts against `largeRequestMaxBytes`.
    pub(super) is_large: bool,
}

/// How far a connection has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Phase {
    /// Nothing is known yet.
    New,
    /// Its handshake is with the core; frames wait.
    Greeted,
    /// It has a session.
    Ready,
    /// It asked for a four-letter word.
    Word,
}

impl Conn {
    pub(super) fn new(
        id: ConnId,
        socket: TcpStream,
        address: SocketAddr,
        timeout_ms: i32,
        now_ms: i64,
    ) -> Self {
        Conn {
            id,
            socket,
            address,
            phase: Phase::New,
            session: None,
            renews: false,
            timeout_ms,
            last_io_ms: now_ms,
            last_seen_ms: now_ms,
            ids: Rules::initial_ids(address.ip().to_canonical()).into(),
            fence: Fence::default(),
            inbound: Vec::new(),
            is_held: false,
            is_stalled: false,
            stalled_us: None,
            out: Outbound::default(),
            is_readable: false,
            is_half_closed: false,
            is_queued: false,
            is_dirty: false,
            is_blocked: false,
            is_closing: false,
            unsent_event_bytes: 0,
            heavy: VecDeque::new(),
            heavy_bytes: 0,
            reads_with_core: 0,
            forwarded: 0,
            answered: 0,
            stats: ConnStats::new(),
        }
    }

    /// The client's address; IPv4 also where it came through an IPv6 socket.
    pub(super) fn ip(&self) -> IpAddr {
        self.address.ip().to_canonical()
    }

    /// Adds identities that are new.
    pub(super) fn add_ids(&mut self, more: Vec<Id>) {
        let mut ids = self.ids.to_vec();
        for id in more {
            if !ids.contains(&id) {
                ids.push(id);
            }
        }
        self.ids = ids.into();
    }

    /// The session as logs show it.
    pub(super) fn session_text(&self) -> String {
        self.session.unwrap_or_default().to_string()
    }

    pub(super) fn info(&self, expires_ms: i64) -> ConnInfo {
        let reads = self.phase != Phase::Word && !self.is_closing;
        let interest = match (self.phase, self.out.is_empty()) {
            (Phase::Word, _) => 0,
            (_, true) => u8::from(reads),
            (_, false) => u8::from(reads) | 4,
        };
        ConnInfo {
            id: self.id,
            address: self.address,
            interest,
            queued: self.fence.with_core(),
            session: self.session,
            timeout_ms: self.timeout_ms,
            expires_ms,
            stats: self.stats.clone(),
        }
    }
}
