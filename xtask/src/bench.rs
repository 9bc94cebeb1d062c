//! `cargo xtask bench --against java`: both servers, started the same way with fsync on, measured
//! in turn with `oxkeeper bench`.

mod document;
mod load;
pub mod machine;
mod start;

use std::process::{Command, ExitCode};
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use serde::Serialize;
use testkit::java::{ServerKind, ServerOptions, workspace_root};

use load::{Case, CaseResult};
use machine::Machine;
use start::{Big, Idle};

/// Options of `cargo xtask bench`.
#[derive(Debug, Clone, clap::Args)]
pub struct Args {
    /// The server to compare with.
    #[arg(long, default_value = "java")]
    against: ServerKind,
    /// Short runs: enough to see a trend, not for the record.
    #[arg(long)]
    quick: bool,
    /// Name of the files below docs/benchmarks.
    #[arg(long, default_value = "against-java")]
    name: String,
    /// Only cases whose name contains this, such as `get` or `32x16`.
    #[arg(long)]
    only: Option<String>,
    /// Leave out start time, idle memory and the large tree.
    #[arg(long)]
    load_only: bool,
    /// Print only, write no files.
    #[arg(long)]
    dry: bool,
}

/// How much is measured.
#[derive(Debug, Clone, Copy, Serialize)]
pub struct Plan {
    /// Runs per case and server.
    pub rounds: usize,
    /// Seconds of load before measuring.
    pub warmup_seconds: f64,
    /// Seconds of measuring.
    pub seconds: f64,
    /// Starts per server.
    pub starts: usize,
    /// Nodes of the large tree.
    pub big_nodes: usize,
}

const FULL: Plan =
    Plan { rounds: 3, warmup_seconds: 2.0, seconds: 3.0, starts: 5, big_nodes: 1_000_000 };
const QUICK: Plan =
    Plan { rounds: 1, warmup_seconds: 1.5, seconds: 2.0, starts: 3, big_nodes: 100_000 };

/// Everything that was measured; what the JSON file holds.
#[derive(Debug, Serialize)]
pub struct Results {
    /// The command line.
    pub command: String,
    /// Where.
    pub machine: Machine,
    /// How much.
    pub plan: Plan,
    /// The servers: the one to compare with, then ours.
    pub servers: [String; 2],
    /// Throughput, latency and CPU.
    pub cases: Vec<CaseResult>,
    /// Start and memory with an empty tree.
    pub idle: Option<[Idle; 2]>,
    /// The large tree.
    pub big: Option<[Big; 2]>,
}

/// Measures and writes `docs/benchmarks/NAME.{json,md}`.
pub fn run(args: &Args) -> Result<ExitCode> {
    build()?;
    let plan = if args.quick { QUICK } else { FULL };
    let kinds = [args.against, ServerKind::Ox];
    let cases: Vec<Case> = Case::all()
        .into_iter()
        .filter(|case| args.only.as_ref().is_none_or(|only| case.to_string().contains(only)))
        .collect();
    ensure!(!cases.is_empty(), "no case has '{}' in its name", args.only.as_deref().unwrap_or(""));
    let mut results = Results {
        command: command_line(),
        machine: Machine::this()?,
        plan,
        servers: kinds.map(|kind| kind.to_string()),
        cases: load::measure(&cases, kinds, plan)?,
        idle: None,
        big: None,
    };
    if !args.load_only {
        results.idle = Some([start::idle(kinds[0], plan)?, start::idle(kinds[1], plan)?]);
        results.big = Some([start::big(kinds[0], plan)?, start::big(kinds[1], plan)?]);
    }
    let text = document::markdown(&results);
    println!("{text}");
    if !args.dry {
        document::write(&results, &text, &args.name)?;
    }
    Ok(ExitCode::SUCCESS)
}

/// How a server is started for a measurement: defaults, and any number of connections.
pub fn options() -> ServerOptions {
    ServerOptions::new()
        .config("tickTime", 2000)
        .config("maxClientCnxns", 0)
        .start_timeout(Duration::from_secs(180))
}

/// The release build of what is measured and what measures.
fn build() -> Result<()> {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let status = Command::new(cargo)
        .args(["build", "--release", "-p", "oxkeeper"])
        .current_dir(workspace_root())
        .status()
        .context("cannot run cargo build")?;
    ensure!(status.success(), "the release build failed");
    Ok(())
}

fn command_line() -> String {
    let words = std::env::args().skip(1).collect::<Vec<_>>();
    format!("cargo xtask {}", words.join(" "))
}

/// The middle of the values; 0 of none.
pub fn median(values: impl IntoIterator<Item = f64>) -> f64 {
    let mut values: Vec<f64> = values.into_iter().collect();
    values.sort_by(f64::total_cmp);
    match values.len() {
        0 => 0.0,
        odd if odd % 2 == 1 => values[odd / 2],
        even => (values[even / 2 - 1] + values[even / 2]) / 2.0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_median_is_in_the_middle() {
        assert_eq!(median([3.0, 1.0, 2.0]), 2.0);
        assert_eq!(median([4.0, 1.0, 2.0, 3.0]), 2.5);
        assert_eq!(median([]), 0.0);
    }
}
