use std::collections::BTreeMap;
use std::sync::Arc;

use foldhash::quality::FixedState;
use hashbrown::{HashMap, HashSet};
use proto::{AclList, EventKind, Zxid};
use smallvec::SmallVec;

use super::{Event, WatcherId};

/// The watchers that a change reached.
pub(super) type Told = SmallVec<[WatcherId; 8]>;

/// Who watches which path, in both directions (`WatchManager`).
pub(super) struct Table {
    paths: HashMap<Arc<str>, Watchers, FixedState>,
    /// A watcher whose watches all fired stays with an empty set until it is closed; `wchs`
    /// counts it, as in Java.
    watchers: HashMap<WatcherId, HashSet<Arc<str>, FixedState>, FixedState>,
    state: FixedState,
    len: usize,
    recursive: usize,
}

/// A change to tell the watchers of.
pub(super) struct Change<'a> {
    pub(super) kind: EventKind,
    pub(super) path: &'a str,
    /// The same path, if the caller has it shared.
    pub(super) shared: Option<&'a Arc<str>>,
    pub(super) zxid: Zxid,
    pub(super) acl: &'a AclList,
}

impl Table {
    pub(super) fn new(state: FixedState) -> Self {
        Table {
            paths: HashMap::with_hasher(state.clone()),
            watchers: HashMap::with_hasher(state.clone()),
            state,
            len: 0,
            recursive: 0,
        }
    }

    pub(super) fn add(&mut self, path: &str, watcher: WatcherId, modes: Modes) {
        let stored = match self.paths.get_key_value(path) {
            Some((stored, _)) => Arc::clone(stored),
            None => Arc::from(path),
        };
        let watchers = self.paths.entry(Arc::clone(&stored)).or_insert(Watchers::None);
        let old = watchers.modes(watcher);
        watchers.set(watcher, old.with(modes));
        if modes.has(Modes::RECURSIVE) && !old.has(Modes::RECURSIVE) {
            self.recursive += 1;
        }
        if old.is_empty() {
            self.len += 1;
            let paths = self.watchers.entry(watcher);
            paths.or_insert_with(|| HashSet::with_hasher(self.state.clone())).insert(stored);
        }
    }

    /// Whether the watcher has a watch of one of these modes.
    pub(super) fn contains(&self, path: &str, watcher: WatcherId, modes: Modes) -> bool {
        self.paths.get(path).is_some_and(|watchers| watchers.modes(watcher).has(modes))
    }

    /// Removes the watch in these modes; false if there was none.
    pub(super) fn remove(&mut self, path: &str, watcher: WatcherId, modes: Modes) -> bool {
        let Some(watchers) = self.paths.get_mut(path) else { return false };
        let old = watchers.modes(watcher);
        if !old.has(modes) {
            return false;
        }
        let new = old.without(modes);
        watchers.set(watcher, new);
        if watchers.is_empty() {
            self.paths.remove(path);
        }
        if old.has(Modes::RECURSIVE) && modes.has(Modes::RECURSIVE) {
            self.recursive -= 1;
        }
        if new.is_empty() {
            self.len -= 1;
            if let Some(paths) = self.watchers.get_mut(&watcher) {
                paths.remove(path);
                if paths.is_empty() {
                    self.watchers.remove(&watcher);
                }
            }
        }
        true
    }

    pub(super) fn remove_watcher(&mut self, watcher: WatcherId) {
        let Some(paths) = self.watchers.remove(&watcher) else { return };
        for path in paths {
            let Some(watchers) = self.paths.get_mut(&path) else { continue };
            if watchers.modes(watcher).has(Modes::RECURSIVE) {
                self.recursive -= 1;
            }
            watchers.set(watcher, Modes::NONE);
            self.len -= 1;
            if watchers.is_empty() {
                self.paths.remove(&path);
            }
        }
    }

    /// Adds an event for every watcher of the change but those in `skip`, in the order of their
    /// ids, and ends the watches that fire once. Returns the watchers, also those in `skip`.
    pub(super) fn trigger(
        &mut self,
        change: &Change<'_>,
        skip: &[WatcherId],
        events: &mut Vec<Event>,
    ) -> Told {
        let mut told = Told::new();
        if self.paths.is_empty() {
            return told;
        }
        let shared = self.fire(change.path, &mut told);
        if self.recursive > 0 {
            self.collect_recursive(change.path, &mut told);
            told.sort_unstable();
            told.dedup();
        }
        if told.is_empty() {
            return told;
        }
        let path = change.shared.cloned().or(shared).unwrap_or_else(|| change.path.into());
        let heard = told.iter().filter(|watcher| skip.binary_search(watcher).is_err());
        events.extend(heard.map(|&watcher| Event {
            watcher,
            kind: change.kind,
            path: Arc::clone(&path),
            zxid: change.zxid,
            acl: change.acl.clone(),
        }));
        told
    }

    /// Collects the watchers of the path itself in order; returns the path as it is stored.
    fn fire(&mut self, path: &str, told: &mut Told) -> Option<Arc<str>> {
        let (stored, _) = self.paths.get_key_value(path)?;
        let stored = Arc::clone(stored);
        let watchers = self.paths.get_mut(path)?;
        watchers.collect(told);
        for &watcher in told.iter() {
            let left = watchers.modes(watcher).without(Modes::STANDARD);
            watchers.set(watcher, left);
            if left.is_empty() {
                self.len -= 1;
                if let Some(paths) = self.watchers.get_mut(&watcher) {
                    paths.remove(path);
                }
            }
        }
        if watchers.is_empty() {
            self.paths.remove(path);
        }
        Some(stored)
    }

    /// Collects who watches a subtree that contains the path.
    fn collect_recursive(&self, path: &str, told: &mut Told) {
        let mut path = path;
        while path != "/" {
            path = match proto::path::parent(path) {
                Some("") => "/",
                Some(parent) => parent,
                None => return,
            };
            if let Some(watchers) = self.paths.get(path) {
                watchers.collect_with(Modes::RECURSIVE, told);
            }
        }
    }

    /// Watches, one per path and watcher.
    pub(super) fn len(&self) -> usize {
        self.len
    }

    pub(super) fn paths(&self) -> usize {
        self.paths.len()
    }

    pub(super) fn connections(&self) -> usize {
        self.watchers.len()
    }

    pub(super) fn by_path(&self) -> Vec<(Arc<str>, Vec<WatcherId>)> {
        let mut all: Vec<_> = self
            .paths
            .iter()
            .map(|(path, watchers)| {
                let mut told = Told::new();
                watchers.collect(&mut told);
                (Arc::clone(path), told.into_vec())
            })
            .collect();
        all.sort_unstable();
        all
    }

    pub(super) fn by_watcher(&self) -> Vec<(WatcherId, Vec<Arc<str>>)> {
        let mut all: Vec<_> = self
            .watchers
            .iter()
            .map(|(watcher, paths)| {
                let mut paths: Vec<_> = paths.iter().cloned().collect();
                paths.sort_unstable();
                (*watcher, paths)
            })
            .collect();
        all.sort_unstable();
        all
    }
}

/// How a watcher watches a path; several at once are possible.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Modes(u8);

impl Modes {
    pub(super) const NONE: Modes = Modes(0);
    pub(super) const STANDARD: Modes = Modes(1);
    pub(super) const PERSISTENT: Modes = Modes(2);
    pub(super) const RECURSIVE: Modes = Modes(4);
    pub(super) const ALL: Modes = Modes(7);

    fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// Whether one of these modes is set.
    fn has(self, modes: Modes) -> bool {
        self.0 & modes.0 != 0
    }

    fn with(self, modes: Modes) -> Modes {
        Modes(self.0 | modes.0)
    }

    fn without(self, modes: Modes) -> Modes {
        Modes(self.0 & !modes.0)
    }
}

/// The watchers of one path, sorted. Most paths have one.
enum Watchers {
    None,
    One(WatcherId, Modes),
    Many(BTreeMap<WatcherId, Modes>),
}

impl Watchers {
    fn modes(&self, watcher: WatcherId) -> Modes {
        match self {
            Watchers::One(one, modes) if *one == watcher => *modes,
            Watchers::Many(many) => many.get(&watcher).copied().unwrap_or(Modes::NONE),
            _ => Modes::NONE,
        }
    }

    fn set(&mut self, watcher: WatcherId, modes: Modes) {
        match self {
            Watchers::Many(many) if modes.is_empty() => {
                many.remove(&watcher);
            }
            Watchers::Many(many) => {
                many.insert(watcher, modes);
            }
            Watchers::One(one, _) if *one == watcher && modes.is_empty() => *self = Watchers::None,
            Watchers::One(one, old) if *one == watcher => *old = modes,
            _ if modes.is_empty() => {}
            Watchers::None => *self = Watchers::One(watcher, modes),
            Watchers::One(one, old) => {
                *self = Watchers::Many([(*one, *old), (watcher, modes)].into());
            }
        }
    }

    fn is_empty(&self) -> bool {
        match self {
            Watchers::None => true,
            Watchers::One(..) => false,
            Watchers::Many(many) => many.is_empty(),
        }
    }

    fn collect(&self, told: &mut Told) {
        self.collect_with(Modes::ALL, told);
    }

    fn collect_with(&self, modes: Modes, told: &mut Told) {
        match self {
            Watchers::None => {}
            Watchers::One(one, own) => told.extend(own.has(modes).then_some(*one)),
            Watchers::Many(many) => told
                .extend(many.iter().filter(|(_, own)| own.has(modes)).map(|(watcher, _)| *watcher)),
        }
    }
}
