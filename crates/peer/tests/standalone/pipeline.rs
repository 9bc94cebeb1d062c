//! Requests decided against what is on its way give what requests decided one by one give.
//!
//! The same random requests go to a server whose disk answers at once and to one whose disk
//! answers whenever it likes. Every reply, every event, the tree and its digest must be equal.

use crate::world::{self, World, create, delete, get, set};
use jute::Put;
use peer::Settings;
use proptest::prelude::*;
use proto::{AclList, EphemeralRules, MultiHeader, OpCode};

#[derive(Debug, Clone)]
enum Step {
    Request { conn: u64, op: OpCode, body: Vec<u8> },
    Sync,
}

/// Few names, so that requests meet.
fn path() -> impl Strategy<Value = String> {
    prop_oneof![
        "/[ab]",
        "/[ab]/[ab]",
        "/[ab]/[ab]/[ab]",
        Just("/".to_owned()),
        Just("/zookeeper/quota".to_owned()),
        Just("bad".to_owned()),
    ]
}

fn part() -> impl Strategy<Value = (OpCode, Vec<u8>)> {
    prop_oneof![
        4 => (path(), 0..5).prop_map(|(path, flags)| create(&path, flags)),
        2 => (path(), -1..3).prop_map(|(path, version)| delete(&path, version)),
        2 => (path(), any::<[u8; 3]>()).prop_map(|(path, data)| set(&path, &data)),
        1 => (path(), -1..3).prop_map(|(path, version)| (OpCode::Check, delete(&path, version).1)),
        1 => path().prop_map(|path| ttl(&path)),
    ]
}

fn ttl(path: &str) -> (OpCode, Vec<u8>) {
    let mut body = Vec::new();
    world::put_create(&mut body, path, 5);
    body.put_i64(60_000);
    (OpCode::CreateTtl, body)
}

fn multi() -> impl Strategy<Value = (OpCode, Vec<u8>)> {
    proptest::collection::vec(part(), 0..5).prop_map(|parts| {
        let mut body = Vec::new();
        for (op, part) in parts {
            MultiHeader { op: op.code(), done: false, err: -1 }.encode(&mut body);
            body.extend(part);
        }
        MultiHeader::END.encode(&mut body);
        (OpCode::Multi, body)
    })
}

fn set_acl(path: &str, version: i32) -> (OpCode, Vec<u8>) {
    let mut body = Vec::new();
    body.put_string(Some(path));
    AclList::open().encode(&mut body);
    body.put_i32(version);
    (OpCode::SetAcl, body)
}

fn request() -> impl Strategy<Value = (OpCode, Vec<u8>)> {
    prop_oneof![
        6 => part().prop_filter("a check needs a multi", |part| part.0 != OpCode::Check),
        2 => multi(),
        1 => (path(), -1..2).prop_map(|(path, version)| set_acl(&path, version)),
        2 => (path(), any::<bool>()).prop_map(|(path, watch)| get(&path, watch)),
        1 => proptest::collection::vec(any::<u8>(), 0..9).prop_map(|body| (OpCode::SetData, body)),
    ]
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        8 => (1..3_u64, request()).prop_map(|(conn, (op, body))| Step::Request { conn, op, body }),
        1 => Just(Step::Sync),
        1 => Just(Step::Request { conn: 3, op: OpCode::CloseSession, body: vec![] }),
    ];
    proptest::collection::vec(step, 1..60)
}

fn world() -> World {
    let ephemeral = EphemeralRules { extended_types: true, emulate_353: false };
    let mut world = World::with(Settings { ephemeral, ..Settings::default() });
    for conn in 1..=3 {
        world.open(conn);
    }
    let (op, body) = create("/a", 0);
    world.send(1, &[(op, body)]);
    let (op, body) = create("/a/e", 1);
    world.send(3, &[(op, body)]);
    world.sync();
    world.take();
    world
}

fn dump(world: &World) -> Vec<String> {
    let tree = &world.tree;
    let mut found = vec!["/".to_owned()];
    let mut at = 0;
    while at < found.len() {
        let path = found[at].clone();
        let node = tree.node(tree.find(&path).unwrap());
        let base = if path == "/" { "" } else { &path };
        let mut children: Vec<_> = node.children().map(|name| format!("{base}/{name}")).collect();
        children.sort();
        found.extend(children);
        found[at] = format!("{path} {:?} {:?}", node.persisted(), node.data());
        at += 1;
    }
    found
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]
    #[test]
    fn a_slow_disk_changes_nothing_but_the_time(steps in steps()) {
        let (mut quick, mut slow) = (world(), world());
        for step in &steps {
            match step {
                Step::Sync => slow.sync(),
                Step::Request { conn, op, body } => {
                    quick.send(*conn, &[(*op, body.clone())]);
                    quick.sync();
                    slow.send(*conn, &[(*op, body.clone())]);
                }
            }
        }
        slow.sync();
        prop_assert_eq!(quick.take(), slow.take());
        prop_assert_eq!(dump(&quick), dump(&slow));
        prop_assert_eq!(quick.tree.digest(), slow.tree.digest());
        prop_assert_eq!(quick.tree.digest_mismatches(), 0);
        prop_assert_eq!(slow.tree.digest_mismatches(), 0);
    }
}
