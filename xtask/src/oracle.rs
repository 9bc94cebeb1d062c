use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Result;
use testkit::java::ServerKind;
use testkit::oracle::{self, Options, Report};

use crate::bench::machine::Machine;

/// Options of `cargo xtask oracle`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Everything random follows from it.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// How many operations in all.
    #[arg(long, default_value_t = 20_000)]
    ops: usize,
    /// How many operations with one pair of fresh servers.
    #[arg(long, default_value_t = 10_000)]
    ops_per_round: usize,
    /// The server that is right.
    #[arg(long, default_value = "java")]
    reference: ServerKind,
    /// The server to test.
    #[arg(long, default_value = "ox")]
    server: ServerKind,
    /// Stop after this many rounds with a difference.
    #[arg(long, default_value_t = 10)]
    differences: usize,
    /// Go on with a round until it has this many differences.
    #[arg(long, default_value_t = 1)]
    per_round: usize,
    /// Run only this round of the seed, to see a difference again.
    #[arg(long)]
    round: Option<usize>,
    /// Only rounds with these settings: extended, plain, soft-quota or skip-acl.
    #[arg(long)]
    profile: Option<String>,
    /// Steps between two sessions that are left to expire; 0 for none.
    #[arg(long, default_value_t = 8000)]
    expire_every: usize,
    /// Change a request on its way to the tested server, to prove that it is noticed.
    #[arg(long)]
    inject: bool,
    /// Only print the list of differences that are meant, the text of docs/differences.md.
    #[arg(long)]
    explain: bool,
    /// Write what was compared, and with which result, to this file.
    #[arg(long)]
    record: Option<PathBuf>,
}

/// Runs the oracle; exit code 1 means unexplained differences.
pub fn run(args: &Args) -> Result<ExitCode> {
    if args.explain {
        print!("{}", oracle::explained::markdown());
        return Ok(ExitCode::SUCCESS);
    }
    let options = Options {
        seed: args.seed,
        ops: args.ops,
        ops_per_round: args.ops_per_round,
        servers: [args.reference, args.server],
        expire_every: args.expire_every,
        differences_max: args.differences,
        differences_per_round: args.per_round,
        only_round: args.round,
        profile: args.profile.clone(),
        inject: args.inject,
        ..Options::default()
    };
    let report = oracle::run(&options, |line| eprintln!("{line}"))?;
    println!("{report}");
    if let Some(path) = &args.record {
        std::fs::write(path, record(&report))?;
    }
    Ok(if report.is_clean() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// A run as a document.
fn record(report: &Report) -> String {
    let machine = Machine::here();
    let words = std::env::args().skip(1).collect::<Vec<_>>().join(" ");
    format!(
        "# A run of the oracle\n\n`cargo xtask {words}`\n\n{}, commit {}, {}.\n\n```text\n{report}\n```\n",
        machine.date, machine.commit, machine.java
    )
}
