use proto::{ServerId, Zxid};

use crate::ServerState;

/// Where a server's durable history ends; what candidates are compared by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub struct Standing {
    /// The epoch whose history it has (`currentEpoch`); the lowest number for an observer.
    pub peer_epoch: i64,
    /// The last zxid in its log.
    pub zxid: Zxid,
}

/// Whom a server wants to lead.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Vote {
    /// The candidate.
    pub leader: ServerId,
    /// What the candidate has.
    pub standing: Standing,
    /// The round of elections.
    pub round: i64,
}

impl Vote {
    /// The total order of candidates: epoch, zxid, id (`totalOrderPredicate`).
    pub(super) fn rank(&self) -> (Standing, ServerId) {
        (self.standing, self.leader)
    }
}

/// A vote as it came: with what its sender was doing and the form of the message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Ballot {
    pub(super) vote: Vote,
    pub(super) state: ServerState,
    pub(super) version: i32,
}

impl Ballot {
    /// Whether both support the same leader (`Vote.equals`).
    ///
    /// Those that are looking must agree in everything. The others settled at different times and
    /// may tell other zxids and rounds, but an epoch has one leader. Releases before 3.4.6 tell
    /// another peer epoch, too.
    pub(super) fn supports_same(&self, other: &Ballot) -> bool {
        let looking = |ballot: &Ballot| ballot.state == ServerState::Looking;
        if looking(self) || looking(other) {
            return self.vote == other.vote;
        }
        let same_form = (self.version > 0) == (other.version > 0);
        let same_epoch = self.vote.standing.peer_epoch == other.vote.standing.peer_epoch;
        self.vote.leader == other.vote.leader && (!same_form || same_epoch)
    }
}
