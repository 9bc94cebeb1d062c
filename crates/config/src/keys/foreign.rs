//! Settings of clients, of Java's logging file and of JMX, which users set beside the
//! server's.

use super::Style::{Bool, BoolTrue, Class, Int, OneOf, Path, StrictInt, StrictLong, Text};
use super::{KeySpec, STANDALONE, Status, bare, prop};

const CLIENT: Status = Status::ClientOnly;
const JVM: Status = Status::JvmOnly;

pub(super) static KEYS: &[KeySpec] = &[
    bare(
        "zookeeper.sasl.client",
        ("true", "-"),
        BoolTrue,
        CLIENT,
        "A client with a JAAS section tries SASL",
    ),
    bare("zookeeper.sasl.clientconfig", ("Client", "-"), Text, CLIENT, "Its JAAS section"),
    bare(
        "zookeeper.sasl.client.username",
        ("zookeeper", "-"),
        Text,
        CLIENT,
        "First part of the server principal it expects",
    ),
    bare(
        "zookeeper.sasl.client.canonicalize.hostname",
        ("true", "-"),
        BoolTrue,
        CLIENT,
        "It makes the server's host name canonical",
    ),
    bare(
        "zookeeper.sasl.client.allowReverseDnsLookup",
        ("false", "-"),
        Bool,
        CLIENT,
        "It may look the name up in reverse for that (3.10)",
    ),
    bare("zookeeper.server.principal", ("", "-"), Text, CLIENT, "The whole server principal"),
    bare(
        "zookeeper.server.realm",
        ("the client's realm", "-"),
        Text,
        CLIENT,
        "Realm of the server principal",
    ),
    bare(
        "zookeeper.disableAutoWatchReset",
        ("false", "-"),
        Bool,
        CLIENT,
        "It does not set its watches again after a reconnect",
    ),
    bare("zookeeper.clientCnxnSocket", ("NIO", "class"), Class, CLIENT, "Its Java transport"),
    bare("zookeeper.client.secure", ("false", "-"), Bool, CLIENT, "It connects with TLS"),
    bare(
        "zookeeper.request.timeout",
        ("0", "ms"),
        StrictLong,
        CLIENT,
        "How long a call may wait; 0 for no end",
    ),
    bare(
        "zookeeper.shuffleDnsResponse",
        ("false", "-"),
        Bool,
        CLIENT,
        "It shuffles the addresses of one name (3.10)",
    ),
    bare(
        "zookeeper.hostProvider.dnsSrvRefreshIntervalSeconds",
        ("60", "s"),
        Int,
        CLIENT,
        "Time between look-ups of SRV records (3.10)",
    ),
    prop!(
        "console.threshold",
        ("INFO", "level"),
        OneOf(&["ALL", "TRACE", "DEBUG", "INFO", "WARN", "ERROR", "OFF"]),
        STANDALONE,
        "Least level of the lines on the console"
    ),
    prop!("log.dir", (".", "path"), Path, Status::Standalone, "Folder of the log file"),
    prop!(
        "log.file",
        ("zookeeper.log", "file"),
        Path,
        Status::Standalone,
        "Name of the log file; without it the log goes to the console only"
    ),
    prop!("log.threshold", ("INFO", "level"), Text, JVM, "Least level in Java's log file"),
    prop!("log.maxfilesize", ("256MB", "-"), Text, JVM, "Size at which Java's log file rolls"),
    prop!("log.maxbackupindex", ("20", "files"), Int, JVM, "Rolled log files Java keeps"),
    prop!("tracelog.dir", ("log.dir", "path"), Path, JVM, "Folder of Java's trace file"),
    prop!("tracelog.file", ("zookeeper_trace.log", "file"), Path, JVM, "Name of Java's trace file"),
    prop!("auditlog.file", ("zookeeper_audit.log", "file"), Path, JVM, "Name of Java's audit file"),
    prop!("auditlog.threshold", ("INFO", "level"), Text, JVM, "Least level in Java's audit file"),
    bare("audit.logger", ("INFO, RFAAUDIT", "-"), Text, JVM, "Java's audit appender"),
    prop!("jmx.log4j.disable", ("false", "-"), Bool, JVM, "JMX leaves log4j out"),
    prop!("jmx.log4j.mbean", ("log4j:hierarchy=default", "-"), Text, JVM, "Name of log4j in JMX"),
    prop!("controllerPort", ("", "port"), StrictInt, JVM, "Port of Java's test controller"),
    bare(
        "zookeeper.clientPortAddress",
        ("", "port"),
        Text,
        JVM,
        "Client address for Java's test controller",
    ),
    prop!("configuration", ("", "path"), Path, JVM, "Name Java's embedded builder uses"),
    bare("zookeeper.version", ("", "-"), Text, CLIENT, "Name of the version in a listing"),
];
