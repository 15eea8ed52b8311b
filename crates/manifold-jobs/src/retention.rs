//! What to keep of things that were made one after the other.

use std::collections::BTreeSet;
use std::fmt;
use std::time::Duration;

use chrono::{DateTime, Datelike as _, Utc};
use serde::{Deserialize, Serialize};

/// How much is kept, and why.
///
/// The rules are those of restic's `forget`: `daily: 7` keeps the newest of each of the last seven days *that have one*, so
/// that a week in which nothing was made takes nothing away. Hours, days, weeks (from Monday), months and years are those of
/// UTC. What one rule keeps is kept. The newest is kept whatever the rules say.
///
/// ```
/// # use manifold_jobs::{KeepReason, Retention};
/// # use chrono::{TimeDelta, Utc};
/// let policy = Retention { last: 1, daily: 2, ..Retention::default() };
/// let noon = Utc::now().date_naive().and_hms_opt(12, 0, 0).unwrap().and_utc();
/// let newest_first = [0, 1, 24, 48].map(|hours| noon - TimeDelta::hours(hours));
/// let kept = policy.decide(&newest_first);
/// assert_eq!(kept[0], [KeepReason::Newest, KeepReason::Last, KeepReason::Daily]);
/// assert_eq!(kept[2], [KeepReason::Daily]);
/// assert!(kept[1].is_empty() && kept[3].is_empty());
/// ```
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Retention {
    /// So many of the newest.
    pub last: u32,
    /// The newest of so many hours.
    pub hourly: u32,
    /// The newest of so many days.
    pub daily: u32,
    /// The newest of so many weeks.
    pub weekly: u32,
    /// The newest of so many months.
    pub monthly: u32,
    /// The newest of so many years.
    pub yearly: u32,
    /// All that are not older than the newest by more than this.
    pub within: Option<Duration>,
}

/// Why something is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum KeepReason {
    /// It is the newest.
    Newest,
    /// It is one of the last.
    Last,
    /// It is the newest of an hour.
    Hourly,
    /// It is the newest of a day.
    Daily,
    /// It is the newest of a week.
    Weekly,
    /// It is the newest of a month.
    Monthly,
    /// It is the newest of a year.
    Yearly,
    /// It is young enough.
    Within,
}

impl fmt::Display for KeepReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Newest => "newest",
            Self::Last => "last",
            Self::Hourly => "hourly",
            Self::Daily => "daily",
            Self::Weekly => "weekly",
            Self::Monthly => "monthly",
            Self::Yearly => "yearly",
            Self::Within => "within",
        })
    }
}

impl Retention {
    /// Whether no rule is given, so that only the newest would be kept: most likely a mistake.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// Why each of the times is kept, in their order, which is the newest first; those without a reason may go. The order counts, not
    /// the clock: what was made later is newer even if the clock was set back.
    #[must_use]
    pub fn decide(&self, newest_first: &[DateTime<Utc>]) -> Vec<Vec<KeepReason>> {
        let rules: [(u32, KeepReason, Period); 5] = [
            (self.hourly, KeepReason::Hourly, |at| {
                at.timestamp().div_euclid(3600)
            }),
            (self.daily, KeepReason::Daily, |at| {
                at.num_days_from_ce().into()
            }),
            // Day 1 of the common era was a Monday.
            (self.weekly, KeepReason::Weekly, |at| {
                (i64::from(at.num_days_from_ce()) - 1).div_euclid(7)
            }),
            (self.monthly, KeepReason::Monthly, |at| {
                i64::from(at.year()) * 12 + i64::from(at.month0())
            }),
            (self.yearly, KeepReason::Yearly, |at| at.year().into()),
        ];
        let mut seen: [BTreeSet<i64>; 5] = Default::default();
        let newest = newest_first.first();
        let oldest = self.within.zip(newest).map(|(within, newest)| {
            // Saturates: what is further back than time itself keeps all.
            let within = chrono::TimeDelta::from_std(within).unwrap_or(chrono::TimeDelta::MAX);
            newest
                .checked_sub_signed(within)
                .unwrap_or(DateTime::<Utc>::MIN_UTC)
        });
        let decide = |(place, at): (usize, &DateTime<Utc>)| {
            let mut reasons = Vec::new();
            if place == 0 {
                reasons.push(KeepReason::Newest);
            }
            if place < self.last as usize {
                reasons.push(KeepReason::Last);
            }
            for ((most, reason, period), seen) in rules.iter().zip(&mut seen) {
                if seen.len() < *most as usize && seen.insert(period(at)) {
                    reasons.push(*reason);
                }
            }
            if oldest.is_some_and(|oldest| *at >= oldest) {
                reasons.push(KeepReason::Within);
            }
            reasons
        };
        newest_first.iter().enumerate().map(decide).collect()
    }
}

/// The number of the period that a time is in.
type Period = fn(&DateTime<Utc>) -> i64;

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn policies() -> impl Strategy<Value = Retention> {
        let n = || 0_u32..5;
        let within = prop::option::of((0_u64..40 * 86_400).prop_map(Duration::from_secs));
        ((n(), n(), n(), n(), n(), n()), within).prop_map(
            |((last, hourly, daily, weekly, monthly, yearly), within)| Retention {
                last,
                hourly,
                daily,
                weekly,
                monthly,
                yearly,
                within,
            },
        )
    }

    /// Times of some years, newest first.
    fn times() -> impl Strategy<Value = Vec<DateTime<Utc>>> {
        let seconds = prop_oneof![0_i64..200_000, 0_i64..100_000_000];
        prop::collection::vec(seconds, 0..40).prop_map(|mut ago| {
            ago.sort_unstable();
            let newest = DateTime::from_timestamp(1_795_000_000, 0).unwrap();
            let time = |ago| newest - chrono::TimeDelta::seconds(ago);
            ago.into_iter().map(time).collect()
        })
    }

    fn kept(policy: &Retention, times: &[DateTime<Utc>]) -> Vec<DateTime<Utc>> {
        let reasons = policy.decide(times);
        let kept = times
            .iter()
            .zip(&reasons)
            .filter(|(_, why)| !why.is_empty());
        kept.map(|(at, _)| *at).collect()
    }

    proptest! {
        #[test]
        fn the_newest_stays_and_no_rule_keeps_more_than_it_says(policy in policies(), times in times()) {
            let reasons = policy.decide(&times);
            prop_assert_eq!(reasons.len(), times.len());
            if let Some(first) = reasons.first() {
                prop_assert!(first.contains(&KeepReason::Newest));
            }
            let of = |reason| reasons.iter().filter(|why| why.contains(&reason)).count();
            let limits = [
                (KeepReason::Newest, 1),
                (KeepReason::Last, policy.last),
                (KeepReason::Hourly, policy.hourly),
                (KeepReason::Daily, policy.daily),
                (KeepReason::Weekly, policy.weekly),
                (KeepReason::Monthly, policy.monthly),
                (KeepReason::Yearly, policy.yearly),
            ];
            for (reason, most) in limits {
                prop_assert!(of(reason) <= most as usize, "{} {}", of(reason), reason);
            }
        }

        #[test]
        fn pruning_twice_is_pruning_once(policy in policies(), times in times()) {
            let once = kept(&policy, &times);
            prop_assert_eq!(kept(&policy, &once), once);
        }

        /// A rule that allows more keeps all that it kept before.
        #[test]
        fn a_larger_number_never_takes_away(policy in policies(), times in times()) {
            let more = Retention { daily: policy.daily + 1, last: policy.last + 1, ..policy };
            let (few, many) = (kept(&policy, &times), kept(&more, &times));
            prop_assert!(few.iter().all(|at| many.contains(at)));
        }

        /// Each kept day keeps its newest, and no younger day with something in it is passed over.
        #[test]
        fn days_are_the_last_that_have_one(daily in 1_u32..6, times in times()) {
            let kept = kept(&Retention { daily, ..Retention::default() }, &times);
            let mut days: Vec<_> = times.iter().map(DateTime::date_naive).collect();
            days.dedup();
            days.truncate(daily as usize);
            let newest = |day| times.iter().find(|at| at.date_naive() == day).copied();
            let expected: Vec<_> = days.into_iter().filter_map(newest).collect();
            prop_assert_eq!(kept, expected);
        }
    }

    #[test]
    fn weeks_begin_on_monday() {
        let at = |text: &str| text.parse::<DateTime<Utc>>().unwrap();
        let times = [
            at("2026-11-23T00:00:00Z"), // a Monday
            at("2026-11-22T23:59:59Z"),
            at("2026-11-16T00:00:00Z"),
            at("2026-11-15T23:59:59Z"),
        ];
        let policy = Retention {
            weekly: 9,
            ..Retention::default()
        };
        let reasons = policy.decide(&times);
        let weekly = reasons.iter().map(|why| why.contains(&KeepReason::Weekly));
        assert_eq!(weekly.collect::<Vec<_>>(), [true, true, false, true]);
    }

    #[test]
    fn a_clock_that_was_set_back_does_not_make_the_newest_old() {
        let at = |text: &str| text.parse::<DateTime<Utc>>().unwrap();
        let times = [at("2025-01-01T00:00:00Z"), at("2026-01-01T00:00:00Z")];
        let kept = Retention::default().decide(&times);
        assert_eq!(kept, [vec![KeepReason::Newest], vec![]]);
        let within = Some(Duration::MAX);
        let all = Retention {
            within,
            ..Retention::default()
        }
        .decide(&times);
        assert!(all.iter().all(|why| why.contains(&KeepReason::Within)));
    }
}
