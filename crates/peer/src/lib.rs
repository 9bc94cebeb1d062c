//! The QuorumPeer as a state machine: sessions, the request pipeline, and (for now) the
//! standalone role. It knows no clock, socket, file, thread or random source.
//!
//! Two halves share one tree:
//!
//! - [`Peer`] is fed with [`Input`]s and gives [`Output`]s. It decides transactions, and it alone
//!   changes the tree, in [`Peer::apply`].
//! - [`read`] answers reads anywhere the tree can be read. [`Fence`] says which reads may do so:
//!   those of a session with no write on its way.
//!
//! A reply to a write exists only after [`Input::LogDurable`], so no driver can answer too early.
//!
//! ```text
//!  frames ──Fence──┬─ read::serve ───────────────────────────────► reply
//!                  └─ Input::Requests ─► prep ─► Output::Append
//!                                         │ Outstanding          ▼ the driver writes and syncs
//!          Output::ToIo ◄── apply ◄── zab::Proposals ◄── Input::LogDurable
//! ```

pub mod auth;
mod fence;
mod frame;
mod io;
mod outstanding;
mod peer;
mod prep;
mod quota;
pub mod read;
mod sessions;
mod settings;
mod sweep;

pub use fence::{Fence, Route};
pub use frame::Frame;
pub use io::{
    CloseReason, ConnId, Connect, Forwarded, Input, IoBatch, IoItem, LogBatch, Notice, Now, Output,
    RequestBatch, Snapshot,
};
pub use peer::{Peer, Restored};
pub use sessions::{ExpiryBucket, SessionInfo};
pub use settings::Settings;
