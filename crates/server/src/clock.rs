use std::time::{Instant, SystemTime, UNIX_EPOCH};

use peer::Now;

/// The clocks of one server. The monotonic one starts with it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Clock {
    start: Instant,
}

impl Clock {
    pub(crate) fn start() -> Self {
        Clock { start: Instant::now() }
    }

    /// Microseconds since the server started.
    pub(crate) fn monotonic_us(&self) -> i64 {
        self.start.elapsed().as_micros() as i64
    }

    /// Milliseconds since the server started.
    pub(crate) fn monotonic_ms(&self) -> i64 {
        self.start.elapsed().as_millis() as i64
    }

    pub(crate) fn now(&self) -> Now {
        Now { monotonic_ms: self.monotonic_ms(), wall_ms: wall_ms() }
    }

    /// The moment at which [`Clock::monotonic_ms`] is `at_ms`.
    pub(crate) fn instant(&self, at_ms: i64) -> Instant {
        self.start + std::time::Duration::from_millis(at_ms.max(0) as u64)
    }
}

/// Milliseconds since 1970.
pub(crate) fn wall_ms() -> i64 {
    // A clock before 1970 is no clock; zero is as good as any number then.
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_millis() as i64)
}
