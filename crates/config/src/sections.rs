//! The parts of a [`crate::Config`], each from the properties it depends on.

use std::collections::BTreeSet;

use crate::settings::Settings;
use crate::static_file::StaticFile;
use crate::{
    Admin, Audit, Auth, AuthProvider, Compression, ConnectionThrottle, DigestAlgorithm, Error,
    FourLetterWords, Limits, ListenAddress, Listeners, Metrics, MetricsProvider, Note, Origin,
    Purge, RequestThrottle, Source, Storage, SystemProperties, Tree, values,
};

pub fn listeners(read: &StaticFile, settings: Settings<'_>, notes: &mut Vec<Note>) -> Listeners {
    const MAX_CNXNS: &str = "zookeeper.maxCnxns";
    if settings.int(MAX_CNXNS, 0) < 0 {
        notes.extend(settings.adjusted(MAX_CNXNS, "0 or more", "0"));
    }
    let address = |port: Option<u16>, host: &Option<String>| {
        port.map(|port| ListenAddress { host: host.clone(), port })
    };
    Listeners {
        plain: address(read.client_port, &read.client_port_address),
        secure: address(read.secure_client_port, &read.secure_client_port_address),
        // Java gives a backlog below 1 to the system too, which then uses its default.
        backlog: u32::try_from(read.backlog).ok().filter(|backlog| *backlog > 0),
        max_client_cnxns: u32::try_from(read.max_client_cnxns).ok().filter(|max| *max > 0),
        max_cnxns: settings.cap(MAX_CNXNS, None),
        sessionless_timeout_ms: settings.positive(
            "zookeeper.nio.sessionlessCnxnTimeout",
            10_000,
            notes,
        ),
        tcp_keep_alive: settings.bool("zookeeper.clientTcpKeepAlive"),
    }
}

pub fn storage(settings: Settings<'_>, notes: &mut Vec<Note>) -> Storage {
    const SNAP_COUNT: &str = "zookeeper.snapCount";
    const FSYNC_WARNING: &str = "zookeeper.fsync.warningthresholdms";
    let snap_count = settings.count(SNAP_COUNT, 100_000);
    if snap_count < 2 {
        notes.extend(settings.adjusted(SNAP_COUNT, "at least 2", "2"));
    }
    let flush_delay_ms = settings.long_count("zookeeper.flushDelay", 0);
    let third = u32::try_from(flush_delay_ms / 3).unwrap_or(u32::MAX);
    // A new name that does not parse gives way to the old one, as in Java.
    let old_fsync_warning = settings.long_count("fsync.warningthresholdms", 1000);
    Storage {
        snap_count: snap_count.max(2),
        snap_size_limit_bytes: settings.kib_cap("zookeeper.snapSizeLimitInKb", 4_194_304),
        txn_log_size_limit_bytes: settings.kib_cap("zookeeper.txnLogSizeLimitInKb", -1),
        preallocate_bytes: preallocate_bytes(settings),
        fsync_warning_threshold_ms: settings
            .long_count(FSYNC_WARNING, u32::try_from(old_fsync_warning).unwrap_or(u32::MAX)),
        force_sync: !settings.is("zookeeper.forceSync", "no"),
        flush_delay_ms,
        max_write_queue_poll_time_ms: settings.long_count("zookeeper.maxWriteQueuePollTime", third),
        max_batch_size: settings.cap("zookeeper.maxBatchSize", Some(1000)),
        autocreate_directories: settings.bool_or_true("zookeeper.datadir.autocreate"),
        autocreate_database: settings.bool_or_true("zookeeper.db.autocreate"),
        trust_empty_snapshot: settings.bool("zookeeper.snapshot.trust.empty"),
        compression: compression(settings, notes),
        serialize_last_processed_zxid: settings
            .bool_or_true("zookeeper.serializeLastProcessedZxid.enabled"),
    }
}

/// The one size that Java reads in decimal only.
fn preallocate_bytes(settings: Settings<'_>) -> u64 {
    let kib =
        settings.text("zookeeper.preAllocSize").and_then(values::strict_i64).unwrap_or(65_536);
    u64::try_from(kib).unwrap_or(0).saturating_mul(1024)
}

fn compression(settings: Settings<'_>, notes: &mut Vec<Note>) -> Compression {
    const METHOD: &str = "zookeeper.snapshot.compression.method";
    match settings.text(METHOD).unwrap_or_default().to_ascii_lowercase().as_str() {
        "gz" => Compression::Gzip,
        "snappy" => Compression::Snappy,
        "" => Compression::None,
        _ => {
            notes.extend(settings.adjusted(METHOD, "gz, snappy or empty", "no compression"));
            Compression::None
        }
    }
}

pub fn purge(read: &StaticFile) -> Purge {
    Purge {
        snap_retain_count: u32::try_from(read.snap_retain_count).unwrap_or(3).max(3),
        interval_hours: u32::try_from(read.purge_interval_hours).ok().filter(|hours| *hours > 0),
    }
}

pub fn tree(settings: Settings<'_>, notes: &mut Vec<Note>) -> Tree {
    let never_used_ms = settings.long_count("znode.container.maxNeverUsedIntervalMs", 0);
    Tree {
        skip_acl: settings.is("zookeeper.skipACL", "yes"),
        enforce_quota: settings.bool("zookeeper.enforceQuota"),
        extended_types: settings.bool("zookeeper.extendedTypesEnabled"),
        emulate_353_ttl: settings.bool("zookeeper.emulate353TTLNodes"),
        digest: settings.bool_or_true("zookeeper.digest.enabled"),
        close_session_txn: settings.bool_or_true("zookeeper.closeSessionTxn.enabled"),
        eager_acl_check: settings.bool("zookeeper.enableEagerACLCheck"),
        container_check_interval_ms: settings.positive(
            "znode.container.checkIntervalMs",
            60_000,
            notes,
        ),
        container_max_per_minute: settings.positive("znode.container.maxPerMinute", 10_000, notes),
        container_max_never_used_ms: (never_used_ms > 0).then_some(never_used_ms),
    }
}

pub fn limits(settings: Settings<'_>, notes: &mut Vec<Note>) -> Limits {
    const THRESHOLD: &str = "zookeeper.largeRequestThreshold";
    const BUFFER: &str = "jute.maxbuffer";
    if matches!(settings.int(THRESHOLD, -1), 0 | i32::MIN..=-2) {
        notes.extend(settings.adjusted(THRESHOLD, "-1 or at least 1", "-1"));
    }
    if settings.int(BUFFER, 0) < 0 {
        notes.extend(settings.adjusted(BUFFER, "0 or more", "0"));
    }
    let jute_max_buffer_bytes = settings.count(BUFFER, 0xf_ffff);
    Limits {
        jute_max_buffer_bytes,
        jute_extra_bytes: settings
            .count("zookeeper.jute.maxbuffer.extrasize", jute_max_buffer_bytes)
            .max(1024),
        global_outstanding: settings.count("zookeeper.globalOutstandingLimit", 1000),
        large_request_max_bytes: settings.positive(
            "zookeeper.largeRequestMaxBytes",
            100 * 1024 * 1024,
            notes,
        ),
        large_request_threshold_bytes: settings.cap(THRESHOLD, None),
    }
}

pub fn request_throttle(settings: Settings<'_>) -> RequestThrottle {
    RequestThrottle {
        max_requests: settings.cap("zookeeper.request_throttle_max_requests", None),
        stall_time_ms: settings.count("zookeeper.request_throttle_stall_time", 100),
        drop_stale: settings.bool_or_true("zookeeper.request_throttle_drop_stale"),
        stale_connection_check: settings.bool_or_true("zookeeper.request_stale_connection_check"),
        stale_latency_check: settings.bool("zookeeper.request_stale_latency_check"),
        shutdown_timeout_ms: settings.count("zookeeper.request_throttler.shutdownTimeout", 10_000),
        throttled_op_wait_time_ms: settings.cap("zookeeper.throttled_op_wait_time", None),
    }
}

pub fn connection_throttle(
    settings: Settings<'_>,
    notes: &mut Vec<Note>,
) -> Result<ConnectionThrottle, Error> {
    let weights_enabled = settings.bool("zookeeper.connection_throttle_weight_enabled");
    let configured_local = settings.int(LOCAL_WEIGHT, 1);
    let local = weight(settings, LOCAL_WEIGHT, 1, i32::MIN, notes);
    // Java compares with the local weight as configured, not as corrected.
    let global = weight(settings, GLOBAL_WEIGHT, 3, configured_local, notes);
    let renew = weight(settings, RENEW_WEIGHT, 2, configured_local, notes);
    // Tokens are meant for global sessions.
    let factor = if weights_enabled { global } else { 1 };
    Ok(ConnectionThrottle {
        tokens: settings.int("zookeeper.connection_throttle_tokens", 0).saturating_mul(factor),
        fill_time_ms: settings.int("zookeeper.connection_throttle_fill_time", 1),
        fill_count: settings
            .int("zookeeper.connection_throttle_fill_count", 1)
            .saturating_mul(factor),
        freeze_time_ms: settings.int("zookeeper.connection_throttle_freeze_time", -1),
        drop_increase: settings.double("zookeeper.connection_throttle_drop_increase", 0.02)?,
        drop_decrease: settings.double("zookeeper.connection_throttle_drop_decrease", 0.002)?,
        decrease_ratio: settings.double("zookeeper.connection_throttle_decrease_ratio", 0.0)?,
        weights_enabled,
        global_session_weight: global,
        local_session_weight: local,
        renew_session_weight: renew,
    })
}

const LOCAL_WEIGHT: &str = "zookeeper.connection_throttle_local_session_weight";
const GLOBAL_WEIGHT: &str = "zookeeper.connection_throttle_global_session_weight";
const RENEW_WEIGHT: &str = "zookeeper.connection_throttle_renew_session_weight";

/// A session's cost: at least 1, and not below `least`.
fn weight(
    settings: Settings<'_>,
    name: &str,
    default: i32,
    least: i32,
    notes: &mut Vec<Note>,
) -> i32 {
    let configured = settings.int(name, default);
    if configured <= 0 {
        notes.extend(settings.adjusted(name, "at least 1", &default.to_string()));
        default
    } else if configured < least {
        notes.extend(settings.adjusted(
            name,
            "at least the local session weight",
            &least.to_string(),
        ));
        least
    } else {
        configured
    }
}

pub fn auth(settings: Settings<'_>, notes: &mut Vec<Note>) -> Result<Auth, Error> {
    let digest_enabled = settings.bool_or_true("zookeeper.DigestAuthenticationProvider.enabled");
    let extra_providers = extra_providers(settings, notes);
    let mut offered: BTreeSet<&str> = extra_providers.iter().map(|p| p.scheme()).collect();
    offered.insert("ip");
    if digest_enabled {
        offered.insert("digest");
    }
    let owned = |name: &str| settings.text(name).map(str::to_owned);
    Ok(Auth {
        digest_enabled,
        digest_algorithm: digest_algorithm(settings)?,
        super_digest: owned("zookeeper.DigestAuthenticationProvider.superDigest"),
        sasl_super_users: sasl_super_users(settings.0),
        x509_super_user: owned("zookeeper.X509AuthenticationProvider.superUser"),
        any_sasl_user_id: owned("zookeeper.letAnySaslUserDoX"),
        ensemble_names: settings.text("zookeeper.ensembleAuthName").map(values::comma_list),
        extra_providers,
        enforced_schemes: enforced_schemes(settings, &offered)?,
        allow_sasl_failed_clients: settings.bool("zookeeper.allowSaslFailedClients"),
    })
}

fn digest_algorithm(settings: Settings<'_>) -> Result<DigestAlgorithm, Error> {
    const NAME: &str = "zookeeper.DigestAuthenticationProvider.digestAlg";
    let text = settings.text(NAME).unwrap_or("SHA1");
    match text.to_ascii_uppercase().as_str() {
        "MD5" => Ok(DigestAlgorithm::Md5),
        "SHA" | "SHA1" | "SHA-1" => Ok(DigestAlgorithm::Sha1),
        "SHA-224" => Ok(DigestAlgorithm::Sha224),
        "SHA-256" => Ok(DigestAlgorithm::Sha256),
        "SHA-384" => Ok(DigestAlgorithm::Sha384),
        "SHA-512" => Ok(DigestAlgorithm::Sha512),
        "SHA-512/224" => Ok(DigestAlgorithm::Sha512_224),
        "SHA-512/256" => Ok(DigestAlgorithm::Sha512_256),
        _ => Err(settings.unusable(
            NAME,
            format!(
                "don't support this ACL digest algorithm: {text} in the current environment. It \
                 must be MD5, SHA1, SHA-224, SHA-256, SHA-384, SHA-512, SHA-512/224 or \
                 SHA-512/256"
            ),
        )),
    }
}

/// `zookeeper.superUser` and every `zookeeper.superUser.<anything>`.
fn sasl_super_users(properties: &SystemProperties) -> Vec<String> {
    properties
        .iter()
        .filter(|(name, _)| {
            name.strip_prefix("zookeeper.superUser")
                .is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
        })
        .map(|(_, property)| property.value.clone())
        .filter(|id| !id.is_empty())
        .collect()
}

/// The schemes of `authProvider.*`. A class without a counterpart is skipped with a
/// warning, as Java does with one it cannot load.
fn extra_providers(settings: Settings<'_>, notes: &mut Vec<Note>) -> Vec<AuthProvider> {
    const PACKAGE: &str = "org.apache.zookeeper.server.auth.";
    let mut providers = BTreeSet::new();
    for (name, property) in settings.0.iter() {
        if !name.starts_with("zookeeper.authProvider.") {
            continue;
        }
        let class = property.value.as_str();
        let provider = match class.strip_prefix(PACKAGE) {
            Some("IPAuthenticationProvider") => AuthProvider::Ip,
            Some("DigestAuthenticationProvider") => AuthProvider::Digest,
            Some("SASLAuthenticationProvider") => AuthProvider::Sasl,
            Some("X509AuthenticationProvider") => AuthProvider::X509,
            Some("EnsembleAuthenticationProvider") => AuthProvider::Ensemble,
            Some("KeyAuthenticationProvider") => AuthProvider::Key,
            _ => {
                notes.push(Note::Other(format!(
                    "{}: Problems loading {class}: it is no class of ZooKeeper itself, so its \
                     scheme is not offered",
                    property.origin
                )));
                continue;
            }
        };
        providers.insert(provider);
    }
    providers.into_iter().collect()
}

fn enforced_schemes(
    settings: Settings<'_>,
    offered: &BTreeSet<&str>,
) -> Result<Option<Vec<String>>, Error> {
    const ENABLED: &str = "zookeeper.enforce.auth.enabled";
    const SCHEMES: &str = "zookeeper.enforce.auth.schemes";
    let schemes: Vec<String> = if settings.bool("zookeeper.sessionRequireClientSASLAuth") {
        vec!["sasl".to_owned()]
    } else if !settings.bool(ENABLED) {
        return Ok(None);
    } else {
        let Some(list) = settings.text(SCHEMES) else {
            // The two blanks are Java's.
            return Err(Error::Rules {
                reason: format!("{ENABLED} is true {SCHEMES} must be  configured."),
            });
        };
        list.split(',').map(values::trim).map(str::to_owned).collect()
    };
    match schemes.iter().find(|scheme| !offered.contains(scheme.as_str())) {
        Some(scheme) => Err(Error::Rules {
            reason: format!(
                "Authentication scheme {scheme} is not available. Offered: {}. More come with \
                 authProvider.N",
                offered.iter().copied().collect::<Vec<_>>().join(", ")
            ),
        }),
        None => Ok(Some(schemes)),
    }
}

pub fn four_letter_words(settings: Settings<'_>) -> FourLetterWords {
    let listed = settings.text("zookeeper.4lw.commands.whitelist").unwrap_or_default();
    let mut words = values::comma_list(listed);
    let all = words.iter().any(|word| word == "*");
    words.retain(|word| word != "*");
    // The whitelist wants the exact word, unlike the read-only mode itself.
    if settings.is("readonlymode.enabled", "true") {
        words.push("isro".to_owned());
    }
    // zkServer.sh status depends on it.
    words.push("srvr".to_owned());
    words.sort();
    words.dedup();
    FourLetterWords { all, words }
}

pub fn admin(settings: Settings<'_>) -> Result<Admin, Error> {
    Ok(Admin {
        enabled: !settings.is("zookeeper.admin.enableServer", "false"),
        address: settings.text("zookeeper.admin.serverAddress").unwrap_or("0.0.0.0").to_owned(),
        port: settings.int("zookeeper.admin.serverPort", 8080),
        idle_timeout_ms: settings.int("zookeeper.admin.idleTimeout", 30_000),
        command_url: settings.text("zookeeper.admin.commandURL").unwrap_or("/commands").to_owned(),
        port_unification: settings.bool("zookeeper.admin.portUnification"),
        force_https: settings.bool("zookeeper.admin.forceHttps"),
        need_client_auth: settings.bool("zookeeper.admin.needClientAuth"),
        rate_limiter_interval_ms: settings
            .strict_int("zookeeper.admin.rateLimiterIntervalInMS", 300_000)?,
        snapshot_enabled: settings.bool_or_true("zookeeper.admin.snapshot.enabled"),
        restore_enabled: settings.bool_or_true("zookeeper.admin.restore.enabled"),
        use_x_forwarded_for: settings.bool("zookeeper.IPAuthenticationProvider.usexforwardedfor"),
    })
}

pub fn audit(settings: Settings<'_>) -> Result<Audit, Error> {
    const CLASS: &str = "zookeeper.audit.impl.class";
    const KNOWN: &str = "org.apache.zookeeper.audit.Slf4jAuditLogger";
    let enabled = settings.bool("zookeeper.audit.enable");
    match settings.text(CLASS) {
        Some(class) if enabled && class != KNOWN => Err(settings
            .unusable(CLASS, format!("Couldn't instantiate {class}. The class must be {KNOWN}"))),
        _ => Ok(Audit { enabled }),
    }
}

pub fn metrics(source: &Source, read: &StaticFile) -> Result<Metrics, Error> {
    let provider = match read.metrics_class.strip_prefix("org.apache.zookeeper.metrics.") {
        Some("impl.DefaultMetricsProvider") => MetricsProvider::Default,
        Some("impl.NullMetricsProvider") => MetricsProvider::Null,
        Some("prometheus.PrometheusMetricsProvider") => MetricsProvider::Prometheus,
        _ => {
            return Err(Error::Whole {
                path: path_of(source),
                reason: format!(
                    "metrics provider class was not found: {}. It must be \
                     org.apache.zookeeper.metrics.impl.DefaultMetricsProvider, \
                     org.apache.zookeeper.metrics.impl.NullMetricsProvider or \
                     org.apache.zookeeper.metrics.prometheus.PrometheusMetricsProvider",
                    read.metrics_class
                ),
            });
        }
    };
    Ok(Metrics { provider, settings: read.metrics.clone() })
}

pub fn log_threshold(settings: Settings<'_>, notes: &mut Vec<Note>) -> String {
    const NAME: &str = "zookeeper.console.threshold";
    const LEVELS: [&str; 7] = ["ALL", "TRACE", "DEBUG", "INFO", "WARN", "ERROR", "OFF"];
    let level = settings.text(NAME).unwrap_or("INFO").to_ascii_uppercase();
    if LEVELS.contains(&level.as_str()) {
        return level;
    }
    notes.extend(settings.adjusted(NAME, "a level such as INFO or WARN", "INFO"));
    "INFO".to_owned()
}

/// TLS connections log in with a scheme, which is registered unless it is a foreign
/// one.
pub fn register_tls_provider(
    source: &Source,
    properties: &mut SystemProperties,
) -> Result<(), Error> {
    let scheme = properties.value("zookeeper.ssl.authProvider").unwrap_or("x509").to_owned();
    let provider = format!("zookeeper.authProvider.{scheme}");
    if properties.value(&provider).is_some() {
        return Ok(());
    }
    if scheme != "x509" {
        return Err(Error::Whole {
            path: path_of(source),
            reason: format!(
                "No auth provider configured for the SSL authentication scheme '{scheme}'."
            ),
        });
    }
    properties.set(
        provider,
        "org.apache.zookeeper.server.auth.X509AuthenticationProvider",
        Origin::BuiltIn,
    );
    Ok(())
}

/// Java classes that a start depends on, and numbers that Java refuses late.
pub fn check_classes(settings: Settings<'_>, secure_port: bool) -> Result<(), Error> {
    const FACTORY: &str = "zookeeper.serverCnxnFactory";
    const NIO: &str = "org.apache.zookeeper.server.NIOServerCnxnFactory";
    const NETTY: &str = "org.apache.zookeeper.server.NettyServerCnxnFactory";
    const WATCHES: &str = "zookeeper.watchManagerName";
    const WATCH_MANAGERS: [&str; 2] = [
        "org.apache.zookeeper.server.watch.WatchManager",
        "org.apache.zookeeper.server.watch.WatchManagerOptimized",
    ];
    const BUFFER: &str = "zookeeper.intBufferStartingSizeBytes";
    const SELECTORS: &str = "zookeeper.nio.numSelectorThreads";
    let factory = settings.text(FACTORY).unwrap_or(NIO);
    if factory != NIO && factory != NETTY {
        let reason = format!("Couldn't instantiate {factory}. It must be {NIO} or {NETTY}");
        return Err(settings.unusable(FACTORY, reason));
    }
    if secure_port && factory == NIO {
        return Err(Error::Unusable {
            origin: Origin::BuiltIn,
            key: FACTORY.to_owned(),
            value: factory.to_owned(),
            reason: format!(
                "SSL isn't supported in NIOServerCnxn. With secureClientPort, set \
                 serverCnxnFactory={NETTY}"
            ),
        });
    }
    if let Some(class) = settings.text(WATCHES).filter(|class| !WATCH_MANAGERS.contains(class)) {
        let reason = format!(
            "Couldn't instantiate {class}. It must be {} or {}",
            WATCH_MANAGERS[0], WATCH_MANAGERS[1]
        );
        return Err(settings.unusable(WATCHES, reason));
    }
    let buffer = settings.int(BUFFER, 1024);
    if buffer < 32 {
        return Err(Error::Rules {
            reason: format!(
                "Buffer starting size ({buffer}) must be greater than or equal to 32. Configure \
                 with \"-D{BUFFER}=<size>\" "
            ),
        });
    }
    if factory == NIO && settings.int(SELECTORS, 1) < 1 {
        return Err(settings.unusable(SELECTORS, "numSelectorThreads must be at least 1"));
    }
    settings.double("zookeeper.pathStats.sampleRate", 0.1)?;
    Ok(())
}

fn path_of(source: &Source) -> String {
    match source {
        Source::File(path) => path.display().to_string(),
        Source::Arguments => "the command line".to_owned(),
        Source::Embedded => "the built-in configuration".to_owned(),
    }
}
