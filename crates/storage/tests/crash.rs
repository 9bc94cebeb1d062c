//! The machine stops before every single call that changes a file, in every way, and recovery
//! gives at least everything acknowledged and never more than a prefix of what was appended.

mod common;

use std::io;
use std::sync::Arc;

use common::*;
use jute::Limits;
use proto::Zxid;
use storage::log::{LogOptions, LogWriter, truncate};
use storage::vfs::{Crash, Fault, MemVfs, Vfs};
use storage::{Error, purge};

/// What the script did before it was stopped.
#[derive(Debug, Default)]
struct Progress {
    appended: i64,
    acknowledged: i64,
}

const SEEDS: u64 = 12;

fn append_some(writer: &mut LogWriter, progress: &mut Progress, sizes: &[usize]) {
    for size in sizes {
        progress.appended += 1;
        append(writer, progress.appended, *size);
    }
}

fn commit(writer: &mut LogWriter, progress: &mut Progress) -> storage::Result<()> {
    let stats = writer.commit()?;
    progress.acknowledged = stats.upto.unwrap_or_default().0;
    Ok(())
}

/// A life of a server's directory: batches of all sizes, rolls, snapshots, a purge.
fn script(vfs: &Arc<dyn Vfs>, options: LogOptions) -> (Progress, storage::Result<()>) {
    let mut progress = Progress::default();
    let result = script_steps(vfs, options, &mut progress);
    (progress, result)
}

fn script_steps(
    vfs: &Arc<dyn Vfs>,
    options: LogOptions,
    progress: &mut Progress,
) -> storage::Result<()> {
    let dir = dirs().log_dir();
    let mut writer = LogWriter::open(Arc::clone(vfs), &dir, options);
    for (round, sizes) in
        [&[40][..], &[0, 600, 3], &[1500], &[10; 9], &[2600, 1], &[300, 300]].iter().enumerate()
    {
        append_some(&mut writer, progress, sizes);
        commit(&mut writer, progress)?;
        if round % 2 == 1 {
            append_some(&mut writer, progress, &[77]);
            let stats = writer.roll()?;
            progress.acknowledged = stats.upto.unwrap_or_default().0;
            write_snapshot(vfs, &dir, progress.acknowledged)?;
        }
    }
    purge(&**vfs, &dirs(), 3, Limits::default())?;
    append_some(&mut writer, progress, &[5, 1100]);
    commit(&mut writer, progress)
}

fn prepared() -> (MemVfs, Arc<dyn Vfs>) {
    let (mem, vfs) = mem();
    load(&vfs).unwrap();
    let mem = mem.crash(Crash::KeepAll);
    (mem.clone(), Arc::new(mem))
}

#[track_caller]
fn check_recovers(mem: &MemVfs, progress: &Progress, case: &str) {
    let vfs: Arc<dyn Vfs> = Arc::new(mem.clone());
    let (recovered, seen) = load(&vfs).unwrap_or_else(|error| panic!("{case}: {error}"));
    let last = recovered.last_zxid.0;
    assert!(last >= progress.acknowledged, "{case}: {last} of {progress:?}");
    assert!(last <= progress.appended, "{case}: {last} of {progress:?}");
    assert_eq!(seen.zxids(), (1..=last).collect::<Vec<_>>(), "{case}");
    // What recovery repaired is good for another start, and for more writes.
    let mut writer = LogWriter::open(Arc::clone(&vfs), &dirs().log_dir(), SMALL_LOG);
    append(&mut writer, last + 1, 10);
    writer.commit().unwrap();
    assert_eq!(load(&vfs).unwrap().0.last_zxid.0, last + 1, "{case}, second start");
}

fn all_crashes() -> impl Iterator<Item = Crash> {
    [Crash::LoseUnsynced, Crash::KeepAll].into_iter().chain((0..SEEDS).map(Crash::Torn))
}

fn crash_everywhere(options: LogOptions) {
    let (mem, vfs) = prepared();
    script(&vfs, options).1.unwrap();
    let calls = mem.calls();
    assert!(calls > 50);
    for stop in 0..=calls {
        let (mem, vfs) = prepared();
        mem.stop_at(stop);
        let (progress, _) = script(&vfs, options);
        for how in all_crashes() {
            let how = match how {
                Crash::Torn(seed) => Crash::Torn(seed + stop * SEEDS),
                how => how,
            };
            check_recovers(&mem.crash(how), &progress, &format!("stop {stop} {how:?}"));
        }
    }
}

#[test]
fn a_crash_at_every_call_loses_nothing_acknowledged() {
    crash_everywhere(SMALL_LOG);
}

#[test]
fn also_without_preallocation() {
    crash_everywhere(LogOptions { prealloc_bytes: 0, ..SMALL_LOG });
}

#[test]
fn also_with_a_size_limit() {
    crash_everywhere(LogOptions { size_limit_bytes: Some(1000), ..SMALL_LOG });
}

#[test]
fn a_failed_call_at_every_place_poisons_the_log_or_does_not_matter() {
    let faults = [Fault::Error(io::ErrorKind::Other), Fault::ShortWrite, Fault::NoSpace];
    let (mem, vfs) = prepared();
    script(&vfs, SMALL_LOG).1.unwrap();
    for call in 0..mem.calls() {
        for fault in faults {
            let (mem, vfs) = prepared();
            mem.fail_at(call, fault);
            let (progress, _) = script(&vfs, SMALL_LOG);
            for how in all_crashes() {
                check_recovers(&mem.crash(how), &progress, &format!("{call} {fault:?} {how:?}"));
            }
        }
    }
}

#[test]
fn after_a_failed_sync_the_log_takes_nothing_more() {
    let (mem, vfs) = prepared();
    let mut writer = LogWriter::open(Arc::clone(&vfs), &dirs().log_dir(), SMALL_LOG);
    append(&mut writer, 1, 100);
    writer.commit().unwrap();
    append(&mut writer, 2, 100);
    mem.fail_at(mem.calls() + 1, Fault::Error(io::ErrorKind::Other));
    let error = writer.commit().unwrap_err();
    assert!(error.to_string().contains("log.1 at offset"), "{error}");
    let calls = mem.calls();
    assert!(matches!(writer.commit(), Err(Error::Poisoned { .. })));
    assert!(matches!(writer.append(Zxid(3), &txn_bytes(3, b"")), Err(Error::Poisoned { .. })));
    assert!(matches!(writer.roll(), Err(Error::Poisoned { .. })));
    assert!(matches!(writer.reopen_after_failure(), Err(Error::Poisoned { .. })));
    assert_eq!(mem.calls(), calls);
}

#[test]
fn a_full_disk_loses_nothing_and_the_log_comes_back() {
    for capacity in (0..9000).step_by(130) {
        let (mem, vfs) = prepared();
        let used = mem.read("/data/version-2/snapshot.0").unwrap().len() as u64;
        mem.set_capacity(Some(used + capacity));
        let mut writer = LogWriter::open(Arc::clone(&vfs), &dirs().log_dir(), SMALL_LOG);
        let mut progress = Progress::default();
        let mut was_full = false;
        for _ in 0..12 {
            append_some(&mut writer, &mut progress, &[400, 700]);
            if let Err(error) = commit(&mut writer, &mut progress) {
                assert!(error.is_disk_full(), "{error}");
                was_full = true;
                for how in all_crashes() {
                    check_recovers(&mem.crash(how), &progress, &format!("full {capacity} {how:?}"));
                }
                mem.set_capacity(None);
                writer.reopen_after_failure().unwrap();
                commit(&mut writer, &mut progress).unwrap();
            }
            assert_eq!(progress.acknowledged, progress.appended);
        }
        assert!(was_full, "{capacity}");
        for how in all_crashes() {
            check_recovers(&mem.crash(how), &progress, &format!("after {capacity} {how:?}"));
        }
    }
}

#[test]
fn a_truncation_is_never_a_hole_wherever_it_stops() {
    const CUT: i64 = 13;
    let run = |stop: Option<u64>| {
        let (mem, vfs) = prepared();
        let (progress, result) = script(&vfs, SMALL_LOG);
        result.unwrap();
        let mem = mem.crash(Crash::KeepAll);
        if let Some(stop) = stop {
            mem.stop_at(stop);
        }
        let dir = dirs().log_dir();
        let result = truncate(&mem, &dir, &dir, Zxid(CUT), Limits::default());
        (mem, progress, result.is_ok())
    };
    let calls = run(None).0.calls();
    assert!(calls > 5);
    for stop in 0..=calls {
        let (mem, before, done) = run(Some(stop));
        assert_eq!(done, stop == calls);
        for how in all_crashes() {
            let progress =
                Progress { acknowledged: CUT, appended: if done { CUT } else { before.appended } };
            check_recovers(&mem.crash(how), &progress, &format!("stop {stop} {how:?}"));
        }
    }
}

#[test]
fn a_snapshot_that_fails_leaves_nothing() {
    let (mem, vfs) = prepared();
    let dir = dirs().snap_dir();
    let before = mem.list(&dir).unwrap().len();
    let start = mem.calls();
    write_snapshot(&vfs, &dir, 3).unwrap();
    let calls = mem.calls() - start;
    vfs.remove(&dir.join("snapshot.3")).unwrap();
    // The last call is the sync of the directory: by then the file has its name.
    for call in 0..calls - 1 {
        mem.fail_at(mem.calls() + call, Fault::NoSpace);
        write_snapshot(&vfs, &dir, 3).unwrap_err();
        assert_eq!(mem.list(&dir).unwrap().len(), before, "call {call}");
    }
}
