//! Settings of the transaction log, the snapshots and the tree.

use super::Style::{Bool, BoolTrue, DecimalOrDefault, ExactWord, Int, Long, OneOf};
use super::{KeySpec, STANDALONE, Status, bare, prop};

pub(super) static KEYS: &[KeySpec] = &[
    prop!(
        "snapCount",
        ("100000", "txns"),
        Int,
        STANDALONE,
        "A snapshot follows half this many logged transactions plus a random part"
    ),
    prop!(
        "snapSizeLimitInKb",
        ("4194304", "KiB"),
        Long,
        STANDALONE,
        "The same by bytes logged; 0 and below turn it off"
    ),
    prop!(
        "txnLogSizeLimitInKb",
        ("-1", "KiB"),
        Long,
        STANDALONE,
        "Size from which a new log file is begun; 0 and below turn it off"
    ),
    prop!(
        "preAllocSize",
        ("65536", "KiB"),
        DecimalOrDefault,
        STANDALONE,
        "Step by which a log file grows"
    ),
    prop!(
        "fsync.warningthresholdms",
        ("1000", "ms"),
        Long,
        STANDALONE,
        "A sync of the log that takes longer is logged and counted"
    )
    .older("fsync.warningthresholdms"),
    prop!(
        "forceSync",
        ("yes", "-"),
        ExactWord("no"),
        STANDALONE,
        "With no, writes are acknowledged before the disk has them"
    ),
    prop!(
        "flushDelay",
        ("0", "ms"),
        Long,
        STANDALONE,
        "How long a transaction may wait for others to share its sync"
    ),
    prop!(
        "maxWriteQueuePollTime",
        ("flushDelay/3", "ms"),
        Long,
        STANDALONE,
        "How long the log waits for one more transaction while flushDelay is set"
    ),
    prop!(
        "maxBatchSize",
        ("1000", "txns"),
        Int,
        STANDALONE,
        "Transactions after which a sync is due"
    ),
    prop!(
        "datadir.autocreate",
        ("true", "-"),
        BoolTrue,
        STANDALONE,
        "Missing data directories are created"
    ),
    prop!(
        "snapshot.trust.empty",
        ("false", "-"),
        Bool,
        STANDALONE,
        "Logs without any snapshot are accepted, for data of 3.4"
    ),
    prop!(
        "snapshot.compression.method",
        ("", "-"),
        OneOf(&["gz", "snappy", ""]),
        STANDALONE,
        "How new snapshots are compressed"
    ),
    prop!(
        "serializeLastProcessedZxid.enabled",
        ("true", "-"),
        BoolTrue,
        STANDALONE,
        "Snapshots end with the last zxid they contain"
    ),
    prop!(
        "digest.enabled",
        ("true", "-"),
        BoolTrue,
        STANDALONE,
        "A digest of the tree goes along in logs and snapshots"
    ),
    prop!(
        "closeSessionTxn.enabled",
        ("true", "-"),
        BoolTrue,
        STANDALONE,
        "The end of a session lists the ephemeral nodes that go with it"
    ),
    prop!(
        "skipACL",
        ("no", "-"),
        ExactWord("yes"),
        STANDALONE,
        "With yes, permissions are not checked"
    ),
    prop!("enforceQuota", ("false", "-"), Bool, STANDALONE, "Writes over a hard quota are refused"),
    prop!(
        "extendedTypesEnabled",
        ("false", "-"),
        Bool,
        STANDALONE,
        "Nodes may have a time to live"
    ),
    prop!(
        "emulate353TTLNodes",
        ("false", "-"),
        Bool,
        STANDALONE,
        "Times to live are read the way 3.5.3 wrote them"
    ),
    bare(
        "znode.container.checkIntervalMs",
        ("60000", "ms"),
        Int,
        STANDALONE,
        "Time between sweeps for empty containers and outlived nodes",
    ),
    bare(
        "znode.container.maxPerMinute",
        ("10000", "nodes/min"),
        Int,
        STANDALONE,
        "Nodes such sweeps may delete in a minute",
    ),
    bare(
        "znode.container.maxNeverUsedIntervalMs",
        ("0", "ms"),
        Long,
        STANDALONE,
        "Age from which a container that never had a child is deleted; 0 means never",
    ),
    prop!(
        "intBufferStartingSizeBytes",
        ("1024", "bytes"),
        Int,
        Status::JvmOnly,
        "First size of a serialization buffer"
    ),
];
