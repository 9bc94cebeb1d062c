//! Requests of any content through a whole standalone peer, without sockets and disks.

use std::collections::BTreeMap;
use std::sync::Arc;

use jute::{Limits, Reader};
use peer::auth::Rules;
use peer::{
    ConnId, Connect, Fence, Forwarded, Input, IoItem, Now, Output, Peer, RequestBatch, Restored,
    Route, Settings, read,
};
use proto::{Id, OpCode, ReplyHeader, SessionId, TxnRecord, Zxid};
use tree::{DataTree, Watches};

use super::wire::options;

/// Operations by the first byte of a step; what comes behind them in the byte's range is done by
/// [`Deed`].
pub const OPS: &[OpCode] = &[
    OpCode::Create,
    OpCode::Create2,
    OpCode::CreateContainer,
    OpCode::CreateTtl,
    OpCode::Delete,
    OpCode::SetData,
    OpCode::SetAcl,
    OpCode::Multi,
    OpCode::MultiRead,
    OpCode::Exists,
    OpCode::GetData,
    OpCode::GetAcl,
    OpCode::GetChildren,
    OpCode::GetChildren2,
    OpCode::GetAllChildrenNumber,
    OpCode::GetEphemerals,
    OpCode::Sync,
    OpCode::SetWatches,
    OpCode::SetWatches2,
    OpCode::CheckWatches,
    OpCode::RemoveWatches,
    OpCode::AddWatch,
    OpCode::Reconfig,
    OpCode::WhoAmI,
    OpCode::Ping,
    OpCode::CloseSession,
];

/// What else can happen, by the first byte behind [`OPS`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Deed {
    /// The log becomes durable.
    Sync,
    /// Time passes: the length of the step's body, in tenths of a second.
    Wait,
    /// The connection is lost.
    Lose,
    /// The connection is made anew, with the session it had.
    Resume,
}

/// In the order of their bytes.
pub const DEEDS: &[Deed] = &[Deed::Sync, Deed::Wait, Deed::Lose, Deed::Resume];

/// How many connections there are; the top bit of a step's first byte chooses.
const CONNECTIONS: u64 = 2;
const SECOND_CONNECTION: u8 = 0x80;

/// Appends a step.
pub fn put_step(out: &mut Vec<u8>, second: bool, number: usize, body: &[u8]) {
    let number = u8::try_from(number).unwrap_or_default();
    out.push(number | if second { SECOND_CONNECTION } else { 0 });
    let length = u16::try_from(body.len()).unwrap_or(u16::MAX);
    out.extend_from_slice(&length.to_be_bytes());
    out.extend_from_slice(&body[..usize::from(length)]);
}

/// Steps, each a number, a length of two bytes and a body. Every request is answered once and in
/// order, and the log that was written makes the tree that was answered from, digests included.
pub fn pipeline(input: &[u8]) {
    let mut world = World::new();
    let mut rest = input;
    while let Some(([number, l0, l1], behind)) = rest.split_first_chunk() {
        let length = usize::from(u16::from_be_bytes([*l0, *l1])).min(behind.len());
        let (body, behind) = behind.split_at(length);
        rest = behind;
        let conn = u64::from(number & SECOND_CONNECTION > 0);
        let number = usize::from(number & !SECOND_CONNECTION) % (OPS.len() + DEEDS.len());
        match OPS.get(number) {
            Some(op) => world.request(conn, *op, body),
            None => world.deed(conn, DEEDS[number - OPS.len()], body.len()),
        }
    }
    world.sync();
    world.check_log();
}

/// A connection as an I/O thread knows it.
#[derive(Default)]
struct Conn {
    is_open: bool,
    session: SessionId,
    password: [u8; 16],
    fence: Fence,
    /// Requests the core has not answered yet.
    expected: std::collections::VecDeque<i32>,
}

struct World {
    peer: Peer,
    tree: DataTree,
    watches: Watches,
    now: Now,
    rules: Arc<Rules>,
    ids: Arc<[Id]>,
    /// By number; a connection that is made anew gets a new one.
    conns: BTreeMap<u64, Conn>,
    /// The number of each of the connections.
    numbers: [u64; CONNECTIONS as usize],
    next_number: u64,
    next_xid: i32,
    appended: Vec<Vec<u8>>,
    unsynced: Option<Zxid>,
}

impl World {
    fn new() -> Self {
        let now = Now { monotonic_ms: 0, wall_ms: 1_700_000_000_000 };
        let settings = Settings {
            ephemeral: options().ephemeral,
            enforce_quota: true,
            snap_count: 50,
            container_check_ms: 1000,
            ..Settings::default()
        };
        let rules = Arc::new(Rules { digest: Some(Default::default()), ..Rules::default() });
        let peer =
            Peer::new(settings, Arc::clone(&rules), Restored::default(), SessionId(100), now);
        let mut world = World {
            peer,
            tree: DataTree::new(options()),
            watches: Watches::new(),
            now,
            rules,
            ids: Rules::initial_ids([127, 0, 0, 1].into()).into(),
            conns: BTreeMap::new(),
            numbers: [0; CONNECTIONS as usize],
            next_number: 0,
            next_xid: 1,
            appended: Vec::new(),
            unsynced: None,
        };
        for conn in 0..CONNECTIONS {
            world.open(conn, SessionId(0), [0; 16]);
        }
        world.sync();
        world
    }

    fn open(&mut self, which: u64, session: SessionId, password: [u8; 16]) {
        let number = self.next_number;
        self.next_number += 1;
        self.numbers[which as usize] = number;
        self.conns.insert(number, Conn { session, password, ..Conn::default() });
        self.input(Input::Connect(Connect {
            conn: ConnId(number),
            session,
            password: Some(password.into()),
            timeout_ms: 6000,
            last_zxid_seen: Zxid(0),
            with_read_only: true,
            received_us: self.now.monotonic_ms * 1000,
        }));
    }

    fn request(&mut self, which: u64, op: OpCode, body: &[u8]) {
        let number = self.numbers[which as usize];
        let Some(conn) = self.conns.get_mut(&number).filter(|conn| conn.is_open) else { return };
        let xid = self.next_xid;
        self.next_xid += 1;
        let session = conn.session;
        if conn.fence.route(op) == Route::Here {
            return self.read(number, session, xid, op, body);
        }
        conn.expected.push_back(if op == OpCode::Ping { proto::xid::PING } else { xid });
        let mut batch = RequestBatch::default();
        let request = Forwarded {
            conn: ConnId(number),
            session,
            xid,
            op,
            ids: Arc::clone(&self.ids),
            received_us: self.now.monotonic_ms * 1000,
            body: 0..0,
        };
        batch.push(request, body);
        self.input(Input::Requests(batch));
    }

    fn read(&mut self, number: u64, session: SessionId, xid: i32, op: OpCode, body: &[u8]) {
        let client = read::Client {
            conn: ConnId(number),
            session,
            ids: &self.ids,
            rules: &self.rules,
            limits: Limits::default(),
        };
        let mut out = Vec::new();
        read::serve(&self.tree, &mut &mut self.watches, &client, xid, op, body, &mut out);
        let header = only_reply(&out);
        assert!(header.xid == xid || op == OpCode::Ping, "{op:?} gets an answer of its own");
    }

    fn deed(&mut self, which: u64, deed: Deed, amount: usize) {
        let number = self.numbers[which as usize];
        match deed {
            Deed::Sync => self.sync(),
            Deed::Wait => {
                self.now.monotonic_ms += 100 * amount as i64;
                self.now.wall_ms += 100 * amount as i64;
                self.input(Input::Timeout);
            }
            Deed::Lose => self.lose(number),
            Deed::Resume => {
                let Some(conn) = self.conns.get(&number) else { return };
                let (session, password) = (conn.session, conn.password);
                self.open(which, session, password);
            }
        }
    }

    fn lose(&mut self, number: u64) {
        if let Some(conn) = self.conns.get_mut(&number).filter(|conn| conn.is_open) {
            conn.is_open = false;
            let last_seen_ms = self.now.monotonic_ms;
            self.watches.remove_watcher(ConnId(number).watcher());
            self.input(Input::Closed { conn: ConnId(number), last_seen_ms });
        }
    }

    fn input(&mut self, input: Input) {
        self.peer.handle(self.now, input, &self.tree);
        self.settle();
    }

    fn sync(&mut self) {
        while let Some(upto) = self.unsynced.take() {
            self.input(Input::LogDurable { upto });
        }
    }

    fn settle(&mut self) {
        loop {
            if self.peer.wants_apply() {
                self.peer.apply(&mut self.tree, &mut self.watches);
            }
            let mut snapshot_began = false;
            while let Some(output) = self.peer.poll_output() {
                match output {
                    Output::Append(batch) => {
                        for (zxid, bytes) in batch.records() {
                            assert!(self.unsynced.is_none_or(|last| last < zxid), "zxids grow");
                            self.unsynced = Some(zxid);
                            self.appended.push(bytes.to_vec());
                        }
                    }
                    Output::ToIo { batch, .. } => self.deliver(&batch),
                    Output::Snapshot(_) => snapshot_began = true,
                    Output::SnapshotEnded(_) | Output::Notice(_) => {}
                }
            }
            if !snapshot_began {
                return;
            }
            self.peer.handle(self.now, Input::SnapshotEnded, &self.tree);
        }
    }

    fn deliver(&mut self, batch: &peer::IoBatch) {
        let mut rest = &batch.bytes[..];
        for item in &batch.items {
            match item {
                IoItem::Reply { conn, len, xid, close, .. } => {
                    let (frame, behind) = rest.split_at(*len);
                    rest = behind;
                    self.check_reply(*conn, *xid, frame, *close);
                }
                IoItem::Session { conn, len, session, .. } => {
                    let (frame, behind) = rest.split_at(*len);
                    rest = behind;
                    self.greeted(*conn, *session, frame);
                }
                IoItem::Event { .. } | IoItem::ReportActivity { .. } => {}
                IoItem::Close { conn, .. } => self.closed(*conn),
            }
        }
        assert!(rest.is_empty(), "bytes that belong to no reply");
    }

    fn check_reply(&mut self, conn: ConnId, xid: i32, frame: &[u8], close: bool) {
        let header = only_reply(frame);
        if let Some(conn) = self.conns.get_mut(&conn.0).filter(|conn| conn.is_open) {
            conn.fence.answered();
            assert_eq!(conn.expected.pop_front(), Some(header.xid), "replies in order");
            assert!(header.xid == xid || header.xid == proto::xid::PING);
        }
        if close {
            self.closed(conn);
        }
    }

    fn greeted(&mut self, conn: ConnId, session: Option<SessionId>, frame: &[u8]) {
        let (body, _) = cut_frame(frame);
        let answer = proto::ConnectResponse::decode(&mut Reader::new(body)).expect("a greeting");
        if let (Some(conn), Some(session)) = (self.conns.get_mut(&conn.0), session) {
            (conn.session, conn.password, conn.is_open) = (session, answer.password, true);
        }
    }

    /// The peer has let go of the connection.
    fn closed(&mut self, conn: ConnId) {
        if let Some(conn) = self.conns.get_mut(&conn.0) {
            conn.is_open = false;
            conn.expected.clear();
        }
        self.watches.remove_watcher(conn.watcher());
    }

    /// Replays the log into an empty tree.
    fn check_log(&self) {
        let mut replayed = DataTree::new(options());
        let mut watches = Watches::new();
        let mut events = Vec::new();
        for bytes in &self.appended {
            let record = TxnRecord::decode(&mut Reader::new(bytes)).expect("what was logged");
            replayed.apply(&record.header, &record.txn, record.digest, &mut watches, &mut events);
        }
        assert_eq!(replayed.digest_mismatches(), 0, "digests in the log");
        assert_eq!(replayed.digest(), self.tree.digest(), "the log makes another tree");
        assert_eq!(replayed.node_count(), self.tree.node_count());
        assert_eq!(replayed.last_processed(), self.tree.last_processed());
    }
}

/// The header of the reply that ends the bytes; only notifications may stand before it.
fn only_reply(bytes: &[u8]) -> ReplyHeader {
    let mut rest = bytes;
    loop {
        let (frame, behind) = cut_frame(rest);
        rest = behind;
        let header = ReplyHeader::decode(&mut Reader::new(frame)).expect("a reply's header");
        match rest.is_empty() {
            true => return header,
            false => assert_eq!(header.xid, proto::xid::NOTIFICATION, "one reply per request"),
        }
    }
}

/// A frame without its length, and what follows.
fn cut_frame(bytes: &[u8]) -> (&[u8], &[u8]) {
    let (head, rest) = bytes.split_first_chunk().expect("a frame's length");
    let length =
        usize::try_from(i32::from_be_bytes(*head)).expect("a frame's length is not negative");
    rest.split_at(length)
}
