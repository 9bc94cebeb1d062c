//! The four-letter words: short questions in plain text on the client port.
//!
//! An I/O thread recognises a word and sends what comes back; the answer is made by a thread of
//! its own, because some answers visit every connection or every watch.

mod connections;
mod environment;
mod monitor;
mod names;
mod sessions;
mod watches;
mod worker;

pub(crate) use names::Word;
pub(crate) use worker::{WordRequest, WordThread};
