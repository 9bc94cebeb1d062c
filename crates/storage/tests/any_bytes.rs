//! Readers take any bytes without a panic, without endless work and without large memory.

mod common;

use std::sync::Arc;

use common::*;
use jute::Limits;
use proptest::prelude::*;
use proto::Zxid;
use storage::log::{LogReader, LogWriter};
use storage::snapshot::SnapshotReader;
use storage::vfs::{MemVfs, Vfs};

fn read_log(bytes: &[u8]) -> usize {
    let mem = MemVfs::new();
    mem.put("/log.1", bytes);
    let Ok(mut reader) = LogReader::open(&mem, "/log.1".as_ref(), Limits::default()) else {
        return 0;
    };
    let mut records = 0;
    while let Ok(Some(_)) = reader.next() {
        records += 1;
    }
    records
}

fn read_snapshot(name: &str, bytes: &[u8]) -> bool {
    let mem = MemVfs::new();
    mem.put(name, bytes);
    let reader = SnapshotReader::open(&mem, name.as_ref(), Limits::default());
    reader.and_then(SnapshotReader::finish).is_ok()
}

fn a_log() -> Vec<u8> {
    let (mem, vfs) = mem();
    let mut writer = LogWriter::open(vfs, &dirs().log_dir(), SMALL_LOG);
    for zxid in 1..=5 {
        append(&mut writer, zxid, zxid as usize * 90);
        if zxid % 2 == 0 {
            writer.commit().unwrap();
        }
    }
    writer.commit().unwrap();
    mem.read("/data/version-2/log.1").unwrap()
}

fn a_snapshot() -> Vec<u8> {
    let (mem, vfs) = mem();
    write_snapshot(&vfs, &dirs().snap_dir(), 5).unwrap();
    mem.read("/data/version-2/snapshot.5").unwrap()
}

/// Changes to a good file.
#[derive(Debug, Clone)]
struct Change {
    at: prop::sample::Index,
    bytes: Vec<u8>,
}

fn changes() -> impl Strategy<Value = Vec<Change>> {
    let change = (any::<prop::sample::Index>(), prop::collection::vec(any::<u8>(), 1..12))
        .prop_map(|(at, bytes)| Change { at, bytes });
    prop::collection::vec(change, 1..5)
}

fn changed(mut file: Vec<u8>, changes: &[Change]) -> Vec<u8> {
    for Change { at, bytes } in changes {
        let at = at.index(file.len());
        let n = bytes.len().min(file.len() - at);
        file[at..at + n].copy_from_slice(&bytes[..n]);
    }
    file
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn any_log(bytes in prop::collection::vec(any::<u8>(), 0..3000)) {
        read_log(&bytes);
        let with_header = [b"ZKLG\0\0\0\x02\0\0\0\0\0\0\0\0", &bytes[..]].concat();
        read_log(&with_header);
    }

    #[test]
    fn any_change_of_a_log(changes in changes()) {
        prop_assert!(read_log(&changed(a_log(), &changes)) <= 5);
    }

    #[test]
    fn any_snapshot(bytes in prop::collection::vec(any::<u8>(), 0..3000)) {
        for (name, magic) in [
            ("/snapshot.1", &b"ZKSN\0\0\0\x02\xff\xff\xff\xff\xff\xff\xff\xff"[..]),
            ("/snapshot.1.gz", b"\x1f\x8b\x08\0\0\0\0\0\0\xff"),
            ("/snapshot.1.snappy", b"\x82SNAPPY\0\0\0\0\x01\0\0\0\x01"),
        ] {
            prop_assert!(!read_snapshot(name, &bytes));
            prop_assert!(!read_snapshot(name, &[magic, &bytes].concat()));
        }
    }

    #[test]
    fn any_change_of_a_snapshot(changes in changes()) {
        let good = a_snapshot();
        let bad = changed(good.clone(), &changes);
        prop_assert_eq!(read_snapshot("/snapshot.5", &bad), bad == good);
    }

    #[test]
    fn any_directory(logs in prop::collection::vec(changes(), 1..3)) {
        let (mem, vfs) = mem();
        load(&vfs).unwrap();
        for (index, changes) in logs.iter().enumerate() {
            mem.put(format!("/data/version-2/log.{}", 1 + index * 5), &changed(a_log(), changes));
        }
        let vfs: Arc<dyn Vfs> = vfs;
        if let Ok((recovered, _)) = load(&vfs) {
            prop_assert!(recovered.last_zxid <= Zxid(5));
        }
    }
}
