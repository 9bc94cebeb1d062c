use jute::{Error, Put, Reader};

use crate::{ErrorCode, Zxid};

/// The xids with a meaning of their own; ordinary ones start at 1.
pub mod xid {
    /// A notification from the server.
    pub const NOTIFICATION: i32 = -1;
    /// A ping; the reply has it whatever came in.
    pub const PING: i32 = -2;
    /// An auth packet.
    pub const AUTH: i32 = -4;
    /// setWatches and setWatches2.
    pub const SET_WATCHES: i32 = -8;
}

/// What stands before the body of every reply and event (16 bytes).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ReplyHeader {
    /// The request's xid.
    pub xid: i32,
    /// The state the operation saw; a write's own zxid.
    pub zxid: Zxid,
    /// The result.
    pub err: i32,
}

impl ReplyHeader {
    /// Length on the wire.
    pub const LEN: usize = 16;

    /// The header of a reply.
    pub fn new(xid: i32, zxid: Zxid, err: ErrorCode) -> Self {
        ReplyHeader { xid, zxid, err: err.code() }
    }

    /// Appends the record.
    pub fn encode(&self, out: &mut Vec<u8>) {
        out.put_i32(self.xid);
        out.put_i64(self.zxid.0);
        out.put_i32(self.err);
    }

    /// Reads the record.
    pub fn decode(r: &mut Reader<'_>) -> Result<Self, Error> {
        Ok(ReplyHeader { xid: r.i32()?, zxid: Zxid(r.i64()?), err: r.i32()? })
    }
}

/// What happened to a watched node (`Watcher.Event.EventType`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[repr(i32)]
pub enum EventKind {
    /// The node was created.
    NodeCreated = 1,
    /// The node was deleted.
    NodeDeleted = 2,
    /// Its data changed.
    NodeDataChanged = 3,
    /// A child came or went.
    NodeChildrenChanged = 4,
}

impl EventKind {
    /// The kind with this number.
    pub fn from_code(code: i32) -> Option<Self> {
        Some(match code {
            1 => EventKind::NodeCreated,
            2 => EventKind::NodeDeleted,
            3 => EventKind::NodeDataChanged,
            4 => EventKind::NodeChildrenChanged,
            _ => return None,
        })
    }
}

/// The state of the connection that an event carries; servers only send SyncConnected.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(i32)]
pub enum KeeperState {
    /// Connected to a server of the ensemble.
    SyncConnected = 3,
}

/// The body of a notification.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WatcherEvent {
    /// What happened, see [`EventKind`].
    pub kind: i32,
    /// The connection's state, see [`KeeperState`].
    pub state: i32,
    /// The node.
    pub path: String,
}

impl WatcherEvent {
    /// Appends an event's body without building the record.
    pub fn encode_parts(out: &mut Vec<u8>, kind: EventKind, path: &str) {
        out.put_i32(kind as i32);
        out.put_i32(KeeperState::SyncConnected as i32);
        out.put_string(Some(path));
    }

    /// Reads the record.
    pub fn decode(r: &mut Reader<'_>) -> Result<Self, Error> {
        let (kind, state) = (r.i32()?, r.i32()?);
        let path = r.string()?.unwrap_or_default().into_owned();
        Ok(WatcherEvent { kind, state, path })
    }
}
