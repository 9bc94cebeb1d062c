//! What each transaction does, rule by rule.

mod common;

use common::*;
use proto::{AclList, CreateKind, Data, EphemeralType, ErrorCode, SessionId, Stat, Txn, Zxid};
use tree::{DataTree, NodeId};

#[test]
fn a_new_tree_is_javas() {
    let world = World::new();
    let tree = &world.tree;
    assert_eq!(tree.node_count(), 5);
    // "", "/", "/zookeeper", "/zookeeper/quota", "/zookeeper/config"
    assert_eq!(tree.approximate_data_size(), 1 + 10 + 16 + 17);
    // What a Java server's `hash` shows.
    assert_eq!(tree.digest(), 1_371_985_504);
    assert_eq!(world.stat("/"), Stat { cversion: -1, num_children: 1, ..Stat::default() });
    assert_eq!(world.stat("/zookeeper").cversion, -2);
    assert_eq!(world.stat("/zookeeper/config").aversion, -1);
    assert_eq!(world.acl("/zookeeper/config"), AclList::read_only());
    assert_eq!(world.acl("/zookeeper"), AclList::open());
    assert_eq!(tree.last_processed(), Zxid::ZERO);
    assert_eq!(tree.last_digest(), None);
}

#[test]
fn paths_are_found_only_as_they_are() {
    let mut world = World::new();
    world.done(&create("/a"));
    world.done(&create("/a/b"));
    assert_eq!(world.tree.find(""), Some(NodeId::ROOT));
    assert_eq!(world.tree.find("/"), Some(NodeId::ROOT));
    for nowhere in ["a", "/a/", "//a", "/a//b", "//", "/b", "/a/b/c", "/A"] {
        assert_eq!(world.tree.find(nowhere), None, "{nowhere:?}");
    }
    for path in ["/", "/a", "/a/b"] {
        assert_eq!(world.tree.path(world.tree.find(path).unwrap()), path);
    }
}

#[test]
fn create_changes_the_parent_and_answers_without_stat() {
    let mut world = World::new();
    let applied = world.done(&create("/a"));
    assert_eq!((applied.op, applied.path.as_deref(), applied.stat), (1, Some("/a"), None));
    let root = world.stat("/");
    assert_eq!((root.cversion, root.num_children, root.pzxid), (0, 2, Zxid(1)));
    let expected = Stat {
        czxid: Zxid(1),
        mzxid: Zxid(1),
        pzxid: Zxid(1),
        ctime_ms: 1000,
        mtime_ms: 1000,
        data_length: 1,
        ..Stat::default()
    };
    assert_eq!(world.stat("/a"), expected);
    let applied = world.done(&create_kind(CreateKind::Create2 { ephemeral: false }, "/a/b"));
    assert_eq!(applied.stat, Some(world.stat("/a/b")));
}

#[test]
fn children_are_listed_as_created() {
    let mut world = World::new();
    for name in ["/c", "/a", "/b", "/d"] {
        world.done(&create(name));
    }
    world.done(&delete("/a"));
    world.done(&delete("/d"));
    world.done(&create("/a"));
    let names: Vec<_> = world.tree.node(NodeId::ROOT).children().collect();
    assert_eq!(names, ["zookeeper", "c", "b", "a"]);
}

#[test]
fn a_given_parent_cversion_counts_if_it_is_larger() {
    let mut world = World::new();
    let mut txn = create_of(PLAIN, "/a", "");
    txn.parent_cversion = 7;
    world.done(&Txn::Create(txn.clone()));
    assert_eq!(world.persisted("/").cversion, 7);
    txn.path = "/b".into();
    txn.parent_cversion = 6;
    world.done(&Txn::Create(txn));
    let root = world.persisted("/");
    assert_eq!((root.cversion, root.pzxid), (7, Zxid(1)), "fuzzy replay does not turn it back");
}

#[test]
fn a_create_of_what_exists_repairs_the_parent_only_for_create() {
    let other = AclList::read_only();
    for (kind, repaired) in [(PLAIN, true), (CreateKind::Create2 { ephemeral: false }, false)] {
        for in_multi in [false, true] {
            let mut world = World::new();
            world.done(&create("/a"));
            let mut txn = create_of(kind, "/a", "new");
            txn.parent_cversion = 5;
            txn.acl = other.clone();
            let txn = Txn::Create(txn);
            let txn = if in_multi { Txn::Multi(vec![txn]) } else { txn };
            assert_eq!(world.apply(&txn).err, ErrorCode::NodeExists.code());
            let root = world.persisted("/");
            let expected = if repaired { (5, Zxid(2)) } else { (1, Zxid(1)) };
            assert_eq!((root.cversion, root.pzxid), expected);
            assert_eq!(world.text("/a"), "x");
            assert_eq!(world.acl("/a"), other, "the ACL is taken in any case");
        }
    }
}

#[test]
fn a_create_needs_its_parent() {
    let mut world = World::new();
    assert_eq!(world.apply(&create("/a/b")).err, ErrorCode::NoNode.code());
    assert_eq!(world.tree.last_processed(), Zxid(1), "a failed transaction has its zxid");
}

#[test]
fn delete_raises_the_parents_pzxid_also_when_the_node_is_gone() {
    let mut world = World::new();
    world.done(&create("/a"));
    world.done(&create("/a/b"));
    world.done(&delete("/a/b"));
    assert_eq!(world.stat("/a").pzxid, Zxid(3));
    assert_eq!((world.stat("/a").cversion, world.stat("/a").num_children), (2, 0));
    assert_eq!(world.apply(&delete("/a/b")).err, ErrorCode::NoNode.code());
    assert_eq!(world.stat("/a").pzxid, Zxid(4));
    world.apply_at(2, 1, &delete("/a/b"));
    assert_eq!(world.stat("/a").pzxid, Zxid(4), "never back");
}

#[test]
fn a_node_deleted_in_fuzzy_replay_takes_its_later_children_along() {
    let mut world = World::new();
    world.done(&create("/a"));
    for path in ["/a/b", "/a/b/c", "/a/d"] {
        world.done(&create_kind(EPHEMERAL, path));
    }
    world.done(&delete("/a"));
    assert_eq!(world.tree.node_count(), 5);
    assert_eq!(world.tree.ephemeral_count(), 0);
    world.done(&create("/a"));
    assert_eq!(world.stat("/a").num_children, 0);
    assert_eq!(world.tree.digest(), recount(&dump(&world.tree)));
}

#[test]
fn set_data_takes_version_and_times() {
    let mut world = World::new();
    world.done(&create("/a"));
    let applied = world.done(&set_data("/a", "longer", 9));
    let stat = world.stat("/a");
    assert_eq!(applied.stat, Some(stat));
    assert_eq!((stat.version, stat.mzxid, stat.mtime_ms, stat.data_length), (9, Zxid(2), 2000, 6));
    assert_eq!((stat.czxid, stat.pzxid, stat.ctime_ms), (Zxid(1), Zxid(1), 1000));
    assert_eq!(world.apply(&set_data("/b", "", 0)).err, ErrorCode::NoNode.code());
    let null = Txn::SetData { path: "/a".into(), data: Data::NULL, version: 10 };
    assert_eq!(world.done(&null).stat.unwrap().data_length, 0);
}

#[test]
fn set_acl_changes_only_aversion() {
    let mut world = World::new();
    world.done(&create("/a"));
    let before = world.persisted("/a");
    let acl = AclList::read_only();
    let applied = world.done(&Txn::SetAcl { path: "/a".into(), acl: acl.clone(), version: 3 });
    assert_eq!(applied.stat.unwrap().aversion, 3);
    assert_eq!(world.acl("/a"), acl);
    assert_eq!(world.persisted("/a"), proto::StatPersisted { aversion: 3, ..before });
}

#[test]
fn ephemerals_belong_to_their_session_containers_and_ttls_to_nobody() {
    let mut world = World::new();
    world.apply_as(0x55, &create_kind(EPHEMERAL, "/e"));
    world.apply_as(0x55, &create_kind(CreateKind::Create2 { ephemeral: true }, "/d"));
    world.done(&create_kind(CreateKind::Container, "/c"));
    world.done(&create_kind(CreateKind::Ttl { ttl_ms: 500 }, "/t"));
    let tree = &world.tree;
    assert_eq!(tree.ephemerals(SessionId(0x55)).collect::<Vec<_>>(), ["/d", "/e"]);
    assert_eq!(paths(tree, tree.containers()), ["/c"]);
    assert_eq!(paths(tree, tree.ttls()), ["/t"]);
    assert_eq!(world.stat("/e").ephemeral_owner, 0x55);
    assert_eq!(world.stat("/c").ephemeral_owner, 0);
    assert_eq!(world.stat("/t").ephemeral_owner, 0);
    assert_eq!(world.persisted("/c").ephemeral_owner, i64::MIN);
    let ttl = tree.node(tree.find("/t").unwrap()).ephemeral_type();
    assert_eq!(ttl, EphemeralType::Ttl(500));
    world.done(&delete("/c"));
    world.done(&Txn::DeleteContainer { path: "/t".into() });
    assert_eq!(world.tree.containers().chain(world.tree.ttls()).count(), 0);
    assert_eq!(world.apply(&create_kind(CreateKind::Ttl { ttl_ms: 0 }, "/t")).err, -8);
}

#[test]
fn a_closed_session_takes_its_ephemerals() {
    for paths in [None, Some(vec!["/a".into(), "/gone".into()])] {
        let mut world = World::new();
        world.apply_as(5, &create_kind(EPHEMERAL, "/b"));
        world.apply_as(5, &create_kind(EPHEMERAL, "/a"));
        world.apply_as(6, &create_kind(EPHEMERAL, "/c"));
        let applied = world.apply_as(5, &Txn::CloseSession { paths });
        assert_eq!((applied.op, applied.err), (-11, 0));
        assert!(!world.has("/a") && !world.has("/b") && world.has("/c"));
        let sessions: Vec<_> = world.tree.sessions_with_ephemerals().collect();
        assert_eq!(sessions, [SessionId(6)]);
        assert_eq!(world.persisted("/").pzxid, Zxid(4));
    }
}

#[test]
fn the_paths_of_a_closed_session_go_whoever_owns_them() {
    let mut world = World::new();
    world.apply_as(6, &create_kind(EPHEMERAL, "/c"));
    world.apply_as(5, &close(&["/c"]));
    assert!(!world.has("/c"));
    assert_eq!(world.tree.ephemeral_count(), 0);
}

#[test]
fn a_session_is_listed_until_it_closes() {
    let mut world = World::new();
    world.apply_as(5, &create_kind(EPHEMERAL, "/a"));
    world.done(&delete("/a"));
    assert_eq!(world.tree.sessions_with_ephemerals().count(), 1);
    assert_eq!(world.tree.ephemerals(SessionId(5)).count(), 0);
    world.apply_as(5, &close(&[]));
    assert_eq!(world.tree.sessions_with_ephemerals().count(), 0);
}

#[test]
fn a_multi_applies_its_parts_with_one_zxid() {
    let mut world = World::new();
    let applied = world.done(&Txn::Multi(vec![
        create("/a"),
        create_kind(CreateKind::Create2 { ephemeral: false }, "/a/b"),
        set_data("/a", "multi", 1),
        Txn::Check { path: "/a".into(), version: 99 },
        delete("/a/b"),
    ]));
    assert_eq!(applied.op, 14);
    assert_eq!(applied.parts.iter().map(|part| part.op).collect::<Vec<_>>(), [1, 15, 5, 13, 2]);
    assert!(applied.parts.iter().all(|part| part.err == 0));
    assert_eq!(applied.parts[1].stat.unwrap().czxid, Zxid(1));
    assert_eq!(world.stat("/a").mzxid, Zxid(1));
    assert!(!world.has("/a/b"));
}

#[test]
fn a_failed_multi_changes_nothing_and_says_who_was_at_fault() {
    let mut world = World::new();
    let applied = world.apply(&Txn::Multi(vec![
        create("/a"),
        error(ErrorCode::Ok),
        error(ErrorCode::BadVersion),
        create("/b"),
    ]));
    assert_eq!(applied.err, ErrorCode::BadVersion.code());
    let parts: Vec<_> = applied.parts.iter().map(|part| (part.op, part.err)).collect();
    assert_eq!(parts, [(-1, 0), (-1, 0), (-1, -103), (-1, -2)]);
    assert_eq!(world.tree.node_count(), 5);
    assert_eq!(world.tree.last_processed(), Zxid(1));
}

#[test]
fn a_multi_ends_at_a_part_that_cannot_be_in_it() {
    let mut world = World::new();
    let acl = Txn::SetAcl { path: "/a".into(), acl: AclList::open(), version: 1 };
    let applied = world.apply(&Txn::Multi(vec![create("/a"), acl, create("/b")]));
    assert_eq!((applied.err, applied.parts.len()), (0, 1));
    assert!(world.has("/a") && !world.has("/b"));
}

#[test]
fn a_refused_request_only_counts() {
    let mut world = World::new();
    let applied = world.apply(&error(ErrorCode::NoAuth));
    assert_eq!((applied.op, applied.err, applied.path), (-1, -102, None));
    assert_eq!(world.tree.last_processed(), Zxid(1));
    let applied = world.done(&Txn::CreateSession { timeout_ms: 1 });
    assert_eq!(applied.op, -10);
}

#[test]
fn poisoned_transactions_are_refused() {
    let mut world = World::new();
    let before = dump(&world.tree);
    for path in ["", "a", "/a/", "//"] {
        let applied = world.apply(&create(path));
        assert_ne!(applied.err, 0, "create {path:?}");
        let applied = world.apply(&set_data(path, "", 0));
        assert_eq!(applied.err == 0, path.is_empty(), "set {path:?}");
    }
    for path in ["", "a", "/a/", "//", "/", "/zookeeper", "/zookeeper/config"] {
        assert_ne!(world.apply(&delete(path)).err, 0, "delete {path:?}");
    }
    assert_eq!(world.apply(&create("/")).err, ErrorCode::NodeExists.code());
    assert_eq!(world.apply_as(5, &close(&["", "x", "/"])).err, 0);
    assert_eq!(world.apply(&Txn::Multi(vec![Txn::Multi(vec![create("/x")])])).err, 0);
    assert_eq!(dump(&world.tree).len(), before.len());
    assert_eq!(world.tree.digest(), recount(&dump(&world.tree)));
}

#[test]
fn the_last_zxid_never_falls() {
    let mut world = World::new();
    world.tree.set_last_processed(Zxid::new(2, 0));
    world.apply_at(5, 1, &create("/a"));
    assert_eq!(world.tree.last_processed(), Zxid::new(2, 0));
}

#[test]
fn digests_are_compared_and_the_first_mismatch_is_kept() {
    let mut world = World::new();
    let mut other = World::new();
    let txn = create("/a");
    other.done(&txn);
    let right = other.tree.digest();
    let mut apply = |zxid, txn: &Txn, digest| {
        let header = header(zxid, 1, txn);
        let World { tree, watches, events, .. } = &mut world;
        tree.apply(&header, txn, txn_digest(digest), watches, events);
        tree.digest_mismatches()
    };
    assert_eq!(apply(1, &txn, right), 0);
    assert_eq!(apply(2, &error(ErrorCode::NoNode), right + 1), 1);
    assert_eq!(apply(3, &error(ErrorCode::NoNode), right + 2), 2);
    let first = world.tree.first_digest_mismatch().unwrap();
    assert_eq!((first.zxid, first.expected, first.actual), (Zxid(2), right + 1, right));
}

#[test]
fn every_128th_digest_is_kept() {
    let mut world = World::new();
    for zxid in 1..=1000 * 256 {
        world.apply_at(zxid, 1, &error(ErrorCode::NoNode));
    }
    let log: Vec<_> = world.tree.digest_log().collect();
    assert_eq!(log.len(), 1024);
    assert_eq!((log[0].zxid.0, log[1023].zxid.0), ((2000 - 1023) * 128, 2000 * 128));
    assert_eq!(world.tree.last_digest().unwrap().zxid, Zxid(256_000));
}

#[test]
fn without_digests_the_digest_is_0() {
    let mut world = World::around(DataTree::new(tree::Options { digest: false, ..options() }));
    world.done(&create("/a"));
    assert_eq!(world.tree.digest(), 0);
    let loaded = reload(&mut world.tree);
    assert_eq!((loaded.digest(), loaded.digest_mismatches()), (0, 0));
}

#[test]
fn sizes_count_utf16_units_and_the_data() {
    let mut world = World::new();
    let before = world.tree.approximate_data_size();
    world.done(&create_with("/é\u{ffed}", "12345"));
    assert_eq!(world.tree.approximate_data_size(), before + 3 + 5);
    world.done(&set_data("/é\u{ffed}", "1", 1));
    world.done(&set_data("/", "1234", 1));
    assert_eq!(world.tree.approximate_data_size(), before + 3 + 1 + 4);
    let loaded = reload(&mut world.tree);
    assert_eq!(loaded.approximate_data_size(), before + 3 + 1 + 8, "Java counts the root twice");
    world.done(&delete("/é\u{ffed}"));
    assert_eq!(world.tree.approximate_data_size(), before + 4);
}

#[test]
fn all_children_are_counted_below_a_path() {
    let mut world = World::new();
    for path in ["/a", "/a/b", "/a/b/c", "/ab"] {
        world.done(&create(path));
    }
    let count = |path| world.tree.all_children_number(path);
    assert_eq!((count("/"), count("/a"), count("/a/b/c"), count("/x")), (7, 2, 0, 0));
}

#[test]
fn the_configuration_is_set_with_its_version_as_mzxid() {
    let mut world = World::new();
    let World { tree, watches, events, .. } = &mut world;
    watches.add_data("/zookeeper/config", w(1));
    tree.set_config(Data::new(b"server.1=x"), Zxid(0x100), 77, watches, events);
    assert_eq!(world.text("/zookeeper/config"), "server.1=x");
    let stat = world.stat("/zookeeper/config");
    assert_eq!((stat.version, stat.mzxid, stat.mtime_ms), (-1, Zxid(0x100), 77));
    assert_eq!(world.heard().len(), 1);
    assert_eq!(world.tree.last_processed(), Zxid::ZERO);
}
