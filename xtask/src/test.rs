//! `cargo xtask test`: everything that can be tested, after the set-up it needs.

use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};
use std::time::Instant;

use anyhow::{Context, Result, bail};

/// Runs all tests, the ones against real peers included.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Only the steps whose name contains this.
    #[arg(long)]
    only: Option<String>,
    /// Lists the steps.
    #[arg(long)]
    list: bool,
    /// Operations that the oracle compares.
    #[arg(long, default_value_t = 100_000)]
    oracle_ops: u64,
    /// Times that a server is killed under load.
    #[arg(long, default_value_t = 50)]
    kills: u32,
}

/// One thing to run.
struct Step {
    name: &'static str,
    command: Vec<String>,
}

/// Runs the steps and says what came of each; they do not depend on each other.
pub fn run(args: &Args) -> Result<ExitCode> {
    let steps = steps(args);
    if args.list {
        steps.iter().for_each(|step| println!("{:<8} {}", step.name, step.command.join(" ")));
        return Ok(ExitCode::SUCCESS);
    }
    let wanted = |step: &&Step| args.only.as_ref().is_none_or(|only| step.name.contains(only));
    let steps: Vec<&Step> = steps.iter().filter(wanted).collect();
    if steps.is_empty() {
        bail!("no step has that name; --list shows them");
    }
    prepare()?;
    let binary = release_binary()?;
    let mut failed = Vec::new();
    for step in &steps {
        let started = Instant::now();
        println!("\n== {}: {}", step.name, step.command.join(" "));
        let is_ok = run_step(step, &binary)?;
        let verdict = if is_ok { "passed" } else { "FAILED" };
        println!("== {}: {verdict} in {:.0} s", step.name, started.elapsed().as_secs_f64());
        if !is_ok {
            failed.push(step.name);
        }
    }
    if !failed.is_empty() {
        println!("\nfailed: {}", failed.join(", "));
    }
    println!("\nsteps: {} passed, {} failed", steps.len() - failed.len(), failed.len());
    Ok(if failed.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn steps(args: &Args) -> Vec<Step> {
    let ops = args.oracle_ops.to_string();
    let kills = args.kills.to_string();
    let step = |name, command: &[&str]| Step {
        name,
        command: command.iter().map(|word| (*word).to_owned()).collect(),
    };
    vec![
        step("cargo", &["cargo", "test", "--workspace", "--locked"]),
        step("oracle", &["cargo", "xtask", "oracle", "--ops", &ops]),
        step("kill9", &["cargo", "xtask", "kill9", "--rounds", &kills]),
        step("zkcli", &["interop/zkcli/run.sh", "ox"]),
        step("ccli", &["interop/ccli/run.sh", "ox"]),
        step("kazoo", &["interop/kazoo/run.sh", "ox"]),
    ]
}

/// Installs the peers and builds the server that all steps use.
fn prepare() -> Result<()> {
    println!("== set-up: interop/setup.sh");
    let peers = Command::new("interop/setup.sh").current_dir(root()).status()?;
    if !peers.success() {
        bail!("not all peers are here; the sentences above say what is missing");
    }
    println!("== set-up: cargo build --release");
    let build = ["build", "--release", "--locked", "--package", "oxkeeper"];
    let built = Command::new("cargo").args(build).current_dir(root()).status()?;
    if !built.success() {
        bail!("the server does not build");
    }
    Ok(())
}

fn run_step(step: &Step, binary: &Path) -> Result<bool> {
    let (program, words) = step.command.split_first().context("a step has a command")?;
    let program = match program.contains('/') {
        true => root().join(program),
        false => program.into(),
    };
    let status = Command::new(&program)
        .args(words)
        .current_dir(root())
        .env("OXKEEPER_BIN", binary)
        // A peer that is not there is a failure here, not a reason to skip.
        .env("OXKEEPER_REQUIRE_PEERS", "1")
        .status()
        .with_context(|| format!("cannot run {}", program.display()))?;
    Ok(status.success())
}

fn release_binary() -> Result<PathBuf> {
    let target = std::env::var_os("CARGO_TARGET_DIR").map_or(root().join("target"), PathBuf::from);
    let binary = std::path::absolute(target.join("release/oxkeeper"))?;
    if !binary.exists() {
        bail!("{} is not there although it was built", binary.display());
    }
    Ok(binary)
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap_or(Path::new(".")).to_owned()
}
