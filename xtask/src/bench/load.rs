use std::fmt;
use std::process::Command;

use ::bench::Report;
use anyhow::{Context, Result, ensure};
use serde::Serialize;
use testkit::java::{ServerKind, ox_binary};
use testkit::process::ServerProcess;

use super::{Plan, median, options};

/// Workload and load of one line of the table.
#[derive(Debug, Clone, Copy, Serialize)]
pub struct Case {
    /// As `oxkeeper bench` names it.
    pub workload: &'static str,
    /// Connections.
    pub connections: usize,
    /// Requests in flight on each.
    pub depth: usize,
}

impl Case {
    /// All lines.
    pub fn all() -> Vec<Case> {
        let loads = [(1, 1), (32, 16), (256, 16)];
        let workloads = ["get", "set", "create", "mixed:80"];
        let case =
            |workload| loads.map(|(connections, depth)| Case { workload, connections, depth });
        workloads.into_iter().flat_map(case).collect()
    }
}

impl fmt::Display for Case {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}x{}", self.workload, self.connections, self.depth)
    }
}

/// The medians of one server's runs of a case.
#[derive(Debug, Clone, Default, Serialize)]
#[allow(missing_docs, reason = "the names say it")]
pub struct Numbers {
    pub ops_per_second: f64,
    pub p50_us: f64,
    pub p99_us: f64,
    pub p99_9_us: f64,
    pub server_cpu_us_per_op: f64,
    pub client_cpu_us_per_op: f64,
    /// Error replies and lost connections of all runs.
    pub errors: u64,
    /// Throughput of each run, to show the spread.
    pub runs: Vec<f64>,
}

/// A case on both servers.
#[derive(Debug, Clone, Serialize)]
pub struct CaseResult {
    /// Which.
    pub case: Case,
    /// The other server's numbers and ours.
    pub numbers: [Numbers; 2],
}

/// Measures all cases, the servers in turn.
pub fn measure(cases: &[Case], kinds: [ServerKind; 2], plan: Plan) -> Result<Vec<CaseResult>> {
    let servers = [options().start(kinds[0])?, options().start(kinds[1])?];
    let mut results = Vec::new();
    for case in cases {
        let mut reports: [Vec<Report>; 2] = Default::default();
        for round in 0..plan.rounds {
            for turn in 0..2 {
                // The order changes from round to round, so that neither always comes first.
                let index = (round + turn) % 2;
                let report = run(*case, &servers[index], plan)?;
                eprintln!("{case}, {}: {:.0} operations/s", kinds[index], report.ops_per_second);
                reports[index].push(report);
            }
        }
        let numbers = [numbers(&reports[0]), numbers(&reports[1])];
        results.push(CaseResult { case: *case, numbers });
    }
    Ok(results)
}

fn run(case: Case, server: &ServerProcess, plan: Plan) -> Result<Report> {
    generator(
        server,
        &[
            "--workload",
            case.workload,
            "--connections",
            &case.connections.to_string(),
            "--depth",
            &case.depth.to_string(),
            "--warmup",
            &plan.warmup_seconds.to_string(),
            "--duration",
            &plan.seconds.to_string(),
        ],
    )
}

/// Runs `oxkeeper bench` on a server.
pub fn generator(server: &ServerProcess, args: &[&str]) -> Result<Report> {
    let pid = server.pid().context("the server has ended")?;
    let output = Command::new(ox_binary()?)
        .args(["bench", "--json", "--servers", &server.connect_string(), "--pid", &pid.to_string()])
        .args(args)
        .output()
        .context("cannot run oxkeeper bench")?;
    let errors = String::from_utf8_lossy(&output.stderr);
    ensure!(output.status.success(), "oxkeeper bench failed: {errors}\n{}", server.output());
    serde_json::from_slice(&output.stdout).context("oxkeeper bench printed something else")
}

fn numbers(reports: &[Report]) -> Numbers {
    let of = |field: fn(&Report) -> f64| median(reports.iter().map(field));
    let errors = |report: &Report| {
        report.errors.values().sum::<u64>() + report.lost_connections.values().sum::<u64>()
    };
    Numbers {
        ops_per_second: of(|report| report.ops_per_second),
        p50_us: of(|report| report.latency.p50_us),
        p99_us: of(|report| report.latency.p99_us),
        p99_9_us: of(|report| report.latency.p99_9_us),
        server_cpu_us_per_op: of(|r| r.server.as_ref().map_or(0.0, |usage| usage.cpu_us_per_op)),
        client_cpu_us_per_op: of(|report| report.client_cpu_us_per_op),
        errors: reports.iter().map(errors).sum(),
        runs: reports.iter().map(|report| report.ops_per_second).collect(),
    }
}
