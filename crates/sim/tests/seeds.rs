//! A few seeds of every run of the tests; many more run by the example.

#![cfg(not(any(
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
)))]

/// How many seeds these tests run.
const SEEDS: u64 = 25;

#[test]
fn seeds_run_without_violation() {
    for seed in 1_000_000..1_000_000 + SEEDS {
        let report = sim::run(seed);
        assert_eq!(report.violation, None, "seed {seed}, {:?}", report.knobs);
        assert!(report.epochs > 0 && report.committed > 0, "seed {seed} did nothing: {report:?}");
    }
}

#[test]
fn the_same_seed_gives_the_same_trace() {
    for seed in [3, 8] {
        let (first, second) = (sim::run(seed), sim::replay(seed));
        assert_eq!(first.trace_hash, second.trace_hash);
        assert_eq!(first.events, second.events);
        assert!(first.trace.is_empty() && !second.trace.is_empty());
    }
    assert_ne!(sim::run(3).trace_hash, sim::run(4).trace_hash);
}
