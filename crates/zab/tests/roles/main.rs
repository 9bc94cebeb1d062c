//! Leader and learner, one message at a time: what may leave only after what.

mod leading;
mod learning;

use proto::{ServerId, SessionId, TxnHeader, Zxid};
use zab::Epoch;
use zab::history::{History, Position};
use zab::quorum::{Quorums, Verifier};
use zab::wire::{LearnerInfo, ProposedTxn};

/// A transaction in the form of the log.
fn txn(epoch: u32, counter: u32) -> ProposedTxn {
    let zxid = Zxid::new(epoch, counter);
    let mut record = Vec::new();
    TxnHeader { client_id: SessionId(1), cxid: 1, zxid, time_ms: 0, op: -1 }.encode(&mut record);
    ProposedTxn { zxid, record: record.into() }
}

fn position(accepted: u32, current: u32, last: Zxid) -> Position {
    let (accepted, current) = (Epoch(accepted), Epoch(current));
    Position { accepted, current, last, committed: Zxid::ZERO }
}

fn three_voters() -> Quorums {
    Quorums::new(Verifier::majority((1..=3).map(ServerId)).expect("voters"))
}

fn info(server: i64) -> LearnerInfo {
    LearnerInfo { server: Some(ServerId(server)), protocol_version: 0x10000, config_version: 0 }
}

/// A history of every entry of an epoch up to a counter.
struct Upto(Zxid);

impl History for Upto {
    fn floor(&self, zxid: Zxid) -> Option<Zxid> {
        Some(zxid.min(self.0))
    }

    fn snapshot_zxid(&self) -> Zxid {
        self.0
    }

    fn is_worth_replaying(&self, _after: Zxid, _upto: Zxid) -> bool {
        true
    }
}
