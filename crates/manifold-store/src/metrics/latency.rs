//! How long things took: a histogram that costs a few atomic additions for each.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use serde::Serialize;

/// Bucket 0 counts what took less than 1 µs, bucket n what took from 2^(n-1) to below 2^n µs, the last one
/// everything from 134 s on.
const BUCKETS: usize = 29;

/// Counts by the order of magnitude of their duration. Takes no lock and no memory.
#[derive(Debug)]
pub(crate) struct Histogram {
    buckets: [AtomicU64; BUCKETS],
    total_us: AtomicU64,
    longest_us: AtomicU64,
}

impl Default for Histogram {
    fn default() -> Self {
        Self {
            buckets: [const { AtomicU64::new(0) }; BUCKETS],
            total_us: AtomicU64::new(0),
            longest_us: AtomicU64::new(0),
        }
    }
}

impl Histogram {
    pub(crate) fn observe(&self, took: Duration) {
        let us = u64::try_from(took.as_micros()).unwrap_or(u64::MAX);
        self.buckets[bucket(us)].fetch_add(1, Ordering::Relaxed);
        self.total_us.fetch_add(us, Ordering::Relaxed);
        if us > self.longest_us.load(Ordering::Relaxed) {
            self.longest_us.fetch_max(us, Ordering::Relaxed);
        }
    }

    /// Adds what another one counted.
    pub(crate) fn absorb(&self, other: &Self) {
        for (own, others) in self.buckets.iter().zip(&other.buckets) {
            own.fetch_add(others.load(Ordering::Relaxed), Ordering::Relaxed);
        }
        self.total_us
            .fetch_add(other.total_us.load(Ordering::Relaxed), Ordering::Relaxed);
        self.longest_us
            .fetch_max(other.longest_us.load(Ordering::Relaxed), Ordering::Relaxed);
    }

    pub(crate) fn latency(&self) -> Latency {
        let counts: Vec<u64> = self
            .buckets
            .iter()
            .map(|bucket| bucket.load(Ordering::Relaxed))
            .collect();
        let count = counts.iter().sum();
        let longest_us = self.longest_us.load(Ordering::Relaxed);
        let quantile = |percent| ms(quantile_us(&counts, count, percent).min(longest_us));
        Latency {
            count,
            total_ms: ms(self.total_us.load(Ordering::Relaxed)),
            p50_ms: quantile(50),
            p90_ms: quantile(90),
            p99_ms: quantile(99),
            longest_ms: ms(longest_us),
        }
    }
}

fn bucket(us: u64) -> usize {
    ((u64::BITS - us.leading_zeros()) as usize).min(BUCKETS - 1)
}

/// The upper end of the bucket in which this part of all lies.
fn quantile_us(counts: &[u64], count: u64, percent: u64) -> u64 {
    let rank = (count * percent).div_ceil(100);
    let mut below = 0;
    for (bucket, counted) in counts.iter().enumerate() {
        below += counted;
        if below >= rank && rank > 0 && bucket + 1 < BUCKETS {
            return 1 << bucket;
        }
    }
    u64::MAX
}

/// Microseconds as milliseconds.
pub(super) fn ms(us: u64) -> f64 {
    us as f64 / 1_000.0
}

/// How long things of one kind took, in milliseconds.
///
/// The quantiles are estimates from a histogram with a bucket for each power of two of microseconds: one is never below
/// the true quantile, and less than twice as high, or 0.001 for what took less than that.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize)]
pub struct Latency {
    /// How many there were.
    pub count: u64,
    /// All of them together.
    pub total_ms: f64,
    /// Half of them took at most so long.
    pub p50_ms: f64,
    /// Nine of ten took at most so long.
    pub p90_ms: f64,
    /// All but one of a hundred took at most so long.
    pub p99_ms: f64,
    /// The longest one; exact.
    pub longest_ms: f64,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_quantile_is_at_least_the_true_one_and_below_twice_that() {
        let histogram = Histogram::default();
        let mut all: Vec<u64> = (0..1_000_u64)
            .map(|n| 1 + n * n % 7_919 * (n % 13))
            .collect();
        for us in &all {
            histogram.observe(Duration::from_micros(*us));
        }
        all.sort_unstable();
        let latency = histogram.latency();
        for (percent, estimate) in [
            (50, latency.p50_ms),
            (90, latency.p90_ms),
            (99, latency.p99_ms),
        ] {
            let exact = ms(all[all.len() * percent / 100 - 1]);
            assert!(
                exact <= estimate && estimate <= 2.0 * exact,
                "p{percent}: {estimate} for {exact}"
            );
        }
        assert_eq!(latency.count, 1_000);
        assert!((latency.longest_ms - ms(all[999])).abs() < f64::EPSILON);
        assert!((latency.total_ms - ms(all.iter().sum())).abs() < 1e-6);
    }

    #[test]
    fn the_ends_have_their_buckets_and_nothing_is_zero() {
        assert_eq!((bucket(0), bucket(1), bucket(2), bucket(3)), (0, 1, 2, 2));
        assert_eq!(bucket(u64::MAX), BUCKETS - 1);
        assert_eq!(Histogram::default().latency(), Latency::default());
        let histogram = Histogram::default();
        histogram.observe(Duration::from_secs(1_000));
        let one = histogram.latency();
        assert!((one.p50_ms - 1_000_000.0).abs() < f64::EPSILON, "{one:?}");
    }

    #[test]
    fn what_is_absorbed_is_counted_together() {
        let (one, other) = (Histogram::default(), Histogram::default());
        one.observe(Duration::from_micros(3));
        other.observe(Duration::from_micros(5_000));
        one.absorb(&other);
        let both = one.latency();
        assert_eq!(both.count, 2);
        assert!((both.longest_ms - 5.0).abs() < f64::EPSILON);
    }
}
