//! Snapshots (`FileSnap`, `SnapStream`): the whole tree and its sessions in one sealed stream.

mod compress;
mod encoder;
mod reader;
mod valid;
mod writer;

use proto::{TxnDigest, Zxid};

pub use encoder::SnapshotEncoder;
pub use reader::{SnapshotNode, SnapshotReader};
pub use valid::{is_valid_snapshot, valid_snapshots};
pub use writer::{SnapshotOptions, SnapshotWriter};

const MAGIC: u32 = u32::from_be_bytes(*b"ZKSN");
const VERSION: i32 = 2;
const DBID: i64 = -1;
/// The string "/", which ends the nodes and every seal.
const SLASH: &[u8; 5] = b"\0\0\0\x01/";
/// A checksum and "/".
const SEAL_LEN: usize = 8 + SLASH.len();

/// How a snapshot file is compressed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Compression {
    /// Not at all.
    #[default]
    None,
    /// gzip, `.gz`.
    Gzip,
    /// The block stream of snappy-java, `.snappy`.
    Snappy,
}

impl Compression {
    /// The value of `zookeeper.snapshot.compression.method`; an unknown word means none.
    pub fn from_property(word: &str) -> Self {
        match word {
            _ if word.eq_ignore_ascii_case("gz") => Compression::Gzip,
            _ if word.eq_ignore_ascii_case("snappy") => Compression::Snappy,
            _ => Compression::None,
        }
    }

    /// What is appended to the file's name.
    pub fn suffix(self) -> &'static str {
        match self {
            Compression::None => "",
            Compression::Gzip => ".gz",
            Compression::Snappy => ".snappy",
        }
    }
}

/// The digest of the tree at a transaction, as a snapshot records it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ZxidDigest {
    /// The transaction it is computed after; 0 when there was none yet.
    pub zxid: Zxid,
    /// How it is computed; 2 since 3.6.
    pub version: i32,
    /// The wrapping sum over all nodes.
    pub digest: i64,
}

/// What Java writes before the first transaction.
impl Default for ZxidDigest {
    fn default() -> Self {
        ZxidDigest { zxid: Zxid::ZERO, version: TxnDigest::VERSION, digest: 0 }
    }
}

/// The optional sections behind the first seal.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct SnapshotTail {
    /// With `digest.enabled`.
    pub digest: Option<ZxidDigest>,
    /// The last transaction applied when the snapshot was finished, with
    /// `serializeLastProcessedZxid.enabled`. Only the admin restore uses it: a file is loaded
    /// with the zxid in its name.
    pub last_zxid: Option<Zxid>,
}
