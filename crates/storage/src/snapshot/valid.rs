use std::io;
use std::path::Path;

use super::compress::SNAPPY_MAGIC;
use super::{Compression, SLASH};
use crate::names::{self, NamedFile, compression_of};
use crate::vfs::{OpenMode, Vfs, read_full};
use crate::{Error, Result};

/// A header and a "/" are at least this long.
const PLAIN_MIN_BYTES: u64 = 10;

/// The snapshots in `dir` that pass [`is_valid_snapshot`], oldest first.
pub fn valid_snapshots(vfs: &dyn Vfs, dir: &Path) -> Result<Vec<NamedFile>> {
    let mut valid = names::snapshots(vfs, dir)?;
    let mut failure = None;
    valid.retain(|file| match is_valid_snapshot(vfs, &file.path) {
        Ok(is_valid) => is_valid,
        Err(error) => {
            failure.get_or_insert(error);
            false
        }
    });
    match failure {
        Some(error) => Err(error),
        None => Ok(valid),
    }
}

/// Whether a snapshot looks complete: its end if it is plain, its start if it is compressed.
/// Reading it is the only real proof.
pub fn is_valid_snapshot(vfs: &dyn Vfs, path: &Path) -> Result<bool> {
    looks_complete(vfs, path).map_err(Error::io("read", path))
}

fn looks_complete(vfs: &dyn Vfs, path: &Path) -> io::Result<bool> {
    let name = path.file_name().map(|name| name.to_string_lossy());
    let file = vfs.open(path, OpenMode::Read)?;
    let starts_with = |magic: &[u8]| {
        let mut start = vec![0; magic.len()];
        read_full(&*file, &mut start, 0).map(|got| got == magic.len() && start == magic)
    };
    match compression_of(&name.unwrap_or_default()) {
        Compression::Gzip => starts_with(&[0x1f, 0x8b]),
        Compression::Snappy => starts_with(SNAPPY_MAGIC),
        Compression::None => {
            let len = file.len()?;
            if len < PLAIN_MIN_BYTES {
                return Ok(false);
            }
            let mut end = [0; SLASH.len()];
            let got = read_full(&*file, &mut end, len - SLASH.len() as u64)?;
            Ok(got == end.len() && end == *SLASH)
        }
    }
}
