use std::collections::BTreeMap;

use peer::ConnId;

/// When to look at which connection for idleness (`ExpiryQueue` of connections).
///
/// Nothing is done when a connection moves: it is looked at in its old place and put where it
/// belongs then.
#[derive(Debug)]
pub(super) struct Expiry {
    interval_ms: i64,
    buckets: BTreeMap<i64, Vec<ConnId>>,
}

impl Expiry {
    pub(super) fn new(interval_ms: i64) -> Self {
        Expiry { interval_ms: interval_ms.max(1), buckets: BTreeMap::new() }
    }

    /// The first multiple of the interval after `time_ms`.
    pub(super) fn round_up(&self, time_ms: i64) -> i64 {
        (time_ms / self.interval_ms + 1) * self.interval_ms
    }

    /// Looks at `conn` at `at_ms`.
    pub(super) fn put(&mut self, conn: ConnId, at_ms: i64) {
        self.buckets.entry(at_ms).or_default().push(conn);
    }

    /// When to call [`Expiry::take_due`] next.
    pub(super) fn next_ms(&self) -> Option<i64> {
        self.buckets.first_key_value().map(|(at_ms, _)| *at_ms)
    }

    /// The connections to look at now.
    pub(super) fn take_due(&mut self, now_ms: i64) -> Option<Vec<ConnId>> {
        let first = self.buckets.first_entry().filter(|first| *first.key() <= now_ms)?;
        Some(first.remove())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn connections_are_looked_at_when_their_bucket_is_due() {
        let mut expiry = Expiry::new(10);
        assert_eq!(expiry.round_up(10), 20);
        expiry.put(ConnId(1), 20);
        expiry.put(ConnId(2), 20);
        assert_eq!(expiry.next_ms(), Some(20));
        assert_eq!(expiry.take_due(19), None);
        assert_eq!(expiry.take_due(20), Some(vec![ConnId(1), ConnId(2)]));
        assert_eq!(expiry.take_due(20), None);
    }
}
