//! What the leader says, in which phase it may say it, and what follows.

use proto::Zxid;

use super::machine::{Learner, Phase};
use super::{Kind, Output};
use crate::disk::Duty;
use crate::history::extends;
use crate::wire::{FromLeader, FromLearner, ProposedTxn};
use crate::{PeerMisbehaved, planted};

impl Learner {
    pub(super) fn receive(&mut self, packet: FromLeader) -> Result<(), PeerMisbehaved> {
        use FromLeader as Say;
        let streaming = self.phase >= Phase::Synchronizing;
        let up = matches!(self.phase, Phase::CatchingUp | Phase::Serving);
        match (self.phase, packet) {
            (Phase::Introducing, Say::LeaderInfo { epoch, .. }) => return self.promise(epoch),
            // What is on a disk that cannot be relied on has no place before what comes now.
            (Phase::Waiting, Say::Diff { .. }) if self.own.is_none() => self.truncate(Zxid::ZERO),
            (Phase::Waiting, Say::Diff { .. }) => self.synchronize_from(self.received),
            (Phase::Waiting, Say::Trunc { zxid }) => self.truncate(zxid),
            (Phase::Waiting, Say::Snap { zxid }) => {
                self.phase = Phase::Receiving;
                self.staged_snapshot = Some(zxid);
                self.outputs.push_back(Output::ReceiveSnapshot { zxid });
            }
            (Phase::Synchronizing, Say::NewLeader { epoch, .. }) => {
                if epoch != self.epoch {
                    let (expected, got) = (self.epoch, epoch);
                    return Err(PeerMisbehaved::WrongEpoch { expected, got });
                }
                self.newleader();
            }
            (Phase::Complete, Say::UpToDate) => self.up_to_date(),
            (_, Say::Proposal(txn)) if streaming && self.takes_proposals() => {
                return self.propose(txn);
            }
            (_, Say::Commit { zxid }) if streaming && self.takes_proposals() => {
                return self.commit(zxid);
            }
            (_, Say::CommitAndActivate { zxid, designated_leader }) if streaming => {
                self.commit(zxid)?;
                self.outputs.push_back(Output::Activate { zxid, designated_leader });
            }
            (_, Say::Inform(txn)) if streaming && self.kind == Kind::Observer => {
                return self.inform(txn);
            }
            (_, Say::InformAndActivate { txn, designated_leader })
                if streaming && self.kind == Kind::Observer =>
            {
                let zxid = txn.zxid;
                self.inform(txn)?;
                self.outputs.push_back(Output::Activate { zxid, designated_leader });
            }
            (_, Say::Ping { zxid }) if streaming => {
                // Before UPTODATE it is only a sign of life: Java's leader takes the first
                // answer for the ACK of NEWLEADER.
                if up {
                    self.outputs.push_back(Output::Pinged { zxid });
                }
            }
            (_, Say::Revalidate { session, valid }) if up => {
                self.outputs.push_back(Output::Revalidated { session, valid });
            }
            (_, Say::Sync) if up => self.outputs.push_back(Output::Synced),
            (phase, packet) => {
                let kind = packet.to_packet().kind;
                return Err(PeerMisbehaved::OutOfPlace { kind, during: during(phase) });
            }
        }
        Ok(())
    }

    pub(super) fn snapshot_received(&mut self) {
        let (Phase::Receiving, Some(zxid)) = (self.phase, self.staged_snapshot) else { return };
        if planted::p10_snapshot_in_place() {
            self.duty(Duty::InstallSnapshot { zxid, upto: zxid });
        }
        self.synchronize_from(zxid);
    }

    fn truncate(&mut self, to: Zxid) {
        self.truncating = true;
        self.durable = to;
        self.duty(Duty::Truncate { to });
        self.synchronize_from(to);
    }

    /// The history up to `base` is the leader's.
    fn synchronize_from(&mut self, base: Zxid) {
        self.phase = Phase::Synchronizing;
        self.received = base;
        self.leader_committed = base;
    }

    /// An observer is synchronized by proposals and commits, and informed afterwards.
    fn takes_proposals(&self) -> bool {
        self.kind == Kind::Follower || self.phase == Phase::Synchronizing
    }

    fn propose(&mut self, txn: ProposedTxn) -> Result<(), PeerMisbehaved> {
        if !extends(self.received, txn.zxid) && !planted::p05_no_contiguity_check() {
            let (last, got) = (self.received, txn.zxid);
            return Err(PeerMisbehaved::ProposalOutOfOrder { last, got });
        }
        self.received = txn.zxid;
        self.uncommitted.push_back(txn.zxid);
        if self.kind == Kind::Follower {
            self.to_ack.push_back(txn.zxid);
        }
        self.duty(Duty::Append(txn));
        if planted::p03_ack_proposal_early() {
            self.acknowledge();
        }
        Ok(())
    }

    /// A commit names the oldest proposal that is not committed, in every phase.
    fn commit(&mut self, zxid: Zxid) -> Result<(), PeerMisbehaved> {
        let expected = self.uncommitted.front().copied();
        if expected != Some(zxid) {
            return Err(PeerMisbehaved::CommitOutOfOrder { expected, got: zxid });
        }
        self.uncommitted.pop_front();
        self.leader_committed = zxid;
        // What came as decided needs no ack of its own, NEWLEADER's covers it.
        if self.phase == Phase::Synchronizing {
            self.to_ack.pop_front_if(|waiting| *waiting == zxid);
        }
        self.apply();
        Ok(())
    }

    fn inform(&mut self, txn: ProposedTxn) -> Result<(), PeerMisbehaved> {
        let zxid = txn.zxid;
        self.propose(txn)?;
        self.commit(zxid)
    }

    fn up_to_date(&mut self) {
        self.phase = Phase::CatchingUp;
        self.was_established = true;
        self.serve_from = self.leader_committed;
        self.outputs.push_back(Output::Established { epoch: self.epoch });
        self.say(FromLearner::Ack { zxid: self.epoch.start() });
        self.apply();
    }
}

fn during(phase: Phase) -> &'static str {
    match phase {
        Phase::Connecting | Phase::Introducing => "instead of LEADERINFO",
        Phase::Promising => "before ACKEPOCH",
        Phase::Waiting => "instead of DIFF, TRUNC or SNAP",
        Phase::Receiving => "inside of a snapshot",
        Phase::Synchronizing => "during synchronization",
        Phase::CompletingHistory | Phase::CompletingEpoch => "before the ACK of NEWLEADER",
        Phase::Complete => "instead of UPTODATE",
        Phase::CatchingUp | Phase::Serving | Phase::Ended => "during broadcast",
    }
}
