//! Which change tells whom, and how often.

mod common;

use common::*;
use proto::EventKind::{NodeChildrenChanged, NodeCreated, NodeDataChanged, NodeDeleted};
use proto::{AclList, AddWatchMode, CreateKind, EventKind, SetWatches, Txn, WatcherKind, Zxid};
use tree::{Event, WatchSummary};

type Heard = Vec<(u64, EventKind, String)>;

fn heard(events: &[(u64, EventKind, &str)]) -> Heard {
    events.iter().map(|(watcher, kind, path)| (*watcher, *kind, (*path).to_owned())).collect()
}

fn world_with(paths: &[&str]) -> World {
    let mut world = World::new();
    paths.iter().for_each(|path| {
        world.done(&create(path));
    });
    world
}

#[test]
fn a_standard_watch_fires_once() {
    let mut world = world_with(&["/a"]);
    world.watches.add_data("/a", w(1));
    world.watches.add_data("/a", w(1));
    world.done(&set_data("/a", "1", 1));
    world.done(&set_data("/a", "2", 2));
    assert_eq!(world.heard(), heard(&[(1, NodeDataChanged, "/a")]));
    assert_eq!(world.watches.watch_count(), 0);
}

#[test]
fn an_event_has_zxid_and_acl_of_the_node_it_names() {
    let mut world = world_with(&["/a"]);
    world.done(&Txn::SetAcl { path: "/a".into(), acl: AclList::read_only(), version: 1 });
    world.watches.add_data("/a/b", w(1));
    world.watches.add_child("/a", w(2));
    world.done(&create("/a/b"));
    let event = |watcher, kind, path: &str, acl| Event {
        watcher: w(watcher),
        kind,
        path: path.into(),
        zxid: Zxid(3),
        acl,
    };
    let expected = [
        event(1, NodeCreated, "/a/b", AclList::open()),
        event(2, NodeChildrenChanged, "/a", AclList::read_only()),
    ];
    assert_eq!(world.events, expected);
}

#[test]
fn a_deletion_tells_node_and_parent_and_each_watcher_once() {
    let mut world = world_with(&["/a", "/a/b"]);
    world.watches.add_data("/a/b", w(3));
    world.watches.add_data("/a/b", w(1));
    world.watches.add_child("/a/b", w(1));
    world.watches.add_child("/a/b", w(2));
    world.watches.add_child("/a", w(1));
    world.done(&delete("/a/b"));
    let expected = [
        (1, NodeDeleted, "/a/b"),
        (3, NodeDeleted, "/a/b"),
        (2, NodeDeleted, "/a/b"),
        (1, NodeChildrenChanged, "/a"),
    ];
    assert_eq!(world.heard(), heard(&expected));
    assert_eq!(world.watches.watch_count(), 0);
}

#[test]
fn the_parent_of_a_top_node_is_the_root() {
    let mut world = World::new();
    world.watches.add_child("/", w(1));
    world.done(&create("/a"));
    assert_eq!(world.heard(), heard(&[(1, NodeChildrenChanged, "/")]));
}

#[test]
fn a_persistent_watch_stays() {
    let mut world = World::new();
    world.watches.add("/a", AddWatchMode::Persistent, w(1));
    world.done(&create("/a"));
    world.done(&create("/a/b"));
    world.done(&set_data("/a", "1", 1));
    world.done(&set_data("/a/b", "1", 1));
    world.done(&delete("/a/b"));
    world.done(&delete("/a"));
    let expected = [
        (1, NodeCreated, "/a"),
        (1, NodeChildrenChanged, "/a"),
        (1, NodeDataChanged, "/a"),
        (1, NodeChildrenChanged, "/a"),
        (1, NodeDeleted, "/a"),
    ];
    assert_eq!(world.heard(), heard(&expected));
}

#[test]
fn a_recursive_watch_sees_the_subtree_but_no_child_events() {
    let mut world = World::new();
    world.watches.add("/a", AddWatchMode::PersistentRecursive, w(1));
    for path in ["/a", "/a/b", "/a/b/c", "/ab"] {
        world.done(&create(path));
    }
    world.done(&set_data("/a/b/c", "1", 1));
    world.done(&delete("/a/b/c"));
    let expected = [
        (1, NodeCreated, "/a"),
        (1, NodeCreated, "/a/b"),
        (1, NodeCreated, "/a/b/c"),
        (1, NodeDataChanged, "/a/b/c"),
        (1, NodeDeleted, "/a/b/c"),
    ];
    assert_eq!(world.heard(), heard(&expected));
}

#[test]
fn a_recursive_watch_on_the_root_sees_everything_once() {
    let mut world = World::new();
    world.watches.add("/", AddWatchMode::PersistentRecursive, w(1));
    world.watches.add("/a", AddWatchMode::PersistentRecursive, w(1));
    world.watches.add_data("/a/b", w(1));
    world.done(&create("/a"));
    world.done(&create("/a/b"));
    world.done(&set_data("/", "1", 1));
    let expected = [(1, NodeCreated, "/a"), (1, NodeCreated, "/a/b"), (1, NodeDataChanged, "/")];
    assert_eq!(world.heard(), heard(&expected));
}

#[test]
fn several_modes_on_one_path_are_one_watch() {
    let mut world = world_with(&["/a"]);
    world.watches.add_data("/a", w(1));
    world.watches.add("/a", AddWatchMode::Persistent, w(1));
    world.watches.add("/a", AddWatchMode::PersistentRecursive, w(1));
    assert_eq!(world.watches.watch_count(), 2, "one in each table");
    world.done(&set_data("/a", "1", 1));
    assert_eq!(world.heard(), heard(&[(1, NodeDataChanged, "/a")]));
    assert!(!world.watches.contains("/a", WatcherKind::Data, w(1)));
    assert!(world.watches.contains("/a", WatcherKind::Persistent, w(1)));
    assert!(world.watches.remove("/a", WatcherKind::Persistent, w(1)));
    assert!(world.watches.contains("/a", WatcherKind::PersistentRecursive, w(1)));
    assert!(world.watches.contains("/a", WatcherKind::Any, w(1)));
    assert!(world.watches.remove("/a", WatcherKind::Any, w(1)));
    assert!(!world.watches.contains("/a", WatcherKind::Any, w(1)));
    assert!(!world.watches.remove("/a", WatcherKind::Any, w(1)));
}

#[test]
fn kinds_are_removed_apart() {
    let mut world = world_with(&["/a"]);
    world.watches.add_data("/a", w(1));
    world.watches.add_child("/a", w(1));
    assert!(!world.watches.remove("/a", WatcherKind::Data, w(2)));
    assert!(!world.watches.remove("/b", WatcherKind::Data, w(1)));
    assert!(!world.watches.remove("/a", WatcherKind::Persistent, w(1)));
    assert!(world.watches.remove("/a", WatcherKind::Children, w(1)));
    assert!(!world.watches.contains("/a", WatcherKind::Children, w(1)));
    assert!(world.watches.contains("/a", WatcherKind::Data, w(1)));
}

#[test]
fn a_closed_connection_leaves_nothing() {
    let mut world = world_with(&["/a"]);
    for id in [1, 2] {
        world.watches.add_data("/a", w(id));
        world.watches.add_child("/a", w(id));
        world.watches.add("/", AddWatchMode::PersistentRecursive, w(id));
    }
    world.watches.remove_watcher(w(1));
    assert_eq!(world.watches.watch_count(), 3);
    world.done(&delete("/a"));
    assert_eq!(world.heard(), heard(&[(2, NodeDeleted, "/a")]));
    world.watches.remove_watcher(w(2));
    world.watches.remove_watcher(w(2));
    assert_eq!(world.watches.watch_count(), 0);
    let nothing = WatchSummary { connections: 0, paths: 0, watches: 0 };
    assert_eq!(world.watches.summary(), nothing);
}

#[test]
fn the_reports_are_about_data_watches_and_sorted() {
    let mut world = world_with(&["/a", "/b"]);
    for (path, id) in [("/b", 2), ("/a", 3), ("/b", 1), ("/c", 9)] {
        world.watches.add_data(path, w(id));
        world.watches.add_child("/x", w(id));
    }
    world.done(&create("/c"));
    let summary = world.watches.summary();
    assert_eq!(summary, WatchSummary { connections: 4, paths: 2, watches: 3 });
    let by_path = [("/a".into(), vec![w(3)]), ("/b".into(), vec![w(1), w(2)])];
    assert_eq!(world.watches.by_path(), by_path);
    let by_watcher = [
        (w(1), vec!["/b".into()]),
        (w(2), vec!["/b".into()]),
        (w(3), vec!["/a".into()]),
        (w(9), vec![]),
    ];
    assert_eq!(world.watches.by_watcher(), by_watcher);
    assert_eq!(world.watches.watch_count(), 3 + 4);
}

#[test]
fn a_closed_session_triggers_as_deletions_do() {
    let mut world = World::new();
    world.apply_as(5, &create_kind(EPHEMERAL, "/e"));
    world.watches.add_data("/e", w(1));
    world.watches.add_child("/", w(1));
    world.apply_as(5, &Txn::CloseSession { paths: None });
    let expected = [(1, NodeDeleted, "/e"), (1, NodeChildrenChanged, "/")];
    assert_eq!(world.heard(), heard(&expected));
}

#[test]
fn what_fails_or_changes_only_the_acl_triggers_nothing() {
    let mut world = world_with(&["/a"]);
    world.watches.add("/", AddWatchMode::PersistentRecursive, w(1));
    world.watches.add("/", AddWatchMode::Persistent, w(1));
    world.apply(&create("/a"));
    world.apply(&create_kind(CreateKind::Container, "/x/y"));
    world.apply(&delete("/x"));
    world.apply(&set_data("/x", "", 1));
    world.done(&Txn::SetAcl { path: "/a".into(), acl: AclList::read_only(), version: 1 });
    assert_eq!(world.heard(), []);
}

#[test]
fn a_reconnected_client_hears_what_it_missed_and_watches_the_rest() {
    let mut world = world_with(&["/old", "/new", "/parent"]);
    let seen = world.zxid;
    world.done(&set_data("/new", "1", 1));
    world.done(&create("/parent/child"));
    let strings = |paths: &[&'static str]| paths.iter().map(|path| (*path).into()).collect();
    let request = SetWatches {
        relative_zxid: seen,
        data: strings(&["/old", "/new", "/gone", "/bad/"]),
        exist: strings(&["/old", "/never"]),
        child: strings(&["/old", "/parent", "/gone"]),
        persistent: strings(&["/old"]),
        persistent_recursive: strings(&["/tree"]),
    };
    let World { tree, watches, events, .. } = &mut world;
    watches.set_watches(tree, &request, w(1), events);
    assert!(events.iter().all(|event| event.zxid == Zxid(-1) && event.acl == AclList::empty()));
    let expected = [
        (1, NodeDataChanged, "/new"),
        (1, NodeDeleted, "/gone"),
        (1, NodeDeleted, "/bad/"),
        (1, NodeCreated, "/old"),
        (1, NodeChildrenChanged, "/parent"),
        (1, NodeDeleted, "/gone"),
    ];
    assert_eq!(world.heard(), heard(&expected));
    for (path, kind) in [
        ("/old", WatcherKind::Data),
        ("/never", WatcherKind::Data),
        ("/old", WatcherKind::Children),
        ("/old", WatcherKind::Persistent),
        ("/tree", WatcherKind::PersistentRecursive),
    ] {
        assert!(world.watches.contains(path, kind, w(1)), "{path} {kind:?}");
    }
    assert_eq!(world.watches.summary().paths, 3);
}
