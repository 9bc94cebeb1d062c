use std::fmt;
use std::sync::MutexGuard;
use std::sync::atomic::Ordering::Relaxed;

use jute::{Put, Reader};
use net::{BadLength, FrameHead, next_frame};
use peer::auth::Outcome;
use peer::read::{self, WatchAccess};
use peer::{Forwarded, Frame, RequestBatch, Route};
use proto::{ErrorCode, OpCode, Request, RequestHeader, Zxid};
use tracing::{debug, error, warn};
use tree::{DataTree, Watches};

use super::conn::{Conn, Heavy, Phase};
use super::info::{Answered, is_update};
use super::tally::Tally;
use super::thread::is_slow_reader;
use crate::metrics::{Advanced, Counter};
use crate::shared::Shared;

/// Requests from this size on are counted while they are with the core.
const HEAVY_BYTES: usize = 16 << 10;
/// A connection with more than this in such requests is not read from.
const HEAVY_MAX_BYTES: usize = 8 << 20;
/// A connection with so many reads behind its writes is not read from: what they bring is
/// bounded by nothing else.
const READS_WITH_CORE_MAX: u32 = 64;

/// What understanding requests needs besides the connection itself.
pub(super) struct Lane<'a> {
    pub(super) shared: &'a Shared,
    /// Requests for the core, sent at the end of the round.
    pub(super) to_core: RequestBatch,
    pub(super) tally: Tally,
    /// The time of this round on the server's monotonic clock.
    pub(super) now_us: i64,
    /// Connections whose next request waits for room in the pipeline.
    pub(super) stalled: Vec<peer::ConnId>,
}

/// Why [`Lane::advance`] came back.
pub(super) enum Step {
    /// The next request is a read: call again with the tree.
    WantsTree,
    /// What is left is not a whole frame.
    Partial,
    /// The next frame has to wait.
    Held,
    /// The connection has to go.
    Close(Fault),
}

/// What came of one frame.
pub(super) enum Taken {
    /// It is done with.
    Yes,
    /// It is a read.
    WantsTree,
    /// It has to wait.
    Held,
    /// The connection has to go.
    Close(Fault),
}

/// Why a connection is closed without being asked for it.
#[derive(Debug)]
pub(super) enum Fault {
    /// A length that no client sends.
    Length(BadLength),
    /// Data is still being loaded.
    NotServing,
    /// The bytes of a frame are not what they should be.
    Malformed(&'static str, jute::Error),
    /// As before, where the decoder does not say more.
    Unreadable(&'static str),
    /// Too many large requests at once.
    LargeRequest(usize),
    /// Too many handshakes at once.
    HandshakeThrottle,
    /// The client authenticated for another ensemble.
    WrongEnsemble,
    /// A request waited longer than its session may be silent.
    Stale,
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Fault::Length(bad) => write!(
                f,
                "Len error. A message with advertised length of {} is either a malformed message \
                 or too large to process (length is greater than jute.maxbuffer={})",
                bad.length, bad.max_bytes
            ),
            Fault::NotServing => f.write_str("ZooKeeperServer not running"),
            Fault::Malformed(what, error) => write!(f, "malformed {what}: {error}"),
            Fault::Unreadable(what) => write!(f, "malformed {what}"),
            Fault::LargeRequest(bytes) => write!(
                f,
                "Rejecting large request of {bytes} bytes: zookeeper.largeRequestMaxBytes is used up"
            ),
            Fault::HandshakeThrottle => f.write_str("connection throttle hit"),
            Fault::WrongEnsemble => f.write_str("the client is looking for another ensemble"),
            Fault::Stale => f.write_str("a request waited longer than the session timeout"),
        }
    }
}

impl Lane<'_> {
    /// Whether anything may be taken from the connection now.
    pub(super) fn may_read(&self, conn: &Conn) -> bool {
        !conn.is_closing
            && !conn.is_stalled
            && matches!(conn.phase, Phase::New | Phase::Ready)
            && !is_slow_reader(conn)
            && conn.heavy_bytes <= HEAVY_MAX_BYTES
            && conn.reads_with_core < READS_WITH_CORE_MAX
            && !self.is_throttled(conn)
    }

    /// Above the global limit, connections with requests of their own in process wait
    /// (`ZooKeeperServer.shouldThrottle`).
    fn is_throttled(&self, conn: &Conn) -> bool {
        conn.fence.with_core() > 0
            && self.shared.stats.in_process.load(Relaxed)
                > i64::from(self.shared.config.limits.global_outstanding)
    }

    /// Takes whole frames from `bytes`, moving `at` behind each.
    pub(super) fn advance(
        &mut self,
        conn: &mut Conn,
        bytes: &[u8],
        at: &mut usize,
        tree: Option<&DataTree>,
    ) -> Step {
        loop {
            let rest = &bytes[*at..];
            if !self.may_read(conn) {
                return if rest.is_empty() { Step::Partial } else { Step::Held };
            }
            if conn.phase == Phase::New && self.is_word(conn, rest) {
                *at = bytes.len();
                return Step::Partial;
            }
            let frame = match next_frame(rest, self.shared.limits.max_buffer_bytes) {
                Err(bad) => return Step::Close(Fault::Length(bad)),
                Ok(FrameHead::Partial) => return self.partial(conn, rest),
                Ok(FrameHead::Whole(frame)) => frame,
            };
            let taken = match conn.phase {
                Phase::New => self.greet(conn, frame),
                _ => self.request(conn, frame, tree),
            };
            match taken {
                Taken::Yes => {
                    *at += 4 + frame.len();
                    conn.stats.received += 1;
                    self.tally.packets_received += 1;
                    self.tally.bytes_received += 4 + frame.len() as i64;
                }
                Taken::WantsTree => return Step::WantsTree,
                Taken::Held => return Step::Held,
                Taken::Close(fault) => return Step::Close(fault),
            }
        }
    }

    /// What can be said of a frame before all of it is there.
    fn partial(&self, conn: &mut Conn, rest: &[u8]) -> Step {
        conn.stalled_us = None;
        let Some((head, _)) = rest.split_first_chunk::<4>() else { return Step::Partial };
        if conn.phase == Phase::New && !self.shared.is_serving() {
            return Step::Close(Fault::NotServing);
        }
        let length = u32::from_be_bytes(*head) as usize;
        match self.has_room_for(length) {
            true => Step::Partial,
            false => Step::Close(self.refuse_large(length)),
        }
    }

    fn request(&mut self, conn: &mut Conn, frame: &[u8], tree: Option<&DataTree>) -> Taken {
        let mut reader = Reader::new(frame);
        let header = match RequestHeader::decode(&mut reader) {
            Ok(header) => header,
            Err(error) => return Taken::Close(Fault::Malformed("request header", error)),
        };
        let body = reader.remaining();
        let op = OpCode::from_code(header.op);
        match op {
            Some(OpCode::Auth) => return self.auth(conn, header.xid, body),
            Some(OpCode::Sasl) => return self.sasl(conn, header.xid, body),
            _ => {}
        }
        if !self.shared.rules.satisfies_enforcement(&conn.ids) {
            return self.refuse_unauthenticated(conn, header.xid);
        }
        if !self.has_room_for(frame.len()) {
            return Taken::Close(self.refuse_large(frame.len()));
        }
        // The sweep's own operation is nobody else's: Java lets any client delete with it.
        let op = op.filter(|op| op.is_client_request() && *op != OpCode::DeleteContainer);
        let Some(op) = op else { return self.unknown(conn, &header) };
        if let Some(taken) = self.wait_in_line(conn, header.xid, op, tree) {
            return taken;
        }
        let mut fence = conn.fence;
        match (fence.route(op), tree) {
            (Route::Here, None) => return Taken::WantsTree,
            (Route::Here, Some(tree)) => self.read(conn, tree, header.xid, op, body),
            (Route::Core, _) => {
                conn.fence = fence;
                self.forward(conn, header.xid, op, body, frame.len());
            }
        }
        Taken::Yes
    }

    fn read(&mut self, conn: &mut Conn, tree: &DataTree, xid: i32, op: OpCode, body: &[u8]) {
        let client = read::Client {
            conn: conn.id,
            session: conn.session.unwrap_or_default(),
            ids: &conn.ids,
            rules: &self.shared.rules,
            limits: self.shared.limits,
        };
        let out = conn.out.buffer();
        let start = out.len();
        let mut watches = SharedWatches(self.shared);
        let served = read::serve(tree, &mut watches, &client, xid, op, body, out);
        let frames = &conn.out.buffer()[start..];
        conn.stats.sent += count_responses(frames, &mut self.tally);
        let is_error = served.err != ErrorCode::Ok;
        self.answered(conn, op, xid, served.zxid, is_error, self.now_us);
    }

    /// Notes that a request was answered.
    pub(super) fn answered(
        &mut self,
        conn: &mut Conn,
        op: OpCode,
        xid: i32,
        zxid: Zxid,
        is_error: bool,
        received_us: i64,
    ) {
        let latency_ms = (self.now_us / 1000 - received_us / 1000).max(0);
        let now_ms = self.now_us / 1000;
        let request = Answered { op, is_error, xid, zxid, now_ms, latency_ms };
        conn.stats.answered(&request);
        self.tally.answered(&request);
    }

    fn forward(&mut self, conn: &mut Conn, xid: i32, op: OpCode, body: &[u8], frame_bytes: usize) {
        conn.forwarded += 1;
        conn.reads_with_core += u32::from(is_read(op));
        self.weigh(conn, frame_bytes);
        self.shared.stats.in_process.fetch_add(1, Relaxed);
        let request = Forwarded {
            conn: conn.id,
            session: conn.session.unwrap_or_default(),
            xid,
            op,
            ids: conn.ids.clone(),
            received_us: self.now_us,
            body: 0..0,
        };
        self.to_core.push(request, body);
    }

    /// Appends a reply that is made here.
    fn reply(&mut self, conn: &mut Conn, xid: i32, zxid: Zxid, err: ErrorCode, null_token: bool) {
        let mut frame = Frame::reply(conn.out.buffer(), xid, zxid, err);
        if null_token {
            frame.body().put_buffer(None);
        }
        self.tally.response(frame.end() - 4);
        conn.stats.sent += 1;
    }

    // The throttles. All are off or wide by default.

    /// `RequestThrottler`: above `request_throttle_max_requests` a request waits here.
    /// `None` lets it go on.
    fn wait_in_line(
        &mut self,
        conn: &mut Conn,
        xid: i32,
        op: OpCode,
        tree: Option<&DataTree>,
    ) -> Option<Taken> {
        let throttle = &self.shared.config.request_throttle;
        let max = throttle.max_requests?;
        let waited_ms = conn.stalled_us.map_or(0, |since_us| (self.now_us - since_us) / 1000);
        let is_stale = throttle.drop_stale
            && throttle.stale_latency_check
            && waited_ms > i64::from(conn.timeout_ms);
        if is_stale {
            self.shared.metrics.count(Counter::StaleRequestsDropped, 1);
            return Some(Taken::Close(Fault::Stale));
        }
        if self.shared.stats.in_process.load(Relaxed) >= i64::from(max) {
            conn.stalled_us.get_or_insert(self.now_us);
            self.shared.metrics.count(Counter::RequestThrottleWaitCount, 1);
            return Some(self.stall(conn));
        }
        self.shared.metrics.advanced(Advanced::RequestThrottleQueueTimeMs).add(waited_ms);
        let wait_max = throttle.throttled_op_wait_time_ms?;
        let is_exempt = matches!(op, OpCode::Ping | OpCode::CloseSession);
        if is_exempt || waited_ms <= i64::from(wait_max) {
            return None;
        }
        if conn.fence.with_core() > 0 {
            // Replies keep their order: this one comes when those before it have come.
            return Some(self.stall(conn));
        }
        let Some(tree) = tree else { return Some(Taken::WantsTree) };
        self.shared.metrics.count(Counter::ThrottledOps, 1);
        self.reply(conn, xid, tree.last_processed(), ErrorCode::ThrottledOp, false);
        Some(Taken::Yes)
    }

    /// Takes nothing more from the connection until [`super::IoThread`] looks at it again.
    fn stall(&mut self, conn: &mut Conn) -> Taken {
        conn.is_stalled = true;
        self.stalled.push(conn.id);
        Taken::Held
    }

    fn is_large(&self, bytes: usize) -> bool {
        let threshold = self.shared.config.limits.large_request_threshold_bytes;
        threshold.is_some_and(|threshold| bytes > threshold as usize)
    }

    fn has_room_for(&self, bytes: usize) -> bool {
        let max = i64::from(self.shared.config.limits.large_request_max_bytes);
        !self.is_large(bytes)
            || self.shared.stats.large_request_bytes.load(Relaxed) + bytes as i64 <= max
    }

    fn refuse_large(&self, bytes: usize) -> Fault {
        self.shared.metrics.count(Counter::LargeRequestsRejected, 1);
        Fault::LargeRequest(bytes)
    }

    /// Remembers what a request takes while it is with the core.
    fn weigh(&mut self, conn: &mut Conn, bytes: usize) {
        let is_large = self.is_large(bytes);
        if is_large {
            self.shared.stats.large_request_bytes.fetch_add(bytes as i64, Relaxed);
        }
        if is_large || bytes >= HEAVY_BYTES {
            conn.heavy.push_back(Heavy { number: conn.forwarded, bytes, is_large });
            conn.heavy_bytes += bytes;
        }
    }

    /// A reply came: what the request took is free again.
    pub(super) fn release_answered(&mut self, conn: &mut Conn, op: OpCode) {
        conn.answered += 1;
        conn.reads_with_core = conn.reads_with_core.saturating_sub(u32::from(is_read(op)));
        while let Some(heavy) = conn.heavy.front().copied()
            && heavy.number <= conn.answered
        {
            conn.heavy.pop_front();
            conn.heavy_bytes -= heavy.bytes;
            self.release(&heavy);
        }
    }

    /// The connection is gone.
    pub(super) fn release_all(&mut self, conn: &Conn) {
        conn.heavy.iter().for_each(|heavy| self.release(heavy));
    }

    fn release(&self, heavy: &Heavy) {
        if heavy.is_large {
            self.shared.stats.large_request_bytes.fetch_sub(heavy.bytes as i64, Relaxed);
        }
    }

    // What is answered before any request is.

    fn auth(&mut self, conn: &mut Conn, xid: i32, body: &[u8]) -> Taken {
        let mut reader = Reader::with_limits(body, self.shared.limits);
        let (scheme, auth) = match Request::decode(OpCode::Auth, &mut reader) {
            Ok(Request::Auth { scheme, auth }) => (scheme.unwrap_or_default(), auth),
            _ => return Taken::Close(Fault::Unreadable("auth packet")),
        };
        let address = net::java_address(conn.address);
        let outcome = self.shared.rules.authenticate(&scheme, auth, conn.ip());
        self.count_ensemble_auth(&scheme, auth, &outcome);
        match outcome {
            Outcome::Accepted(ids) => {
                debug!(
                    "Session {}: auth success for scheme {scheme} and address {address}",
                    conn.session_text()
                );
                conn.add_ids(ids);
                self.reply(conn, xid, Zxid::ZERO, ErrorCode::Ok, false);
                Taken::Yes
            }
            Outcome::Failed => {
                warn!("Authentication failed for scheme: {scheme}, address {address}");
                self.reply(conn, xid, Zxid::ZERO, ErrorCode::AuthFailed, false);
                conn.is_closing = true;
                Taken::Yes
            }
            Outcome::Dropped => Taken::Close(Fault::WrongEnsemble),
        }
    }

    fn count_ensemble_auth(&self, scheme: &str, auth: Option<&[u8]>, outcome: &Outcome) {
        let Some(ensemble) = self.shared.rules.ensemble.as_ref().filter(|_| scheme == "ensemble")
        else {
            return;
        };
        let is_checked = ensemble.names.is_some() && !auth.unwrap_or_default().is_empty();
        self.shared.metrics.count(
            match (is_checked, outcome) {
                (false, _) => Counter::EnsembleAuthSkip,
                (true, Outcome::Accepted(_)) => Counter::EnsembleAuthSuccess,
                (true, _) => Counter::EnsembleAuthFail,
            },
            1,
        );
    }

    /// Java's answer when no SASL login is configured: success with a null token.
    fn sasl(&mut self, conn: &mut Conn, xid: i32, body: &[u8]) -> Taken {
        let mut reader = Reader::with_limits(body, self.shared.limits);
        match Request::decode(OpCode::Sasl, &mut reader) {
            Ok(Request::Sasl { token: Some(_) }) => {
                self.reply(conn, xid, Zxid::ZERO, ErrorCode::Ok, true);
                Taken::Yes
            }
            _ => Taken::Close(Fault::Unreadable("SASL packet")),
        }
    }

    fn refuse_unauthenticated(&mut self, conn: &mut Conn, xid: i32) -> Taken {
        let schemes = |ids: &[proto::Id]| {
            ids.iter().map(|id| id.scheme().to_owned()).collect::<Vec<_>>().join(", ")
        };
        error!(
            "Client authentication scheme(s) [{}] does not match with any of the expected \
             authentication scheme [{}], closing session.",
            schemes(&conn.ids),
            self.shared.rules.enforced_schemes.join(", ")
        );
        let err = ErrorCode::SessionClosedRequireSaslAuth;
        self.reply(conn, xid, Zxid::ZERO, err, false);
        conn.is_closing = true;
        Taken::Yes
    }

    fn unknown(&mut self, conn: &mut Conn, header: &RequestHeader) -> Taken {
        warn!(
            "Received packet at server of unknown type {} from {}",
            header.op,
            net::java_address(conn.address)
        );
        self.reply(conn, header.xid, Zxid(-1), ErrorCode::Unimplemented, false);
        conn.is_closing = true;
        Taken::Yes
    }
}

/// Whether the core answers the request from the tree.
fn is_read(op: OpCode) -> bool {
    !is_update(op) && op != OpCode::Sync
}

/// The watch tables, locked when a read asks for them.
struct SharedWatches<'a>(&'a Shared);

impl WatchAccess for SharedWatches<'_> {
    type Guard<'g>
        = MutexGuard<'g, Watches>
    where
        Self: 'g;

    fn watches(&mut self) -> MutexGuard<'_, Watches> {
        self.0.watches()
    }
}

/// Counts the frames of an answer: catch-up events come before the reply. Gives their number.
pub(super) fn count_responses(mut frames: &[u8], tally: &mut Tally) -> u64 {
    let mut count = 0;
    while let Ok(FrameHead::Whole(frame)) = next_frame(frames, usize::MAX) {
        tally.response(frame.len());
        frames = &frames[4 + frame.len()..];
        count += 1;
    }
    count
}
