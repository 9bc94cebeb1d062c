//! A seeded run over every fuzz target, short enough for every change.
//!
//! `OXKEEPER_FUZZ_SEED` chooses other inputs, `OXKEEPER_FUZZ_FACTOR` multiplies their number.

use std::time::Duration;

use testkit::fuzz::{TARGETS, short};

/// No input of these sizes may take longer, on a busy machine either.
const SLOWEST_ALLOWED: Duration = Duration::from_secs(5);

#[test]
fn no_input_breaks_a_parser() {
    let number = |name: &str| std::env::var(name).ok().and_then(|text| text.parse::<u64>().ok());
    let seed = number("OXKEEPER_FUZZ_SEED").unwrap_or(1);
    let factor = number("OXKEEPER_FUZZ_FACTOR").unwrap_or(1) as usize;
    let mut failures = Vec::new();
    let mut total = 0;
    for target in TARGETS {
        let outcome = short::run(target, seed, target.short_inputs * factor);
        println!(
            "{:10} {:7} inputs in {:6.2} s, the slowest {:5.1} ms",
            outcome.name,
            outcome.inputs,
            outcome.took.as_secs_f64(),
            outcome.slowest.as_secs_f64() * 1000.0
        );
        total += outcome.inputs;
        if let Some(failure) = outcome.failure {
            failures.push(format!("{}: {failure:?}", outcome.name));
        }
        if outcome.slowest > SLOWEST_ALLOWED {
            failures.push(format!("{}: an input took {:?}", outcome.name, outcome.slowest));
        }
    }
    println!("{total} inputs with seed {seed}");
    assert!(failures.is_empty(), "seed {seed}:\n{}", failures.join("\n"));
}
