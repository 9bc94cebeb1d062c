use proto::{SessionId, TxnHeader, Zxid};
use zab::wire::{Payload, ProposedTxn};

/// A transaction in a history, with a hash of everything up to and including it: two histories
/// that agree in one chain value agree in everything before.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Entry {
    pub(crate) zxid: Zxid,
    pub(crate) record: Payload,
    pub(crate) chain: u64,
}

/// The end of a history.
pub(crate) fn last_zxid(history: &[Entry]) -> Zxid {
    history.last().map_or(Zxid::ZERO, |entry| entry.zxid)
}

/// How many entries are at or before `zxid`.
pub(crate) fn count_upto(history: &[Entry], zxid: Zxid) -> usize {
    history.partition_point(|entry| entry.zxid <= zxid)
}

/// Whether the shorter of both is a beginning of the longer.
pub(crate) fn agree(a: &[Entry], b: &[Entry]) -> bool {
    match a.len().min(b.len()) {
        0 => true,
        shared => a[shared - 1].chain == b[shared - 1].chain,
    }
}

/// Whether `history` holds all of `wanted`.
pub(crate) fn holds(history: &[Entry], wanted: &[Entry]) -> bool {
    history.len() >= wanted.len() && agree(history, wanted)
}

pub(crate) fn append(history: &mut Vec<Entry>, txn: ProposedTxn) {
    let before = history.last().map_or(0xcbf2_9ce4_8422_2325, |entry| entry.chain);
    let bytes = txn.zxid.0.to_be_bytes().into_iter().chain(txn.record.iter().copied());
    let chain = bytes.fold(before, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3).rotate_left(5)
    });
    history.push(Entry { zxid: txn.zxid, record: txn.record, chain });
}

/// A transaction that nobody else makes.
pub(crate) fn record(zxid: Zxid, unique: i32) -> Payload {
    let mut out = Vec::with_capacity(TxnHeader::LEN + 4);
    let header = TxnHeader { client_id: SessionId(1), cxid: unique, zxid, time_ms: 0, op: -1 };
    header.encode(&mut out);
    out.extend_from_slice(&unique.to_be_bytes());
    out.into()
}
