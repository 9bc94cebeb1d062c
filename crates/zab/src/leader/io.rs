use proto::{ServerId, SessionId, Zxid};

use crate::disk::{Durable, Duty};
use crate::wire::{ForwardedRequest, FromLeader, FromLearner, Payload};
use crate::{Epoch, PeerMisbehaved};

/// A learner's connection; the number is never used again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LearnerId(pub u64);

/// What can happen to a leader.
#[derive(Debug, Clone, PartialEq)]
pub enum Input {
    /// A learner connected.
    Connected(LearnerId),
    /// A learner's connection is gone.
    Disconnected(LearnerId),
    /// A learner said something.
    Packet(LearnerId, FromLearner),
    /// Part of a snapshot or of old transactions left for a learner.
    TransferProgress(LearnerId),
    /// The disk did its duty.
    Durable(Durable),
    /// A transaction that was made for [`super::Leader::next_zxid`].
    Propose {
        /// Its place.
        zxid: Zxid,
        /// Header, body and digest.
        record: Payload,
    },
    /// Report when everything proposed so far is committed and a quorum has confirmed since that
    /// it still follows.
    Sync {
        /// Comes back in [`Output::Synced`].
        token: u64,
    },
    /// The answer to [`Output::Revalidate`].
    Revalidated {
        /// Who asked.
        learner: LearnerId,
        /// The session.
        session: SessionId,
        /// Whether it lives.
        valid: bool,
    },
    /// A forwarded sync of this learner is done.
    SyncDone(LearnerId),
    /// A voter looks for a leader again.
    VoterLooking(ServerId),
    /// [`super::Leader::poll_timeout`] has passed.
    Timeout,
}

/// Something on its way to a learner. Items of one learner leave in order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Item {
    /// A packet.
    Say(FromLeader),
    /// Every entry of the log behind `after` up to `upto`, each as PROPOSAL and COMMIT.
    Entries {
        /// The position before the first.
        after: Zxid,
        /// The last.
        upto: Zxid,
    },
    /// A SNAP packet for `zxid`, then the snapshot itself with its signature.
    Snapshot {
        /// What it holds, exactly.
        zxid: Zxid,
    },
}

/// What a leader can want.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Output {
    /// Send to a learner.
    ToLearner(LearnerId, Item),
    /// Close a learner's connection.
    Close(LearnerId, Closed),
    /// A duty of the disk.
    Disk(Duty),
    /// A quorum has the whole history: this server leads the epoch and may propose.
    Established {
        /// The epoch.
        epoch: Epoch,
    },
    /// Everything up to here is committed and on this server's disk: apply it.
    Commit {
        /// The last one.
        upto: Zxid,
    },
    /// See [`Input::Sync`].
    Synced {
        /// The number that came with it.
        token: u64,
    },
    /// A learner's client asks for something.
    Request(LearnerId, ForwardedRequest),
    /// A learner wants to take over a session. Answer with [`Input::Revalidated`].
    Revalidate {
        /// Who asks.
        learner: LearnerId,
        /// The session.
        session: SessionId,
        /// Its timeout, ms.
        timeout_ms: i32,
    },
    /// Sessions that a learner heard of, see [`crate::wire::decode_touched`].
    Touched(LearnerId, Payload),
    /// This server leads no more. Nothing follows.
    Ended(Ended),
}

/// Why a learner's connection is closed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Closed {
    /// It did what the protocol does not allow.
    Misbehaved(PeerMisbehaved),
    /// It did not acknowledge a proposal within syncLimit.
    TooSlow {
        /// The proposal.
        proposal: Zxid,
    },
    /// The same server connected again.
    Replaced,
}

/// Why a server stops leading.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ended {
    /// No quorum connected, promised or synchronized within initLimit.
    NotEnoughFollowers,
    /// No quorum was heard of within syncLimit.
    LostQuorum,
    /// A voter has more history: it should lead.
    FollowerIsAhead(ServerId),
    /// A voter has promised a higher epoch; the next epoch will be above it.
    HigherPromise(ServerId, Epoch),
    /// A voter that was counted on looks for another leader.
    DisloyalVoter(ServerId),
    /// The counter of the epoch is used up.
    CounterUsedUp,
    /// There is no epoch left.
    EpochsUsedUp,
}
