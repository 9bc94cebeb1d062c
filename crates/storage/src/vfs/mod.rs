//! The few file operations that storage needs, so that tests can put a failing disk below it.

mod mem;
mod os;

use std::fmt;
use std::io;
use std::ops::Range;
use std::path::Path;

pub use mem::{Crash, Fault, MemVfs};
pub use os::OsVfs;

/// How a file is opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OpenMode {
    /// An existing file, for reading.
    Read,
    /// An existing file, for reading and writing.
    Write,
    /// A new, empty file; one that exists loses its content.
    Create,
}

/// A file or directory as a directory lists it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// The name without its directory.
    pub name: String,
    /// Whether it is a directory.
    pub is_dir: bool,
    /// Length in bytes; 0 for a directory.
    pub len: u64,
    /// Time of the last change, ms since 1970.
    pub modified_ms: i64,
}

/// A file system. [`OsVfs`] is the real one, [`MemVfs`] one that crashes on demand.
pub trait Vfs: Send + Sync + fmt::Debug {
    /// Opens a file.
    fn open(&self, path: &Path, mode: OpenMode) -> io::Result<Box<dyn VfsFile>>;
    /// What a directory holds, sorted by name.
    fn list(&self, dir: &Path) -> io::Result<Vec<Entry>>;
    /// One file or directory; `NotFound` when it is missing.
    fn metadata(&self, path: &Path) -> io::Result<Entry>;
    /// Whether this process may create files in `dir`.
    fn is_writable(&self, dir: &Path) -> bool;
    /// Creates a directory and its parents, durably.
    fn create_dir_all(&self, dir: &Path) -> io::Result<()>;
    /// Gives a file another name in the same directory, replacing what was there.
    fn rename(&self, from: &Path, to: &Path) -> io::Result<()>;
    /// Removes a file.
    fn remove(&self, path: &Path) -> io::Result<()>;
    /// Makes creates, renames and removes in `dir` durable.
    fn sync_dir(&self, dir: &Path) -> io::Result<()>;
    /// Takes the advisory lock of the file `path` (created if missing) and writes `holder` into
    /// it. The lock ends when the returned value is dropped or the process dies.
    fn lock(&self, path: &Path, holder: &str) -> io::Result<Lock>;
}

/// The answer of [`Vfs::lock`].
#[derive(Debug)]
pub enum Lock {
    /// Held until the value is dropped.
    Held(Box<dyn fmt::Debug + Send + Sync>),
    /// Somebody else has it; the text they wrote into the file.
    Taken(String),
}

/// An open file with positioned reads and writes.
#[expect(clippy::len_without_is_empty, reason = "a file is not a collection")]
pub trait VfsFile: Send + fmt::Debug {
    /// Reads some bytes at `offset`; 0 at the end of the file.
    fn read_at(&self, buf: &mut [u8], offset: u64) -> io::Result<usize>;
    /// Writes all `bytes` at `offset`; after an error some of them may be there.
    fn write_all_at(&mut self, bytes: &[u8], offset: u64) -> io::Result<()>;
    /// Makes content and length durable (fdatasync).
    fn sync_data(&mut self) -> io::Result<()>;
    /// Cuts the file, or extends it with zeros.
    fn set_len(&mut self, len: u64) -> io::Result<()>;
    /// Reserves space; the file then ends at `offset + len` or later and reads as zeros there.
    fn allocate(&mut self, offset: u64, len: u64) -> io::Result<()>;
    /// The length in bytes.
    fn len(&self) -> io::Result<u64>;
    /// The parts at or behind `offset` that may hold something other than zeros, in order.
    fn data_ranges(&self, offset: u64) -> io::Result<Vec<Range<u64>>>;
}

/// Moves what is unread to the front of `buf`, which then has at least `len` bytes.
pub(crate) fn make_room(buf: &mut Vec<u8>, unread: &mut Range<usize>, len: usize) {
    if buf.len() < len {
        // Fresh zeros from the system cost nothing; growing would write them.
        let mut larger = vec![0; len.next_power_of_two()];
        larger[..unread.len()].copy_from_slice(&buf[unread.clone()]);
        *buf = larger;
    } else {
        buf.copy_within(unread.clone(), 0);
    }
    *unread = 0..unread.len();
}

/// Reads until `buf` is full or the file ends; how many bytes came.
pub(crate) fn read_full(file: &dyn VfsFile, buf: &mut [u8], offset: u64) -> io::Result<usize> {
    let mut done = 0;
    while done < buf.len() {
        match file.read_at(&mut buf[done..], offset + done as u64) {
            Ok(0) => break,
            Ok(n) => done += n,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(done)
}
