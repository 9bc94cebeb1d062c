use std::collections::VecDeque;
use std::sync::Arc;

use foldhash::fast::FixedState;
use hashbrown::HashMap;
use proto::{AclList, Data, StatPersisted, Zxid};
use tree::{DataTree, node_digest};

/// A node as it will be once everything proposed is applied (`ChangeRecord`).
#[derive(Debug, Clone)]
pub(crate) struct NodeState {
    pub(crate) stat: StatPersisted,
    pub(crate) child_count: i64,
    pub(crate) acl: AclList,
    pub(crate) data: Data,
    digest: i64,
}

impl NodeState {
    /// A node that is about to be created.
    pub(crate) fn new(stat: StatPersisted, acl: AclList, data: Data) -> Self {
        NodeState { stat, child_count: 0, acl, data, digest: 0 }
    }
}

/// The changes that are proposed but not applied: what the next request is checked against.
///
/// The tree's digest is kept ahead in the same way, because a transaction carries the digest
/// of the tree that it will leave behind.
#[derive(Debug)]
pub(crate) struct Outstanding {
    /// `None` is a node that will be gone.
    by_path: HashMap<Arc<str>, Change, FixedState>,
    order: VecDeque<(Zxid, Arc<str>)>,
    /// The digest after everything proposed; meaningless while nothing is outstanding.
    digest: i64,
    with_digest: bool,
    undo: Option<Undo>,
}

#[derive(Debug, Clone)]
struct Change {
    zxid: Zxid,
    state: Option<NodeState>,
}

/// What the transaction in the making changed so far, to be taken back when it fails.
#[derive(Debug)]
struct Undo {
    before: Vec<(Arc<str>, Option<Change>)>,
    order_len: usize,
    digest: i64,
}

impl Outstanding {
    pub(crate) fn new(with_digest: bool) -> Self {
        Outstanding {
            by_path: HashMap::with_hasher(FixedState::default()),
            order: VecDeque::new(),
            digest: 0,
            with_digest,
            undo: None,
        }
    }

    /// The node at `path`, with everything proposed; `None` when it is not or will not be there.
    pub(crate) fn state(&self, tree: &DataTree, path: &str) -> Option<NodeState> {
        let path = key(path);
        if let Some(change) = self.by_path.get(path) {
            return change.state.clone();
        }
        let node = tree.node(tree.find(path)?);
        let stat = node.persisted();
        let digest = if self.with_digest { node_digest(path, node.data(), &stat) } else { 0 };
        Some(NodeState {
            stat,
            child_count: node.child_count() as i64,
            acl: node.acl().clone(),
            data: node.data().clone(),
            digest,
        })
    }

    /// Whether there will be a node at `path`.
    pub(crate) fn exists(&self, tree: &DataTree, path: &str) -> bool {
        match self.by_path.get(key(path)) {
            Some(change) => change.state.is_some(),
            None => tree.find(path).is_some(),
        }
    }

    /// `path` becomes `state` with the transaction `zxid`.
    ///
    /// `state.digest` is the old one, as [`Outstanding::state`] gave it, or 0 for a new node.
    pub(crate) fn set(
        &mut self,
        tree: &DataTree,
        zxid: Zxid,
        path: Arc<str>,
        mut state: NodeState,
    ) {
        if self.with_digest {
            let digest = node_digest(key(&path), &state.data, &state.stat);
            self.advance_digest(tree, digest.wrapping_sub(state.digest));
            state.digest = digest;
        }
        self.insert(path, Change { zxid, state: Some(state) });
    }

    /// The node at `path`, whose state is `state`, goes with the transaction `zxid`.
    pub(crate) fn delete(
        &mut self,
        tree: &DataTree,
        zxid: Zxid,
        path: Arc<str>,
        state: &NodeState,
    ) {
        if self.with_digest {
            self.advance_digest(tree, 0_i64.wrapping_sub(state.digest));
        }
        self.insert(path, Change { zxid, state: None });
    }

    /// The digest after everything proposed.
    pub(crate) fn digest(&self, tree: &DataTree) -> i64 {
        if self.order.is_empty() { tree.digest() } else { self.digest }
    }

    /// What is proposed about nodes, oldest first: path, and the owner of nodes that will be there.
    pub(crate) fn owners(&self) -> impl Iterator<Item = (&Arc<str>, Option<i64>)> {
        self.order.iter().filter_map(|(zxid, path)| {
            let change = self.by_path.get(path)?;
            // An earlier change of the same node says nothing any more.
            let owner = change.state.as_ref().map(|state| state.stat.ephemeral_owner);
            (change.zxid == *zxid).then_some((path, owner))
        })
    }

    /// From now on changes can be taken back.
    pub(crate) fn begin(&mut self, tree: &DataTree) {
        self.undo = Some(Undo {
            before: Vec::new(),
            order_len: self.order.len(),
            digest: self.digest(tree),
        });
    }

    /// The changes since [`Outstanding::begin`] stay.
    pub(crate) fn keep(&mut self) {
        self.undo = None;
    }

    /// Takes back everything since [`Outstanding::begin`].
    pub(crate) fn roll_back(&mut self) {
        let Some(undo) = self.undo.take() else { return };
        for (path, before) in undo.before.into_iter().rev() {
            match before {
                Some(change) => self.by_path.insert(path, change),
                None => self.by_path.remove(&path),
            };
        }
        self.order.truncate(undo.order_len);
        self.digest = undo.digest;
    }

    /// Everything up to `zxid` is in the tree now.
    pub(crate) fn applied(&mut self, zxid: Zxid) {
        while let Some((changed, path)) = self.order.pop_front_if(|(changed, _)| *changed <= zxid) {
            if self.by_path.get(&path).is_some_and(|change| change.zxid == changed) {
                self.by_path.remove(&path);
            }
        }
    }

    fn insert(&mut self, path: Arc<str>, change: Change) {
        let path = if &*path == "/" { "".into() } else { path };
        self.order.push_back((change.zxid, path.clone()));
        let before = self.by_path.insert(path.clone(), change);
        if let Some(undo) = &mut self.undo {
            undo.before.push((path, before));
        }
    }

    fn advance_digest(&mut self, tree: &DataTree, by: i64) {
        self.digest = self.digest(tree).wrapping_add(by);
    }
}

/// The root goes by the empty path, so that both of its names mean one record.
fn key(path: &str) -> &str {
    if path == "/" { "" } else { path }
}
