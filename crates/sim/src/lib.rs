//! A whole ensemble in one process, driven by a seed.
//!
//! The servers are the product's own [`zab`] machines; network, disks, clocks, crashes and
//! clients are made here from one random stream. Same seed, same trace. Checkers look at states
//! and histories from outside and know nothing of how they came about.
//!
//! Start at [`run()`]; `cargo run -p sim --example sim -- --help` runs many seeds or replays one.

mod checks;
mod disk;
mod entry;
mod knobs;
mod network;
mod report;
mod rng;
mod server;
mod trace;
mod world;

pub use knobs::Knobs;
pub use report::{Report, Violation};
pub use world::{replay, run};
