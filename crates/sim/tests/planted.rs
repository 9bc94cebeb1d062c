//! With a planted defect the simulator must find it:
//! `cargo test -p sim --features planted-p03 --test planted`.
#![cfg(any(
    feature = "planted-p01",
    feature = "planted-p02",
    feature = "planted-p03",
    feature = "planted-p04",
    feature = "planted-p05",
    feature = "planted-p06",
    feature = "planted-p07",
    feature = "planted-p08",
    feature = "planted-p09",
    feature = "planted-p10",
    feature = "planted-p11"
))]

/// How many seeds it may take here; the list of known bugs allows 10,000.
const SEEDS: u64 = 400;

#[test]
fn the_planted_defect_is_found() {
    let found = (0..SEEDS).map(sim::run).find_map(|report| Some((report.seed, report.violation?)));
    let Some((seed, violation)) = found else { panic!("not found with {SEEDS} seeds") };
    println!("seed {seed}: {violation}");
}
