//! How fast a job goes, and how long the rest will take.

use std::borrow::Cow;
use std::time::Duration;

use crate::Progress;

/// What is older than this counts little.
const MEMORY: f64 = 10.0;
/// The least time between two looks, in seconds: what is shorter measures the clock.
const LEAST: f64 = 0.2;
/// From this share on, or after [`ENOUGH`], what is left can be told.
const MEANINGFUL: f64 = 0.05;
/// See [`MEANINGFUL`].
const ENOUGH: Duration = Duration::from_secs(10);

/// How far a job is, how fast it goes and how long the rest will take.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Estimate {
    /// How much of the job is done, from 0 to 1, where that is known; it never falls.
    pub share: Option<f64>,
    /// How many units are done in a second, where they are counted.
    pub rate: Option<f64>,
    /// How long the rest takes at this pace; unknown until a twentieth is done or ten seconds are over.
    pub left: Option<Duration>,
}

/// Tells the pace of a job from how far it was at several times: a mean in which what was more than some ten seconds
/// ago counts little.
#[derive(Debug, Clone, Default)]
pub struct Pace {
    highest: Option<f64>,
    began: Option<Duration>,
    units: Speed,
    shares: Speed,
    counted: (Cow<'static, str>, &'static str),
}

impl Pace {
    /// The pace after the job was seen to be so far at a time, which never falls; it counts from any beginning.
    pub fn observe(&mut self, at: Duration, progress: &Progress) -> Estimate {
        let began = *self.began.get_or_insert(at);
        let share = progress.share();
        let counted = (progress.step.clone(), progress.unit);
        if self.counted != counted {
            self.counted = counted;
            self.units = Speed::default();
        }
        if progress.unit.is_empty() {
            self.units = Speed::default();
        } else {
            self.units.see(at, progress.done as f64);
        }
        match share {
            // A break is not slowness.
            None => self.shares.pause(),
            Some(share) => {
                let highest = self.highest.map_or(share, |highest| highest.max(share));
                self.highest = Some(highest);
                self.shares.see(at, highest);
            }
        }
        let left = share.and(self.highest).and_then(|done| {
            let meaningful = done >= MEANINGFUL || at.saturating_sub(began) >= ENOUGH;
            let speed = self
                .shares
                .mean()
                .filter(|speed| *speed > 0.0 && meaningful)?;
            Duration::try_from_secs_f64((1.0 - done).max(0.0) / speed).ok()
        });
        Estimate {
            share: self.highest,
            rate: self.units.mean(),
            left,
        }
    }
}

/// A mean of how much is done in a second.
#[derive(Debug, Clone, Default)]
struct Speed {
    last: Option<(f64, f64)>,
    mean: Option<f64>,
    seen: f64,
}

impl Speed {
    fn see(&mut self, at: Duration, done: f64) {
        let now = at.as_secs_f64();
        let Some((then, before)) = self.last else {
            self.last = Some((now, done));
            return;
        };
        if done < before {
            // Something else is counted.
            *self = Self {
                last: Some((now, done)),
                ..Self::default()
            };
            return;
        }
        let passed = now - then;
        if passed < LEAST {
            return;
        }
        self.last = Some((now, done));
        self.seen += passed;
        let speed = (done - before) / passed;
        // At the beginning a plain mean; then older values fade.
        let weight = (1.0 - (-passed / MEMORY).exp()).max(passed / self.seen);
        self.mean = Some(
            self.mean
                .map_or(speed, |mean| mean + weight * (speed - mean)),
        );
    }

    /// What is between is not looked at.
    fn pause(&mut self) {
        self.last = None;
    }

    fn mean(&self) -> Option<f64> {
        self.mean
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn reading(done: u64, total: u64) -> Progress {
        Progress {
            done,
            total: Some(total),
            unit: "bytes",
            ..Progress::step("reading")
        }
    }

    #[test]
    fn at_a_steady_pace_what_is_left_is_exact() {
        let mut pace = Pace::default();
        for second in 0..=40 {
            let at = Duration::from_secs(second);
            let estimate = pace.observe(at, &reading(second * 10, 1_000));
            if second == 0 {
                assert_eq!((estimate.rate, estimate.left), (None, None));
                continue;
            }
            assert!((estimate.rate.unwrap() - 10.0).abs() < 1e-9);
            match estimate.left {
                // A twentieth is done after five seconds.
                None => assert!(second < 5),
                Some(left) => {
                    let expected = 100.0 - second as f64;
                    assert!((left.as_secs_f64() - expected).abs() < 1e-6, "{left:?}");
                }
            }
        }
    }

    #[test]
    fn a_slow_beginning_is_told_after_ten_seconds() {
        let mut pace = Pace::default();
        let left = |second| Duration::from_secs(second);
        assert_eq!(pace.observe(left(0), &reading(0, 100_000)).left, None);
        assert_eq!(pace.observe(left(9), &reading(9, 100_000)).left, None);
        assert!(pace.observe(left(10), &reading(10, 100_000)).left.is_some());
    }

    #[test]
    fn a_break_is_not_slowness_and_a_stall_is() {
        let mut pace = Pace::default();
        for second in 0..=20 {
            pace.observe(Duration::from_secs(second), &reading(second, 100));
        }
        let mut broken = pace.clone();
        broken.observe(Duration::from_secs(21), &Progress::waiting(None));
        broken.observe(Duration::from_secs(1_000), &reading(20, 100));
        let after = broken.observe(Duration::from_secs(1_001), &reading(21, 100));
        assert!(
            (after.left.unwrap().as_secs_f64() - 79.0).abs() < 1.0,
            "{after:?}"
        );

        let stalled = pace.observe(Duration::from_secs(40), &reading(20, 100));
        assert!(stalled.left.unwrap().as_secs_f64() > 160.0, "{stalled:?}");
    }

    #[test]
    fn another_step_counts_anew() {
        let mut pace = Pace::default();
        pace.observe(Duration::from_secs(0), &reading(0, 100));
        assert_eq!(
            pace.observe(Duration::from_secs(1), &reading(50, 100)).rate,
            Some(50.0)
        );
        let rows = Progress {
            done: 7,
            unit: "rows",
            ..Progress::step("counting")
        };
        let estimate = pace.observe(Duration::from_secs(2), &rows);
        assert_eq!((estimate.rate, estimate.left), (None, None));
        assert_eq!(estimate.share, Some(0.5), "what was done is done");
    }

    proptest! {
        /// Whatever is reported, the share never falls, and what is left is neither shown too early nor without end.
        #[test]
        fn any_reports_give_sane_estimates(
            reports in proptest::collection::vec((0_u64..5_000, 0_u64..2_000, 0_u64..1_500, any::<bool>()), 1..60)
        ) {
            let (mut pace, mut at, mut before) = (Pace::default(), 0, 0.0);
            for (passed, done, total, counted) in reports {
                at += passed;
                let progress = if counted { reading(done, total) } else { Progress::step("writing") };
                let estimate = pace.observe(Duration::from_millis(at), &progress);
                if let Some(share) = estimate.share {
                    prop_assert!((0.0..=1.0).contains(&share) && share >= before);
                    before = share;
                }
                prop_assert!(estimate.rate.is_none_or(|rate| rate.is_finite() && rate >= 0.0));
                if estimate.left.is_some() {
                    prop_assert!(estimate.share.unwrap() >= MEANINGFUL || at >= 10_000);
                }
            }
        }

        /// Between two speeds the mean lies between them, and moves towards the newer one.
        #[test]
        fn the_mean_follows(slow in 1_u64..50, fast in 51_u64..500, seconds in 1_u64..100) {
            let (mut pace, mut done) = (Pace::default(), 0);
            let mut at = 0;
            for _ in 0..30 {
                done += slow;
                at += 1;
                pace.observe(Duration::from_secs(at), &reading(done, u64::MAX));
            }
            let mut before = slow as f64 - 1e-6;
            for _ in 0..seconds {
                done += fast;
                at += 1;
                let rate = pace.observe(Duration::from_secs(at), &reading(done, u64::MAX)).rate.unwrap();
                prop_assert!(rate >= before && rate <= fast as f64 + 1e-6);
                before = rate;
            }
        }
    }
}
