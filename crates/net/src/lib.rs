//! Frames over TCP: cutting bytes into frames, sending what is due, listening, and saying in
//! plain words who holds a port.
//!
//! Nothing here knows what a frame means, and nothing here blocks or owns a thread, but for
//! [`ask_word`], the small client of the four-letter words. TLS will be a layer between a socket
//! and these buffers.

mod address;
mod frame;
mod listen;
mod outbound;
mod port_owner;
mod word_client;

pub use address::java_address;
pub use frame::{BadLength, FrameHead, next_frame};
pub use listen::{ListenError, Listener, listen, reset_on_close, set_client_options};
pub use outbound::{Flushed, Outbound};
pub use port_owner::port_owner;
pub use word_client::{WordError, ask_word};
