//! The two epochs of an ensemble member (`QuorumPeer.loadDataBase`).
//!
//! `acceptedEpoch` is the highest epoch this server promised to follow, `currentEpoch` the epoch
//! of the leader whose history it has. Both are decimal text. Each write is durable when it
//! returns: temporary file, sync, rename, sync of the directory (known bug "epoch rename not
//! durable").

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use proto::Zxid;
use thiserror::Error;

use crate::Error;
use crate::vfs::{OpenMode, Vfs, read_full};

const CURRENT: &str = "currentEpoch";
const ACCEPTED: &str = "acceptedEpoch";
const CURRENT_TMP: &str = "currentEpoch.tmp";
/// Longer than any number.
const FILE_MAX: usize = 64;

/// Both epochs; -1 on a member that knows no history.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Epochs {
    /// The promise.
    pub accepted: i64,
    /// The history.
    pub current: i64,
}

/// Why a member must not start with its epochs.
#[derive(Debug, Error)]
pub enum EpochError {
    /// A file cannot be read or written.
    #[error(transparent)]
    Storage(#[from] Error),
    /// The history is newer than the epoch it should belong to.
    #[error(
        "The current epoch, {current:x}, is older than the last zxid, {last_zxid}: {CURRENT} does \
         not belong to these logs and snapshots"
    )]
    CurrentBehindZxid {
        /// What the file says.
        current: i64,
        /// The end of the history.
        last_zxid: Zxid,
    },
    /// The promise is older than what was followed.
    #[error("The accepted epoch, {accepted:x} is less than the current epoch, {current:x}")]
    AcceptedBehindCurrent {
        /// What `acceptedEpoch` says.
        accepted: i64,
        /// What `currentEpoch` says.
        current: i64,
    },
}

/// Reads and writes the epoch files of one snapshot directory.
#[derive(Debug, Clone)]
pub struct EpochStore {
    vfs: Arc<dyn Vfs>,
    dir: PathBuf,
}

impl EpochStore {
    /// The epoch files in `snap_dir`.
    pub fn new(vfs: Arc<dyn Vfs>, snap_dir: &Path) -> Self {
        EpochStore { vfs, dir: snap_dir.to_path_buf() }
    }

    /// The epochs after the history up to `last_zxid` was recovered. A file that is missing is
    /// created from the zxid's epoch.
    pub fn load(&self, last_zxid: Zxid) -> Result<Epochs, EpochError> {
        let of_zxid = last_zxid.0 >> 32;
        let mut current = self.read_or_create(CURRENT, of_zxid)?;
        if of_zxid > current {
            // Stopped between writing the new value and the rename.
            let Some(newer) = self.read(CURRENT_TMP)? else {
                return Err(EpochError::CurrentBehindZxid { current, last_zxid });
            };
            self.set_current(newer)?;
            current = newer;
        }
        let accepted = self.read_or_create(ACCEPTED, of_zxid)?;
        if accepted < current {
            return Err(EpochError::AcceptedBehindCurrent { accepted, current });
        }
        Ok(Epochs { accepted, current })
    }

    /// Promises to follow no leader of an earlier epoch. Durable on return.
    pub fn set_accepted(&self, epoch: i64) -> Result<(), Error> {
        self.write(ACCEPTED, epoch)
    }

    /// Says that the history is that of the leader of `epoch`. Durable on return.
    pub fn set_current(&self, epoch: i64) -> Result<(), Error> {
        self.write(CURRENT, epoch)
    }

    fn read_or_create(&self, name: &str, default: i64) -> Result<i64, Error> {
        match self.read(name)? {
            Some(epoch) => Ok(epoch),
            None => self.write(name, default).map(|()| default),
        }
    }

    fn read(&self, name: &str) -> Result<Option<i64>, Error> {
        let path = self.dir.join(name);
        let file = match self.vfs.open(&path, OpenMode::Read) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            file => file.map_err(Error::io("open", &path))?,
        };
        let mut buf = [0; FILE_MAX];
        let got = read_full(&*file, &mut buf, 0).map_err(Error::io("read", &path))?;
        let text = String::from_utf8_lossy(&buf[..got]).into_owned();
        match text.lines().next().unwrap_or_default().parse() {
            Ok(epoch) => Ok(Some(epoch)),
            Err(_) => Err(Error::BadEpochFile { path, text }),
        }
    }

    fn write(&self, name: &str, epoch: i64) -> Result<(), Error> {
        let path = self.dir.join(name);
        let tmp = self.dir.join(format!("{name}.tmp"));
        let mut file = self.vfs.open(&tmp, OpenMode::Create).map_err(Error::io("create", &tmp))?;
        file.write_all_at(epoch.to_string().as_bytes(), 0).map_err(Error::io("write", &tmp))?;
        file.sync_data().map_err(Error::io("sync", &tmp))?;
        drop(file);
        self.vfs.rename(&tmp, &path).map_err(Error::io("rename", &tmp))?;
        self.vfs.sync_dir(&self.dir).map_err(Error::io("sync", &self.dir))
    }
}
