//! The tree against a model of it, for random transactions.

mod common;

use common::model::random::{paths, txns};
use common::model::{CHILD, DATA, Mode, Model};
use common::*;
use proptest::prelude::*;
use proto::{AddWatchMode, Txn, WatcherKind};
use tree::SnapshotCursor;

#[derive(Debug, Clone)]
enum Step {
    /// The zxid grows by this much; 0 and less is a replay of old transactions.
    Apply(i64, i64, Txn),
    WatchData(&'static str, u64),
    WatchChild(&'static str, u64),
    AddWatch(&'static str, u64, AddWatchMode),
    Unwatch(&'static str, u64, WatcherKind),
    Disconnect(u64),
}

fn steps() -> impl Strategy<Value = Step> {
    let watched = || prop_oneof![4 => paths(), 1 => Just("/")];
    let watcher = || 1..5u64;
    let growth = prop_oneof![9 => Just(1i64), 1 => -3..3i64];
    let mode =
        prop::sample::select(vec![AddWatchMode::Persistent, AddWatchMode::PersistentRecursive]);
    let kind = prop::sample::select(vec![
        WatcherKind::Children,
        WatcherKind::Data,
        WatcherKind::Any,
        WatcherKind::Persistent,
        WatcherKind::PersistentRecursive,
    ]);
    prop_oneof![
        10 => (growth, 1..4i64, txns())
            .prop_map(|(growth, session, txn)| Step::Apply(growth, session, txn)),
        2 => (watched(), watcher()).prop_map(|(path, id)| Step::WatchData(path, id)),
        2 => (watched(), watcher()).prop_map(|(path, id)| Step::WatchChild(path, id)),
        2 => (watched(), watcher(), mode).prop_map(|(path, id, mode)| Step::AddWatch(path, id, mode)),
        2 => (watched(), watcher(), kind).prop_map(|(path, id, kind)| Step::Unwatch(path, id, kind)),
        1 => watcher().prop_map(Step::Disconnect),
    ]
}

fn take(world: &mut World, model: &mut Model, step: Step) {
    match step {
        Step::Apply(growth, session, txn) => {
            world.zxid = (world.zxid + growth).max(1);
            let applied = world.apply_at(world.zxid, session, &txn);
            assert_eq!(applied.err, model.apply(world.zxid, session, &txn), "{txn:?}");
        }
        Step::WatchData(path, id) => {
            world.watches.add_data(path, w(id));
            model.watch(DATA, path, id, Mode::Standard);
        }
        Step::WatchChild(path, id) => {
            world.watches.add_child(path, w(id));
            model.watch(CHILD, path, id, Mode::Standard);
        }
        Step::AddWatch(path, id, mode) => {
            world.watches.add(path, mode, w(id));
            model.add_watch(path, id, mode);
        }
        Step::Unwatch(path, id, kind) => {
            let had = world.watches.contains(path, kind, w(id));
            let removed = model.unwatch(path, id, kind);
            assert_eq!(world.watches.remove(path, kind, w(id)), removed);
            // contains looks for a persistent watch in the data table only, remove in both.
            assert!(had == removed || kind == WatcherKind::Persistent);
        }
        Step::Disconnect(id) => {
            world.watches.remove_watcher(w(id));
            model.disconnect(id);
        }
    }
}

fn compare(world: &mut World, model: &mut Model) {
    let tree = &world.tree;
    assert_eq!(dump(tree), model.nodes);
    assert_eq!(tree.digest(), recount(&model.nodes), "T2");
    assert_eq!(ephemerals(tree), model.ephemerals(), "S2");
    assert_eq!(tree.ephemeral_count(), model.ephemerals().values().map(Vec::len).sum::<usize>());
    assert_eq!(paths_of(tree, true), model.owned_by(|owner| owner == i64::MIN));
    assert_eq!(paths_of(tree, false), model.owned_by(|owner| (i64::MIN + 1..0).contains(&owner)));
    let bytes =
        model.nodes.iter().map(|(path, (data, ..))| path.encode_utf16().count() + data.len());
    assert_eq!(tree.approximate_data_size(), bytes.sum::<usize>() as i64 + 1);
    let watches: usize = model.watches.iter().map(|table| table.len()).sum();
    assert_eq!(world.watches.watch_count(), watches);
    assert_eq!(world.heard(), std::mem::take(&mut model.events));
}

fn paths_of(tree: &tree::DataTree, containers: bool) -> Vec<String> {
    if containers {
        common::paths(tree, tree.containers())
    } else {
        common::paths(tree, tree.ttls())
    }
}

fn new() -> (World, Model) {
    let world = World::new();
    let model = Model::new(dump(&world.tree));
    (world, model)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn the_tree_is_what_the_model_says(steps in prop::collection::vec(steps(), 1..60)) {
        let (mut world, mut model) = new();
        for step in steps {
            take(&mut world, &mut model, step);
            compare(&mut world, &mut model);
        }
    }

    #[test]
    fn a_snapshot_is_the_tree_at_its_beginning(
        before in prop::collection::vec((1..4i64, txns()), 0..40),
        during in prop::collection::vec((1..4i64, txns(), 0..3usize), 0..40),
    ) {
        let (mut world, _) = new();
        for (session, txn) in &before {
            world.apply_as(*session, txn);
        }
        // Two in a row: the second must not see what the first kept.
        for _ in 0..2 {
            let expected = dump(&world.tree);
            let plan = world.tree.begin_snapshot().unwrap();
            prop_assert_eq!(plan.zxid, world.tree.last_processed());
            prop_assert_eq!(plan.nodes, expected.len());
            let mut seen = Dump::new();
            let mut cursor = SnapshotCursor::default();
            let mut done = false;
            for (session, txn, budget) in &during {
                world.apply_as(*session, txn);
                if *budget > 0 {
                    done = walk(&world.tree, &mut cursor, *budget, &plan.acls, &mut seen);
                }
            }
            while !done {
                done = walk(&world.tree, &mut cursor, 1, &plan.acls, &mut seen);
            }
            drop(world.tree.end_snapshot());
            prop_assert_eq!(&seen, &expected);
        }
    }

    #[test]
    fn a_loaded_tree_is_the_written_one(steps in prop::collection::vec((1..4i64, txns()), 0..60)) {
        let (mut world, _) = new();
        for (session, txn) in &steps {
            world.apply_as(*session, txn);
        }
        let loaded = reload(&mut world.tree);
        let tree = &world.tree;
        prop_assert_eq!(dump(&loaded), dump(tree));
        prop_assert_eq!(loaded.digest(), tree.digest());
        prop_assert_eq!(loaded.digest_mismatches(), 0);
        prop_assert_eq!(loaded.last_processed(), tree.last_processed());
        prop_assert_eq!(ephemerals(&loaded), ephemerals(tree));
        prop_assert_eq!(paths_of(&loaded, true), paths_of(tree, true));
        prop_assert_eq!(paths_of(&loaded, false), paths_of(tree, false));
        prop_assert_eq!(loaded.acls_lost(), 0);
        let (mut loaded, mut world) = (World::around(loaded), world);
        let (a, b) = (loaded.tree.begin_snapshot().unwrap(), world.tree.begin_snapshot().unwrap());
        let lists = |plan: &tree::SnapshotPlan| {
            let mut lists: Vec<_> = plan.acls.iter().map(|(_, list)| list.clone()).collect();
            lists.sort();
            lists
        };
        prop_assert_eq!(lists(&a), lists(&b), "T11: only the ACLs in use are kept");
    }
}
