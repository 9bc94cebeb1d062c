use proto::Zxid;

use crate::history::History;

/// How a learner gets the leader's history.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SyncPlan {
    /// Its history is a beginning of the leader's: what is behind it follows.
    Diff {
        /// Where it ends.
        after: Zxid,
    },
    /// It ends with entries that the leader does not have.
    Trunc {
        /// The last one to keep.
        to: Zxid,
    },
    /// Start over from a snapshot.
    Snap {
        /// What the snapshot holds.
        zxid: Zxid,
    },
}

impl SyncPlan {
    /// The cheapest plan that is certain for a learner whose history ends at `last`.
    ///
    /// `end` is the last entry that is committed, or will be by this leader's establishment.
    /// Positions are compared with what the leader really has: a learner is cut only to an entry
    /// of its own last epoch, which it must share because an epoch has one leader
    /// (`LearnerHandler.syncFollower`, where the last rule is missing).
    pub fn choose(last: Zxid, end: Zxid, history: &dyn History, force_snapshot: bool) -> Self {
        let snap = SyncPlan::Snap { zxid: history.snapshot_zxid() };
        if force_snapshot {
            return snap;
        }
        let Some(common) = history.floor(last.min(end)) else { return snap };
        let plan = if common == last {
            SyncPlan::Diff { after: common }
        } else if common.epoch() == last.epoch() && common.counter() > 0 {
            SyncPlan::Trunc { to: common }
        } else {
            return snap;
        };
        if common < end && !history.is_worth_replaying(common, end) {
            return snap;
        }
        plan
    }

    /// Where the entries that follow begin.
    pub fn after(&self) -> Zxid {
        match self {
            SyncPlan::Diff { after } => *after,
            SyncPlan::Trunc { to } => *to,
            SyncPlan::Snap { zxid } => *zxid,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Entries (1,1)..(1,5), (3,1)..(3,4); everything up to (1,2) is only in the snapshot.
    struct Leader;

    impl History for Leader {
        fn floor(&self, zxid: Zxid) -> Option<Zxid> {
            let entries = (2..6).map(|c| Zxid::new(1, c)).chain((1..5).map(|c| Zxid::new(3, c)));
            entries.rev().find(|entry| *entry <= zxid)
        }

        fn snapshot_zxid(&self) -> Zxid {
            Zxid::new(1, 2)
        }

        fn is_worth_replaying(&self, after: Zxid, _upto: Zxid) -> bool {
            after != Zxid::new(1, 3)
        }
    }

    #[track_caller]
    fn check(last: (u32, u32), end: (u32, u32), want: SyncPlan) {
        let end = Zxid::new(end.0, end.1);
        assert_eq!(SyncPlan::choose(Zxid::new(last.0, last.1), end, &Leader, false), want);
    }

    #[test]
    fn the_cheapest_plan_that_is_certain() {
        let diff = |e, c| SyncPlan::Diff { after: Zxid::new(e, c) };
        let trunc = |e, c| SyncPlan::Trunc { to: Zxid::new(e, c) };
        let snap = SyncPlan::Snap { zxid: Zxid::new(1, 2) };
        check((3, 4), (3, 4), diff(3, 4));
        check((1, 4), (3, 4), diff(1, 4));
        check((1, 2), (3, 4), diff(1, 2));
        // Before the oldest entry.
        check((1, 1), (3, 4), snap);
        check((0, 0), (3, 4), snap);
        // More than the leader has, in an epoch it knows.
        check((3, 9), (3, 4), trunc(3, 4));
        check((1, 7), (3, 4), trunc(1, 5));
        // More than is committed: cut, it comes again as a proposal.
        check((3, 4), (3, 2), trunc(3, 2));
        // An epoch that the leader knows nothing of, before, between and after its own.
        check((2, 3), (3, 4), snap);
        check((4, 1), (3, 4), snap);
        // Only a new epoch and no entry: nothing says that what is below it is shared.
        check((3, 0), (3, 4), snap);
        // Cheaper from a snapshot.
        check((1, 3), (3, 4), snap);
        let forced = SyncPlan::choose(Zxid::new(3, 4), Zxid::new(3, 4), &Leader, true);
        assert_eq!(forced, snap);
    }
}
