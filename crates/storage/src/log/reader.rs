use std::path::{Path, PathBuf};

use jute::Limits;
use proto::Zxid;

use super::format::{self, FRAME_HEAD, HEADER_LEN, Head, HeaderKind, MARK_LEN};
use super::tail;
use crate::vfs::{OpenMode, Vfs, VfsFile, read_full};
use crate::{Error, Result};

/// How much is read at once.
const CHUNK: usize = 256 << 10;

/// One record of a log.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LogRecord<'a> {
    /// Where it starts in its file.
    pub offset: u64,
    /// Its place in the order.
    pub zxid: Zxid,
    /// Header, body and digest: what [`proto::TxnRecord`] decodes.
    pub txn: &'a [u8],
}

/// What stands behind the last good record of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tail {
    /// Nothing, or zeros only.
    Clean {
        /// Where the last record ends.
        offset: u64,
    },
    /// The rest of a batch that was being written when the machine stopped. In the last file of
    /// a history it was never acknowledged.
    Torn {
        /// Where the last good record ends.
        offset: u64,
    },
}

/// Reads one transaction log from its start, in memory bounded by the record limit.
///
/// A file that holds something no crash explains ends in [`Error::DamagedLog`], never in a
/// silently shorter history.
#[derive(Debug)]
pub struct LogReader {
    file: Box<dyn VfsFile>,
    path: PathBuf,
    buf: Vec<u8>,
    /// What of `buf` is not consumed yet.
    unread: std::ops::Range<usize>,
    /// Offset in the file of `unread.start`.
    offset: u64,
    /// The length of the record there, once it is known to be intact; else 0.
    frame_len: usize,
    marked: bool,
    payload_max: usize,
    last_zxid: Zxid,
    tail: Option<Tail>,
}

impl LogReader {
    /// Opens a log and checks its header. [`Error::ShortHeader`] when its creation was cut short.
    pub fn open(vfs: &dyn Vfs, path: &Path, limits: Limits) -> Result<Self> {
        let file = vfs.open(path, OpenMode::Read).map_err(Error::io("open", path))?;
        let mut header = [0; HEADER_LEN];
        let got = read_full(&*file, &mut header, 0).map_err(Error::io("read", path))?;
        let path = path.to_path_buf();
        let marked = match format::parse_header(&header) {
            _ if got < HEADER_LEN => return Err(short_header(path, &header[..got])),
            HeaderKind::Java => false,
            HeaderKind::Marked => true,
            HeaderKind::WrongMagic(found) => {
                let end = tail::data_end(&*file, 0).map_err(Error::io("read", &path))?;
                return Err(match end {
                    0 => Error::ShortHeader { path },
                    _ => Error::NotALog { path, found },
                });
            }
            HeaderKind::UnknownDbid => {
                let reason = "its header names an unknown dbid".to_owned();
                return Err(Error::DamagedLog { path, offset: 8, reason });
            }
        };
        let mark = if marked { MARK_LEN } else { 0 };
        Ok(LogReader {
            file,
            path,
            buf: Vec::new(),
            unread: 0..0,
            offset: HEADER_LEN as u64,
            frame_len: 0,
            marked,
            payload_max: limits.record_max_bytes() + mark,
            last_zxid: Zxid::ZERO,
            tail: None,
        })
    }

    /// The next record; `None` at the end of the history in this file, see [`LogReader::tail`].
    #[expect(clippy::should_implement_trait, reason = "the record borrows the reader")]
    pub fn next(&mut self) -> Result<Option<LogRecord<'_>>> {
        Ok(self.take()?.map(|(_, record)| record))
    }

    /// As [`LogReader::next`], with the file's path.
    pub(super) fn take(&mut self) -> Result<Option<(&Path, LogRecord<'_>)>> {
        if !self.peek()? {
            return Ok(None);
        }
        let frame_len = std::mem::take(&mut self.frame_len);
        let offset = self.offset;
        let frame = &self.buf[self.unread.start..][..frame_len];
        self.unread.start += frame_len;
        self.offset += frame_len as u64;
        let payload = &frame[FRAME_HEAD..frame_len - 1];
        let txn = if self.marked { format::split_mark(payload).0 } else { payload };
        let zxid = format::zxid_in(txn);
        self.last_zxid = zxid;
        Ok(Some((&self.path, LogRecord { offset, zxid, txn })))
    }

    /// Whether there is a next record.
    pub(super) fn peek(&mut self) -> Result<bool> {
        if self.frame_len == 0 && self.tail.is_none() {
            match self.intact_frame()? {
                Some(frame_len) => self.frame_len = frame_len,
                None => self.tail = Some(self.judge_tail()?),
            }
        }
        Ok(self.frame_len > 0)
    }

    /// What follows the last record, once [`LogReader::next`] has returned `None`.
    pub fn tail(&self) -> Option<Tail> {
        self.tail
    }

    /// Where the next record starts.
    pub fn offset(&self) -> u64 {
        self.offset
    }

    /// The file that is read.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The length of the record at the current place if it is whole and right.
    fn intact_frame(&mut self) -> Result<Option<usize>> {
        if !self.fill(FRAME_HEAD)? {
            return Ok(None);
        }
        let Some(head) = self.buf[self.unread.clone()].first_chunk() else { return Ok(None) };
        let Some(frame_len) = Head::parse(head).frame_len(self.payload_max) else {
            return Ok(None);
        };
        if !self.fill(frame_len)? {
            return Ok(None);
        }
        let frame = &self.buf[self.unread.start..][..frame_len];
        Ok(format::payload(frame).map(|_| frame_len))
    }

    /// Makes at least `n` unread bytes available; false when the file ends before.
    fn fill(&mut self, n: usize) -> Result<bool> {
        if self.unread.len() >= n {
            return Ok(true);
        }
        crate::vfs::make_room(&mut self.buf, &mut self.unread, n.max(CHUNK));
        let from = self.offset + self.unread.end as u64;
        let got = read_full(&*self.file, &mut self.buf[self.unread.end..], from)
            .map_err(Error::io("read", &self.path))?;
        self.unread.end += got;
        Ok(self.unread.len() >= n)
    }

    fn judge_tail(&self) -> Result<Tail> {
        let tail = tail::Unreadable {
            file: &*self.file,
            at: self.offset,
            marked: self.marked,
            payload_max: self.payload_max,
            last_zxid: self.last_zxid,
        };
        let verdict = tail.judge().map_err(Error::io("read", &self.path))?;
        verdict.map_err(|reason| Error::DamagedLog {
            path: self.path.clone(),
            offset: self.offset,
            reason,
        })
    }
}

/// A file of fewer bytes than a header: cut short, or something else altogether.
fn short_header(path: PathBuf, bytes: &[u8]) -> Error {
    let is_start = |header: &[u8]| header.starts_with(bytes);
    if bytes.iter().all(|b| *b == 0) || is_start(&format::header()) || is_start(&JAVA_HEADER) {
        return Error::ShortHeader { path };
    }
    let mut found = [0; 4];
    let n = bytes.len().min(4);
    found[..n].copy_from_slice(&bytes[..n]);
    Error::NotALog { path, found: u32::from_be_bytes(found) }
}

const JAVA_HEADER: [u8; HEADER_LEN] = *b"ZKLG\0\0\0\x02\0\0\0\0\0\0\0\0";
