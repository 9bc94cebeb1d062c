use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use proto::Zxid;

use super::cut;
use super::format::{self, HEADER_LEN};
use crate::names::{STAGED_PREFIX, log_name};
use crate::vfs::{OpenMode, Vfs, VfsFile};
use crate::{Error, Result};

/// Java extends a log when less than this is left in it.
const PREALLOC_SLACK_BYTES: u64 = 4096;

/// How logs are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LogOptions {
    /// `zookeeper.preAllocSize`, in bytes: the step in which files grow; 0 for no preallocation.
    pub prealloc_bytes: u64,
    /// `zookeeper.txnLogSizeLimitInKb`, in bytes: a file above it is followed by a new one.
    pub size_limit_bytes: Option<u64>,
    /// `zookeeper.forceSync`: false leaves it to the system when a batch reaches the disk.
    pub force_sync: bool,
}

impl Default for LogOptions {
    fn default() -> Self {
        LogOptions { prealloc_bytes: 65536 << 10, size_limit_bytes: None, force_sync: true }
    }
}

/// What one [`LogWriter::commit`] made durable.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct CommitStats {
    /// Everything up to here is durable; `None` before the first record.
    pub upto: Option<Zxid>,
    /// Records in this batch.
    pub records: usize,
    /// Bytes in this batch.
    pub bytes: u64,
    /// How long the sync took; zero without one.
    pub sync_time: Duration,
}

/// Appends transactions to the log of one directory, a batch per sync.
///
/// Every start begins a new file, named after its first record. Positions in the current file:
/// `header <= durable <= allocated`; `pending` is not written yet.
///
/// After a failed write or sync the writer is poisoned. If the disk was full,
/// [`LogWriter::reopen_after_failure`] revives it; otherwise the server must stop being one
/// (invariant D1).
#[derive(Debug)]
pub struct LogWriter {
    vfs: Arc<dyn Vfs>,
    dir: PathBuf,
    options: LogOptions,
    current: Option<Current>,
    pending: Vec<u8>,
    pending_records: usize,
    pending_first: Option<Zxid>,
    last_appended: Option<Zxid>,
    last_durable: Option<Zxid>,
    failure: Option<Failure>,
}

#[derive(Debug)]
struct Current {
    file: Box<dyn VfsFile>,
    path: PathBuf,
    /// Behind the last durable record.
    durable_bytes: u64,
    /// The length of the file with its padding.
    allocated_bytes: u64,
}

#[derive(Debug)]
struct Failure {
    cause: String,
    disk_full: bool,
}

impl LogWriter {
    /// A writer for `dir`. Nothing is created before the first commit.
    pub fn open(vfs: Arc<dyn Vfs>, dir: &Path, options: LogOptions) -> Self {
        LogWriter {
            vfs,
            dir: dir.to_path_buf(),
            options,
            current: None,
            pending: Vec::new(),
            pending_records: 0,
            pending_first: None,
            last_appended: None,
            last_durable: None,
            failure: None,
        }
    }

    /// Adds a record to the batch. `txn` is header, body and digest.
    pub fn append(&mut self, zxid: Zxid, txn: &[u8]) -> Result<()> {
        self.check_usable()?;
        assert!(self.last_appended.is_none_or(|last| last < zxid), "the log is in zxid order");
        assert_eq!(format::zxid_in(txn), zxid, "the record is the one that was named");
        let distance = self.options.force_sync.then_some(self.pending.len());
        format::put_record(&mut self.pending, txn, distance);
        self.pending_records += 1;
        self.pending_first.get_or_insert(zxid);
        self.last_appended = Some(zxid);
        Ok(())
    }

    /// Writes the batch with one write and makes it durable with one sync.
    pub fn commit(&mut self) -> Result<CommitStats> {
        self.check_usable()?;
        let Some(first) = self.pending_first else {
            return Ok(CommitStats { upto: self.last_durable, ..CommitStats::default() });
        };
        let sync_time = match self.write_batch(first) {
            Ok(sync_time) => sync_time,
            Err(error) => return Err(self.poison(error)),
        };
        let stats = CommitStats {
            upto: self.last_appended,
            records: self.pending_records,
            bytes: self.pending.len() as u64,
            sync_time,
        };
        self.last_durable = self.last_appended;
        self.pending.clear();
        self.pending_records = 0;
        self.pending_first = None;
        self.roll_if_large();
        Ok(stats)
    }

    /// Commits, and starts a new file with the next record.
    pub fn roll(&mut self) -> Result<CommitStats> {
        let stats = self.commit()?;
        self.finish_file();
        Ok(stats)
    }

    /// Ends the current file behind its last durable record. What was not committed is dropped.
    pub fn close(mut self) {
        if self.failure.is_none() {
            self.finish_file();
        }
    }

    /// Goes on after [`Error::DiskFull`]: cuts the file behind the last durable record and starts
    /// a new one with the records that were not committed, which are still here.
    ///
    /// Fails, and may be called again, while there is no space even for that.
    pub fn reopen_after_failure(&mut self) -> Result<()> {
        match &self.failure {
            None => return Ok(()),
            Some(Failure { disk_full: true, .. }) => {}
            Some(_) => return self.check_usable(),
        }
        if let Some(current) = &self.current {
            // Through a new descriptor: the old one is never touched again.
            cut(&*self.vfs, &current.path, current.durable_bytes)?;
        }
        self.current = None;
        self.failure = None;
        Ok(())
    }

    /// The last record added, durable or not.
    pub fn last_appended(&self) -> Option<Zxid> {
        self.last_appended
    }

    /// The last record that a commit made durable.
    pub fn last_durable(&self) -> Option<Zxid> {
        self.last_durable
    }

    /// Records that the next commit will write.
    pub fn pending_records(&self) -> usize {
        self.pending_records
    }

    /// The file that is written, if there is one.
    pub fn current_file(&self) -> Option<&Path> {
        self.current.as_ref().map(|current| &*current.path)
    }

    fn check_usable(&self) -> Result<()> {
        match &self.failure {
            None => Ok(()),
            Some(failure) => Err(Error::Poisoned { cause: failure.cause.clone() }),
        }
    }

    fn poison(&mut self, error: Error) -> Error {
        let (cause, disk_full) = (error.to_string(), error.is_disk_full());
        self.failure = Some(Failure { cause, disk_full });
        error
    }

    fn write_batch(&mut self, first: Zxid) -> Result<Duration> {
        let mut current = match self.current.take() {
            Some(current) => current,
            None => self.create(first)?,
        };
        let result = current.write(&self.pending, &self.options);
        self.current = Some(current);
        result
    }

    /// Creates a log in such a way that under its name it always has a header.
    fn create(&self, first: Zxid) -> Result<Current> {
        let path = self.dir.join(log_name(first));
        let staged = self.dir.join(format!("{STAGED_PREFIX}{}", log_name(first)));
        let created = self.create_staged(&staged, &path);
        if created.is_err() {
            // What is left of it has no reader; the first error is the one to report.
            let _ = self.vfs.remove(&staged);
        }
        created
    }

    fn create_staged(&self, staged: &Path, path: &Path) -> Result<Current> {
        let file = self.vfs.open(staged, OpenMode::Create).map_err(Error::io("create", staged))?;
        let start = HEADER_LEN as u64;
        let path = path.to_path_buf();
        let mut current = Current { file, path, durable_bytes: start, allocated_bytes: start };
        current
            .file
            .write_all_at(&format::header(), 0)
            .map_err(Error::write("write", staged, 0))?;
        current.preallocate(0, &self.options);
        current.file.sync_data().map_err(Error::io("sync", staged))?;
        self.vfs.rename(staged, &current.path).map_err(Error::io("rename", staged))?;
        self.vfs.sync_dir(&self.dir).map_err(Error::io("sync", &self.dir))?;
        Ok(current)
    }

    fn roll_if_large(&mut self) {
        let Some(limit) = self.options.size_limit_bytes else { return };
        if self.current.as_ref().is_some_and(|current| current.durable_bytes > limit) {
            self.finish_file();
        }
    }

    /// Gives the padding back, which takes real space.
    fn finish_file(&mut self) {
        let Some(current) = self.current.take() else { return };
        if current.allocated_bytes > current.durable_bytes {
            // A file that keeps its padding is only larger than it need be.
            let _ = cut(&*self.vfs, &current.path, current.durable_bytes);
        }
    }
}

impl Current {
    fn write(&mut self, batch: &[u8], options: &LogOptions) -> Result<Duration> {
        self.preallocate(batch.len() as u64, options);
        let at = self.durable_bytes;
        self.file.write_all_at(batch, at).map_err(Error::write("write", &self.path, at))?;
        let start = Instant::now();
        if options.force_sync {
            self.file.sync_data().map_err(Error::write("sync", &self.path, at))?;
        }
        self.durable_bytes += batch.len() as u64;
        self.allocated_bytes = self.allocated_bytes.max(self.durable_bytes);
        Ok(if options.force_sync { start.elapsed() } else { Duration::ZERO })
    }

    /// Makes room for `more` bytes, so that a sync has no new file length to write.
    ///
    /// Space is a help, not a need: without it the batch may still fit.
    fn preallocate(&mut self, more: u64, options: &LogOptions) {
        let step = match options.size_limit_bytes {
            // Java counts padding as size; here a small limit keeps the padding small instead.
            Some(limit) => options.prealloc_bytes.min(limit),
            None => options.prealloc_bytes,
        };
        let needed = self.durable_bytes + more + PREALLOC_SLACK_BYTES;
        if step == 0 || needed < self.allocated_bytes {
            return;
        }
        let steps = (needed - self.allocated_bytes) / step + 1;
        let grow = steps * step;
        if self.file.allocate(self.allocated_bytes, grow).is_ok() {
            self.allocated_bytes += grow;
        }
    }
}
