use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::engine::Counts;
use crate::usage::{Usage, cpu_us_per_op};
use crate::{Args, Error, Histogram, wire};

/// Latencies, microseconds.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[allow(missing_docs, reason = "the names are the percentiles")]
pub struct Latency {
    pub mean_us: f64,
    pub p50_us: f64,
    pub p90_us: f64,
    pub p99_us: f64,
    pub p99_9_us: f64,
    pub max_us: f64,
}

impl From<&Histogram> for Latency {
    fn from(histogram: &Histogram) -> Self {
        let us = |ns: u64| (ns as f64 / 10.0).round() / 100.0;
        Latency {
            mean_us: us(histogram.mean_ns()),
            p50_us: us(histogram.quantile_ns(0.5)),
            p90_us: us(histogram.quantile_ns(0.9)),
            p99_us: us(histogram.quantile_ns(0.99)),
            p99_9_us: us(histogram.quantile_ns(0.999)),
            max_us: us(histogram.max_ns()),
        }
    }
}

/// What the server processes used; only with `--pid`.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct ServerUsage {
    /// CPU time of all server processes per operation, microseconds.
    pub cpu_us_per_op: f64,
    /// CPU time while measuring, seconds.
    pub cpu_seconds: f64,
    /// Resident memory at the end, bytes.
    pub rss_bytes: u64,
}

impl ServerUsage {
    /// The usage between two moments, or only the memory now.
    pub(crate) fn of(
        pids: &[u32],
        span: Option<(Usage, Usage)>,
        ops: u64,
    ) -> Result<Option<Self>, Error> {
        if pids.is_empty() {
            return Ok(None);
        }
        let (before, after) = match span {
            Some(span) => span,
            None => (Usage::of_all(pids)?, Usage::of_all(pids)?),
        };
        Ok(Some(ServerUsage {
            cpu_us_per_op: if ops == 0 { 0.0 } else { cpu_us_per_op(&before, &after, ops) },
            cpu_seconds: after.cpu_us.saturating_sub(before.cpu_us) as f64 / 1e6,
            rss_bytes: after.rss_bytes,
        }))
    }
}

/// The result of a run.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Report {
    /// See [`crate::Workload`].
    pub workload: String,
    /// The servers as given.
    pub servers: Vec<String>,
    /// Connections.
    pub connections: usize,
    /// Requests in flight per connection.
    pub depth: usize,
    /// Bytes of data per node.
    pub size: usize,
    /// Nodes that were made before.
    pub keys: usize,
    /// How long making the nodes took.
    pub prepare_seconds: f64,
    /// How long was measured.
    pub seconds: f64,
    /// Replies while measuring, errors included.
    pub ops: u64,
    /// Replies per second.
    pub ops_per_second: f64,
    /// Of successful operations.
    pub latency: Latency,
    /// Error replies by code name.
    pub errors: BTreeMap<String, u64>,
    /// Connections that ended before their time, by reason.
    pub lost_connections: BTreeMap<String, u64>,
    /// The server processes, with `--pid`.
    pub server: Option<ServerUsage>,
    /// CPU time of this program per operation, microseconds.
    pub client_cpu_us_per_op: f64,
}

impl Report {
    pub(crate) fn new(args: &Args, prepare_seconds: f64) -> Self {
        Report {
            workload: args.workload.to_string(),
            servers: args.servers.clone(),
            connections: args.connections,
            depth: args.depth,
            size: args.size,
            keys: args.keys,
            prepare_seconds,
            seconds: 0.0,
            ops: 0,
            ops_per_second: 0.0,
            latency: Latency::default(),
            errors: BTreeMap::new(),
            lost_connections: BTreeMap::new(),
            server: None,
            client_cpu_us_per_op: 0.0,
        }
    }

    pub(crate) fn fill(&mut self, elapsed: Duration, counts: &Counts) {
        self.seconds = elapsed.as_secs_f64();
        self.ops = counts.ops();
        self.ops_per_second = self.ops as f64 / self.seconds.max(f64::MIN_POSITIVE);
        self.latency = Latency::from(&counts.latency);
        self.errors = counts.refused.iter().map(|(code, n)| (wire::name(*code), *n)).collect();
        self.lost_connections = counts.lost.clone();
    }

    /// The result as JSON.
    pub fn to_json(&self) -> String {
        serde_json::to_string_pretty(self).expect("a report has only text keys and finite numbers")
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Report { workload, connections, depth, size, latency, .. } = self;
        writeln!(f, "{workload}, {connections} connections x {depth} in flight, {size} bytes")?;
        if self.ops > 0 {
            writeln!(
                f,
                "  throughput  {:.0} operations/s ({} in {:.2} s)",
                self.ops_per_second, self.ops, self.seconds
            )?;
            writeln!(
                f,
                "  latency     p50 {} us, p90 {} us, p99 {} us, p99.9 {} us, max {} us",
                latency.p50_us, latency.p90_us, latency.p99_us, latency.p99_9_us, latency.max_us
            )?;
        }
        if let Some(server) = &self.server {
            let mib = server.rss_bytes as f64 / 1_048_576.0;
            let cpu = server.cpu_us_per_op;
            writeln!(f, "  server      {cpu:.2} us CPU per operation, {mib:.1} MiB resident")?;
        }
        for (name, count) in &self.errors {
            writeln!(f, "  errors      {name} {count}")?;
        }
        for (why, count) in &self.lost_connections {
            writeln!(f, "  lost        {count} connections: {why}")?;
        }
        write!(
            f,
            "  this        {:.2} us CPU per operation; {} nodes made in {:.2} s",
            self.client_cpu_us_per_op, self.keys, self.prepare_seconds
        )
    }
}
