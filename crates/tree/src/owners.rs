use std::collections::{BTreeMap, BTreeSet};

use proto::{EphemeralRules, EphemeralType, SessionId};

/// Which nodes go away by themselves: with their session, empty, or in time.
pub(crate) struct Owners {
    rules: EphemeralRules,
    /// A session stays listed when its last ephemeral is deleted, until it closes; `dump` and
    /// the metrics of ZooKeeper show it so.
    sessions: BTreeMap<SessionId, BTreeSet<u32>>,
    containers: BTreeSet<u32>,
    ttls: BTreeSet<u32>,
    ephemeral_count: usize,
}

impl Owners {
    pub(crate) fn new(rules: EphemeralRules) -> Self {
        Owners {
            rules,
            sessions: BTreeMap::new(),
            containers: BTreeSet::new(),
            ttls: BTreeSet::new(),
            ephemeral_count: 0,
        }
    }

    /// What `owner` means. An owner with an unknown extended feature counts as a session.
    pub(crate) fn kind(&self, owner: i64) -> EphemeralType {
        self.rules.classify(owner).unwrap_or(EphemeralType::Session)
    }

    pub(crate) fn add(&mut self, owner: i64, id: u32) {
        match self.kind(owner) {
            EphemeralType::Void => {}
            EphemeralType::Container => {
                self.containers.insert(id);
            }
            EphemeralType::Ttl(_) => {
                self.ttls.insert(id);
            }
            EphemeralType::Session => {
                if self.sessions.entry(SessionId(owner)).or_default().insert(id) {
                    self.ephemeral_count += 1;
                }
            }
        }
    }

    pub(crate) fn remove(&mut self, owner: i64, id: u32) {
        match self.kind(owner) {
            EphemeralType::Void => {}
            EphemeralType::Container => {
                self.containers.remove(&id);
            }
            EphemeralType::Ttl(_) => {
                self.ttls.remove(&id);
            }
            EphemeralType::Session => {
                let session = self.sessions.get_mut(&SessionId(owner));
                if session.is_some_and(|nodes| nodes.remove(&id)) {
                    self.ephemeral_count -= 1;
                }
            }
        }
    }

    /// Forgets a session that has no ephemerals left.
    pub(crate) fn close(&mut self, session: SessionId) {
        if self.sessions.get(&session).is_some_and(BTreeSet::is_empty) {
            self.sessions.remove(&session);
        }
    }

    pub(crate) fn ephemerals(&self, session: SessionId) -> impl Iterator<Item = u32> {
        self.sessions.get(&session).into_iter().flatten().copied()
    }

    pub(crate) fn sessions(&self) -> impl Iterator<Item = SessionId> {
        self.sessions.keys().copied()
    }

    pub(crate) fn containers(&self) -> impl Iterator<Item = u32> {
        self.containers.iter().copied()
    }

    pub(crate) fn ttls(&self) -> impl Iterator<Item = u32> {
        self.ttls.iter().copied()
    }

    pub(crate) fn ephemeral_count(&self) -> usize {
        self.ephemeral_count
    }
}
