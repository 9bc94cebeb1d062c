use std::collections::{BTreeMap, BTreeSet, VecDeque};

use proto::ServerId;
use zab::wire::QuorumPacket;

use crate::entry::Entry;

/// What travels between a leader and a learner.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Freight {
    Packet(QuorumPacket),
    /// The stream of a snapshot, behind its SNAP packet.
    Snapshot(Vec<Entry>),
}

/// A quorum connection; each direction is in order.
#[derive(Debug)]
pub(crate) struct Conn {
    pub(crate) learner: ServerId,
    pub(crate) leader: ServerId,
    /// Learner to leader, leader to learner.
    pub(crate) lanes: [Lane; 2],
}

#[derive(Debug, Default)]
pub(crate) struct Lane {
    pub(crate) cargo: VecDeque<Freight>,
    /// When the last one that is under way arrives.
    pub(crate) busy_until_ms: i64,
}

/// Who cannot reach whom, and what is under way.
#[derive(Debug, Default)]
pub(crate) struct Network {
    pub(crate) conns: BTreeMap<u64, Conn>,
    pub(crate) last_conn: u64,
    pub(crate) blocked: BTreeSet<(ServerId, ServerId)>,
    /// The newest notification between two servers.
    pub(crate) votes: BTreeMap<(ServerId, ServerId), Vec<u8>>,
}

impl Network {
    pub(crate) fn passes(&self, from: ServerId, to: ServerId) -> bool {
        !self.blocked.contains(&(from, to))
    }

    pub(crate) fn linked(&self, a: ServerId, b: ServerId) -> bool {
        self.passes(a, b) && self.passes(b, a)
    }

    /// The connections of a server.
    pub(crate) fn of(&self, server: ServerId) -> Vec<u64> {
        let concerned = |conn: &Conn| conn.learner == server || conn.leader == server;
        self.conns.iter().filter(|(_, conn)| concerned(conn)).map(|(id, _)| *id).collect()
    }
}

impl Conn {
    /// From whom to whom a lane leads.
    pub(crate) fn ends(&self, lane: usize) -> (ServerId, ServerId) {
        match lane {
            0 => (self.learner, self.leader),
            _ => (self.leader, self.learner),
        }
    }
}
