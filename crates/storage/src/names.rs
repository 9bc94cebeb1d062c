//! File names of logs and snapshots (`Util.getZxidFromName`, `SnapStream.getStreamMode`).

use std::path::{Path, PathBuf};

use proto::Zxid;

use crate::snapshot::Compression;
use crate::vfs::{Entry, Vfs};
use crate::{Error, Result};

/// Files under these names are being written. Java takes neither for a log nor a snapshot.
pub(crate) const STAGED_PREFIX: &str = "staged-";

/// A log or snapshot and the zxid in its name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NamedFile {
    /// The zxid in the name: of a log its first record, of a snapshot the last applied
    /// transaction when it was begun.
    pub zxid: Zxid,
    /// Where it is.
    pub path: PathBuf,
    /// Length in bytes.
    pub len: u64,
    /// Time of the last change, ms since 1970.
    pub modified_ms: i64,
}

/// `log.<hex>`.
pub fn log_name(zxid: Zxid) -> String {
    format!("log.{:x}", zxid.0)
}

/// `snapshot.<hex>` with the suffix of its compression.
pub fn snapshot_name(zxid: Zxid, compression: Compression) -> String {
    format!("snapshot.{:x}{}", zxid.0, compression.suffix())
}

/// The zxid in a name of the form `<prefix>.<hex>[.anything]`.
pub fn zxid_of(name: &str, prefix: &str) -> Option<Zxid> {
    let mut parts = name.split('.');
    let zxid = (parts.next()? == prefix).then(|| parts.next()).flatten()?;
    // Java's -1 means no zxid; a negative one was never given out.
    i64::from_str_radix(zxid, 16).ok().filter(|zxid| *zxid >= 0).map(Zxid)
}

/// How a snapshot of this name is compressed: only its last suffix counts.
pub fn compression_of(name: &str) -> Compression {
    let suffix = name.rsplit_once('.').map_or("", |(_, suffix)| suffix);
    Compression::from_property(suffix)
}

/// The transaction logs in `dir`, oldest first.
pub fn logs(vfs: &dyn Vfs, dir: &Path) -> Result<Vec<NamedFile>> {
    named(vfs, dir, "log", |_| true)
}

/// The snapshots in `dir`, oldest first, valid or not.
///
/// `snapshot.<hex>.tmp` is not one of them, unlike in Java: it is a state that was being
/// received and never became the truth (invariant D9).
pub fn snapshots(vfs: &dyn Vfs, dir: &Path) -> Result<Vec<NamedFile>> {
    named(vfs, dir, "snapshot", |name| !name.ends_with(".tmp"))
}

fn named(
    vfs: &dyn Vfs,
    dir: &Path,
    prefix: &str,
    wanted: impl Fn(&str) -> bool,
) -> Result<Vec<NamedFile>> {
    let entries = vfs.list(dir).map_err(Error::io("list", dir))?;
    let of = |entry: Entry| {
        let zxid = zxid_of(&entry.name, prefix)?;
        let Entry { len, modified_ms, .. } = entry;
        Some(NamedFile { zxid, path: dir.join(&entry.name), len, modified_ms })
    };
    let files = entries.into_iter().filter(|entry| !entry.is_dir && wanted(&entry.name));
    let mut files: Vec<NamedFile> = files.filter_map(of).collect();
    files.sort_by_key(|file| file.zxid);
    Ok(files)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_split_as_in_java() {
        assert_eq!(zxid_of("log.1f", "log"), Some(Zxid(0x1f)));
        assert_eq!(zxid_of("snapshot.1F.gz", "snapshot"), Some(Zxid(0x1f)));
        for none in ["log", "log.", "log.x", "logs.1", "staged-log.1", "log..1", "log.-1"] {
            assert_eq!(zxid_of(none, "log"), None, "{none}");
        }
        assert_eq!(zxid_of("log.ffffffffffffffff", "log"), None);
    }

    #[test]
    fn only_the_last_suffix_says_how_a_snapshot_is_compressed() {
        assert_eq!(compression_of("snapshot.1.GZ"), Compression::Gzip);
        assert_eq!(compression_of("snapshot.1.snappy"), Compression::Snappy);
        assert_eq!(compression_of("snapshot.1"), Compression::None);
        assert_eq!(compression_of("snapshot.1.bak"), Compression::None);
    }
}
