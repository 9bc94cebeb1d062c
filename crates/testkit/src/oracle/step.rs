//! What the generator can ask of a pair of servers, and how it reads in a report.

use std::fmt;

use jute::Reader;
use proto::OpCode;

use crate::client::frame;

/// A place for one client connection; both servers have the same slots.
pub type Slot = usize;

/// One request as it goes over the wire to both servers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Request {
    /// The client's number for it.
    pub xid: i32,
    /// The operation's number, known or not.
    pub op: i32,
    /// The body.
    pub body: Vec<u8>,
}

impl Request {
    /// Header and body.
    pub fn frame(&self) -> Vec<u8> {
        frame(self.xid, self.op, &self.body)
    }

    /// The operation, when the number is one.
    pub fn op_code(&self) -> Option<OpCode> {
        OpCode::from_code(self.op)
    }
}

/// Which session a handshake names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Who {
    /// A new one.
    New,
    /// The slot's own, with its password.
    Own,
    /// The slot's own with a password that does not fit.
    OwnWrongPassword,
    /// The slot's own with a null password.
    OwnNullPassword,
    /// The slot's own with five bytes of password.
    OwnShortPassword,
    /// One that no server ever granted, with the password it would have.
    Unknown,
}

impl Who {
    /// Whether it names the slot's session without its password.
    pub fn is_unproven_owner(self) -> bool {
        matches!(self, Who::OwnWrongPassword | Who::OwnNullPassword | Who::OwnShortPassword)
    }
}

/// A handshake.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Greeting {
    /// The session asked for.
    pub who: Who,
    /// The timeout asked for, ms.
    pub timeout_ms: i32,
    /// The read-only octet; `None` leaves it out.
    pub read_only: Option<bool>,
    /// The protocol version.
    pub protocol_version: i32,
    /// The highest zxid seen, counted from the start of the round.
    pub last_zxid_seen: i64,
}

/// One step of a round. Steps run one after the other, on both servers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Step {
    /// A handshake whose connection then sits in the slot. What sat there is dropped, or, when the
    /// session is its own, closed by the server.
    Connect(Slot, Greeting),
    /// A handshake on a connection of its own; a session that comes of it is closed at once.
    Probe(Slot, Greeting),
    /// A request and its reply.
    Ask(Slot, Request),
    /// Several requests in one write, then all their replies.
    Burst(Slot, Vec<Request>),
    /// closeSession.
    Close(Slot, Request),
    /// The connection goes, the session stays.
    Drop(Slot),
    /// Bytes that are no request; the server should close the connection.
    Garbage(Slot, Vec<u8>),
    /// A short session is created, makes ephemerals and is left to expire.
    Expire(Vec<Request>),
    /// Every connection pings, so that events on the way are seen now.
    Barrier,
}

impl Step {
    /// How many operations it counts as.
    pub fn weight(&self) -> usize {
        match self {
            Step::Burst(_, requests) => requests.len(),
            Step::Expire(requests) => requests.len() + 2,
            _ => 1,
        }
    }

    /// The name of its operation, for statistics.
    pub fn kind(&self) -> String {
        match self {
            Step::Connect(..) => "connect".into(),
            Step::Probe(..) => "probe".into(),
            Step::Ask(_, request) | Step::Close(_, request) => op_name(request.op),
            Step::Burst(..) => "burst".into(),
            Step::Drop(_) => "drop".into(),
            Step::Garbage(..) => "garbage".into(),
            Step::Expire(_) => "expire".into(),
            Step::Barrier => "barrier".into(),
        }
    }
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Step::Connect(slot, greeting) => write!(f, "client {slot}: connect {greeting:?}"),
            Step::Probe(slot, greeting) => write!(f, "client {slot}: probe {greeting:?}"),
            Step::Ask(slot, request) => write!(f, "client {slot}: {request}"),
            Step::Burst(slot, requests) => {
                write!(f, "client {slot}: burst of {}", requests.len())?;
                requests.iter().try_for_each(|request| write!(f, "\n      {request}"))
            }
            Step::Close(slot, request) => write!(f, "client {slot}: {request}"),
            Step::Drop(slot) => write!(f, "client {slot}: drop the connection"),
            Step::Garbage(slot, bytes) => {
                write!(f, "client {slot}: garbage of {} bytes, ", bytes.len())?;
                write!(f, "{}", bytes[..bytes.len().min(24)].escape_ascii())
            }
            Step::Expire(requests) => {
                write!(f, "a short session expires after")?;
                requests.iter().try_for_each(|request| write!(f, "\n      {request}"))
            }
            Step::Barrier => write!(f, "every client pings"),
        }
    }
}

impl fmt::Display for Request {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "xid {} {} ", self.xid, op_name(self.op))?;
        let decoded = self.op_code().map(|op| {
            let mut reader = Reader::new(&self.body);
            let request = proto::Request::decode(op, &mut reader);
            (request, reader.remaining().len())
        });
        match decoded {
            Some((Ok(request), rest)) => {
                write!(f, "{}", shorten(&squeeze(&format!("{request:?}"))))?;
                if rest > 0 { write!(f, " and {rest} more bytes") } else { Ok(()) }
            }
            Some((Err(error), _)) => {
                write!(f, "({error}) {}", shorten(&self.body.escape_ascii().to_string()))
            }
            None => write!(f, "{}", shorten(&self.body.escape_ascii().to_string())),
        }
    }
}

/// The name of an operation's number.
pub fn op_name(op: i32) -> String {
    OpCode::from_code(op).map_or_else(|| format!("op {op}"), |op| format!("{op:?}"))
}

/// A request's debug text without what every request has.
fn squeeze(text: &str) -> String {
    const OPEN: &str = "Some(AclList([Acl { perms: 31, id: Id { scheme: Some(\"world\"), \
                        id: Some(\"anyone\") } }]))";
    let text = text.replace(OPEN, "open");
    let mut parts = text.split("data: Some([");
    let mut out = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let (bytes, rest) = part.split_once("])").unwrap_or((part, ""));
        let count = bytes.split(", ").filter(|byte| !byte.is_empty()).count();
        out.push_str(&format!("data: {count} bytes{rest}"));
    }
    out
}

/// The text, or its beginning and its length when it is long.
fn shorten(text: &str) -> String {
    const SHOWN: usize = 1500;
    if text.len() <= SHOWN {
        return text.to_owned();
    }
    let end = (0..=SHOWN).rev().find(|at| text.is_char_boundary(*at)).unwrap_or(0);
    format!("{}… ({} bytes)", &text[..end], text.len())
}
