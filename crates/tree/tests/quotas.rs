//! Usage follows every change below a path with limits.

mod common;

use common::*;
use proptest::prelude::*;
use proto::Txn;
use tree::quota::{limits_path, stats_path};

fn with_quota(on: &str) -> World {
    let mut world = World::new();
    world.done(&create("/q"));
    world.done(&create_with("/q/a", "12345"));
    world.done(&create("/zookeeper/quota/q"));
    if on == "/q/a" {
        world.done(&create("/zookeeper/quota/q/a"));
    }
    world.done(&create_with(&limits_path(on), "count=9,bytes=-1"));
    world.done(&create_with(&stats_path(on), "count=0,bytes=0"));
    world
}

#[test]
fn a_new_stats_node_is_counted_at_once() {
    let world = with_quota("/q");
    assert_eq!(world.text(&stats_path("/q")), "count=2,bytes=6");
    assert_eq!(world.tree.quota_prefix("/q/a/b"), Some("/q"));
    assert_eq!(world.tree.quota_prefix("/qq"), None);
    assert_eq!(world.tree.quota_prefix("/"), None);
}

#[test]
fn usage_follows_and_leaves_stat_and_digest_alone() {
    let mut world = with_quota("/q");
    let (stat, digest) = (world.persisted(&stats_path("/q")), world.tree.digest());
    world.done(&create_with("/q/b", "123"));
    assert_eq!(world.text(&stats_path("/q")), "count=3,bytes=9");
    world.done(&set_data("/q/b", "1", 1));
    assert_eq!(world.text(&stats_path("/q")), "count=3,bytes=7");
    world.done(&delete("/q/a"));
    assert_eq!(world.text(&stats_path("/q")), "count=2,bytes=2");
    assert_eq!(world.persisted(&stats_path("/q")), stat);
    assert_eq!(world.tree.digest(), recount(&dump(&world.tree)));
    assert_ne!(world.tree.digest(), digest);
}

#[test]
fn only_the_nearest_quota_is_counted() {
    let mut world = with_quota("/q/a");
    world.done(&create(&limits_path("/q")));
    world.done(&create(&stats_path("/q")));
    world.done(&create("/q/a/x"));
    assert_eq!(world.text(&stats_path("/q")), "count=2,bytes=6");
    assert_eq!(world.text(&stats_path("/q/a")), "count=2,bytes=6");
}

#[test]
fn deleted_limits_end_the_counting() {
    let mut world = with_quota("/q");
    world.done(&delete(&limits_path("/q")));
    world.done(&create("/q/b"));
    assert_eq!(world.text(&stats_path("/q")), "count=2,bytes=6");
    assert_eq!(world.tree.quota_prefix("/q"), None);
}

#[test]
fn strange_quota_nodes_do_no_harm() {
    let mut world = with_quota("/q");
    world.done(&set_data(&stats_path("/q"), "nonsense", 1));
    world.done(&create("/q/b"));
    assert_eq!(world.text(&stats_path("/q")), "nonsense");
    for path in [
        "/zookeeper/quota/zookeeper_limits",
        "/zookeeper/quota/zookeeper_stats",
        "/zookeeper/quotas",
    ] {
        world.done(&create(path));
    }
    world.done(&create("/zookeeper/quotas/zookeeper_limits"));
    world.done(&create("/zookeeper/zookeeper_limits"));
    world.done(&delete("/zookeeper/zookeeper_limits"));
    world.done(&delete("/zookeeper/quota/zookeeper_limits"));
    assert_eq!(world.tree.quota_prefix("/b"), None);
    assert!(world.text("/zookeeper/quota/zookeeper_stats").starts_with("count="));
}

#[test]
fn a_loaded_tree_counts_anew() {
    let mut world = with_quota("/q");
    world.done(&set_data(&stats_path("/q"), "count=77,bytes=88=;extra=1", 1));
    let mut loaded = World::around(reload(&mut world.tree));
    assert_eq!(loaded.text(&stats_path("/q")), "count=2,bytes=6");
    loaded.done(&create("/q/b"));
    assert_eq!(loaded.text(&stats_path("/q")), "count=3,bytes=7");
}

#[test]
fn limits_without_stats_are_found_but_not_counted() {
    let mut world = with_quota("/q");
    world.done(&delete(&stats_path("/q")));
    world.done(&create("/q/b"));
    assert!(!world.has(&stats_path("/q")));
    let loaded = reload(&mut world.tree);
    assert_eq!(loaded.find(&stats_path("/q")), None);
    assert_eq!(loaded.quota_prefix("/q/b"), Some("/q"));
}

proptest! {
    /// T10: what is stored equals a recount.
    #[test]
    fn usage_equals_a_recount(steps in prop::collection::vec((0..4, 0..12usize, 0..9usize), 1..60)) {
        let mut world = with_quota("/q");
        let places: Vec<String> = ["/q", "/q/a", "/q/a/b", "/r"].iter()
            .flat_map(|top| ["x", "y", "z"].map(|name| format!("{top}/{name}"))).collect();
        for (what, place, size) in steps {
            let (path, data) = (&places[place], "d".repeat(size));
            let txn = match what {
                0 | 1 => create_with(path, &data),
                2 => set_data(path, &data, 1),
                _ => delete(path),
            };
            world.apply(&Txn::Multi(vec![txn]));
            let below = dump(&world.tree).into_iter()
                .filter(|(path, _)| path == "/q" || path.starts_with("/q/"));
            let (count, bytes) = below.fold((0, 0), |(count, bytes), (_, (data, ..))| {
                (count + 1, bytes + data.len())
            });
            prop_assert_eq!(world.text(&stats_path("/q")), format!("count={count},bytes={bytes}"));
        }
    }
}
