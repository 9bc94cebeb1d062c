//! The files of a dataDir, read and damaged from outside.
//!
//! The logs are read by code of its own, so that a mistake in the server's reader is not made
//! twice. It only follows the lengths: checksums are the server's subject.

use std::fs::{self, File, OpenOptions};
use std::io::{BufReader, Read as _, Seek as _, SeekFrom};
use std::path::{Path, PathBuf};

use proto::Zxid;

use super::Error;

const HEADER_LEN: u64 = 16;
/// Checksum and length in front of a payload.
const HEAD_LEN: u64 = 12;
/// Where the zxid stands in a payload: behind the client id and the cxid.
const ZXID_AT: u64 = 12;
/// Longer ones are refused by every server with default limits.
const PAYLOAD_MAX: u64 = 4 << 20;

/// A file named by a zxid.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Named {
    /// The zxid in its name.
    pub zxid: Zxid,
    /// Where it is.
    pub path: PathBuf,
}

/// The logs of a dataDir or dataLogDir, oldest first.
///
/// # Errors
/// [`Error::File`] when the folder cannot be read.
pub fn logs(dir: &Path) -> Result<Vec<Named>, Error> {
    named(dir, "log")
}

/// The snapshots of a dataDir of any compression, valid or not, oldest first.
///
/// # Errors
/// [`Error::File`] when the folder cannot be read.
pub fn snapshots(dir: &Path) -> Result<Vec<Named>, Error> {
    named(dir, "snapshot")
}

fn named(dir: &Path, kind: &str) -> Result<Vec<Named>, Error> {
    let dir = dir.join("version-2");
    let mut found = Vec::new();
    for entry in fs::read_dir(&dir).map_err(Error::file(&dir))? {
        let path = entry.map_err(Error::file(&dir))?.path();
        let name = path.file_name().map(|name| name.to_string_lossy().into_owned());
        let name = name.unwrap_or_default();
        let mut parts = name.split('.');
        let zxid = match (parts.next(), parts.next()) {
            (Some(first), Some(hex)) if first == kind => i64::from_str_radix(hex, 16).ok(),
            _ => None,
        };
        found.extend(zxid.map(|zxid| Named { zxid: Zxid(zxid), path }));
    }
    found.sort();
    Ok(found)
}

/// Where a record of a log is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Record {
    /// Its place in the order.
    pub zxid: Zxid,
    /// Its first byte.
    pub start: u64,
    /// Behind its last byte.
    pub end: u64,
}

/// The whole records of a log in their order; zeros or a cut record end it.
///
/// # Errors
/// [`Error::File`] when it cannot be read, [`Error::Log`] when a length makes no sense.
pub fn records(log: &Path) -> Result<Vec<Record>, Error> {
    let file = File::open(log).map_err(Error::file(log))?;
    let len = file.metadata().map_err(Error::file(log))?.len();
    let mut input = BufReader::new(file);
    let mut records = Vec::new();
    let mut start = HEADER_LEN;
    while start + HEAD_LEN + ZXID_AT + 8 <= len {
        input.seek(SeekFrom::Start(start + 8)).map_err(Error::file(log))?;
        let mut head = [0; 24];
        input.read_exact(&mut head).map_err(Error::file(log))?;
        let [l0, l1, l2, l3, .., z0, z1, z2, z3, z4, z5, z6, z7] = head;
        let payload_len = u64::from(u32::from_be_bytes([l0, l1, l2, l3]));
        if payload_len > PAYLOAD_MAX {
            return Err(Error::Log { path: log.into(), offset: start, reason: "absurd length" });
        }
        let end = start + HEAD_LEN + payload_len + 1;
        if payload_len == 0 || end > len {
            break;
        }
        let zxid = Zxid(i64::from_be_bytes([z0, z1, z2, z3, z4, z5, z6, z7]));
        records.push(Record { zxid, start, end });
        start = end;
    }
    Ok(records)
}

/// Cuts a file.
///
/// # Errors
/// [`Error::File`] when it cannot be changed.
pub fn cut(path: &Path, len: u64) -> Result<(), Error> {
    let file = OpenOptions::new().write(true).open(path).map_err(Error::file(path))?;
    file.set_len(len).map_err(Error::file(path))
}

/// Replaces everything from `offset` on by zeros, as where a preallocated log was not written.
///
/// # Errors
/// [`Error::File`] when it cannot be changed.
pub fn zero_from(path: &Path, offset: u64) -> Result<(), Error> {
    let len = fs::metadata(path).map_err(Error::file(path))?.len();
    cut(path, offset)?;
    cut(path, len)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record(zxid: i64, padding: usize) -> Vec<u8> {
        let payload = [vec![0; 12], zxid.to_be_bytes().to_vec(), vec![9; 12 + padding]].concat();
        let length = u32::try_from(payload.len()).unwrap();
        [&[0; 8][..], &length.to_be_bytes(), &payload, b"B"].concat()
    }

    #[test]
    fn records_are_found_up_to_the_padding_or_the_cut() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("log.1");
        let bytes = [&b"ZKLG"[..], &[0; 12], &record(1, 0), &record(2, 5), &[0; 4096]].concat();
        fs::write(&path, bytes).unwrap();
        let found = records(&path).unwrap();
        let (first, second) = (found[0], found[1]);
        assert_eq!(found.len(), 2);
        assert_eq!((first.zxid, first.start, second.zxid), (Zxid(1), 16, Zxid(2)));
        assert_eq!(second.end, first.end + 50);

        zero_from(&path, second.start).unwrap();
        assert_eq!(records(&path).unwrap(), [first]);
        cut(&path, first.end - 1).unwrap();
        assert_eq!(records(&path).unwrap(), []);
    }

    #[test]
    fn files_are_sorted_by_number() {
        let folder = tempfile::tempdir().unwrap();
        let dir = folder.path().join("version-2");
        fs::create_dir(&dir).unwrap();
        for name in ["log.a", "log.9", "log.100", "snapshot.5.gz", "logs", "currentEpoch"] {
            fs::write(dir.join(name), []).unwrap();
        }
        let zxids: Vec<i64> = logs(folder.path()).unwrap().iter().map(|file| file.zxid.0).collect();
        assert_eq!(zxids, [9, 10, 256]);
        assert_eq!(snapshots(folder.path()).unwrap()[0].zxid, Zxid(5));
    }
}
