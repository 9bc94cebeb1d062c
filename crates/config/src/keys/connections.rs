//! Settings of client connections, limits, throttling, four-letter words and admin.

use super::Style::{
    Bool, BoolTrue, Class, ExactWord, Host, Int, List, Long, StrictDouble, StrictInt, Text,
};
use super::{ADMIN, AUDIT, KeySpec, PATH_STATS, STANDALONE, Status, TLS, bare, prop};

pub(super) static KEYS: &[KeySpec] = &[
    bare(
        "jute.maxbuffer",
        ("1048575", "bytes"),
        Int,
        STANDALONE,
        "Largest packet accepted, on the wire and in the log",
    ),
    prop!(
        "jute.maxbuffer.extrasize",
        ("jute.maxbuffer", "bytes"),
        Int,
        STANDALONE,
        "Added to jute.maxbuffer when records are read back; at least 1024"
    ),
    prop!(
        "globalOutstandingLimit",
        ("1000", "requests"),
        Int,
        STANDALONE,
        "Requests in process above which connections are not read"
    ),
    prop!(
        "maxCnxns",
        ("0", "connections"),
        Int,
        STANDALONE,
        "Connections the server may hold; 0 removes the cap"
    ),
    prop!(
        "nio.sessionlessCnxnTimeout",
        ("10000", "ms"),
        Int,
        STANDALONE,
        "How long a connection may stay without a session"
    ),
    prop!(
        "nio.numSelectorThreads",
        ("by cores", "threads"),
        Int,
        STANDALONE,
        "Threads that read, answer and write for clients"
    ),
    prop!(
        "nio.numWorkerThreads",
        ("2 x cores", "threads"),
        Int,
        Status::JvmOnly,
        "Worker threads of the NIO factory"
    ),
    prop!(
        "nio.directBufferBytes",
        ("65536", "bytes"),
        Int,
        Status::JvmOnly,
        "Direct buffer of each NIO thread"
    ),
    prop!(
        "nio.shutdownTimeout",
        ("5000", "ms"),
        Long,
        Status::JvmOnly,
        "How long a stop waits for NIO threads"
    ),
    prop!("clientTcpKeepAlive", ("false", "-"), Bool, STANDALONE, "SO_KEEPALIVE on client sockets"),
    prop!(
        "serverCnxnFactory",
        ("org.apache.zookeeper.server.NIOServerCnxnFactory", "class"),
        Class,
        Status::JvmOnly,
        "Java transport of the client listeners; Netty is needed there for TLS"
    ),
    prop!(
        "netty.advancedFlowControl.enabled",
        ("false", "-"),
        Bool,
        Status::JvmOnly,
        "The Netty factory reads on demand"
    ),
    prop!(
        "netty.server.outstandingHandshake.limit",
        ("-1", "handshakes"),
        Int,
        TLS,
        "Unfinished TLS handshakes above which new ones are refused"
    ),
    prop!(
        "netty.server.earlyDropSecureConnectionHandshakes",
        ("false", "-"),
        Bool,
        TLS,
        "TLS connections are dropped before the handshake while the server does not serve"
    ),
    prop!(
        "commitProcessor.numWorkerThreads",
        ("cores", "threads"),
        Int,
        Status::JvmOnly,
        "Threads that answer reads"
    ),
    prop!(
        "commitProcessor.shutdownTimeout",
        ("5000", "ms"),
        Long,
        Status::JvmOnly,
        "How long a stop waits for those threads"
    ),
    prop!(
        "maxResponseCacheSize",
        ("400", "entries"),
        Int,
        Status::JvmOnly,
        "Serialized getData replies kept"
    ),
    prop!(
        "maxGetChildrenResponseCacheSize",
        ("400", "entries"),
        Int,
        Status::JvmOnly,
        "Serialized getChildren2 replies kept"
    ),
    prop!(
        "request_throttle_max_requests",
        ("0", "requests"),
        Int,
        STANDALONE,
        "Requests in process above which new ones wait; 0 turns it off"
    ),
    prop!(
        "request_throttle_stall_time",
        ("100", "ms"),
        Int,
        STANDALONE,
        "Longest wait before the number is looked at again"
    ),
    prop!(
        "request_throttle_drop_stale",
        ("true", "-"),
        BoolTrue,
        STANDALONE,
        "Stale requests are dropped while they wait"
    ),
    prop!(
        "request_stale_connection_check",
        ("true", "-"),
        BoolTrue,
        STANDALONE,
        "A request is stale once its connection is gone"
    ),
    prop!(
        "request_stale_latency_check",
        ("false", "-"),
        Bool,
        STANDALONE,
        "A request is stale once it is older than its session timeout"
    ),
    prop!(
        "request_throttler.shutdownTimeout",
        ("10000", "ms"),
        Int,
        STANDALONE,
        "How long a stop waits for requests that wait"
    ),
    prop!(
        "throttled_op_wait_time",
        ("0", "ms"),
        Int,
        STANDALONE,
        "Requests that waited longer get error -127; 0 turns it off"
    ),
    prop!(
        "largeRequestMaxBytes",
        ("104857600", "bytes"),
        Int,
        STANDALONE,
        "Bytes all large requests in process may have together"
    ),
    prop!(
        "largeRequestThreshold",
        ("-1", "bytes"),
        Int,
        STANDALONE,
        "Size from which a request is large; -1 turns it off"
    ),
    prop!(
        "connection_throttle_tokens",
        ("0", "tokens"),
        Int,
        STANDALONE,
        "Size of the token bucket for new sessions; 0 turns it off"
    ),
    prop!(
        "connection_throttle_fill_time",
        ("1", "ms"),
        Int,
        STANDALONE,
        "Time between refills of the bucket"
    ),
    prop!(
        "connection_throttle_fill_count",
        ("1", "tokens"),
        Int,
        STANDALONE,
        "Tokens one refill adds"
    ),
    prop!(
        "connection_throttle_freeze_time",
        ("-1", "ms"),
        Int,
        STANDALONE,
        "Time between changes of the drop probability; -1 turns dropping off"
    ),
    prop!(
        "connection_throttle_drop_increase",
        ("0.02", "probability"),
        StrictDouble,
        STANDALONE,
        "Step by which the drop probability rises"
    ),
    prop!(
        "connection_throttle_drop_decrease",
        ("0.002", "probability"),
        StrictDouble,
        STANDALONE,
        "Step by which it falls"
    ),
    prop!(
        "connection_throttle_decrease_ratio",
        ("0", "ratio"),
        StrictDouble,
        STANDALONE,
        "Fill of the bucket above which it falls"
    ),
    prop!(
        "connection_throttle_weight_enabled",
        ("false", "-"),
        Bool,
        STANDALONE,
        "Kinds of session cost different numbers of tokens"
    ),
    prop!(
        "connection_throttle_global_session_weight",
        ("3", "tokens"),
        Int,
        STANDALONE,
        "Cost of a new global session"
    ),
    prop!(
        "connection_throttle_local_session_weight",
        ("1", "tokens"),
        Int,
        STANDALONE,
        "Cost of a new local session"
    ),
    prop!(
        "connection_throttle_renew_session_weight",
        ("2", "tokens"),
        Int,
        STANDALONE,
        "Cost of a session that comes back"
    ),
    prop!(
        "watchManagerName",
        ("org.apache.zookeeper.server.watch.WatchManager", "class"),
        Class,
        Status::JvmOnly,
        "Java class that holds the watches"
    ),
    prop!(
        "watcherCleanThreshold",
        ("1000", "watchers"),
        Int,
        Status::JvmOnly,
        "Dead watchers after which Java's optimized manager cleans up"
    ),
    prop!(
        "watcherCleanIntervalInSeconds",
        ("600", "s"),
        Int,
        Status::JvmOnly,
        "Longest time between such clean-ups"
    ),
    prop!(
        "watcherCleanThreadsNum",
        ("2", "threads"),
        Int,
        Status::JvmOnly,
        "Threads that clean up"
    ),
    prop!(
        "maxInProcessingDeadWatchers",
        ("-1", "watchers"),
        Int,
        Status::JvmOnly,
        "Dead watchers above which adding more blocks"
    ),
    prop!(
        "bitHashCacheSize",
        ("10", "entries"),
        Int,
        Status::JvmOnly,
        "Cache per path of the optimized manager"
    ),
    prop!(
        "pathStats.enabled",
        ("false", "-"),
        Bool,
        PATH_STATS,
        "Counts requests by path and logs the top ones"
    ),
    prop!("pathStats.slotCapacity", ("60", "slots"), Int, PATH_STATS, "Time slots kept"),
    prop!("pathStats.slotDuration", ("15", "s"), Int, PATH_STATS, "Length of a time slot"),
    prop!(
        "pathStats.maxDepth",
        ("6", "components"),
        Int,
        PATH_STATS,
        "Components of a path that count"
    ),
    prop!(
        "pathStats.sampleRate",
        ("0.1", "ratio"),
        StrictDouble,
        PATH_STATS,
        "Share of requests that is counted"
    ),
    prop!("pathStats.initialDelay", ("5", "min"), Long, PATH_STATS, "Time before the first report"),
    prop!("pathStats.delay", ("5", "min"), Long, PATH_STATS, "Time between reports"),
    prop!("pathStats.topPathMax", ("20", "paths"), Int, PATH_STATS, "Paths a report lists"),
    prop!(
        "4lw.commands.whitelist",
        ("srvr", "-"),
        List,
        STANDALONE,
        "Four-letter words that are answered, * for all; srvr always is"
    ),
    prop!(
        "admin.enableServer",
        ("true", "-"),
        ExactWord("false"),
        ADMIN,
        "The HTTP admin server runs unless this is false"
    ),
    prop!("admin.serverAddress", ("0.0.0.0", "host"), Host, ADMIN, "Address it binds"),
    prop!("admin.serverPort", ("8080", "port"), Int, ADMIN, "Port it binds"),
    prop!(
        "admin.idleTimeout",
        ("30000", "ms"),
        Int,
        ADMIN,
        "How long its connections may stay idle"
    ),
    prop!("admin.commandURL", ("/commands", "-"), Text, ADMIN, "Path its commands are under"),
    prop!("admin.httpVersion", ("11", "-"), Int, ADMIN, "HTTP version: 9, 10, 11 or 20"),
    prop!("admin.portUnification", ("false", "-"), Bool, ADMIN, "HTTP and HTTPS on its port"),
    prop!("admin.forceHttps", ("false", "-"), Bool, ADMIN, "Only HTTPS on its port"),
    prop!(
        "admin.needClientAuth",
        ("false", "-"),
        Bool,
        ADMIN,
        "HTTPS callers must show a certificate"
    ),
    prop!(
        "admin.rateLimiterIntervalInMS",
        ("300000", "ms"),
        StrictInt,
        ADMIN,
        "Time between two snapshot or restore commands"
    ),
    prop!("admin.snapshot.enabled", ("true", "-"), BoolTrue, ADMIN, "The snapshot command works"),
    prop!("admin.restore.enabled", ("true", "-"), BoolTrue, ADMIN, "The restore command works"),
    prop!(
        "IPAuthenticationProvider.usexforwardedfor",
        ("false", "-"),
        Bool,
        ADMIN,
        "Callers are known by X-Forwarded-For"
    ),
    prop!("audit.enable", ("false", "-"), Bool, AUDIT, "Writes of clients are logged"),
    prop!(
        "audit.impl.class",
        ("org.apache.zookeeper.audit.Slf4jAuditLogger", "class"),
        Class,
        AUDIT,
        "Java class the audit log goes to"
    ),
];
