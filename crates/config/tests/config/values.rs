//! What a server works with, from the defaults on.

use std::path::Path;

use config::{
    AuthProvider, Compression, Config, DigestAlgorithm, ListenAddress, MetricsProvider, Purge,
    Source, SystemProperties,
};

use crate::common::{Server, loaded};

#[test]
fn defaults_are_javas() {
    let server = Server::new();
    let config = loaded(server.load(""));
    assert_eq!(config.source, Source::File(server.path("zoo.cfg")));
    assert_eq!(config.data_log_dir, config.data_dir);
    assert_eq!(config.tick_time_ms, 3000);
    assert_eq!((config.min_session_timeout_ms, config.max_session_timeout_ms), (6000, 60_000));
    assert_eq!(config.listeners.plain, None);
    assert_eq!(config.listeners.max_client_cnxns, Some(60));
    assert_eq!(config.listeners.max_cnxns, None);
    assert_eq!(config.listeners.backlog, None);
    assert_eq!(config.listeners.sessionless_timeout_ms, 10_000);
    assert_eq!(config.storage.snap_count, 100_000);
    assert_eq!(config.storage.snap_size_limit_bytes, Some(4 << 30));
    assert_eq!(config.storage.txn_log_size_limit_bytes, None);
    assert_eq!(config.storage.preallocate_bytes, 64 << 20);
    assert_eq!(config.storage.fsync_warning_threshold_ms, 1000);
    assert_eq!(config.storage.flush_delay_ms, 0);
    assert_eq!(config.storage.max_write_queue_poll_time_ms, 0);
    assert_eq!(config.storage.max_batch_size, Some(1000));
    assert_eq!(config.storage.compression, Compression::None);
    assert!(config.storage.force_sync && config.storage.autocreate_directories);
    assert!(config.storage.autocreate_database && !config.storage.trust_empty_snapshot);
    assert!(config.storage.serialize_last_processed_zxid);
    assert_eq!(config.purge, Purge { snap_retain_count: 3, interval_hours: None });
    assert!(config.tree.digest && config.tree.close_session_txn);
    assert!(!config.tree.skip_acl && !config.tree.enforce_quota && !config.tree.extended_types);
    assert_eq!(config.tree.container_check_interval_ms, 60_000);
    assert_eq!(config.tree.container_max_per_minute, 10_000);
    assert_eq!(config.tree.container_max_never_used_ms, None);
    assert_eq!(config.limits.jute_max_buffer_bytes, 1_048_575);
    assert_eq!(config.limits.jute_max_record_bytes(), 2_097_150);
    assert_eq!(config.limits.global_outstanding, 1000);
    assert_eq!(config.limits.large_request_max_bytes, 100 << 20);
    assert_eq!(config.limits.large_request_threshold_bytes, None);
    assert_eq!(config.request_throttle.max_requests, None);
    assert_eq!(config.connection_throttle.tokens, 0);
    assert!(config.auth.digest_enabled);
    assert_eq!(config.auth.digest_algorithm, DigestAlgorithm::Sha1);
    assert_eq!(config.auth.enforced_schemes, None);
    assert_eq!(config.four_letter_words.words, ["srvr"]);
    assert!(config.admin.enabled);
    assert_eq!((config.admin.address.as_str(), config.admin.port), ("0.0.0.0", 8080));
    assert!(!config.audit.enabled);
    assert_eq!(config.metrics.provider, MetricsProvider::Default);
    assert_eq!(config.log_threshold, "INFO");
    assert!(!config.is_distributed());
    assert_eq!(config.notes, []);
    assert_eq!(config.no_effect_yet(), None);
}

#[test]
fn the_file_wins_over_definitions_and_is_read_without_its_prefix() {
    let config = loaded(
        Server::new().load_raw("dataDir=%\nsnapCount = 77 \n", &["-Dzookeeper.snapCount=5"]),
    );
    assert_eq!(config.storage.snap_count, 77);
}

#[test]
fn the_last_of_two_lines_counts_and_the_first_is_told() {
    let config = loaded(Server::new().load("tickTime=1000\ntickTime=500\n"));
    assert_eq!(config.tick_time_ms, 500);
    let note = config.notes[0].to_string();
    assert!(
        note.ends_with(
            "zoo.cfg line 2: tickTime is set again further down, and the last line counts"
        ),
        "{note}"
    );
}

#[test]
fn session_timeouts_follow_the_tick_unless_set() {
    let config = loaded(Server::new().load("tickTime=2000\nmaxSessionTimeout=90000\n"));
    assert_eq!((config.min_session_timeout_ms, config.max_session_timeout_ms), (4000, 90_000));
}

#[test]
fn listeners_are_addresses_with_numbers_in_range() {
    let config = loaded(Server::new().load(
        "clientPort=2181\nclientPortAddress=::1\nmaxClientCnxns=0\nmaxCnxns=9\n\
         clientPortListenBacklog=50\nclientTcpKeepAlive=True\nnio.sessionlessCnxnTimeout=0\n",
    ));
    let plain = config.listeners.plain.expect("listener");
    assert_eq!(plain, ListenAddress { host: Some("::1".into()), port: 2181 });
    assert_eq!(plain.to_string(), "[::1]:2181");
    assert_eq!(config.listeners.max_client_cnxns, None);
    assert_eq!(config.listeners.max_cnxns, Some(9));
    assert_eq!(config.listeners.backlog, Some(50));
    assert!(config.listeners.tcp_keep_alive);
    assert_eq!(config.listeners.sessionless_timeout_ms, 10_000);
}

#[test]
fn sizes_are_bytes_and_lenient_numbers_know_hex_and_octal() {
    let config = loaded(Server::new().load_with(&[
        "-Dzookeeper.snapCount=0x10",
        "-Dzookeeper.snapSizeLimitInKb=0",
        "-Dzookeeper.txnLogSizeLimitInKb=010",
        "-Dzookeeper.preAllocSize=0x10",
        "-Dzookeeper.maxBatchSize=0",
        "-Dzookeeper.flushDelay=30",
        "-Djute.maxbuffer=0x7fffffff",
        "-Dzookeeper.jute.maxbuffer.extrasize=1",
    ]));
    assert_eq!(config.storage.snap_count, 16);
    assert_eq!(config.storage.snap_size_limit_bytes, None);
    assert_eq!(config.storage.txn_log_size_limit_bytes, Some(8 * 1024));
    // The one that Java reads in decimal only.
    assert_eq!(config.storage.preallocate_bytes, 64 << 20);
    assert_eq!(config.storage.max_batch_size, None);
    assert_eq!(config.storage.max_write_queue_poll_time_ms, 10);
    assert_eq!(config.limits.jute_max_buffer_bytes, 0x7fff_ffff);
    assert_eq!(config.limits.jute_extra_bytes, 1024);
    assert_eq!(config.limits.jute_max_record_bytes(), 0x7fff_ffff);
}

#[test]
fn numbers_out_of_range_are_moved_as_java_moves_them() {
    let config = loaded(Server::new().load(
        "snapCount=1\nautopurge.snapRetainCount=1\nautopurge.purgeInterval=24\n\
         largeRequestThreshold=0\nlargeRequestMaxBytes=-1\nmaxCnxns=-5\n",
    ));
    assert_eq!(config.storage.snap_count, 2);
    assert_eq!(config.purge, Purge { snap_retain_count: 3, interval_hours: Some(24) });
    assert_eq!(config.limits.large_request_threshold_bytes, None);
    assert_eq!(config.limits.large_request_max_bytes, 100 << 20);
    assert_eq!(config.listeners.max_cnxns, None);
    for want in [
        "Invalid autopurge.snapRetainCount: 1. Defaulting to 3",
        "zookeeper.snapCount=1 must be at least 2, so 2 is used",
        "zookeeper.largeRequestThreshold=0 must be -1 or at least 1, so -1 is used",
        "zookeeper.largeRequestMaxBytes=-1 must be at least 1, so 104857600 is used",
        "zookeeper.maxCnxns=-5 must be 0 or more, so 0 is used",
    ] {
        assert!(config.notes.iter().any(|note| note.to_string().ends_with(want)), "{want}");
    }
}

#[test]
fn words_of_one_meaning_only() {
    let config = loaded(Server::new().load("forceSync=no\nskipACL=yes\nadmin.enableServer=false"));
    assert!(!config.storage.force_sync && config.tree.skip_acl && !config.admin.enabled);
    let config = loaded(Server::new().load("forceSync=NO\nskipACL=true\nadmin.enableServer=False"));
    assert!(config.storage.force_sync && !config.tree.skip_acl && config.admin.enabled);
}

#[test]
fn the_old_name_of_the_fsync_threshold_counts_when_the_new_does_not() {
    let threshold =
        |words: &[&str]| loaded(Server::new().load_with(words)).storage.fsync_warning_threshold_ms;
    assert_eq!(threshold(&["-Dfsync.warningthresholdms=7"]), 7);
    let both = ["-Dfsync.warningthresholdms=7", "-Dzookeeper.fsync.warningthresholdms=8"];
    assert_eq!(threshold(&both), 8);
    let both = ["-Dfsync.warningthresholdms=7", "-Dzookeeper.fsync.warningthresholdms=x"];
    assert_eq!(threshold(&both), 7);
}

#[test]
fn compression_is_a_word_in_any_case() {
    let compression = |word: &str| {
        let line = format!("snapshot.compression.method={word}");
        loaded(Server::new().load(&line)).storage.compression
    };
    assert_eq!(compression("GZ"), Compression::Gzip);
    assert_eq!(compression("Snappy"), Compression::Snappy);
    assert_eq!(compression("zip"), Compression::None);
    assert_eq!(compression(""), Compression::None);
}

#[test]
fn four_letter_words_always_have_srvr() {
    let words = |line: &str| loaded(Server::new().load(line)).four_letter_words;
    let listed = words("4lw.commands.whitelist= stat, ruok ,,nope");
    assert_eq!(listed.words, ["nope", "ruok", "srvr", "stat"]);
    assert!(listed.allows("ruok") && listed.allows("srvr") && !listed.allows("mntr"));
    let all = words("4lw.commands.whitelist=*");
    assert!(all.all && all.allows("mntr"));
    let read_only = loaded(Server::new().load_with(&["-Dreadonlymode.enabled=true"]));
    assert_eq!(read_only.four_letter_words.words, ["isro", "srvr"]);
}

#[test]
fn connection_weights_multiply_tokens_and_never_fall_below_the_local_one() {
    let throttle = |text: &str| loaded(Server::new().load(text)).connection_throttle;
    let plain = throttle("connection_throttle_tokens=100\nconnection_throttle_fill_count=2");
    assert_eq!((plain.tokens, plain.fill_count, plain.weights_enabled), (100, 2, false));
    let weighed = throttle(
        "connection_throttle_tokens=100\nconnection_throttle_weight_enabled=true\n\
         connection_throttle_global_session_weight=5\n\
         connection_throttle_local_session_weight=4\n\
         connection_throttle_renew_session_weight=0\n",
    );
    assert_eq!((weighed.tokens, weighed.fill_count), (500, 5));
    assert_eq!((weighed.local_session_weight, weighed.renew_session_weight), (4, 2));
    let low = throttle(
        "connection_throttle_global_session_weight=1\n\
         connection_throttle_local_session_weight=9\n",
    );
    assert_eq!((low.global_session_weight, low.renew_session_weight), (9, 9));
    assert_eq!((low.drop_increase, low.drop_decrease, low.decrease_ratio), (0.02, 0.002, 0.0));
}

#[test]
fn schemes_super_users_and_what_is_enforced() {
    let config = loaded(Server::new().load(
        "authProvider.1=org.apache.zookeeper.server.auth.SASLAuthenticationProvider\n\
         authProvider.ens=org.apache.zookeeper.server.auth.EnsembleAuthenticationProvider\n\
         authProvider.own=com.example.Own\n\
         ensembleAuthName=a, b\n\
         superUser=admin\nsuperUser.2=root\nsuperUserX=nobody\n\
         DigestAuthenticationProvider.superDigest=super:xyz=\n\
         DigestAuthenticationProvider.digestAlg=sha-512/256\n\
         enforce.auth.enabled=true\nenforce.auth.schemes=sasl, digest\n",
    ));
    let auth = &config.auth;
    assert_eq!(auth.extra_providers, [AuthProvider::Sasl, AuthProvider::Ensemble]);
    assert_eq!(auth.ensemble_names, Some(vec!["a".to_owned(), "b".to_owned()]));
    assert_eq!(auth.sasl_super_users, ["admin", "root"]);
    assert_eq!(auth.super_digest.as_deref(), Some("super:xyz="));
    assert_eq!(auth.digest_algorithm, DigestAlgorithm::Sha512_256);
    assert_eq!(auth.enforced_schemes, Some(vec!["sasl".to_owned(), "digest".to_owned()]));
    assert!(
        config
            .notes
            .iter()
            .any(|note| note.to_string().contains("Problems loading com.example.Own"))
    );
    assert!(!format!("{auth:?}").contains("xyz"), "debug output hides the digest");
}

#[test]
fn a_tls_port_registers_the_certificate_scheme() {
    let config = loaded(Server::new().load(
        "secureClientPort=2281\n\
         serverCnxnFactory=org.apache.zookeeper.server.NettyServerCnxnFactory\n",
    ));
    assert_eq!(config.auth.extra_providers, [AuthProvider::X509]);
    assert_eq!(config.listeners.secure.expect("listener").port, 2281);
}

#[test]
fn metrics_settings_lose_their_prefix() {
    let config = loaded(Server::new().load(
        "metricsProvider.className=org.apache.zookeeper.metrics.prometheus.PrometheusMetricsProvider\n\
         metricsProvider.httpPort=7001\nmetricsProvider.own=x\n",
    ));
    assert_eq!(config.metrics.provider, MetricsProvider::Prometheus);
    assert_eq!(config.metrics.settings["httpPort"], "7001");
    assert_eq!(config.metrics.settings["own"], "x");
}

#[test]
fn the_short_form_has_no_cap_on_connections() {
    let none = SystemProperties::default();
    let config = loaded(Config::from_args(&["2181", "/data"], &none));
    assert_eq!(config.source, Source::Arguments);
    assert_eq!(config.data_dir, Path::new("/data"));
    assert_eq!(config.data_log_dir, Path::new("/data"));
    assert_eq!((config.tick_time_ms, config.max_session_timeout_ms), (3000, 60_000));
    assert_eq!(config.listeners.max_client_cnxns, None);
    let config = loaded(Config::from_args(&["2181", "/data", "500", "7"], &none));
    assert_eq!((config.tick_time_ms, config.min_session_timeout_ms), (500, 1000));
    assert_eq!(config.listeners.max_client_cnxns, Some(7));
}

#[test]
fn the_embedded_default_listens_on_loopback_only() {
    let none = SystemProperties::default();
    let config = loaded(Config::default_embedded("/data", &none));
    assert_eq!(config.listeners.plain.expect("listener").to_string(), "127.0.0.1:2181");
    assert_eq!(config.admin.address, "127.0.0.1");
    assert_eq!(config.tick_time_ms, 2000);
    assert_eq!(config.notes, []);
}

#[test]
fn values_keep_the_letters_of_the_file() {
    let config = loaded(Server::new().load("admin.commandURL : /a\\u0062\\\n   c\n"));
    assert_eq!(config.admin.command_url, "/abc");
    assert!(config.file_text.contains("\\u0062"));
}
