//! Zab as state machines. So far only what a single server needs of broadcast: [`Proposals`].
//!
//! Elections, discovery and synchronization, and quorums of more than one, come to live here.

mod proposals;

pub use proposals::Proposals;
