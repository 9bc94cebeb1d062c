use std::collections::BTreeMap;
use std::fs;
use std::sync::atomic::Ordering::Relaxed;

use proto::path;
use rustix::process::{Resource, getrlimit};
use tree::DataTree;
use tree::quota::{self, StatsTrack};

use super::WordThread;
use crate::java;
use crate::shared::Shared;

/// The answer of `mntr`: every key that Java's default provider prints.
pub(super) fn text(words: &WordThread) -> String {
    let mut out = String::new();
    let mut put = |key: &str, value: &str| {
        out += &format!("zk_{key}\t{value}\n");
    };
    put("version", &words.shared.version.full());
    put("server_state", "standalone");
    let null = "org.apache.zookeeper.metrics.impl.NullMetricsProvider";
    if words.shared.config.properties.value("metricsProvider.className") != Some(null) {
        put_gauges(words, &mut put);
        put_quotas(&words.shared.tree(), &mut put);
        words.shared.metrics.dump(&mut put);
    }
    out
}

fn put_gauges(words: &WordThread, put: &mut dyn FnMut(&str, &str)) {
    let shared = &words.shared;
    let stats = &shared.stats;
    put("avg_latency", &java::double(stats.latency.average()));
    put("max_latency", &stats.latency.max().to_string());
    put("min_latency", &stats.latency.min().to_string());
    put("packets_received", &stats.packets_received.load(Relaxed).to_string());
    put("packets_sent", &stats.packets_sent.load(Relaxed).to_string());
    put("num_alive_connections", &shared.admission.count().to_string());
    put("outstanding_requests", &stats.in_process.load(Relaxed).max(0).to_string());
    put("uptime", &shared.clock.monotonic_ms().to_string());
    put_tree(shared, put);
    let sessions = words.ask_core(peer::Peer::session_count).unwrap_or_default();
    put("global_sessions", &sessions.to_string());
    put("local_sessions", "0");
    put("open_file_descriptor_count", &open_descriptors().to_string());
    put("max_file_descriptor_count", &descriptors_max().to_string());
    put("connection_drop_probability", &java::double(shared.throttle.drop_chance()));
    put("last_client_response_size", &stats.response_sizes.last().to_string());
    put("max_client_response_size", &stats.response_sizes.max().to_string());
    put("min_client_response_size", &stats.response_sizes.min().to_string());
    put("outstanding_tls_handshake", "0");
    // Java counts these for TLS only.
    put("auth_failed_count", "0");
    put("non_mtls_remote_conn_count", "0");
    put("non_mtls_local_conn_count", "0");
}

fn put_tree(shared: &Shared, put: &mut dyn FnMut(&str, &str)) {
    let tree = shared.tree();
    put("znode_count", &tree.node_count().to_string());
    put("watch_count", &shared.watches().watch_count().to_string());
    put("ephemerals_count", &tree.ephemeral_count().to_string());
    put("approximate_data_size", &tree.approximate_data_size().to_string());
}

/// Limits and usage, summed per first path component (`QuotaMetricsUtils`).
fn put_quotas(tree: &DataTree, put: &mut dyn FnMut(&str, &str)) {
    let mut namespaces: BTreeMap<String, Quota> = BTreeMap::new();
    collect_quotas(tree, path::QUOTA.to_owned(), &mut namespaces);
    let gauges = [
        ("quota_count_limit_per_namespace", Quota::count_limit as Gauge),
        ("quota_bytes_limit_per_namespace", Quota::bytes_limit),
        ("quota_count_usage_per_namespace", Quota::count),
        ("quota_bytes_usage_per_namespace", Quota::bytes),
    ];
    for (name, value) in gauges {
        for (namespace, quota) in &namespaces {
            put(&format!("{namespace}_{name}"), &value(quota).to_string());
        }
    }
}

type Gauge = fn(&Quota) -> i64;

#[derive(Default)]
struct Quota {
    count_limit: i64,
    bytes_limit: i64,
    count: i64,
    bytes: i64,
}

impl Quota {
    fn count_limit(&self) -> i64 {
        self.count_limit
    }

    fn bytes_limit(&self) -> i64 {
        self.bytes_limit
    }

    fn count(&self) -> i64 {
        self.count
    }

    fn bytes(&self) -> i64 {
        self.bytes
    }
}

fn collect_quotas(tree: &DataTree, at: String, namespaces: &mut BTreeMap<String, Quota>) {
    let Some(node) = tree.find(&at).map(|id| tree.node(id)) else { return };
    for name in node.children() {
        let child = format!("{at}/{name}");
        if name == quota::LIMITS_NAME || name == quota::STATS_NAME {
            add_quota(tree, &child, name, namespaces);
        } else {
            collect_quotas(tree, child, namespaces);
        }
    }
}

fn add_quota(
    tree: &DataTree,
    quota_path: &str,
    name: &str,
    namespaces: &mut BTreeMap<String, Quota>,
) {
    let below = quota_path.strip_prefix(path::QUOTA).unwrap_or_default();
    let namespace = below.split('/').nth(1).unwrap_or_default();
    let Some(node) = tree.find(quota_path).map(|id| tree.node(id)) else { return };
    let Ok(track) = StatsTrack::parse(node.data().bytes().unwrap_or_default()) else { return };
    let sums = namespaces.entry(namespace.to_owned()).or_default();
    if name == quota::LIMITS_NAME {
        // The hard limit is the one in force where there is one.
        let limit = |hard: i64, soft: i64| if hard > -1 { hard } else { soft };
        sums.count_limit += limit(track.count_hard_limit(), track.count());
        sums.bytes_limit += limit(track.byte_hard_limit(), track.bytes());
    } else {
        sums.count += track.count();
        sums.bytes += track.bytes();
    }
}

fn open_descriptors() -> i64 {
    // One of them is the folder that is being read.
    fs::read_dir("/proc/self/fd").map_or(-1, |entries| entries.count() as i64 - 1)
}

fn descriptors_max() -> i64 {
    getrlimit(Resource::Nofile).current.map_or(-1, |max| max.min(i64::MAX as u64) as i64)
}
