//! A small blocking client that speaks the wire protocol and hides nothing.
//!
//! It sends whatever it is given, malformed frames included, and hands back every packet in the
//! order of arrival. It never reconnects, retries or pings by itself: a test decides. Start at
//! [`Client::connect`]; [`request`] builds request bodies, [`Body`] reads reply bodies.

mod body;
pub mod request;

use std::collections::VecDeque;
use std::io::{self, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpStream};
use std::time::Duration;

use jute::{Put, Reader};
use proto::{
    Acl, ConnectRequest, ConnectResponse, ErrorCode, OpCode, ReplyHeader, RequestHeader, SessionId,
    Stat, WatcherEvent, Zxid, xid,
};
use thiserror::Error;

pub use body::{Body, MultiResult};

/// How long a client waits for the server before it gives up.
pub const PATIENCE: Duration = Duration::from_secs(20);

/// No server sends more; a larger length means that we lost the frame boundary.
const FRAME_MAX_BYTES: usize = 64 << 20;

/// Why a packet could not be had.
#[derive(Debug, Error)]
pub enum Error {
    /// The server closed the connection.
    #[error("the server closed the connection")]
    Closed,
    /// Nothing arrived in time.
    #[error("no answer from the server within {0:?}")]
    Silent(Duration),
    /// The server answered a handshake with "your session is gone".
    #[error("the server refused the session")]
    SessionRefused,
    /// The bytes are not what the protocol says.
    #[error("the server's packet cannot be read: {0}")]
    Malformed(#[from] jute::Error),
    /// A frame length that no server sends.
    #[error("the server announced a frame of {0} bytes")]
    FrameLength(i32),
    /// The server answered another request than the one asked.
    #[error("the reply has xid {got}, the request had {want}")]
    WrongXid {
        /// The request's xid.
        want: i32,
        /// The reply's xid.
        got: i32,
    },
    /// The reply carries an error code.
    #[error("the server answered {}", code_name(*.0))]
    Refused(i32),
    /// The socket failed.
    #[error("socket: {0}")]
    Socket(#[from] io::Error),
}

impl Error {
    /// The code of a reply that refuses the request.
    pub fn code(&self) -> Option<ErrorCode> {
        match self {
            Error::Refused(code) => ErrorCode::from_code(*code),
            _ => None,
        }
    }
}

/// The name of a result code, or its number when it has none.
pub fn code_name(code: i32) -> String {
    ErrorCode::from_code(code).map_or_else(|| code.to_string(), |code| code.name().to_owned())
}

/// What a client says first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hello {
    /// Normally 0.
    pub protocol_version: i32,
    /// The highest zxid this client claims to have seen.
    pub last_zxid_seen: Zxid,
    /// The session timeout asked for, ms.
    pub timeout_ms: i32,
    /// The session to resume; 0 asks for a new one.
    pub session_id: SessionId,
    /// Its password; `None` is null.
    pub password: Option<Box<[u8]>>,
    /// The last octet; `None` leaves it out as clients before 3.4 do.
    pub read_only: Option<bool>,
}

impl Default for Hello {
    fn default() -> Self {
        Hello {
            protocol_version: 0,
            last_zxid_seen: Zxid::ZERO,
            timeout_ms: 30_000,
            session_id: SessionId(0),
            password: Some(Box::new([0; 16])),
            read_only: Some(false),
        }
    }
}

impl Hello {
    /// Asks for a new session with this timeout.
    pub fn with_timeout_ms(timeout_ms: i32) -> Self {
        Hello { timeout_ms, ..Hello::default() }
    }

    /// Resumes the session of an earlier greeting.
    pub fn resume(greeting: &ConnectResponse) -> Self {
        Hello {
            timeout_ms: greeting.timeout_ms,
            session_id: greeting.session_id,
            password: Some(Box::new(greeting.password)),
            ..Hello::default()
        }
    }

    fn encode(&self) -> Vec<u8> {
        let mut out = Vec::new();
        ConnectRequest {
            protocol_version: self.protocol_version,
            last_zxid_seen: self.last_zxid_seen,
            timeout_ms: self.timeout_ms,
            session_id: self.session_id,
            password: self.password.clone(),
            read_only: self.read_only,
        }
        .encode(&mut out);
        out
    }
}

/// An answer to a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reply {
    /// xid, zxid and result.
    pub header: ReplyHeader,
    /// What follows the header, undecoded; see [`Body::decode`].
    pub body: Vec<u8>,
}

/// A watch notification.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Event {
    /// The zxid of the change, -1 when setWatches found it.
    pub zxid: Zxid,
    /// What happened where.
    pub event: WatcherEvent,
}

/// What a server sends after the handshake.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Packet {
    /// An answer.
    Reply(Reply),
    /// A notification.
    Event(Event),
}

/// A connection with a session.
#[derive(Debug)]
pub struct Client {
    wire: Wire,
    greeting: ConnectResponse,
    next_xid: i32,
    last_zxid: Zxid,
    events: VecDeque<Event>,
}

impl Client {
    /// Connects and shakes hands. A refused session is [`Error::SessionRefused`].
    pub fn connect(server: SocketAddr, hello: &Hello) -> Result<Self, Error> {
        let client = Self::connect_raw(server, hello)?;
        if client.greeting.timeout_ms <= 0 {
            return Err(Error::SessionRefused);
        }
        Ok(client)
    }

    /// Connects and shakes hands; also hands back the connection on which the session was
    /// refused (the greeting says so).
    pub fn connect_raw(server: SocketAddr, hello: &Hello) -> Result<Self, Error> {
        let mut wire = Wire::open(server)?;
        wire.send_frame(&hello.encode())?;
        let frame = wire.receive_frame()?;
        let mut reader = Reader::new(&frame);
        let greeting = ConnectResponse::decode(&mut reader)?;
        Ok(Client {
            wire,
            greeting,
            next_xid: 1,
            last_zxid: hello.last_zxid_seen,
            events: VecDeque::new(),
        })
    }

    /// The server's answer to the handshake.
    pub fn greeting(&self) -> &ConnectResponse {
        &self.greeting
    }

    /// The session.
    pub fn session_id(&self) -> SessionId {
        self.greeting.session_id
    }

    /// The highest zxid in any packet so far.
    pub fn last_zxid(&self) -> Zxid {
        self.last_zxid
    }

    /// How long to wait for a packet before [`Error::Silent`]; [`PATIENCE`] at first.
    pub fn set_patience(&mut self, patience: Duration) -> Result<(), Error> {
        self.wire.set_patience(patience)
    }

    /// Sends bytes as they are, without a length in front.
    pub fn send_raw(&mut self, bytes: &[u8]) -> Result<(), Error> {
        self.wire.send(bytes)
    }

    /// Sends one frame of these bytes.
    pub fn send_frame(&mut self, frame: &[u8]) -> Result<(), Error> {
        self.wire.send_frame(frame)
    }

    /// Sends a request and returns at once with the xid it got.
    pub fn send(&mut self, op: OpCode, body: &[u8]) -> Result<i32, Error> {
        let xid = self.take_xid(op);
        self.send_frame(&frame(xid, op.code(), body))?;
        Ok(xid)
    }

    /// Sends several requests in one write and returns their xids.
    pub fn send_all<'a>(
        &mut self,
        requests: impl IntoIterator<Item = (OpCode, &'a [u8])>,
    ) -> Result<Vec<i32>, Error> {
        let mut bytes = Vec::new();
        let mut xids = Vec::new();
        for (op, body) in requests {
            let xid = self.take_xid(op);
            xids.push(xid);
            put_frame(&mut bytes, &frame(xid, op.code(), body));
        }
        self.wire.send(&bytes)?;
        Ok(xids)
    }

    /// The next packet, whatever it is.
    pub fn receive(&mut self) -> Result<Packet, Error> {
        if let Some(event) = self.events.pop_front() {
            return Ok(Packet::Event(event));
        }
        self.receive_new()
    }

    /// The next reply; events on the way are kept for [`Client::events`].
    pub fn receive_reply(&mut self) -> Result<Reply, Error> {
        loop {
            match self.receive_new()? {
                Packet::Reply(reply) => return Ok(reply),
                Packet::Event(event) => self.events.push_back(event),
            }
        }
    }

    /// The events that arrived before replies, in order.
    pub fn events(&mut self) -> Vec<Event> {
        self.events.drain(..).collect()
    }

    /// Asks and waits for the answer, whatever its result code.
    pub fn ask(&mut self, op: OpCode, body: &[u8]) -> Result<Reply, Error> {
        let want = self.send(op, body)?;
        let reply = self.receive_reply()?;
        let got = reply.header.xid;
        if got == want { Ok(reply) } else { Err(Error::WrongXid { want, got }) }
    }

    /// Asks and reads the body; a result code other than OK is [`Error::Refused`].
    pub fn call(&mut self, op: OpCode, body: &[u8]) -> Result<Body, Error> {
        let reply = self.ask(op, body)?;
        if reply.header.err != 0 {
            return Err(Error::Refused(reply.header.err));
        }
        Ok(Body::decode(op, &mut Reader::new(&reply.body))?)
    }

    /// Creates a node and returns its path.
    pub fn create(&mut self, path: &str, data: &[u8], flags: i32) -> Result<String, Error> {
        self.create_with_acl(path, data, &request::open_acl(), flags)
    }

    /// Creates a node with an ACL and returns its path.
    pub fn create_with_acl(
        &mut self,
        path: &str,
        data: &[u8],
        acl: &[Acl],
        flags: i32,
    ) -> Result<String, Error> {
        let body = request::create(Some(path), Some(data), Some(acl), flags);
        match self.call(OpCode::Create, &body)? {
            Body::Path(path) => Ok(path.unwrap_or_default()),
            other => Err(unexpected(&other)),
        }
    }

    /// A node's data (null reads as empty) and stat.
    pub fn get_data(&mut self, path: &str, watch: bool) -> Result<(Vec<u8>, Stat), Error> {
        match self.call(OpCode::GetData, &request::path_watch(Some(path), watch))? {
            Body::Data(data, stat) => Ok((data.unwrap_or_default(), stat)),
            other => Err(unexpected(&other)),
        }
    }

    /// Changes a node's data; version -1 is any.
    pub fn set_data(&mut self, path: &str, data: &[u8], version: i32) -> Result<Stat, Error> {
        let body = request::set_data(Some(path), Some(data), version);
        match self.call(OpCode::SetData, &body)? {
            Body::Stat(stat) => Ok(stat),
            other => Err(unexpected(&other)),
        }
    }

    /// Deletes a node; version -1 is any.
    pub fn delete(&mut self, path: &str, version: i32) -> Result<(), Error> {
        self.call(OpCode::Delete, &request::path_version(Some(path), version)).map(drop)
    }

    /// A node's stat, `None` when there is no such node.
    pub fn exists(&mut self, path: &str, watch: bool) -> Result<Option<Stat>, Error> {
        match self.call(OpCode::Exists, &request::path_watch(Some(path), watch)) {
            Ok(Body::Stat(stat)) => Ok(Some(stat)),
            Ok(other) => Err(unexpected(&other)),
            Err(Error::Refused(code)) if code == ErrorCode::NoNode.code() => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// A node's children, sorted.
    pub fn get_children(&mut self, path: &str, watch: bool) -> Result<Vec<String>, Error> {
        match self.call(OpCode::GetChildren, &request::path_watch(Some(path), watch))? {
            Body::Children(mut children) => {
                children.sort();
                Ok(children)
            }
            other => Err(unexpected(&other)),
        }
    }

    /// A node's ACL and stat.
    pub fn get_acl(&mut self, path: &str) -> Result<(Vec<Acl>, Stat), Error> {
        match self.call(OpCode::GetAcl, &request::path(Some(path)))? {
            Body::Acl(acl, stat) => Ok((acl, stat)),
            other => Err(unexpected(&other)),
        }
    }

    /// Runs a transaction of encoded sub-requests (see [`request::multi`]).
    pub fn multi(&mut self, parts: &[request::Part]) -> Result<Vec<MultiResult>, Error> {
        match self.call(OpCode::Multi, &request::multi(parts))? {
            Body::Multi(results) => Ok(results),
            other => Err(unexpected(&other)),
        }
    }

    /// Authenticates this connection.
    pub fn auth(&mut self, scheme: &str, auth: &[u8]) -> Result<(), Error> {
        self.call(OpCode::Auth, &request::auth(Some(scheme), Some(auth))).map(drop)
    }

    /// Pings and returns the server's last processed zxid.
    pub fn ping(&mut self) -> Result<Zxid, Error> {
        Ok(self.ask(OpCode::Ping, &[])?.header.zxid)
    }

    /// Ends the session and waits until the server has closed the connection.
    pub fn close_session(mut self) -> Result<(), Error> {
        self.call(OpCode::CloseSession, &[])?;
        self.wait_closed()
    }

    /// Waits for the server to close the connection; packets on the way are dropped.
    pub fn wait_closed(&mut self) -> Result<(), Error> {
        loop {
            match self.receive_new() {
                Ok(_) => {}
                Err(Error::Closed) => return Ok(()),
                Err(error) => return Err(error),
            }
        }
    }

    /// Drops the connection and leaves the session to the server.
    pub fn disconnect(self) {
        self.wire.shut_down();
    }

    fn receive_new(&mut self) -> Result<Packet, Error> {
        let frame = self.wire.receive_frame()?;
        let mut reader = Reader::new(&frame);
        let header = ReplyHeader::decode(&mut reader)?;
        self.last_zxid = self.last_zxid.max(header.zxid);
        if header.xid == xid::NOTIFICATION {
            let event = WatcherEvent::decode(&mut reader)?;
            return Ok(Packet::Event(Event { zxid: header.zxid, event }));
        }
        Ok(Packet::Reply(Reply { header, body: reader.remaining().to_vec() }))
    }

    fn take_xid(&mut self, op: OpCode) -> i32 {
        match op {
            OpCode::Ping => xid::PING,
            OpCode::Auth => xid::AUTH,
            OpCode::SetWatches | OpCode::SetWatches2 => xid::SET_WATCHES,
            _ => {
                let xid = self.next_xid;
                self.next_xid = xid.checked_add(1).unwrap_or(1);
                xid
            }
        }
    }
}

/// A request's header and body, without the length.
pub fn frame(xid: i32, op: i32, body: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(RequestHeader::LEN + body.len());
    RequestHeader { xid, op }.encode(&mut out);
    out.extend_from_slice(body);
    out
}

/// Appends a frame with its length in front.
pub fn put_frame(out: &mut Vec<u8>, frame: &[u8]) {
    out.put_i32(i32::try_from(frame.len()).expect("test frames are small"));
    out.extend_from_slice(frame);
}

fn unexpected(body: &Body) -> Error {
    unreachable!("Body::decode gives the body of the operation asked for, not {body:?}")
}

/// The socket and the bytes that are not a whole frame yet.
#[derive(Debug)]
struct Wire {
    stream: TcpStream,
    patience: Duration,
    input: Vec<u8>,
    taken: usize,
}

impl Wire {
    fn open(server: SocketAddr) -> Result<Self, Error> {
        let stream = TcpStream::connect_timeout(&server, PATIENCE)?;
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(PATIENCE))?;
        stream.set_write_timeout(Some(PATIENCE))?;
        Ok(Wire { stream, patience: PATIENCE, input: Vec::new(), taken: 0 })
    }

    fn set_patience(&mut self, patience: Duration) -> Result<(), Error> {
        if patience != self.patience {
            self.stream.set_read_timeout(Some(patience))?;
            self.patience = patience;
        }
        Ok(())
    }

    fn send_frame(&mut self, frame: &[u8]) -> Result<(), Error> {
        let mut bytes = Vec::with_capacity(frame.len() + 4);
        put_frame(&mut bytes, frame);
        self.send(&bytes)
    }

    fn send(&mut self, bytes: &[u8]) -> Result<(), Error> {
        self.stream.write_all(bytes).map_err(from_io)
    }

    fn receive_frame(&mut self) -> Result<Vec<u8>, Error> {
        let header = self.peek(4)?;
        let length = i32::from_be_bytes(header.try_into().expect("peek gives four bytes"));
        let size = usize::try_from(length).ok().filter(|size| *size <= FRAME_MAX_BYTES);
        let size = size.ok_or(Error::FrameLength(length))?;
        let frame = self.peek(4 + size)?[4..].to_vec();
        self.taken += 4 + size;
        if self.taken == self.input.len() {
            self.input.clear();
            self.taken = 0;
        }
        Ok(frame)
    }

    /// The next `wanted` bytes, which stay in the buffer.
    fn peek(&mut self, wanted: usize) -> Result<&[u8], Error> {
        let mut chunk = [0; 16 << 10];
        while self.input.len() - self.taken < wanted {
            match self.stream.read(&mut chunk) {
                Ok(0) => return Err(Error::Closed),
                Ok(count) => self.input.extend_from_slice(&chunk[..count]),
                Err(error) if is_timeout(&error) => return Err(Error::Silent(self.patience)),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(from_io(error)),
            }
        }
        Ok(&self.input[self.taken..self.taken + wanted])
    }

    fn shut_down(&self) {
        // The peer may be gone already; either way the connection is over.
        let _ = self.stream.shutdown(Shutdown::Both);
    }
}

fn is_timeout(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut)
}

/// A reset is a close: which of the two a client sees depends on what was still unread.
fn from_io(error: io::Error) -> Error {
    match error.kind() {
        io::ErrorKind::ConnectionReset
        | io::ErrorKind::ConnectionAborted
        | io::ErrorKind::BrokenPipe
        | io::ErrorKind::NotConnected => Error::Closed,
        _ => Error::Socket(error),
    }
}
