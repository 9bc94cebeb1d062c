//! What developers run: `cargo xtask <command>`.

mod bench;
mod dist;
mod docs;
mod oracle;
mod test;
mod tidy;

use std::process::ExitCode;

use anyhow::Result;
use clap::{Parser, Subcommand};

/// Development tasks of Oxkeeper.
#[derive(Debug, Parser)]
#[command(name = "cargo xtask")]
struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Measures Oxkeeper and the Java server in turn and writes the numbers down.
    Bench(bench::Args),
    /// Makes the distribution folder and its archive.
    Dist(dist::Args),
    /// Makes the pages that are made from code.
    Docs(docs::Args),
    /// Compares Oxkeeper's answers with the Java server's on random requests.
    Oracle(oracle::Args),
    /// Brings the peers and runs every test.
    Test(test::Args),
    /// Checks layering, forbidden words, licences and docs.
    Tidy,
}

fn main() -> Result<ExitCode> {
    match Args::parse().command {
        Command::Bench(args) => bench::run(&args),
        Command::Dist(args) => dist::run(&args),
        Command::Docs(args) => docs::run(&args),
        Command::Oracle(args) => oracle::run(&args),
        Command::Test(args) => test::run(&args),
        Command::Tidy => tidy::run(),
    }
}
