use std::process::ExitCode;

use anyhow::Result;
use testkit::java::ServerKind;
use testkit::oracle::{self, Options};

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
}

/// Runs the oracle; exit code 1 means unexplained differences.
pub fn run(args: &Args) -> Result<ExitCode> {
    let options = Options {
        seed: args.seed,
        ops: args.ops,
        ops_per_round: args.ops_per_round,
        servers: [args.reference, args.server],
        expire_every: args.expire_every,
        differences_max: args.differences,
        only_round: args.round,
        profile: args.profile.clone(),
        inject: args.inject,
        ..Options::default()
    };
    let report = oracle::run(&options, |line| eprintln!("{line}"))?;
    println!("{report}");
    Ok(if report.is_clean() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
