//! Who should lead: Fast Leader Election.
//!
//! Every server looking for a leader tells every voter whom it would follow; better votes are
//! adopted and passed on, and a quorum of equal votes decides. A server that has a leader answers
//! those that look with the vote it settled on, so that a newcomer joins what exists.
//!
//! ```text
//!           Start                    a quorum agrees
//!  Resting ───────► Looking(round) ──────────────────► Settled(vote)
//!     ▲                                                     │ Stop
//!     └─────────────────────────────────────────────────────┘
//! ```
//!
//! A wrong decision costs time, never data: discovery refuses a leader whose history is behind.
//!
//! Source: `FastLeaderElection`, `Vote`.

mod candidates;
mod io;
mod looking;
mod machine;
mod vote;

pub use io::{Input, Output, Settings};
pub use machine::Election;
pub use vote::{Standing, Vote};
