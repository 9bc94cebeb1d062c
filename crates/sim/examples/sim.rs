//! Runs many seeds, or replays one as a readable trace.

use std::process::ExitCode;
use std::time::Instant;

const USAGE: &str = "usage: sim --seeds N [--from S]   run N seeds, stop at the first violation
       sim --replay S               print what happens with seed S";

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let number = |name: &str| -> Option<u64> {
        let at = args.iter().position(|arg| arg == name)?;
        args.get(at + 1)?.parse().ok()
    };
    match (number("--seeds"), number("--replay")) {
        (_, Some(seed)) => replay(seed),
        (Some(count), None) => run(number("--from").unwrap_or(0), count),
        (None, None) => {
            eprintln!("{USAGE}");
            ExitCode::from(2)
        }
    }
}

fn replay(seed: u64) -> ExitCode {
    let report = sim::replay(seed);
    for line in &report.trace {
        println!("{line}");
    }
    finish(&report)
}

fn run(from: u64, count: u64) -> ExitCode {
    let began = Instant::now();
    let (mut events, mut committed, mut epochs, mut crashes) = (0, 0, 0, 0);
    let mut syncs = [0; 3];
    for seed in from..from + count {
        let report = sim::run(seed);
        events += report.events;
        committed += report.committed;
        epochs += report.epochs;
        crashes += report.crashes;
        syncs.iter_mut().zip(report.syncs).for_each(|(sum, more)| *sum += more);
        if report.violation.is_some() {
            return finish(&report);
        }
        let done = seed + 1 - from;
        if done.is_multiple_of(50) || done == count {
            println!(
                "{done}/{count} seeds in {:.1} s: {events} events, {committed} commits, {epochs} \
                 epochs, {crashes} crashes, DIFF {} TRUNC {} SNAP {}, 0 violations",
                began.elapsed().as_secs_f64(),
                syncs[0],
                syncs[1],
                syncs[2]
            );
        }
    }
    ExitCode::SUCCESS
}

fn finish(report: &sim::Report) -> ExitCode {
    println!(
        "seed {}: {} events, {} commits, {} epochs, trace {:016x}",
        report.seed, report.events, report.committed, report.epochs, report.trace_hash
    );
    match &report.violation {
        None => ExitCode::SUCCESS,
        Some(violation) => {
            println!("{violation}");
            println!("{:?}", report.knobs);
            println!("replay with: cargo run -p sim --example sim -- --replay {}", report.seed);
            ExitCode::FAILURE
        }
    }
}
