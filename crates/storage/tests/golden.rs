//! Files of the Java server: what we read is what Java reads, and we write them as it does.
//! How they were recorded: `golden/README.md`.

mod common;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use common::*;
use jute::{Limits, Reader};
use proto::{AclList, TxnRecord, Zxid};
use storage::log::{LogReader, Tail};
use storage::snapshot::{
    Compression, SnapshotOptions, SnapshotReader, SnapshotTail, SnapshotWriter, ZxidDigest,
};
use storage::vfs::{MemVfs, OsVfs, Vfs};
use storage::{RecoveryOptions, compression_of};

const VARIANTS: [&str; 6] = ["plain", "gz", "snappy", "digest-off", "no-last-zxid", "bare"];

fn golden(variant: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden").join(variant)
}

fn expected(variant: &str, kind: &str) -> Vec<String> {
    let text = std::fs::read_to_string(golden(variant).join("expected.txt")).unwrap();
    text.lines().filter(|line| line.starts_with(kind)).map(str::to_owned).collect()
}

/// The files of a variant as a data directory.
fn data_dir(variant: &str) -> (MemVfs, Arc<dyn Vfs>) {
    let (mem, vfs) = mem();
    for entry in std::fs::read_dir(golden(variant)).unwrap() {
        let entry = entry.unwrap();
        if entry.file_name() != "expected.txt" {
            let path = dirs().snap_dir().join(entry.file_name());
            mem.put(path, &std::fs::read(entry.path()).unwrap());
        }
    }
    (mem, vfs)
}

fn show_nodes(seen: &Seen) -> Vec<String> {
    let acl = |key: i64| match key {
        -1 => AclList::open(),
        key => seen.acls.iter().find(|acl| acl.0 == key).unwrap().1.clone(),
    };
    let show = |(path, data, acl_key, stat): &(String, proto::Data, i64, proto::StatPersisted)| {
        let data = match data.bytes() {
            None => "null".to_owned(),
            Some(bytes) if bytes.len() > 100 => format!("length={}", bytes.len()),
            Some(bytes) => {
                format!("[{}]", bytes.iter().map(|b| format!("{b:02x}")).collect::<String>())
            }
        };
        let acl: Vec<_> = acl(*acl_key)
            .entries()
            .iter()
            .map(|acl| format!("{}:{}:{}", acl.perms, acl.id.scheme(), acl.id.text()))
            .collect();
        format!(
            "node {path} data={data} acl={} {:x} {:x} {} {} {} {} {} {:x} {:x}",
            acl.join(","),
            stat.czxid.0,
            stat.mzxid.0,
            stat.ctime_ms,
            stat.mtime_ms,
            stat.version,
            stat.cversion,
            stat.aversion,
            stat.ephemeral_owner,
            stat.pzxid.0
        )
    };
    let mut lines: Vec<_> = seen.nodes.iter().map(|node| (node.0.clone(), show(node))).collect();
    lines.sort();
    lines.into_iter().map(|(_, line)| line).collect()
}

#[test]
fn snapshots_of_every_setting_hold_what_java_reads_from_them() {
    for variant in VARIANTS {
        let (_, vfs) = data_dir(variant);
        let (recovered, seen) = load(&vfs).unwrap();
        let zxid = format!("zxid {:x}", recovered.last_zxid.0);
        assert_eq!(vec![zxid], expected(variant, "zxid"), "{variant}");
        assert_eq!(show_nodes(&seen), expected(variant, "node"), "{variant}");
        let sessions: Vec<_> =
            seen.sessions.iter().map(|(id, ms)| format!("session {:x} {ms}", id.0)).collect();
        assert_eq!(sessions, expected(variant, "session"), "{variant}");
        let tail = seen.tail.unwrap();
        let has_digest = !["digest-off", "bare"].contains(&variant);
        let digest = tail.digest.map(|digest| format!("digest {:x}", digest.digest));
        assert_eq!(digest.is_some(), has_digest, "{variant}");
        if let Some(digest) = digest {
            assert_eq!(vec![digest], expected(variant, "digest"), "{variant}");
        }
        let has_zxid = !["no-last-zxid", "bare"].contains(&variant);
        assert_eq!(tail.last_zxid, has_zxid.then_some(recovered.last_zxid), "{variant}");
    }
}

#[test]
fn snapshots_written_from_the_same_facts_have_the_same_bytes() {
    for variant in VARIANTS {
        for entry in std::fs::read_dir(golden(variant)).unwrap() {
            let path = entry.unwrap().path();
            let name = path.file_name().unwrap().to_str().unwrap();
            if name.starts_with("snapshot.") && compression_of(name) == Compression::None {
                let original = std::fs::read(&path).unwrap();
                assert_eq!(rewritten(&path, Compression::None).1, original, "{variant}/{name}");
            }
        }
    }
}

/// Reads a snapshot and writes it again; the file system it went to, and its bytes.
fn rewritten(path: &Path, compression: Compression) -> (MemVfs, Vec<u8>) {
    let (mem, vfs) = mem();
    let mut reader = SnapshotReader::open(&OsVfs, path, Limits::default()).unwrap();
    let options = SnapshotOptions { compression, ..SnapshotOptions::default() };
    let (sessions, acls) = (reader.sessions().to_vec(), reader.acls().to_vec());
    let dir = dirs().snap_dir();
    let mut writer =
        SnapshotWriter::create(vfs, &dir, Zxid(0x22), options, &sessions, &acls).unwrap();
    while let Some(node) = reader.next_node().unwrap() {
        writer.node(&node.path, node.data.bytes(), node.acl_key, &node.stat).unwrap();
    }
    let file = writer.finish(&reader.finish().unwrap()).unwrap();
    let bytes = mem.read(&file.path).unwrap();
    assert_eq!(file.len, bytes.len() as u64);
    (mem, bytes)
}

#[test]
fn compressed_snapshots_are_read_back() {
    for compression in [Compression::Gzip, Compression::Snappy] {
        let (mem, _) = rewritten(&golden("plain/snapshot.22"), compression);
        let (_, seen) = load(&(Arc::new(mem) as Arc<dyn Vfs>)).unwrap();
        assert_eq!(show_nodes(&seen), expected("plain", "node"));
    }
    // snappy-java makes the same blocks: only what is in them may differ.
    let java = std::fs::read(golden("snappy/snapshot.22.snappy")).unwrap();
    let (_, ours) = rewritten(&golden("snappy/snapshot.22.snappy"), Compression::Snappy);
    assert_eq!(ours[..16], java[..16]);
}

#[test]
fn the_digest_of_an_old_release_is_hex_text() {
    let (mem, vfs) = mem();
    let (dir, options) = (dirs().snap_dir(), SnapshotOptions::default());
    let digest = ZxidDigest { zxid: Zxid(9), version: 1, digest: -2 };
    let tail = SnapshotTail { digest: Some(digest), last_zxid: Some(Zxid(9)) };
    let writer = SnapshotWriter::create(vfs, &dir, Zxid(9), options, &[], &[]).unwrap();
    let file = writer.finish(&tail).unwrap();
    let bytes = mem.read(&file.path).unwrap();
    assert!(bytes.windows(20).any(|window| window == b"\0\0\0\x10fffffffffffffffe"));
    let reader = SnapshotReader::open(&mem, &file.path, Limits::default()).unwrap();
    assert_eq!(reader.finish().unwrap(), tail);
}

#[test]
fn a_new_directory_gets_the_snapshot_0_that_java_writes() {
    for (variant, digest_enabled) in [("plain", true), ("digest-off", false)] {
        let (_, vfs) = mem();
        let options = RecoveryOptions { digest_enabled, ..RecoveryOptions::default() };
        let (_, ours) = load_with(&vfs, &options).unwrap();
        let (mem, vfs) = mem();
        let java = std::fs::read(golden(variant).join("snapshot.0")).unwrap();
        mem.put(dirs().snap_dir().join("snapshot.0"), &java);
        let (_, theirs) = load(&vfs).unwrap();
        let nodes = |seen: &Seen| show_nodes(seen).into_iter().collect::<BTreeSet<_>>();
        assert_eq!(nodes(&ours), nodes(&theirs), "{variant}");
        assert_eq!((&ours.acls, ours.tail), (&theirs.acls, theirs.tail), "{variant}");
    }
}

#[test]
fn logs_hold_the_transactions_that_java_reads_and_encode_to_the_same_bytes() {
    for variant in ["plain", "digest-off", "bare"] {
        let path = golden(variant).join("log.1");
        let mut reader = LogReader::open(&OsVfs, &path, Limits::default()).unwrap();
        let mut lines = Vec::new();
        while let Some(record) = reader.next().unwrap() {
            let decoded = TxnRecord::decode(&mut Reader::new(record.txn)).unwrap();
            let mut encoded = Vec::new();
            decoded.encode(&mut encoded);
            assert_eq!(encoded, record.txn, "{variant} {}", record.zxid);
            lines.push(show_txn(&decoded));
        }
        assert!(matches!(reader.tail(), Some(Tail::Clean { .. })));
        assert_eq!(lines, expected(variant, "txn"), "{variant}");
    }
}

fn show_txn(record: &TxnRecord) -> String {
    let digest = record.digest.map(|d| format!("{}:{:x}", d.version, d.tree_digest));
    let header = record.header;
    format!(
        "txn {:x} {:x} {} {} {} {}",
        header.zxid.0,
        header.client_id.0,
        header.cxid,
        header.time_ms,
        header.op,
        digest.as_deref().unwrap_or("-")
    )
}

#[test]
fn logs_are_replayed_behind_the_older_snapshot() {
    let (_, vfs) = data_dir("plain");
    vfs.remove(&dirs().snap_dir().join("snapshot.22")).unwrap();
    let (recovered, seen) = load(&vfs).unwrap();
    assert_eq!((recovered.last_zxid, recovered.txns_replayed), (Zxid(0x22), 0x22));
    assert_eq!(seen.txns.iter().map(show_txn).collect::<Vec<_>>(), expected("plain", "txn"));
}
