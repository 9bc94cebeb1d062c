//! The bytes of a transaction log.
//!
//! A header of 16 bytes, then records: Adler-32 of the payload as a long, its length, the payload,
//! `B`. Zeros follow up to the preallocated end.
//!
//! # Batch marks
//!
//! The last four bytes of a payload that Oxkeeper writes are a *batch mark*: how far before this
//! record the batch starts that it was synced with. A batch is only begun after the one before it
//! is durable, so a record that can be read proves that everything before its batch was. This
//! tells a tail that a power loss tore apart, sectors in any order, from damage to acknowledged
//! records. Java ignores bytes behind a transaction, and the dbid in the header, which it neither
//! sets nor checks, says that marks are there.

use simd_adler32::adler32;

pub(super) const HEADER_LEN: usize = 16;
pub(super) const MAGIC: u32 = u32::from_be_bytes(*b"ZKLG");
const VERSION: u32 = 2;
/// The dbid of a log whose payloads end with batch marks.
const DBID_MARKED: i64 = i64::from_be_bytes(*b"OXKBATCH");
const DBID_JAVA: i64 = 0;

/// Checksum and length in front of a payload.
pub(super) const FRAME_HEAD: usize = 12;
/// Bytes of a record that are not payload.
pub(super) const FRAME_OVERHEAD: usize = FRAME_HEAD + 1;
const END_OF_RECORD: u8 = b'B';
pub(super) const MARK_LEN: usize = 4;
/// A mark that does not know where its batch starts.
const MARK_UNKNOWN: u32 = u32::MAX;

/// The header of a log that Oxkeeper writes.
pub(super) fn header() -> [u8; HEADER_LEN] {
    let mut header = [0; HEADER_LEN];
    header[..4].copy_from_slice(&MAGIC.to_be_bytes());
    header[4..8].copy_from_slice(&VERSION.to_be_bytes());
    header[8..].copy_from_slice(&DBID_MARKED.to_be_bytes());
    header
}

/// What a header says about the records behind it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum HeaderKind {
    Java,
    Marked,
    WrongMagic(u32),
    /// Java writes 0 and nobody else writes logs: bits have changed.
    UnknownDbid,
}

pub(super) fn parse_header(header: &[u8; HEADER_LEN]) -> HeaderKind {
    let (head, dbid) = header.split_at(8);
    let magic = u32::from_be_bytes([head[0], head[1], head[2], head[3]]);
    if magic != MAGIC {
        return HeaderKind::WrongMagic(magic);
    }
    match i64::from_be_bytes(dbid.try_into().unwrap_or_default()) {
        DBID_JAVA => HeaderKind::Java,
        DBID_MARKED => HeaderKind::Marked,
        _ => HeaderKind::UnknownDbid,
    }
}

/// Appends a record that starts `distance` bytes behind the start of its batch; `None` when no
/// batch is ever synced.
pub(super) fn put_record(out: &mut Vec<u8>, txn: &[u8], distance: Option<usize>) {
    let mark = distance.and_then(|d| u32::try_from(d).ok()).unwrap_or(MARK_UNKNOWN);
    let length = i32::try_from(txn.len() + MARK_LEN).expect("a transaction is far below 2 GiB");
    let start = out.len();
    out.extend_from_slice(&[0; 8]);
    out.extend_from_slice(&length.to_be_bytes());
    out.extend_from_slice(txn);
    out.extend_from_slice(&mark.to_be_bytes());
    let checksum = u64::from(adler32(&&out[start + FRAME_HEAD..]));
    out[start..start + 8].copy_from_slice(&checksum.to_be_bytes());
    out.push(END_OF_RECORD);
}

/// The fields of a record's head, unchecked.
#[derive(Debug, Clone, Copy)]
pub(super) struct Head {
    pub(super) checksum: u64,
    pub(super) length: i32,
}

impl Head {
    pub(super) fn parse(bytes: &[u8; FRAME_HEAD]) -> Self {
        let [c0, c1, c2, c3, c4, c5, c6, c7, length @ ..] = *bytes;
        let checksum = u64::from_be_bytes([c0, c1, c2, c3, c4, c5, c6, c7]);
        Head { checksum, length: i32::from_be_bytes(length) }
    }

    /// The length of the whole record if its payload may be that long.
    pub(super) fn frame_len(self, payload_max: usize) -> Option<usize> {
        let length = usize::try_from(self.length).ok()?;
        (1..=payload_max).contains(&length).then_some(length + FRAME_OVERHEAD)
    }
}

/// The payload of a record that is all there, with a right checksum and its end byte.
pub(super) fn payload(frame: &[u8]) -> Option<&[u8]> {
    let (head, rest) = frame.split_first_chunk()?;
    let (end, payload) = rest.split_last()?;
    let intact = *end == END_OF_RECORD
        && u64::from(adler32(&payload)) == Head::parse(head).checksum
        && payload.len() >= proto::TxnHeader::LEN;
    intact.then_some(payload)
}

/// Whether a record's last byte is there.
pub(super) fn has_end(frame: &[u8]) -> bool {
    frame.last() == Some(&END_OF_RECORD)
}

/// The payload's mark, as the distance to the start of the batch.
pub(super) fn split_mark(payload: &[u8]) -> (&[u8], Option<u32>) {
    match payload.split_last_chunk::<MARK_LEN>() {
        Some((txn, mark)) => {
            (txn, Some(u32::from_be_bytes(*mark)).filter(|mark| *mark != MARK_UNKNOWN))
        }
        None => (payload, None),
    }
}

/// The zxid in a payload that is at least a transaction header long.
pub(super) fn zxid_in(payload: &[u8]) -> proto::Zxid {
    let zxid = payload.get(12..20).and_then(|bytes| bytes.try_into().ok()).unwrap_or_default();
    proto::Zxid(i64::from_be_bytes(zxid))
}

/// Whether flipping one bit of the payload or of the stored checksum makes the two agree.
///
/// Adler-32 keeps two sums: flipping bit k of byte i changes the first by 2^k and the second by
/// 2^k * (length - i), so the difference of both sums names the byte.
pub(super) fn one_bit_off(stored: u64, payload: &[u8]) -> bool {
    const BASE: i64 = 65521;
    let computed = adler32(&payload);
    if (stored ^ u64::from(computed)).count_ones() == 1 {
        return true;
    }
    let Ok(stored) = u32::try_from(stored) else { return false };
    let low = |sum: u32| i64::from(sum & 0xffff);
    let high = |sum: u32| i64::from(sum >> 16);
    let (da, db) = (low(computed) - low(stored), high(computed) - high(stored));
    let step = |bit: u8, sign: i64| {
        let change = sign << bit;
        (da - change).rem_euclid(BASE) == 0
            && payload.iter().enumerate().any(|(i, byte)| {
                let is_set = byte >> bit & 1 == 1;
                let weight = (payload.len() - i) as i64 % BASE;
                is_set == (sign > 0) && (db - change * weight).rem_euclid(BASE) == 0
            })
    };
    (0..8).any(|bit| step(bit, 1) || step(bit, -1))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_record_has_the_layout_java_reads() {
        let mut out = Vec::new();
        put_record(&mut out, &[7; 40], Some(99));
        assert_eq!(&out[..4], &[0; 4]);
        assert_eq!(&out[8..12], &[0, 0, 0, 44]);
        assert_eq!(out.len(), 44 + FRAME_OVERHEAD);
        assert_eq!(out.last(), Some(&0x42));
        let (txn, mark) = split_mark(payload(&out).unwrap());
        assert_eq!((txn, mark), (&[7; 40][..], Some(99)));
    }

    #[test]
    fn every_single_flip_is_recognised_as_one() {
        let data: Vec<u8> = (0..600_u32).map(|i| (i * i % 251) as u8).collect();
        let stored = u64::from(adler32(&&data[..]));
        for bit in (0..data.len() * 8).step_by(7) {
            let mut flipped = data.clone();
            flipped[bit / 8] ^= 1 << (bit % 8);
            assert!(one_bit_off(stored, &flipped), "bit {bit}");
        }
        for bit in 0..64 {
            assert!(one_bit_off(stored ^ 1 << bit, &data), "checksum bit {bit}");
        }
        let mut torn = data.clone();
        torn[88..].fill(0);
        assert!(!one_bit_off(stored, &torn));
    }
}
