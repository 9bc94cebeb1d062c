//! Settings of a server that is one of several.

use super::Style::{
    Bool, BoolTrue, DecimalOrDefault, Double, ExactWord, Hex, Int, Long, Member, OneOf, Path,
    StrictBool, StrictInt, StrictLong, Text,
};
use super::{ENSEMBLE, KeySpec, SASL, STANDALONE, TLS, bare, file, prop};

pub(super) static KEYS: &[KeySpec] = &[
    file(
        "observerMasterPort",
        ("0", "port"),
        StrictInt,
        ENSEMBLE,
        "Followers let observers connect here; 0 turns it off",
    ),
    file(
        "initLimit",
        ("0", "ticks"),
        StrictInt,
        ENSEMBLE,
        "How long joining and catching up with a leader may take; an ensemble needs it",
    ),
    file(
        "syncLimit",
        ("0", "ticks"),
        StrictInt,
        ENSEMBLE,
        "How far a server may lag behind its leader; an ensemble needs it",
    ),
    file(
        "connectToLearnerMasterLimit",
        ("0", "ticks"),
        StrictInt,
        ENSEMBLE,
        "How long opening the connection to a leader may take; 0 means initLimit",
    ),
    file("electionAlg", ("3", "-"), StrictInt, ENSEMBLE, "Election algorithm; 3 is the only one"),
    file(
        "quorumListenOnAllIPs",
        ("false", "-"),
        StrictBool,
        ENSEMBLE,
        "Quorum and election ports bind every address",
    ),
    file(
        "peerType",
        ("participant", "-"),
        OneOf(&["participant", "observer"]),
        ENSEMBLE,
        "Expected role; the server list decides and a difference is warned about",
    ),
    file(
        "syncEnabled",
        ("true", "-"),
        StrictBool,
        ENSEMBLE,
        "Observers keep transactions and snapshots on disk",
    )
    .property("zookeeper.observer.syncEnabled"),
    file(
        "dynamicConfigFile",
        ("", "path"),
        Path,
        ENSEMBLE,
        "File that holds the server list, its version in the suffix",
    ),
    file(
        "standaloneEnabled",
        ("true", "-"),
        StrictBool,
        ENSEMBLE,
        "A list with one voter runs without election; false makes it an ensemble of one",
    ),
    file(
        "reconfigEnabled",
        ("false", "-"),
        StrictBool,
        ENSEMBLE,
        "Clients may change the server list",
    ),
    file(
        "localSessionsEnabled",
        ("false", "-"),
        StrictBool,
        ENSEMBLE,
        "New sessions stay on the server they began on",
    ),
    file(
        "localSessionsUpgradingEnabled",
        ("false", "-"),
        StrictBool,
        ENSEMBLE,
        "A local session becomes global with its first ephemeral node",
    ),
    file("sslQuorum", ("false", "-"), StrictBool, TLS, "TLS between servers"),
    file(
        "portUnification",
        ("false", "-"),
        StrictBool,
        TLS,
        "Ports between servers take TLS and plain text",
    ),
    file(
        "sslQuorumReloadCertFiles",
        ("false", "-"),
        StrictBool,
        TLS,
        "Changed stores for TLS between servers are read again",
    ),
    file("quorum.auth.enableSasl", ("false", "-"), StrictBool, SASL, "SASL between servers"),
    file(
        "quorum.auth.learnerRequireSasl",
        ("false", "-"),
        StrictBool,
        SASL,
        "This server authenticates when it connects to others",
    ),
    file(
        "quorum.auth.serverRequireSasl",
        ("false", "-"),
        StrictBool,
        SASL,
        "Servers that do not authenticate are refused",
    ),
    file(
        "quorum.auth.learner.saslLoginContext",
        ("QuorumLearner", "-"),
        Text,
        SASL,
        "JAAS section for connections this server opens",
    ),
    file(
        "quorum.auth.server.saslLoginContext",
        ("QuorumServer", "-"),
        Text,
        SASL,
        "JAAS section for connections this server accepts",
    ),
    file(
        "quorum.auth.kerberos.servicePrincipal",
        ("zkquorum/localhost", "-"),
        Text,
        SASL,
        "Principal of the other servers; _HOST stands for their host name",
    ),
    file(
        "quorum.cnxn.threads.size",
        ("20", "threads"),
        StrictInt,
        SASL,
        "Threads for authenticated election connections",
    ),
    file(
        "multiAddress.enabled",
        ("false", "-"),
        StrictBool,
        ENSEMBLE,
        "A server may have several addresses",
    )
    .property("zookeeper.multiAddress.enabled"),
    file(
        "multiAddress.reachabilityCheckEnabled",
        ("true", "-"),
        StrictBool,
        ENSEMBLE,
        "Tries which of several addresses answers",
    )
    .property("zookeeper.multiAddress.reachabilityCheckEnabled"),
    file(
        "multiAddress.reachabilityCheckTimeoutMs",
        ("1000", "ms"),
        StrictInt,
        ENSEMBLE,
        "How long such a try may take",
    )
    .property("zookeeper.multiAddress.reachabilityCheckTimeoutMs"),
    file(
        "oraclePath",
        ("", "path"),
        Path,
        ENSEMBLE,
        "With two voters: a file whose first character 1 gives this side the majority",
    ),
    file(
        "server.N",
        ("", "-"),
        Member,
        ENSEMBLE,
        "Server N: host:quorumPort:electionPort[:role], more after |, client port after ;",
    ),
    file("group.N", ("", "-"), Text, ENSEMBLE, "Servers of group N, colons between them"),
    file("weight.N", ("1", "-"), StrictLong, ENSEMBLE, "Votes of server N"),
    file("version", ("0", "-"), Hex, ENSEMBLE, "Zxid of the change that made this server list"),
    prop!(
        "commitLogCount",
        ("500", "txns"),
        DecimalOrDefault,
        ENSEMBLE,
        "Committed proposals kept in memory for learners; at least 500"
    ),
    prop!(
        "snapshotSizeFactor",
        ("0.33", "ratio"),
        Double,
        ENSEMBLE,
        "Learners sync from the log on disk up to this share of a snapshot's size"
    ),
    prop!(
        "messageTracker.BufferSize",
        ("10", "messages"),
        Int,
        ENSEMBLE,
        "Messages with a learner kept for its disconnect"
    ),
    prop!("messageTracker.Enabled", ("false", "-"), Bool, ENSEMBLE, "Keeps those messages"),
    prop!(
        "leaderServes",
        ("yes", "-"),
        ExactWord("no"),
        ENSEMBLE,
        "With no, a leader accepts no clients"
    ),
    bare(
        "leader.nodelay",
        ("true", "-"),
        ExactWord("true"),
        ENSEMBLE,
        "TCP_NODELAY towards learners; any text but true turns it off",
    ),
    bare(
        "follower.nodelay",
        ("true", "-"),
        ExactWord("true"),
        ENSEMBLE,
        "TCP_NODELAY towards the leader; any text but true turns it off",
    ),
    prop!(
        "cnxTimeout",
        ("5000", "ms"),
        StrictInt,
        ENSEMBLE,
        "How long opening an election connection may take"
    ),
    prop!(
        "quorumCnxnTimeoutMs",
        ("-1", "ms"),
        Int,
        ENSEMBLE,
        "Read timeout of the election handshake; -1 means tickTime x syncLimit"
    ),
    prop!(
        "electionPortBindRetry",
        ("3", "attempts"),
        Int,
        ENSEMBLE,
        "Attempts to bind the election port; 0 never gives up"
    ),
    prop!(
        "fastleader.minNotificationInterval",
        ("200", "ms"),
        Int,
        ENSEMBLE,
        "First wait for votes in an election"
    ),
    prop!(
        "fastleader.maxNotificationInterval",
        ("60000", "ms"),
        Int,
        ENSEMBLE,
        "Longest wait for votes in an election"
    ),
    prop!(
        "leader.ackLoggingFrequency",
        ("1000", "acks"),
        Int,
        ENSEMBLE,
        "Every how many acks a follower's delay is measured; 0 turns it off"
    ),
    prop!(
        "leader.maxTimeToWaitForEpoch",
        ("-1", "ms"),
        Int,
        ENSEMBLE,
        "How long a leader waits for its epoch to be acknowledged; -1 for no end"
    ),
    prop!(
        "leader.maxConcurrentSnapSyncs",
        ("10", "syncs"),
        Int,
        ENSEMBLE,
        "Learners that may receive a snapshot at once"
    ),
    prop!(
        "leader.maxConcurrentDiffSyncs",
        ("100", "syncs"),
        Int,
        ENSEMBLE,
        "Learners that may receive a diff at once"
    ),
    prop!(
        "forceSnapshotSync",
        ("false", "-"),
        Bool,
        ENSEMBLE,
        "Learners always receive a snapshot"
    ),
    prop!(
        "leader.closeSocketAsync",
        ("false", "-"),
        Bool,
        ENSEMBLE,
        "A leader closes learner sockets in the background"
    )
    .older("leader.closeSocketAsync"),
    prop!(
        "learner.closeSocketAsync",
        ("false", "-"),
        Bool,
        ENSEMBLE,
        "A learner closes its socket in the background"
    )
    .older("learner.closeSocketAsync"),
    prop!(
        "learner.asyncSending",
        ("false", "-"),
        Bool,
        ENSEMBLE,
        "A learner sends to its leader in the background"
    )
    .older("learner.asyncSending"),
    prop!(
        "leaderConnectDelayDuringRetryMs",
        ("100", "ms"),
        Int,
        ENSEMBLE,
        "Pause between attempts to reach the leader"
    ),
    prop!(
        "follower.skipLearnerRequestToNextProcessor",
        ("false", "-"),
        Bool,
        ENSEMBLE,
        "Requests of a follower's observers bypass its own commit stage"
    ),
    prop!(
        "forward_learner_requests_to_commit_processor_disabled",
        ("false", "-"),
        Bool,
        ENSEMBLE,
        "A leader keeps learners' requests out of its own commit stage"
    ),
    prop!(
        "observer.reconnectDelayMs",
        ("0", "ms"),
        Long,
        ENSEMBLE,
        "Pause before an observer looks for a leader again"
    ),
    prop!(
        "observer.election.DelayMs",
        ("200", "ms"),
        Long,
        ENSEMBLE,
        "Pause before an observer joins an election"
    ),
    prop!(
        "observerMaster.sizeLimit",
        ("33554432", "bytes"),
        Int,
        ENSEMBLE,
        "Committed packets a follower keeps for its observers"
    ),
    prop!("tcpKeepAlive", ("false", "-"), Bool, ENSEMBLE, "SO_KEEPALIVE on election sockets"),
    prop!(
        "enableEagerACLCheck",
        ("false", "-"),
        Bool,
        ENSEMBLE,
        "A learner refuses writes without permission before it forwards them"
    ),
    bare(
        "readonlymode.enabled",
        ("false", "-"),
        Bool,
        ENSEMBLE,
        "A server cut off from its quorum answers reads of clients that allow it",
    ),
    prop!(
        "kerberos.canonicalizeHostNames",
        ("false", "-"),
        Bool,
        SASL,
        "Resolves other servers' host names to their canonical form"
    ),
    prop!(
        "commitProcessor.maxReadBatchSize",
        ("-1", "reads"),
        Int,
        ENSEMBLE,
        "Reads taken before commits get their turn"
    ),
    prop!(
        "commitProcessor.maxCommitBatchSize",
        ("1", "commits"),
        Int,
        ENSEMBLE,
        "Commits taken before reads get their turn"
    ),
    prop!(
        "test.allowDiscontinuousProposals",
        ("false", "-"),
        Bool,
        ENSEMBLE,
        "For tests: gaps between committed proposals are let through"
    ),
    prop!(
        "testingonly.initialZxid",
        ("", "zxid"),
        Long,
        ENSEMBLE,
        "For tests: a leader starts its counter here"
    ),
    prop!(
        "db.autocreate",
        ("true", "-"),
        BoolTrue,
        STANDALONE,
        "With false, an empty disk counts as data only with an initialize marker"
    ),
];
