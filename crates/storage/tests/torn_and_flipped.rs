//! A log cut at every byte, zeroed in parts, with every kind of bit flipped: recovery gives
//! exactly what was acknowledged or refuses with the file and the offset. The cases named
//! `torn-*` and `flip-*` in the list of known bugs.

mod common;

use std::sync::Arc;

use common::*;
use jute::Limits;
use proto::Zxid;
use storage::log::{LogReader, LogWriter, Tail};
use storage::vfs::{Crash, MemVfs, Vfs};
use storage::{Error, Note, RecoveryError};

const LOG: &str = "/data/version-2/log.1";
/// Batches of these record sizes; the data is zeros where the size is odd.
const BATCHES: [&[usize]; 4] = [&[30, 400], &[1201], &[60, 60, 900, 31], &[700, 20]];

/// A directory with one log of [`BATCHES`] and where each record starts.
fn written(marked: bool) -> (MemVfs, Vec<u8>, Vec<u64>) {
    let (mem, vfs) = mem();
    load(&vfs).unwrap();
    let mut writer = LogWriter::open(Arc::clone(&vfs), &dirs().log_dir(), SMALL_LOG);
    let mut zxid = 0;
    for batch in BATCHES {
        for size in batch {
            zxid += 1;
            let data = if size % 2 == 1 { vec![0; *size] } else { noise(zxid, *size) };
            writer.append(Zxid(zxid), &txn_bytes(zxid, &data)).unwrap();
        }
        writer.commit().unwrap();
    }
    if !marked {
        mem.put(LOG, &as_java(&mem.read(LOG).unwrap()));
    }
    let mut offsets = Vec::new();
    let mut reader = LogReader::open(&mem, LOG.as_ref(), Limits::default()).unwrap();
    while let Some(record) = reader.next().unwrap() {
        offsets.push(record.offset);
    }
    offsets.push(reader.offset());
    (mem.clone(), mem.read(LOG).unwrap(), offsets)
}

/// The same log without batch marks, as Java writes it.
fn as_java(log: &[u8]) -> Vec<u8> {
    let (mem, _) = mem();
    mem.put(LOG, log);
    let mut reader = LogReader::open(&mem, LOG.as_ref(), Limits::default()).unwrap();
    let mut out = b"ZKLG\0\0\0\x02\0\0\0\0\0\0\0\0".to_vec();
    while let Some(record) = reader.next().unwrap() {
        out.extend(u64::from(simd_adler32::adler32(&record.txn)).to_be_bytes());
        out.extend((record.txn.len() as i32).to_be_bytes());
        out.extend(record.txn);
        out.push(b'B');
    }
    out.resize(log.len(), 0);
    out
}

enum Outcome {
    Restored(Vec<i64>, Vec<Note>),
    Refused(RecoveryError),
}

fn recover_with(mem: &MemVfs, log: &[u8]) -> Outcome {
    // A fresh copy: recovery repairs.
    let mem = mem.crash(Crash::KeepAll);
    mem.put(LOG, log);
    let vfs: Arc<dyn Vfs> = Arc::new(mem);
    match load(&vfs) {
        Ok((recovered, seen)) => {
            let again = load(&vfs).unwrap().0;
            assert_eq!(again.last_zxid, recovered.last_zxid);
            let is_cut = |note: &Note| matches!(note, Note::CutTornTail { .. });
            assert!(!again.notes.iter().any(is_cut), "what was cut is gone");
            Outcome::Restored(seen.zxids(), recovered.notes)
        }
        Err(error) => Outcome::Refused(error),
    }
}

fn whole_records(offsets: &[u64], len: usize) -> i64 {
    offsets.iter().skip(1).filter(|end| **end as usize <= len).count() as i64
}

#[test]
fn a_log_cut_at_any_byte_keeps_its_whole_records() {
    for marked in [true, false] {
        let (mem, log, offsets) = written(marked);
        for len in 0..log.len() {
            let Outcome::Restored(zxids, _) = recover_with(&mem, &log[..len]) else {
                panic!("cut at {len}")
            };
            assert_eq!(zxids, (1..=whole_records(&offsets, len)).collect::<Vec<_>>(), "{len}");
        }
    }
}

#[test]
fn a_log_with_zeros_from_any_byte_keeps_its_whole_records() {
    for marked in [true, false] {
        let (mem, log, offsets) = written(marked);
        for len in (16..*offsets.last().unwrap() as usize).step_by(3) {
            let mut torn = log.clone();
            torn[len..].fill(0);
            let at_boundary = offsets.contains(&(len as u64));
            let Outcome::Restored(zxids, notes) = recover_with(&mem, &torn) else {
                panic!("zeros from {len}")
            };
            let kept = zxids.len() as i64;
            assert_eq!(kept, whole_records(&offsets, len), "{len}");
            let end = offsets[kept as usize] as usize;
            let nothing_left = torn[end..].iter().all(|byte| *byte == 0);
            let was_cut = notes.iter().any(|note| matches!(note, Note::CutTornTail { .. }));
            assert_eq!(was_cut, !at_boundary && !nothing_left, "{len}");
        }
    }
}

#[test]
fn a_flipped_bit_is_never_served_and_never_shortens_the_history() {
    for marked in [true, false] {
        let (mem, log, offsets) = written(marked);
        let end = *offsets.last().unwrap() as usize;
        let all: Vec<i64> = (1..offsets.len() as i64).collect();
        for byte in 0..end {
            let mut flipped = log.clone();
            flipped[byte] ^= 1 << (byte % 8);
            match recover_with(&mem, &flipped) {
                // Java does not look at the version either.
                Outcome::Restored(zxids, _) => {
                    assert!((4..8).contains(&byte), "byte {byte}");
                    assert_eq!(zxids, all);
                }
                Outcome::Refused(error) => {
                    let text = error.to_string();
                    assert!(text.contains("log.1"), "{text}");
                    assert!(text.contains("restore this directory"), "{text}");
                }
            }
        }
    }
}

#[test]
fn a_flipped_bit_in_the_padding_loses_nothing() {
    let (mem, log, offsets) = written(true);
    let end = *offsets.last().unwrap() as usize;
    for byte in end..log.len() {
        let mut flipped = log.clone();
        flipped[byte] ^= 1 << (byte % 8);
        if let Outcome::Restored(zxids, _) = recover_with(&mem, &flipped) {
            assert_eq!(zxids.len(), offsets.len() - 1, "byte {byte}");
        }
    }
}

#[test]
fn a_lost_sector_in_an_earlier_batch_is_damage() {
    for marked in [true, false] {
        let (mem, log, offsets) = written(marked);
        let last_batch = offsets[offsets.len() - 1 - BATCHES[3].len()] as usize;
        for sector in 1..last_batch / 512 {
            let mut lost = log.clone();
            lost[sector * 512..][..512].fill(0);
            if lost == log {
                continue;
            }
            let Outcome::Refused(error) = recover_with(&mem, &lost) else {
                panic!("sector {sector} of {last_batch}, marked {marked}")
            };
            assert!(error.to_string().contains("a later one at offset"), "{error}");
        }
    }
}

#[test]
fn a_lost_sector_in_the_last_batch_is_a_torn_tail() {
    let (mem, log, offsets) = written(true);
    let last_batch = offsets[offsets.len() - 1 - BATCHES[3].len()] as usize;
    for sector in last_batch.div_ceil(512).. {
        let Some(bytes) = log.get(sector * 512..(sector + 1) * 512) else { break };
        if bytes.iter().all(|byte| *byte == 0) {
            break;
        }
        let mut lost = log.clone();
        lost[sector * 512..][..512].fill(0);
        let Outcome::Restored(zxids, notes) = recover_with(&mem, &lost) else {
            panic!("sector {sector}")
        };
        assert!(zxids.len() >= offsets.len() - 1 - BATCHES[3].len(), "sector {sector}");
        assert!(notes.iter().any(|note| matches!(note, Note::CutTornTail { .. })));
    }
}

#[test]
fn a_bad_record_in_a_log_that_is_not_the_last_is_damage() {
    let (mem, vfs) = mem();
    load(&vfs).unwrap();
    let mut writer = LogWriter::open(Arc::clone(&vfs), &dirs().log_dir(), SMALL_LOG);
    for zxid in 1..=6 {
        append(&mut writer, zxid, 200);
        if zxid % 3 == 0 {
            writer.roll().unwrap();
        }
    }
    let log = mem.read(LOG).unwrap();
    let mut reader = LogReader::open(&mem, LOG.as_ref(), Limits::default()).unwrap();
    (0..2).for_each(|_| assert!(reader.next().unwrap().is_some()));
    let end = reader.offset() as usize;
    // Inside a record, at the end of one, inside the header, nothing at all.
    for (len, expect_damage) in [(end + 5, true), (end, false), (9, true), (0, true)] {
        mem.put(LOG, &log[..len]);
        match load(&vfs).unwrap_err() {
            RecoveryError::Storage(Error::DamagedLog { path, .. }) => {
                assert!(expect_damage && path.ends_with("log.1"));
            }
            RecoveryError::Gap { .. } => assert!(!expect_damage, "{len}"),
            error => panic!("{error}"),
        }
    }
}

#[test]
fn an_empty_or_headless_last_log_is_removed() {
    for content in [&b""[..], b"ZKLG", b"ZKLG\0\0\0\x02\0\0", &[0; 5000]] {
        let (mem, log, _) = written(true);
        mem.put(LOG, &log);
        mem.put("/data/version-2/log.a", content);
        mem.put("/data/version-2/log.b", b"");
        let vfs: Arc<dyn Vfs> = Arc::new(mem.clone());
        let (recovered, _) = load(&vfs).unwrap();
        assert_eq!(recovered.last_zxid, Zxid(9));
        let removed = |note: &&Note| matches!(note, Note::RemovedUnfinishedLog { .. });
        assert_eq!(recovered.notes.iter().filter(removed).count(), 2);
        assert!(mem.read("/data/version-2/log.a").is_err());
    }
    let (mem, ..) = written(true);
    mem.put("/data/version-2/log.a", b"something else, longer than a header");
    let vfs: Arc<dyn Vfs> = Arc::new(mem);
    let error = load(&vfs).unwrap_err().to_string();
    assert!(error.contains("log.a is not a transaction log"), "{error}");
}

#[test]
fn a_record_inside_a_clients_data_is_not_taken_for_one() {
    let (mem, vfs) = mem();
    load(&vfs).unwrap();
    let mut writer = LogWriter::open(Arc::clone(&vfs), &dirs().log_dir(), SMALL_LOG);
    append(&mut writer, 1, 10);
    writer.commit().unwrap();
    // A client stores what looks like the log of a later batch.
    let (_, forged, _) = written(false);
    writer.append(Zxid(2), &txn_bytes(2, &forged[16..])).unwrap();
    writer.commit().unwrap();
    let log = mem.read(LOG).unwrap();
    let mut reader = LogReader::open(&mem, LOG.as_ref(), Limits::default()).unwrap();
    while reader.next().unwrap().is_some() {}
    let end = reader.offset() as usize;
    assert!(matches!(reader.tail(), Some(Tail::Clean { .. })));
    // A sector of it is lost with its batch: torn, whatever the data says.
    let mut torn = log.clone();
    torn[512..1024].fill(0);
    let Outcome::Restored(zxids, _) = recover_with(&mem, &torn) else { panic!() };
    assert_eq!(zxids, [1]);
    assert!(end > 2048);
}

#[test]
fn a_record_above_the_limit_is_refused() {
    let (_, vfs) = mem();
    load(&vfs).unwrap();
    let mut writer = LogWriter::open(Arc::clone(&vfs), &dirs().log_dir(), SMALL_LOG);
    append(&mut writer, 1, 5000);
    append(&mut writer, 2, 5);
    writer.commit().unwrap();
    let limits = Limits { max_buffer_bytes: 1000, extra_bytes: 1024 };
    let options = storage::RecoveryOptions { limits, ..storage::RecoveryOptions::default() };
    let error = load_with(&vfs, &options).unwrap_err();
    assert!(matches!(error, RecoveryError::Storage(Error::DamagedLog { offset: 16, .. })));
}

#[test]
fn a_snapshot_with_a_flipped_bit_or_a_missing_end_is_not_used() {
    let (mem, vfs) = mem();
    write_snapshot(&vfs, &dirs().snap_dir(), 5).unwrap();
    let path = "/data/version-2/snapshot.5";
    let good = mem.read(path).unwrap();
    for byte in 0..good.len() {
        let mut flipped = good.clone();
        flipped[byte] ^= 1 << (byte % 8);
        mem.put(path, &flipped);
        assert!(load(&vfs).is_err(), "byte {byte}");
        mem.put(path, &good[..byte]);
        // Without its last section it is a whole snapshot of an older release.
        let is_whole = byte == good.len() - 21;
        assert_eq!(load(&vfs).is_ok(), is_whole, "cut at {byte}");
    }
}
