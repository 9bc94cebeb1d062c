//! The directories of a server: checked before anything else, locked while it runs.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use thiserror::Error;

use crate::vfs::{Lock, Vfs};

const VERSION_DIR: &str = "version-2";
/// Neither Java nor its scripts look at a file of this name.
const LOCK_FILE: &str = "oxkeeper.lock";

/// Where a server keeps its files.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DataDirs {
    /// `dataDir`.
    pub data_dir: PathBuf,
    /// `dataLogDir`; the same unless configured.
    pub data_log_dir: PathBuf,
}

/// Why directories cannot be used. The server exits with code 3.
#[derive(Debug, Error)]
pub enum DirsError {
    /// `datadir.autocreate` is off.
    #[error(
        "Missing {kind} directory {}, automatic data directory creation is disabled \
         (zookeeper.datadir.autocreate is false). Please create this directory manually.",
        path.display()
    )]
    Missing {
        /// `data` (logs) or `snap`.
        kind: &'static str,
        /// The directory.
        path: PathBuf,
    },
    /// It cannot be created.
    #[error("Unable to create {kind} directory {}: {source}", path.display())]
    Create {
        /// `data` (logs) or `snap`.
        kind: &'static str,
        /// The directory.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// This user may not write there.
    #[error("Cannot write to {kind} directory {}", path.display())]
    NotWritable {
        /// `data` (logs) or `snap`.
        kind: &'static str,
        /// The directory.
        path: PathBuf,
    },
    /// Snapshots where only logs belong: dataDir and dataLogDir are mixed up.
    #[error(
        "Log directory has snapshot files. Check if dataLogDir and dataDir configuration is correct."
    )]
    SnapshotsInLogDir,
    /// Logs where only snapshots belong.
    #[error(
        "Snapshot directory has log files. Check if dataLogDir and dataDir configuration is correct."
    )]
    LogsInSnapDir,
    /// Another server runs on it.
    #[error("{} is in use by another server (process {holder})", path.display())]
    InUse {
        /// The directory.
        path: PathBuf,
        /// Its process id as it wrote it down.
        holder: String,
    },
    /// The operating system refused something else.
    #[error("cannot use {}: {source}", path.display())]
    Io {
        /// The directory or lock file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
}

/// Keeps other servers away from the directories until it is dropped.
#[derive(Debug)]
pub struct DirsLock {
    _locks: Vec<Lock>,
}

impl DataDirs {
    /// One directory for both.
    pub fn new(data_dir: impl Into<PathBuf>) -> Self {
        let data_dir = data_dir.into();
        DataDirs { data_log_dir: data_dir.clone(), data_dir }
    }

    /// Where snapshots and epoch files are.
    pub fn snap_dir(&self) -> PathBuf {
        self.data_dir.join(VERSION_DIR)
    }

    /// Where transaction logs are.
    pub fn log_dir(&self) -> PathBuf {
        self.data_log_dir.join(VERSION_DIR)
    }

    /// Creates what is missing and refuses what cannot work (`FileTxnSnapLog`).
    pub fn prepare(&self, vfs: &dyn Vfs, autocreate: bool) -> Result<(), DirsError> {
        prepare_one(vfs, "data", self.log_dir(), autocreate)?;
        prepare_one(vfs, "snap", self.snap_dir(), autocreate)?;
        if self.log_dir() == self.snap_dir() {
            return Ok(());
        }
        if has_files(vfs, &self.log_dir(), "snapshot.")? {
            return Err(DirsError::SnapshotsInLogDir);
        }
        if has_files(vfs, &self.snap_dir(), "log.")? {
            return Err(DirsError::LogsInSnapDir);
        }
        Ok(())
    }

    /// Refuses when another server has one of the directories.
    pub fn lock(&self, vfs: &Arc<dyn Vfs>) -> Result<DirsLock, DirsError> {
        let mut locks = vec![lock_one(&**vfs, &self.data_dir)?];
        if self.data_log_dir != self.data_dir {
            locks.push(lock_one(&**vfs, &self.data_log_dir)?);
        }
        Ok(DirsLock { _locks: locks })
    }
}

fn prepare_one(
    vfs: &dyn Vfs,
    kind: &'static str,
    path: PathBuf,
    autocreate: bool,
) -> Result<(), DirsError> {
    if vfs.metadata(&path).is_err() {
        if !autocreate {
            return Err(DirsError::Missing { kind, path });
        }
        if let Err(source) = vfs.create_dir_all(&path) {
            return Err(DirsError::Create { kind, path, source });
        }
    }
    if !vfs.is_writable(&path) {
        return Err(DirsError::NotWritable { kind, path });
    }
    Ok(())
}

fn has_files(vfs: &dyn Vfs, dir: &Path, prefix: &str) -> Result<bool, DirsError> {
    let io = |source| DirsError::Io { path: dir.to_path_buf(), source };
    Ok(vfs.list(dir).map_err(io)?.iter().any(|entry| entry.name.starts_with(prefix)))
}

fn lock_one(vfs: &dyn Vfs, dir: &Path) -> Result<Lock, DirsError> {
    let file = dir.join(LOCK_FILE);
    let pid = std::process::id().to_string();
    match vfs.lock(&file, &pid) {
        Ok(Lock::Taken(holder)) => {
            let holder = holder.trim().to_owned();
            Err(DirsError::InUse { path: dir.to_path_buf(), holder })
        }
        Ok(held) => Ok(held),
        Err(source) => Err(DirsError::Io { path: file, source }),
    }
}

/// The bytes of all files below `dir` (`ZooKeeperServer.getDirSize`).
pub fn directory_size(vfs: &dyn Vfs, dir: &Path) -> u64 {
    let entries = vfs.list(dir).unwrap_or_default();
    let size = |entry: &crate::vfs::Entry| match entry.is_dir {
        true => directory_size(vfs, &dir.join(&entry.name)),
        false => entry.len,
    };
    entries.iter().map(size).sum()
}
