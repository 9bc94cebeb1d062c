//! Zab as state machines: who leads, in which order, and what is committed.
//!
//! Nothing here knows a clock, a socket, a file or a thread: time and everything that happened
//! come in as values, everything wanted goes out as values. A duty of the disk is an output, and
//! what may only follow it is made from the disk's answer.
//!
//! [`quorum`] says which servers are enough, [`wire`] what is on the sockets, [`election`] who
//! should lead. [`Proposals`] is broadcast as far as one server needs it.

pub mod election;
mod epoch;
mod proposals;
pub mod quorum;
mod server_state;
pub mod wire;

pub use epoch::Epoch;
pub use proposals::Proposals;
pub use server_state::ServerState;
