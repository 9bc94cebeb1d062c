//! From a snapshot's records to a tree.

mod common;

use common::*;
use proto::{Acl, AclList, Data, Id, StatPersisted, Txn, Zxid};
use tree::{LoadError, Loader, SnapshotCursor, ZxidDigest};

fn acl_of(name: &str) -> AclList {
    AclList::from(vec![Acl { perms: 31, id: Id::new("digest", name) }])
}

fn node(loader: &mut Loader, path: &str, acl_key: i64) -> Result<(), LoadError> {
    loader.node(path, Data::new(b"d"), acl_key, StatPersisted::default())
}

#[test]
fn what_is_no_tree_is_refused_by_name() {
    let mut loader = Loader::new(options());
    assert_eq!(node(&mut loader, "/a", -1), Err(LoadError::NoParent("/a".into())));
    node(&mut loader, "", -1).unwrap();
    assert_eq!(node(&mut loader, "", -1), Err(LoadError::Twice("".into())));
    assert_eq!(node(&mut loader, "/a/b", -1), Err(LoadError::NoParent("/a/b".into())));
    assert_eq!(node(&mut loader, "a", -1), Err(LoadError::BadPath("a".into())));
    assert_eq!(node(&mut loader, "/", -1), Err(LoadError::BadPath("/".into())));
    node(&mut loader, "/a", -1).unwrap();
    assert_eq!(node(&mut loader, "/a", -1), Err(LoadError::Twice("/a".into())));
    assert_eq!(node(&mut loader, "/a/", -1), Err(LoadError::BadPath("/a/".into())));
    assert!(loader.finish(Zxid(1), None).is_ok());
    assert_eq!(Loader::new(options()).finish(Zxid(1), None).err(), Some(LoadError::NoRoot));
}

#[test]
fn zookeepers_own_nodes_are_always_there() {
    let mut loader = Loader::new(options());
    node(&mut loader, "", -1).unwrap();
    let world = World::around(loader.finish(Zxid(9), None).unwrap());
    assert!(world.has("/zookeeper/quota"));
    assert_eq!(world.acl("/zookeeper/config"), AclList::read_only());
    assert_eq!(world.text("/"), "d");
    assert_eq!(world.tree.last_processed(), Zxid(9));
    assert_eq!(world.tree.digest(), recount(&dump(&world.tree)));
}

#[test]
fn acls_keep_their_meaning_and_unused_ones_go() {
    let mut loader = Loader::new(options());
    for (key, list) in [(40, acl_of("a")), (41, AclList::open()), (7, acl_of("unused"))] {
        loader.acl(key, list);
    }
    node(&mut loader, "", -1).unwrap();
    node(&mut loader, "/a", 40).unwrap();
    node(&mut loader, "/b", 41).unwrap();
    node(&mut loader, "/lost", 99).unwrap();
    let mut world = World::around(loader.finish(Zxid(9), None).unwrap());
    assert_eq!(world.acl("/a"), acl_of("a"));
    assert_eq!(world.acl("/b"), AclList::open());
    let nobody = world.acl("/lost");
    assert!(nobody.entries().iter().all(|entry| entry.perms == 0));
    assert_eq!(world.tree.acls_lost(), 1);
    let plan = world.tree.begin_snapshot().unwrap();
    let lists: Vec<_> = plan.acls.iter().map(|(_, list)| list.clone()).collect();
    assert_eq!(lists.len(), 3, "a, nobody and the config's: {lists:?}");
    assert!(!lists.contains(&acl_of("unused")));
    // The transaction that made the node brings its ACL back.
    let mut txn = create_of(PLAIN, "/lost", "");
    txn.acl = acl_of("found");
    world.apply(&Txn::Create(txn));
    assert_eq!(world.acl("/lost"), acl_of("found"));
}

#[test]
fn a_quiet_snapshots_digest_is_compared_at_once() {
    for (digest, mismatches) in [(0, 1), (1_371_985_504, 0)] {
        let mut world = World::new();
        let plan = world.tree.begin_snapshot().unwrap();
        assert_eq!(plan.digest, ZxidDigest::EMPTY);
        let mut loader = Loader::new(options());
        world.tree.walk_snapshot(&mut SnapshotCursor::default(), 99, &mut |node| {
            loader.node(node.path, node.data.clone(), -1, node.stat).unwrap();
        });
        let digest = Some(ZxidDigest { zxid: Zxid(5), version: 2, digest });
        let tree = loader.finish(Zxid(5), digest).unwrap();
        assert_eq!(tree.digest_mismatches(), mismatches);
        assert_eq!(tree.awaited_snapshot_digest(), None);
    }
}

#[test]
fn a_fuzzy_snapshot_is_compared_when_it_is_caught_up() {
    let loaded = |zxid, digest_zxid| {
        let mut loader = Loader::new(options());
        node(&mut loader, "", -1).unwrap();
        let digest = ZxidDigest { zxid: Zxid(digest_zxid), version: 2, digest: 1 };
        World::around(loader.finish(Zxid(zxid), Some(digest)).unwrap())
    };
    let mut world = loaded(5, 7);
    world.done(&create("/a"));
    assert_eq!((world.tree.digest_mismatches(), world.tree.last_digest()), (0, None));
    assert!(world.tree.awaited_snapshot_digest().is_some());
    world.done(&create("/b"));
    assert_eq!((world.tree.digest_mismatches(), world.tree.last_digest()), (1, None));
    world.done(&create("/c"));
    assert_eq!(world.tree.last_digest().unwrap().zxid, Zxid(8));
    // The digest of an older epoch or of nothing says nothing.
    assert_eq!(loaded(5, 4).tree.awaited_snapshot_digest(), None);
    assert_eq!(loaded(5, 0).tree.digest_mismatches(), 0);
}

#[test]
fn a_snapshot_is_taken_once_at_a_time() {
    let mut world = World::new();
    assert_eq!(world.tree.begin_snapshot().unwrap().nodes, 4);
    assert_eq!(world.tree.begin_snapshot(), None);
    drop(world.tree.end_snapshot());
    assert!(world.tree.begin_snapshot().is_some());
    drop(world.tree.end_snapshot());
    let nothing = &mut |_: tree::SnapshotNode<'_>| panic!("no snapshot is running");
    assert!(world.tree.walk_snapshot(&mut SnapshotCursor::default(), 1, nothing));
}

#[test]
fn a_parent_that_was_walked_and_removed_still_names_its_children() {
    let mut world = World::new();
    world.done(&create("/a"));
    world.done(&create("/b"));
    world.done(&create("/a/child"));
    let expected = dump(&world.tree);
    let plan = world.tree.begin_snapshot().unwrap();
    let (mut cursor, mut seen) = (SnapshotCursor::default(), Dump::new());
    walk(&world.tree, &mut cursor, 6, &plan.acls, &mut seen);
    assert!(seen.contains_key("/b") && !seen.contains_key("/a/child"));
    for txn in [delete("/a/child"), delete("/a"), create("/c"), create("/c/d")] {
        world.done(&txn);
    }
    assert!(walk(&world.tree, &mut cursor, 9, &plan.acls, &mut seen));
    assert_eq!(seen, expected);
}
