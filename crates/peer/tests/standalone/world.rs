//! A peer with its tree, and the test as its disk and network.

use std::collections::HashMap;
use std::sync::Arc;

use jute::{Put, Reader};
use peer::auth::Rules;
use peer::{
    CloseReason, ConnId, Connect, Forwarded, Input, IoItem, LogBatch, Now, Output, Peer,
    RequestBatch, Restored, Settings,
};
use proto::{AclList, ConnectResponse, ErrorCode, EventKind, OpCode, ReplyHeader, SessionId, Zxid};
use tree::{DataTree, Options, Watches};

/// A peer with its tree; the test is the disk and the network.
pub struct World {
    pub peer: Peer,
    pub tree: DataTree,
    pub watches: Watches,
    pub now: Now,
    pub unsynced: Vec<LogBatch>,
    pub sent: Vec<Sent>,
    pub snapshots: Vec<peer::Snapshot>,
    pub sessions: HashMap<ConnId, SessionId>,
    pub next_xid: i32,
}

/// What a client or the network got.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Sent {
    Reply { conn: u64, xid: i32, zxid: i64, err: ErrorCode, body: Vec<u8>, close: bool },
    Event { conn: u64, kind: EventKind, path: String, zxid: i64 },
    Session { conn: u64, session: i64, timeout_ms: i32 },
    Close { conn: u64, reason: CloseReason },
    Ask { conn: u64 },
}

impl World {
    pub fn new() -> Self {
        World::with(Settings::default())
    }

    pub fn with(settings: Settings) -> Self {
        let now = Now { monotonic_ms: 0, wall_ms: 1_000_000 };
        let options =
            Options { hash_seed: 1, digest: settings.digest, ephemeral: settings.ephemeral };
        let rules = Rules { digest: Some(Default::default()), ..Rules::default() };
        World {
            peer: Peer::new(settings, Arc::new(rules), Restored::default(), SessionId(100), now),
            tree: DataTree::new(options),
            watches: Watches::new(),
            now,
            unsynced: Vec::new(),
            sent: Vec::new(),
            snapshots: Vec::new(),
            sessions: HashMap::new(),
            next_xid: 1,
        }
    }

    pub fn input(&mut self, input: Input) {
        self.peer.handle(self.now, input, &self.tree);
        self.settle();
    }

    pub fn settle(&mut self) {
        if self.peer.wants_apply() {
            self.peer.apply(&mut self.tree, &mut self.watches);
        }
        while let Some(output) = self.peer.poll_output() {
            match output {
                Output::Append(batch) => self.unsynced.push(batch),
                Output::ToIo { batch, .. } => self.deliver(batch),
                Output::Snapshot(snapshot) => self.snapshots.push(snapshot),
                Output::SnapshotEnded(_) | Output::Notice(_) => {}
            }
        }
    }

    /// The disk catches up.
    pub fn sync(&mut self) {
        while !self.unsynced.is_empty() {
            let batches = std::mem::take(&mut self.unsynced);
            let upto = batches.last().and_then(|batch| batch.ends.last()).map(|end| end.0).unwrap();
            self.input(Input::LogDurable { upto });
        }
    }

    pub fn advance(&mut self, ms: i64) {
        self.now.monotonic_ms += ms;
        self.now.wall_ms += ms;
        self.input(Input::Timeout);
    }

    pub fn deliver(&mut self, batch: peer::IoBatch) {
        let mut bytes = &batch.bytes[..];
        for item in batch.items {
            match item {
                IoItem::Reply { conn, len, close, .. } => {
                    let (frame, rest) = bytes.split_at(len);
                    bytes = rest;
                    let mut r = Reader::new(frame);
                    assert_eq!(r.i32().unwrap() as usize, len - 4);
                    let header = ReplyHeader::decode(&mut r).unwrap();
                    self.sent.push(Sent::Reply {
                        conn: conn.0,
                        xid: header.xid,
                        zxid: header.zxid.0,
                        err: ErrorCode::from_code(header.err).unwrap(),
                        body: r.remaining().to_vec(),
                        close,
                    });
                }
                IoItem::Session { conn, len, session, .. } => {
                    let (frame, rest) = bytes.split_at(len);
                    bytes = rest;
                    let response = ConnectResponse::decode(&mut Reader::new(&frame[4..])).unwrap();
                    if let Some(session) = session {
                        self.sessions.insert(conn, session);
                    }
                    self.sent.push(Sent::Session {
                        conn: conn.0,
                        session: response.session_id.0,
                        timeout_ms: response.timeout_ms,
                    });
                }
                IoItem::Event { conn, kind, path, zxid, .. } => self.sent.push(Sent::Event {
                    conn: conn.0,
                    kind,
                    path: path.to_string(),
                    zxid: zxid.0,
                }),
                IoItem::Close { conn, reason } => {
                    self.sent.push(Sent::Close { conn: conn.0, reason });
                }
                IoItem::ReportActivity { conn } => self.sent.push(Sent::Ask { conn: conn.0 }),
            }
        }
        assert!(bytes.is_empty(), "every byte belongs to an item");
    }

    pub fn take(&mut self) -> Vec<Sent> {
        std::mem::take(&mut self.sent)
    }

    /// The replies' results since the last look.
    pub fn errors(&mut self) -> Vec<ErrorCode> {
        let error = |sent: Sent| match sent {
            Sent::Reply { err, .. } => Some(err),
            _ => None,
        };
        self.take().into_iter().filter_map(error).collect()
    }

    pub fn connect(&mut self, conn: u64, session: SessionId, password: [u8; 16]) {
        self.input(Input::Connect(Connect {
            conn: ConnId(conn),
            session,
            password: Some(password.into()),
            timeout_ms: 10_000,
            last_zxid_seen: Zxid(0),
            with_read_only: true,
            received_us: 0,
        }));
    }

    /// A new session over connection `conn`.
    pub fn open(&mut self, conn: u64) -> SessionId {
        self.connect(conn, SessionId(0), [0; 16]);
        self.sync();
        self.take();
        self.sessions[&ConnId(conn)]
    }

    pub fn send(&mut self, conn: u64, requests: &[(OpCode, Vec<u8>)]) {
        let mut batch = RequestBatch::default();
        for (op, body) in requests {
            let request = Forwarded {
                conn: ConnId(conn),
                session: self.sessions[&ConnId(conn)],
                xid: self.next_xid,
                op: *op,
                ids: Rules::initial_ids([127, 0, 0, 1].into()).into(),
                received_us: 0,
                body: 0..0,
            };
            self.next_xid += 1;
            batch.push(request, body);
        }
        self.input(Input::Requests(batch));
    }
}

pub fn create(path: &str, flags: i32) -> (OpCode, Vec<u8>) {
    let mut body = Vec::new();
    put_create(&mut body, path, flags);
    (OpCode::Create, body)
}

pub fn put_create(body: &mut Vec<u8>, path: &str, flags: i32) {
    body.put_string(Some(path));
    body.put_buffer(Some(b"data"));
    AclList::open().encode(body);
    body.put_i32(flags);
}

pub fn set(path: &str, data: &[u8]) -> (OpCode, Vec<u8>) {
    let mut body = Vec::new();
    body.put_string(Some(path));
    body.put_buffer(Some(data));
    body.put_i32(-1);
    (OpCode::SetData, body)
}

pub fn delete(path: &str, version: i32) -> (OpCode, Vec<u8>) {
    let mut body = Vec::new();
    body.put_string(Some(path));
    body.put_i32(version);
    (OpCode::Delete, body)
}

pub fn get(path: &str, watch: bool) -> (OpCode, Vec<u8>) {
    let mut body = Vec::new();
    body.put_string(Some(path));
    body.put_bool(watch);
    (OpCode::GetData, body)
}

pub fn close() -> (OpCode, Vec<u8>) {
    (OpCode::CloseSession, Vec::new())
}

pub fn data_of(body: &[u8]) -> Vec<u8> {
    Reader::new(body).buffer().unwrap().unwrap().to_vec()
}
