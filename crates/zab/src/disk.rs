use proto::Zxid;

use crate::Epoch;
use crate::wire::ProposedTxn;

/// What a disk has to do. Duties of the log are done in order; epochs may overtake them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Duty {
    /// Write the `acceptedEpoch` file: the promise not to follow an older leader.
    PersistAcceptedEpoch(Epoch),
    /// Write the `currentEpoch` file: the history of this epoch is complete here.
    PersistCurrentEpoch(Epoch),
    /// Append to the log. Between the arrival of a snapshot and its installation: to the log
    /// that will belong to it, while the old history stays the truth.
    Append(ProposedTxn),
    /// Cut the log behind this zxid, and remove every snapshot that holds more. Zero empties
    /// the disk.
    Truncate {
        /// The last one to keep.
        to: Zxid,
    },
    /// Make the snapshot that arrived and what was appended to it the truth, in one step.
    InstallSnapshot {
        /// What the snapshot holds.
        zxid: Zxid,
        /// What it holds together with the log behind it.
        upto: Zxid,
    },
}

/// What survives a power loss from now on: file, size, name and directory are synced.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Durable {
    /// [`Duty::PersistAcceptedEpoch`].
    AcceptedEpoch(Epoch),
    /// [`Duty::PersistCurrentEpoch`].
    CurrentEpoch(Epoch),
    /// The log up to here.
    Log {
        /// The last durable zxid.
        upto: Zxid,
    },
    /// [`Duty::Truncate`].
    Truncated {
        /// The last one kept.
        to: Zxid,
    },
    /// [`Duty::InstallSnapshot`].
    Snapshot {
        /// What is durable now.
        upto: Zxid,
    },
}
