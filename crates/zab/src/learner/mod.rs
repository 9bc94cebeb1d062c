//! The learner's side of discovery, synchronization and broadcast, for followers and observers.
//!
//! ```text
//!  Connecting ► Introducing ► Promising ► Waiting ► Synchronizing ─NEWLEADER─► Completing(history)
//!                                                                                 │ durable
//!  Serving ◄── applied up to there ── CatchingUp ◄─UPTODATE─ Waiting ◄─ACK── Completing(epoch)
//! ```
//!
//! The order at NEWLEADER is the whole point: the history is durable, then the current epoch, then
//! the ACK leaves. Nothing that came is applied before the leader is established.
//!
//! Source: `Learner`, `Follower`, `Observer`.

mod io;
mod machine;
mod stream;

pub use io::{Ended, Input, Kind, Output};
pub use machine::Learner;
