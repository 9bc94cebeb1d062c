use proto::Zxid;

use crate::Epoch;
use crate::election::Standing;

/// What a server finds on its disk when nothing is on its way there any more.
///
/// ```text
/// current <= accepted      committed <= last
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Position {
    /// The epoch it promised (`acceptedEpoch`).
    pub accepted: Epoch,
    /// The epoch whose history it has (`currentEpoch`).
    pub current: Epoch,
    /// The end of its history: the last entry of the log, or what the snapshot holds.
    pub last: Zxid,
    /// What it knows to be committed. A snapshot never holds more.
    pub committed: Zxid,
}

impl Position {
    /// What candidates are compared by.
    pub fn standing(&self) -> Standing {
        Standing { peer_epoch: self.current.0.into(), zxid: self.last }
    }
}

/// What a leader can replay for others. Positions are ends of entries, or of a snapshot.
///
/// What was handed to the disk belongs to it, durable or not: a quorum of others may have
/// committed it already.
pub trait History {
    /// The newest position at or below `zxid` from which every later entry can be replayed;
    /// `None` if that would be before the oldest one.
    fn floor(&self, zxid: Zxid) -> Option<Zxid>;

    /// What a snapshot sent now holds. Never more than is known to be committed, so that nobody
    /// ends up with a snapshot that would have to be cut.
    fn snapshot_zxid(&self) -> Zxid;

    /// Whether replaying is cheaper than a snapshot (`zookeeper.snapshotSizeFactor`).
    fn is_worth_replaying(&self, after: Zxid, upto: Zxid) -> bool;
}

/// Whether `next` may stand right behind `last` in a log.
pub fn extends(last: Zxid, next: Zxid) -> bool {
    let same_epoch = next.epoch() == last.epoch() && next == last.next();
    let newer_epoch = next.epoch() > last.epoch() && next.counter() == 1;
    same_epoch && next.counter() != 0 || newer_epoch
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_log_has_no_holes() {
        let at = Zxid::new;
        assert!(extends(at(1, 4), at(1, 5)));
        assert!(extends(at(1, 4), at(3, 1)));
        assert!(extends(at(3, 0), at(3, 1)));
        assert!(extends(Zxid::ZERO, at(1, 1)));
        assert!(!extends(at(1, 4), at(1, 6)));
        assert!(!extends(at(1, 4), at(1, 4)));
        assert!(!extends(at(1, 4), at(2, 2)));
        assert!(!extends(at(2, 4), at(1, 1)));
        assert!(!extends(at(1, u32::MAX), at(2, 0)));
    }
}
