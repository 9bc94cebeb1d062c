//! The tree again, as simple as it can be: a map from paths to nodes and sets of watches.

use std::collections::{BTreeMap, BTreeSet};

use proto::{
    Acl, AclList, AddWatchMode, CreateKind, CreateTxn, Data, EphemeralType, ErrorCode, EventKind,
    Id, StatPersisted, Txn, WatcherKind, Zxid, path,
};

use super::{Dump, PLAIN};

pub struct Model {
    pub nodes: Dump,
    /// By table (data, child): the modes in which a watcher watches a path.
    pub watches: [BTreeMap<(String, u64), BTreeSet<Mode>>; 2],
    pub events: Vec<(u64, EventKind, String)>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Mode {
    Standard,
    Persistent,
    Recursive,
}

pub const DATA: usize = 0;
pub const CHILD: usize = 1;

type Result = std::result::Result<(), ErrorCode>;

impl Model {
    pub fn new(nodes: Dump) -> Self {
        Model { nodes, watches: Default::default(), events: Vec::new() }
    }

    /// Applies and says the error.
    pub fn apply(&mut self, zxid: i64, session: i64, txn: &Txn) -> i32 {
        if let Txn::Multi(parts) = txn {
            if parts.iter().any(|part| matches!(part, Txn::Error { .. })) {
                return parts.iter().map(error_of).find(|code| *code != 0).unwrap_or(0);
            }
            let errors: Vec<i32> =
                parts.iter().map(|part| self.single(zxid, session, part)).collect();
            return errors.into_iter().find(|code| *code != 0).unwrap_or(0);
        }
        self.single(zxid, session, txn)
    }

    fn single(&mut self, zxid: i64, session: i64, txn: &Txn) -> i32 {
        let result = match txn {
            Txn::Create(create) => {
                let result = self.create(zxid, session, create);
                let is_create = matches!(create.kind, CreateKind::Create { .. });
                if is_create && result == Err(ErrorCode::NodeExists) {
                    self.raise(zxid, create);
                }
                result
            }
            Txn::Delete { path } => self.delete(zxid, path),
            Txn::SetData { path, data, version } => self.set_data(zxid, path, data, *version),
            Txn::SetAcl { path, acl, version } => {
                self.nodes.get_mut(&**path).map_or(Err(ErrorCode::NoNode), |node| {
                    node.1 = acl.clone();
                    node.2.aversion = *version;
                    Ok(())
                })
            }
            Txn::CloseSession { paths } => {
                let owned: Vec<String> = self
                    .nodes
                    .iter()
                    .filter(|(_, (_, _, stat))| stat.ephemeral_owner == session)
                    .map(|(path, _)| path.clone())
                    .collect();
                let listed = paths.iter().flatten().map(|path| path.to_string());
                for path in listed.chain(owned) {
                    let _ = self.delete(zxid, &path);
                }
                Ok(())
            }
            other => return error_of(other),
        };
        result.err().map_or(0, ErrorCode::code)
    }

    fn create(&mut self, zxid: i64, session: i64, create: &CreateTxn) -> Result {
        let parent = path::parent(&create.path).unwrap();
        if !self.nodes.contains_key(parent) {
            return Err(ErrorCode::NoNode);
        }
        if let Some(existing) = self.nodes.get_mut(&*create.path) {
            existing.1 = create.acl.clone();
            return Err(ErrorCode::NodeExists);
        }
        self.raise(zxid, create);
        let owner =
            match create.kind {
                CreateKind::Create { ephemeral } | CreateKind::Create2 { ephemeral } => {
                    if ephemeral { session } else { 0 }
                }
                CreateKind::Container => EphemeralType::CONTAINER_OWNER,
                CreateKind::Ttl { ttl_ms } => EphemeralType::ttl_owner(ttl_ms).unwrap(),
            };
        let stat = StatPersisted {
            czxid: Zxid(zxid),
            mzxid: Zxid(zxid),
            pzxid: Zxid(zxid),
            ctime_ms: zxid * 1000,
            mtime_ms: zxid * 1000,
            ephemeral_owner: owner,
            ..StatPersisted::default()
        };
        let node = (create.data.clone(), create.acl.clone(), stat);
        self.nodes.insert(create.path.to_string(), node);
        self.trigger(DATA, &create.path, EventKind::NodeCreated, &BTreeSet::new());
        self.children_changed(parent);
        Ok(())
    }

    fn raise(&mut self, zxid: i64, create: &CreateTxn) {
        let parent = self.nodes.get_mut(path::parent(&create.path).unwrap()).unwrap();
        let new = match create.parent_cversion {
            -1 => parent.2.cversion + 1,
            given => given,
        };
        if new > parent.2.cversion {
            parent.2.cversion = new;
            parent.2.pzxid = Zxid(zxid);
        }
    }

    fn delete(&mut self, zxid: i64, path: &str) -> Result {
        let parent = path::parent(path).unwrap();
        let node = self.nodes.get_mut(parent).ok_or(ErrorCode::NoNode)?;
        node.2.pzxid = node.2.pzxid.max(Zxid(zxid));
        self.nodes.remove(path).ok_or(ErrorCode::NoNode)?;
        let below = format!("{path}/");
        self.nodes.retain(|other, _| !other.starts_with(&below));
        let told = self.trigger(DATA, path, EventKind::NodeDeleted, &BTreeSet::new());
        self.trigger(CHILD, path, EventKind::NodeDeleted, &told);
        self.children_changed(parent);
        Ok(())
    }

    fn set_data(&mut self, zxid: i64, path: &str, data: &Data, version: i32) -> Result {
        let node = self.nodes.get_mut(path).ok_or(ErrorCode::NoNode)?;
        node.0 = data.clone();
        node.2.version = version;
        node.2.mzxid = Zxid(zxid);
        node.2.mtime_ms = zxid * 1000;
        self.trigger(DATA, path, EventKind::NodeDataChanged, &BTreeSet::new());
        Ok(())
    }

    fn children_changed(&mut self, parent: &str) {
        let parent = if parent.is_empty() { "/" } else { parent };
        self.trigger(CHILD, parent, EventKind::NodeChildrenChanged, &BTreeSet::new());
    }

    fn trigger(
        &mut self,
        table: usize,
        path: &str,
        kind: EventKind,
        skip: &BTreeSet<u64>,
    ) -> BTreeSet<u64> {
        let mut told = BTreeSet::new();
        for ((watched, watcher), modes) in &mut self.watches[table] {
            let below = watched == "/" || path.starts_with(&format!("{watched}/"));
            if watched == path {
                told.insert(*watcher);
                modes.remove(&Mode::Standard);
            } else if below && modes.contains(&Mode::Recursive) {
                told.insert(*watcher);
            }
        }
        self.watches[table].retain(|_, modes| !modes.is_empty());
        let heard = told.difference(skip).map(|watcher| (*watcher, kind, path.to_owned()));
        self.events.extend(heard);
        told
    }

    pub fn watch(&mut self, table: usize, path: &str, watcher: u64, mode: Mode) {
        self.watches[table].entry((path.to_owned(), watcher)).or_default().insert(mode);
    }

    pub fn add_watch(&mut self, path: &str, watcher: u64, mode: AddWatchMode) {
        match mode {
            AddWatchMode::Persistent => {
                self.watch(DATA, path, watcher, Mode::Persistent);
                self.watch(CHILD, path, watcher, Mode::Persistent);
            }
            AddWatchMode::PersistentRecursive => self.watch(DATA, path, watcher, Mode::Recursive),
        }
    }

    pub fn unwatch(&mut self, path: &str, watcher: u64, kind: WatcherKind) -> bool {
        use Mode::*;
        let what: &[(usize, &[Mode])] = match kind {
            WatcherKind::Children => &[(CHILD, &[Standard])],
            WatcherKind::Data => &[(DATA, &[Standard])],
            WatcherKind::Persistent => &[(CHILD, &[Persistent]), (DATA, &[Persistent])],
            WatcherKind::PersistentRecursive => &[(DATA, &[Recursive])],
            WatcherKind::Any => &[
                (CHILD, &[Standard, Persistent, Recursive]),
                (DATA, &[Standard, Persistent, Recursive]),
            ],
        };
        let mut removed = false;
        for (table, modes) in what {
            let key = (path.to_owned(), watcher);
            if let Some(own) = self.watches[*table].get_mut(&key) {
                modes.iter().for_each(|mode| removed |= own.remove(mode));
            }
            self.watches[*table].retain(|_, modes| !modes.is_empty());
        }
        removed
    }

    pub fn disconnect(&mut self, watcher: u64) {
        self.watches.iter_mut().for_each(|table| table.retain(|(_, own), _| *own != watcher));
    }

    pub fn owned_by(&self, kind: fn(i64) -> bool) -> Vec<String> {
        let nodes = self.nodes.iter().filter(|(_, (_, _, stat))| kind(stat.ephemeral_owner));
        nodes.map(|(path, _)| path.clone()).collect()
    }

    pub fn ephemerals(&self) -> BTreeMap<i64, Vec<String>> {
        let mut all: BTreeMap<i64, Vec<String>> = BTreeMap::new();
        for (path, (_, _, stat)) in &self.nodes {
            if stat.ephemeral_owner > 0 {
                all.entry(stat.ephemeral_owner).or_default().push(path.clone());
            }
        }
        all
    }
}

fn error_of(txn: &Txn) -> i32 {
    match txn {
        Txn::Error { code } => *code,
        _ => 0,
    }
}

/// Random transactions on a handful of paths and sessions.
pub mod random {
    use proptest::prelude::*;

    use super::*;

    pub fn paths() -> impl Strategy<Value = &'static str> {
        prop::sample::select(vec![
            "/a",
            "/b",
            "/a/a",
            "/a/b",
            "/b/a",
            "/a/a/a",
            "/a/a/b",
            "/a/a/a/a-name-longer-than-fourteen-bytes",
            "/é",
        ])
    }

    fn acls() -> impl Strategy<Value = AclList> {
        prop::sample::select(vec![
            AclList::open(),
            AclList::open(),
            AclList::read_only(),
            AclList::from(vec![Acl { perms: 31, id: Id::new("auth", "") }]),
        ])
    }

    fn data() -> impl Strategy<Value = Data> {
        prop_oneof![
            1 => Just(Data::NULL),
            8 => prop::collection::vec(any::<u8>(), 0..4).prop_map(|bytes| Data::new(&bytes)),
        ]
    }

    fn kinds() -> impl Strategy<Value = CreateKind> {
        prop::sample::select(vec![
            PLAIN,
            PLAIN,
            CreateKind::Create { ephemeral: true },
            CreateKind::Create2 { ephemeral: false },
            CreateKind::Create2 { ephemeral: true },
            CreateKind::Container,
            CreateKind::Ttl { ttl_ms: 5 },
        ])
    }

    fn parts() -> impl Strategy<Value = Txn> {
        let create = (kinds(), paths(), data(), acls(), prop::option::weighted(0.2, 0..9));
        let create = create.prop_map(|(kind, path, data, acl, cversion)| {
            let parent_cversion = cversion.unwrap_or(-1);
            Txn::Create(CreateTxn { kind, path: path.into(), data, acl, parent_cversion })
        });
        prop_oneof![
            6 => create,
            3 => paths().prop_map(|path| Txn::Delete { path: path.into() }),
            2 => (paths(), data(), 0..9)
                .prop_map(|(path, data, version)| Txn::SetData { path: path.into(), data, version }),
            1 => paths().prop_map(|path| Txn::Check { path: path.into(), version: 0 }),
        ]
    }

    pub fn txns() -> impl Strategy<Value = Txn> {
        let listed = prop::option::of(prop::collection::vec(paths(), 0..4));
        let close = listed.prop_map(|paths| Txn::CloseSession {
            paths: paths.map(|paths| paths.into_iter().map(Into::into).collect()),
        });
        let maybe_failed = prop_oneof![
            15 => parts(),
            1 => Just(Txn::Error { code: -103 }),
        ];
        prop_oneof![
            12 => parts(),
            1 => (paths(), acls(), 0..9)
                .prop_map(|(path, acl, version)| Txn::SetAcl { path: path.into(), acl, version }),
            1 => close,
            2 => prop::collection::vec(maybe_failed, 0..5).prop_map(Txn::Multi),
            1 => Just(Txn::Error { code: -101 }),
        ]
    }
}
