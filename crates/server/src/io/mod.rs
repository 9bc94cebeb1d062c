//! The I/O threads: each owns its connections, answers their reads, and hands everything else
//! to the core in batches.
//!
//! One round of a thread: wait for readiness, take what other threads sent, read and understand
//! what arrived, hand requests to the core, write. Every step works on groups.
//!
//! Invariant: whoever answers a read holds the tree and has first delivered everything the core
//! has sent, so that an event goes out before the data it announces.

mod accept;
mod conn;
mod deliver;
mod expiry;
mod fault;
mod greeting;
mod inbound;
mod info;
mod limits;
mod outbound;
mod post;
mod requests;
mod tally;
mod thread;
mod unordered;

pub(crate) use info::ConnInfo;
pub(crate) use post::{IoMessage, IoPost};
pub(crate) use thread::{IoThread, wake_token};
