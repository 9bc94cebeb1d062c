use std::borrow::Cow;
use std::fmt;
use std::io::{self, Read};
use std::ops::Range;
use std::path::{Path, PathBuf};

use jute::{Limits, Reader};
use proto::{AclList, Data, SessionId, StatPersisted, Zxid};
use simd_adler32::Adler32;

use super::compress::decompressor;
use super::{MAGIC, SEAL_LEN, SLASH, SnapshotTail, ZxidDigest};
use crate::names::compression_of;
use crate::vfs::{OpenMode, Vfs, VfsFile, make_room};
use crate::{Error, Result};

const CHUNK: usize = 256 << 10;
/// Bytes of a stored stat.
const STAT_LEN: usize = 60;
/// More than the optional sections can take.
const TAIL_MAX: usize = 4096;
/// More than any ACL list takes.
const ACL_LIST_MAX: usize = 64 << 20;

/// One node of a snapshot.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SnapshotNode<'a> {
    /// Its path; `/` for the root, which comes first.
    pub path: Cow<'a, str>,
    /// Its data.
    pub data: Data,
    /// The key of its ACL in [`SnapshotReader::acls`]; -1 is world:anyone:all.
    pub acl_key: i64,
    /// Its stat.
    pub stat: StatPersisted,
}

/// Reads one snapshot file: sessions and ACLs at once, then node by node, then the end.
///
/// The checksum comes after the nodes, so nothing that was read may be used before
/// [`SnapshotReader::finish`] has returned.
pub struct SnapshotReader {
    input: Input,
    length_max: usize,
    sessions: Vec<(SessionId, i32)>,
    acls: Vec<(i64, AclList)>,
    nodes: u64,
    ended: bool,
}

impl SnapshotReader {
    /// Opens a file and reads its sessions and ACLs. Its suffix says how it is compressed.
    pub fn open(vfs: &dyn Vfs, path: &Path, limits: Limits) -> Result<Self> {
        let file = vfs.open(path, OpenMode::Read).map_err(Error::io("open", path))?;
        let name = path.file_name().map(|n| n.to_string_lossy()).unwrap_or_default();
        let stream = decompressor(compression_of(&name), FileRead { file, offset: 0 });
        Self::from_stream(stream, path, limits)
    }

    /// Reads an uncompressed stream, for example from a peer; `path` names it in errors.
    pub fn from_stream(stream: Box<dyn Read + Send>, path: &Path, limits: Limits) -> Result<Self> {
        let mut reader = SnapshotReader {
            input: Input::new(stream, path),
            length_max: limits.record_max_bytes(),
            sessions: Vec::new(),
            acls: Vec::new(),
            nodes: 0,
            ended: false,
        };
        reader.read_header()?;
        reader.read_sessions()?;
        reader.read_acls(limits)?;
        Ok(reader)
    }

    /// The sessions with their timeouts in ms.
    pub fn sessions(&self) -> &[(SessionId, i32)] {
        &self.sessions
    }

    /// The ACLs by key.
    pub fn acls(&self) -> &[(i64, AclList)] {
        &self.acls
    }

    /// How many nodes were read.
    pub fn nodes_read(&self) -> u64 {
        self.nodes
    }

    /// Bytes of the uncompressed stream that were read.
    pub fn bytes_read(&self) -> u64 {
        self.input.offset
    }

    /// The next node; `None` after the last.
    pub fn next_node(&mut self) -> Result<Option<SnapshotNode<'_>>> {
        if self.ended {
            return Ok(None);
        }
        let path_len = self.length_at(0, "a node's path")?.unwrap_or(0);
        let data_at = 4 + path_len;
        if self.input.peek(data_at.max(SLASH.len()))?.starts_with(SLASH) {
            self.input.skip(SLASH.len());
            self.ended = true;
            return Ok(None);
        }
        let data_len = self.length_at(data_at, "a node's data")?.unwrap_or(0);
        let len = data_at + 4 + data_len + 8 + STAT_LEN;
        self.nodes += 1;
        self.input.peek(len)?;
        self.input.skip(len);
        decode_node(self.input.last(len), self.length_max)
            .map(Some)
            .map_err(|error| self.input.damaged(error.to_string()))
    }

    /// Reads what follows the nodes and checks the seals. Nodes not read yet are skipped.
    pub fn finish(mut self) -> Result<SnapshotTail> {
        while self.next_node()?.is_some() {}
        let sum = self.input.sum();
        let offset = self.input.offset;
        let seal: [u8; SEAL_LEN] = self.input.array()?;
        if !is_seal(&seal, sum) {
            return Err(self.input.damaged_at(offset, "the checksum is wrong".to_owned()));
        }
        self.read_tail()
    }

    fn read_header(&mut self) -> Result<()> {
        let header: [u8; 16] = self.input.array()?;
        if header[..4] != MAGIC.to_be_bytes() {
            let reason = "it does not start with \"ZKSN\"".to_owned();
            return Err(self.input.damaged_at(0, reason));
        }
        Ok(())
    }

    fn read_sessions(&mut self) -> Result<()> {
        let count = i32::from_be_bytes(self.input.array()?);
        for _ in 0..count {
            let session = SessionId(i64::from_be_bytes(self.input.array()?));
            let timeout_ms = i32::from_be_bytes(self.input.array()?);
            self.sessions.push((session, timeout_ms));
        }
        Ok(())
    }

    fn read_acls(&mut self, limits: Limits) -> Result<()> {
        let count = i32::from_be_bytes(self.input.array()?);
        for _ in 0..count {
            let key = i64::from_be_bytes(self.input.array()?);
            let acl = self.read_acl(limits)?;
            self.acls.push((key, acl));
        }
        Ok(())
    }

    /// A list has no length in bytes: more is read until it can be decoded.
    fn read_acl(&mut self, limits: Limits) -> Result<AclList> {
        let mut want = 64;
        loop {
            let available = self.input.available(want)?;
            let mut reader = Reader::with_limits(available, limits);
            let decoded = AclList::decode(&mut reader);
            let (consumed, got) = (reader.position(), available.len());
            match decoded {
                Ok(Some(acl)) => {
                    self.input.skip(consumed);
                    return Ok(acl);
                }
                Ok(None) => return Err(self.input.damaged("an ACL is null".to_owned())),
                Err(jute::Error::UnexpectedEnd { .. }) if got >= want && want < ACL_LIST_MAX => {
                    want *= 2;
                }
                Err(error) => return Err(self.input.damaged(format!("an ACL: {error}"))),
            }
        }
    }

    /// The length of a string or buffer `at` bytes ahead; `None` is null.
    fn length_at(&mut self, at: usize, what: &str) -> Result<Option<usize>> {
        let bytes = self.input.peek(at + 4)?;
        let length = bytes[at..].first_chunk().copied().map(i32::from_be_bytes).unwrap_or_default();
        match usize::try_from(length) {
            Ok(length) if length <= self.length_max => Ok(Some(length)),
            Err(_) if length == -1 => Ok(None),
            _ => {
                let max = self.length_max;
                let reason = format!("{what} has length {length}, the limit is {max}");
                Err(self.input.damaged_at(self.input.offset + at as u64, reason))
            }
        }
    }

    /// The optional sections, told apart by their content: the settings that wrote them may not
    /// be ours. Each ends with a seal over everything before it.
    fn read_tail(mut self) -> Result<SnapshotTail> {
        let start = self.input.offset;
        self.input.sum();
        let mut sum = self.input.sum.clone();
        let mut tail = self.input.available(TAIL_MAX + 1)?;
        let mut sections = SnapshotTail::default();
        if let Some((digest, len)) = digest_section(tail)
            && let Some(rest) = sealed(tail, len, &mut sum)
        {
            sections.digest = Some(digest);
            tail = rest;
        }
        if let Some((zxid, _)) = tail.split_first_chunk()
            && let Some(rest) = sealed(tail, 8, &mut sum)
        {
            sections.last_zxid = Some(Zxid(i64::from_be_bytes(*zxid)));
            tail = rest;
        }
        if tail.is_empty() {
            return Ok(sections);
        }
        let reason = "what follows the nodes is no known section with a right seal".to_owned();
        Err(self.input.damaged_at(start, reason))
    }
}

impl fmt::Debug for SnapshotReader {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut debug = f.debug_struct("SnapshotReader");
        debug.field("path", &self.input.path).field("nodes", &self.nodes).finish_non_exhaustive()
    }
}

fn decode_node(bytes: &[u8], length_max: usize) -> Result<SnapshotNode<'_>, jute::Error> {
    let limits = Limits { max_buffer_bytes: length_max, extra_bytes: 0 };
    let mut r = Reader::with_limits(bytes, limits);
    let path = match r.string()? {
        Some(path) if !path.is_empty() => path,
        _ => Cow::Borrowed("/"),
    };
    let data = Data::from(r.buffer()?);
    Ok(SnapshotNode { path, data, acl_key: r.i64()?, stat: StatPersisted::decode(&mut r)? })
}

/// A digest at the start of `bytes` and its length.
fn digest_section(bytes: &[u8]) -> Option<(ZxidDigest, usize)> {
    let mut r = Reader::new(bytes);
    let (zxid, version) = (Zxid(r.i64().ok()?), r.i32().ok()?);
    let digest = match version {
        // Digests before version 2 are hex text.
        ..2 => {
            let text = r.string().ok()?.unwrap_or_default();
            u64::from_str_radix(&text, 16).unwrap_or_default() as i64
        }
        _ => r.i64().ok()?,
    };
    Some((ZxidDigest { zxid, version, digest }, r.position()))
}

/// What follows a section of `len` bytes and its seal, if the seal is right. `sum` runs on.
fn sealed<'a>(bytes: &'a [u8], len: usize, sum: &mut Adler32) -> Option<&'a [u8]> {
    let (section, rest) = bytes.split_at_checked(len)?;
    let (seal, rest) = rest.split_first_chunk()?;
    let mut with = sum.clone();
    with.write(section);
    if !is_seal(seal, with.finish()) {
        return None;
    }
    with.write(seal);
    *sum = with;
    Some(rest)
}

fn is_seal(seal: &[u8; SEAL_LEN], sum: u32) -> bool {
    let (checksum, slash) = seal.split_at(8);
    checksum == i64::from(sum).to_be_bytes() && slash == SLASH
}

/// The stream with a window of what was read ahead and a checksum of what was consumed.
struct Input {
    stream: Box<dyn Read + Send>,
    path: PathBuf,
    buf: Vec<u8>,
    unread: Range<usize>,
    /// Offset in the stream of `unread.start`.
    offset: u64,
    sum: Adler32,
    /// How far into `buf` the checksum has come.
    summed: usize,
}

impl Input {
    fn new(stream: Box<dyn Read + Send>, path: &Path) -> Self {
        Input {
            stream,
            path: path.to_path_buf(),
            buf: Vec::new(),
            unread: 0..0,
            offset: 0,
            sum: Adler32::new(),
            summed: 0,
        }
    }

    /// The checksum of everything consumed.
    fn sum(&mut self) -> u32 {
        self.sum.write(&self.buf[self.summed..self.unread.start]);
        self.summed = self.unread.start;
        self.sum.finish()
    }

    /// The next `n` bytes without consuming them.
    fn peek(&mut self, n: usize) -> Result<&[u8]> {
        if self.unread.len() < n && self.available(n)?.len() < n {
            let missing = n - self.unread.len();
            return Err(self.damaged(format!("it ends {missing} bytes too early")));
        }
        Ok(&self.buf[self.unread.start..][..n])
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N]> {
        let array = self.peek(N)?.first_chunk().copied().unwrap_or([0; N]);
        self.skip(N);
        Ok(array)
    }

    /// The last `n` bytes that were consumed.
    fn last(&self, n: usize) -> &[u8] {
        &self.buf[self.unread.start - n..self.unread.start]
    }

    /// Consumes bytes that were peeked at.
    fn skip(&mut self, n: usize) {
        self.unread.start += n;
        self.offset += n as u64;
    }

    /// What is unread, at least `want` bytes unless the stream ends.
    fn available(&mut self, want: usize) -> Result<&[u8]> {
        if self.unread.len() < want {
            self.sum();
            make_room(&mut self.buf, &mut self.unread, want.max(CHUNK));
            self.summed = 0;
        }
        while self.unread.len() < want {
            match self.stream.read(&mut self.buf[self.unread.end..]) {
                Ok(0) => break,
                Ok(n) => self.unread.end += n,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(self.stream_error(error)),
            }
        }
        Ok(&self.buf[self.unread.clone()])
    }

    /// A decompressor reports damage as an I/O error.
    fn stream_error(&self, error: io::Error) -> Error {
        match error.kind() {
            io::ErrorKind::InvalidData
            | io::ErrorKind::InvalidInput
            | io::ErrorKind::UnexpectedEof
            | io::ErrorKind::Other => self.damaged(error.to_string()),
            _ => Error::io("read", &self.path)(error),
        }
    }

    fn damaged(&self, reason: String) -> Error {
        self.damaged_at(self.offset, reason)
    }

    fn damaged_at(&self, offset: u64, reason: String) -> Error {
        Error::DamagedSnapshot { path: self.path.clone(), offset, reason }
    }
}

struct FileRead {
    file: Box<dyn VfsFile>,
    offset: u64,
}

impl Read for FileRead {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        let n = self.file.read_at(buf, self.offset)?;
        self.offset += n as u64;
        Ok(n)
    }
}
