//! A seeded run of a few seconds over one target, without any tool.

use std::fs;
use std::panic::{self, AssertUnwindSafe};
use std::path::PathBuf;
use std::time::{Duration, Instant};

use super::{Target, mutate};
use crate::oracle::rng::Rng;

/// What a run came to.
#[derive(Debug)]
pub struct Outcome {
    /// The target.
    pub name: &'static str,
    /// Inputs given, the seeds themselves included.
    pub inputs: usize,
    /// How long all took.
    pub took: Duration,
    /// How long the slowest took.
    pub slowest: Duration,
    /// The first input that failed.
    pub failure: Option<Failure>,
}

/// An input that made a target panic.
#[derive(Debug)]
pub struct Failure {
    /// Which one of the run.
    pub number: usize,
    /// Where it was saved; `None` when that failed.
    pub saved: Option<PathBuf>,
    /// What the panic said.
    pub message: String,
}

/// Feeds the seeds and then `inputs` inputs that follow from `seed`; stops at the first failure.
pub fn run(target: &Target, seed: u64, inputs: usize) -> Outcome {
    let seeds = (target.seeds)();
    let mut rng = Rng::new(seed ^ hash(target.name));
    let mut outcome = Outcome {
        name: target.name,
        inputs: 0,
        took: Duration::ZERO,
        slowest: Duration::ZERO,
        failure: None,
    };
    let start = Instant::now();
    while outcome.inputs < seeds.len() + inputs && outcome.failure.is_none() {
        let input = match seeds.get(outcome.inputs) {
            Some(seed) => seed.clone(),
            None => mutate::mutated(&mut rng, &seeds),
        };
        let began = Instant::now();
        let result = panic::catch_unwind(AssertUnwindSafe(|| (target.run)(&input)));
        outcome.slowest = outcome.slowest.max(began.elapsed());
        outcome.failure = result.err().map(|payload| Failure {
            number: outcome.inputs,
            saved: save(target.name, &input),
            message: message(payload.as_ref()),
        });
        outcome.inputs += 1;
    }
    outcome.took = start.elapsed();
    outcome
}

/// Different targets get different numbers from one seed (FNV-1a).
fn hash(name: &str) -> u64 {
    name.bytes().fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x100_0000_01b3)
    })
}

fn save(name: &str, input: &[u8]) -> Option<PathBuf> {
    let path = std::env::temp_dir().join(format!("fuzz-{name}-{:016x}", content_hash(input)));
    fs::write(&path, input).ok()?;
    Some(path)
}

fn content_hash(input: &[u8]) -> u64 {
    input.iter().fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(*byte)).wrapping_mul(0x100_0000_01b3)
    })
}

fn message(payload: &(dyn std::any::Any + Send)) -> String {
    let text = payload.downcast_ref::<String>().map(String::as_str);
    text.or_else(|| payload.downcast_ref::<&str>().copied()).unwrap_or("no message").to_owned()
}
