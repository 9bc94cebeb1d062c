use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::{Entry, Lock, OpenMode, Vfs, VfsFile};

/// What a disk writes as a whole or not at all.
const SECTOR: usize = 512;

/// A file system in memory that remembers what was synced and can lose the rest.
///
/// Clones share the files. Every operation that changes something is a *call* and is counted;
/// a test can make a call fail ([`MemVfs::fail_at`]) or stop the machine before it
/// ([`MemVfs::stop_at`]) and then look at what a power loss leaves ([`MemVfs::crash`]).
#[derive(Debug, Clone, Default)]
pub struct MemVfs(Arc<Mutex<State>>);

/// What a crash does to changes that were not synced.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Crash {
    /// All of them are lost.
    LoseUnsynced,
    /// All of them are there (the process died, the machine did not).
    KeepAll,
    /// Each sector, length and directory change is drawn from this seed.
    Torn(u64),
}

/// How a call fails.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// It has no effect and returns this kind of error.
    Error(io::ErrorKind),
    /// A write leaves half of its bytes and returns an I/O error.
    ShortWrite,
    /// A write leaves half of its bytes; any call says that the disk is full.
    NoSpace,
}

#[derive(Debug, Default)]
struct State {
    inodes: Vec<Inode>,
    dirs: BTreeMap<PathBuf, Dir>,
    locks: BTreeMap<PathBuf, String>,
    calls: u64,
    faults: BTreeMap<u64, Fault>,
    stop_at: Option<u64>,
    capacity_bytes: Option<u64>,
}

#[derive(Debug, Clone, Default)]
struct Inode {
    durable: Vec<u8>,
    current: Vec<u8>,
    pending: Vec<FileOp>,
    modified: u64,
}

#[derive(Debug, Clone)]
enum FileOp {
    Write { offset: usize, bytes: Vec<u8> },
    SetLen(usize),
}

#[derive(Debug, Clone, Default)]
struct Dir {
    durable: BTreeMap<String, usize>,
    current: BTreeMap<String, usize>,
    pending: Vec<DirOp>,
}

#[derive(Debug, Clone)]
enum DirOp {
    Link(String, usize),
    Unlink(String),
    Rename(String, String),
}

impl MemVfs {
    /// An empty file system.
    pub fn new() -> Self {
        Self::default()
    }

    /// How many calls that change something were made.
    pub fn calls(&self) -> u64 {
        self.state().calls
    }

    /// Makes the call with this number (from 0) fail.
    pub fn fail_at(&self, call: u64, fault: Fault) {
        self.state().faults.insert(call, fault);
    }

    /// Stops the machine before the call with this number: it and all later ones fail.
    pub fn stop_at(&self, call: u64) {
        self.state().stop_at = Some(call);
    }

    /// Limits the sum of all file lengths; growing beyond it says that the disk is full.
    pub fn set_capacity(&self, bytes: Option<u64>) {
        self.state().capacity_bytes = bytes;
    }

    /// What the disk holds after the power went off now, as a new file system.
    pub fn crash(&self, how: Crash) -> MemVfs {
        let state = self.state();
        let mut rng = Rng(if let Crash::Torn(seed) = how { seed } else { 0 });
        let inodes = state.inodes.iter().map(|inode| inode.after(how, &mut rng)).collect();
        let dirs = state.dirs.iter().map(|(path, dir)| (path.clone(), dir.after(how, &mut rng)));
        let dirs = dirs.collect();
        MemVfs(Arc::new(Mutex::new(State { inodes, dirs, ..State::default() })))
    }

    /// The whole content of a file.
    pub fn read(&self, path: impl AsRef<Path>) -> io::Result<Vec<u8>> {
        let state = self.state();
        Ok(state.inodes[state.find(path.as_ref())?].current.clone())
    }

    /// Writes a whole file, durable at once and not counted as a call; makes its directory.
    pub fn put(&self, path: impl AsRef<Path>, bytes: &[u8]) {
        let mut state = self.state();
        let (dir, name) = split(path.as_ref());
        let id = state.inodes.len();
        let bytes = bytes.to_vec();
        state.inodes.push(Inode { durable: bytes.clone(), current: bytes, ..Inode::default() });
        let dir = state.dirs.entry(dir).or_default();
        dir.durable.insert(name.clone(), id);
        dir.current.insert(name, id);
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Vfs for MemVfs {
    fn open(&self, path: &Path, mode: OpenMode) -> io::Result<Box<dyn VfsFile>> {
        let mut state = self.state();
        let id = match state.find(path) {
            Ok(id) => id,
            Err(_) if mode == OpenMode::Create => {
                state.call()?;
                let (dir, name) = split(path);
                let id = state.inodes.len();
                state.dir(&dir)?.apply(DirOp::Link(name, id));
                state.inodes.push(Inode::default());
                return Ok(self.file(id));
            }
            Err(error) => return Err(error),
        };
        if mode == OpenMode::Create {
            state.call()?;
            state.inodes[id].apply(FileOp::SetLen(0));
        }
        Ok(self.file(id))
    }

    fn list(&self, dir: &Path) -> io::Result<Vec<Entry>> {
        let state = self.state();
        let listed = state.dirs.get(dir).ok_or_else(not_found)?;
        let files = listed.current.iter().map(|(name, id)| state.inodes[*id].describe(name));
        let dirs = state.dirs.keys().filter(|path| path.parent() == Some(dir)).map(|path| {
            let (_, name) = split(path);
            Entry { name, is_dir: true, len: 0, modified_ms: 0 }
        });
        let mut entries: Vec<_> = files.chain(dirs).collect();
        entries.sort_by(|a, b| a.name.cmp(&b.name));
        Ok(entries)
    }

    fn metadata(&self, path: &Path) -> io::Result<Entry> {
        let state = self.state();
        let (_, name) = split(path);
        if state.dirs.contains_key(path) {
            return Ok(Entry { name, is_dir: true, len: 0, modified_ms: 0 });
        }
        Ok(state.inodes[state.find(path)?].describe(&name))
    }

    fn is_writable(&self, dir: &Path) -> bool {
        self.state().dirs.contains_key(dir)
    }

    fn create_dir_all(&self, dir: &Path) -> io::Result<()> {
        let mut state = self.state();
        for path in dir.ancestors() {
            state.dirs.entry(path.to_path_buf()).or_default();
        }
        Ok(())
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        let mut state = self.state();
        state.find(from)?;
        state.call()?;
        let ((dir, from), (_, to)) = (split(from), split(to));
        state.dir(&dir)?.apply(DirOp::Rename(from, to));
        Ok(())
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        let mut state = self.state();
        state.find(path)?;
        state.call()?;
        let (dir, name) = split(path);
        state.dir(&dir)?.apply(DirOp::Unlink(name));
        Ok(())
    }

    fn sync_dir(&self, dir: &Path) -> io::Result<()> {
        let mut state = self.state();
        state.call()?;
        let dir = state.dir(dir)?;
        dir.durable = dir.current.clone();
        dir.pending.clear();
        Ok(())
    }

    fn lock(&self, path: &Path, holder: &str) -> io::Result<Lock> {
        let mut state = self.state();
        if let Some(holder) = state.locks.get(path) {
            return Ok(Lock::Taken(holder.clone()));
        }
        state.locks.insert(path.to_path_buf(), holder.to_owned());
        Ok(Lock::Held(Box::new(MemLock(self.clone(), path.to_path_buf()))))
    }
}

impl MemVfs {
    fn file(&self, id: usize) -> Box<dyn VfsFile> {
        Box::new(MemFile { vfs: self.clone(), id })
    }
}

#[derive(Debug)]
struct MemLock(MemVfs, PathBuf);

impl Drop for MemLock {
    fn drop(&mut self) {
        self.0.state().locks.remove(&self.1);
    }
}

#[derive(Debug)]
struct MemFile {
    vfs: MemVfs,
    id: usize,
}

impl VfsFile for MemFile {
    fn read_at(&self, buf: &mut [u8], offset: u64) -> io::Result<usize> {
        let state = self.vfs.state();
        let content = &state.inodes[self.id].current;
        let from = content.len().min(offset as usize);
        let n = buf.len().min(content.len() - from);
        buf[..n].copy_from_slice(&content[from..from + n]);
        Ok(n)
    }

    fn write_all_at(&mut self, bytes: &[u8], offset: u64) -> io::Result<()> {
        let mut state = self.vfs.state();
        let result = state.call().and_then(|()| state.room(self.id, offset as usize + bytes.len()));
        let kept = match &result {
            Ok(()) => bytes,
            Err(error) if leaves_half(error) => &bytes[..bytes.len() / 2],
            Err(_) => return result,
        };
        state.change(self.id, FileOp::Write { offset: offset as usize, bytes: kept.to_vec() });
        result
    }

    fn sync_data(&mut self) -> io::Result<()> {
        let mut state = self.vfs.state();
        state.call()?;
        let inode = &mut state.inodes[self.id];
        inode.durable = inode.current.clone();
        inode.pending.clear();
        Ok(())
    }

    fn set_len(&mut self, len: u64) -> io::Result<()> {
        let mut state = self.vfs.state();
        state.call()?;
        state.room(self.id, len as usize)?;
        state.change(self.id, FileOp::SetLen(len as usize));
        Ok(())
    }

    fn allocate(&mut self, offset: u64, len: u64) -> io::Result<()> {
        let mut state = self.vfs.state();
        state.call()?;
        let end = (offset + len) as usize;
        state.room(self.id, end)?;
        if state.inodes[self.id].current.len() < end {
            state.change(self.id, FileOp::SetLen(end));
        }
        Ok(())
    }

    fn len(&self) -> io::Result<u64> {
        Ok(self.vfs.state().inodes[self.id].current.len() as u64)
    }

    fn data_ranges(&self, offset: u64) -> io::Result<Vec<Range<u64>>> {
        let state = self.vfs.state();
        let content = &state.inodes[self.id].current;
        let is_data = |at: &usize| content[*at] != 0;
        let first = (offset as usize..content.len()).find(is_data);
        let last = (offset as usize..content.len()).rfind(is_data);
        let range = first.zip(last).map(|(first, last)| first as u64..last as u64 + 1);
        Ok(range.into_iter().collect())
    }
}

impl State {
    /// Counts a call and says how it fails.
    fn call(&mut self) -> io::Result<()> {
        let call = self.calls;
        self.calls += 1;
        if self.stop_at.is_some_and(|stop| call >= stop) {
            return Err(io::Error::other("the machine has stopped"));
        }
        match self.faults.get(&call) {
            None => Ok(()),
            Some(Fault::Error(kind)) => Err((*kind).into()),
            Some(Fault::ShortWrite) => Err(io::ErrorKind::WriteZero.into()),
            Some(Fault::NoSpace) => Err(io::ErrorKind::StorageFull.into()),
        }
    }

    fn room(&self, id: usize, len: usize) -> io::Result<()> {
        let Some(capacity) = self.capacity_bytes else { return Ok(()) };
        let live: BTreeSet<usize> =
            self.dirs.values().flat_map(|dir| dir.current.values().copied()).collect();
        let others = live.iter().filter(|other| **other != id);
        let used: usize = others.map(|other| self.inodes[*other].current.len()).sum();
        let grows = len > self.inodes[id].current.len();
        if grows && (used + len) as u64 > capacity {
            return Err(io::ErrorKind::StorageFull.into());
        }
        Ok(())
    }

    fn change(&mut self, id: usize, op: FileOp) {
        self.inodes[id].modified = self.calls;
        self.inodes[id].apply(op);
    }

    fn find(&self, path: &Path) -> io::Result<usize> {
        let (dir, name) = split(path);
        let dir = self.dirs.get(&dir).ok_or_else(not_found)?;
        dir.current.get(&name).copied().ok_or_else(not_found)
    }

    fn dir(&mut self, dir: &Path) -> io::Result<&mut Dir> {
        self.dirs.get_mut(dir).ok_or_else(not_found)
    }
}

impl Inode {
    fn apply(&mut self, op: FileOp) {
        op.apply(&mut self.current);
        self.pending.push(op);
    }

    fn describe(&self, name: &str) -> Entry {
        let (name, len) = (name.to_owned(), self.current.len() as u64);
        Entry { name, is_dir: false, len, modified_ms: self.modified as i64 }
    }

    fn after(&self, how: Crash, rng: &mut Rng) -> Inode {
        let content = match how {
            Crash::LoseUnsynced => self.durable.clone(),
            Crash::KeepAll => self.current.clone(),
            Crash::Torn(_) => self.torn(rng),
        };
        Inode { durable: content.clone(), current: content, ..Inode::default() }
    }

    /// Each sector shows its content at some moment since the last sync, so does the length.
    fn torn(&self, rng: &mut Rng) -> Vec<u8> {
        let mut version = self.durable.clone();
        let mut versions = vec![version.clone()];
        for op in &self.pending {
            op.apply(&mut version);
            versions.push(version.clone());
        }
        let mut content = vec![0; rng.pick(&versions).len()];
        for (index, sector) in content.chunks_mut(SECTOR).enumerate() {
            let from = rng.pick(&versions).get(index * SECTOR..).unwrap_or_default();
            let n = sector.len().min(from.len());
            sector[..n].copy_from_slice(&from[..n]);
        }
        content
    }
}

impl FileOp {
    fn apply(&self, content: &mut Vec<u8>) {
        match self {
            FileOp::SetLen(len) => content.resize(*len, 0),
            FileOp::Write { offset, bytes } => {
                let end = offset + bytes.len();
                if content.len() < end {
                    content.resize(end, 0);
                }
                content[*offset..end].copy_from_slice(bytes);
            }
        }
    }
}

impl Dir {
    fn apply(&mut self, op: DirOp) {
        op.apply(&mut self.current);
        self.pending.push(op);
    }

    fn after(&self, how: Crash, rng: &mut Rng) -> Dir {
        let names = match how {
            Crash::LoseUnsynced => self.durable.clone(),
            Crash::KeepAll => self.current.clone(),
            Crash::Torn(_) => {
                let mut names = self.durable.clone();
                self.pending.iter().filter(|_| rng.bit()).for_each(|op| op.apply(&mut names));
                names
            }
        };
        Dir { durable: names.clone(), current: names, pending: Vec::new() }
    }
}

impl DirOp {
    fn apply(&self, names: &mut BTreeMap<String, usize>) {
        match self {
            DirOp::Link(name, id) => {
                names.insert(name.clone(), *id);
            }
            DirOp::Unlink(name) => {
                names.remove(name);
            }
            DirOp::Rename(from, to) => {
                if let Some(id) = names.remove(from) {
                    names.insert(to.clone(), id);
                }
            }
        }
    }
}

/// SplitMix64: small, seeded, good enough to draw crashes.
#[derive(Debug)]
struct Rng(u64);

impl Rng {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    fn bit(&mut self) -> bool {
        self.next() & 1 == 1
    }

    fn pick<'a, T>(&mut self, items: &'a [T]) -> &'a T {
        &items[self.next() as usize % items.len()]
    }
}

fn leaves_half(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::WriteZero | io::ErrorKind::StorageFull)
}

fn split(path: &Path) -> (PathBuf, String) {
    let dir = path.parent().unwrap_or(Path::new("")).to_path_buf();
    (dir, path.file_name().map(|n| n.to_string_lossy().into_owned()).unwrap_or_default())
}

fn not_found() -> io::Error {
    io::ErrorKind::NotFound.into()
}
