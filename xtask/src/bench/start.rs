use std::thread;
use std::time::{Duration, Instant};

use anyhow::Result;
use serde::Serialize;
use testkit::java::ServerKind;
use testkit::process::Readiness;

use super::load::generator;
use super::{Plan, median, options};

/// How long a server idles before its memory counts.
const IDLE: Duration = Duration::from_secs(3);

/// A server with an empty tree.
#[derive(Debug, Clone, Serialize)]
pub struct Idle {
    /// From the start of the process to the first answered handshake, ms.
    pub start_ms: f64,
    /// Resident memory after three seconds without clients, bytes.
    pub rss_bytes: u64,
}

/// A server with many nodes of 100 bytes.
#[derive(Debug, Clone, Serialize)]
pub struct Big {
    /// How many.
    pub nodes: usize,
    /// How long one connection took to create them, seconds.
    pub create_seconds: f64,
    /// Resident memory afterwards, bytes.
    pub created_rss_bytes: u64,
    /// From the start of the process on these files to the first answer, seconds.
    pub start_seconds: f64,
    /// Resident memory then, bytes.
    pub loaded_rss_bytes: u64,
}

/// Starts a server several times on an empty folder.
pub fn idle(kind: ServerKind, plan: Plan) -> Result<Idle> {
    let mut starts_ms = Vec::new();
    let mut rss_bytes = Vec::new();
    for _ in 0..plan.starts {
        let server = options().readiness(Readiness::Session).start(kind)?;
        starts_ms.push(server.start_took().as_secs_f64() * 1000.0);
        thread::sleep(IDLE);
        rss_bytes.push(server.usage()?.rss_bytes as f64);
    }
    let idle = Idle { start_ms: median(starts_ms), rss_bytes: median(rss_bytes) as u64 };
    eprintln!("{kind}: first reply after {:.1} ms", idle.start_ms);
    Ok(idle)
}

/// Fills a server, kills it and starts it again.
pub fn big(kind: ServerKind, plan: Plan) -> Result<Big> {
    let mut server = options().start(kind)?;
    let keys = plan.big_nodes.to_string();
    let start = Instant::now();
    generator(&server, &["--workload", "load", "--keys", &keys, "--size", "100", "--keep"])?;
    let create_seconds = start.elapsed().as_secs_f64();
    let created_rss_bytes = server.usage()?.rss_bytes;
    server.kill();
    server.start_again()?;
    let start_seconds = server.start_took().as_secs_f64();
    thread::sleep(IDLE);
    let loaded_rss_bytes = server.usage()?.rss_bytes;
    eprintln!("{kind}: {keys} nodes loaded in {start_seconds:.2} s");
    Ok(Big {
        nodes: plan.big_nodes,
        create_seconds,
        created_rss_bytes,
        start_seconds,
        loaded_rss_bytes,
    })
}
