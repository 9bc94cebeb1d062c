//! The driver of a server: threads, listeners, files and four-letter words around a
//! [`peer::Peer`]. Start at [`Server::start`].
//!
//! ```text
//!  clients ─► I/O threads ─► core ─► log thread ─► disk
//!     ▲        │ reads        │ Peer │          │
//!     │        ▼              ▼      │          │
//!     │      DataTree ◄── apply      └◄─────────┘ LogDurable
//!     └────────┴──────────────┘ replies and events, in batches
//! ```
//!
//! - An I/O thread owns its connections. It answers reads itself, under the shared lock of the
//!   tree, and hands everything else to the core.
//! - The core owns the peer. Nothing in it waits for a disk or a socket. It has a thread, but
//!   whoever has little for it and finds it free runs it on the spot.
//! - The log thread writes what has queued up, with one sync for all of it.
//! - A snapshot has a thread of its own, as have four-letter words.
//!
//! Invariant: everything between threads is handed over in batches, and a thread is woken only
//! if it sleeps.
//!
//! Invariant: no lock is held over a system call that can wait.

mod admission;
mod clock;
mod core_gate;
mod failure;
mod io;
mod java;
mod log_thread;
mod mailbox;
mod metrics;
mod purge;
mod recovery;
mod settings;
mod shared;
mod snapshot_thread;
mod start;
mod stats;
mod throttle;
mod version;
mod words;

pub use failure::Failure;
pub use start::{Server, StartError};
pub use version::Version;
