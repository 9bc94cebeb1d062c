use std::sync::atomic::Ordering::Relaxed;

use proto::{ErrorCode, OpCode};
use tree::DataTree;

use super::conn::{Conn, Heavy};
use super::fault::Fault;
use super::info::is_update;
use super::requests::{Lane, Taken};
use crate::metrics::{Advanced, Counter};

/// Requests from this size on are counted while they are with the core.
const HEAVY_BYTES: usize = 16 << 10;
/// A connection with more than this in such requests is not read from.
pub(super) const HEAVY_MAX_BYTES: usize = 8 << 20;
/// So many requests of a connection may be in process above the global limit. Java lets one: then
/// every request costs a turn of its own, and a server under load does more to get less done.
const ABOVE_LIMIT_MAX: u32 = 16;
/// A connection with so many reads behind its writes is not read from: what they bring is
/// bounded by nothing else.
pub(super) const READS_WITH_CORE_MAX: u32 = 64;

/// What keeps clients from having too much in process. All but the global limit is off or wide by
/// default.
impl Lane<'_> {
    /// Above the global limit, connections with requests of their own in process wait
    /// (`ZooKeeperServer.shouldThrottle`).
    pub(super) fn is_throttled(&self, conn: &Conn) -> bool {
        conn.fence.with_core() >= ABOVE_LIMIT_MAX
            && self.shared.stats.in_process.load(Relaxed)
                > i64::from(self.shared.config.limits.global_outstanding)
    }

    /// `RequestThrottler`: above `request_throttle_max_requests` a request waits here.
    /// `None` lets it go on.
    pub(super) fn wait_in_line(
        &mut self,
        conn: &mut Conn,
        xid: i32,
        op: OpCode,
        tree: Option<&DataTree>,
    ) -> Option<Taken> {
        let throttle = &self.shared.config.request_throttle;
        let max = throttle.max_requests?;
        let waited_ms = conn.stalled_us.map_or(0, |since_us| (self.now_us - since_us) / 1000);
        let is_stale = throttle.drop_stale
            && throttle.stale_latency_check
            && waited_ms > i64::from(conn.timeout_ms);
        if is_stale {
            self.shared.metrics.count(Counter::StaleRequestsDropped, 1);
            return Some(Taken::Close(Fault::Stale));
        }
        if self.shared.stats.in_process.load(Relaxed) >= i64::from(max) {
            conn.stalled_us.get_or_insert(self.now_us);
            self.shared.metrics.count(Counter::RequestThrottleWaitCount, 1);
            return Some(self.stall(conn));
        }
        self.shared.metrics.advanced(Advanced::RequestThrottleQueueTimeMs).add(waited_ms);
        let wait_max = throttle.throttled_op_wait_time_ms?;
        let is_exempt = matches!(op, OpCode::Ping | OpCode::CloseSession);
        if is_exempt || waited_ms <= i64::from(wait_max) {
            return None;
        }
        if conn.fence.with_core() > 0 {
            // Replies keep their order: this one comes when those before it have come.
            return Some(self.stall(conn));
        }
        let Some(tree) = tree else { return Some(Taken::WantsTree) };
        self.shared.metrics.count(Counter::ThrottledOps, 1);
        self.reply(conn, xid, tree.last_processed(), ErrorCode::ThrottledOp, false);
        Some(Taken::Yes)
    }

    /// Takes nothing more from the connection until [`super::IoThread`] looks at it again.
    fn stall(&mut self, conn: &mut Conn) -> Taken {
        conn.is_stalled = true;
        self.stalled.push(conn.id);
        Taken::Held
    }

    fn is_large(&self, bytes: usize) -> bool {
        let threshold = self.shared.config.limits.large_request_threshold_bytes;
        threshold.is_some_and(|threshold| bytes > threshold as usize)
    }

    pub(super) fn has_room_for(&self, bytes: usize) -> bool {
        let max = i64::from(self.shared.config.limits.large_request_max_bytes);
        !self.is_large(bytes)
            || self.shared.stats.large_request_bytes.load(Relaxed) + bytes as i64 <= max
    }

    pub(super) fn refuse_large(&self, bytes: usize) -> Fault {
        self.shared.metrics.count(Counter::LargeRequestsRejected, 1);
        Fault::LargeRequest(bytes)
    }

    /// Remembers what a request takes while it is with the core.
    pub(super) fn weigh(&mut self, conn: &mut Conn, bytes: usize) {
        let is_large = self.is_large(bytes);
        if is_large {
            self.shared.stats.large_request_bytes.fetch_add(bytes as i64, Relaxed);
        }
        if is_large || bytes >= HEAVY_BYTES {
            conn.heavy.push_back(Heavy { number: conn.forwarded, bytes, is_large });
            conn.heavy_bytes += bytes;
        }
    }

    /// A reply came: what the request took is free again.
    pub(super) fn release_answered(&mut self, conn: &mut Conn, op: OpCode) {
        conn.answered += 1;
        conn.reads_with_core = conn.reads_with_core.saturating_sub(u32::from(is_read(op)));
        while let Some(heavy) = conn.heavy.front().copied()
            && heavy.number <= conn.answered
        {
            conn.heavy.pop_front();
            conn.heavy_bytes -= heavy.bytes;
            self.release(&heavy);
        }
    }

    /// The connection is gone.
    pub(super) fn release_all(&mut self, conn: &Conn) {
        conn.heavy.iter().for_each(|heavy| self.release(heavy));
    }

    fn release(&self, heavy: &Heavy) {
        if heavy.is_large {
            self.shared.stats.large_request_bytes.fetch_sub(heavy.bytes as i64, Relaxed);
        }
    }
}

/// Whether the core answers the request from the tree.
pub(super) fn is_read(op: OpCode) -> bool {
    !is_update(op) && op != OpCode::Sync
}
