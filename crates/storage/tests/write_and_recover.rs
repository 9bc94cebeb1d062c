//! What is written comes back, and every combination of files has its defined result.

mod common;

use std::sync::Arc;

use common::*;
use proto::Zxid;
use storage::log::LogWriter;
use storage::vfs::{OsVfs, Vfs};
use storage::{DataDirs, Note, RecoveryError, RecoveryOptions};

fn writer(vfs: &Arc<dyn Vfs>) -> LogWriter {
    LogWriter::open(Arc::clone(vfs), &dirs().log_dir(), SMALL_LOG)
}

#[test]
fn an_empty_directory_gets_a_snapshot_0() {
    let (mem, vfs) = mem();
    let (recovered, seen) = load(&vfs).unwrap();
    assert_eq!(recovered.last_zxid, Zxid(0));
    assert!(mem.read("/data/version-2/snapshot.0").is_ok());
    let paths: Vec<_> = seen.nodes.iter().map(|node| node.0.as_str()).collect();
    assert_eq!(paths, ["/", "/zookeeper", "/zookeeper/config", "/zookeeper/quota"]);
    let (again, _) = load(&vfs).unwrap();
    assert_eq!(again.snapshot_zxid, Some(Zxid(0)));
}

#[test]
fn without_autocreate_only_the_marker_makes_an_empty_directory_trusted() {
    let (mem, vfs) = mem();
    let options = RecoveryOptions { db_autocreate: false, ..RecoveryOptions::default() };
    let (recovered, _) = load_with(&vfs, &options).unwrap();
    assert_eq!(recovered.last_zxid, Zxid(-1));
    mem.put("/data/initialize", b"");
    let (recovered, _) = load_with(&vfs, &options).unwrap();
    assert_eq!((recovered.last_zxid, recovered.notes.last()), (Zxid(0), Some(&Note::Initialized)));
    assert!(mem.read("/data/initialize").is_err());
}

#[test]
fn records_come_back_from_several_files_behind_the_snapshot() {
    let (_, vfs) = mem();
    load(&vfs).unwrap();
    let mut writer = writer(&vfs);
    for zxid in 1..=40 {
        append(&mut writer, zxid, (zxid as usize * 37) % 700);
        if zxid % 3 == 0 {
            let stats = writer.commit().unwrap();
            assert_eq!(stats.upto, Some(Zxid(zxid)));
        }
        if zxid % 10 == 0 {
            writer.roll().unwrap();
        }
    }
    writer.commit().unwrap();
    let (recovered, seen) = load(&vfs).unwrap();
    assert_eq!((recovered.last_zxid, recovered.txns_replayed), (Zxid(40), 40));
    assert_eq!(seen.txns[4], record(5, &noise(5, 5 * 37)));
    write_snapshot(&vfs, &dirs().snap_dir(), 25).unwrap();
    let (recovered, seen) = load(&vfs).unwrap();
    assert_eq!(recovered.txns_replayed, 15);
    assert_eq!(seen.zxids(), (1..=40).collect::<Vec<_>>());
}

#[test]
fn logs_without_a_snapshot_are_refused_unless_trusted() {
    let (_, vfs) = mem();
    let mut writer = writer(&vfs);
    append(&mut writer, 5, 10);
    writer.commit().unwrap();
    let error = load(&vfs).unwrap_err();
    assert!(
        error
            .to_string()
            .starts_with("No snapshot found, but there are log entries. Something is broken!")
    );
    let options = RecoveryOptions { trust_empty: true, ..RecoveryOptions::default() };
    let (recovered, seen) = load_with(&vfs, &options).unwrap();
    assert_eq!((recovered.last_zxid, seen.txns.len()), (Zxid(5), 1));
}

#[test]
fn an_older_snapshot_is_used_only_if_the_logs_reach_the_newer_one() {
    let (mem, vfs) = mem();
    load(&vfs).unwrap();
    let mut writer = writer(&vfs);
    (1..=9).for_each(|zxid| append(&mut writer, zxid, 50));
    writer.commit().unwrap();
    write_snapshot(&vfs, &dirs().snap_dir(), 9).unwrap();
    let path = "/data/version-2/snapshot.9";
    let mut bytes = mem.read(path).unwrap();
    bytes[60] ^= 1;
    mem.put(path, &bytes);
    let (recovered, seen) = load(&vfs).unwrap();
    assert_eq!((recovered.snapshot_zxid, seen.zxids().len()), (Some(Zxid(0)), 9));
    assert!(matches!(recovered.notes[0], Note::SkippedSnapshot { .. }));
    mem.put("/data/version-2/snapshot.a", &bytes);
    assert!(matches!(load(&vfs), Err(RecoveryError::LogsDoNotReach { needed: Zxid(10), .. })));
    mem.put("/data/version-2/snapshot.a", &bytes[..bytes.len() / 2]);
    assert!(matches!(load(&vfs), Err(RecoveryError::LogsDoNotReach { needed: Zxid(10), .. })));
}

#[test]
fn snapshots_that_all_fail_are_not_an_empty_tree() {
    let (mem, vfs) = mem();
    mem.put("/data/version-2/snapshot.5", b"");
    assert!(matches!(load(&vfs), Err(RecoveryError::NoSnapshotLoads { .. })));
    let (mem, vfs) = common::mem();
    mem.put("/data/version-2/snapshot.0", b"ZKSN");
    assert_eq!(load(&vfs).unwrap().0.last_zxid, Zxid(0));
}

#[test]
fn a_missing_log_is_a_hole_and_refused() {
    let (_, vfs) = mem();
    load(&vfs).unwrap();
    let mut writer = writer(&vfs);
    for zxid in 1..=9 {
        append(&mut writer, zxid, 50);
        if zxid % 3 == 0 {
            writer.roll().unwrap();
        }
    }
    vfs.remove(&dirs().log_dir().join("log.4")).unwrap();
    let error = load(&vfs).unwrap_err();
    assert!(matches!(error, RecoveryError::Gap { before: Zxid(3), found: Zxid(7), .. }));
    let options = RecoveryOptions { tolerate_gaps: true, ..RecoveryOptions::default() };
    assert_eq!(load_with(&vfs, &options).unwrap().0.txns_replayed, 6);
}

#[test]
fn the_real_file_system_does_the_same() {
    let tmp = tempfile::tempdir().unwrap();
    let vfs: Arc<dyn Vfs> = Arc::new(OsVfs);
    let dirs = DataDirs::new(tmp.path());
    dirs.prepare(&*vfs, true).unwrap();
    let lock = dirs.lock(&vfs).unwrap();
    let refused = dirs.lock(&vfs).unwrap_err().to_string();
    assert!(refused.ends_with(&format!("(process {})", std::process::id())), "{refused}");
    let options = RecoveryOptions::default();
    let mut seen = Seen::default();
    storage::recover(&vfs, &dirs, &options, &mut seen).unwrap();
    let mut writer = LogWriter::open(Arc::clone(&vfs), &dirs.log_dir(), SMALL_LOG);
    for zxid in 1..=100 {
        append(&mut writer, zxid, 300);
        if zxid % 7 == 0 {
            writer.commit().unwrap();
        }
    }
    writer.commit().unwrap();
    drop(writer);
    let recovered = storage::recover(&vfs, &dirs, &options, &mut seen).unwrap();
    assert_eq!((recovered.last_zxid, seen.txns.len()), (Zxid(100), 100));
    drop(lock);
    dirs.lock(&vfs).unwrap();
}
