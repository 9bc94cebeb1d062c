use jute::Limits;
use proto::{EphemeralRules, ServerId};

/// What a peer must know of the configuration. Units are in the names.
#[derive(Debug, Clone)]
pub struct Settings {
    /// The id in session ids; a standalone server uses 1 although it reports 0.
    pub server: ServerId,
    /// How many I/O threads the driver has.
    pub io_threads: u16,
    /// `tickTime`: sessions expire on multiples of it.
    pub tick_ms: i64,
    /// Lower bound of negotiated session timeouts.
    pub session_timeout_min_ms: i32,
    /// Upper bound of negotiated session timeouts.
    pub session_timeout_max_ms: i32,
    /// `snapCount`: transactions between snapshots (half of it plus a random half).
    pub snap_count: u64,
    /// `snapSizeLimitInKb` in bytes, `None` when off.
    pub snap_size_bytes: Option<u64>,
    /// `zookeeper.digest.enabled`.
    pub digest: bool,
    /// `zookeeper.closeSessionTxn.enabled`.
    pub close_session_txn: bool,
    /// `zookeeper.enforceQuota`.
    pub enforce_quota: bool,
    /// `reconfigEnabled`.
    pub reconfig_enabled: bool,
    /// Which owners mean TTL nodes.
    pub ephemeral: EphemeralRules,
    /// `jute.maxbuffer` and its slack.
    pub limits: Limits,
    /// `znode.container.checkIntervalMs`.
    pub container_check_ms: i64,
    /// `znode.container.maxPerMinute`.
    pub container_max_per_minute: i64,
    /// `znode.container.maxNeverUsedIntervalMs`, 0 for never.
    pub container_never_used_ms: i64,
    /// Seeds every draw the peer makes.
    pub seed: u64,
}

impl Default for Settings {
    fn default() -> Self {
        Settings {
            server: ServerId(1),
            io_threads: 1,
            tick_ms: 2000,
            session_timeout_min_ms: 4000,
            session_timeout_max_ms: 40_000,
            snap_count: 100_000,
            snap_size_bytes: Some(4_294_967_296),
            digest: true,
            close_session_txn: true,
            enforce_quota: false,
            reconfig_enabled: false,
            ephemeral: EphemeralRules::default(),
            limits: Limits::default(),
            container_check_ms: 60_000,
            container_max_per_minute: 10_000,
            container_never_used_ms: 0,
            seed: 0,
        }
    }
}
