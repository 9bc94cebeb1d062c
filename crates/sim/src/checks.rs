//! What must always be true. The names are those of the list of invariants.

use std::collections::BTreeMap;

use proto::{ServerId, Zxid};
use zab::Epoch;
use zab::quorum::Quorums;

use crate::Violation;
use crate::disk::Disk;
use crate::entry::{self, Entry, agree, holds, last_zxid};

/// What nobody inside can see: the truth about what happened so far.
#[derive(Debug, Default)]
pub(crate) struct Ghost {
    /// Everything committed, in order.
    pub(crate) committed: Vec<Entry>,
    /// Who led which epoch.
    pub(crate) established: BTreeMap<Epoch, ServerId>,
    /// The history that an epoch began with.
    pub(crate) initial: BTreeMap<Epoch, Vec<Entry>>,
    /// To whom a server promised an epoch in a way that counts.
    promises: BTreeMap<(ServerId, Epoch), ServerId>,
    /// The highest epochs a disk ever had for certain.
    floors: BTreeMap<ServerId, (Epoch, Epoch)>,
    /// The vote a server last told in a round, while it looked.
    votes: BTreeMap<(ServerId, u32, i64), (i64, Zxid, ServerId)>,
    pub(crate) violation: Option<Violation>,
}

impl Ghost {
    pub(crate) fn violated(&mut self, at_ms: i64, rule: &'static str, what: String) {
        if self.violation.is_none() {
            self.violation = Some(Violation { rule, at_ms, what });
        }
    }

    pub(crate) fn check(
        &mut self,
        at_ms: i64,
        ok: bool,
        rule: &'static str,
        what: &dyn Fn() -> String,
    ) {
        if !ok {
            self.violated(at_ms, rule, what());
        }
    }

    /// Somebody takes `history` for committed.
    pub(crate) fn commit(&mut self, at_ms: i64, who: ServerId, history: &[Entry]) {
        if !agree(&self.committed, history) {
            let what = format!(
                "server {who} commits up to {} what differs from the {} commits before",
                last_zxid(history),
                self.committed.len()
            );
            return self.violated(at_ms, "Z5-Z9 agreement", what);
        }
        if let Some(more) = history.get(self.committed.len()..) {
            self.committed.extend_from_slice(more);
        }
    }

    pub(crate) fn establish(&mut self, at_ms: i64, epoch: Epoch, who: ServerId) {
        if let Some(other) = self.established.insert(epoch, who) {
            let what = format!("epoch {epoch} was led by {other} and is now led by {who}");
            self.violated(at_ms, "Z1 unique primary", what);
        }
    }

    /// A promise that counts leaves a server.
    pub(crate) fn promise(&mut self, at_ms: i64, who: ServerId, epoch: Epoch, to: ServerId) {
        let before = *self.promises.entry((who, epoch)).or_insert(to);
        self.check(at_ms, before == to, "Z2 epoch promise", &|| {
            format!("server {who} promised epoch {epoch} to {before} and to {to}")
        });
    }

    /// A server that looks tells its vote: never a worse one in the same round.
    pub(crate) fn vote(
        &mut self,
        at_ms: i64,
        who: (ServerId, u32, i64),
        vote: (i64, Zxid, ServerId),
    ) {
        let before = *self.votes.entry(who).or_insert(vote);
        self.check(at_ms, vote >= before, "E3 one vote content", &|| {
            format!("server {} votes {vote:?} after {before:?} in round {}", who.0, who.2)
        });
        self.votes.insert(who, vote);
    }

    /// The disk of a server, whatever just happened to it.
    pub(crate) fn disk(&mut self, at_ms: i64, who: ServerId, disk: &Disk) {
        let (accepted, current) = (disk.durable.accepted, disk.durable.current);
        let floor = self.floors.get(&who).copied().unwrap_or_default();
        self.check(at_ms, accepted >= floor.0 && current >= floor.1, "Z2 epoch promise", &|| {
            format!("server {who} had epochs {floor:?} on its disk, now {accepted} and {current}")
        });
        self.check(at_ms, current <= accepted, "Z2 epoch promise", &|| {
            format!("server {who} has current epoch {current} above accepted epoch {accepted}")
        });
        self.floors.insert(who, (accepted, current));
        let below = entry::count_upto(&self.committed, Zxid(current.start().0 - 1));
        let history = disk.durable.history();
        let complete = holds(&history, &self.committed[..below]);
        let wanted = last_zxid(&self.committed[..below]);
        self.check(at_ms, complete, "Z4 epoch and history", &|| {
            format!(
                "server {who} has epoch {current} and a history up to {}, {wanted} was committed \
                 below it",
                last_zxid(&history)
            )
        });
        let hole = disk
            .view
            .log
            .windows(2)
            .find(|pair| !zab::history::extends(pair[0].zxid, pair[1].zxid));
        self.check(at_ms, hole.is_none(), "Z16 contiguous log", &|| {
            let pair: Vec<_> = hole.into_iter().flatten().map(|entry| entry.zxid).collect();
            format!("server {who} has {pair:?} side by side in its log")
        });
        self.check(at_ms, agree(&disk.durable.snapshot, &self.committed), "Z24 snapshot", &|| {
            format!(
                "server {who} has a snapshot up to {} with something that is not committed",
                last_zxid(&disk.durable.snapshot)
            )
        });
    }

    pub(crate) fn forget_disk(&mut self, who: ServerId) {
        self.floors.remove(&who);
        self.promises.retain(|(server, _), _| *server != who);
    }

    /// What is committed is on enough disks, whatever is lost now.
    pub(crate) fn durable(
        &mut self,
        at_ms: i64,
        quorums: &Quorums,
        disks: &BTreeMap<ServerId, &Disk>,
    ) {
        let without = |server: ServerId| {
            // A server whose disk was lost is not asked until it is repaired.
            disks
                .get(&server)
                .is_some_and(|disk| !disk.wiped && !holds(&disk.durable.history(), &self.committed))
        };
        if quorums.is_quorum(without) {
            let what = format!(
                "a quorum lacks part of what is committed up to {}",
                last_zxid(&self.committed)
            );
            self.violated(at_ms, "Z14 durability", what);
        }
    }
}
