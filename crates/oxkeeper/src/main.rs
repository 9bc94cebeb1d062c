//! The `oxkeeper` program: a server, and the small tools around it.

mod cli;
mod logging;
mod purge;
mod serve;
mod version;
mod word;

use std::process::ExitCode;

use clap::Parser;

use cli::{Cli, Command};

/// Half the memory of the system's allocator under many small nodes, and less time.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    match Cli::parse().command {
        None => serve::run(&[]),
        Some(Command::Server(server)) => serve::run(&server.words),
        Some(Command::Start(words)) => serve::run(&words),
        Some(Command::Word(word)) => word.run(),
        Some(Command::Version) => version::run(),
        Some(Command::Purge(purge)) => purge.run(),
        Some(Command::Bench(args)) => match bench::main(&args) {
            Ok(()) => ExitCode::SUCCESS,
            Err(error) => {
                eprintln!("oxkeeper bench: {error}");
                ExitCode::FAILURE
            }
        },
    }
}
