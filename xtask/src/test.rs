//! `cargo xtask test`: brings the peers, builds the server, runs every test, sums up.

use std::process::{Command, ExitCode};
use std::time::Instant;

use anyhow::{Context, Result, ensure};
use testkit::java::workspace_root;

/// The exit code of an interop script that did not run: a peer is missing.
const NOT_RUN: i32 = 2;

/// Options of `cargo xtask test`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Leave out what takes minutes: the long oracle run and the suites of other clients.
    #[arg(long)]
    quick: bool,
    /// Count a missing peer as a failure, as CI does (the variable CI has the same effect).
    #[arg(long)]
    require_peers: bool,
    /// Only steps whose name contains this.
    #[arg(long)]
    only: Option<String>,
}

/// One step: a name for the summary, and a command in the checkout.
struct Step {
    name: &'static str,
    program: &'static str,
    args: &'static [&'static str],
    /// Left out by `--quick`.
    slow: bool,
}

const STEPS: &[Step] = &[
    Step { name: "peers", program: "interop/setup.sh", args: &[], slow: false },
    Step {
        name: "server",
        program: "cargo",
        args: &["build", "--locked", "--release", "-p", "oxkeeper"],
        slow: false,
    },
    Step {
        name: "unit, property, golden and crash tests",
        program: "cargo",
        args: &["test", "--locked", "--workspace", "--no-fail-fast"],
        slow: false,
    },
    Step {
        name: "distribution",
        program: "cargo",
        args: &["xtask", "dist", "--check"],
        slow: false,
    },
    Step {
        name: "oracle, 10,000 operations",
        program: "cargo",
        args: &["xtask", "oracle", "--ops", "10000", "--ops-per-round", "2500"],
        slow: false,
    },
    Step {
        name: "oracle, 100,000 operations",
        program: "cargo",
        args: &["xtask", "oracle", "--ops", "100000", "--seed", "100000"],
        slow: true,
    },
    Step { name: "zkCli", program: "interop/zkcli/run.sh", args: &["ox"], slow: true },
    Step { name: "C client", program: "interop/ccli/run.sh", args: &["ox"], slow: true },
    Step { name: "kazoo's own tests", program: "interop/kazoo/run.sh", args: &["ox"], slow: true },
];

/// How a step ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Outcome {
    Passed,
    Failed,
    Skipped,
}

/// Runs the steps one after the other; exit code 1 when one failed.
pub fn run(args: &Args) -> Result<ExitCode> {
    let require_peers = args.require_peers || std::env::var_os("CI").is_some();
    let wanted = |step: &&Step| {
        !(args.quick && step.slow) && args.only.as_ref().is_none_or(|only| step.name.contains(only))
    };
    let steps: Vec<&Step> = STEPS.iter().filter(wanted).collect();
    ensure!(!steps.is_empty(), "no step has '{}' in its name", args.only.as_deref().unwrap_or(""));
    let mut lines = Vec::new();
    let mut failed = false;
    for step in steps {
        println!("\n== {}", step.name);
        let start = Instant::now();
        let outcome = run_step(step, require_peers)?;
        failed |= outcome == Outcome::Failed;
        lines.push(format!("{outcome:?}: {}, {:.0} s", step.name, start.elapsed().as_secs_f64()));
    }
    println!("\n{}", lines.join("\n"));
    Ok(if failed { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}

fn run_step(step: &Step, require_peers: bool) -> Result<Outcome> {
    let root = workspace_root();
    let mut command = match step.program {
        "cargo" => Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into())),
        script => Command::new(root.join(script)),
    };
    if require_peers {
        command.env("OXKEEPER_REQUIRE_PEERS", "1");
    }
    let status = command.args(step.args).current_dir(&root).status();
    let status = status.with_context(|| format!("cannot run {}", step.program))?;
    Ok(match status.code() {
        Some(0) => Outcome::Passed,
        // Peers that cannot be had are named by the script; without them tests skip by name.
        _ if step.name == "peers" && !require_peers => Outcome::Skipped,
        Some(NOT_RUN) if !step.program.ends_with("cargo") && !require_peers => Outcome::Skipped,
        _ => Outcome::Failed,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_script_is_there() {
        for step in STEPS.iter().filter(|step| step.program != "cargo") {
            assert!(workspace_root().join(step.program).is_file(), "{}", step.program);
        }
    }
}
