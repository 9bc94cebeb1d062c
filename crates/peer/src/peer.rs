use std::collections::VecDeque;
use std::sync::Arc;

use jute::{Put, Reader};
use proto::{
    ConnectResponse, ErrorCode, Id, MultiHeader, OpCode, Request, RequestError, SessionId, Txn,
    TxnDigest, TxnHeader, TxnRecord, Zxid,
};
use tree::{Applied, DataTree, EndedSnapshot, Event, Watches};
use zab::Proposals;

use crate::auth::Rules;
use crate::fence::is_read;
use crate::io::{
    CloseReason, ConnId, Connect, Forwarded, Input, IoBatch, IoItem, LogBatch, Notice, Now, Output,
    Snapshot,
};
use crate::outstanding::Outstanding;
use crate::prep::Prep;
use crate::read::{self, put_multi_error};
use crate::sessions::{Due, ExpiryBucket, SessionInfo, Sessions};
use crate::sweep::Sweep;
use crate::{Frame, Settings};

/// What recovery found on the disk, besides the tree.
#[derive(Debug, Clone, Default)]
pub struct Restored {
    /// The sessions that are open, with their timeouts in ms.
    pub sessions: Vec<(SessionId, i32)>,
    /// The last transaction.
    pub last_zxid: Zxid,
}

/// A server without an ensemble: it orders, logs, applies and answers.
///
/// After [`Peer::handle`], call [`Peer::apply`] if [`Peer::wants_apply`] says so, then drain
/// [`Peer::poll_output`].
#[derive(Debug)]
pub struct Peer {
    settings: Settings,
    rules: Arc<Rules>,
    sessions: Sessions,
    sweep: Sweep,
    proposals: Proposals,
    outstanding: Outstanding,
    /// Everything that waits for its turn, in the order in which it will be answered.
    pending: VecDeque<Pending>,
    log: LogBatch,
    to_io: Vec<IoBatch>,
    snapshot: Option<Snapshot>,
    ended_snapshot: Option<EndedSnapshot>,
    snapshots: SnapshotPolicy,
    events: Vec<Event>,
    notices: Vec<Notice>,
}

/// One thing in the pipeline.
#[derive(Debug)]
enum Pending {
    /// Waits until it is committed. `origin` is who gets the reply.
    Txn { record: TxnRecord, origin: Option<Origin> },
    /// Waits for what stands before it.
    Read { origin: Origin, ids: Arc<[Id]>, body: Box<[u8]> },
    /// An answer that needs no transaction but keeps its place.
    Refusal { origin: Origin, err: ErrorCode },
}

/// Who asked.
#[derive(Debug, Clone, Copy)]
struct Origin {
    conn: ConnId,
    session: SessionId,
    xid: i32,
    op: OpCode,
    received_us: i64,
    /// The handshake's read-only octet, which the answer mirrors.
    with_read_only: bool,
}

/// A rest between snapshots ends after so many times `snapCount` transactions.
const RESTING_MAX: u64 = 10;

/// When to take a snapshot, and whether one is being taken.
///
/// A large snapshot competes with the log for the disk. It may take a tenth of the time: after one
/// that took t, none is begun for 9t, unless so much was logged that a restart would become slow.
#[derive(Debug)]
struct SnapshotPolicy {
    random: u64,
    now_ms: i64,
    started_ms: i64,
    rests_until_ms: i64,
    running: bool,
    ended: bool,
    wanted: bool,
    txns: u64,
    bytes: u64,
    txns_max: u64,
    bytes_max: Option<u64>,
    snap_count: u64,
    snap_size_bytes: Option<u64>,
}

impl Peer {
    /// A standalone server over a restored tree. `first_session` is the first id it gives out.
    pub fn new(
        settings: Settings,
        rules: Arc<Rules>,
        restored: Restored,
        first_session: SessionId,
        now: Now,
    ) -> Self {
        let mut sessions = Sessions::new(first_session, settings.tick_ms);
        for (id, timeout_ms) in restored.sessions {
            sessions.restore(id, timeout_ms, now.monotonic_ms);
        }
        let mut to_io = Vec::new();
        to_io.resize_with(usize::from(settings.io_threads), IoBatch::default);
        Peer {
            sweep: Sweep::new(&settings, now.monotonic_ms),
            proposals: Proposals::standalone(settings.server, restored.last_zxid),
            outstanding: Outstanding::new(settings.digest),
            snapshots: SnapshotPolicy::new(&settings),
            sessions,
            rules,
            pending: VecDeque::new(),
            log: LogBatch::default(),
            to_io,
            snapshot: None,
            ended_snapshot: None,
            events: Vec::new(),
            notices: Vec::new(),
            settings,
        }
    }

    /// Takes one input. `tree` is the tree as it was left by the last [`Peer::apply`].
    pub fn handle(&mut self, now: Now, input: Input, tree: &DataTree) {
        self.snapshots.now_ms = now.monotonic_ms;
        match input {
            Input::Connect(connect) => self.connect(now, connect, tree),
            Input::Requests(batch) => {
                for request in batch.items {
                    let body = &batch.bytes[request.body.clone()];
                    self.request(now, request, body, tree);
                }
            }
            Input::Closed { conn, last_seen_ms } => self.closed(conn, last_seen_ms),
            Input::Activity { conn, last_seen_ms } => {
                self.activity(now, conn, last_seen_ms, tree);
            }
            Input::LogDurable { upto } => self.proposals.log_durable(upto),
            Input::SnapshotEnded => self.snapshots.ended = true,
            Input::SnapshotWanted => self.snapshots.wanted = true,
            Input::Timeout => {}
        }
        self.run_timers(now, tree);
    }

    /// Whether [`Peer::apply`] has something to do.
    pub fn wants_apply(&self) -> bool {
        self.pending.front().is_some_and(|first| self.is_ready(first)) || self.snapshots.due()
    }

    /// Applies what is committed, and answers.
    ///
    /// The caller alone has the tree, and hands the outputs for the I/O threads on before
    /// anybody else reads it again: an event must not come behind the data it announces.
    pub fn apply(&mut self, tree: &mut DataTree, watches: &mut Watches) {
        while let Some(next) = self.pending.pop_front() {
            if !self.is_ready(&next) {
                self.pending.push_front(next);
                break;
            }
            match next {
                Pending::Txn { record, origin } => {
                    self.apply_txn(&record, origin, tree, watches);
                }
                Pending::Read { origin, ids, body } => {
                    self.fenced_read(origin, &ids, &body, tree, watches);
                }
                Pending::Refusal { origin, err } => {
                    let zxid = tree.last_processed();
                    self.reply(&origin, false, |out| read::error(out, origin.xid, zxid, err).zxid);
                }
            }
        }
        self.snapshot(tree);
    }

    /// The next thing to do for the driver.
    pub fn poll_output(&mut self) -> Option<Output> {
        if !self.log.ends.is_empty() {
            return Some(Output::Append(std::mem::take(&mut self.log)));
        }
        if let Some(snapshot) = self.snapshot.take() {
            return Some(Output::Snapshot(snapshot));
        }
        if let Some(ended) = self.ended_snapshot.take() {
            return Some(Output::SnapshotEnded(ended));
        }
        if let Some(notice) = self.notices.pop() {
            return Some(Output::Notice(notice));
        }
        let io = self.to_io.iter().position(|batch| !batch.items.is_empty())?;
        let batch = std::mem::take(&mut self.to_io[io]);
        Some(Output::ToIo { io: io as u16, batch })
    }

    /// When [`Input::Timeout`] is due, on the monotonic clock.
    pub fn poll_timeout(&self) -> Option<i64> {
        let sweep = self.sweep.next_ms();
        Some(self.sessions.next_expiry_ms().map_or(sweep, |expiry| expiry.min(sweep)))
    }

    /// The sessions, by id.
    pub fn sessions(&self) -> Vec<SessionInfo> {
        self.sessions.list()
    }

    /// How many sessions there are.
    pub fn session_count(&self) -> usize {
        self.sessions.len()
    }

    /// When sessions expire unless they give a sign of life, earliest first.
    pub fn expiry(&self) -> Vec<ExpiryBucket> {
        self.sessions.expiry()
    }

    /// How many requests wait for their turn.
    pub fn outstanding(&self) -> usize {
        self.pending.len()
    }

    /// The last zxid given out.
    pub fn last_proposed(&self) -> Zxid {
        self.proposals.proposed()
    }

    fn is_ready(&self, pending: &Pending) -> bool {
        match pending {
            Pending::Txn { record, .. } => record.header.zxid <= self.proposals.committed(),
            Pending::Read { .. } | Pending::Refusal { .. } => true,
        }
    }

    // Inputs.

    fn connect(&mut self, now: Now, connect: Connect, tree: &DataTree) {
        if connect.last_zxid_seen > tree.last_processed() {
            self.close(connect.conn, CloseReason::ClientAhead);
            return;
        }
        let timeout_ms = connect
            .timeout_ms
            .max(self.settings.session_timeout_min_ms)
            .min(self.settings.session_timeout_max_ms);
        let mut origin = Origin {
            conn: connect.conn,
            session: connect.session,
            xid: 0,
            op: OpCode::CreateSession,
            received_us: connect.received_us,
            with_read_only: connect.with_read_only,
        };
        if connect.session == SessionId(0) {
            origin.session = self.sessions.open(timeout_ms, connect.conn, now.monotonic_ms);
            let request = Prepared::Txn(Txn::CreateSession { timeout_ms });
            self.propose(now, tree, origin.session, 0, Some(origin), &[], request);
            return;
        }
        let password = connect.password.as_deref();
        let reopened = proto::session::password_matches(connect.session, password)
            .then(|| {
                self.sessions.reopen(connect.session, timeout_ms, connect.conn, now.monotonic_ms)
            })
            .flatten();
        match reopened {
            Some(Some(old)) => self.close(old, CloseReason::Reconnected),
            Some(None) => {}
            None => self
                .notices
                .push(Notice::SessionRefused { conn: connect.conn, session: connect.session }),
        }
        self.session_reply(&origin, reopened.is_some(), timeout_ms);
    }

    fn request(&mut self, now: Now, request: Forwarded, body: &[u8], tree: &DataTree) {
        let origin = Origin {
            conn: request.conn,
            session: request.session,
            xid: request.xid,
            op: request.op,
            received_us: request.received_us,
            with_read_only: false,
        };
        if is_read(request.op) || request.op == OpCode::Sync {
            self.pending.push_back(match self.sessions.check(request.session) {
                Ok(()) => Pending::Read { origin, ids: request.ids, body: body.into() },
                Err(err) => Pending::Refusal { origin, err },
            });
            return;
        }
        let mut reader = Reader::with_limits(body, self.settings.limits);
        let prepared = match Request::decode(request.op, &mut reader) {
            Ok(decoded) => Prepared::Request(decoded),
            // Java logs these under a zxid that is used already; they take none here. A multi
            // that cannot be decoded does take one, unless only an ACL is null.
            Err(error) if request.op != OpCode::Multi || matches!(error, RequestError::Null(_)) => {
                let err = ErrorCode::MarshallingError;
                self.pending.push_back(Pending::Refusal { origin, err });
                return;
            }
            Err(_) => Prepared::Refused(ErrorCode::MarshallingError),
        };
        let (session, xid) = (request.session, request.xid);
        self.propose(now, tree, session, xid, Some(origin), &request.ids, prepared);
        if request.op == OpCode::CloseSession {
            self.sessions.set_closing(session);
        }
    }

    fn closed(&mut self, conn: ConnId, last_seen_ms: i64) {
        if let Some(session) = self.sessions.of(conn) {
            self.sessions.disconnect(session, conn, last_seen_ms);
        }
    }

    fn activity(&mut self, now: Now, conn: ConnId, last_seen_ms: i64, tree: &DataTree) {
        let Some(session) = self.sessions.of(conn) else { return };
        if self.sessions.is_overdue(session, last_seen_ms, now.monotonic_ms) {
            self.expire(now, session, tree);
        }
    }

    fn run_timers(&mut self, now: Now, tree: &DataTree) {
        while let Some(due) = self.sessions.poll_due(now.monotonic_ms) {
            match due {
                Due::Ask(conn) => self.item(conn, IoItem::ReportActivity { conn }),
                Due::Expire(session) => self.expire(now, session, tree),
            }
        }
        while let Some(path) = self.sweep.poll(&self.settings, now, tree) {
            self.notices.push(Notice::ContainerSwept { path: path.clone() });
            let request = Prepared::DeleteContainer(path);
            self.propose(now, tree, SessionId(0), 0, None, &[], request);
        }
    }

    fn expire(&mut self, now: Now, session: SessionId, tree: &DataTree) {
        if let Some(timeout_ms) = self.sessions.open_timeout_ms(session) {
            self.notices.push(Notice::SessionExpired { session, timeout_ms });
            let request = Prepared::Request(Request::CloseSession);
            self.propose(now, tree, session, 0, None, &[], request);
            self.sessions.set_closing(session);
        }
    }

    // Proposing.

    /// Gives the request the next place in the order, as what it asks for or as an error.
    #[allow(clippy::too_many_arguments, reason = "one call per source of transactions")]
    fn propose(
        &mut self,
        now: Now,
        tree: &DataTree,
        session: SessionId,
        cxid: i32,
        origin: Option<Origin>,
        ids: &[Id],
        prepared: Prepared<'_>,
    ) {
        let zxid = self.proposals.propose();
        self.outstanding.begin(tree);
        let txn = self.prepare(now, tree, session, zxid, ids, prepared);
        let header =
            TxnHeader { client_id: session, cxid, zxid, time_ms: now.wall_ms, op: txn.op().code() };
        let mut record = TxnRecord { header, txn, digest: self.digest(tree) };
        if matches!(record.txn, Txn::Error { .. }) {
            record.digest = None;
        }
        self.log(tree, &mut record);
        self.outstanding.keep();
        self.pending.push_back(Pending::Txn { record, origin });
    }

    fn prepare(
        &mut self,
        now: Now,
        tree: &DataTree,
        session: SessionId,
        zxid: Zxid,
        ids: &[Id],
        prepared: Prepared<'_>,
    ) -> Txn {
        let mut prep = Prep {
            tree,
            outstanding: &mut self.outstanding,
            sessions: &self.sessions,
            rules: &self.rules,
            settings: &self.settings,
            session,
            ids,
            zxid,
            wall_ms: now.wall_ms,
            notices: &mut self.notices,
        };
        let result = match prepared {
            Prepared::Txn(txn) => Ok(txn),
            Prepared::Request(request) => prep.request(&request),
            Prepared::DeleteContainer(path) => prep.delete_container(&path),
            Prepared::Refused(code) => Err(code),
        };
        result.unwrap_or_else(|code| {
            self.outstanding.roll_back();
            Txn::Error { code: code.code() }
        })
    }

    fn digest(&self, tree: &DataTree) -> Option<TxnDigest> {
        self.settings.digest.then(|| TxnDigest {
            version: TxnDigest::VERSION,
            tree_digest: self.outstanding.digest(tree),
        })
    }

    /// Adds the record to the log's batch. One that no server could read back is refused instead.
    fn log(&mut self, tree: &DataTree, record: &mut TxnRecord) {
        let start = self.log.bytes.len();
        record.encode(&mut self.log.bytes);
        if self.log.bytes.len() - start > self.settings.limits.record_max_bytes() {
            self.shrink(tree, record);
            self.log.bytes.truncate(start);
            record.encode(&mut self.log.bytes);
        }
        self.log.ends.push((record.header.zxid, self.log.bytes.len()));
        self.snapshots.logged(self.log.bytes.len() - start);
    }

    fn shrink(&mut self, tree: &DataTree, record: &mut TxnRecord) {
        if let Txn::CloseSession { paths } = &mut record.txn {
            // Readers then take the ephemerals from their tree, as before release 3.6.
            *paths = None;
            return;
        }
        self.outstanding.roll_back();
        self.outstanding.begin(tree);
        record.txn = Txn::Error { code: ErrorCode::MarshallingError.code() };
        record.header.op = OpCode::Error.code();
        record.digest = None;
    }

    // Applying.

    fn apply_txn(
        &mut self,
        record: &TxnRecord,
        origin: Option<Origin>,
        tree: &mut DataTree,
        watches: &mut Watches,
    ) {
        let header = &record.header;
        let mut events = std::mem::take(&mut self.events);
        let applied = tree.apply(header, &record.txn, record.digest, watches, &mut events);
        self.outstanding.applied(header.zxid);
        for event in events.drain(..) {
            let conn = ConnId(event.watcher.0);
            let Event { kind, path, zxid, acl, .. } = event;
            self.item(conn, IoItem::Event { conn, kind, path, zxid, acl });
        }
        self.events = events;
        self.apply_to_sessions(record, origin.as_ref());
        if let Some(origin) = origin {
            self.answer(&origin, record, &applied, tree.last_processed());
        }
    }

    fn apply_to_sessions(&mut self, record: &TxnRecord, origin: Option<&Origin>) {
        let session = record.header.client_id;
        match &record.txn {
            Txn::CreateSession { timeout_ms } => self.sessions.commit(session, *timeout_ms),
            Txn::CloseSession { .. } => {
                let conn = self.sessions.remove(session);
                // The client that asked is answered first and then closed.
                let asked = origin.map(|origin| origin.conn);
                if let Some(conn) = conn.filter(|conn| Some(*conn) != asked) {
                    self.close(conn, CloseReason::Expired);
                }
            }
            _ => {}
        }
    }

    fn answer(&mut self, origin: &Origin, record: &TxnRecord, applied: &Applied, zxid: Zxid) {
        if let Txn::CreateSession { timeout_ms } = record.txn {
            self.session_reply(origin, true, timeout_ms);
            return;
        }
        let err = match (&record.txn, ErrorCode::from_code(applied.err)) {
            (Txn::Multi(_), _) => ErrorCode::Ok,
            (_, code) => code.unwrap_or(ErrorCode::SystemError),
        };
        let close = origin.op == OpCode::CloseSession;
        self.reply(origin, close, |out| {
            let mut frame = Frame::reply(out, origin.xid, zxid, err);
            if err == ErrorCode::Ok {
                put_result(&record.txn, applied, frame.body());
            }
            frame.end();
            zxid
        });
    }

    fn fenced_read(
        &mut self,
        origin: Origin,
        ids: &[Id],
        body: &[u8],
        tree: &DataTree,
        watches: &mut Watches,
    ) {
        if origin.op == OpCode::Sync {
            let limits = self.settings.limits;
            self.reply(&origin, false, |out| {
                put_sync(&origin, body, limits, tree.last_processed(), out)
            });
            return;
        }
        let rules = self.rules.clone();
        let client = read::Client {
            conn: origin.conn,
            session: origin.session,
            ids,
            rules: &rules,
            limits: self.settings.limits,
        };
        self.reply(&origin, false, |out| {
            let mut watches = watches;
            read::serve(tree, &mut watches, &client, origin.xid, origin.op, body, out).zxid
        });
    }

    fn snapshot(&mut self, tree: &mut DataTree) {
        if std::mem::take(&mut self.snapshots.ended) {
            self.ended_snapshot = Some(tree.end_snapshot());
            self.snapshots.finish();
        }
        if !self.snapshots.start() {
            return;
        }
        if let Some(plan) = tree.begin_snapshot() {
            self.snapshot = Some(Snapshot { plan, sessions: self.sessions.committed() });
        }
    }

    // Outputs.

    fn reply(&mut self, origin: &Origin, close: bool, put: impl FnOnce(&mut Vec<u8>) -> Zxid) {
        let batch = &mut self.to_io[usize::from(origin.conn.io())];
        let start = batch.bytes.len();
        let zxid = put(&mut batch.bytes);
        batch.items.push(IoItem::Reply {
            conn: origin.conn,
            len: batch.bytes.len() - start,
            op: origin.op,
            xid: origin.xid,
            zxid,
            received_us: origin.received_us,
            close,
        });
    }

    fn session_reply(&mut self, origin: &Origin, valid: bool, timeout_ms: i32) {
        let read_only = origin.with_read_only.then_some(false);
        let response = match valid {
            true => ConnectResponse {
                timeout_ms,
                session_id: origin.session,
                password: proto::session::password(origin.session),
                read_only,
            },
            false => ConnectResponse::refused(read_only),
        };
        let batch = &mut self.to_io[usize::from(origin.conn.io())];
        let mut frame = Frame::bare(&mut batch.bytes);
        response.encode(frame.body());
        let len = frame.end();
        batch.items.push(IoItem::Session {
            conn: origin.conn,
            len,
            session: valid.then_some(origin.session),
            timeout_ms,
            received_us: origin.received_us,
        });
    }

    fn close(&mut self, conn: ConnId, reason: CloseReason) {
        self.item(conn, IoItem::Close { conn, reason });
    }

    fn item(&mut self, conn: ConnId, item: IoItem) {
        self.to_io[usize::from(conn.io())].items.push(item);
    }
}

/// What a transaction is made of.
enum Prepared<'a> {
    /// Itself.
    Txn(Txn),
    /// A client's request.
    Request(Request<'a>),
    /// What the sweep found.
    DeleteContainer(String),
    /// Nothing: it is refused, but takes its place.
    Refused(ErrorCode),
}

/// Appends the body of a successful write's reply.
fn put_result(txn: &Txn, applied: &Applied, out: &mut Vec<u8>) {
    match txn {
        Txn::Create(_) => {
            out.put_string(applied.path.as_deref());
            if applied.op != OpCode::Create.code() {
                put_stat(applied, out);
            }
        }
        Txn::SetData { .. } | Txn::SetAcl { .. } => put_stat(applied, out),
        Txn::Multi(_) => put_multi_results(applied, out),
        _ => {}
    }
}

fn put_multi_results(applied: &Applied, out: &mut Vec<u8>) {
    for part in &applied.parts {
        let op = OpCode::from_code(part.op);
        // Every create that answers with a stat calls itself create2.
        let shown = match op {
            Some(OpCode::CreateTtl | OpCode::CreateContainer) => OpCode::Create2.code(),
            Some(OpCode::Error) => {
                put_multi_error(part.err, out);
                continue;
            }
            _ => part.op,
        };
        MultiHeader { op: shown, done: false, err: 0 }.encode(out);
        match op {
            Some(OpCode::Create) => out.put_string(part.path.as_deref()),
            Some(OpCode::Create2 | OpCode::CreateTtl | OpCode::CreateContainer) => {
                out.put_string(part.path.as_deref());
                put_stat(part, out);
            }
            Some(OpCode::SetData) => put_stat(part, out),
            _ => {}
        }
    }
    MultiHeader::END.encode(out);
}

fn put_stat(applied: &Applied, out: &mut Vec<u8>) {
    applied.stat.unwrap_or_default().encode(out);
}

fn put_sync(
    origin: &Origin,
    body: &[u8],
    limits: jute::Limits,
    zxid: Zxid,
    out: &mut Vec<u8>,
) -> Zxid {
    let mut reader = Reader::with_limits(body, limits);
    match Request::decode(OpCode::Sync, &mut reader) {
        Ok(Request::Sync { path }) => {
            let mut frame = Frame::reply(out, origin.xid, zxid, ErrorCode::Ok);
            frame.body().put_string(path.as_deref());
            frame.end();
            zxid
        }
        _ => read::error(out, origin.xid, zxid, ErrorCode::MarshallingError).zxid,
    }
}

impl SnapshotPolicy {
    fn new(settings: &Settings) -> Self {
        let mut policy = SnapshotPolicy {
            random: settings.seed | 1,
            now_ms: 0,
            started_ms: 0,
            rests_until_ms: i64::MIN,
            running: false,
            ended: false,
            wanted: false,
            txns: 0,
            bytes: 0,
            txns_max: 0,
            bytes_max: None,
            snap_count: settings.snap_count.max(2),
            snap_size_bytes: settings.snap_size_bytes,
        };
        policy.draw();
        policy
    }

    fn logged(&mut self, bytes: usize) {
        self.txns += 1;
        self.bytes += bytes as u64;
    }

    /// Whether there is something to do about snapshots.
    fn due(&self) -> bool {
        self.ended || (!self.running && self.wants_start())
    }

    fn wants_start(&self) -> bool {
        let is_full = self.txns > self.txns_max
            || self.bytes_max.is_some_and(|bytes_max| self.bytes > bytes_max);
        self.wanted || (is_full && !self.is_resting())
    }

    fn is_resting(&self) -> bool {
        self.now_ms < self.rests_until_ms && self.txns < self.snap_count.saturating_mul(RESTING_MAX)
    }

    /// The snapshot that was being taken is finished or given up.
    fn finish(&mut self) {
        self.running = false;
        let took_ms = self.now_ms - self.started_ms;
        self.rests_until_ms = self.now_ms + 9 * took_ms;
    }

    /// Whether to start one now; then the counts begin anew.
    fn start(&mut self) -> bool {
        if self.running || !self.wants_start() {
            return false;
        }
        self.running = true;
        self.started_ms = self.now_ms;
        self.wanted = false;
        self.txns = 0;
        self.bytes = 0;
        self.draw();
        true
    }

    /// Half of the limit and a random half of it, so that servers do not snapshot at once.
    fn draw(&mut self) {
        self.txns_max = self.snap_count / 2 + self.next_random() % (self.snap_count / 2).max(1);
        self.bytes_max =
            self.snap_size_bytes.map(|size| size / 2 + self.next_random() % (size / 2).max(1));
    }

    /// xorshift64: the draw only has to differ between servers.
    fn next_random(&mut self) -> u64 {
        self.random ^= self.random << 13;
        self.random ^= self.random >> 7;
        self.random ^= self.random << 17;
        self.random
    }
}
