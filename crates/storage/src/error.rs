use std::io;
use std::path::{Path, PathBuf};

use proto::Zxid;
use thiserror::Error;

/// Shorthand for results of this crate.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// What to do with a log that holds damage; acknowledged writes may stand behind it.
const LOG_ADVICE: &str = "keep the file: acknowledged writes may be lost with it; restore this \
     directory from another server or a backup, or save what is readable with Apache's \
     zkTxnLogToolkit.sh --recover";

/// Why storage could not do what it was asked to. Every text names the file.
#[derive(Debug, Error)]
pub enum Error {
    /// The operating system refused.
    #[error("cannot {action} {}: {source}", path.display())]
    Io {
        /// What was tried.
        action: &'static str,
        /// The file or directory.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// A write or sync at an offset failed. The file is not written again (invariant D1).
    #[error("cannot {action} {} at offset {offset}: {source}", path.display())]
    Write {
        /// What was tried.
        action: &'static str,
        /// The file.
        path: PathBuf,
        /// Where the bytes should have gone.
        offset: u64,
        /// Why.
        source: io::Error,
    },
    /// No space or no quota left; nothing that was acknowledged is affected.
    #[error("cannot {action} {}: {source}; free space on that file system", path.display())]
    DiskFull {
        /// What was tried.
        action: &'static str,
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The writer failed before and takes nothing more.
    #[error("the transaction log is not written any more after: {cause}")]
    Poisoned {
        /// The first failure.
        cause: String,
    },
    /// The file ends before its header does: its creation was cut short.
    #[error("transaction log {} ends inside its header", path.display())]
    ShortHeader {
        /// The file.
        path: PathBuf,
    },
    /// The file does not start like a transaction log.
    #[error(
        "{} is not a transaction log: it starts with {found:#010x} instead of \"ZKLG\"; {LOG_ADVICE}",
        path.display()
    )]
    NotALog {
        /// The file.
        path: PathBuf,
        /// The first four bytes.
        found: u32,
    },
    /// A transaction log holds something that no crash explains.
    #[error(
        "transaction log {} is damaged at offset {offset}: {reason}; {LOG_ADVICE}",
        path.display()
    )]
    DamagedLog {
        /// The file.
        path: PathBuf,
        /// Where the first bad record starts.
        offset: u64,
        /// What is wrong with it.
        reason: String,
    },
    /// A snapshot cannot be read.
    #[error("snapshot {} is damaged at offset {offset}: {reason}", path.display())]
    DamagedSnapshot {
        /// The file.
        path: PathBuf,
        /// Where in the uncompressed stream.
        offset: u64,
        /// What is wrong.
        reason: String,
    },
    /// There is no log to cut.
    #[error(
        "cannot truncate to {zxid}: there are no transaction logs in {}; were files deleted or \
         dataLogDir changed?",
        dir.display()
    )]
    NothingToTruncate {
        /// The log directory.
        dir: PathBuf,
        /// Where the history should end.
        zxid: Zxid,
    },
    /// After the cut no snapshot would be left to start from.
    #[error("cannot truncate to {zxid}: {} has no valid snapshot at or before it", dir.display())]
    NoSnapshotBelow {
        /// The snapshot directory.
        dir: PathBuf,
        /// Where the history should end.
        zxid: Zxid,
    },
    /// An epoch file does not hold a number.
    #[error(
        "{} does not hold an epoch: {text:?}; restore it from a backup or rebuild this member \
         from the ensemble",
        path.display()
    )]
    BadEpochFile {
        /// The file.
        path: PathBuf,
        /// What stands in it.
        text: String,
    },
    /// Fewer snapshots than three would be kept.
    #[error("count should be greater than or equal to 3")]
    RetainCountTooSmall,
}

impl Error {
    /// Wraps an I/O error of `action` on `path`; a full disk becomes [`Error::DiskFull`].
    pub(crate) fn io(action: &'static str, path: &Path) -> impl FnOnce(io::Error) -> Error {
        let path = path.to_path_buf();
        move |source| match is_full(&source) {
            true => Error::DiskFull { action, path, source },
            false => Error::Io { action, path, source },
        }
    }

    /// As [`Error::io`] for a write at `offset`.
    pub(crate) fn write(
        action: &'static str,
        path: &Path,
        offset: u64,
    ) -> impl FnOnce(io::Error) -> Error {
        let path = path.to_path_buf();
        move |source| match is_full(&source) {
            true => Error::DiskFull { action, path, source },
            false => Error::Write { action, path, offset, source },
        }
    }

    /// Whether more space would have helped.
    pub fn is_disk_full(&self) -> bool {
        matches!(self, Error::DiskFull { .. })
    }
}

fn is_full(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded)
}
