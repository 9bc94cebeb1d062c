use std::collections::VecDeque;

use crc32fast::Hasher;
use proto::{Data, StatPersisted, TxnDigest, Zxid};

/// A digest is kept for every zxid divisible by this.
const LOG_INTERVAL: i64 = 128;
const LOG_MAX: usize = 1024;

/// The digest of the whole tree after the transaction `zxid`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ZxidDigest {
    /// The transaction.
    pub zxid: Zxid,
    /// How it was computed, see [`TxnDigest::VERSION`].
    pub version: i32,
    /// The sum over the nodes.
    pub digest: i64,
}

impl ZxidDigest {
    /// What a snapshot holds when no transaction was applied yet.
    pub const EMPTY: ZxidDigest =
        ZxidDigest { zxid: Zxid::ZERO, version: TxnDigest::VERSION, digest: 0 };
}

/// A transaction or snapshot after which the tree is not what its writer had.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DigestMismatch {
    /// The transaction.
    pub zxid: Zxid,
    /// The writer's digest.
    pub expected: i64,
    /// This tree's.
    pub actual: i64,
}

/// A node's part of the tree digest (version 2 of `DigestCalculator`): CRC-32 over path, data and
/// stat. Nodes below `/zookeeper` have none.
pub fn node_digest(path: &str, data: &Data, stat: &StatPersisted) -> i64 {
    NodeDigest::new(path).map_or(0, |digest| digest.data(data).stat(stat))
}

/// A node's digest while it is computed; a prefix can be used for the old and the new state.
#[derive(Clone)]
pub(crate) struct NodeDigest(Hasher);

impl NodeDigest {
    fn new(path: &str) -> Option<Self> {
        if path.starts_with("/zookeeper/") {
            return None;
        }
        let mut hasher = Hasher::new();
        if path != "/" {
            hasher.update(path.as_bytes());
        }
        Some(NodeDigest(hasher))
    }

    pub(crate) fn data(&self, data: &Data) -> Self {
        let mut hasher = self.0.clone();
        hasher.update(data.bytes().unwrap_or_default());
        NodeDigest(hasher)
    }

    pub(crate) fn stat(&self, stat: &StatPersisted) -> i64 {
        let mut bytes = [0; 60];
        bytes[0..8].copy_from_slice(&stat.czxid.0.to_be_bytes());
        bytes[8..16].copy_from_slice(&stat.mzxid.0.to_be_bytes());
        bytes[16..24].copy_from_slice(&stat.pzxid.0.to_be_bytes());
        bytes[24..32].copy_from_slice(&stat.ctime_ms.to_be_bytes());
        bytes[32..40].copy_from_slice(&stat.mtime_ms.to_be_bytes());
        bytes[40..44].copy_from_slice(&stat.version.to_be_bytes());
        bytes[44..48].copy_from_slice(&stat.cversion.to_be_bytes());
        bytes[48..52].copy_from_slice(&stat.aversion.to_be_bytes());
        bytes[52..60].copy_from_slice(&stat.ephemeral_owner.to_be_bytes());
        let mut hasher = self.0.clone();
        hasher.update(&bytes);
        i64::from(hasher.finalize())
    }
}

/// The tree's digest, its history, and what it is compared with.
pub(crate) struct Digests {
    enabled: bool,
    sum: i64,
    last: Option<ZxidDigest>,
    log: VecDeque<ZxidDigest>,
    /// Set while a fuzzy snapshot is not yet caught up; nothing is compared or kept before.
    from_snapshot: Option<ZxidDigest>,
    mismatches: u64,
    first_mismatch: Option<DigestMismatch>,
}

impl Digests {
    pub(crate) fn new(enabled: bool) -> Self {
        Digests {
            enabled,
            sum: 0,
            last: None,
            log: VecDeque::new(),
            from_snapshot: None,
            mismatches: 0,
            first_mismatch: None,
        }
    }

    /// Begins the digest of a node; `None` when it does not count.
    pub(crate) fn node(&self, path: &str) -> Option<NodeDigest> {
        if self.enabled { NodeDigest::new(path) } else { None }
    }

    pub(crate) fn add(&mut self, digest: i64) {
        self.sum = self.sum.wrapping_add(digest);
    }

    pub(crate) fn subtract(&mut self, digest: i64) {
        self.sum = self.sum.wrapping_sub(digest);
    }

    /// Keeps a snapshot's digest to be compared when its zxid is reached.
    pub(crate) fn loaded(&mut self, snapshot: Zxid, digest: Option<ZxidDigest>) {
        // A digest older than the snapshot is the last one of the epoch before.
        self.from_snapshot = digest
            .filter(|digest| self.enabled && digest.zxid > Zxid::ZERO && digest.zxid >= snapshot);
        self.compare_with_snapshot(snapshot);
    }

    /// Notes that the transaction `zxid` is applied.
    pub(crate) fn applied(&mut self, zxid: Zxid) {
        if self.from_snapshot.is_some() {
            self.compare_with_snapshot(zxid);
            return;
        }
        let digest = ZxidDigest { zxid, version: TxnDigest::VERSION, digest: self.sum };
        self.last = Some(digest);
        if zxid.0 % LOG_INTERVAL == 0 {
            self.log.push_back(digest);
            if self.log.len() > LOG_MAX {
                self.log.pop_front();
            }
        }
    }

    /// Compares with the digest that came with the transaction `zxid`.
    pub(crate) fn compare(&mut self, zxid: Zxid, digest: TxnDigest) {
        if self.enabled && self.from_snapshot.is_none() && digest.version == TxnDigest::VERSION {
            self.check(zxid, digest.tree_digest);
        }
    }

    fn compare_with_snapshot(&mut self, zxid: Zxid) {
        let Some(expected) = self.from_snapshot.filter(|expected| expected.zxid == zxid) else {
            return;
        };
        self.from_snapshot = None;
        if expected.version == TxnDigest::VERSION {
            self.check(zxid, expected.digest);
        }
    }

    fn check(&mut self, zxid: Zxid, expected: i64) {
        let actual = self.sum;
        if actual != expected {
            self.mismatches += 1;
            self.first_mismatch.get_or_insert(DigestMismatch { zxid, expected, actual });
        }
    }

    pub(crate) fn sum(&self) -> i64 {
        self.sum
    }

    pub(crate) fn last(&self) -> Option<ZxidDigest> {
        self.last
    }

    pub(crate) fn log(&self) -> impl Iterator<Item = ZxidDigest> {
        self.log.iter().copied()
    }

    pub(crate) fn awaited(&self) -> Option<ZxidDigest> {
        self.from_snapshot
    }

    pub(crate) fn mismatches(&self) -> u64 {
        self.mismatches
    }

    pub(crate) fn first_mismatch(&self) -> Option<DigestMismatch> {
        self.first_mismatch
    }
}
