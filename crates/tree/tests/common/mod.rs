//! A tree with watches, and short ways to say what happens to it.
#![allow(dead_code, reason = "each test file uses its part")]

pub mod model;

use std::collections::BTreeMap;
use std::sync::Arc;

use proto::{
    AclList, CreateKind, CreateTxn, Data, EphemeralRules, ErrorCode, EventKind, SessionId, Stat,
    StatPersisted, Txn, TxnDigest, TxnHeader, Zxid,
};
use tree::{
    Applied, DataTree, Event, Loader, NodeId, Options, SnapshotCursor, WatcherId, Watches,
    node_digest,
};

pub const PLAIN: CreateKind = CreateKind::Create { ephemeral: false };
pub const EPHEMERAL: CreateKind = CreateKind::Create { ephemeral: true };

pub fn options() -> Options {
    let ephemeral = EphemeralRules { extended_types: true, emulate_353: false };
    Options { hash_seed: 7, digest: true, ephemeral }
}

pub struct World {
    pub tree: DataTree,
    pub watches: Watches,
    pub events: Vec<Event>,
    pub zxid: i64,
}

impl World {
    pub fn new() -> Self {
        World::around(DataTree::new(options()))
    }

    pub fn around(tree: DataTree) -> Self {
        let zxid = tree.last_processed().0;
        World { tree, watches: Watches::new(), events: Vec::new(), zxid }
    }

    /// Applies with the next zxid; the time is 1000 ms per zxid.
    pub fn apply_as(&mut self, session: i64, txn: &Txn) -> Applied {
        self.zxid += 1;
        self.apply_at(self.zxid, session, txn)
    }

    pub fn apply_at(&mut self, zxid: i64, session: i64, txn: &Txn) -> Applied {
        let header = header(zxid, session, txn);
        self.tree.apply(&header, txn, None, &mut self.watches, &mut self.events)
    }

    pub fn apply(&mut self, txn: &Txn) -> Applied {
        self.apply_as(1, txn)
    }

    /// Applies what must succeed.
    pub fn done(&mut self, txn: &Txn) -> Applied {
        let applied = self.apply(txn);
        assert_eq!(applied.err, 0, "{txn:?}");
        applied
    }

    pub fn stat(&self, path: &str) -> Stat {
        self.tree.node(self.tree.find(path).expect(path)).stat()
    }

    pub fn persisted(&self, path: &str) -> StatPersisted {
        self.tree.node(self.tree.find(path).expect(path)).persisted()
    }

    pub fn text(&self, path: &str) -> String {
        let data = self.tree.node(self.tree.find(path).expect(path)).data();
        String::from_utf8(data.bytes().unwrap_or_default().to_vec()).unwrap()
    }

    pub fn acl(&self, path: &str) -> AclList {
        self.tree.node(self.tree.find(path).expect(path)).acl().clone()
    }

    pub fn has(&self, path: &str) -> bool {
        self.tree.find(path).is_some()
    }

    /// The events since the last call: watcher, kind, path.
    pub fn heard(&mut self) -> Vec<(u64, EventKind, String)> {
        let events = std::mem::take(&mut self.events);
        events.into_iter().map(|e| (e.watcher.0, e.kind, e.path.to_string())).collect()
    }
}

pub fn header(zxid: i64, session: i64, txn: &Txn) -> TxnHeader {
    TxnHeader {
        client_id: SessionId(session),
        cxid: 1,
        zxid: Zxid(zxid),
        time_ms: zxid * 1000,
        op: txn.op().code(),
    }
}

pub fn create_of(kind: CreateKind, path: &str, data: &str) -> CreateTxn {
    CreateTxn {
        kind,
        path: path.into(),
        data: Data::new(data.as_bytes()),
        acl: AclList::open(),
        parent_cversion: -1,
    }
}

pub fn create_kind(kind: CreateKind, path: &str) -> Txn {
    Txn::Create(create_of(kind, path, "x"))
}

pub fn create(path: &str) -> Txn {
    create_kind(PLAIN, path)
}

pub fn create_with(path: &str, data: &str) -> Txn {
    Txn::Create(create_of(PLAIN, path, data))
}

pub fn delete(path: &str) -> Txn {
    Txn::Delete { path: path.into() }
}

pub fn set_data(path: &str, data: &str, version: i32) -> Txn {
    Txn::SetData { path: path.into(), data: Data::new(data.as_bytes()), version }
}

pub fn close(paths: &[&str]) -> Txn {
    Txn::CloseSession { paths: Some(paths.iter().map(|path| Arc::from(*path)).collect()) }
}

pub fn error(code: ErrorCode) -> Txn {
    Txn::Error { code: code.code() }
}

pub fn w(id: u64) -> WatcherId {
    WatcherId(id)
}

/// All that a tree holds, by path; the root is the empty path.
pub type Dump = BTreeMap<String, (Data, AclList, StatPersisted)>;

pub fn dump(tree: &DataTree) -> Dump {
    let mut all = Dump::new();
    let mut rest = vec![NodeId::ROOT];
    while let Some(id) = rest.pop() {
        let node = tree.node(id);
        let path = if id == NodeId::ROOT { String::new() } else { tree.path(id) };
        all.insert(path, (node.data().clone(), node.acl().clone(), node.persisted()));
        let children: Vec<&str> = node.children().collect();
        assert_eq!(children.len(), node.child_count());
        rest.extend(children.iter().map(|name| tree.child(id, name).expect("a listed child")));
    }
    assert_eq!(all.len() + 1, tree.node_count());
    all
}

/// The digest counted from nothing.
pub fn recount(dump: &Dump) -> i64 {
    dump.iter().map(|(path, (data, _, stat))| node_digest(path, data, stat)).sum()
}

pub fn ephemerals(tree: &DataTree) -> BTreeMap<i64, Vec<String>> {
    let sessions = tree.sessions_with_ephemerals();
    let all = sessions.map(|session| (session.0, tree.ephemerals(session).collect()));
    all.filter(|(_, paths): &(i64, Vec<String>)| !paths.is_empty()).collect()
}

pub fn paths(tree: &DataTree, ids: impl Iterator<Item = NodeId>) -> Vec<String> {
    let mut paths: Vec<String> = ids.map(|id| tree.path(id)).collect();
    paths.sort();
    paths
}

/// Walks the rest of a running snapshot into a dump; the ACLs are looked up in the plan.
pub fn walk(
    tree: &DataTree,
    cursor: &mut SnapshotCursor,
    budget: usize,
    acls: &[(i64, AclList)],
    into: &mut Dump,
) -> bool {
    tree.walk_snapshot(cursor, budget, &mut |node| {
        let acl = match acls.iter().find(|(key, _)| *key == node.acl_key) {
            Some((_, list)) => list.clone(),
            None if node.acl_key == -1 => AclList::open(),
            None => panic!("{} has ACL {} that is not in the plan", node.path, node.acl_key),
        };
        if let Some(parent) = proto::path::parent(node.path) {
            assert!(into.contains_key(parent), "{} came before its parent", node.path);
        }
        let twice = into.insert(node.path.to_owned(), (node.data.clone(), acl, node.stat));
        assert!(twice.is_none(), "{} came twice", node.path);
    })
}

/// What a tree is after it was written and read.
pub fn reload(tree: &mut DataTree) -> DataTree {
    let plan = tree.begin_snapshot().expect("no snapshot is running");
    let mut loader = Loader::new(tree.options());
    for (key, list) in &plan.acls {
        loader.acl(*key, list.clone());
    }
    tree.walk_snapshot(&mut SnapshotCursor::default(), usize::MAX, &mut |node| {
        loader.node(node.path, node.data.clone(), node.acl_key, node.stat).expect(node.path);
    });
    drop(tree.end_snapshot());
    loader.finish(plan.zxid, Some(plan.digest)).expect("a whole snapshot")
}

pub fn txn_digest(tree_digest: i64) -> Option<TxnDigest> {
    Some(TxnDigest { version: TxnDigest::VERSION, tree_digest })
}
