use proto::{ServerId, Zxid};

use crate::Epoch;

/// One learner, from the leader's side.
#[derive(Debug)]
pub(super) struct Peer {
    pub(super) stage: Stage,
    /// Who it is; `None` until it has introduced itself.
    pub(super) identity: Option<Identity>,
    /// When something last came from it.
    pub(super) heard_ms: i64,
    /// How far its history reached when it got NEWLEADER.
    pub(super) synced_to: Zxid,
    /// The oldest proposal it has not acknowledged, and when that was sent.
    pub(super) unacked: Option<(Zxid, i64)>,
    /// The newest proposal sent, and when, if it is not the same.
    pub(super) newest_sent: Option<(Zxid, i64)>,
    /// PINGs that it has to answer, and has.
    pub(super) pings: u64,
    pub(super) pongs: u64,
}

#[derive(Debug, Clone, Copy)]
pub(super) struct Identity {
    pub(super) server: ServerId,
    pub(super) accepted: Epoch,
    /// Whether it came as a follower. A voter that comes as an observer is not counted.
    pub(super) follower: bool,
}

/// How far a learner has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Stage {
    /// Connected, it has to introduce itself.
    New,
    /// Introduced, there is no epoch yet.
    Introduced,
    /// It was told the epoch and has to promise it.
    Told,
    /// It promised, but a quorum has not. `last` is where its history ends.
    Promised { last: Zxid, counts: bool },
    /// Everything up to NEWLEADER was sent. An early ack is remembered.
    Synchronizing { early_ack: Option<Zxid> },
    /// It has the whole history, the epoch is not established.
    Synchronized,
    /// It was told to serve.
    Serving,
}

impl Peer {
    pub(super) fn new(now_ms: i64) -> Self {
        Peer {
            stage: Stage::New,
            identity: None,
            heard_ms: now_ms,
            synced_to: Zxid::ZERO,
            unacked: None,
            newest_sent: None,
            pings: 0,
            pongs: 0,
        }
    }

    /// Whether it gets what is proposed and committed from now on.
    pub(super) fn is_in_broadcast(&self) -> bool {
        matches!(self.stage, Stage::Synchronizing { .. } | Stage::Synchronized | Stage::Serving)
    }

    pub(super) fn is_follower(&self) -> bool {
        self.identity.is_some_and(|identity| identity.follower)
    }

    /// The server, if its word counts in a quorum.
    pub(super) fn counted_as(&self) -> Option<ServerId> {
        self.identity.filter(|identity| identity.follower).map(|identity| identity.server)
    }

    /// A proposal leaves for it (`SyncLimitCheck.updateProposal`).
    pub(super) fn sent(&mut self, zxid: Zxid, now_ms: i64) {
        if self.unacked.is_none() {
            self.unacked = Some((zxid, now_ms));
        } else {
            self.newest_sent = Some((zxid, now_ms));
        }
    }

    /// It has everything up to `zxid` (`SyncLimitCheck.updateAck`).
    pub(super) fn acked(&mut self, zxid: Zxid) {
        if self.unacked.is_some_and(|(oldest, _)| oldest <= zxid) {
            self.unacked = self.newest_sent.take().filter(|(newest, _)| *newest > zxid);
        }
    }
}
