//! Every parser that sees bytes from outside, as a function of bytes.
//!
//! The functions are used twice: by the cargo-fuzz targets in `fuzz/`, which search for as long
//! as they are let, and by [`short`], a seeded run of seconds that is an ordinary test. A target
//! fails by panicking; besides not panicking it must keep what its comment promises.

pub mod files;
pub mod garbage;
pub mod pipeline;
pub mod seeds;
pub mod short;
pub mod text;
pub mod wire;

mod mutate;

/// A parser under test.
#[derive(Clone, Copy)]
pub struct Target {
    /// Its name, also that of the cargo-fuzz target.
    pub name: &'static str,
    /// Feeds it.
    pub run: fn(&[u8]),
    /// Inputs that are in order, to start from.
    pub seeds: fn() -> Vec<Vec<u8>>,
    /// How many inputs the short run gives it.
    pub short_inputs: usize,
}

/// All of them.
pub const TARGETS: &[Target] = &[
    target("frames", wire::frames, seeds::frames, 40_000),
    target("connect", wire::connect, seeds::connect, 30_000),
    target("request", wire::request, seeds::requests, 60_000),
    target("txn", wire::txn, seeds::txns, 40_000),
    target("pipeline", pipeline::pipeline, seeds::pipelines, 6_000),
    target("log", files::log, seeds::logs, 6_000),
    target("snapshot", files::snapshot, seeds::snapshots, 9_000),
    target("recovery", files::recovery, seeds::recoveries, 5_000),
    target("properties", text::properties, seeds::configurations, 20_000),
    target("zoo_cfg", text::zoo_cfg, seeds::configurations, 1_500),
    target("quota", text::quota, seeds::quotas, 20_000),
];

const fn target(
    name: &'static str,
    run: fn(&[u8]),
    seeds: fn() -> Vec<Vec<u8>>,
    short_inputs: usize,
) -> Target {
    Target { name, run, seeds, short_inputs }
}

/// The target with this name.
pub fn find(name: &str) -> Option<&'static Target> {
    TARGETS.iter().find(|target| target.name == name)
}

/// Feeds the target with this name.
///
/// # Panics
/// When there is none of this name, and when the target finds a mistake.
pub fn run(name: &str, input: &[u8]) {
    let target = find(name).unwrap_or_else(|| panic!("no fuzz target has the name {name}"));
    (target.run)(input);
}
