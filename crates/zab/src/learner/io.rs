use proto::{ServerId, SessionId, Zxid};

use crate::disk::{Durable, Duty};
use crate::wire::{ForwardedRequest, FromLeader, FromLearner, Payload};
use crate::{Epoch, PeerMisbehaved};

/// What a learner is to the leader.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// It acknowledges what it logs.
    Follower,
    /// It only hears what is decided.
    Observer,
}

/// What can happen to a learner.
#[derive(Debug, Clone, PartialEq)]
pub enum Input {
    /// There is a connection to the leader.
    Connected,
    /// There is no connection to the leader, or none any more.
    Disconnected,
    /// The leader said something.
    Packet(FromLeader),
    /// Part of a snapshot came.
    TransferProgress,
    /// The whole snapshot came and its signature was right; the old history is still the truth.
    SnapshotReceived,
    /// The disk did its duty.
    Durable(Durable),
    /// The answer to [`Output::Pinged`].
    Pong {
        /// The zxid of the PING.
        zxid: Zxid,
        /// The sessions heard of, see [`crate::wire::encode_touched`].
        touched: Payload,
    },
    /// A client's request for the leader.
    Forward(ForwardedRequest),
    /// A session wants to move here.
    Revalidate {
        /// The session.
        session: SessionId,
        /// Its timeout, ms.
        timeout_ms: i32,
    },
    /// [`super::Learner::poll_timeout`] has passed.
    Timeout,
}

/// What a learner can want.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Output {
    /// Send to the leader.
    ToLeader(FromLearner),
    /// A duty of the disk.
    Disk(Duty),
    /// A snapshot follows on the stream: keep it aside until [`Duty::InstallSnapshot`].
    ReceiveSnapshot {
        /// What it holds.
        zxid: Zxid,
    },
    /// The leader is established and everything up to here is committed and on this disk: apply
    /// it.
    Commit {
        /// The last one.
        upto: Zxid,
    },
    /// A configuration is committed; it is among what was last committed.
    Activate {
        /// Its transaction.
        zxid: Zxid,
        /// Who leads from now on.
        designated_leader: ServerId,
    },
    /// The leader is established.
    Established {
        /// Its epoch.
        epoch: Epoch,
    },
    /// Everything is applied that was committed when the leader said so: serve clients. From
    /// now on the disk's history can be relied on, whatever it was before.
    Serve,
    /// The leader wants to know which sessions are alive. Answer with [`Input::Pong`].
    Pinged {
        /// The leader's last proposal.
        zxid: Zxid,
    },
    /// The answer to [`Input::Revalidate`].
    Revalidated {
        /// The session.
        session: SessionId,
        /// Whether it lives and belongs here now.
        valid: bool,
    },
    /// The oldest forwarded sync is done.
    Synced,
    /// This server follows no more; close the connection. Nothing follows.
    Ended(Ended),
}

/// Why a learner stops following.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Ended {
    /// There is no connection to the leader.
    Disconnected,
    /// The leader was silent for too long.
    Silence,
    /// The leader did what the protocol does not allow.
    Misbehaved(PeerMisbehaved),
    /// Its history can be relied on again.
    Repaired,
}
