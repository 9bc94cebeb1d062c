//! Zab as state machines: who leads, in which order, and what is committed.
//!
//! Nothing here knows a clock, a socket, a file or a thread: time and everything that happened
//! come in as values, everything wanted goes out as values. A duty of the disk is an output, and
//! what may only follow it is made from the disk's answer.
//!
//! A [`member::Member`] is a server's whole life: [`election`] says who should lead, [`leader`] and
//! [`learner`] agree on an epoch and a history and then broadcast. [`quorum`] says which servers
//! are enough, [`wire`] what is on the sockets. [`Proposals`] is broadcast as far as one server
//! needs it.
//!
//! Invariant: an ACK, a promise or a vote is made only from the disk's answer that it rests on.
//! Invariant: no hash-map order can be seen.

pub mod disk;
pub mod election;
mod epoch;
pub mod history;
pub mod leader;
pub mod learner;
mod limits;
pub mod member;
mod misbehaved;
mod planted;
mod proposals;
pub mod quorum;
mod server_state;
mod sync_plan;
pub mod wire;

pub use epoch::Epoch;
pub use limits::Limits;
pub use misbehaved::PeerMisbehaved;
pub use proposals::Proposals;
pub use server_state::ServerState;
pub use sync_plan::SyncPlan;
