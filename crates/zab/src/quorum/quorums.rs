use std::collections::{BTreeMap, BTreeSet};

use proto::{ServerId, Zxid};

use super::Verifier;

/// What must agree: the committed configuration and, while one is pending, the proposed one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Quorums {
    committed: Verifier,
    proposed: Option<Verifier>,
}

impl Quorums {
    /// The committed configuration alone.
    pub fn new(committed: Verifier) -> Self {
        Quorums { committed, proposed: None }
    }

    /// Both the committed configuration and the one that is to replace it.
    pub fn with_proposed(committed: Verifier, proposed: Verifier) -> Self {
        Quorums { committed, proposed: Some(proposed) }
    }

    /// The committed configuration.
    pub fn committed(&self) -> &Verifier {
        &self.committed
    }

    /// The configuration on its way, if there is one.
    pub fn proposed(&self) -> Option<&Verifier> {
        self.proposed.as_ref()
    }

    /// Everybody who votes in either (`getCurrentAndNextConfigVoters`).
    pub fn voters(&self) -> BTreeSet<ServerId> {
        self.each().flat_map(|verifier| verifier.voters().iter().copied()).collect()
    }

    /// Whether `server` votes in either.
    pub fn is_voter(&self, server: ServerId) -> bool {
        self.each().any(|verifier| verifier.is_voter(server))
    }

    /// Whether the servers for which `has` holds are enough in each of them.
    pub fn is_quorum(&self, has: impl Fn(ServerId) -> bool) -> bool {
        self.each().all(|verifier| verifier.is_quorum(&has))
    }

    /// The highest zxid that enough servers have, given how far each has come.
    pub fn reached(&self, positions: &BTreeMap<ServerId, Zxid>) -> Option<Zxid> {
        let mut steps: Vec<Zxid> = positions.values().copied().collect();
        steps.sort_unstable();
        steps.dedup();
        let enough = |step: &Zxid| self.is_quorum(|s| positions.get(&s).is_some_and(|p| p >= step));
        // What is enough for a step is enough for every lower one.
        let reached = steps.partition_point(enough);
        reached.checked_sub(1).map(|last| steps[last])
    }

    fn each(&self) -> impl Iterator<Item = &Verifier> {
        std::iter::once(&self.committed).chain(&self.proposed)
    }
}
