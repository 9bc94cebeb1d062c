//! Everything that is on disk: transaction logs, snapshots, epoch files, and the way back from
//! them to a state. Byte for byte what Apache ZooKeeper 3.9 reads and writes.
//!
//! Nothing here knows the tree, a clock or a thread: files go through [`vfs::Vfs`], state goes to
//! a [`RecoverySink`]. What was acknowledged is found again, or the start is refused with a named
//! error; no file makes this crate guess or panic.
//!
//! Start at [`recover`], then [`log::LogWriter`]; the life of a server's files:
//!
//! ```
//! use std::sync::Arc;
//! use proto::{AclList, SessionId, StatPersisted, TxnRecord, Zxid};
//! use storage::log::{LogOptions, LogWriter};
//! use storage::snapshot::{SnapshotNode, SnapshotOptions, SnapshotTail, SnapshotWriter};
//! use storage::vfs::{MemVfs, Vfs};
//! use storage::{DataDirs, RecoveryOptions, RecoverySink, recover};
//!
//! struct Tree; // the server's own state
//! impl RecoverySink for Tree {
//!     fn begin_snapshot(
//!         &mut self,
//!         _zxid: Zxid,
//!         _sessions: &[(SessionId, i32)],
//!         _acls: &[(i64, AclList)],
//!     ) -> Result<(), String> {
//!         Ok(()) // forget everything: the snapshot before was damaged
//!     }
//!     fn node(&mut self, _node: SnapshotNode<'_>) -> Result<(), String> {
//!         Ok(()) // Err(why) when the parent is missing
//!     }
//!     fn end_snapshot(&mut self, _tail: &SnapshotTail) -> Result<(), String> {
//!         Ok(())
//!     }
//!     fn txn(&mut self, _record: TxnRecord, _bytes: &[u8]) -> Result<(), String> {
//!         Ok(()) // apply; "no such node" is not an error here
//!     }
//! }
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let vfs: Arc<dyn Vfs> = Arc::new(MemVfs::new()); // OsVfs in a server
//! let dirs = DataDirs::new("/var/lib/zookeeper");
//! dirs.prepare(&*vfs, true)?; // exit code 3 on error
//! let _lock = dirs.lock(&vfs)?; // keep it as long as the server runs
//! let recovered = recover(&vfs, &dirs, &RecoveryOptions::default(), &mut Tree)?;
//! for note in &recovered.notes {
//!     println!("{note:?}");
//! }
//!
//! // The log thread: append what is queued, then one write and one sync for all of it.
//! let mut log = LogWriter::open(Arc::clone(&vfs), &dirs.log_dir(), LogOptions::default());
//! let zxid = recovered.last_zxid.next();
//! # let mut txn = Vec::new();
//! # TxnRecord {
//! #     header: proto::TxnHeader {
//! #         client_id: SessionId(1), cxid: 1, zxid, time_ms: 0, op: proto::OpCode::Error.code(),
//! #     },
//! #     txn: proto::Txn::Error { code: -101 },
//! #     digest: None,
//! # }
//! # .encode(&mut txn);
//! log.append(zxid, &txn)?; // txn: what TxnRecord::encode wrote
//! match log.commit() {
//!     Ok(stats) => assert_eq!(stats.upto, Some(zxid)), // acknowledge up to here
//!     // Stop acknowledging, say so, call this again later, then commit again.
//!     Err(error) if error.is_disk_full() => log.reopen_after_failure()?,
//!     Err(error) => return Err(error.into()), // stop being a server
//! }
//!
//! // The snapshot thread: log.roll() at the trigger, then a point in time of the tree.
//! let sessions = [(SessionId(1), 30_000)];
//! let (dir, options) = (dirs.snap_dir(), SnapshotOptions::default());
//! let mut snapshot =
//!     SnapshotWriter::create(Arc::clone(&vfs), &dir, zxid, options, &sessions, &[])?;
//! snapshot.node("/", Some(b""), -1, &StatPersisted::default())?;
//! snapshot.finish(&SnapshotTail { digest: None, last_zxid: Some(zxid) })?;
//! # Ok(())
//! # }
//! ```

mod dirs;
mod epoch;
mod error;
pub mod log;
mod names;
mod purge;
mod recover;
pub mod snapshot;
pub mod vfs;

pub use dirs::{DataDirs, DirsError, DirsLock, directory_size};
pub use epoch::{EpochError, EpochStore, Epochs};
pub use error::{Error, Result};
pub use names::{NamedFile, compression_of, log_name, logs, snapshot_name, snapshots, zxid_of};
pub use purge::{Removed, purge};
pub use recover::{
    Note, Progress, Recovered, RecoveryError, RecoveryOptions, RecoverySink, recover,
};
