//! The checked configuration of one server.

use std::collections::BTreeMap;
use std::fmt;
use std::net::IpAddr;
use std::path::PathBuf;

use crate::ensemble::Ensemble;
use crate::{Note, SystemProperties};

/// Everything a server has to know before it starts. Numbers are in range, names
/// carry their units, and what Java would refuse is not here.
#[derive(Debug, Clone)]
pub struct Config {
    /// What the configuration was made from.
    pub source: Source,
    /// The text of the file as read, empty without one.
    pub file_text: String,
    /// Holds `myid`, the script's pid file and `version-2` with the snapshots.
    pub data_dir: PathBuf,
    /// Holds `version-2` with the transaction logs; often the same directory.
    pub data_log_dir: PathBuf,
    /// Unit of time: sessions expire on multiples of it. At least 1.
    pub tick_time_ms: i32,
    /// Shortest session timeout granted.
    pub min_session_timeout_ms: i32,
    /// Longest session timeout granted; not below the shortest.
    pub max_session_timeout_ms: i32,
    /// Where clients connect, and how many may.
    pub listeners: Listeners,
    /// The transaction log and the snapshots.
    pub storage: Storage,
    /// Deleting old snapshots and logs.
    pub purge: Purge,
    /// What the tree allows and keeps.
    pub tree: Tree,
    /// Sizes and numbers above which requests are refused or wait.
    pub limits: Limits,
    /// Waiting and dropping of requests under load.
    pub request_throttle: RequestThrottle,
    /// Dropping of new sessions under load.
    pub connection_throttle: ConnectionThrottle,
    /// Who may do what.
    pub auth: Auth,
    /// Four-letter words that are answered.
    pub four_letter_words: FourLetterWords,
    /// The HTTP admin server.
    pub admin: Admin,
    /// The audit log.
    pub audit: Audit,
    /// The metrics back-end.
    pub metrics: Metrics,
    /// Least level of log lines, in capitals: `INFO` unless set.
    pub log_threshold: String,
    /// The other servers, if any, and what holds between servers.
    pub ensemble: Ensemble,
    /// All properties in force: `-D` and, above them, the file's.
    pub properties: SystemProperties,
    /// What the operator should be told; [`Config::warnings`] and [`Config::infos`] are
    /// the lines to print.
    pub notes: Vec<Note>,
}

impl Config {
    /// Whether Java would start an ensemble member: more than one voter, or
    /// `standaloneEnabled=false`.
    pub fn is_distributed(&self) -> bool {
        self.ensemble.is_distributed()
    }

    /// Lines to warn with at start. The settings without effect so far share one.
    pub fn warnings(&self) -> Vec<String> {
        self.notes
            .iter()
            .filter(|note| !note.is_info() && !matches!(note, Note::NoEffectYet { .. }))
            .map(Note::to_string)
            .chain(self.no_effect_yet())
            .collect()
    }

    /// Lines for information at start: flags that only a JVM has a use for.
    pub fn infos(&self) -> Vec<String> {
        self.notes.iter().filter(|note| note.is_info()).map(Note::to_string).collect()
    }

    /// One line that names the settings without effect so far. `None` if all that is
    /// set has one.
    pub fn no_effect_yet(&self) -> Option<String> {
        let mut subjects: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
        for note in &self.notes {
            if let Note::NoEffectYet { key, subject, .. } = note {
                subjects.entry(subject).or_default().push(key);
            }
        }
        let lists: Vec<String> = subjects
            .iter()
            .map(|(subject, keys)| format!("{} ({subject})", keys.join(", ")))
            .collect();
        (!lists.is_empty())
            .then(|| format!("These settings have no effect yet: {}", lists.join("; ")))
    }

    /// A standalone server never acts on what is about ensembles, Java's neither.
    pub(crate) fn forget_ensemble_settings(&mut self) {
        if !self.is_distributed() {
            self.notes.retain(|note| {
                !matches!(note, Note::NoEffectYet { subject: crate::keys::ENSEMBLES, .. })
            });
        }
    }
}

/// What a configuration was made from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Source {
    /// A `zoo.cfg`, by the path it was asked for.
    File(PathBuf),
    /// Port and directory on the command line.
    Arguments,
    /// Nothing: the defaults of a first run.
    Embedded,
}

/// An address to listen on, before its name is resolved.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListenAddress {
    /// Host name or address; `None` for every address.
    pub host: Option<String>,
    /// TCP port; 0 lets the system choose.
    pub port: u16,
}

impl ListenAddress {
    /// Whether another spelling of the address names the same listener, as far as
    /// that can be told without a resolver. A wildcard agrees with any host.
    pub(crate) fn agrees_with(&self, other: &Self) -> bool {
        let wildcard = match self.host.as_deref() {
            None => true,
            Some(host) => host.parse::<IpAddr>().is_ok_and(|address| address.is_unspecified()),
        };
        if wildcard {
            return self.port == other.port;
        }
        let address = |host: &Option<String>| host.as_deref()?.parse::<IpAddr>().ok();
        let same_host = match (address(&self.host), address(&other.host)) {
            (Some(left), Some(right)) => left == right,
            _ => {
                self.host.as_deref().map(str::to_lowercase)
                    == other.host.as_deref().map(str::to_lowercase)
            }
        };
        same_host && self.port == other.port
    }
}

impl fmt::Display for ListenAddress {
    /// `host:port`, an IPv6 address in brackets.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.host.as_deref() {
            Some(host) if host.contains(':') => write!(f, "[{host}]:{}", self.port),
            host => write!(f, "{}:{}", host.unwrap_or("0.0.0.0"), self.port),
        }
    }
}

/// Where clients connect, and how many may.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listeners {
    /// The plain-text listener, if there is one.
    pub plain: Option<ListenAddress>,
    /// The TLS listener, if there is one.
    pub secure: Option<ListenAddress>,
    /// Connections the system queues before accept; `None` for its default.
    pub backlog: Option<u32>,
    /// Connections one source address may hold on a listener; `None` for no cap.
    pub max_client_cnxns: Option<u32>,
    /// Connections of all listeners together; `None` for no cap.
    pub max_cnxns: Option<u32>,
    /// How long a connection may stay without a session. At least 1.
    pub sessionless_timeout_ms: u32,
    /// SO_KEEPALIVE on client sockets.
    pub tcp_keep_alive: bool,
}

/// The transaction log and the snapshots.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Storage {
    /// Transactions after which a snapshot is due, half of them random. At least 2.
    pub snap_count: u32,
    /// The same in logged bytes; `None` for off.
    pub snap_size_limit_bytes: Option<u64>,
    /// Size from which a new log file is begun; `None` for off.
    pub txn_log_size_limit_bytes: Option<u64>,
    /// Step by which a log file grows; 0 for no preallocation.
    pub preallocate_bytes: u64,
    /// A sync that takes longer is logged and counted.
    pub fsync_warning_threshold_ms: u64,
    /// Whether the log is synced before a write is acknowledged.
    pub force_sync: bool,
    /// How long a transaction may wait for others to share its sync; 0 for not at all.
    pub flush_delay_ms: u64,
    /// How long the log waits for one more transaction while `flush_delay_ms` is set.
    pub max_write_queue_poll_time_ms: u64,
    /// Transactions after which a sync is due; `None` for no such limit.
    pub max_batch_size: Option<u32>,
    /// Whether missing data directories are created.
    pub autocreate_directories: bool,
    /// Whether an empty disk counts as data without an `initialize` marker.
    pub autocreate_database: bool,
    /// Whether logs without any snapshot are accepted.
    pub trust_empty_snapshot: bool,
    /// How new snapshots are compressed.
    pub compression: Compression,
    /// Whether snapshots end with the last zxid they contain.
    pub serialize_last_processed_zxid: bool,
}

/// How new snapshots are compressed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Compression {
    /// Not at all.
    None,
    /// gzip, suffix `.gz`.
    Gzip,
    /// snappy, suffix `.snappy`.
    Snappy,
}

/// Deleting old snapshots and logs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Purge {
    /// Snapshots to keep. At least 3.
    pub snap_retain_count: u32,
    /// Time between purges; `None` for no purge.
    pub interval_hours: Option<u32>,
}

/// What the tree allows and keeps.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tree {
    /// Whether permissions are not checked at all.
    pub skip_acl: bool,
    /// Whether hard quotas refuse writes.
    pub enforce_quota: bool,
    /// Whether nodes may have a time to live.
    pub extended_types: bool,
    /// Whether times to live are read as 3.5.3 wrote them.
    pub emulate_353_ttl: bool,
    /// Whether a digest of the tree goes along in logs and snapshots.
    pub digest: bool,
    /// Whether the end of a session lists its ephemeral nodes.
    pub close_session_txn: bool,
    /// Whether learners refuse writes without permission before forwarding.
    pub eager_acl_check: bool,
    /// Time between sweeps for empty containers and outlived nodes. At least 1.
    pub container_check_interval_ms: u32,
    /// Nodes such sweeps may delete in a minute. At least 1.
    pub container_max_per_minute: u32,
    /// Age from which a container that never had a child goes; `None` for never.
    pub container_max_never_used_ms: Option<u64>,
}

/// Sizes and numbers above which requests are refused or wait.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limits {
    /// Largest packet accepted (`jute.maxbuffer`).
    pub jute_max_buffer_bytes: u32,
    /// Added when records are read back from disk or peers. At least 1024.
    pub jute_extra_bytes: u32,
    /// Requests in process above which connections are not read.
    pub global_outstanding: u32,
    /// Bytes all large requests in process may have together. At least 1.
    pub large_request_max_bytes: u32,
    /// Size from which a request is large; `None` for off.
    pub large_request_threshold_bytes: Option<u32>,
}

impl Limits {
    /// Largest record read back from disk or from another server.
    pub fn jute_max_record_bytes(&self) -> u32 {
        self.jute_max_buffer_bytes.saturating_add(self.jute_extra_bytes).min(i32::MAX as u32)
    }
}

/// Waiting and dropping of requests under load.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RequestThrottle {
    /// Requests in process above which new ones wait; `None` for off.
    pub max_requests: Option<u32>,
    /// Longest wait before the number is looked at again.
    pub stall_time_ms: u32,
    /// Whether stale requests are dropped while they wait.
    pub drop_stale: bool,
    /// Whether a request is stale once its connection is gone.
    pub stale_connection_check: bool,
    /// Whether a request is stale once it is older than its session timeout.
    pub stale_latency_check: bool,
    /// How long a stop waits for requests that wait.
    pub shutdown_timeout_ms: u32,
    /// Requests that waited longer get THROTTLEDOP; `None` for off.
    pub throttled_op_wait_time_ms: Option<u32>,
}

/// Dropping of new sessions under load: a token bucket and the BLUE algorithm.
#[derive(Debug, Clone, PartialEq)]
pub struct ConnectionThrottle {
    /// Size of the bucket, weights applied; 0 or less for off.
    pub tokens: i32,
    /// Time between refills.
    pub fill_time_ms: i32,
    /// Tokens one refill adds, weights applied.
    pub fill_count: i32,
    /// Time between changes of the drop probability; -1 for off.
    pub freeze_time_ms: i32,
    /// Step by which the drop probability rises.
    pub drop_increase: f64,
    /// Step by which it falls.
    pub drop_decrease: f64,
    /// Fill of the bucket above which it falls.
    pub decrease_ratio: f64,
    /// Whether kinds of session cost different numbers of tokens; otherwise 1 each.
    pub weights_enabled: bool,
    /// Cost of a new global session.
    pub global_session_weight: i32,
    /// Cost of a new local session.
    pub local_session_weight: i32,
    /// Cost of a session that comes back.
    pub renew_session_weight: i32,
}

/// Who may do what.
#[derive(Clone, PartialEq, Eq)]
pub struct Auth {
    /// Whether the digest scheme is offered.
    pub digest_enabled: bool,
    /// Hash of `user:password` in digest ids.
    pub digest_algorithm: DigestAlgorithm,
    /// Digest id, `super:base64`, that passes every check.
    pub super_digest: Option<String>,
    /// SASL ids that pass every check.
    pub sasl_super_users: Vec<String>,
    /// Certificate subject that passes every check.
    pub x509_super_user: Option<String>,
    /// ACL id that fits every SASL user.
    pub any_sasl_user_id: Option<String>,
    /// Names the ensemble scheme accepts; `None` for every name.
    pub ensemble_names: Option<Vec<String>>,
    /// Schemes of `authProvider.*`, beyond ip and digest.
    pub extra_providers: Vec<AuthProvider>,
    /// Schemes of which every connection needs one; `None` for no such rule. Never
    /// empty, and each scheme is offered.
    pub enforced_schemes: Option<Vec<String>>,
    /// Whether a failed SASL login leaves the connection open.
    pub allow_sasl_failed_clients: bool,
}

impl fmt::Debug for Auth {
    /// Leaves out the super user's digest: a debug print ends in logs.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Auth")
            .field("digest_enabled", &self.digest_enabled)
            .field("digest_algorithm", &self.digest_algorithm)
            .field("super_digest", &self.super_digest.as_ref().map(|_| "(set)"))
            .field("extra_providers", &self.extra_providers)
            .field("enforced_schemes", &self.enforced_schemes)
            .finish_non_exhaustive()
    }
}

/// Hash of `user:password` in digest ids.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DigestAlgorithm {
    /// MD5.
    Md5,
    /// SHA-1, the default.
    Sha1,
    /// SHA-224.
    Sha224,
    /// SHA-256.
    Sha256,
    /// SHA-384.
    Sha384,
    /// SHA-512.
    Sha512,
    /// SHA-512/224.
    Sha512_224,
    /// SHA-512/256.
    Sha512_256,
}

/// A Java authentication provider that has a counterpart here.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum AuthProvider {
    /// `ip`, always offered.
    Ip,
    /// `digest`.
    Digest,
    /// `sasl`.
    Sasl,
    /// `x509`.
    X509,
    /// `ensemble`.
    Ensemble,
    /// `key`, the sample provider.
    Key,
}

impl AuthProvider {
    /// The scheme's name in ACLs and auth packets.
    pub fn scheme(self) -> &'static str {
        match self {
            Self::Ip => "ip",
            Self::Digest => "digest",
            Self::Sasl => "sasl",
            Self::X509 => "x509",
            Self::Ensemble => "ensemble",
            Self::Key => "key",
        }
    }
}

/// Four-letter words that are answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FourLetterWords {
    /// Whether every known word is.
    pub all: bool,
    /// The words by name, `srvr` always among them.
    pub words: Vec<String>,
}

impl FourLetterWords {
    /// Whether a known word may be answered.
    pub fn allows(&self, word: &str) -> bool {
        self.all || self.words.iter().any(|allowed| allowed == word)
    }
}

/// The HTTP admin server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Admin {
    /// Whether it runs.
    pub enabled: bool,
    /// Host name or address it binds.
    pub address: String,
    /// Its port, as written; checked when it is bound.
    pub port: i32,
    /// How long its connections may stay idle.
    pub idle_timeout_ms: i32,
    /// Path its commands are under.
    pub command_url: String,
    /// HTTP and HTTPS on one port.
    pub port_unification: bool,
    /// Only HTTPS; wins over unification.
    pub force_https: bool,
    /// Whether HTTPS callers must show a certificate.
    pub need_client_auth: bool,
    /// Time between two snapshot or restore commands.
    pub rate_limiter_interval_ms: i32,
    /// Whether the snapshot command works.
    pub snapshot_enabled: bool,
    /// Whether the restore command works.
    pub restore_enabled: bool,
    /// Whether callers are known by X-Forwarded-For.
    pub use_x_forwarded_for: bool,
}

/// The audit log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Audit {
    /// Whether writes of clients are logged.
    pub enabled: bool,
}

/// The metrics back-end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Metrics {
    /// Which of Java's back-ends is asked for.
    pub provider: MetricsProvider,
    /// What is handed to it: `metricsProvider.X` under the name `X`.
    pub settings: BTreeMap<String, String>,
}

/// Java's metrics back-ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MetricsProvider {
    /// Kept in memory, for `mntr` and the admin server.
    Default,
    /// Dropped.
    Null,
    /// Also scraped over HTTP.
    Prometheus,
}
