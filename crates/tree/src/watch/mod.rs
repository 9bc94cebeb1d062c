mod table;

use std::sync::Arc;

use foldhash::quality::FixedState;
use proto::{AclList, AddWatchMode, EventKind, SetWatches, WatcherKind, Zxid};

use crate::data_tree::DataTree;
use table::{Change, Modes, Table};

/// Who watches: a connection. Numbers are not used again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct WatcherId(pub u64);

/// A watched change, on its way to one watcher.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Event {
    /// Whom to tell.
    pub watcher: WatcherId,
    /// What happened.
    pub kind: EventKind,
    /// The node it happened to.
    pub path: Arc<str>,
    /// The transaction; -1 for what a client missed while it was disconnected.
    pub zxid: Zxid,
    /// The node's ACL: the event is for those who may READ. Empty means that it is not checked.
    pub acl: AclList,
}

/// Numbers of the data watches, as `wchs` shows them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct WatchSummary {
    /// Connections that watch or did.
    pub connections: usize,
    /// Watched paths.
    pub paths: usize,
    /// Watches.
    pub watches: usize,
}

/// All watches of one server: on data and existence, and on children.
pub struct Watches {
    data: Table,
    child: Table,
}

impl Default for Watches {
    fn default() -> Self {
        Watches::new()
    }
}

impl Watches {
    /// No watches.
    pub fn new() -> Self {
        Watches::with_seed(0)
    }

    /// No watches; the seed keeps clients from choosing paths that collide.
    pub fn with_seed(hash_seed: u64) -> Self {
        let state = FixedState::with_seed(hash_seed);
        Watches { data: Table::new(state.clone()), child: Table::new(state) }
    }

    /// Watches data or existence once.
    pub fn add_data(&mut self, path: &str, watcher: WatcherId) {
        self.data.add(path, watcher, Modes::STANDARD);
    }

    /// Watches the children once.
    pub fn add_child(&mut self, path: &str, watcher: WatcherId) {
        self.child.add(path, watcher, Modes::STANDARD);
    }

    /// Watches until removed (addWatch).
    pub fn add(&mut self, path: &str, mode: AddWatchMode, watcher: WatcherId) {
        match mode {
            AddWatchMode::Persistent => {
                self.data.add(path, watcher, Modes::PERSISTENT);
                self.child.add(path, watcher, Modes::PERSISTENT);
            }
            AddWatchMode::PersistentRecursive => {
                self.data.add(path, watcher, Modes::RECURSIVE);
            }
        }
    }

    /// Whether there is a watch of this kind.
    pub fn contains(&self, path: &str, kind: WatcherKind, watcher: WatcherId) -> bool {
        match kind {
            WatcherKind::Children => self.child.contains(path, watcher, Modes::STANDARD),
            WatcherKind::Data => self.data.contains(path, watcher, Modes::STANDARD),
            WatcherKind::Persistent => self.data.contains(path, watcher, Modes::PERSISTENT),
            WatcherKind::PersistentRecursive => self.data.contains(path, watcher, Modes::RECURSIVE),
            WatcherKind::Any => {
                self.child.contains(path, watcher, Modes::ALL)
                    || self.data.contains(path, watcher, Modes::ALL)
            }
        }
    }

    /// Removes the watches of this kind; false if there were none.
    pub fn remove(&mut self, path: &str, kind: WatcherKind, watcher: WatcherId) -> bool {
        match kind {
            WatcherKind::Children => self.child.remove(path, watcher, Modes::STANDARD),
            WatcherKind::Data => self.data.remove(path, watcher, Modes::STANDARD),
            WatcherKind::Persistent => {
                self.child.remove(path, watcher, Modes::PERSISTENT)
                    | self.data.remove(path, watcher, Modes::PERSISTENT)
            }
            WatcherKind::PersistentRecursive => self.data.remove(path, watcher, Modes::RECURSIVE),
            WatcherKind::Any => {
                self.child.remove(path, watcher, Modes::ALL)
                    | self.data.remove(path, watcher, Modes::ALL)
            }
        }
    }

    /// Removes all watches of a connection that is closed.
    pub fn remove_watcher(&mut self, watcher: WatcherId) {
        self.data.remove_watcher(watcher);
        self.child.remove_watcher(watcher);
    }

    /// Arms a client's watches again after a reconnect. What changed after the client's last zxid
    /// becomes an event at once.
    pub fn set_watches(
        &mut self,
        tree: &DataTree,
        request: &SetWatches<'_>,
        watcher: WatcherId,
        events: &mut Vec<Event>,
    ) {
        let seen = Zxid(request.relative_zxid);
        let mut missed = |path: &str, kind: EventKind| {
            let (zxid, acl) = (Zxid(-1), AclList::empty());
            events.push(Event { watcher, kind, path: path.into(), zxid, acl });
        };
        for path in &request.data {
            match tree.find(path).map(|id| tree.node(id).persisted()) {
                None => missed(path, EventKind::NodeDeleted),
                Some(stat) if stat.mzxid > seen => missed(path, EventKind::NodeDataChanged),
                Some(_) => self.data.add(path, watcher, Modes::STANDARD),
            }
        }
        for path in &request.exist {
            match tree.find(path) {
                Some(_) => missed(path, EventKind::NodeCreated),
                None => self.data.add(path, watcher, Modes::STANDARD),
            }
        }
        for path in &request.child {
            match tree.find(path).map(|id| tree.node(id).persisted()) {
                None => missed(path, EventKind::NodeDeleted),
                Some(stat) if stat.pzxid > seen => missed(path, EventKind::NodeChildrenChanged),
                Some(_) => self.child.add(path, watcher, Modes::STANDARD),
            }
        }
        for path in &request.persistent {
            self.add(path, AddWatchMode::Persistent, watcher);
        }
        for path in &request.persistent_recursive {
            self.add(path, AddWatchMode::PersistentRecursive, watcher);
        }
    }

    /// Watches of both kinds, one per path and watcher (`DataTree.getWatchCount`).
    pub fn watch_count(&self) -> usize {
        self.data.len() + self.child.len()
    }

    /// Numbers of the data watches.
    pub fn summary(&self) -> WatchSummary {
        WatchSummary {
            connections: self.data.connections(),
            paths: self.data.paths(),
            watches: self.data.len(),
        }
    }

    /// The data watches: who watches each path, sorted.
    pub fn by_path(&self) -> Vec<(Arc<str>, Vec<WatcherId>)> {
        self.data.by_path()
    }

    /// The data watches: what each connection watches, sorted.
    pub fn by_watcher(&self) -> Vec<(WatcherId, Vec<Arc<str>>)> {
        self.data.by_watcher()
    }

    pub(crate) fn created(
        &mut self,
        path: &Arc<str>,
        zxid: Zxid,
        acl: &AclList,
        parent_acl: &AclList,
        events: &mut Vec<Event>,
    ) {
        let created = Change { kind: EventKind::NodeCreated, path, shared: Some(path), zxid, acl };
        self.data.trigger(&created, &[], events);
        self.children_changed(path, zxid, parent_acl, events);
    }

    pub(crate) fn deleted(
        &mut self,
        path: &Arc<str>,
        zxid: Zxid,
        acl: &AclList,
        parent_acl: &AclList,
        events: &mut Vec<Event>,
    ) {
        let deleted = Change { kind: EventKind::NodeDeleted, path, shared: Some(path), zxid, acl };
        // Who watches both data and children is told once.
        let told = self.data.trigger(&deleted, &[], events);
        self.child.trigger(&deleted, &told, events);
        self.children_changed(path, zxid, parent_acl, events);
    }

    pub(crate) fn data_changed(
        &mut self,
        path: &Arc<str>,
        zxid: Zxid,
        acl: &AclList,
        events: &mut Vec<Event>,
    ) {
        let kind = EventKind::NodeDataChanged;
        self.data.trigger(&Change { kind, path, shared: Some(path), zxid, acl }, &[], events);
    }

    fn children_changed(
        &mut self,
        child: &str,
        zxid: Zxid,
        acl: &AclList,
        events: &mut Vec<Event>,
    ) {
        let path = match proto::path::parent(child) {
            Some("") | None => "/",
            Some(parent) => parent,
        };
        let kind = EventKind::NodeChildrenChanged;
        self.child.trigger(&Change { kind, path, shared: None, zxid, acl }, &[], events);
    }
}
