//! Everything that can happen to a peer, and everything it can want.

use std::sync::Arc;

use proto::{AclList, EventKind, Id, OpCode, SessionId, Zxid};
use tree::{EndedSnapshot, SnapshotPlan, WatcherId};

/// The two clocks, read once by the driver for each batch of inputs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Now {
    /// A clock that never jumps, ms. Sessions live by it.
    pub monotonic_ms: i64,
    /// The wall clock, ms since 1970. It only stamps transactions.
    pub wall_ms: i64,
}

/// A client connection: the I/O thread that owns it and a number that is never used again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ConnId(pub u64);

impl ConnId {
    /// The `count`-th connection of I/O thread `io`.
    pub fn new(io: u16, count: u64) -> Self {
        ConnId(u64::from(io) << 48 | (count & 0xffff_ffff_ffff))
    }

    /// The I/O thread that owns the connection.
    pub fn io(self) -> u16 {
        (self.0 >> 48) as u16
    }

    /// The connection's name in the watch tables.
    pub fn watcher(self) -> WatcherId {
        WatcherId(self.0)
    }
}

/// What can happen to a peer.
#[derive(Debug)]
pub enum Input {
    /// A client wants a session.
    Connect(Connect),
    /// An I/O thread forwards requests.
    Requests(RequestBatch),
    /// A connection is gone.
    Closed {
        /// Which.
        conn: ConnId,
        /// When it last sent something, on the monotonic clock.
        last_seen_ms: i64,
    },
    /// The answer to [`IoItem::ReportActivity`].
    Activity {
        /// The connection asked about.
        conn: ConnId,
        /// When it last sent something, on the monotonic clock.
        last_seen_ms: i64,
    },
    /// Everything appended up to here survives a power loss.
    LogDurable {
        /// The last durable zxid.
        upto: Zxid,
    },
    /// The snapshot begun by [`Output::Snapshot`] is finished or given up.
    SnapshotEnded,
    /// Somebody asks for a snapshot now.
    SnapshotWanted,
    /// [`crate::Peer::poll_timeout`] has passed.
    Timeout,
}

/// A handshake whose frame was in order.
#[derive(Debug, Clone)]
pub struct Connect {
    /// The connection.
    pub conn: ConnId,
    /// The session to resume, 0 for a new one.
    pub session: SessionId,
    /// Its password.
    pub password: Option<Box<[u8]>>,
    /// The timeout asked for, ms.
    pub timeout_ms: i32,
    /// The highest zxid the client has seen.
    pub last_zxid_seen: Zxid,
    /// Whether the answer carries the read-only octet.
    pub with_read_only: bool,
    /// When the frame arrived, µs on the driver's monotonic clock.
    pub received_us: i64,
}

/// Requests of one I/O thread, in the order of arrival, with their bodies in one buffer.
#[derive(Debug, Default)]
pub struct RequestBatch {
    /// The bodies, one after the other.
    pub bytes: Vec<u8>,
    /// The requests.
    pub items: Vec<Forwarded>,
}

/// A request that the core has to order.
#[derive(Debug, Clone)]
pub struct Forwarded {
    /// The connection it came over.
    pub conn: ConnId,
    /// The connection's session.
    pub session: SessionId,
    /// The client's number for it.
    pub xid: i32,
    /// What it is.
    pub op: OpCode,
    /// The connection's identities when it arrived.
    pub ids: Arc<[Id]>,
    /// When it arrived, µs on the driver's monotonic clock.
    pub received_us: i64,
    /// Its body in [`RequestBatch::bytes`].
    pub body: std::ops::Range<usize>,
}

impl RequestBatch {
    /// Adds a request whose body is `body`; `request.body` is set here.
    pub fn push(&mut self, mut request: Forwarded, body: &[u8]) {
        request.body = self.bytes.len()..self.bytes.len() + body.len();
        self.bytes.extend_from_slice(body);
        self.items.push(request);
    }
}

/// What a peer can want.
#[derive(Debug)]
pub enum Output {
    /// Write these records to the log, in order after all earlier ones, sync, and report
    /// [`Input::LogDurable`].
    Append(LogBatch),
    /// Replies, events and orders for an I/O thread, to be taken in order.
    ToIo {
        /// Which thread.
        io: u16,
        /// What.
        batch: IoBatch,
    },
    /// Write a snapshot from the tree's point-in-time view, then report
    /// [`Input::SnapshotEnded`]. The log starts a new file.
    Snapshot(Snapshot),
    /// What the tree kept for a snapshot that has ended. Freeing it takes time, so it is for
    /// the driver to drop where nobody waits.
    SnapshotEnded(EndedSnapshot),
    /// Something for the log and the counters.
    Notice(Notice),
}

/// What operators may want to know.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Notice {
    /// A session gave no sign of life for its timeout and is being closed.
    SessionExpired {
        /// Which.
        session: SessionId,
        /// Its timeout.
        timeout_ms: i32,
    },
    /// A write passes a quota; if the limit is hard, it was refused.
    QuotaExceeded {
        /// The path with the quota.
        prefix: String,
        /// `count` or `bytes`.
        what: &'static str,
        /// What it comes to with the write.
        current: i64,
        /// The limit.
        limit: i64,
        /// Whether the limit is hard.
        is_hard: bool,
    },
    /// A container or TTL node is to be deleted.
    ContainerSwept {
        /// Which.
        path: String,
    },
    /// A client named a session that is gone, or gave a wrong password.
    SessionRefused {
        /// The connection.
        conn: ConnId,
        /// The session it named.
        session: SessionId,
    },
}

/// What a snapshot holds besides the nodes.
#[derive(Debug)]
pub struct Snapshot {
    /// The tree's part.
    pub plan: SnapshotPlan,
    /// The sessions and their timeouts in ms.
    pub sessions: Vec<(SessionId, i32)>,
}

/// Encoded transactions.
#[derive(Debug, Default)]
pub struct LogBatch {
    /// Header, body and digest of each, one after the other.
    pub bytes: Vec<u8>,
    /// Each one's zxid and the end of its bytes.
    pub ends: Vec<(Zxid, usize)>,
}

impl LogBatch {
    /// The records: zxid and bytes.
    pub fn records(&self) -> impl Iterator<Item = (Zxid, &[u8])> {
        let starts = std::iter::once(0).chain(self.ends.iter().map(|end| end.1));
        starts.zip(&self.ends).map(|(start, (zxid, end))| (*zxid, &self.bytes[start..*end]))
    }
}

/// What goes to the connections of one I/O thread.
#[derive(Debug, Default)]
pub struct IoBatch {
    /// Whole frames, one after the other.
    pub bytes: Vec<u8>,
    /// What to do, in order.
    pub items: Vec<IoItem>,
}

/// One thing for a connection.
#[derive(Debug)]
pub enum IoItem {
    /// A reply: the next `len` bytes of [`IoBatch::bytes`] are its frame.
    Reply {
        /// The connection.
        conn: ConnId,
        /// Length of the frame.
        len: usize,
        /// The request's operation.
        op: OpCode,
        /// The request's number.
        xid: i32,
        /// The zxid in the header.
        zxid: Zxid,
        /// When the request arrived, as given in.
        received_us: i64,
        /// Whether the connection is to be closed once the frame is sent.
        close: bool,
    },
    /// The handshake's answer: the next `len` bytes are its frame.
    Session {
        /// The connection.
        conn: ConnId,
        /// Length of the frame.
        len: usize,
        /// The session; `None` when it was refused: close once the frame is sent.
        session: Option<SessionId>,
        /// The negotiated timeout, ms.
        timeout_ms: i32,
        /// When the handshake arrived, as given in.
        received_us: i64,
    },
    /// A watch fired. It is sent only if the connection may read `acl`
    /// ([`crate::auth::Rules::may_read`]).
    Event {
        /// The connection.
        conn: ConnId,
        /// What happened.
        kind: EventKind,
        /// To which node.
        path: Arc<str>,
        /// When.
        zxid: Zxid,
        /// The node's ACL at that moment.
        acl: AclList,
    },
    /// Close the connection.
    Close {
        /// The connection.
        conn: ConnId,
        /// Why.
        reason: CloseReason,
    },
    /// Say with [`Input::Activity`] when the connection last sent something.
    ReportActivity {
        /// The connection.
        conn: ConnId,
    },
}

/// Why the peer closes a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CloseReason {
    /// The client has seen a later state than this server has.
    ClientAhead,
    /// The session came back over another connection.
    Reconnected,
    /// The session expired.
    Expired,
}
