use std::fmt;

use proto::Zxid;

/// The reign of one leader: the upper half of the zxids it gives out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Epoch(pub u32);

impl Epoch {
    /// Before the first leader.
    pub const ZERO: Epoch = Epoch(0);
    /// The last epoch that is ever proposed: ACKEPOCH carries epochs as a signed int.
    pub const MAX: Epoch = Epoch(i32::MAX as u32);

    /// The epoch a zxid belongs to.
    pub fn of(zxid: Zxid) -> Self {
        Epoch(zxid.epoch())
    }

    /// The zxid that stands for the epoch itself and names no transaction.
    pub fn start(self) -> Zxid {
        Zxid::new(self.0, 0)
    }

    /// The epoch after this one, if there is one.
    pub fn next(self) -> Option<Epoch> {
        (self < Epoch::MAX).then_some(Epoch(self.0 + 1))
    }
}

impl fmt::Display for Epoch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0)
    }
}
