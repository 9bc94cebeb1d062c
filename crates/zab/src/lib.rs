//! Zab as state machines: who leads, in which order, and what is committed.
//!
//! Nothing here knows a clock, a socket, a file or a thread: time and everything that happened
//! come in as values, everything wanted goes out as values. A duty of the disk is an output, and
//! what may only follow it is made from the disk's answer.
//!
//! [`quorum`] says which servers are enough. [`Proposals`] is broadcast as far as one server
//! needs it.

mod proposals;
pub mod quorum;

pub use proposals::Proposals;
