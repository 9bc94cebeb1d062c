use std::sync::atomic::{AtomicU32, Ordering};

use foldhash::fast::FixedState;
use hashbrown::HashMap;
use proto::{AclList, Data, StatPersisted, Zxid};

use crate::acl;
use crate::arena::{Arena, BitSet};
use crate::data_tree::DataTree;
use crate::digest::ZxidDigest;
use crate::name::Name;
use crate::node::NONE;

/// What a snapshot says besides the nodes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SnapshotPlan {
    /// The last transaction in it.
    pub zxid: Zxid,
    /// The tree's digest, [`ZxidDigest::EMPTY`] if none was computed.
    pub digest: ZxidDigest,
    /// The ACLs by key, sorted.
    pub acls: Vec<(i64, AclList)>,
    /// How many nodes will be walked.
    pub nodes: usize,
}

/// One node of a snapshot.
#[derive(Debug)]
pub struct SnapshotNode<'a> {
    /// The path; empty for the root.
    pub path: &'a str,
    /// The data.
    pub data: &'a Data,
    /// Which of [`SnapshotPlan::acls`]; -1 for the open one.
    pub acl_key: i64,
    /// The stat as it is stored.
    pub stat: StatPersisted,
}

/// How far the walk over a snapshot is. One cursor per snapshot.
#[derive(Default)]
pub struct SnapshotCursor {
    /// The next slot to look at.
    next: u32,
    /// What was given out, also ahead of `next`: parents are given out before their children.
    done: BitSet,
    /// The path of `prefix_of`, then a name.
    path: String,
    prefix_of: Option<u32>,
    prefix_len: usize,
    chain: Vec<u32>,
}

/// What is left of a snapshot. Dropping it can take a while: do it where nobody waits.
#[must_use = "drop it where nobody waits"]
pub struct EndedSnapshot {
    _snapshot: Option<Snapshot>,
}

impl std::fmt::Debug for EndedSnapshot {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("EndedSnapshot")
    }
}

/// The tree as it was when the snapshot began, as far as it differs from the tree of now.
///
/// A slot that was in use then is found in `saved` if it was changed since, else in the arena:
/// every change saves the old state first. Slots that were not in use then do not matter.
pub(crate) struct Snapshot {
    used: BitSet,
    /// How many slots there were.
    slots: u32,
    saved: HashMap<u32, Saved, FixedState>,
    /// All slots below have been walked; their old content is not needed any more.
    walked: AtomicU32,
}

struct Saved {
    parent: u32,
    name: Name,
    data: Data,
    acl: u32,
    stat: StatPersisted,
}

impl DataTree {
    /// Begins a snapshot of this version of the tree; `None` while one is being taken.
    pub fn begin_snapshot(&mut self) -> Option<SnapshotPlan> {
        if self.snapshot.is_some() {
            return None;
        }
        self.snapshot = Some(Snapshot {
            used: self.arena.used().clone(),
            slots: self.arena.slots(),
            saved: HashMap::default(),
            walked: AtomicU32::new(0),
        });
        Some(SnapshotPlan {
            zxid: self.last_processed,
            digest: self.digests.last().unwrap_or(ZxidDigest::EMPTY),
            acls: self.acls.snapshot(),
            nodes: self.arena.count(),
        })
    }

    /// Gives out the nodes of the snapshot: the root first, parents before children. About
    /// `budget_nodes` nodes are looked at; true means that all were given out. Transactions may
    /// be applied between two calls.
    pub fn walk_snapshot(
        &self,
        cursor: &mut SnapshotCursor,
        budget_nodes: usize,
        out: &mut dyn FnMut(SnapshotNode<'_>),
    ) -> bool {
        let Some(snapshot) = &self.snapshot else { return true };
        let view = View { arena: &self.arena, snapshot };
        let budget = u32::try_from(budget_nodes.max(1)).unwrap_or(u32::MAX);
        let stop = cursor.next.saturating_add(budget).min(snapshot.slots);
        while cursor.next < stop {
            if snapshot.used.contains(cursor.next) {
                view.give_out(cursor, out);
            }
            cursor.next += 1;
        }
        snapshot.walked.store(cursor.next, Ordering::Relaxed);
        cursor.next == snapshot.slots
    }

    /// Ends the snapshot, finished or not.
    pub fn end_snapshot(&mut self) -> EndedSnapshot {
        EndedSnapshot { _snapshot: self.snapshot.take() }
    }

    /// Must be called before data, ACL or stat of a node change.
    pub(crate) fn keep_for_snapshot(&mut self, id: u32) {
        if let Some(snapshot) = &mut self.snapshot {
            snapshot.keep(&self.arena, id);
        }
    }

    /// Must be called before a node is removed.
    pub(crate) fn keep_removed_for_snapshot(&mut self, id: u32) {
        if let Some(snapshot) = &mut self.snapshot {
            snapshot.keep_removed(&self.arena, id);
        }
    }
}

impl Snapshot {
    fn keep(&mut self, arena: &Arena, id: u32) {
        if id >= *self.walked.get_mut() {
            self.keep_removed(arena, id);
        }
    }

    fn keep_removed(&mut self, arena: &Arena, id: u32) {
        if !self.used.contains(id) {
            return;
        }
        let walked = id < *self.walked.get_mut();
        self.saved.entry(id).or_insert_with(|| {
            let node = &arena[id];
            Saved {
                parent: node.parent,
                name: node.name.clone(),
                // Of a walked node only the name is needed, for the paths of its children.
                data: if walked { Data::NULL } else { node.data.clone() },
                acl: node.acl,
                stat: node.persisted(),
            }
        });
    }
}

/// The nodes as they were when the snapshot began.
struct View<'a> {
    arena: &'a Arena,
    snapshot: &'a Snapshot,
}

impl View<'_> {
    /// Gives out the node in the cursor's slot, after those above it.
    fn give_out(&self, cursor: &mut SnapshotCursor, out: &mut dyn FnMut(SnapshotNode<'_>)) {
        cursor.chain.clear();
        let mut id = cursor.next;
        while id != NONE && !cursor.done.contains(id) {
            cursor.chain.push(id);
            id = self.place(id).0;
        }
        while let Some(id) = cursor.chain.pop() {
            self.set_path(cursor, id);
            self.give_out_one(id, &cursor.path, out);
            cursor.done.set(id);
        }
    }

    fn give_out_one(&self, id: u32, path: &str, out: &mut dyn FnMut(SnapshotNode<'_>)) {
        let (data, acl, stat) = match self.snapshot.saved.get(&id) {
            Some(saved) => (&saved.data, saved.acl, saved.stat),
            None => {
                let node = &self.arena[id];
                (&node.data, node.acl, node.persisted())
            }
        };
        out(SnapshotNode { path, data, acl_key: acl::key(acl), stat });
    }

    /// Makes the cursor's path that of `id`; siblings share the work.
    fn set_path(&self, cursor: &mut SnapshotCursor, id: u32) {
        let (parent, name) = self.place(id);
        if parent == NONE {
            cursor.path.clear();
            cursor.prefix_of = None;
            return;
        }
        if cursor.prefix_of != Some(parent) {
            cursor.path.clear();
            for name in self.names_down_to(parent).iter().rev() {
                cursor.path.push('/');
                cursor.path.push_str(name);
            }
            cursor.prefix_of = Some(parent);
            cursor.prefix_len = cursor.path.len();
        }
        cursor.path.truncate(cursor.prefix_len);
        cursor.path.push('/');
        cursor.path.push_str(name);
    }

    /// The names on the way to the root, from below.
    fn names_down_to(&self, mut id: u32) -> Vec<&str> {
        let mut names = Vec::new();
        loop {
            let (parent, name) = self.place(id);
            if parent == NONE {
                return names;
            }
            names.push(name);
            id = parent;
        }
    }

    fn place(&self, id: u32) -> (u32, &str) {
        match self.snapshot.saved.get(&id) {
            Some(saved) => (saved.parent, saved.name.as_str()),
            None => {
                let node = &self.arena[id];
                (node.parent, node.name.as_str())
            }
        }
    }
}
