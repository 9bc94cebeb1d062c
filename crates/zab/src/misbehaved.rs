use proto::{ServerId, Zxid};
use thiserror::Error;

use crate::Epoch;
use crate::wire::{self, PacketKind};

/// What a peer did that the protocol does not allow. Its connection is closed.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum PeerMisbehaved {
    /// Bytes that are no message.
    #[error(transparent)]
    Malformed(#[from] wire::Error),
    /// A message that has no place in the present phase.
    #[error("a {kind} packet {during}")]
    OutOfPlace {
        /// What came.
        kind: PacketKind,
        /// When, in words.
        during: &'static str,
    },
    /// A proposal that leaves a hole, or comes twice.
    #[error("proposal {got} does not follow {last}")]
    ProposalOutOfOrder {
        /// The last one before.
        last: Zxid,
        /// What came.
        got: Zxid,
    },
    /// A commit of something else than the oldest proposal that is not committed.
    #[error("commit of {got}, the next to commit is {expected:?}")]
    CommitOutOfOrder {
        /// What could be committed, if anything.
        expected: Option<Zxid>,
        /// What came.
        got: Zxid,
    },
    /// An ack for something that was not proposed.
    #[error("ack of {got}, the last proposal is {proposed}")]
    AckOfNothing {
        /// The last proposal.
        proposed: Zxid,
        /// What came.
        got: Zxid,
    },
    /// NEWLEADER of another epoch than the one agreed on.
    #[error("NEWLEADER of epoch {got} in epoch {expected}")]
    WrongEpoch {
        /// The epoch agreed on.
        expected: Epoch,
        /// What came.
        got: Epoch,
    },
    /// A leader wants an epoch below the one promised.
    #[error("the leader proposes epoch {proposed}, epoch {accepted} is promised already")]
    EpochTooLow {
        /// The leader's.
        proposed: Epoch,
        /// The one promised.
        accepted: Epoch,
    },
    /// A learner that speaks a protocol from before 3.4.
    #[error("protocol version {0:#x}, 0x10000 is needed: upgrade that server to 3.4 or later")]
    ProtocolTooOld(i32),
    /// A learner with a newer configuration than the leader's.
    #[error("its configuration has version {theirs:x}, newer than the leader's {ours:x}")]
    NewerConfig {
        /// The learner's.
        theirs: i64,
        /// The leader's.
        ours: i64,
    },
    /// A learner with the leader's own id.
    #[error("it says it is server {0}, as this one: give every server its own myid")]
    SameId(ServerId),
}
