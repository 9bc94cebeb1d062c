//! Files of a dataDir.

use std::path::Path;
use std::sync::Arc;

use jute::{Limits, Reader};
use proto::{AclList, SessionId, TxnRecord, Zxid};
use storage::log::{LogReader, Tail};
use storage::snapshot::{
    Compression, SnapshotNode, SnapshotReader, SnapshotTail, is_valid_snapshot,
};
use storage::vfs::{MemVfs, Vfs};
use storage::{DataDirs, RecoveryOptions, RecoverySink, recover, snapshot_name};
use tree::{DataTree, Loader, Watches};

use super::wire::options;

/// Small, so that records and nodes reach it.
const LIMITS: Limits = Limits { max_buffer_bytes: 1 << 16, extra_bytes: 0 };

/// A transaction log. Records follow each other, end before the file does and are the same when
/// the file is cut behind the last of them.
pub fn log(input: &[u8]) {
    let vfs = MemVfs::new();
    let path = Path::new("/data/version-2/log.1");
    vfs.put(path, input);
    let Some((records, end)) = read_log(&vfs, path) else { return };
    assert!(end as usize <= input.len(), "a record ends behind the file");
    vfs.put(path, &input[..end as usize]);
    let again = read_log(&vfs, path).map(|(records, _)| records);
    assert_eq!(again, Some(records), "the records depend on what follows them");
}

/// The records' zxids and the end of the last; `None` when the file is refused.
fn read_log(vfs: &MemVfs, path: &Path) -> Option<(Vec<Zxid>, u64)> {
    let mut reader = LogReader::open(vfs, path, LIMITS).ok()?;
    let mut zxids = Vec::new();
    let mut offset = 0;
    while let Some(record) = reader.next().ok()? {
        assert!(record.offset > offset, "records overlap");
        offset = record.offset;
        zxids.push(record.zxid);
        let _ = TxnRecord::decode(&mut Reader::with_limits(record.txn, LIMITS));
    }
    match reader.tail() {
        Some(Tail::Clean { offset } | Tail::Torn { offset }) => Some((zxids, offset)),
        None => panic!("the reader ended without a verdict on the tail"),
    }
}

/// A snapshot; the first byte says how it is compressed. One that is read to its end is also
/// valid at first sight, and its nodes are taken or refused by a tree.
pub fn snapshot(input: &[u8]) {
    let Some((first, bytes)) = input.split_first() else { return };
    let vfs = MemVfs::new();
    let dir = Path::new("/data/version-2");
    let path = dir.join(snapshot_name(Zxid(1), compression(*first)));
    vfs.put(&path, bytes);
    let looks_valid = is_valid_snapshot(&vfs, &path);
    let Ok(mut reader) = SnapshotReader::open(&vfs, &path, LIMITS) else { return };
    let mut loader = Loader::new(options());
    for (key, acl) in reader.acls() {
        loader.acl(*key, acl.clone());
    }
    let mut is_tree = true;
    loop {
        match reader.next_node() {
            Ok(Some(node)) => is_tree = is_tree && load(&mut loader, &node),
            Ok(None) => break,
            Err(_) => return,
        }
    }
    if reader.finish().is_ok() {
        assert!(matches!(looks_valid, Ok(true)), "complete but passed over");
        if is_tree {
            let _ = loader.finish(Zxid(1), None);
        }
    }
}

pub(super) fn compression(byte: u8) -> Compression {
    match byte % 3 {
        0 => Compression::None,
        1 => Compression::Gzip,
        _ => Compression::Snappy,
    }
}

fn load(loader: &mut Loader, node: &SnapshotNode<'_>) -> bool {
    // The loader calls the root by the empty path, as the file does.
    let path = if node.path == "/" { "" } else { &*node.path };
    loader.node(path, node.data.clone(), node.acl_key, node.stat).is_ok()
}

/// A whole dataDir: the snapshot, then a log, with the snapshot's length in front (two bytes).
/// Recovery gives a state or a refusal with a text; what it gave, it gives again.
pub fn recovery(input: &[u8]) {
    let Some((length, rest)) = input.split_first_chunk::<2>() else { return };
    let (snapshot, log) = rest.split_at(usize::from(u16::from_be_bytes(*length)).min(rest.len()));
    let memory = MemVfs::new();
    let dirs = DataDirs::new("/data");
    memory.put(dirs.snap_dir().join("snapshot.0"), snapshot);
    if !log.is_empty() {
        memory.put(dirs.log_dir().join("log.1"), log);
    }
    let vfs: Arc<dyn Vfs> = Arc::new(memory);
    let options = RecoveryOptions { limits: LIMITS, ..RecoveryOptions::default() };
    let mut first = Sink::default();
    match recover(&vfs, &dirs, &options, &mut first) {
        Err(error) => assert!(!error.to_string().is_empty()),
        Ok(recovered) => {
            let mut second = Sink::default();
            let again = recover(&vfs, &dirs, &options, &mut second)
                .unwrap_or_else(|error| panic!("what was recovered cannot be again: {error}"));
            assert_eq!(again.last_zxid, recovered.last_zxid);
            let digests = [first, second].map(|sink| sink.tree.map(|tree| tree.digest()));
            assert_eq!(digests[0], digests[1]);
        }
    }
}

#[derive(Default)]
struct Sink {
    zxid: Zxid,
    loader: Option<Loader>,
    tree: Option<DataTree>,
}

impl RecoverySink for Sink {
    fn begin_snapshot(
        &mut self,
        zxid: Zxid,
        _sessions: &[(SessionId, i32)],
        acls: &[(i64, AclList)],
    ) -> Result<(), String> {
        let mut loader = Loader::new(options());
        acls.iter().for_each(|(key, acl)| loader.acl(*key, acl.clone()));
        *self = Sink { zxid, loader: Some(loader), tree: None };
        Ok(())
    }

    fn node(&mut self, node: SnapshotNode<'_>) -> Result<(), String> {
        let loader = self.loader.as_mut().ok_or("no snapshot was begun")?;
        if load(loader, &node) { Ok(()) } else { Err("not a tree".to_owned()) }
    }

    fn end_snapshot(&mut self, _tail: &SnapshotTail) -> Result<(), String> {
        let loader = self.loader.take().ok_or("no snapshot was begun")?;
        self.tree = Some(loader.finish(self.zxid, None).map_err(|error| error.to_string())?);
        Ok(())
    }

    fn txn(&mut self, record: TxnRecord, _bytes: &[u8]) -> Result<(), String> {
        let tree = self.tree.get_or_insert_with(|| DataTree::new(options()));
        tree.apply(&record.header, &record.txn, None, &mut Watches::new(), &mut Vec::new());
        Ok(())
    }
}
