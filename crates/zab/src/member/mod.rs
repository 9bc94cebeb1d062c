//! A server of an ensemble: elections and the roles they lead to, one after the other.
//!
//! ```text
//!                 Decided(me)
//!       ┌──────► Leading ───────┐ Ended
//!  Looking                      ├─────► Draining ──Drained(position)──► Looking
//!       └──────► Learning ──────┘
//!                 Decided(other)
//! ```
//!
//! Between two roles nothing may be on its way to the disk: [`Output::Drain`] asks for that, and
//! the next vote is made from the position that the disk then has. A role that has ended can
//! neither write nor speak any more.
//!
//! Source: `QuorumPeer.run`.

mod io;
mod machine;

pub use io::{Input, Output, Recovered, Settings};
pub use machine::Member;
