mod names;
mod summary;

use std::sync::atomic::{AtomicI64, Ordering::Relaxed};

pub(crate) use names::{Advanced, Basic, Counter};
pub(crate) use summary::{Percentiles, Summary};

/// Every counter and summary of a server (`DefaultMetricsProvider`).
#[derive(Debug)]
pub(crate) struct Metrics {
    counters: Vec<AtomicI64>,
    basic: Vec<Summary>,
    advanced: Vec<Percentiles>,
}

impl Metrics {
    pub(crate) fn new() -> Self {
        Metrics {
            counters: Counter::ALL.iter().map(|_| AtomicI64::new(0)).collect(),
            basic: Basic::ALL.iter().map(|_| Summary::new()).collect(),
            advanced: Advanced::ALL.iter().map(|_| Percentiles::new()).collect(),
        }
    }

    pub(crate) fn count(&self, counter: Counter, by: i64) {
        if by != 0 {
            self.counters[counter as usize].fetch_add(by, Relaxed);
        }
    }

    pub(crate) fn basic(&self, summary: Basic) -> &Summary {
        &self.basic[summary as usize]
    }

    pub(crate) fn advanced(&self, summary: Advanced) -> &Percentiles {
        &self.advanced[summary as usize]
    }

    /// Everything back to the start.
    pub(crate) fn reset(&self) {
        self.counters.iter().for_each(|counter| counter.store(0, Relaxed));
        self.basic.iter().for_each(Summary::reset);
        self.advanced.iter().for_each(Percentiles::reset);
    }

    /// Hands out every key and value: counters, then summaries.
    pub(crate) fn dump(&self, put: &mut dyn FnMut(&str, &str)) {
        for (counter, value) in Counter::ALL.iter().zip(&self.counters) {
            put(counter.name(), &value.load(Relaxed).to_string());
        }
        for (summary, values) in Basic::ALL.iter().zip(&self.basic) {
            values.dump(summary.name(), put);
        }
        for (summary, values) in Advanced::ALL.iter().zip(&self.advanced) {
            values.dump(summary.name(), put);
        }
    }
}
