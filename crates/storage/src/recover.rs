//! From files to the state they stand for (`FileTxnSnapLog.restore`), or a named refusal.
//!
//! | newest snapshot | logs | result |
//! |---|---|---|
//! | loads | continue it | the snapshot and what follows |
//! | loads | do not continue it | refused: [`RecoveryError::Gap`] |
//! | does not load | reach it from an older one | the older one, reported |
//! | does not load | do not reach it | refused: [`RecoveryError::LogsDoNotReach`] |
//! | none loads | | refused: [`RecoveryError::NoSnapshotLoads`] |
//! | there is none | have records | refused unless `snapshot.trust.empty` |
//! | there is none | none | empty: zxid 0 with `initialize` or `db.autocreate`, else -1 |

use std::path::{Path, PathBuf};
use std::sync::Arc;

use jute::{Limits, Reader};
use proto::{AclList, SessionId, StatPersisted, TxnError, TxnRecord, Zxid};
use thiserror::Error;

use crate::log::{self, LogChain, LogRecord};
use crate::names::{self, NamedFile, STAGED_PREFIX};
use crate::snapshot::{
    self, SnapshotNode, SnapshotOptions, SnapshotReader, SnapshotTail, SnapshotWriter, ZxidDigest,
};
use crate::vfs::Vfs;
use crate::{DataDirs, Error};

/// Java tries this many.
const CANDIDATES_MAX: usize = 100;
const PROGRESS_EVERY: u64 = 100_000;
const INITIALIZE: &str = "initialize";

/// How files are turned into state.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RecoveryOptions {
    /// How large records and nodes may be.
    pub limits: Limits,
    /// `zookeeper.snapshot.trust.empty`: logs alone are enough.
    pub trust_empty: bool,
    /// `zookeeper.db.autocreate`: no files at all mean an empty tree, not a lost one.
    pub db_autocreate: bool,
    /// Take logs with missing or misplaced transactions as Java does, with a note.
    pub tolerate_gaps: bool,
    /// How `snapshot.0` is written for an empty tree.
    pub snapshot: SnapshotOptions,
    /// `zookeeper.digest.enabled`, for `snapshot.0`.
    pub digest_enabled: bool,
    /// `zookeeper.serializeLastProcessedZxid.enabled`, for `snapshot.0`.
    pub last_zxid_enabled: bool,
}

impl Default for RecoveryOptions {
    fn default() -> Self {
        RecoveryOptions {
            limits: Limits::default(),
            trust_empty: false,
            db_autocreate: true,
            tolerate_gaps: false,
            snapshot: SnapshotOptions::default(),
            digest_enabled: true,
            last_zxid_enabled: true,
        }
    }
}

/// Takes the state that recovery reads.
///
/// An error text ends the use of the snapshot, or the whole recovery for a transaction.
pub trait RecoverySink {
    /// A snapshot begins. What an earlier one brought is to be forgotten: it was damaged.
    fn begin_snapshot(
        &mut self,
        zxid: Zxid,
        sessions: &[(SessionId, i32)],
        acls: &[(i64, AclList)],
    ) -> Result<(), String>;
    /// A node of it; parents before children, the root (`/`) first.
    fn node(&mut self, node: SnapshotNode<'_>) -> Result<(), String>;
    /// The snapshot is complete and its checksums are right.
    fn end_snapshot(&mut self, tail: &SnapshotTail) -> Result<(), String>;
    /// A transaction behind the snapshot. That applying it fails (no such node) is no error.
    fn txn(&mut self, record: TxnRecord, bytes: &[u8]) -> Result<(), String>;
    /// Called now and then during long loads.
    fn progress(&mut self, _progress: Progress<'_>) {}
}

/// How far recovery is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Progress<'a> {
    /// A snapshot is being read.
    Snapshot {
        /// The file.
        path: &'a Path,
        /// Nodes read so far.
        nodes: u64,
    },
    /// Logs are being replayed.
    Replay {
        /// The file.
        path: &'a Path,
        /// Transactions replayed so far.
        txns: u64,
    },
}

/// What recovery did that belongs into the server's log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Note {
    /// A snapshot was read.
    LoadedSnapshot {
        /// The file.
        path: PathBuf,
        /// Its nodes.
        nodes: u64,
    },
    /// A snapshot that is not complete or cannot be read was passed over.
    SkippedSnapshot {
        /// The file.
        path: PathBuf,
        /// Why.
        reason: String,
    },
    /// The end of the last log was cut: records that were being written when the machine
    /// stopped and were never acknowledged.
    CutTornTail {
        /// The log.
        path: PathBuf,
        /// Its new length in bytes.
        offset: u64,
        /// Its old length in bytes.
        len_before: u64,
    },
    /// A log without a header, whose creation was cut short, was removed.
    RemovedUnfinishedLog {
        /// The log.
        path: PathBuf,
    },
    /// A file that was being written under a staging name was removed.
    RemovedStaged {
        /// The file.
        path: PathBuf,
    },
    /// Transactions are missing or misplaced in a log; they were tolerated on request.
    ToleratedGap {
        /// The log.
        path: PathBuf,
        /// Where in it.
        offset: u64,
        /// The transaction before.
        before: Zxid,
        /// The transaction found.
        found: Zxid,
    },
    /// The `initialize` file was found and removed.
    Initialized,
    /// Logs were used without a snapshot, on request.
    TrustedEmpty,
}

/// The state that the files stand for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Recovered {
    /// The last transaction; 0 for an empty tree, -1 when data may be missing and this member's
    /// vote must not count.
    pub last_zxid: Zxid,
    /// The zxid of the snapshot that was used.
    pub snapshot_zxid: Option<Zxid>,
    /// How many transactions were replayed behind it.
    pub txns_replayed: u64,
    /// For the server's log, in order.
    pub notes: Vec<Note>,
}

/// Why a server must not start on these files.
#[derive(Debug, Error)]
pub enum RecoveryError {
    /// A file cannot be used.
    #[error(transparent)]
    Storage(#[from] Error),
    /// As Java says it.
    #[error(
        "No snapshot found, but there are log entries. Something is broken! (in {}; set \
         zookeeper.snapshot.trust.empty=true only for an upgrade from 3.4)",
        dir.display()
    )]
    LogsWithoutSnapshot {
        /// The snapshot directory.
        dir: PathBuf,
    },
    /// There are snapshots, but none can be read.
    #[error("Not able to find valid snapshots in {}: {reason}", dir.display())]
    NoSnapshotLoads {
        /// The snapshot directory.
        dir: PathBuf,
        /// What was wrong with the newest.
        reason: String,
    },
    /// An older snapshot can be read, but the logs behind it end before the newer one.
    #[error(
        "snapshot {} cannot be used ({reason}), and the logs behind the older snapshot at \
         {loaded} end at {reached}, before {needed}: acknowledged writes would be lost; restore \
         this directory from another server or a backup",
        path.display()
    )]
    LogsDoNotReach {
        /// The newer snapshot.
        path: PathBuf,
        /// Why it cannot be used.
        reason: String,
        /// The zxid of the older snapshot.
        loaded: Zxid,
        /// The last transaction of the logs.
        reached: Zxid,
        /// The zxid of the newer snapshot.
        needed: Zxid,
    },
    /// Transactions are missing between two records, or between the snapshot and the logs.
    #[error(
        "the history has a hole: {found} at offset {offset} of {} follows {before}; a log was \
         deleted or shortened; restore this directory from another server or a backup",
        path.display()
    )]
    Gap {
        /// The log with the later transaction.
        path: PathBuf,
        /// Where in it.
        offset: u64,
        /// The transaction before.
        before: Zxid,
        /// The transaction found.
        found: Zxid,
    },
    /// A record whose checksum is right is not a transaction.
    #[error("transaction {zxid} at offset {offset} of {} cannot be read: {source}", path.display())]
    BadTxn {
        /// The log.
        path: PathBuf,
        /// Where in it.
        offset: u64,
        /// Its zxid.
        zxid: Zxid,
        /// Why.
        source: TxnError,
    },
    /// The state refused a transaction.
    #[error("transaction {zxid} at offset {offset} of {} cannot be applied: {reason}", path.display())]
    Refused {
        /// The log.
        path: PathBuf,
        /// Where in it.
        offset: u64,
        /// Its zxid.
        zxid: Zxid,
        /// Why.
        reason: String,
    },
}

/// Reads the directories into `sink` and repairs what a crash left: a torn tail is cut, staged
/// and unfinished files are removed, an empty directory gets its `snapshot.0`.
///
/// The directories must be locked ([`DataDirs::lock`]).
pub fn recover(
    vfs: &Arc<dyn Vfs>,
    dirs: &DataDirs,
    options: &RecoveryOptions,
    sink: &mut dyn RecoverySink,
) -> Result<Recovered, RecoveryError> {
    Recovery { vfs, dirs, options, sink, notes: Vec::new() }.run()
}

struct Recovery<'a> {
    vfs: &'a Arc<dyn Vfs>,
    dirs: &'a DataDirs,
    options: &'a RecoveryOptions,
    sink: &'a mut dyn RecoverySink,
    notes: Vec<Note>,
}

/// A snapshot that was passed over.
struct Skipped {
    file: NamedFile,
    reason: String,
}

impl Recovery<'_> {
    fn run(mut self) -> Result<Recovered, RecoveryError> {
        self.remove_staged()?;
        let (loaded, skipped) = self.load_snapshot()?;
        let replayed = match loaded {
            Some(zxid) => self.replay(Some(zxid))?,
            None if !self.has_log_records()? => return self.start_empty(),
            None if self.options.trust_empty => {
                self.notes.push(Note::TrustedEmpty);
                self.replay(None)?
            }
            None => {
                return Err(RecoveryError::LogsWithoutSnapshot { dir: self.dirs.snap_dir() });
            }
        };
        if let Some(loaded) = loaded {
            check_reach(loaded, replayed.last, skipped)?;
        }
        self.consume_initialize()?;
        Ok(Recovered {
            last_zxid: replayed.last,
            snapshot_zxid: loaded,
            txns_replayed: replayed.txns,
            notes: self.notes,
        })
    }

    /// The newest snapshot that can be read, and those that are newer.
    fn load_snapshot(&mut self) -> Result<(Option<Zxid>, Vec<Skipped>), RecoveryError> {
        let dir = self.dirs.snap_dir();
        let mut skipped = Vec::new();
        let mut candidates = 0;
        for file in names::snapshots(&**self.vfs, &dir)?.into_iter().rev() {
            if candidates == CANDIDATES_MAX {
                break;
            }
            let reason = match self.try_snapshot(&file, &mut candidates)? {
                Ok(()) => return Ok((Some(file.zxid), skipped)),
                Err(reason) => reason,
            };
            let note = Note::SkippedSnapshot { path: file.path.clone(), reason: reason.clone() };
            self.notes.push(note);
            skipped.push(Skipped { file, reason });
        }
        // A snapshot.0 that was cut short is a first start that was: it stands for nothing.
        match skipped.into_iter().find(|skipped| candidates > 0 || skipped.file.zxid.0 > 0) {
            Some(Skipped { reason, .. }) => Err(RecoveryError::NoSnapshotLoads { dir, reason }),
            None => Ok((None, Vec::new())),
        }
    }

    /// The inner error says why the snapshot cannot be used.
    fn try_snapshot(
        &mut self,
        file: &NamedFile,
        candidates: &mut usize,
    ) -> Result<Result<(), String>, RecoveryError> {
        if !snapshot::is_valid_snapshot(&**self.vfs, &file.path)? {
            return Ok(Err("it is not complete".to_owned()));
        }
        *candidates += 1;
        match self.read_snapshot(file) {
            Ok(nodes) => {
                self.notes.push(Note::LoadedSnapshot { path: file.path.clone(), nodes });
                Ok(Ok(()))
            }
            Err(reason) => Ok(Err(reason)),
        }
    }

    fn read_snapshot(&mut self, file: &NamedFile) -> Result<u64, String> {
        let limits = self.options.limits;
        let text = |error: Error| error.to_string();
        let mut reader = SnapshotReader::open(&**self.vfs, &file.path, limits).map_err(text)?;
        self.sink.begin_snapshot(file.zxid, reader.sessions(), reader.acls())?;
        let mut nodes = 0;
        while let Some(node) = reader.next_node().map_err(text)? {
            self.sink.node(node)?;
            nodes += 1;
            if nodes % PROGRESS_EVERY == 0 {
                self.sink.progress(Progress::Snapshot { path: &file.path, nodes });
            }
        }
        let tail = reader.finish().map_err(text)?;
        self.sink.end_snapshot(&tail)?;
        Ok(nodes)
    }

    fn replay(&mut self, snapshot: Option<Zxid>) -> Result<Replayed, RecoveryError> {
        let after = snapshot.unwrap_or(Zxid::ZERO);
        let mut replayed = Replayed { last: after, has_predecessor: snapshot.is_some(), txns: 0 };
        let mut chain =
            LogChain::open(&**self.vfs, &self.dirs.log_dir(), after, self.options.limits)?;
        while let Some((path, record)) = chain.next()? {
            if record.zxid <= after {
                continue;
            }
            if !replayed.continues(record.zxid) {
                let (before, found) = (replayed.last, record.zxid);
                let (path, offset) = (path.to_path_buf(), record.offset);
                if !self.options.tolerate_gaps {
                    return Err(RecoveryError::Gap { path, offset, before, found });
                }
                self.notes.push(Note::ToleratedGap { path, offset, before, found });
            }
            apply(self.sink, self.options.limits, path, record)?;
            replayed.advance(record.zxid);
            if replayed.txns.is_multiple_of(PROGRESS_EVERY) {
                self.sink.progress(Progress::Replay { path, txns: replayed.txns });
            }
        }
        let (torn, unfinished) = (chain.torn().cloned(), chain.unfinished().to_vec());
        self.repair_logs(torn, unfinished)?;
        Ok(replayed)
    }

    fn has_log_records(&mut self) -> Result<bool, RecoveryError> {
        let dir = self.dirs.log_dir();
        let mut chain = LogChain::open(&**self.vfs, &dir, Zxid::ZERO, self.options.limits)?;
        if chain.next()?.is_some() {
            return Ok(true);
        }
        let (torn, unfinished) = (chain.torn().cloned(), chain.unfinished().to_vec());
        self.repair_logs(torn, unfinished)?;
        Ok(false)
    }

    fn repair_logs(
        &mut self,
        torn: Option<log::TornTail>,
        unfinished: Vec<PathBuf>,
    ) -> Result<(), RecoveryError> {
        if let Some(log::TornTail { path, offset }) = torn {
            let meta = self.vfs.metadata(&path).map_err(Error::io("read", &path))?;
            log::cut(&**self.vfs, &path, offset)?;
            self.notes.push(Note::CutTornTail { path, offset, len_before: meta.len });
        }
        let notes = unfinished.iter().map(|path| Note::RemovedUnfinishedLog { path: path.clone() });
        self.notes.extend(notes);
        self.remove_all(&unfinished, &self.dirs.log_dir())
    }

    fn remove_staged(&mut self) -> Result<(), RecoveryError> {
        let (snap_dir, log_dir) = (self.dirs.snap_dir(), self.dirs.log_dir());
        let dirs = if snap_dir == log_dir { vec![snap_dir] } else { vec![snap_dir, log_dir] };
        for dir in dirs {
            let entries = self.vfs.list(&dir).map_err(Error::io("list", &dir))?;
            let staged = entries.iter().filter(|entry| entry.name.starts_with(STAGED_PREFIX));
            let staged: Vec<_> = staged.map(|entry| dir.join(&entry.name)).collect();
            self.remove_all(&staged, &dir)?;
            self.notes.extend(staged.into_iter().map(|path| Note::RemovedStaged { path }));
        }
        Ok(())
    }

    fn remove_all(&self, files: &[PathBuf], dir: &Path) -> Result<(), RecoveryError> {
        for path in files {
            self.vfs.remove(path).map_err(Error::io("remove", path))?;
        }
        if !files.is_empty() {
            self.vfs.sync_dir(dir).map_err(Error::io("sync", dir))?;
        }
        Ok(())
    }

    fn start_empty(mut self) -> Result<Recovered, RecoveryError> {
        let marked = self.vfs.metadata(&self.dirs.data_log_dir.join(INITIALIZE)).is_ok();
        let trusted = marked || self.options.db_autocreate;
        if trusted {
            self.write_first_snapshot()?;
        }
        // Only now: a crash in between must not turn a trusted start into an untrusted one.
        self.consume_initialize()?;
        Ok(Recovered {
            last_zxid: if trusted { Zxid::ZERO } else { Zxid(-1) },
            snapshot_zxid: trusted.then_some(Zxid::ZERO),
            txns_replayed: 0,
            notes: self.notes,
        })
    }

    /// The tree that every server starts with, as `snapshot.0` and for the sink.
    fn write_first_snapshot(&mut self) -> Result<(), RecoveryError> {
        let acls = [(1, AclList::read_only())];
        let tail = SnapshotTail {
            digest: self.options.digest_enabled.then(ZxidDigest::default),
            last_zxid: self.options.last_zxid_enabled.then_some(Zxid::ZERO),
        };
        let (vfs, dir) = (Arc::clone(self.vfs), self.dirs.snap_dir());
        let options = self.options.snapshot;
        let mut writer = SnapshotWriter::create(vfs, &dir, Zxid::ZERO, options, &[], &acls)?;
        for (path, acl_key, stat) in first_nodes() {
            writer.node(path, Some(&[]), acl_key, &stat)?;
        }
        let file = writer.finish(&tail)?;
        self.read_snapshot(&file)
            .map_err(|reason| RecoveryError::NoSnapshotLoads { dir, reason })?;
        Ok(())
    }

    fn consume_initialize(&mut self) -> Result<(), RecoveryError> {
        let dir = &self.dirs.data_log_dir;
        let path = dir.join(INITIALIZE);
        if self.vfs.metadata(&path).is_err() {
            return Ok(());
        }
        self.notes.push(Note::Initialized);
        self.remove_all(&[path], dir)
    }
}

/// Path, ACL key and stat of the nodes that Java's new tree has.
fn first_nodes() -> [(&'static str, i64, StatPersisted); 4] {
    let stat = StatPersisted::default();
    [
        ("/", -1, stat),
        ("/zookeeper", -1, stat),
        // Its ACL is set with version -1.
        ("/zookeeper/config", 1, StatPersisted { aversion: -1, ..stat }),
        ("/zookeeper/quota", -1, stat),
    ]
}

struct Replayed {
    last: Zxid,
    /// Whether `last` is known to be the transaction before the next one.
    has_predecessor: bool,
    txns: u64,
}

impl Replayed {
    /// Within an epoch zxids count up by one; a new epoch starts its counter at 1.
    fn continues(&self, zxid: Zxid) -> bool {
        !self.has_predecessor
            || zxid == self.last.next()
            || (zxid.epoch() > self.last.epoch() && zxid.counter() == 1)
    }

    fn advance(&mut self, zxid: Zxid) {
        self.last = self.last.max(zxid);
        self.has_predecessor = true;
        self.txns += 1;
    }
}

fn apply(
    sink: &mut dyn RecoverySink,
    limits: Limits,
    path: &Path,
    record: LogRecord<'_>,
) -> Result<(), RecoveryError> {
    let LogRecord { offset, zxid, txn } = record;
    let path = || path.to_path_buf();
    let decoded = TxnRecord::decode(&mut Reader::with_limits(txn, limits))
        .map_err(|source| RecoveryError::BadTxn { path: path(), offset, zxid, source })?;
    sink.txn(decoded, txn).map_err(|reason| RecoveryError::Refused {
        path: path(),
        offset,
        zxid,
        reason,
    })
}

/// Invariant D6: what a newer snapshot held must be in the logs.
fn check_reach(loaded: Zxid, reached: Zxid, skipped: Vec<Skipped>) -> Result<(), RecoveryError> {
    // A new leader names a snapshot after the start of its epoch, which is no transaction.
    let named_after_txn = |skipped: &Skipped| skipped.file.zxid.counter() != 0;
    let Some(newest) = skipped.into_iter().find(named_after_txn) else { return Ok(()) };
    if reached >= newest.file.zxid {
        return Ok(());
    }
    Err(RecoveryError::LogsDoNotReach {
        path: newest.file.path,
        reason: newest.reason,
        loaded,
        reached,
        needed: newest.file.zxid,
    })
}
