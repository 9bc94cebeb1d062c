/// Sub-buckets per power of two: values are kept to 1 part in 64.
const SUB_BITS: u32 = 6;
const SUB: u64 = 1 << SUB_BITS;
const BUCKETS: usize = ((64 - SUB_BITS as usize) + 1) << SUB_BITS;

/// Counts durations in buckets whose width grows with the value (log-linear), so that every
/// percentile is right to 1.6 % at a fixed size.
#[derive(Debug, Clone)]
pub struct Histogram {
    counts: Vec<u64>,
    total: u64,
    sum: u128,
    max: u64,
}

impl Default for Histogram {
    fn default() -> Self {
        Histogram { counts: vec![0; BUCKETS], total: 0, sum: 0, max: 0 }
    }
}

impl Histogram {
    /// Counts a value, nanoseconds.
    pub fn record(&mut self, value_ns: u64) {
        self.counts[index(value_ns)] += 1;
        self.total += 1;
        self.sum += u128::from(value_ns);
        self.max = self.max.max(value_ns);
    }

    /// Adds what another one counted.
    pub fn merge(&mut self, other: &Histogram) {
        for (mine, theirs) in self.counts.iter_mut().zip(&other.counts) {
            *mine += theirs;
        }
        self.total += other.total;
        self.sum += other.sum;
        self.max = self.max.max(other.max);
    }

    /// How many values were counted.
    pub fn count(&self) -> u64 {
        self.total
    }

    /// The largest value, nanoseconds.
    pub fn max_ns(&self) -> u64 {
        self.max
    }

    /// The mean, nanoseconds; 0 without values.
    pub fn mean_ns(&self) -> u64 {
        (self.sum / u128::from(self.total.max(1))) as u64
    }

    /// The value that `quantile` (0 to 1) of all values do not exceed, nanoseconds.
    pub fn quantile_ns(&self, quantile: f64) -> u64 {
        let rank = ((quantile * self.total as f64).ceil() as u64).clamp(1, self.total.max(1));
        let mut seen = 0;
        for (index, count) in self.counts.iter().enumerate() {
            seen += count;
            if seen >= rank {
                return upper(index).min(self.max);
            }
        }
        self.max
    }
}

/// The bucket of a value: exact below [`SUB`], then by the highest bits.
fn index(value: u64) -> usize {
    if value < SUB {
        return value as usize;
    }
    let shift = value.ilog2() - SUB_BITS;
    ((u64::from(shift) + 1) * SUB + ((value >> shift) - SUB)) as usize
}

/// The largest value of a bucket.
fn upper(index: usize) -> u64 {
    let index = index as u64;
    if index < SUB {
        return index;
    }
    let shift = index / SUB - 1;
    let base = (index % SUB + SUB) << shift;
    base + ((1 << shift) - 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_value_falls_into_a_bucket_that_holds_it() {
        for shift in 0..64 {
            for value in [1u64 << shift, (1 << shift) + 1, u64::MAX >> (63 - shift)] {
                let bucket = index(value);
                assert!(bucket < BUCKETS, "{value}");
                assert!(upper(bucket) >= value, "{value}");
                assert!(bucket == 0 || upper(bucket - 1) < value, "{value}");
            }
        }
    }

    #[test]
    fn quantiles_are_right_to_two_percent() {
        let mut histogram = Histogram::default();
        (1..=100_000u64).for_each(|value| histogram.record(value * 10));
        for (quantile, want) in [(0.5, 500_000), (0.99, 990_000), (0.999, 999_000)] {
            let got = histogram.quantile_ns(quantile) as f64;
            assert!((got / f64::from(want) - 1.0).abs() < 0.02, "{quantile}: {got}");
        }
        assert_eq!(histogram.max_ns(), 1_000_000);
        assert_eq!(histogram.quantile_ns(1.0), 1_000_000);
        assert_eq!(histogram.mean_ns(), 500_005);
    }

    #[test]
    fn an_empty_histogram_has_zeros() {
        let histogram = Histogram::default();
        assert_eq!((histogram.quantile_ns(0.99), histogram.mean_ns()), (0, 0));
    }
}
