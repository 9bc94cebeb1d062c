//! Inputs that are in order, one list per target.

use std::path::Path;
use std::sync::Arc;

use jute::Put;
use proto::{
    Acl, AclList, ConnectRequest, CreateKind, CreateTxn, Data, Id, OpCode, SessionId,
    StatPersisted, Txn, TxnDigest, TxnHeader, TxnRecord, Zxid, perms,
};
use storage::log::{LogOptions, LogWriter};
use storage::snapshot::{SnapshotOptions, SnapshotTail, SnapshotWriter, ZxidDigest};
use storage::vfs::{MemVfs, Vfs};
use storage::{DataDirs, snapshot_name};

use super::files::compression;
use super::pipeline::{DEEDS, Deed, OPS, put_step};
use crate::client::{frame, put_frame, request};
use request::Part;

const SESSION: SessionId = SessionId(0x0100_0000_0000_0001);

/// Streams of frames.
pub fn frames() -> Vec<Vec<u8>> {
    let mut stream = Vec::new();
    for request in requests() {
        put_frame(&mut stream, &request);
    }
    let ping = [0, 0, 0, 8, 0xff, 0xff, 0xff, 0xfe, 0, 0, 0, 11];
    vec![stream, ping.repeat(3), vec![0; 16], b"ruok".to_vec()]
}

/// Handshakes.
pub fn connect() -> Vec<Vec<u8>> {
    let whole = ConnectRequest {
        protocol_version: 0,
        last_zxid_seen: Zxid(0x1_0000_0003),
        timeout_ms: 30_000,
        session_id: SESSION,
        password: Some(proto::session::password(SESSION).into()),
        read_only: Some(true),
    };
    let old = ConnectRequest { read_only: None, session_id: SessionId(0), ..whole.clone() };
    let bare = ConnectRequest { password: None, ..old.clone() };
    [whole, old, bare].iter().map(|request| encoded(|out| request.encode(out))).collect()
}

/// A frame of every operation, without its length.
pub fn requests() -> Vec<Vec<u8>> {
    let mut frames: Vec<Vec<u8>> =
        bodies().iter().map(|(op, body)| frame(1, op.code(), body)).collect();
    for (scheme, auth) in [("digest", &b"alice:wonder"[..]), ("ip", b""), ("ensemble", b"name")] {
        frames.push(frame(-4, OpCode::Auth.code(), &request::auth(Some(scheme), Some(auth))));
    }
    frames.push(frame(2, OpCode::Sasl.code(), &request::sasl(Some(b"token"))));
    frames
}

/// A good body of every operation that the pipeline takes.
fn bodies() -> Vec<(OpCode, Vec<u8>)> {
    let (acl, path) = (acl(), Some("/a"));
    let list = vec!["/a".to_owned(), "/a/b".to_owned()];
    let lists = [list.clone(), list.clone(), list.clone(), list.clone(), list];
    let create = |path, flags| request::create(Some(path), Some(b"data"), Some(&acl), flags);
    let ttl = request::create_ttl(Some("/t"), None, Some(&acl), 5, 1000);
    let multi = [
        Part::new(OpCode::Create, create("/m", 0)),
        Part::new(OpCode::Create2, create("/m/s-", 3)),
        Part::new(OpCode::CreateContainer, create("/m/c", 4)),
        Part::new(OpCode::CreateTtl, ttl.clone()),
        Part::new(OpCode::SetData, request::set_data(Some("/m"), Some(b"new"), 0)),
        Part::new(OpCode::Check, request::path_version(Some("/m"), 1)),
        Part::new(OpCode::Delete, request::path_version(Some("/m/c"), -1)),
    ];
    let multi_read = [
        Part::new(OpCode::GetData, request::path_watch(path, false)),
        Part::new(OpCode::GetChildren, request::path_watch(path, false)),
    ];
    let plain = request::path(path);
    let read = request::path_watch(path, true);
    let version = |number| request::path_version(path, number);
    vec![
        (OpCode::Create, create("/a", 0)),
        (OpCode::Create, create("/e", 1)),
        (OpCode::Create, create("/a/s-", 2)),
        (OpCode::Create2, create("/a/b", 0)),
        (OpCode::CreateContainer, create("/c", 4)),
        (OpCode::CreateTtl, ttl),
        (OpCode::SetData, request::set_data(path, Some(b"changed"), -1)),
        (OpCode::SetAcl, request::set_acl(path, Some(&acl), 0)),
        (OpCode::Multi, request::multi(&multi)),
        (OpCode::MultiRead, request::multi(&multi_read)),
        (OpCode::Exists, read.clone()),
        (OpCode::GetData, read.clone()),
        (OpCode::GetAcl, plain.clone()),
        (OpCode::GetChildren, read.clone()),
        (OpCode::GetChildren2, read),
        (OpCode::GetAllChildrenNumber, plain.clone()),
        (OpCode::GetEphemerals, request::path(Some("/"))),
        (OpCode::Sync, plain),
        (OpCode::SetWatches, request::set_watches(0, &lists[..3])),
        (OpCode::SetWatches2, request::set_watches(0, &lists)),
        (OpCode::AddWatch, version(1)),
        (OpCode::CheckWatches, version(3)),
        (OpCode::RemoveWatches, version(5)),
        (OpCode::Reconfig, request::reconfig(None, Some("2,3"), Some("server.1=a:1:2"), -1)),
        (OpCode::WhoAmI, Vec::new()),
        (OpCode::Ping, Vec::new()),
        (OpCode::Delete, version(-1)),
        (OpCode::CloseSession, Vec::new()),
    ]
}

/// Runs of requests on two connections.
pub fn pipelines() -> Vec<Vec<u8>> {
    let number = |op: OpCode| OPS.iter().position(|known| *known == op).unwrap_or_default();
    let deed = |deed: Deed| OPS.len() + DEEDS.iter().position(|d| *d == deed).unwrap_or_default();
    let all = |second: bool, sync: bool| {
        encoded(|out| {
            for (op, body) in bodies() {
                put_step(out, second, number(op), &body);
                if sync {
                    put_step(out, second, deed(Deed::Sync), &[]);
                }
            }
        })
    };
    let quota = |name: &str, text: &str| {
        let path = format!("/zookeeper/quota/a{name}");
        (OpCode::Create, request::create(Some(&path), Some(text.as_bytes()), Some(&acl()), 0))
    };
    let with_quota = encoded(|out| {
        let nodes = [
            quota("", ""),
            quota("/zookeeper_limits", "count=2,bytes=20=;byteHardLimit=30;countHardLimit=3"),
            quota("/zookeeper_stats", "count=0,bytes=0"),
        ];
        for (op, body) in nodes.into_iter().chain(bodies()) {
            put_step(out, false, number(op), &body);
        }
    });
    let sessions = encoded(|out| {
        let ephemeral = request::create(Some("/e"), Some(b""), Some(&acl()), 1);
        for second in [false, true] {
            put_step(out, second, number(OpCode::Create), &ephemeral);
            put_step(out, second, deed(Deed::Sync), &[]);
            put_step(out, second, deed(Deed::Lose), &[]);
            put_step(out, second, deed(Deed::Resume), &[]);
            put_step(out, !second, number(OpCode::Ping), &[]);
            put_step(out, second, deed(Deed::Lose), &[]);
            put_step(out, second, deed(Deed::Wait), &[0; 90]);
            put_step(out, second, deed(Deed::Sync), &[]);
        }
    });
    let both = [all(false, false), all(true, true), all(true, false)].concat();
    vec![all(false, true), all(false, false), with_quota, sessions, both]
}

/// Transactions of every kind, with digest and without.
pub fn txns() -> Vec<Vec<u8>> {
    let mut seeds: Vec<Vec<u8>> = records().iter().map(|r| encoded(|out| r.encode(out))).collect();
    let old_create = encoded(|out| {
        header(9, OpCode::Create).encode(out);
        out.put_string(Some("/old"));
        out.put_buffer(Some(b"data"));
        AclList::open().encode(out);
        out.put_bool(false);
    });
    seeds.push(old_create);
    seeds.push(encoded(|out| header(10, OpCode::CloseSession).encode(out)));
    seeds
}

fn records() -> Vec<TxnRecord> {
    let path: Arc<str> = "/a".into();
    let create = |kind, path: &str| {
        Txn::Create(CreateTxn {
            kind,
            path: path.into(),
            data: Data::new(b"data"),
            acl: AclList::from(acl()),
            parent_cversion: 1,
        })
    };
    let set = Txn::SetData { path: Arc::clone(&path), data: Data::new(b"new"), version: 1 };
    let txns = vec![
        Txn::CreateSession { timeout_ms: 30_000 },
        create(CreateKind::Create { ephemeral: false }, "/a"),
        create(CreateKind::Create2 { ephemeral: true }, "/a/e"),
        create(CreateKind::Container, "/c"),
        create(CreateKind::Ttl { ttl_ms: 1000 }, "/t"),
        set.clone(),
        Txn::SetAcl { path: Arc::clone(&path), acl: AclList::read_only(), version: 1 },
        Txn::Error { code: -101 },
        Txn::Multi(vec![
            create(CreateKind::Create { ephemeral: false }, "/a/m"),
            set,
            Txn::Check { path: Arc::clone(&path), version: 2 },
            Txn::Delete { path: "/a/m".into() },
        ]),
        Txn::Multi(vec![Txn::Error { code: 0 }, Txn::Error { code: -103 }]),
        Txn::Reconfig { path: "/zookeeper/config".into(), data: Data::NULL, version: -1 },
        Txn::DeleteContainer { path: "/c".into() },
        Txn::CloseSession { paths: Some(vec!["/a/e".into()]) },
        Txn::Delete { path },
    ];
    let record = |(at, txn): (usize, Txn)| TxnRecord {
        header: header(at as i64 + 1, txn.op()),
        txn,
        digest: (at % 2 == 0).then_some(TxnDigest { version: 2, tree_digest: 0x1234_5678 }),
    };
    txns.into_iter().enumerate().map(record).collect()
}

fn header(zxid: i64, op: OpCode) -> TxnHeader {
    let time_ms = 1_700_000_000_000;
    TxnHeader { client_id: SESSION, cxid: 1, zxid: Zxid(zxid), time_ms, op: op.code() }
}

/// Transaction logs: ours and, as it has no batch marks, one with Java's header.
pub fn logs() -> Vec<Vec<u8>> {
    let [one_by_one, at_once] = [1, 100].map(|batch| log_of(&records(), batch));
    let mut javas = one_by_one.clone();
    // Java ignores our marks, which stand behind the transactions.
    javas[8..16].fill(0);
    let unpadded = {
        let end = at_once.iter().rposition(|byte| *byte != 0).map_or(0, |last| last + 1);
        at_once[..end].to_vec()
    };
    vec![one_by_one, at_once, javas, unpadded, one_log_header(), Vec::new()]
}

fn one_log_header() -> Vec<u8> {
    b"ZKLG\0\0\0\x02\0\0\0\0\0\0\0\0".to_vec()
}

/// A log of these records, `batch` of them with each sync.
fn log_of(records: &[TxnRecord], batch: usize) -> Vec<u8> {
    let memory = MemVfs::new();
    let dir = Path::new("/data/version-2");
    let vfs: Arc<dyn Vfs> = Arc::new(memory.clone());
    let options = LogOptions { prealloc_bytes: 2048, ..LogOptions::default() };
    vfs.create_dir_all(dir).expect("a folder in memory");
    let mut log = LogWriter::open(Arc::clone(&vfs), dir, options);
    for batch in records.chunks(batch) {
        for record in batch {
            let bytes = encoded(|out| record.encode(out));
            log.append(record.header.zxid, &bytes).expect("a log in memory");
        }
        log.commit().expect("a log in memory");
    }
    memory.read(dir.join("log.1")).expect("the log that was written")
}

/// Snapshots of every compression, with the byte in front that tells it.
pub fn snapshots() -> Vec<Vec<u8>> {
    let digest = ZxidDigest { zxid: Zxid(7), version: 2, digest: 99 };
    let tails = [
        SnapshotTail { digest: Some(digest), last_zxid: Some(Zxid(8)) },
        SnapshotTail { digest: None, last_zxid: None },
    ];
    let with_byte = |byte: u8, tail: &SnapshotTail| [vec![byte], snapshot_of(byte, tail)].concat();
    tails.iter().flat_map(|tail| (0..3).map(move |byte| with_byte(byte, tail))).collect()
}

fn snapshot_of(compression_byte: u8, tail: &SnapshotTail) -> Vec<u8> {
    let memory = MemVfs::new();
    let dir = DataDirs::new("/data").snap_dir();
    let vfs: Arc<dyn Vfs> = Arc::new(memory.clone());
    vfs.create_dir_all(&dir).expect("a folder in memory");
    let compression = compression(compression_byte);
    let options = SnapshotOptions { compression, ..SnapshotOptions::default() };
    let acls = [(1, AclList::from(acl()))];
    let sessions = [(SESSION, 30_000), (SessionId(2), 4000)];
    let mut writer = SnapshotWriter::create(vfs, &dir, Zxid(0), options, &sessions, &acls)
        .expect("a snapshot in memory");
    let stat = StatPersisted::default();
    let owned = StatPersisted { ephemeral_owner: SESSION.0, ..stat };
    let nodes = [
        ("/", Some(&b""[..]), -1, stat),
        ("/zookeeper", None, -1, stat),
        ("/zookeeper/quota", None, -1, stat),
        ("/a", Some(b"data"), 1, stat),
        ("/a/e", Some(b"of a session"), 1, owned),
        ("/a/gr\u{fc}n", Some(&[7; 300]), -1, stat),
    ];
    for (path, data, acl, stat) in nodes {
        writer.node(path, data, acl, &stat).expect("a snapshot in memory");
    }
    writer.finish(tail).expect("a snapshot in memory");
    memory.read(dir.join(snapshot_name(Zxid(0), compression))).expect("the snapshot written")
}

/// A snapshot and a log, with the length of the snapshot in front.
pub fn recoveries() -> Vec<Vec<u8>> {
    let snapshot = snapshot_of(0, &SnapshotTail::default());
    let length = u16::try_from(snapshot.len()).expect("a small snapshot");
    let with_log = |log: Vec<u8>| [&length.to_be_bytes()[..], &snapshot, &log].concat();
    logs().into_iter().map(with_log).collect()
}

/// Configuration files.
pub fn configurations() -> Vec<Vec<u8>> {
    let every_key: Vec<String> = config::keys::all()
        .filter_map(|spec| spec.key)
        // Reading the file of a random name is no subject of ours.
        .filter(|key| *key != "dynamicConfigFile")
        .map(|key| format!("{}=1\n", key.replace(".N", ".1").replace('*', "x")))
        .collect();
    let texts = [
        include_str!("../../../../conf/zoo_sample.cfg"),
        "tickTime=2000\ndataDir=data\nclientPort=2181\n",
        "dataDir=/d\ninitLimit=10\nsyncLimit=5\nserver.1=127.0.0.1:2888:3888:participant;2181\n\
         server.2=[::1]:2888:3888|b:1:2:observer;0.0.0.0:2182\ngroup.1=1:2\nweight.1=3\n",
        "dataDir = C:\\\\data \\\n  and more\n! a comment\nx:\\u00e4\\t\\n\n",
        "4lw.commands.whitelist=stat, ruok,*\nsecureClientPort=2281\nclientPortAddress=::1\n\
         autopurge.snapRetainCount=3\nautopurge.purgeInterval=1\nglobalOutstandingLimit=10\n",
        "-Dzookeeper.snapCount=5 -Djute.maxbuffer=0x100 '-Da=b c' -Xmx1g \"-Dq=1\"",
    ];
    let texts = texts.iter().map(|text| text.as_bytes().to_vec());
    texts.chain(every_key.chunks(12).map(|keys| keys.concat().into_bytes())).collect()
}

/// The data of quota nodes.
pub fn quotas() -> Vec<Vec<u8>> {
    let texts = [
        "count=5,bytes=10",
        "count=-1,bytes=-1=;byteHardLimit=11;countHardLimit=10",
        "count==7",
        "bytes=9223372036854775807,count=-9223372036854775808",
        "",
    ];
    texts.iter().map(|text| text.as_bytes().to_vec()).collect()
}

fn acl() -> Vec<Acl> {
    let entry = |perms, scheme, id| Acl { perms, id: Id::new(scheme, id) };
    vec![
        entry(perms::ALL, "world", "anyone"),
        entry(perms::READ, "ip", "10.0.0.0/8"),
        entry(perms::ALL, "digest", "alice:8y0lhh/7xkdEiwhX7vo9i+/Nmzc="),
    ]
}

fn encoded(put: impl FnOnce(&mut Vec<u8>)) -> Vec<u8> {
    let mut out = Vec::new();
    put(&mut out);
    out
}
