//! kill -9 under load.
//!
//! `OXKEEPER_KILL9_ROUNDS` and `OXKEEPER_KILL9_SEED` choose how often and which moments.

use std::time::Duration;

use testkit::java::{ServerKind, skip};
use testkit::process;
use testkit::proof::Error;
use testkit::proof::kill9::{Options, Report, run};

fn number(name: &str) -> Option<u64> {
    std::env::var(name).ok().and_then(|text| text.parse().ok())
}

/// Runs the proof; a missing program skips it by name.
#[track_caller]
fn outcome(test: &str, options: &Options) -> Option<Report> {
    match run(options, |line| println!("{line}")) {
        Ok(report) => Some(report),
        Err(Error::Process(why @ process::Error::PeerMissing { .. })) => {
            skip(test, &why);
            None
        }
        Err(other) => panic!("{other}"),
    }
}

#[track_caller]
fn check(test: &str, options: &Options) {
    let Some(report) = outcome(test, options) else { return };
    println!("{report:#?}");
    assert!(report.findings.is_empty(), "seed {}: {:#?}", options.seed, report.findings);
    assert!(report.writes > 0 && report.kills >= options.rounds);
}

#[test]
fn no_acknowledged_write_is_lost() {
    let options = Options {
        seed: number("OXKEEPER_KILL9_SEED").unwrap_or(1),
        rounds: number("OXKEEPER_KILL9_ROUNDS").unwrap_or(50) as usize,
        ..Options::default()
    };
    check("no_acknowledged_write_is_lost", &options);
}

/// What the Java server leaves when it is killed is as good for us as what we leave.
#[test]
fn we_start_on_what_a_killed_java_server_leaves() {
    let options = Options {
        seed: number("OXKEEPER_KILL9_SEED").unwrap_or(1) + 1000,
        rounds: number("OXKEEPER_KILL9_ROUNDS").unwrap_or(10) as usize,
        java_turns: true,
        ..Options::default()
    };
    check("we_start_on_what_a_killed_java_server_leaves", &options);
}

/// What is demanded of us holds for the Java server too.
#[test]
fn the_java_server_passes_as_well() {
    let options = Options { rounds: 3, server: ServerKind::Java, ..Options::default() };
    check("the_java_server_passes_as_well", &options);
}

/// The proof sees a loss when there is one.
#[test]
fn a_lost_write_is_noticed() {
    let load_max = Duration::from_millis(500);
    let options = Options { rounds: 2, load_max, inject: true, ..Options::default() };
    let Some(report) = outcome("a_lost_write_is_noticed", &options) else { return };
    assert!(!report.findings.is_empty(), "{report:#?}");
}
