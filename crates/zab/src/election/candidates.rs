use std::collections::{BTreeMap, BTreeSet};

use proto::ServerId;

/// Which candidates repeatedly could not be followed.
///
/// The best server by history may be unreachable for most. Leaving it out of the local tally is
/// safe: a quorum without it holds everything that was committed.
#[derive(Debug, Default)]
pub(super) struct Candidates {
    failures: BTreeMap<ServerId, Failures>,
}

#[derive(Debug, Clone, Copy)]
struct Failures {
    count: u32,
    last_ms: i64,
}

impl Candidates {
    pub(super) fn failed(&mut self, now_ms: i64, leader: ServerId) {
        let failures = self.failures.entry(leader).or_insert(Failures { count: 0, last_ms: 0 });
        failures.count = failures.count.saturating_add(1);
        failures.last_ms = now_ms;
    }

    /// A leader is established: what was tried before tells nothing any more.
    pub(super) fn forgive(&mut self) {
        self.failures.clear();
    }

    /// Who failed `max` times, the last time less than `left_out_ms` ago.
    pub(super) fn left_out(
        &mut self,
        now_ms: i64,
        max: u32,
        left_out_ms: i64,
    ) -> BTreeSet<ServerId> {
        self.failures.retain(|_, failures| now_ms - failures.last_ms < left_out_ms);
        let too_often = self.failures.iter().filter(|(_, failures)| failures.count >= max);
        too_often.map(|(server, _)| *server).collect()
    }
}
