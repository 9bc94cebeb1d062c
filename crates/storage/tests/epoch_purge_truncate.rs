//! Epoch files, purge and truncation.

mod common;

use std::sync::Arc;

use common::*;
use jute::Limits;
use proto::Zxid;
use storage::log::{LogWriter, truncate};
use storage::vfs::{Crash, MemVfs, Vfs};
use storage::{EpochError, EpochStore, Epochs, Error, purge};

fn names(mem: &MemVfs) -> Vec<String> {
    let entries = mem.list(&dirs().log_dir()).unwrap();
    entries.into_iter().map(|entry| entry.name).collect()
}

fn history(vfs: &Arc<dyn Vfs>, last: i64, per_file: i64) {
    load(vfs).unwrap();
    let mut writer = LogWriter::open(Arc::clone(vfs), &dirs().log_dir(), SMALL_LOG);
    for zxid in 1..=last {
        append(&mut writer, zxid, 90);
        if zxid % per_file == 0 {
            writer.roll().unwrap();
        }
    }
    writer.commit().unwrap();
}

fn write_snapshots(vfs: &Arc<dyn Vfs>, zxids: &[i64]) {
    for zxid in zxids {
        write_snapshot(vfs, &dirs().snap_dir(), *zxid).unwrap();
    }
}

#[test]
fn missing_epoch_files_come_from_the_zxid() {
    let (mem, vfs) = mem();
    let epochs = EpochStore::new(vfs, &dirs().snap_dir());
    let got = epochs.load(Zxid::new(3, 7)).unwrap();
    assert_eq!(got, Epochs { accepted: 3, current: 3 });
    assert_eq!(mem.read("/data/version-2/currentEpoch").unwrap(), b"3");
    epochs.set_accepted(5).unwrap();
    let lost_power = mem.crash(Crash::LoseUnsynced);
    assert_eq!(lost_power.read("/data/version-2/acceptedEpoch").unwrap(), b"5");
}

#[test]
fn epochs_that_do_not_fit_are_refused() {
    let (mem, vfs) = mem();
    let epochs = EpochStore::new(vfs, &dirs().snap_dir());
    mem.put("/data/version-2/currentEpoch", b"2");
    mem.put("/data/version-2/acceptedEpoch", b"1");
    let got = epochs.load(Zxid::new(2, 7));
    assert!(matches!(got, Err(EpochError::AcceptedBehindCurrent { accepted: 1, current: 2 })));
    let got = epochs.load(Zxid::new(4, 7));
    assert!(matches!(got, Err(EpochError::CurrentBehindZxid { current: 2, .. })));
    mem.put("/data/version-2/currentEpoch.tmp", b"4");
    mem.put("/data/version-2/acceptedEpoch", b"4\n");
    assert_eq!(epochs.load(Zxid::new(4, 7)).unwrap(), Epochs { accepted: 4, current: 4 });
    mem.put("/data/version-2/acceptedEpoch", b"4x");
    let got = epochs.load(Zxid::new(4, 7));
    assert!(matches!(got, Err(EpochError::Storage(Error::BadEpochFile { .. }))));
}

#[test]
fn an_epoch_write_is_old_or_new_at_every_crash() {
    let calls = {
        let (mem, vfs) = mem();
        EpochStore::new(vfs, &dirs().snap_dir()).set_current(8).unwrap();
        mem.calls()
    };
    for stop in 0..calls {
        for how in [Crash::LoseUnsynced, Crash::KeepAll, Crash::Torn(stop), Crash::Torn(99)] {
            let (mem, vfs) = mem();
            mem.put("/data/version-2/currentEpoch", b"7");
            mem.stop_at(stop);
            let done = EpochStore::new(vfs, &dirs().snap_dir()).set_current(8).is_ok();
            let after = mem.crash(how).read("/data/version-2/currentEpoch").unwrap();
            assert!(after == b"8" || (after == b"7" && !done), "{stop} {how:?} {after:?}");
        }
    }
}

#[test]
fn purge_keeps_three_snapshots_and_the_logs_they_need() {
    let (mem, vfs) = mem();
    history(&vfs, 60, 7);
    write_snapshots(&vfs, &[10, 20, 30, 40, 50]);
    mem.put("/data/version-2/snapshot.1d", b"cut short");
    mem.put("/data/version-2/snapshot.37", b"cut short");
    mem.put("/data/version-2/snapshot.notes", b"not ours");
    assert!(matches!(purge(&*vfs, &dirs(), 2, Limits::default()), Err(Error::RetainCountTooSmall)));
    let removed = purge(&*vfs, &dirs(), 3, Limits::default()).unwrap();
    assert!(removed.iter().all(|file| file.failure.is_none()));
    assert!(removed[0].line(0).starts_with("Removing file: Jan 1, 1970, 12:00:0"));
    assert_eq!(
        names(&mem),
        [
            "log.1d",
            "log.24",
            "log.2b",
            "log.32",
            "log.39",
            "snapshot.1e",
            "snapshot.28",
            "snapshot.32",
            "snapshot.37",
            "snapshot.notes"
        ]
    );
    let after = mem.crash(Crash::LoseUnsynced);
    assert!(after.read("/data/version-2/snapshot.a").is_err());
}

#[test]
fn purge_does_not_count_a_snapshot_that_cannot_be_read() {
    let (mem, vfs) = mem();
    history(&vfs, 40, 10);
    write_snapshots(&vfs, &[10, 20, 30, 40]);
    let mut bytes = mem.read("/data/version-2/snapshot.14").unwrap();
    bytes[50] ^= 4;
    mem.put("/data/version-2/snapshot.14", &bytes);
    purge(&*vfs, &dirs(), 3, Limits::default()).unwrap();
    assert!(names(&mem).contains(&"snapshot.a".to_owned()));
    assert!(!names(&mem).contains(&"snapshot.0".to_owned()));
    assert_eq!(load(&vfs).unwrap().0.last_zxid, Zxid(40));
}

#[test]
fn truncation_ends_the_history_and_drops_newer_snapshots() {
    let (mem, vfs) = mem();
    history(&vfs, 30, 8);
    write_snapshots(&vfs, &[10, 18, 25]);
    let dir = dirs().snap_dir();
    let done = truncate(&*vfs, &dirs().log_dir(), &dir, Zxid(19), Limits::default()).unwrap();
    assert!(done.cut.unwrap().0.ends_with("log.11"));
    let power_lost: Arc<dyn Vfs> = Arc::new(mem.crash(Crash::LoseUnsynced));
    let (recovered, seen) = load(&power_lost).unwrap();
    assert_eq!((recovered.last_zxid, recovered.snapshot_zxid), (Zxid(19), Some(Zxid(18))));
    assert_eq!(seen.zxids(), (1..=19).collect::<Vec<_>>());
    assert_eq!(names(&mem).iter().filter(|name| name.starts_with("log")).count(), 3);
}

#[test]
fn truncation_that_would_leave_nothing_to_start_from_is_refused() {
    let (mem, vfs) = mem();
    let (log_dir, dir) = (dirs().log_dir(), dirs().snap_dir());
    let got = truncate(&*vfs, &log_dir, &dir, Zxid(5), Limits::default());
    assert!(matches!(got, Err(Error::NothingToTruncate { .. })));
    history(&vfs, 10, 10);
    write_snapshot(&vfs, &dir, 10).unwrap();
    vfs.remove(&dir.join("snapshot.0")).unwrap();
    let before = names(&mem);
    let got = truncate(&*vfs, &log_dir, &dir, Zxid(5), Limits::default());
    assert!(matches!(got, Err(Error::NoSnapshotBelow { .. })));
    assert_eq!(names(&mem), before);
}
