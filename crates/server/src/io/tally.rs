use std::sync::atomic::Ordering::Relaxed;

use super::info::{Answered, is_update};
use crate::metrics::{Advanced, Counter, Metrics};
use crate::stats::ServerStats;

/// What one round of an I/O thread adds to the server's counters, put together so that threads
/// do not fight for them with every request.
#[derive(Debug, Default)]
pub(super) struct Tally {
    pub(super) packets_received: u64,
    pub(super) packets_sent: u64,
    pub(super) bytes_received: i64,
    pub(super) watch_bytes: i64,
    response_bytes: i64,
    response_last: i64,
    response_min: i64,
    response_max: i64,
    responses: u32,
    all_ms: Vec<i64>,
    reads_ms: Vec<i64>,
    updates_ms: Vec<i64>,
}

impl Tally {
    /// A reply or event of `len` bytes, its length field not counted.
    pub(super) fn response(&mut self, len: usize) {
        let len = len as i64;
        self.packets_sent += 1;
        self.response_bytes += len;
        self.response_last = len;
        self.response_min = if self.responses == 0 { len } else { self.response_min.min(len) };
        self.response_max = self.response_max.max(len);
        self.responses += 1;
    }

    pub(super) fn answered(&mut self, request: &Answered) {
        self.all_ms.push(request.latency_ms);
        if is_update(request.op) {
            self.updates_ms.push(request.latency_ms);
        } else {
            self.reads_ms.push(request.latency_ms);
        }
    }

    /// Adds everything to the server's counters and starts again.
    pub(super) fn hand_in(&mut self, stats: &ServerStats, metrics: &Metrics) {
        if self.packets_received > 0 {
            stats.packets_received.fetch_add(self.packets_received, Relaxed);
            metrics.count(Counter::BytesReceivedCount, self.bytes_received);
        }
        if self.packets_sent > 0 {
            stats.packets_sent.fetch_add(self.packets_sent, Relaxed);
        }
        if self.responses > 0 {
            stats.response_sizes.add(self.response_last, self.response_min, self.response_max);
            metrics.count(Counter::ResponseBytes, self.response_bytes - self.watch_bytes);
            metrics.count(Counter::WatchBytes, self.watch_bytes);
        }
        stats.latency.add_all(&self.all_ms);
        metrics.advanced(Advanced::Readlatency).add_all(&self.reads_ms);
        metrics.advanced(Advanced::Updatelatency).add_all(&self.updates_ms);
        self.clear();
    }

    /// Keeps the allocations.
    fn clear(&mut self) {
        let (mut all_ms, mut reads_ms, mut updates_ms) = (
            std::mem::take(&mut self.all_ms),
            std::mem::take(&mut self.reads_ms),
            std::mem::take(&mut self.updates_ms),
        );
        all_ms.clear();
        reads_ms.clear();
        updates_ms.clear();
        *self = Tally { all_ms, reads_ms, updates_ms, ..Tally::default() };
    }
}
