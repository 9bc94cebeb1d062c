//! From a request to a transaction, or to the error that Java gives (`PrepRequestProcessor`).
//!
//! Each function checks in Java's order: clients see which error comes first.

use std::borrow::Cow;
use std::sync::Arc;

use proto::path::{is_special, is_valid, name, parent};
use proto::{
    AclList, CreateKind, CreateMode, CreateRequest, CreateTxn, Data, EphemeralType, ErrorCode, Id,
    MultiRequest, OpCode, Request, SessionId, StatPersisted, SubRequest, Txn, Zxid, perms,
};
use tree::DataTree;

use crate::auth::Rules;
use crate::outstanding::{NodeState, Outstanding};
use crate::quota::{self, Growth};
use crate::sessions::Sessions;
use crate::{Notice, Settings};

/// What the checks need, for one request.
pub(crate) struct Prep<'a> {
    pub(crate) tree: &'a DataTree,
    pub(crate) outstanding: &'a mut Outstanding,
    pub(crate) sessions: &'a Sessions,
    pub(crate) rules: &'a Rules,
    pub(crate) settings: &'a Settings,
    pub(crate) session: SessionId,
    pub(crate) ids: &'a [Id],
    pub(crate) zxid: Zxid,
    pub(crate) wall_ms: i64,
    pub(crate) notices: &'a mut Vec<Notice>,
}

impl Prep<'_> {
    /// The transaction of a write, with its effect noted in [`Outstanding`].
    pub(crate) fn request(&mut self, request: &Request<'_>) -> Result<Txn, ErrorCode> {
        match request {
            Request::Create(create) => self.create(create),
            Request::Delete { path, version } => self.delete(path, *version),
            Request::SetData { path, data, version } => self.set_data(path, *data, *version),
            Request::SetAcl { path, acl, version } => self.set_acl(path, acl.as_ref(), *version),
            Request::Multi(multi) => self.multi(multi),
            Request::Reconfig(_) => self.reconfig(),
            Request::CloseSession => Ok(self.close_session()),
            _ => Err(ErrorCode::Unimplemented),
        }
    }

    fn create(&mut self, create: &CreateRequest<'_>) -> Result<Txn, ErrorCode> {
        let mode = self.create_mode(create)?;
        self.check_session(mode.is_ephemeral())?;
        let path = some(&create.path)?;
        let parent_path = cut_parent(path)?;
        let acl = self.rules.fix_up(create.acl.as_ref(), self.ids)?;
        let parent = self.state(parent_path)?;
        self.rules.check(&parent.acl, perms::CREATE, self.ids)?;
        let path = full_name(path, mode, parent.stat.cversion);
        if !is_valid(&path) {
            return Err(ErrorCode::BadArguments);
        }
        if self.outstanding.exists(self.tree, &path) {
            return Err(ErrorCode::NodeExists);
        }
        if self.is_session_ephemeral(&parent)? {
            return Err(ErrorCode::NoChildrenForEphemerals);
        }
        let data = Data::from(create.data);
        self.check_quota(&path, Growth { bytes: data.len() as i64, count: 1 })?;
        let kind = create_kind(create, mode);
        let txn = CreateTxn {
            kind,
            path: path.into(),
            data,
            acl,
            parent_cversion: parent.stat.cversion.wrapping_add(1),
        };
        self.note_create(&txn, parent_path, parent);
        Ok(Txn::Create(txn))
    }

    fn create_mode(&self, create: &CreateRequest<'_>) -> Result<CreateMode, ErrorCode> {
        let mode = CreateMode::from_flags(create.flags).ok_or(ErrorCode::BadArguments)?;
        if mode.is_ttl() && !self.settings.ephemeral.extended_types {
            return Err(ErrorCode::Unimplemented);
        }
        let ttl_fits = match mode.is_ttl() {
            true => EphemeralType::ttl_owner(create.ttl_ms).is_some(),
            // Java logs a createTTL without TTL flags and then fails to apply it.
            false => create.ttl_ms < 0 && create.op != OpCode::CreateTtl,
        };
        if ttl_fits { Ok(mode) } else { Err(ErrorCode::BadArguments) }
    }

    fn note_create(&mut self, txn: &CreateTxn, parent_path: &str, mut parent: NodeState) {
        parent.child_count += 1;
        parent.stat.cversion = txn.parent_cversion;
        parent.stat.pzxid = self.zxid;
        self.outstanding.set(self.tree, self.zxid, parent_path.into(), parent);
        let ephemeral_owner = match txn.kind {
            CreateKind::Create { ephemeral: true } | CreateKind::Create2 { ephemeral: true } => {
                self.session.0
            }
            CreateKind::Create { .. } | CreateKind::Create2 { .. } => 0,
            CreateKind::Container => EphemeralType::CONTAINER_OWNER,
            CreateKind::Ttl { ttl_ms } => EphemeralType::ttl_owner(ttl_ms).unwrap_or_default(),
        };
        let stat = StatPersisted {
            czxid: self.zxid,
            mzxid: self.zxid,
            pzxid: self.zxid,
            ctime_ms: self.wall_ms,
            mtime_ms: self.wall_ms,
            ephemeral_owner,
            ..StatPersisted::default()
        };
        let node = NodeState::new(stat, txn.acl.clone(), txn.data.clone());
        self.outstanding.set(self.tree, self.zxid, txn.path.clone(), node);
    }

    fn delete(&mut self, path: &Option<Cow<'_, str>>, expected: i32) -> Result<Txn, ErrorCode> {
        self.check_session(false)?;
        let path = some(path)?;
        let parent_path = cut_deletable_parent(path)?;
        let parent = self.state(parent_path)?;
        self.rules.check(&parent.acl, perms::DELETE, self.ids)?;
        let node = self.state(path)?;
        next_version(node.stat.version, expected)?;
        if node.child_count > 0 {
            return Err(ErrorCode::NotEmpty);
        }
        let path: Arc<str> = path.into();
        self.note_delete(path.clone(), &node, parent_path, parent);
        Ok(Txn::Delete { path })
    }

    /// Deletes a container or TTL node that the sweep found; nobody's rights are asked.
    pub(crate) fn delete_container(&mut self, path: &str) -> Result<Txn, ErrorCode> {
        let parent_path = cut_deletable_parent(path)?;
        let node = self.state(path)?;
        if node.child_count > 0 {
            return Err(ErrorCode::NotEmpty);
        }
        if self.is_session_ephemeral(&node)? {
            return Err(ErrorCode::BadVersion);
        }
        let parent = self.state(parent_path)?;
        let path: Arc<str> = path.into();
        self.note_delete(path.clone(), &node, parent_path, parent);
        Ok(Txn::DeleteContainer { path })
    }

    fn note_delete(
        &mut self,
        path: Arc<str>,
        node: &NodeState,
        parent_path: &str,
        mut parent: NodeState,
    ) {
        parent.child_count -= 1;
        parent.stat.pzxid = self.zxid;
        self.outstanding.set(self.tree, self.zxid, parent_path.into(), parent);
        self.outstanding.delete(self.tree, self.zxid, path, node);
    }

    fn set_data(
        &mut self,
        path: &Option<Cow<'_, str>>,
        data: Option<&[u8]>,
        expected: i32,
    ) -> Result<Txn, ErrorCode> {
        self.check_session(false)?;
        let path = valid(path)?;
        let mut node = self.state(path)?;
        self.rules.check(&node.acl, perms::WRITE, self.ids)?;
        let data = Data::from(data);
        let bytes = data.len() as i64 - node.data.len() as i64;
        self.check_quota(path, Growth { bytes, count: 0 })?;
        let version = next_version(node.stat.version, expected)?;
        node.stat.version = version;
        node.stat.mtime_ms = self.wall_ms;
        node.stat.mzxid = self.zxid;
        node.data = data.clone();
        let path: Arc<str> = path.into();
        self.outstanding.set(self.tree, self.zxid, path.clone(), node);
        Ok(Txn::SetData { path, data, version })
    }

    fn set_acl(
        &mut self,
        path: &Option<Cow<'_, str>>,
        acl: Option<&AclList>,
        expected: i32,
    ) -> Result<Txn, ErrorCode> {
        self.check_session(false)?;
        let path = valid(path)?;
        let acl = self.rules.fix_up(acl, self.ids)?;
        let mut node = self.state(path)?;
        self.rules.check(&node.acl, perms::ADMIN, self.ids)?;
        let version = next_version(node.stat.aversion, expected)?;
        node.stat.aversion = version;
        node.acl = acl.clone();
        let path: Arc<str> = path.into();
        self.outstanding.set(self.tree, self.zxid, path.clone(), node);
        Ok(Txn::SetAcl { path, acl, version })
    }

    fn check_version(
        &mut self,
        path: &Option<Cow<'_, str>>,
        expected: i32,
    ) -> Result<Txn, ErrorCode> {
        self.check_session(false)?;
        let path = valid(path)?;
        let node = self.state(path)?;
        self.rules.check(&node.acl, perms::READ, self.ids)?;
        let version = next_version(node.stat.version, expected)?;
        Ok(Txn::Check { path: path.into(), version })
    }

    /// All parts or none. Once a part has failed, the others are not looked at.
    ///
    /// The caller keeps or takes back the parts' effects; `Ok` may be a failed multi.
    fn multi(&mut self, multi: &MultiRequest<'_>) -> Result<Txn, ErrorCode> {
        let null_path = multi.parts.iter().any(|part| part.path().is_none());
        if multi.is_read() || null_path {
            return Err(ErrorCode::MarshallingError);
        }
        let mut parts = Vec::with_capacity(multi.parts.len());
        let mut failed = false;
        for part in &multi.parts {
            if failed {
                parts.push(Txn::Error { code: ErrorCode::RuntimeInconsistency.code() });
                continue;
            }
            match self.part(part) {
                Ok(txn) => parts.push(txn),
                Err(ErrorCode::MarshallingError) => return Err(ErrorCode::MarshallingError),
                Err(code) => {
                    failed = true;
                    self.outstanding.roll_back();
                    parts.push(Txn::Error { code: code.code() });
                }
            }
        }
        Ok(Txn::Multi(parts))
    }

    fn part(&mut self, part: &SubRequest<'_>) -> Result<Txn, ErrorCode> {
        match part {
            SubRequest::Create(create) => self.create(create),
            SubRequest::Delete { path, version } => self.delete(path, *version),
            SubRequest::SetData { path, data, version } => self.set_data(path, *data, *version),
            SubRequest::Check { path, version } => self.check_version(path, *version),
            SubRequest::GetChildren { .. } | SubRequest::GetData { .. } => {
                Err(ErrorCode::MarshallingError)
            }
        }
    }

    fn reconfig(&self) -> Result<Txn, ErrorCode> {
        if !self.settings.reconfig_enabled {
            return Err(ErrorCode::ReconfigDisabled);
        }
        self.check_session(false)?;
        // A standalone server has no configuration to change.
        Err(ErrorCode::Unimplemented)
    }

    /// Ends the session with all its ephemerals, those on their way included.
    pub(crate) fn close_session(&mut self) -> Txn {
        let paths = self.ephemerals();
        for path in &paths {
            let Some(parent_path) = parent(path) else { continue };
            let (Some(mut parent), Some(node)) = (
                self.outstanding.state(self.tree, parent_path),
                self.outstanding.state(self.tree, path),
            ) else {
                continue;
            };
            parent.child_count -= 1;
            parent.stat.pzxid = self.zxid;
            self.outstanding.set(self.tree, self.zxid, parent_path.into(), parent);
            self.outstanding.delete(self.tree, self.zxid, path.clone(), &node);
        }
        Txn::CloseSession { paths: self.settings.close_session_txn.then_some(paths) }
    }

    fn ephemerals(&self) -> Vec<Arc<str>> {
        let mut paths: std::collections::BTreeSet<Arc<str>> =
            self.tree.ephemerals(self.session).map(|path| Arc::from(&*path)).collect();
        for (path, owner) in self.outstanding.owners() {
            match owner {
                None => {
                    paths.remove(path);
                }
                Some(owner) if owner == self.session.0 => {
                    paths.insert(path.clone());
                }
                Some(_) => {}
            }
        }
        paths.into_iter().collect()
    }

    fn check_session(&self, global: bool) -> Result<(), ErrorCode> {
        match self.sessions.check(self.session) {
            Err(ErrorCode::UnknownSession) if global => Err(ErrorCode::SessionExpired),
            result => result,
        }
    }

    fn state(&self, path: &str) -> Result<NodeState, ErrorCode> {
        self.outstanding.state(self.tree, path).ok_or(ErrorCode::NoNode)
    }

    fn is_session_ephemeral(&self, node: &NodeState) -> Result<bool, ErrorCode> {
        match self.settings.ephemeral.classify(node.stat.ephemeral_owner) {
            Ok(kind) => Ok(kind == EphemeralType::Session),
            Err(_) => Err(ErrorCode::MarshallingError),
        }
    }

    fn check_quota(&mut self, path: &str, growth: Growth) -> Result<(), ErrorCode> {
        if !self.settings.enforce_quota {
            return Ok(());
        }
        quota::check(self.tree, path, growth, self.notices)
    }
}

/// A path that must be there; null makes Java fail while it works on the request.
fn some<'a>(path: &'a Option<Cow<'_, str>>) -> Result<&'a str, ErrorCode> {
    path.as_deref().ok_or(ErrorCode::MarshallingError)
}

/// A path under the full rule, which null breaks as well.
fn valid<'a>(path: &'a Option<Cow<'_, str>>) -> Result<&'a str, ErrorCode> {
    path.as_deref().filter(|path| is_valid(path)).ok_or(ErrorCode::BadArguments)
}

fn cut_parent(path: &str) -> Result<&str, ErrorCode> {
    parent(path).filter(|_| !path.contains('\0')).ok_or(ErrorCode::BadArguments)
}

fn cut_deletable_parent(path: &str) -> Result<&str, ErrorCode> {
    if is_special(path) {
        return Err(ErrorCode::BadArguments);
    }
    cut_parent(path)
}

/// The name with the parent's counter behind it, ten digits wide, if the mode asks for it.
fn full_name(path: &str, mode: CreateMode, parent_cversion: i32) -> String {
    debug_assert!(name(path).is_some(), "the parent was cut before");
    if mode.is_sequential() { format!("{path}{parent_cversion:010}") } else { path.to_owned() }
}

/// The operation decides what is created, not the flags: create with the container flag
/// makes a plain node, as in Java.
fn create_kind(create: &CreateRequest<'_>, mode: CreateMode) -> CreateKind {
    let ephemeral = mode.is_ephemeral();
    match create.op {
        OpCode::CreateContainer => CreateKind::Container,
        OpCode::CreateTtl => CreateKind::Ttl { ttl_ms: create.ttl_ms },
        OpCode::Create2 => CreateKind::Create2 { ephemeral },
        _ => CreateKind::Create { ephemeral },
    }
}

/// The version after a change, when the expected one matches; -1 matches all.
fn next_version(current: i32, expected: i32) -> Result<i32, ErrorCode> {
    if expected != -1 && expected != current {
        return Err(ErrorCode::BadVersion);
    }
    Ok(current.wrapping_add(1))
}
