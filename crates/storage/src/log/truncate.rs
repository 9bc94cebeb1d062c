use std::path::{Path, PathBuf};

use jute::Limits;
use proto::Zxid;

use super::chain::LogChain;
use crate::names::{self, NamedFile};
use crate::snapshot;
use crate::vfs::{OpenMode, Vfs};
use crate::{Error, Result};

/// What [`truncate`] did.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Truncated {
    /// The log that was cut and its new length in bytes.
    pub cut: Option<(PathBuf, u64)>,
    /// Logs and snapshots that were removed.
    pub removed: Vec<PathBuf>,
}

/// Ends the history in `log_dir` and `snap_dir` with `zxid`, durably (invariant D8).
///
/// No writer may have a log open. Snapshots newer than the cut go first, then logs from the
/// newest, then the log that holds the cut: a crash in between leaves a longer history without
/// a hole, never one with a hole.
pub fn truncate(
    vfs: &dyn Vfs,
    log_dir: &Path,
    snap_dir: &Path,
    zxid: Zxid,
    limits: Limits,
) -> Result<Truncated> {
    let logs = names::logs(vfs, log_dir)?;
    if logs.is_empty() {
        return Err(Error::NothingToTruncate { dir: log_dir.to_path_buf(), zxid });
    }
    let snapshots = snapshot::valid_snapshots(vfs, snap_dir)?;
    if !snapshots.iter().any(|snapshot| snapshot.zxid <= zxid) {
        return Err(Error::NoSnapshotBelow { dir: snap_dir.to_path_buf(), zxid });
    }
    let cut_at = find_cut(vfs, log_dir, zxid, limits)?;
    let mut done = Truncated::default();
    let newer = names::snapshots(vfs, snap_dir)?.into_iter().rev().filter(|s| s.zxid > zxid);
    remove_all(vfs, snap_dir, newer, &mut done)?;
    // A log named after a zxid beyond the cut holds nothing before it.
    let beyond = logs.into_iter().rev().filter(|log| log.zxid > zxid);
    remove_all(vfs, log_dir, beyond, &mut done)?;
    if let Some((path, len)) = cut_at
        && !done.removed.contains(&path)
    {
        cut(vfs, &path, len)?;
        done.cut = Some((path, len));
    }
    Ok(done)
}

/// The log with the first record beyond `zxid`, and where that record starts.
fn find_cut(
    vfs: &dyn Vfs,
    dir: &Path,
    zxid: Zxid,
    limits: Limits,
) -> Result<Option<(PathBuf, u64)>> {
    let mut chain = LogChain::open(vfs, dir, zxid, limits)?;
    while let Some((path, record)) = chain.next()? {
        if record.zxid > zxid {
            return Ok(Some((path.to_path_buf(), record.offset)));
        }
    }
    Ok(None)
}

fn remove_all(
    vfs: &dyn Vfs,
    dir: &Path,
    files: impl Iterator<Item = NamedFile>,
    done: &mut Truncated,
) -> Result<()> {
    for file in files {
        vfs.remove(&file.path).map_err(Error::io("remove", &file.path))?;
        // One by one: a crash must not bring back a later log without the one before it.
        vfs.sync_dir(dir).map_err(Error::io("sync", dir))?;
        done.removed.push(file.path);
    }
    Ok(())
}

/// Shortens a file, durably.
pub(crate) fn cut(vfs: &dyn Vfs, path: &Path, len: u64) -> Result<()> {
    let mut file = vfs.open(path, OpenMode::Write).map_err(Error::io("open", path))?;
    file.set_len(len).map_err(Error::io("shorten", path))?;
    file.sync_data().map_err(Error::io("sync", path))
}
