//! What is encoded is read back, and no bytes from outside make a decoder panic.

use std::sync::Arc;

use jute::Reader;
use proptest::prelude::*;
use proto::*;

fn text() -> impl Strategy<Value = String> {
    "[a-zA-Z0-9/._é]{0,12}"
}

fn path() -> impl Strategy<Value = Arc<str>> {
    text().prop_map(|s| s.into())
}

fn data() -> impl Strategy<Value = Data> {
    proptest::option::of(proptest::collection::vec(any::<u8>(), 0..40))
        .prop_map(|bytes| Data::from(bytes.as_deref()))
}

fn acl() -> impl Strategy<Value = AclList> {
    let entry = (any::<i32>(), text(), text())
        .prop_map(|(perms, scheme, id)| Acl { perms, id: Id::new(&scheme, &id) });
    proptest::collection::vec(entry, 0..3).prop_map(AclList::from)
}

fn create() -> impl Strategy<Value = Txn> {
    let kind = prop_oneof![
        any::<bool>().prop_map(|ephemeral| CreateKind::Create { ephemeral }),
        any::<bool>().prop_map(|ephemeral| CreateKind::Create2 { ephemeral }),
        Just(CreateKind::Container),
        any::<i64>().prop_map(|ttl_ms| CreateKind::Ttl { ttl_ms }),
    ];
    (kind, path(), data(), acl(), any::<i32>()).prop_map(
        |(kind, path, data, acl, parent_cversion)| {
            Txn::Create(CreateTxn { kind, path, data, acl, parent_cversion })
        },
    )
}

fn part() -> impl Strategy<Value = Txn> {
    prop_oneof![
        create(),
        path().prop_map(|path| Txn::Delete { path }),
        (path(), data(), any::<i32>()).prop_map(|(path, data, version)| Txn::SetData {
            path,
            data,
            version
        }),
        (path(), any::<i32>()).prop_map(|(path, version)| Txn::Check { path, version }),
        any::<i32>().prop_map(|code| Txn::Error { code }),
    ]
}

fn txn() -> impl Strategy<Value = Txn> {
    prop_oneof![
        part(),
        any::<i32>().prop_map(|timeout_ms| Txn::CreateSession { timeout_ms }),
        proptest::collection::vec(path(), 0..4)
            .prop_map(|paths| Txn::CloseSession { paths: Some(paths) }),
        (path(), acl(), any::<i32>()).prop_map(|(path, acl, version)| Txn::SetAcl {
            path,
            acl,
            version
        }),
        proptest::collection::vec(part(), 0..4).prop_map(Txn::Multi),
    ]
}

fn record() -> impl Strategy<Value = TxnRecord> {
    let digest = proptest::option::of(
        any::<i64>().prop_map(|tree_digest| TxnDigest { version: 2, tree_digest }),
    );
    (txn(), any::<[i64; 3]>(), any::<i32>(), digest).prop_map(|(txn, n, cxid, digest)| {
        let header = TxnHeader {
            client_id: SessionId(n[0]),
            cxid,
            zxid: Zxid(n[1]),
            time_ms: n[2],
            op: txn.op().code(),
        };
        TxnRecord { header, txn, digest }
    })
}

proptest! {
    #[test]
    fn transactions(record in record()) {
        let mut bytes = Vec::new();
        record.encode(&mut bytes);
        prop_assert_eq!(TxnRecord::decode(&mut Reader::new(&bytes)), Ok(record));
    }

    #[test]
    fn stats(n in any::<[i64; 6]>(), i in any::<[i32; 5]>()) {
        let stat = Stat {
            czxid: Zxid(n[0]), mzxid: Zxid(n[1]), ctime_ms: n[2], mtime_ms: n[3],
            version: i[0], cversion: i[1], aversion: i[2], ephemeral_owner: n[4],
            data_length: i[3], num_children: i[4], pzxid: Zxid(n[5]),
        };
        let mut bytes = Vec::new();
        stat.encode(&mut bytes);
        prop_assert_eq!(bytes.len(), 68);
        prop_assert_eq!(Stat::decode(&mut Reader::new(&bytes)), Ok(stat));
    }

    #[test]
    fn garbage_never_panics(op in -12i32..110, bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        let _ = TxnRecord::decode(&mut Reader::new(&bytes));
        let _ = Txn::decode(op, &mut Reader::new(&bytes));
        let _ = ConnectRequest::decode(&mut Reader::new(&bytes));
        let _ = ConnectResponse::decode(&mut Reader::new(&bytes));
        if let Some(op) = OpCode::from_code(op) {
            let _ = Request::decode(op, &mut Reader::new(&bytes));
        }
    }
}

#[test]
fn a_close_session_without_paths_is_read_with_and_without_a_digest() {
    let header = TxnHeader {
        client_id: SessionId(1),
        cxid: 2,
        zxid: Zxid(3),
        time_ms: 4,
        op: OpCode::CloseSession.code(),
    };
    for digest in [None, Some(TxnDigest { version: 2, tree_digest: 5 })] {
        let record = TxnRecord { header, txn: Txn::CloseSession { paths: None }, digest };
        let mut bytes = Vec::new();
        record.encode(&mut bytes);
        assert_eq!(TxnRecord::decode(&mut Reader::new(&bytes)), Ok(record));
    }
}

#[test]
fn a_create_of_an_old_release_has_no_parent_cversion() {
    let header = TxnHeader {
        client_id: SessionId(1),
        cxid: 2,
        zxid: Zxid(3),
        time_ms: 4,
        op: OpCode::Create.code(),
    };
    let txn = |parent_cversion| {
        Txn::Create(CreateTxn {
            kind: CreateKind::Create { ephemeral: false },
            path: "/a".into(),
            data: Data::NULL,
            acl: AclList::open(),
            parent_cversion,
        })
    };
    let mut bytes = Vec::new();
    TxnRecord { header, txn: txn(7), digest: None }.encode(&mut bytes);
    bytes.truncate(bytes.len() - 4);
    let got = TxnRecord::decode(&mut Reader::new(&bytes)).unwrap();
    assert_eq!(got.txn, txn(-1));
}
