/// How long replication waits for what.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// The unit of the others (`tickTime`), ms.
    pub tick_ms: i64,
    /// How long agreeing on an epoch and each step of synchronization may take (`initLimit`),
    /// ticks.
    pub init_ticks: i64,
    /// How long a peer may be silent afterwards (`syncLimit`), ticks.
    pub sync_ticks: i64,
    /// How long a leader without a quorum waits for a voter that looks again
    /// (`zookeeper.leader.maxTimeToWaitForEpoch`), ms; `None` waits until `init_ticks`.
    pub epoch_wait_max_ms: Option<i64>,
    /// The last counter given out; a new epoch is needed behind it.
    pub counter_max: u32,
    /// Always synchronize by snapshot (`zookeeper.forceSnapshotSync`).
    pub force_snapshot: bool,
}

impl Limits {
    /// `initLimit`, ms.
    pub fn init_ms(&self) -> i64 {
        self.init_ticks.saturating_mul(self.tick_ms)
    }

    /// `syncLimit`, ms.
    pub fn sync_ms(&self) -> i64 {
        self.sync_ticks.saturating_mul(self.tick_ms)
    }
}

impl Default for Limits {
    fn default() -> Self {
        Limits {
            tick_ms: 2000,
            init_ticks: 10,
            sync_ticks: 5,
            epoch_wait_max_ms: None,
            // 0xffffffff forces an election in Java; it is never given out here either.
            counter_max: u32::MAX - 1,
            force_snapshot: false,
        }
    }
}
