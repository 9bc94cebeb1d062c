use std::sync::Arc;

use proto::{
    AclList, CreateKind, CreateTxn, Data, EphemeralType, ErrorCode, OpCode, SessionId, Stat,
    StatPersisted, Txn, TxnDigest, TxnHeader, Zxid, path,
};

use crate::data_tree::{DataTree, NodeId, client_stat, node_size};
use crate::name::Name;
use crate::node::{Ext, Node};
use crate::quota::{self, StatsTrack};
use crate::watch::{Event, Watches};

/// What applying a transaction did (`ProcessTxnResult`).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Applied {
    /// The kind of the transaction; -1 for a refused request and for every part of a failed multi.
    pub op: i32,
    /// 0 or an error code.
    pub err: i32,
    /// The node it is about.
    pub path: Option<Arc<str>>,
    /// The node's stat afterwards: for setData, reconfig, setACL and all creates but create.
    pub stat: Option<Stat>,
    /// What the parts of a multi did.
    pub parts: Vec<Applied>,
}

impl Applied {
    fn new(op: i32, err: i32) -> Self {
        Applied { op, err, path: None, stat: None, parts: Vec::new() }
    }
}

impl DataTree {
    /// Applies one decided transaction.
    ///
    /// The watches it triggers are taken out of `watches` and added to `events`. `digest` is the
    /// digest that came with the transaction; a mismatch is counted.
    pub fn apply(
        &mut self,
        header: &TxnHeader,
        txn: &Txn,
        digest: Option<TxnDigest>,
        watches: &mut Watches,
        events: &mut Vec<Event>,
    ) -> Applied {
        let mut step = Step { tree: self, header, watches, events };
        let applied = match txn {
            Txn::Multi(parts) => step.multi(parts),
            single => step.single(single),
        };
        // Only now: a multi is seen whole or not at all.
        self.last_processed = self.last_processed.max(header.zxid);
        self.digests.applied(header.zxid);
        if let Some(digest) = digest {
            self.digests.compare(header.zxid, digest);
        }
        applied
    }

    /// Puts the active configuration of an ensemble into `/zookeeper/config`.
    pub fn set_config(
        &mut self,
        data: Data,
        version: Zxid,
        time_ms: i64,
        watches: &mut Watches,
        events: &mut Vec<Event>,
    ) {
        self.ensure_own_nodes();
        let header = TxnHeader {
            client_id: SessionId(0),
            cxid: 0,
            zxid: version,
            time_ms,
            op: OpCode::SetData.code(),
        };
        let mut step = Step { tree: self, header: &header, watches, events };
        // The node was made sure of above.
        let _ = step.set_data(&Arc::from(path::CONFIG), &data, -1);
    }

    /// Changes a node's stat or data with everything that must know of it.
    fn change(&mut self, path: &str, id: NodeId, change: impl FnOnce(&mut Node)) {
        self.keep_for_snapshot(id.0);
        let node = &mut self.arena[id.0];
        let Some(digest) = self.digests.node(path) else { return change(node) };
        self.digests.subtract(digest.data(&node.data).stat(&node.persisted()));
        change(node);
        self.digests.add(digest.data(&node.data).stat(&node.persisted()));
    }

    /// As [`Self::change`], for what leaves the data alone: it is hashed once.
    fn change_stat(&mut self, path: &str, id: NodeId, change: impl FnOnce(&mut Ext)) {
        self.keep_for_snapshot(id.0);
        let node = &mut self.arena[id.0];
        let Some(digest) = self.digests.node(path).map(|digest| digest.data(&node.data)) else {
            return change(node.ext_mut());
        };
        self.digests.subtract(digest.stat(&node.persisted()));
        change(node.ext_mut());
        self.digests.add(digest.stat(&node.persisted()));
    }

    /// Gives a node another ACL. The digest does not contain it.
    fn change_acl(&mut self, id: NodeId, acl: &AclList) {
        self.keep_for_snapshot(id.0);
        let new = self.acls.acquire(acl);
        let old = std::mem::replace(&mut self.arena[id.0].acl, new);
        self.acls.release(old);
    }

    /// Removes one node without children; returns it and its ACL.
    fn remove(&mut self, id: NodeId, path: &str) -> (Node, AclList) {
        let acl = self.acls.list(self.arena[id.0].acl).clone();
        let node = self.detach(id.0, path);
        self.acls.release(node.acl);
        self.data_size -= node_size(path, &node.data);
        if let (Some(parent), Some(quota::LIMITS_NAME)) = (path::parent(path), path::name(path))
            && parent.starts_with("/zookeeper")
            && let Some(limited) = quota::limited_path(parent)
        {
            self.limits.remove(limited);
        }
        self.count_quota(path, -1, -(node.data.len() as i64));
        (node, acl)
    }

    /// Adds to the usage of the quota that encloses `path`. Usage is not part of the order of
    /// transactions: neither stat nor digest change.
    fn count_quota(&mut self, path: &str, count: i64, bytes: i64) {
        let Some(limited) = self.limits.enclosing(path) else { return };
        let Some(stats) = self.find(&quota::stats_path(limited)) else { return };
        let text = self.arena[stats.0].data.bytes().unwrap_or_default();
        // A client that wrote something else into it has no usage.
        let Ok(mut usage) = StatsTrack::parse(text) else { return };
        usage.add(count, bytes);
        self.keep_for_snapshot(stats.0);
        self.arena[stats.0].data = Data::new(usage.to_string().as_bytes());
    }

    /// Counts the usage below `limited` and puts it into the stats node, if there is one.
    pub(crate) fn recount_quota(&mut self, limited: &str) {
        let Some(stats) = self.find(&quota::stats_path(limited)) else { return };
        let (mut count, mut bytes) = (0, 0);
        if let Some(top) = self.find(limited) {
            for id in self.subtree(top.0) {
                count += 1;
                bytes += self.arena[id].data.len() as i64;
            }
        }
        self.keep_for_snapshot(stats.0);
        let usage = StatsTrack::usage(count, bytes);
        self.arena[stats.0].data = Data::new(usage.to_string().as_bytes());
    }
}

/// One transaction on its way into the tree.
struct Step<'a> {
    tree: &'a mut DataTree,
    header: &'a TxnHeader,
    watches: &'a mut Watches,
    events: &'a mut Vec<Event>,
}

impl Step<'_> {
    fn multi(&mut self, parts: &[Txn]) -> Applied {
        let mut multi = Applied::new(OpCode::Multi.code(), 0);
        multi.parts.reserve_exact(parts.len());
        let failed = parts.iter().any(|part| matches!(part, Txn::Error { .. }));
        let mut after_error = false;
        for part in parts {
            let applied = match part {
                Txn::Error { code } => {
                    after_error = true;
                    Applied::new(OpCode::Error.code(), *code)
                }
                part if !may_be_in_multi(part) => break,
                _ if failed => Applied::new(OpCode::Error.code(), skipped_part_error(after_error)),
                part => self.single(part),
            };
            if multi.err == 0 {
                multi.err = applied.err;
            }
            multi.parts.push(applied);
        }
        multi
    }

    fn single(&mut self, txn: &Txn) -> Applied {
        let mut applied = Applied::new(txn.op().code(), 0);
        let result = match txn {
            Txn::Create(create) => {
                applied.path = Some(create.path.clone());
                self.create_or_repair(create)
            }
            Txn::Delete { path } | Txn::DeleteContainer { path } => {
                applied.path = Some(path.clone());
                self.delete(path).map(|()| None)
            }
            Txn::SetData { path, data, version } | Txn::Reconfig { path, data, version } => {
                applied.path = Some(path.clone());
                self.set_data(path, data, *version).map(Some)
            }
            Txn::SetAcl { path, acl, version } => {
                applied.path = Some(path.clone());
                self.set_acl(path, acl, *version).map(Some)
            }
            Txn::Check { path, .. } => {
                applied.path = Some(path.clone());
                Ok(None)
            }
            Txn::CloseSession { paths } => {
                self.close_session(paths.as_deref());
                Ok(None)
            }
            Txn::Error { code } => {
                applied.err = *code;
                return applied;
            }
            // Sessions are kept elsewhere; a multi has no multi in it.
            Txn::CreateSession { .. } | Txn::Multi(_) => Ok(None),
        };
        match result {
            Ok(stat) => applied.stat = stat,
            Err(code) => applied.err = code.code(),
        }
        applied
    }

    fn create_or_repair(&mut self, create: &CreateTxn) -> Result<Option<Stat>, ErrorCode> {
        let is_create = matches!(create.kind, CreateKind::Create { .. });
        let result = self.create(create);
        if is_create && result == Err(ErrorCode::NodeExists) {
            // A fuzzy snapshot of Java had the node already, but maybe an older parent.
            self.raise_parent_cversion(create);
        }
        result.map(|stat| (!is_create).then_some(stat))
    }

    fn create(&mut self, create: &CreateTxn) -> Result<Stat, ErrorCode> {
        let owner = self.owner(create.kind)?;
        let path = &*create.path;
        let (parent_path, name) = split(path)?;
        let zxid = self.header.zxid;
        let tree = &mut *self.tree;
        let parent = tree.find(parent_path).ok_or(ErrorCode::NoNode)?;
        let existing = if path == "/" { Some(NodeId::ROOT) } else { tree.child(parent, name) };
        if let Some(existing) = existing {
            tree.change_acl(existing, &create.acl);
            return Err(ErrorCode::NodeExists);
        }
        if name.is_empty() {
            return Err(ErrorCode::BadArguments);
        }

        let old_cversion = tree.arena[parent.0].cversion();
        let cversion = match create.parent_cversion {
            -1 => old_cversion.wrapping_add(1),
            given => given,
        };
        // Replay over a fuzzy snapshot must not turn the parent back.
        if cversion > old_cversion {
            tree.change_stat(parent_path, parent, |ext| {
                ext.cversion = cversion;
                ext.pzxid = zxid;
            });
        }
        let stat = StatPersisted {
            czxid: zxid,
            mzxid: zxid,
            pzxid: zxid,
            ctime_ms: self.header.time_ms,
            mtime_ms: self.header.time_ms,
            ephemeral_owner: owner,
            ..StatPersisted::default()
        };
        let acl = tree.acls.acquire(&create.acl);
        let node = Node::new(Name::new(name), create.data.clone(), acl, &stat);
        let id = tree.attach(parent.0, node, path);
        tree.data_size += node_size(path, &create.data);
        let stat = client_stat(&tree.arena[id], &tree.owners);

        if parent_path.starts_with(path::QUOTA)
            && let Some(limited) = quota::limited_path(parent_path)
        {
            match name {
                quota::LIMITS_NAME => tree.limits.add(limited),
                quota::STATS_NAME => tree.recount_quota(limited),
                _ => {}
            }
        }
        tree.count_quota(path, 1, create.data.len() as i64);

        let parent_acl = tree.acls.list(tree.arena[parent.0].acl);
        self.watches.created(&create.path, zxid, &create.acl, parent_acl, self.events);
        Ok(stat)
    }

    /// The stored owner of a new node.
    fn owner(&self, kind: CreateKind) -> Result<i64, ErrorCode> {
        Ok(match kind {
            CreateKind::Create { ephemeral } | CreateKind::Create2 { ephemeral } => {
                if ephemeral {
                    self.header.client_id.0
                } else {
                    0
                }
            }
            CreateKind::Container => EphemeralType::CONTAINER_OWNER,
            CreateKind::Ttl { ttl_ms } => {
                EphemeralType::ttl_owner(ttl_ms).ok_or(ErrorCode::BadArguments)?
            }
        })
    }

    fn raise_parent_cversion(&mut self, create: &CreateTxn) {
        let parent_path = path::parent(&create.path).unwrap_or_default();
        let Some(parent) = self.tree.find(parent_path) else { return };
        let old = self.tree.arena[parent.0].cversion();
        let new = match create.parent_cversion {
            -1 => old.wrapping_add(1),
            given => given,
        };
        if new > old {
            let zxid = self.header.zxid;
            self.tree.change_stat(parent_path, parent, |ext| {
                ext.cversion = new;
                ext.pzxid = zxid;
            });
        }
    }

    fn delete(&mut self, path: &Arc<str>) -> Result<(), ErrorCode> {
        let (parent_path, name) = split(path)?;
        if name.is_empty() || path::is_special(path) {
            return Err(ErrorCode::BadArguments);
        }
        let zxid = self.header.zxid;
        let parent = self.tree.find(parent_path).ok_or(ErrorCode::NoNode)?;
        // Also when the node is gone: a fuzzy snapshot may have been without it already.
        if zxid > self.tree.arena[parent.0].pzxid() {
            self.tree.change_stat(parent_path, parent, |ext| ext.pzxid = zxid);
        }
        let id = self.tree.child(parent, name).ok_or(ErrorCode::NoNode)?;
        self.remove_descendants(id);
        let (_, acl) = self.tree.remove(id, path);
        let parent_acl = self.tree.acls.list(self.tree.arena[parent.0].acl);
        self.watches.deleted(path, zxid, &acl, parent_acl, self.events);
        Ok(())
    }

    /// A deleted node has children only in replay over a fuzzy snapshot. They were created later
    /// and come back when their transactions are replayed.
    fn remove_descendants(&mut self, top: NodeId) {
        if self.tree.arena[top.0].child_count() == 0 {
            return;
        }
        let below: Vec<u32> = self.tree.subtree(top.0).skip(1).collect();
        for id in below.into_iter().rev() {
            let path = self.tree.path(NodeId(id));
            self.tree.remove(NodeId(id), &path);
        }
    }

    fn set_data(&mut self, path: &Arc<str>, data: &Data, version: i32) -> Result<Stat, ErrorCode> {
        let zxid = self.header.zxid;
        let time_ms = self.header.time_ms;
        let tree = &mut *self.tree;
        let id = tree.find(path).ok_or(ErrorCode::NoNode)?;
        let mut old_data = Data::NULL;
        tree.change(path, id, |node| {
            old_data = std::mem::replace(&mut node.data, data.clone());
            let ext = node.ext_mut();
            ext.mtime_ms = time_ms;
            ext.mzxid = zxid;
            ext.version = version;
        });
        let stat = client_stat(&tree.arena[id.0], &tree.owners);
        let grown = data.len() as i64 - old_data.len() as i64;
        tree.count_quota(path, 0, grown);
        tree.data_size += grown;
        let acl = tree.acls.list(tree.arena[id.0].acl);
        self.watches.data_changed(path, zxid, acl, self.events);
        Ok(stat)
    }

    fn set_acl(&mut self, path: &str, acl: &AclList, version: i32) -> Result<Stat, ErrorCode> {
        let tree = &mut *self.tree;
        let id = tree.find(path).ok_or(ErrorCode::NoNode)?;
        tree.change_stat(path, id, |ext| ext.aversion = version);
        tree.change_acl(id, acl);
        Ok(client_stat(&tree.arena[id.0], &tree.owners))
    }

    fn close_session(&mut self, paths: Option<&[Arc<str>]>) {
        let session = self.header.client_id;
        // A node that is gone already is not worth a word.
        for path in paths.unwrap_or_default() {
            let _ = self.delete(path);
        }
        // All of them in old logs, none otherwise.
        for path in self.tree.ephemerals(session) {
            let _ = self.delete(&path.into());
        }
        self.tree.owners.close(session);
    }
}

fn may_be_in_multi(txn: &Txn) -> bool {
    match txn {
        Txn::Create(_)
        | Txn::Delete { .. }
        | Txn::DeleteContainer { .. }
        | Txn::SetData { .. }
        | Txn::Check { .. }
        | Txn::Error { .. } => true,
        Txn::Reconfig { .. }
        | Txn::SetAcl { .. }
        | Txn::CreateSession { .. }
        | Txn::CloseSession { .. }
        | Txn::Multi(_) => false,
    }
}

/// The result of a part that was not at fault in a failed multi.
fn skipped_part_error(after_error: bool) -> i32 {
    let code = if after_error { ErrorCode::RuntimeInconsistency } else { ErrorCode::Ok };
    code.code()
}

/// Parent and name. The parent of `/a` is the empty path.
fn split(path: &str) -> Result<(&str, &str), ErrorCode> {
    let parent = path::parent(path).ok_or(ErrorCode::BadArguments)?;
    Ok((parent, &path[parent.len() + 1..]))
}
