use proto::{
    AclList, Data, EphemeralRules, EphemeralType, SessionId, Stat, StatPersisted, Zxid, path,
};

use crate::acl::{AclTable, OPEN};
use crate::arena::Arena;
use crate::digest::{DigestMismatch, Digests, ZxidDigest};
use crate::index::Index;
use crate::name::Name;
use crate::node::{NONE, Node};
use crate::owners::Owners;
use crate::quota::LimitedPaths;
use crate::snapshot::Snapshot;

/// How a tree is built.
#[derive(Debug, Clone, Copy)]
pub struct Options {
    /// Seeds the hash tables. A server takes a random number, so that no client can choose names
    /// that collide; a simulation takes a fixed one.
    pub hash_seed: u64,
    /// Whether the tree's digest is kept (`zookeeper.digest.enabled`).
    pub digest: bool,
    /// How stored owners are read.
    pub ephemeral: EphemeralRules,
}

/// A node of one tree. It is valid until the next change of the tree.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct NodeId(pub(crate) u32);

impl NodeId {
    /// The root.
    pub const ROOT: NodeId = NodeId(0);
}

/// The tree of znodes and everything derived from it.
pub struct DataTree {
    pub(crate) arena: Arena,
    pub(crate) index: Index,
    pub(crate) acls: AclTable,
    pub(crate) owners: Owners,
    pub(crate) limits: LimitedPaths,
    pub(crate) digests: Digests,
    /// Bytes of paths and data, counted as Java counts them.
    pub(crate) data_size: i64,
    pub(crate) last_processed: Zxid,
    pub(crate) snapshot: Option<Snapshot>,
    pub(crate) acls_lost: usize,
    options: Options,
}

impl DataTree {
    /// The tree of a new server: the root and `/zookeeper` with `quota` and `config`.
    pub fn new(options: Options) -> Self {
        let mut tree = DataTree::with_root_only(options);
        tree.ensure_own_nodes();
        tree.data_size = tree.count_data_size();
        tree
    }

    pub(crate) fn with_root_only(options: Options) -> Self {
        let mut tree = DataTree {
            arena: Arena::new(),
            index: Index::new(options.hash_seed),
            acls: AclTable::new(options.hash_seed),
            owners: Owners::new(options.ephemeral),
            limits: LimitedPaths::default(),
            digests: Digests::new(options.digest),
            data_size: 0,
            last_processed: Zxid::ZERO,
            snapshot: None,
            acls_lost: 0,
            options,
        };
        let stat = StatPersisted::default();
        let root = tree.arena.insert(Node::new(Name::new(""), Data::new(&[]), OPEN, &stat));
        assert_eq!(root, NodeId::ROOT.0);
        tree.add_digest("", root);
        tree
    }

    /// Creates those of ZooKeeper's own nodes that are missing.
    pub(crate) fn ensure_own_nodes(&mut self) {
        for own in ["/zookeeper", path::QUOTA] {
            self.ensure_node(own, &AclList::open(), 0);
        }
        self.ensure_node(path::CONFIG, &AclList::read_only(), -1);
    }

    fn ensure_node(&mut self, path: &str, acl: &AclList, aversion: i32) {
        let parent = path::parent(path).and_then(|parent| self.find(parent));
        let (Some(parent), Some(name)) = (parent, path::name(path)) else { return };
        if self.child(parent, name).is_none() {
            let acl = self.acls.acquire(acl);
            let stat = StatPersisted { aversion, ..StatPersisted::default() };
            let node = Node::new(Name::new(name), Data::new(&[]), acl, &stat);
            self.attach(parent.0, node, path);
        }
    }

    /// What the tree was built with.
    pub fn options(&self) -> Options {
        self.options
    }

    /// The node at `path`; `""` and `"/"` are the root, a path with an empty component is nowhere.
    pub fn find(&self, path: &str) -> Option<NodeId> {
        if path.is_empty() || path == "/" {
            return Some(NodeId::ROOT);
        }
        let mut names = path.strip_prefix('/')?.split('/');
        names.try_fold(NodeId::ROOT, |parent, name| self.child(parent, name))
    }

    /// The child of `parent` with this name.
    pub fn child(&self, parent: NodeId, name: &str) -> Option<NodeId> {
        self.index.find(&self.arena, parent.0, name.as_bytes()).map(NodeId)
    }

    /// The node itself. The id must come from this version of the tree.
    pub fn node(&self, id: NodeId) -> NodeRef<'_> {
        NodeRef { tree: self, node: &self.arena[id.0] }
    }

    /// The full path of a node; the root is `/`.
    pub fn path(&self, id: NodeId) -> String {
        if id == NodeId::ROOT {
            return "/".to_owned();
        }
        let mut names = Vec::new();
        let mut node = &self.arena[id.0];
        while node.parent != NONE {
            names.push(node.name.as_str());
            node = &self.arena[node.parent];
        }
        names.iter().rev().flat_map(|name| ["/", name]).collect()
    }

    /// The number of nodes as Java shows it: the root counts twice, a new tree has 5.
    pub fn node_count(&self) -> usize {
        self.arena.count() + 1
    }

    /// Bytes of all paths and data, as `mntr` shows them.
    pub fn approximate_data_size(&self) -> i64 {
        self.data_size
    }

    /// The last transaction that was applied, or the snapshot's.
    pub fn last_processed(&self) -> Zxid {
        self.last_processed
    }

    /// Sets it to the start of an epoch or to where a snapshot of a leader stands.
    pub fn set_last_processed(&mut self, zxid: Zxid) {
        self.last_processed = zxid;
    }

    /// The sum of [`crate::node_digest`] over all nodes; 0 when digests are off.
    pub fn digest(&self) -> i64 {
        self.digests.sum()
    }

    /// The digests at every 128th zxid, oldest first, at most 1024.
    pub fn digest_log(&self) -> impl Iterator<Item = ZxidDigest> {
        self.digests.log()
    }

    /// The digest after the last transaction; `None` until one was applied to a complete state.
    pub fn last_digest(&self) -> Option<ZxidDigest> {
        self.digests.last()
    }

    /// The loaded snapshot's digest while the zxid it belongs to was not reached.
    pub fn awaited_snapshot_digest(&self) -> Option<ZxidDigest> {
        self.digests.awaited()
    }

    /// How often the digest that came with a transaction or snapshot was another one.
    pub fn digest_mismatches(&self) -> u64 {
        self.digests.mismatches()
    }

    /// The first of them.
    pub fn first_digest_mismatch(&self) -> Option<DigestMismatch> {
        self.digests.first_mismatch()
    }

    /// How many nodes of the loaded snapshot had an ACL that the snapshot does not contain.
    /// Nobody may touch them until a replayed transaction brings the ACL back.
    pub fn acls_lost(&self) -> usize {
        self.acls_lost
    }

    /// The paths of a session's ephemerals, sorted.
    pub fn ephemerals(&self, session: SessionId) -> impl Iterator<Item = String> + use<> {
        let mut paths: Vec<String> =
            self.owners.ephemerals(session).map(|id| self.path(NodeId(id))).collect();
        paths.sort_unstable();
        paths.into_iter()
    }

    /// The sessions that have ephemerals or had some.
    pub fn sessions_with_ephemerals(&self) -> impl Iterator<Item = SessionId> {
        self.owners.sessions()
    }

    /// The number of session ephemerals.
    pub fn ephemeral_count(&self) -> usize {
        self.owners.ephemeral_count()
    }

    /// The container nodes.
    pub fn containers(&self) -> impl Iterator<Item = NodeId> {
        self.owners.containers().map(NodeId)
    }

    /// The nodes with a TTL.
    pub fn ttls(&self) -> impl Iterator<Item = NodeId> {
        self.owners.ttls().map(NodeId)
    }

    /// The number of nodes below `path`; 0 if there is none.
    ///
    /// Java counts by names that start with `path/`, so for the empty path `/` itself counts.
    pub fn all_children_number(&self, path: &str) -> usize {
        match self.find(path) {
            None => 0,
            Some(NodeId::ROOT) if path.is_empty() => self.arena.count(),
            Some(NodeId::ROOT) => self.arena.count() - 1,
            Some(top) => self.subtree(top.0).count() - 1,
        }
    }

    /// The nearest path with a quota that is `path` or above it; never the root.
    pub fn quota_prefix(&self, path: &str) -> Option<&str> {
        self.limits.enclosing(path)
    }

    /// A node and all nodes below it, parents before children.
    pub(crate) fn subtree(&self, top: u32) -> impl Iterator<Item = u32> {
        let mut next = Some(top);
        std::iter::from_fn(move || {
            let id = next?;
            next = self.after_in_subtree(top, id);
            Some(id)
        })
    }

    fn after_in_subtree(&self, top: u32, mut id: u32) -> Option<u32> {
        let child = self.arena[id].first_child();
        if child != NONE {
            return Some(child);
        }
        while id != top {
            let node = &self.arena[id];
            if node.next != NONE {
                return Some(node.next);
            }
            id = node.parent;
        }
        None
    }

    /// Adds `node` as the last child of `parent`. The name is not taken.
    pub(crate) fn attach(&mut self, parent: u32, mut node: Node, path: &str) -> u32 {
        node.parent = parent;
        node.prev = self.arena[parent].ext.as_ref().map_or(NONE, |ext| ext.last_child);
        let (prev, owner) = (node.prev, node.owner());
        let id = self.arena.insert(node);
        let family = self.arena[parent].ext_mut();
        family.last_child = id;
        family.child_count += 1;
        match prev {
            NONE => family.first_child = id,
            prev => self.arena[prev].next = id,
        }
        self.index.insert(&self.arena, id);
        self.owners.add(owner, id);
        self.add_digest(path, id);
        id
    }

    /// Removes a node without children from its parent and from everything that refers to it but
    /// the table of ACLs.
    pub(crate) fn detach(&mut self, id: u32, path: &str) -> Node {
        self.keep_removed_for_snapshot(id);
        if let Some(digest) = self.digests.node(path) {
            let node = &self.arena[id];
            self.digests.subtract(digest.data(&node.data).stat(&node.persisted()));
        }
        self.index.remove(&self.arena, id);
        let node = self.arena.remove(id);
        self.owners.remove(node.owner(), id);
        let (prev, next) = (node.prev, node.next);
        let family = self.arena[node.parent].ext_mut();
        family.child_count -= 1;
        if prev == NONE {
            family.first_child = next;
        }
        if next == NONE {
            family.last_child = prev;
        }
        if prev != NONE {
            self.arena[prev].next = next;
        }
        if next != NONE {
            self.arena[next].prev = prev;
        }
        node
    }

    /// Takes the root from a snapshot. It has no children yet.
    pub(crate) fn replace_root(&mut self, root: Node) {
        if let Some(digest) = self.digests.node("") {
            let old = &self.arena[NodeId::ROOT.0];
            self.digests.subtract(digest.data(&old.data).stat(&old.persisted()));
        }
        self.arena[NodeId::ROOT.0] = root;
        self.add_digest("", NodeId::ROOT.0);
    }

    fn add_digest(&mut self, path: &str, id: u32) {
        if let Some(digest) = self.digests.node(path) {
            let node = &self.arena[id];
            self.digests.add(digest.data(&node.data).stat(&node.persisted()));
        }
    }

    /// Counts the data size anew. Java counts the root twice here.
    pub(crate) fn count_data_size(&self) -> i64 {
        let mut size = self.arena[NodeId::ROOT.0].data.len() as i64 + 1;
        // The length of each node's path, kept while walking down.
        let mut lengths: Vec<i64> = Vec::new();
        let mut last = NONE;
        for id in self.subtree(NodeId::ROOT.0) {
            let node = &self.arena[id];
            // Climb to the common parent.
            while last != NONE && last != node.parent {
                lengths.pop();
                last = self.arena[last].parent;
            }
            let above = lengths.last().copied();
            let length = above.map_or(0, |above| above + 1 + java_len(node.name.as_str()));
            size += length + node.data.len() as i64;
            lengths.push(length);
            last = id;
        }
        size
    }
}

/// The length of a Java string: UTF-16 units.
pub(crate) fn java_len(text: &str) -> i64 {
    if text.is_ascii() { text.len() as i64 } else { text.encode_utf16().count() as i64 }
}

/// Bytes that a node counts for: path and data.
pub(crate) fn node_size(path: &str, data: &Data) -> i64 {
    java_len(path) + data.len() as i64
}

/// A node to read.
#[derive(Clone, Copy)]
pub struct NodeRef<'a> {
    tree: &'a DataTree,
    node: &'a Node,
}

impl<'a> NodeRef<'a> {
    /// The last component of the path; empty for the root.
    pub fn name(&self) -> &'a str {
        self.node.name.as_str()
    }

    /// The data.
    pub fn data(&self) -> &'a Data {
        &self.node.data
    }

    /// The ACL.
    pub fn acl(&self) -> &'a AclList {
        self.tree.acls.list(self.node.acl)
    }

    /// The stat as clients see it: cversion counts changes, the owner is a session or 0.
    pub fn stat(&self) -> Stat {
        client_stat(self.node, &self.tree.owners)
    }

    /// The stat as it is stored.
    pub fn persisted(&self) -> StatPersisted {
        self.node.persisted()
    }

    /// What the owner means.
    pub fn ephemeral_type(&self) -> EphemeralType {
        self.tree.owners.kind(self.node.owner())
    }

    /// The number of children.
    pub fn child_count(&self) -> usize {
        self.node.child_count() as usize
    }

    /// The names of the children in the order of their creation.
    pub fn children(&self) -> impl Iterator<Item = &'a str> + use<'a> {
        let arena = &self.tree.arena;
        let mut next = self.node.first_child();
        std::iter::from_fn(move || {
            let child = (next != NONE).then(|| &arena[next])?;
            next = child.next;
            Some(child.name.as_str())
        })
    }
}

pub(crate) fn client_stat(node: &Node, owners: &Owners) -> Stat {
    let stat = node.persisted();
    let is_ephemeral = owners.kind(stat.ephemeral_owner) == EphemeralType::Session;
    let num_children = node.child_count() as i32;
    Stat {
        czxid: stat.czxid,
        mzxid: stat.mzxid,
        ctime_ms: stat.ctime_ms,
        mtime_ms: stat.mtime_ms,
        version: stat.version,
        // Stored are creations only; each had its deletion but for the children still there.
        cversion: stat.cversion.wrapping_mul(2).wrapping_sub(num_children),
        aversion: stat.aversion,
        ephemeral_owner: if is_ephemeral { stat.ephemeral_owner } else { 0 },
        data_length: node.data.len() as i32,
        num_children,
        pzxid: stat.pzxid,
    }
}
