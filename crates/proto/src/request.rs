use std::borrow::Cow;

use jute::{Error, Put, Reader};
use thiserror::Error;

use crate::multi::MultiRequest;
use crate::{AclList, OpCode};

/// What stands before the body of every request after the handshake.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RequestHeader {
    /// The client's number for the request.
    pub xid: i32,
    /// The operation, see [`OpCode`].
    pub op: i32,
}

impl RequestHeader {
    /// Length on the wire.
    pub const LEN: usize = 8;

    /// Reads the record.
    pub fn decode(r: &mut Reader<'_>) -> Result<Self, Error> {
        Ok(RequestHeader { xid: r.i32()?, op: r.i32()? })
    }

    /// Appends the record.
    pub fn encode(&self, out: &mut Vec<u8>) {
        out.put_i32(self.xid);
        out.put_i32(self.op);
    }
}

/// Why the body of a request is refused, with MARSHALLINGERROR in every case.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum RequestError {
    /// The bytes are not the record.
    #[error(transparent)]
    Jute(#[from] Error),
    /// A string or list that must be there is null.
    #[error("{0} is null")]
    Null(&'static str),
    /// A watcher type or watch mode that does not exist.
    #[error("{0} {1} does not exist")]
    Unknown(&'static str, i32),
    /// The operation has no place in a multi.
    #[error("operation {0} cannot be part of a multi")]
    NotInMulti(i32),
    /// Reads and writes in one multi.
    #[error("a multi mixes read and write operations")]
    MixedMulti,
    /// Create flags inside a multi that do not exist or need a TTL the record cannot carry.
    #[error("create flags {0} are not allowed in this operation of a multi")]
    MultiCreateFlags(i32),
}

/// Which watches checkWatches and removeWatches mean (`Watcher.WatcherType`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(i32)]
#[allow(missing_docs, reason = "the names are ZooKeeper's watcher types")]
pub enum WatcherKind {
    Children = 1,
    Data = 2,
    Any = 3,
    Persistent = 4,
    PersistentRecursive = 5,
}

impl WatcherKind {
    fn decode(r: &mut Reader<'_>) -> Result<Self, RequestError> {
        Ok(match r.i32()? {
            1 => WatcherKind::Children,
            2 => WatcherKind::Data,
            3 => WatcherKind::Any,
            4 => WatcherKind::Persistent,
            5 => WatcherKind::PersistentRecursive,
            other => return Err(RequestError::Unknown("watcher type", other)),
        })
    }
}

/// How addWatch watches (`AddWatchMode`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(i32)]
pub enum AddWatchMode {
    /// The node and its children, until removed.
    Persistent = 0,
    /// The whole subtree, until removed.
    PersistentRecursive = 1,
}

/// A create, create2, createContainer or createTTL.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CreateRequest<'a> {
    /// Which of the four.
    pub op: OpCode,
    /// The path, without the counter of a sequential node; `None` is null.
    pub path: Option<Cow<'a, str>>,
    /// The data; `None` is null.
    pub data: Option<&'a [u8]>,
    /// The ACL; `None` is null.
    pub acl: Option<AclList>,
    /// See [`crate::CreateMode`].
    pub flags: i32,
    /// The TTL, ms; -1 for all but createTTL.
    pub ttl_ms: i64,
}

impl<'a> CreateRequest<'a> {
    pub(crate) fn decode(op: OpCode, r: &mut Reader<'a>) -> Result<Self, Error> {
        let path = r.string()?;
        let data = r.buffer()?;
        let acl = AclList::decode(r)?;
        let flags = r.i32()?;
        let ttl_ms = if op == OpCode::CreateTtl { r.i64()? } else { -1 };
        Ok(CreateRequest { op, path, data, acl, flags, ttl_ms })
    }
}

/// The watches to arm again after a reconnect (setWatches, setWatches2).
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct SetWatches<'a> {
    /// Changes after this zxid fire at once.
    pub relative_zxid: i64,
    /// Paths with a data watch.
    pub data: Vec<Cow<'a, str>>,
    /// Paths with an exists watch on a node that was not there.
    pub exist: Vec<Cow<'a, str>>,
    /// Paths with a child watch.
    pub child: Vec<Cow<'a, str>>,
    /// Paths with a persistent watch.
    pub persistent: Vec<Cow<'a, str>>,
    /// Paths with a persistent recursive watch.
    pub persistent_recursive: Vec<Cow<'a, str>>,
}

impl<'a> SetWatches<'a> {
    fn decode(r: &mut Reader<'a>, with_persistent: bool) -> Result<Self, RequestError> {
        let mut watches = SetWatches {
            relative_zxid: r.i64()?,
            data: paths(r)?,
            exist: paths(r)?,
            child: paths(r)?,
            ..SetWatches::default()
        };
        if with_persistent {
            watches.persistent = paths(r)?;
            watches.persistent_recursive = paths(r)?;
        }
        Ok(watches)
    }
}

/// The body of a request, borrowed from the frame.
///
/// Paths are `Option` because null travels; what null means differs per operation.
#[derive(Debug, Clone, PartialEq, Eq)]
#[allow(missing_docs, reason = "fields are named as in zookeeper.jute")]
pub enum Request<'a> {
    Create(CreateRequest<'a>),
    Delete { path: Option<Cow<'a, str>>, version: i32 },
    DeleteContainer { path: Option<Cow<'a, str>> },
    SetData { path: Option<Cow<'a, str>>, data: Option<&'a [u8]>, version: i32 },
    SetAcl { path: Option<Cow<'a, str>>, acl: Option<AclList>, version: i32 },
    Check { path: Option<Cow<'a, str>>, version: i32 },
    Multi(MultiRequest<'a>),
    MultiRead(MultiRequest<'a>),
    Exists { path: Option<Cow<'a, str>>, watch: bool },
    GetData { path: Option<Cow<'a, str>>, watch: bool },
    GetAcl { path: Option<Cow<'a, str>> },
    GetChildren { path: Option<Cow<'a, str>>, watch: bool },
    GetChildren2 { path: Option<Cow<'a, str>>, watch: bool },
    GetAllChildrenNumber { path: Option<Cow<'a, str>> },
    GetEphemerals { prefix: Option<Cow<'a, str>> },
    Sync { path: Option<Cow<'a, str>> },
    SetWatches(SetWatches<'a>),
    CheckWatches { path: Option<Cow<'a, str>>, kind: WatcherKind },
    RemoveWatches { path: Option<Cow<'a, str>>, kind: WatcherKind },
    AddWatch { path: Option<Cow<'a, str>>, mode: AddWatchMode },
    Reconfig(Reconfig<'a>),
    Auth { scheme: Option<Cow<'a, str>>, auth: Option<&'a [u8]> },
    Sasl { token: Option<&'a [u8]> },
    Ping,
    WhoAmI,
    CloseSession,
}

/// A reconfiguration request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reconfig<'a> {
    /// Servers to add or change, comma-separated.
    pub joining: Option<Cow<'a, str>>,
    /// Ids to remove, comma-separated.
    pub leaving: Option<Cow<'a, str>>,
    /// A whole new configuration instead.
    pub new_members: Option<Cow<'a, str>>,
    /// The version the caller expects, -1 for any.
    pub current_config: i64,
}

impl<'a> Request<'a> {
    /// Reads the body of `op`. Trailing bytes are ignored, as in Java.
    ///
    /// Operations that no client may send have no body here and give [`RequestError::Unknown`];
    /// callers ask [`OpCode::is_client_request`] first.
    pub fn decode(op: OpCode, r: &mut Reader<'a>) -> Result<Self, RequestError> {
        Ok(match op {
            OpCode::Create | OpCode::Create2 | OpCode::CreateContainer | OpCode::CreateTtl => {
                Request::Create(CreateRequest::decode(op, r)?)
            }
            OpCode::Delete => Request::Delete { path: r.string()?, version: r.i32()? },
            OpCode::DeleteContainer => Request::DeleteContainer { path: r.string()? },
            OpCode::SetData => {
                Request::SetData { path: r.string()?, data: r.buffer()?, version: r.i32()? }
            }
            OpCode::SetAcl => {
                Request::SetAcl { path: r.string()?, acl: AclList::decode(r)?, version: r.i32()? }
            }
            OpCode::Check => Request::Check { path: r.string()?, version: r.i32()? },
            OpCode::Multi => Request::Multi(MultiRequest::decode(r)?),
            OpCode::MultiRead => Request::MultiRead(MultiRequest::decode(r)?),
            OpCode::Exists => Request::Exists { path: r.string()?, watch: r.bool()? },
            OpCode::GetData => Request::GetData { path: r.string()?, watch: r.bool()? },
            OpCode::GetAcl => Request::GetAcl { path: r.string()? },
            OpCode::GetChildren => Request::GetChildren { path: r.string()?, watch: r.bool()? },
            OpCode::GetChildren2 => Request::GetChildren2 { path: r.string()?, watch: r.bool()? },
            OpCode::GetAllChildrenNumber => Request::GetAllChildrenNumber { path: r.string()? },
            OpCode::GetEphemerals => Request::GetEphemerals { prefix: r.string()? },
            OpCode::Sync => Request::Sync { path: r.string()? },
            OpCode::SetWatches => Request::SetWatches(SetWatches::decode(r, false)?),
            OpCode::SetWatches2 => Request::SetWatches(SetWatches::decode(r, true)?),
            OpCode::CheckWatches => {
                Request::CheckWatches { path: r.string()?, kind: WatcherKind::decode(r)? }
            }
            OpCode::RemoveWatches => {
                Request::RemoveWatches { path: r.string()?, kind: WatcherKind::decode(r)? }
            }
            OpCode::AddWatch => Request::AddWatch { path: r.string()?, mode: watch_mode(r)? },
            OpCode::Reconfig => Request::Reconfig(Reconfig {
                joining: r.string()?,
                leaving: r.string()?,
                new_members: r.string()?,
                current_config: r.i64()?,
            }),
            OpCode::Auth => {
                r.i32()?;
                Request::Auth { scheme: r.string()?, auth: r.buffer()? }
            }
            OpCode::Sasl => Request::Sasl { token: r.buffer()? },
            OpCode::Ping => Request::Ping,
            OpCode::WhoAmI => Request::WhoAmI,
            OpCode::CloseSession => Request::CloseSession,
            OpCode::Notification | OpCode::CreateSession | OpCode::Error => {
                return Err(RequestError::Unknown("request", op.code()));
            }
        })
    }
}

fn watch_mode(r: &mut Reader<'_>) -> Result<AddWatchMode, RequestError> {
    match r.i32()? {
        0 => Ok(AddWatchMode::Persistent),
        1 => Ok(AddWatchMode::PersistentRecursive),
        other => Err(RequestError::Unknown("watch mode", other)),
    }
}

fn paths<'a>(r: &mut Reader<'a>) -> Result<Vec<Cow<'a, str>>, RequestError> {
    let paths = r.vector(|r| r.string()?.ok_or(RequestError::Null("a watched path")))?;
    paths.ok_or(RequestError::Null("a list of watched paths"))
}
