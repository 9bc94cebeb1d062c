//! ZooKeeper's vocabulary: id types, codes, and every record that crosses a socket or a disk.
//!
//! Nothing here decides anything; it only names and encodes. Requests are decoded without
//! copying ([`Request`]), transactions are owned ([`Txn`]) because they live until they are applied.

mod acl;
mod connect;
mod data;
mod ephemeral;
mod error;
mod ids;
mod multi;
mod op;
pub mod path;
mod reply;
mod request;
pub mod session;
mod stat;
mod txn;

pub use acl::{Acl, AclList, Id, perms};
pub use connect::{ConnectRequest, ConnectResponse};
pub use data::Data;
pub use ephemeral::{EphemeralRules, EphemeralType, InvalidOwner, TTL_MAX_MS};
pub use error::ErrorCode;
pub use ids::{ServerId, SessionId, Zxid};
pub use multi::{MultiHeader, MultiRequest, SubRequest};
pub use op::{CreateMode, OpCode};
pub use reply::{EventKind, KeeperState, ReplyHeader, WatcherEvent, xid};
pub use request::{
    AddWatchMode, CreateRequest, Reconfig, Request, RequestError, RequestHeader, SetWatches,
    WatcherKind,
};
pub use stat::{Stat, StatPersisted};
pub use txn::{CreateKind, CreateTxn, Txn, TxnDigest, TxnError, TxnHeader, TxnRecord};
