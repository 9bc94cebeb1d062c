use std::sync::atomic::{AtomicI64, AtomicU64, Ordering::Relaxed};

use crate::metrics::Summary;

/// Counters of the whole server (`ServerStats`).
#[derive(Debug)]
pub(crate) struct ServerStats {
    pub(crate) packets_received: AtomicU64,
    pub(crate) packets_sent: AtomicU64,
    /// Latencies of all requests, ms.
    pub(crate) latency: Summary,
    pub(crate) response_sizes: ResponseSizes,
    /// Requests between their arrival and their reply.
    pub(crate) in_process: AtomicI64,
    /// Bytes of the large ones among them.
    pub(crate) large_request_bytes: AtomicI64,
}

/// Sizes of replies and events; -1 before the first (`BufferStats`).
#[derive(Debug)]
pub(crate) struct ResponseSizes {
    last: AtomicI64,
    min: AtomicI64,
    max: AtomicI64,
}

impl ServerStats {
    pub(crate) fn new() -> Self {
        ServerStats {
            packets_received: AtomicU64::new(0),
            packets_sent: AtomicU64::new(0),
            latency: Summary::new(),
            response_sizes: ResponseSizes::new(),
            in_process: AtomicI64::new(0),
            large_request_bytes: AtomicI64::new(0),
        }
    }

    /// What `srst` puts back to the start.
    pub(crate) fn reset(&self) {
        self.packets_received.store(0, Relaxed);
        self.packets_sent.store(0, Relaxed);
        self.latency.reset();
        self.response_sizes.reset();
    }
}

impl ResponseSizes {
    fn new() -> Self {
        ResponseSizes {
            last: AtomicI64::new(-1),
            min: AtomicI64::new(i64::MAX),
            max: AtomicI64::new(-1),
        }
    }

    /// Takes the range of a group of responses and the last of them, in bytes.
    pub(crate) fn add(&self, last: i64, min: i64, max: i64) {
        self.last.store(last, Relaxed);
        self.min.fetch_min(min, Relaxed);
        self.max.fetch_max(max, Relaxed);
    }

    fn reset(&self) {
        self.last.store(-1, Relaxed);
        self.min.store(i64::MAX, Relaxed);
        self.max.store(-1, Relaxed);
    }

    pub(crate) fn last(&self) -> i64 {
        self.last.load(Relaxed)
    }

    pub(crate) fn min(&self) -> i64 {
        Some(self.min.load(Relaxed)).filter(|min| *min != i64::MAX).unwrap_or(-1)
    }

    pub(crate) fn max(&self) -> i64 {
        self.max.load(Relaxed)
    }
}
