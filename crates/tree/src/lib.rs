//! The tree of znodes and the watches on it.
//!
//! Start at [`DataTree`]: `find` and `node` read, `apply` is the only way to change it, one
//! decided transaction at a time. Applying never fails and never panics whatever the transaction
//! says; what went wrong is in [`Applied::err`], as in ZooKeeper's replay.
//!
//! Invariant: no clock, no randomness, no I/O. The same transactions give the same tree, events
//! and order of both on every server; no hash-map order can be seen.
//!
//! Invariant: paths are not stored. A node knows its name and its parent, an index finds the
//! child of a parent by name, and a path is put together when somebody needs it.
//!
//! Invariant: a snapshot is one version of the tree ([`DataTree::begin_snapshot`]), however many
//! transactions are applied while it is written.

mod acl;
mod apply;
mod arena;
mod data_tree;
mod digest;
mod index;
mod load;
mod name;
mod node;
mod owners;
pub mod quota;
mod snapshot;
mod watch;

pub use apply::Applied;
pub use data_tree::{DataTree, NodeId, NodeRef, Options};
pub use digest::{DigestMismatch, ZxidDigest, node_digest};
pub use load::{LoadError, Loader};
pub use snapshot::{EndedSnapshot, SnapshotCursor, SnapshotNode, SnapshotPlan};
pub use watch::{Event, WatchSummary, WatcherId, Watches};
