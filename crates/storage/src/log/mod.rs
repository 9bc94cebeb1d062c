//! Transaction logs (`FileTxnLog`): written in groups, read with a verdict on every byte.

mod chain;
mod format;
mod reader;
mod tail;
mod truncate;
mod writer;

pub use chain::{LogChain, TornTail};
pub use reader::{LogReader, LogRecord, Tail};
pub use truncate::{Truncated, truncate};
pub use writer::{CommitStats, LogOptions, LogWriter};

pub(crate) use truncate::cut;
