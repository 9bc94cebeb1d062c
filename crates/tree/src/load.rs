use foldhash::quality::FixedState;
use hashbrown::HashMap;
use proto::{AclList, Data, StatPersisted, Zxid, path};
use thiserror::Error;

use crate::acl::{self, OPEN};
use crate::data_tree::{DataTree, NodeId, Options};
use crate::digest::ZxidDigest;
use crate::name::Name;
use crate::node::Node;
use crate::quota;

/// Why the records of a snapshot are not a tree.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum LoadError {
    /// A node came before its parent, or without it.
    #[error("unable to find the parent of {0:?} in the snapshot; use an older snapshot")]
    NoParent(String),
    /// A path twice.
    #[error("{0:?} is twice in the snapshot; use an older snapshot")]
    Twice(String),
    /// Not the path of a node.
    #[error("{0:?} in the snapshot is not a path; use an older snapshot")]
    BadPath(String),
    /// The end came without a single node.
    #[error("the snapshot has no root node; use an older snapshot")]
    NoRoot,
}

/// Builds a tree from a snapshot, record by record.
pub struct Loader {
    tree: DataTree,
    /// What the keys of the snapshot became.
    acls: HashMap<i64, u32, FixedState>,
    root_seen: bool,
    /// The parent of the last node: siblings often follow each other.
    parent: (String, NodeId),
}

impl Loader {
    /// An empty tree, which holds nothing but what will be given.
    pub fn new(options: Options) -> Self {
        Loader {
            tree: DataTree::with_root_only(options),
            acls: HashMap::default(),
            root_seen: false,
            parent: (String::new(), NodeId::ROOT),
        }
    }

    /// Adds an ACL with the key that nodes refer to.
    pub fn acl(&mut self, key: i64, list: AclList) {
        let id = self.tree.acls.acquire(&list);
        if let Some(replaced) = self.acls.insert(key, id) {
            self.tree.acls.release(replaced);
        }
    }

    /// Adds a node: the root first with the empty path, parents before children.
    pub fn node(
        &mut self,
        path: &str,
        data: Data,
        acl_key: i64,
        stat: StatPersisted,
    ) -> Result<(), LoadError> {
        if path.is_empty() {
            return self.root(data, acl_key, &stat);
        }
        if !self.root_seen {
            return Err(LoadError::NoParent(path.to_owned()));
        }
        let bad_path = || LoadError::BadPath(path.to_owned());
        let parent_path = path::parent(path).ok_or_else(bad_path)?;
        let name = &path[parent_path.len() + 1..];
        if name.is_empty() {
            return Err(bad_path());
        }
        let parent =
            self.parent(parent_path).ok_or_else(|| LoadError::NoParent(path.to_owned()))?;
        if self.tree.child(parent, name).is_some() {
            return Err(LoadError::Twice(path.to_owned()));
        }
        let acl = self.use_acl(acl_key);
        let node = Node::new(Name::new(name), data, acl, &stat);
        self.tree.attach(parent.0, node, path);
        Ok(())
    }

    /// The tree, once all nodes were given.
    ///
    /// `zxid` is the last transaction in it, by the name of the file. A fuzzy snapshot of Java
    /// can contain later ones too; its `digest` says until when.
    pub fn finish(mut self, zxid: Zxid, digest: Option<ZxidDigest>) -> Result<DataTree, LoadError> {
        if !self.root_seen {
            return Err(LoadError::NoRoot);
        }
        // Each list has one use from `acl`; without it only those remain that a node has.
        for &id in self.acls.values() {
            self.tree.acls.release(id);
        }
        let mut tree = self.tree;
        tree.ensure_own_nodes();
        tree.data_size = tree.count_data_size();
        tree.load_quotas();
        tree.last_processed = zxid;
        tree.digests.loaded(zxid, digest);
        Ok(tree)
    }

    fn root(&mut self, data: Data, acl_key: i64, stat: &StatPersisted) -> Result<(), LoadError> {
        if self.root_seen {
            return Err(LoadError::Twice(String::new()));
        }
        self.root_seen = true;
        let acl = self.use_acl(acl_key);
        self.tree.replace_root(Node::new(Name::new(""), data, acl, stat));
        Ok(())
    }

    fn parent(&mut self, path: &str) -> Option<NodeId> {
        if self.parent.0 != path {
            let id = self.tree.find(path)?;
            self.parent.0.clear();
            self.parent.0.push_str(path);
            self.parent.1 = id;
        }
        Some(self.parent.1)
    }

    fn use_acl(&mut self, key: i64) -> u32 {
        if key == acl::key(OPEN) {
            return OPEN;
        }
        match self.acls.get(&key) {
            Some(&id) => self.tree.acls.acquire_again(id),
            None => {
                self.tree.acls_lost += 1;
                self.tree.acls.acquire(&acl::nobody())
            }
        }
    }
}

impl DataTree {
    /// Finds the limited paths and counts their usage anew.
    fn load_quotas(&mut self) {
        let Some(top) = self.find(path::QUOTA) else { return };
        let limits: Vec<String> = self
            .subtree(top.0)
            .filter(|id| {
                let node = &self.arena[*id];
                node.child_count() == 0 && node.name.as_str() == quota::LIMITS_NAME
            })
            .map(|id| self.path(NodeId(id)))
            .collect();
        for limits in limits {
            let parent = path::parent(&limits).unwrap_or_default();
            if let Some(limited) = quota::limited_path(parent) {
                self.recount_quota(limited);
                self.limits.add(limited);
            }
        }
    }
}
