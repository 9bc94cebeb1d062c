use std::sync::atomic::{AtomicI64, Ordering::Relaxed};
use std::sync::{Mutex, PoisonError};

use crate::java;

/// Count, sum, least and greatest of samples (`AvgMinMaxCounter`).
#[derive(Debug)]
pub(crate) struct Summary {
    total: AtomicI64,
    count: AtomicI64,
    min: AtomicI64,
    max: AtomicI64,
}

impl Summary {
    pub(crate) fn new() -> Self {
        Summary {
            total: AtomicI64::new(0),
            count: AtomicI64::new(0),
            min: AtomicI64::new(i64::MAX),
            max: AtomicI64::new(i64::MIN),
        }
    }

    pub(crate) fn add(&self, value: i64) {
        self.add_all(&[value]);
    }

    /// Adds samples with one round of atomics.
    pub(crate) fn add_all(&self, values: &[i64]) {
        let (Some(min), Some(max)) = (values.iter().min(), values.iter().max()) else { return };
        self.total.fetch_add(values.iter().sum(), Relaxed);
        self.count.fetch_add(values.len() as i64, Relaxed);
        self.min.fetch_min(*min, Relaxed);
        self.max.fetch_max(*max, Relaxed);
    }

    pub(crate) fn reset(&self) {
        self.total.store(0, Relaxed);
        self.count.store(0, Relaxed);
        self.min.store(i64::MAX, Relaxed);
        self.max.store(i64::MIN, Relaxed);
    }

    /// The average, rounded to four decimals.
    pub(crate) fn average(&self) -> f64 {
        java::average(self.total.load(Relaxed), self.count.load(Relaxed))
    }

    /// The least sample, 0 without any.
    pub(crate) fn min(&self) -> i64 {
        Some(self.min.load(Relaxed)).filter(|min| *min != i64::MAX).unwrap_or(0)
    }

    /// The greatest sample, 0 without any.
    pub(crate) fn max(&self) -> i64 {
        Some(self.max.load(Relaxed)).filter(|max| *max != i64::MIN).unwrap_or(0)
    }

    pub(crate) fn dump(&self, name: &str, put: &mut dyn FnMut(&str, &str)) {
        put(&format!("avg_{name}"), &java::double(self.average()));
        put(&format!("min_{name}"), &self.min().to_string());
        put(&format!("max_{name}"), &self.max().to_string());
        put(&format!("cnt_{name}"), &self.count.load(Relaxed).to_string());
        put(&format!("sum_{name}"), &self.total.load(Relaxed).to_string());
    }
}

/// How many samples stand for all of them.
const RESERVOIR: usize = 4096;

/// A summary that also knows quantiles (`AvgMinMaxPercentileCounter`), from a uniform choice of
/// samples.
#[derive(Debug)]
pub(crate) struct Percentiles {
    summary: Summary,
    chosen: Mutex<Reservoir>,
}

#[derive(Debug, Default)]
struct Reservoir {
    values: Vec<i64>,
    seen: u64,
    random: u64,
}

impl Percentiles {
    pub(crate) fn new() -> Self {
        Percentiles { summary: Summary::new(), chosen: Mutex::default() }
    }

    pub(crate) fn add(&self, value: i64) {
        self.add_all(&[value]);
    }

    /// Adds samples under one lock.
    pub(crate) fn add_all(&self, values: &[i64]) {
        if values.is_empty() {
            return;
        }
        self.summary.add_all(values);
        let mut chosen = self.chosen.lock().unwrap_or_else(PoisonError::into_inner);
        values.iter().for_each(|value| chosen.offer(*value));
    }

    pub(crate) fn reset(&self) {
        self.summary.reset();
        *self.chosen.lock().unwrap_or_else(PoisonError::into_inner) = Reservoir::default();
    }

    pub(crate) fn dump(&self, name: &str, put: &mut dyn FnMut(&str, &str)) {
        self.summary.dump(name, put);
        let mut values = self.chosen.lock().unwrap_or_else(PoisonError::into_inner).values.clone();
        values.sort_unstable();
        for (label, at) in [("p50", 0.5), ("p95", 0.95), ("p99", 0.99), ("p999", 0.999)] {
            put(&format!("{label}_{name}"), &quantile(&values, at).to_string());
        }
    }
}

impl Reservoir {
    fn offer(&mut self, value: i64) {
        self.seen += 1;
        if self.values.len() < RESERVOIR {
            self.values.push(value);
            return;
        }
        let at = self.next_random() % self.seen;
        if let Some(slot) = usize::try_from(at).ok().and_then(|at| self.values.get_mut(at)) {
            *slot = value;
        }
    }

    /// A Weyl sequence through a mixer: the choice only has to be even.
    fn next_random(&mut self) -> u64 {
        self.random = self.random.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.random ^ (self.random >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed ^ (mixed >> 31)
    }
}

/// The quantile of sorted values, interpolated and rounded as the metrics library of Java does.
fn quantile(sorted: &[i64], at: f64) -> i64 {
    let position = at * (sorted.len() as f64 + 1.0);
    let below = position as usize;
    match (sorted.first(), sorted.last()) {
        (Some(first), _) if below < 1 => *first,
        (_, Some(last)) if below >= sorted.len() => *last,
        (Some(_), Some(_)) => {
            let (low, high) = (sorted[below - 1] as f64, sorted[below] as f64);
            (low + position.fract() * (high - low) + 0.5).floor() as i64
        }
        _ => 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn dumped(dump: impl FnOnce(&mut dyn FnMut(&str, &str))) -> Vec<String> {
        let mut lines = Vec::new();
        dump(&mut |key, value| lines.push(format!("{key}={value}")));
        lines
    }

    #[test]
    fn a_summary_without_samples_prints_zeros() {
        let lines = dumped(|put| Summary::new().dump("x", put));
        assert_eq!(lines, ["avg_x=0.0", "min_x=0", "max_x=0", "cnt_x=0", "sum_x=0"]);
    }

    #[test]
    fn quantiles_are_interpolated() {
        let percentiles = Percentiles::new();
        percentiles.add_all(&[4, 1, 3, 2]);
        let lines = dumped(|put| percentiles.dump("x", put));
        assert_eq!(
            lines,
            [
                "avg_x=2.5",
                "min_x=1",
                "max_x=4",
                "cnt_x=4",
                "sum_x=10",
                "p50_x=3",
                "p95_x=4",
                "p99_x=4",
                "p999_x=4"
            ]
        );
        percentiles.reset();
        assert!(dumped(|put| percentiles.dump("x", put)).contains(&"p50_x=0".to_owned()));
    }

    #[test]
    fn the_reservoir_does_not_grow() {
        let percentiles = Percentiles::new();
        (0..10_000).for_each(|value| percentiles.add(value));
        assert_eq!(percentiles.chosen.lock().unwrap().values.len(), RESERVOIR);
    }
}
