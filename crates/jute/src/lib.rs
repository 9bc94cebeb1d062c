//! The wire and disk encoding of ZooKeeper: big-endian, no tags, no padding, fields in order.
//!
//! [`Reader`] takes bytes from outside and never panics on them; [`Put`] appends to a byte
//! vector. Records themselves live in `proto`. Start at [`Reader`].
//!
//! Source: `BinaryInputArchive` / `BinaryOutputArchive` of ZooKeeper 3.9.

mod reader;
mod utf8;
mod writer;

pub use reader::{Error, Limits, Reader};
pub use utf8::{java_utf8_len, put_java_utf8};
pub use writer::Put;
