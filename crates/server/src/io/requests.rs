use std::sync::MutexGuard;
use std::sync::atomic::Ordering::Relaxed;

use jute::{Put, Reader};
use net::{FrameHead, next_frame};
use peer::read::{self, WatchAccess};
use peer::{Forwarded, Frame, RequestBatch, Route};
use proto::{ErrorCode, OpCode, RequestHeader, Zxid};
use tree::{DataTree, Watches};

use super::conn::{Conn, Phase};
use super::fault::Fault;
use super::info::Answered;
use super::limits::{HEAVY_MAX_BYTES, READS_WITH_CORE_MAX, is_read};
use super::outbound::is_slow_reader;
use super::tally::Tally;
use crate::shared::Shared;

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
    pub(super) fn reply(
        &mut self,
        conn: &mut Conn,
        xid: i32,
        zxid: Zxid,
        err: ErrorCode,
        null_token: bool,
    ) {
        let mut frame = Frame::reply(conn.out.buffer(), xid, zxid, err);
        if null_token {
            frame.body().put_buffer(None);
        }
        self.tally.response(frame.end() - 4);
        conn.stats.sent += 1;
    }
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
