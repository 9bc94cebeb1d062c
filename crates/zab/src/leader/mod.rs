//! The leader's side of discovery, synchronization and broadcast.
//!
//! ```text
//!  Discovery ──quorum of FOLLOWERINFO──► Promising ──own promise durable──► Agreeing
//!                                                                              │ quorum of ACKEPOCH
//!  Broadcasting ◄──quorum of ACKs of NEWLEADER, own epoch durable── Synchronizing
//! ```
//!
//! Each learner goes through its own [stages](peer::Stage) behind that. A learner that arrives
//! late catches up on the same way.
//!
//! Source: `Leader`, `LearnerHandler`.

mod broadcast;
mod handshake;
mod io;
mod machine;
mod peer;
mod synchronize;
mod watch;

pub use io::{Closed, Ended, Input, Item, LearnerId, Output};
pub use machine::Leader;
