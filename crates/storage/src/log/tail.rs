//! What the bytes behind the last good record mean.
//!
//! A crash leaves zeros, a record cut short, or a batch in which some sectors are still as they
//! were before: zeros, because a log is only ever written behind its end. Anything else is
//! damage. The rules, for the first unreadable record at `at`:
//!
//! 1. only zeros follow: the end.
//! 2. a later readable record of a *later* batch: `at` was durable once, damage. A log without
//!    batch marks (Java's) cannot say, so any later readable record is damage.
//! 3. one flipped bit, or another length, makes the record right: damage.
//! 4. a sector of the record is still all zeros, or zeros follow from somewhere inside it to the
//!    end, or the file ends inside it: torn.
//! 5. else damage.

use std::io;

use proto::{OpCode, Zxid};
use simd_adler32::adler32;

use super::format::{self, FRAME_HEAD, FRAME_OVERHEAD, Head};
use super::reader::Tail;
use crate::vfs::{VfsFile, read_full};

/// Disks write at least this much at once.
const SECTOR: u64 = 512;
const WINDOW: usize = 1 << 20;

/// The place where a log stops being readable.
pub(super) struct Unreadable<'a> {
    pub(super) file: &'a dyn VfsFile,
    pub(super) at: u64,
    pub(super) marked: bool,
    pub(super) payload_max: usize,
    pub(super) last_zxid: Zxid,
}

/// What a search behind `at` found.
#[derive(Debug, Default)]
struct Found {
    /// Where the next readable record starts.
    next_record: Option<u64>,
    /// A record that proves that `at` was durable before it was written.
    proof: Option<u64>,
    /// Behind the last byte that is not zero.
    data_end: u64,
}

impl Unreadable<'_> {
    /// The verdict; the inner error says what is damaged.
    pub(super) fn judge(&self) -> io::Result<Result<Tail, String>> {
        let offset = self.at;
        let first = self.frame(self.at)?;
        let found = self.search(self.at + self.resume_behind(&first) as u64)?;
        let data_end = found.data_end.max(data_end_of(&first, self.at));
        if data_end <= self.at {
            return Ok(Ok(Tail::Clean { offset }));
        }
        if let Some(later) = found.proof {
            return Ok(Err(format!(
                "the record cannot be read, but a later one at offset {later} can"
            )));
        }
        let region_end = found.next_record.unwrap_or(data_end);
        if let Some(reason) = self.explained_by_damage(&first, region_end)? {
            return Ok(Err(reason));
        }
        let cut_short = found.next_record.is_none() && self.claimed_end(&first) > data_end;
        if cut_short || self.has_lost_sector(region_end)? {
            return Ok(Ok(Tail::Torn { offset }));
        }
        Ok(Err("the record's checksum or frame is wrong and no crash leaves it so".to_owned()))
    }

    /// The bytes at `at`, up to the length they claim.
    fn frame(&self, at: u64) -> io::Result<Vec<u8>> {
        let mut head = [0; FRAME_HEAD];
        let got = read_full(self.file, &mut head, at)?;
        let whole = Head::parse(&head).frame_len(self.payload_max).filter(|_| got == FRAME_HEAD);
        let mut frame = vec![0; whole.unwrap_or(got)];
        let got = read_full(self.file, &mut frame, at)?;
        frame.truncate(got);
        Ok(frame)
    }

    /// Where to look for later records: not inside a record whose frame is all right, its
    /// payload is what a client sent.
    fn resume_behind(&self, frame: &[u8]) -> usize {
        let claimed = frame.first_chunk().and_then(|h| Head::parse(h).frame_len(self.payload_max));
        match claimed {
            Some(len) if len == frame.len() && format::has_end(frame) => len,
            _ => 1,
        }
    }

    fn search(&self, from: u64) -> io::Result<Found> {
        let frame_max = self.payload_max + FRAME_OVERHEAD;
        let mut window = vec![0; WINDOW + frame_max];
        let mut found = Found::default();
        let mut at = from;
        // All ranges before any read: what is read ahead no longer counts as a hole.
        for range in self.file.data_ranges(from)? {
            // A record starts at most a head before its first byte that is not zero.
            at = at.max(range.start.saturating_sub(FRAME_HEAD as u64));
            while at < range.end {
                let got = read_full(self.file, &mut window, at)?;
                let is_last = got < window.len();
                let end = if is_last { got } else { WINDOW };
                let next = self.search_window(&window[..got], at, end, &mut found);
                if found.proof.is_some() || is_last {
                    return Ok(found);
                }
                at += next as u64;
            }
        }
        Ok(found)
    }

    /// Looks for records that start in `window[..end]`; where to go on.
    fn search_window(&self, window: &[u8], base: u64, end: usize, found: &mut Found) -> usize {
        let mut at = 0;
        found.data_end = found.data_end.max(data_end_of(window, base));
        while at < end {
            let Some(zeros) = leading_zeros(&window[at..]) else {
                return window.len() - FRAME_HEAD.min(window.len());
            };
            at = (at + zeros.saturating_sub(FRAME_HEAD)).min(at.max(end));
            let Some(record) = self.record_at(&window[at..]) else {
                at += 1;
                continue;
            };
            let offset = base + at as u64;
            found.next_record.get_or_insert(offset);
            let batch_start = record.distance.map(|distance| offset.saturating_sub(distance));
            if !self.marked || batch_start.is_some_and(|start| start > self.at) {
                found.proof = Some(offset);
                return at;
            }
            at += record.len;
        }
        at
    }

    fn record_at(&self, bytes: &[u8]) -> Option<Record> {
        let head = Head::parse(bytes.first_chunk()?);
        // The checksum has 32 bits, the field 64: this sorts out nearly every false start.
        u32::try_from(head.checksum).ok()?;
        let len = head.frame_len(self.payload_max)?;
        let frame = bytes.get(..len)?;
        let payload = &frame[FRAME_HEAD..len - 1];
        if !format::has_end(frame) || !self.may_follow(payload) {
            return None;
        }
        format::payload(frame)?;
        let distance = format::split_mark(payload).1.filter(|_| self.marked).map(u64::from);
        Some(Record { len, distance })
    }

    /// Whether a payload's header may stand behind what was read.
    fn may_follow(&self, payload: &[u8]) -> bool {
        let op = payload.get(28..32).and_then(|bytes| bytes.try_into().ok());
        let op = op.map(i32::from_be_bytes).and_then(OpCode::from_code);
        op.is_some() && format::zxid_in(payload) > self.last_zxid
    }

    /// Where the unreadable record says that it ends.
    fn claimed_end(&self, frame: &[u8]) -> u64 {
        let head = frame.first_chunk().map(Head::parse);
        let len = head.and_then(|head| match head.length {
            0 => Some(FRAME_HEAD),
            _ => head.frame_len(self.payload_max),
        });
        len.map_or(u64::MAX, |len| self.at + len as u64)
    }

    /// Rule 3: a change that a crash does not make and that explains the record.
    fn explained_by_damage(&self, frame: &[u8], region_end: u64) -> io::Result<Option<String>> {
        let Some(head) = frame.first_chunk().map(Head::parse) else { return Ok(None) };
        if head.frame_len(self.payload_max) == Some(frame.len()) {
            let payload = &frame[FRAME_HEAD..frame.len() - 1];
            let end = frame.last().copied().unwrap_or_default();
            let right = u64::from(adler32(&payload)) == head.checksum;
            if right && end != 0 {
                return Ok(Some("the byte after the record is not its end mark".to_owned()));
            }
            if format::has_end(frame) && format::one_bit_off(head.checksum, payload) {
                return Ok(Some("one bit of the record has changed".to_owned()));
            }
        }
        self.fits_with_other_length(head, region_end)
    }

    fn fits_with_other_length(&self, head: Head, region_end: u64) -> io::Result<Option<String>> {
        let len = (region_end - self.at) as usize;
        let lengths = FRAME_OVERHEAD + proto::TxnHeader::LEN..=self.payload_max + FRAME_OVERHEAD;
        if !lengths.contains(&len) {
            return Ok(None);
        }
        let mut frame = vec![0; len];
        let got = read_full(self.file, &mut frame, self.at)?;
        frame.truncate(got);
        let fits = got == len
            && format::has_end(&frame)
            && u64::from(adler32(&&frame[FRAME_HEAD..len - 1])) == head.checksum;
        Ok(fits.then(|| format!("the record's length {} is not what was written", head.length)))
    }

    /// Whether a sector of the unreadable region was never written.
    fn has_lost_sector(&self, region_end: u64) -> io::Result<bool> {
        let mut sector = [0; SECTOR as usize];
        let mut start = self.at;
        while start < region_end {
            let end = (start / SECTOR * SECTOR + SECTOR).min(region_end);
            let bytes = &mut sector[..(end - start) as usize];
            let got = read_full(self.file, bytes, start)?;
            // The upper half of the checksum is zero in every record and proves nothing.
            let proves = end > self.at + 4;
            if proves && bytes[..got].iter().all(|byte| *byte == 0) {
                return Ok(true);
            }
            start = end;
        }
        Ok(false)
    }
}

/// A readable record found by search.
struct Record {
    len: usize,
    /// How far before it its batch starts, if it says so.
    distance: Option<u64>,
}

/// Behind the last byte of `bytes` that is not zero; 0 when there is none.
fn data_end_of(bytes: &[u8], base: u64) -> u64 {
    let blocks = bytes.len().div_ceil(BLOCK);
    let last =
        (0..blocks).rev().map(|block| block * BLOCK).find(|at| !is_zero(block_at(bytes, *at)));
    let last = last.and_then(|at| {
        block_at(bytes, at).iter().rposition(|byte| *byte != 0).map(|within| at + within)
    });
    last.map_or(0, |last| base + last as u64 + 1)
}

/// How many zeros `bytes` starts with; `None` when there is nothing else.
fn leading_zeros(bytes: &[u8]) -> Option<usize> {
    let zero_blocks = bytes.chunks(BLOCK).take_while(|block| is_zero(block)).count();
    let at = zero_blocks * BLOCK;
    let within = block_at(bytes, at).iter().position(|byte| *byte != 0)?;
    Some(at + within)
}

/// Long enough for whole vectors, short enough for the cache.
const BLOCK: usize = 256;

fn block_at(bytes: &[u8], at: usize) -> &[u8] {
    let rest = bytes.get(at..).unwrap_or_default();
    &rest[..rest.len().min(BLOCK)]
}

fn is_zero(block: &[u8]) -> bool {
    block.iter().fold(0, |seen, byte| seen | byte) == 0
}

/// Behind the last byte at or after `from` that is not zero; 0 when there is none.
pub(super) fn data_end(file: &dyn VfsFile, from: u64) -> io::Result<u64> {
    let mut window = vec![0; WINDOW];
    let mut end = 0;
    for range in file.data_ranges(from)? {
        let mut at = range.start;
        while at < range.end {
            let got = read_full(file, &mut window, at)?;
            if got == 0 {
                break;
            }
            end = end.max(data_end_of(&window[..got], at));
            at += got as u64;
        }
    }
    Ok(end)
}
