//! What the storage tests share: transactions to write and a sink that remembers.

#![allow(dead_code, reason = "each test file uses its part")]

use std::path::Path;
use std::sync::Arc;

use proto::{
    AclList, CreateKind, CreateTxn, Data, SessionId, StatPersisted, Txn, TxnHeader, TxnRecord, Zxid,
};
use storage::log::{LogOptions, LogWriter};
use storage::snapshot::{SnapshotNode, SnapshotOptions, SnapshotTail, SnapshotWriter};
use storage::vfs::{MemVfs, Vfs};
use storage::{DataDirs, Recovered, RecoveryError, RecoveryOptions, RecoverySink, recover};

pub const DATA_DIR: &str = "/data";

/// Small files, so that growing and rolling happens.
pub const SMALL_LOG: LogOptions =
    LogOptions { prealloc_bytes: 2048, size_limit_bytes: None, force_sync: true };

pub fn dirs() -> DataDirs {
    DataDirs::new(DATA_DIR)
}

/// A file system with the directories of a server.
pub fn mem() -> (MemVfs, Arc<dyn Vfs>) {
    let mem = MemVfs::new();
    dirs().prepare(&mem, true).unwrap();
    (mem.clone(), Arc::new(mem))
}

pub fn record(zxid: i64, data: &[u8]) -> TxnRecord {
    TxnRecord {
        header: TxnHeader {
            client_id: SessionId(0x1000_0000_0000_0001),
            cxid: zxid as i32,
            zxid: Zxid(zxid),
            time_ms: 1_700_000_000_000 + zxid,
            op: 1,
        },
        txn: Txn::Create(CreateTxn {
            kind: CreateKind::Create { ephemeral: false },
            path: format!("/n{zxid}").into(),
            data: Data::new(data),
            acl: AclList::open(),
            parent_cversion: zxid as i32,
        }),
        digest: None,
    }
}

pub fn txn_bytes(zxid: i64, data: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::new();
    record(zxid, data).encode(&mut bytes);
    bytes
}

/// Data that is not compressible, not zero and different for every zxid.
pub fn noise(zxid: i64, len: usize) -> Vec<u8> {
    (0..len).map(|i| ((zxid as usize * 131 + i * i * 7 + i) % 255) as u8 + 1).collect()
}

pub fn append(writer: &mut LogWriter, zxid: i64, len: usize) {
    writer.append(Zxid(zxid), &txn_bytes(zxid, &noise(zxid, len))).unwrap();
}

/// A snapshot that stands for the transactions up to `zxid` as the sink counts them.
pub fn write_snapshot(vfs: &Arc<dyn Vfs>, dir: &Path, zxid: i64) -> storage::Result<()> {
    let options = SnapshotOptions::default();
    let sessions = [(SessionId(7), 30_000)];
    let mut writer =
        SnapshotWriter::create(Arc::clone(vfs), dir, Zxid(zxid), options, &sessions, &[])?;
    let stat = StatPersisted::default();
    writer.node("/", Some(&[]), -1, &stat)?;
    for n in 1..=zxid {
        writer.node(&format!("/n{n}"), Some(&noise(n, 20)), -1, &stat)?;
    }
    let tail = SnapshotTail { digest: None, last_zxid: Some(Zxid(zxid)) };
    writer.finish(&tail).map(|_| ())
}

/// Remembers what recovery brings.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct Seen {
    pub snapshot: Option<Zxid>,
    pub sessions: Vec<(SessionId, i32)>,
    pub acls: Vec<(i64, AclList)>,
    pub nodes: Vec<(String, Data, i64, StatPersisted)>,
    pub tail: Option<SnapshotTail>,
    pub txns: Vec<TxnRecord>,
}

impl Seen {
    /// The zxids that the state contains.
    pub fn zxids(&self) -> Vec<i64> {
        let from_nodes = self.nodes.iter().filter_map(|(path, ..)| path.strip_prefix("/n"));
        let mut zxids: Vec<i64> = from_nodes.map(|n| n.parse().unwrap()).collect();
        zxids.extend(self.txns.iter().map(|txn| txn.header.zxid.0));
        zxids
    }
}

impl RecoverySink for Seen {
    fn begin_snapshot(
        &mut self,
        zxid: Zxid,
        sessions: &[(SessionId, i32)],
        acls: &[(i64, AclList)],
    ) -> Result<(), String> {
        *self = Seen {
            snapshot: Some(zxid),
            sessions: sessions.to_vec(),
            acls: acls.to_vec(),
            ..Seen::default()
        };
        Ok(())
    }

    fn node(&mut self, node: SnapshotNode<'_>) -> Result<(), String> {
        self.nodes.push((node.path.into_owned(), node.data, node.acl_key, node.stat));
        Ok(())
    }

    fn end_snapshot(&mut self, tail: &SnapshotTail) -> Result<(), String> {
        self.tail = Some(*tail);
        Ok(())
    }

    fn txn(&mut self, record: TxnRecord, _bytes: &[u8]) -> Result<(), String> {
        self.txns.push(record);
        Ok(())
    }
}

pub fn load(vfs: &Arc<dyn Vfs>) -> Result<(Recovered, Seen), RecoveryError> {
    load_with(vfs, &RecoveryOptions::default())
}

pub fn load_with(
    vfs: &Arc<dyn Vfs>,
    options: &RecoveryOptions,
) -> Result<(Recovered, Seen), RecoveryError> {
    let mut seen = Seen::default();
    let recovered = recover(vfs, &dirs(), options, &mut seen)?;
    Ok((recovered, seen))
}
