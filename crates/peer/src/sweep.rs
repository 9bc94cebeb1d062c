use std::collections::VecDeque;

use proto::{EphemeralType, StatPersisted};
use tree::{DataTree, NodeRef};

use crate::{Now, Settings};

/// Finds empty containers and expired TTL nodes (`ContainerManager`).
///
/// Every `container_check_ms` it lists candidates and then gives them out one by one, at most
/// `container_max_per_minute`.
#[derive(Debug)]
pub(crate) struct Sweep {
    next_check_ms: i64,
    next_delete_ms: i64,
    candidates: VecDeque<String>,
}

impl Sweep {
    pub(crate) fn new(settings: &Settings, now_ms: i64) -> Self {
        Sweep {
            next_check_ms: now_ms + settings.container_check_ms.max(1),
            next_delete_ms: now_ms,
            candidates: VecDeque::new(),
        }
    }

    /// When to call [`Sweep::poll`] next.
    pub(crate) fn next_ms(&self) -> i64 {
        if self.candidates.is_empty() { self.next_check_ms } else { self.next_delete_ms }
    }

    /// The next node to delete, if it is time for one.
    pub(crate) fn poll(
        &mut self,
        settings: &Settings,
        now: Now,
        tree: &DataTree,
    ) -> Option<String> {
        if self.candidates.is_empty() && now.monotonic_ms >= self.next_check_ms {
            self.next_check_ms = now.monotonic_ms + settings.container_check_ms.max(1);
            self.candidates = candidates(settings, now.wall_ms, tree);
        }
        if now.monotonic_ms < self.next_delete_ms {
            return None;
        }
        let path = self.candidates.pop_front()?;
        let interval_ms = 60_000 / settings.container_max_per_minute.max(1);
        self.next_delete_ms = now.monotonic_ms + interval_ms;
        Some(path)
    }
}

fn candidates(settings: &Settings, wall_ms: i64, tree: &DataTree) -> VecDeque<String> {
    let idle_ms = |stat: &StatPersisted| wall_ms - stat.mtime_ms;
    let unused = |stat: &StatPersisted| {
        let never_used_ms = settings.container_never_used_ms;
        // A container that never had a child may just have been created.
        stat.cversion > 0 || (never_used_ms != 0 && idle_ms(stat) > never_used_ms)
    };
    let expired = |stat: &StatPersisted| match settings.ephemeral.classify(stat.ephemeral_owner) {
        Ok(EphemeralType::Ttl(ttl_ms)) => ttl_ms != 0 && idle_ms(stat) > ttl_ms,
        _ => false,
    };
    let childless = |node: &NodeRef<'_>| node.child_count() == 0;
    let containers = tree.containers().filter(|id| {
        let node = tree.node(*id);
        childless(&node) && unused(&node.persisted())
    });
    let ttls = tree.ttls().filter(|id| {
        let node = tree.node(*id);
        childless(&node) && expired(&node.persisted())
    });
    containers.chain(ttls).map(|id| tree.path(id)).collect()
}
