//! The rule that says which slots are due, by any clock.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use chrono::{DateTime, TimeDelta, TimeZone as _, Utc};
use manifold_jobs::schedule::{Calendar, Due, Missed};
use proptest::prelude::*;

const ZONES: [&str; 6] = [
    "UTC",
    "Europe/Berlin",
    "America/New_York",
    "Australia/Lord_Howe", // half an hour of summer time
    "America/Sao_Paulo",   // midnights that did not exist
    "Asia/Kathmandu",
];

const CRONS: [&str; 10] = [
    "* * * * *",
    "*/7 * * * *",
    "30 * * * *",
    "0 */2 * * *",
    "30 2 * * *",
    "0 1,2,3 * * *",
    "0 0 * * *",
    "15 3 * * SUN",
    "45 1 L * *",
    "0 0 29 2 *",
];

prop_compose! {
    fn calendar()(cron in 0..CRONS.len(), zone in 0..ZONES.len()) -> Calendar {
        Calendar::parse(CRONS[cron], ZONES[zone]).unwrap()
    }
}

prop_compose! {
    /// A moment around one of the days on which clocks are set, or any.
    fn moment()(
        day in prop::sample::select(vec!["2026-03-29", "2026-10-25", "2026-03-08", "2026-11-01", "2026-04-05", "2026-10-04", "2018-11-04", "2018-02-18", "2028-02-29"]),
        any_day in prop::option::of(0..40_000_i64),
        micros in -90_000_000_000..90_000_000_000_i64,
    ) -> DateTime<Utc> {
        let midnight = match any_day {
            Some(day) => DateTime::UNIX_EPOCH + TimeDelta::days(day),
            None => format!("{day}T00:00:00Z").parse().unwrap(),
        };
        midnight + TimeDelta::microseconds(micros)
    }
}

/// What happens to the clock of a worker between two looks.
#[derive(Debug, Clone, Copy)]
enum Step {
    Seconds(i64),
    Jump(i64),
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        4 => (1..600_i64).prop_map(Step::Seconds),
        2 => (600..9_000_i64).prop_map(Step::Seconds),
        1 => Just(Step::Jump(3600)),
        1 => Just(Step::Jump(-3600)),
    ];
    prop::collection::vec(step, 1..25)
}

fn slots_between(
    calendar: &Calendar,
    after: DateTime<Utc>,
    until: DateTime<Utc>,
) -> BTreeSet<DateTime<Utc>> {
    calendar
        .upcoming(after, 1_000_000)
        .take_while(|slot| *slot <= until)
        .collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn slots_are_the_same_looked_at_forwards_and_back(calendar in calendar(), at in moment(), hours in 1..30_i64) {
        let until = at + TimeDelta::hours(hours);
        let forwards: Vec<_> = slots_between(&calendar, at, until).into_iter().collect();
        let mut back: Vec<_> = std::iter::successors(calendar.last_until(until), |slot| {
            calendar.last_until(*slot - TimeDelta::seconds(1))
        })
        .take_while(|slot| *slot > at)
        .collect();
        back.reverse();
        prop_assert_eq!(&forwards, &back);
        for slot in forwards {
            prop_assert_eq!(calendar.last_until(slot), Some(slot));
            prop_assert_eq!(slot.timestamp_subsec_nanos(), 0);
        }
    }

    #[test]
    fn every_slot_is_done_once_and_none_early_however_the_clock_jumps(
        calendar in calendar(), start in moment(), steps in steps(),
    ) {
        let (mut now, mut last_slot, mut highest) = (start, start, start);
        let mut done = BTreeSet::new();
        for step in steps {
            let (Step::Seconds(by) | Step::Jump(by)) = step;
            now += TimeDelta::seconds(by);
            highest = highest.max(now);
            let due = Due::at(now, last_slot, &calendar, Missed::RunAll { max: 1000 });
            prop_assert_eq!(due.missed, None);
            for slot in due.slots {
                prop_assert!(slot <= now, "{slot} is done at {now}");
                prop_assert!(done.insert(slot), "{slot} is done twice");
            }
            prop_assert!(due.last_slot >= last_slot);
            let next = due.next_at.unwrap();
            prop_assert!(next > now && next > due.last_slot);
            prop_assert!(slots_between(&calendar, due.last_slot.max(now), next - TimeDelta::microseconds(1)).is_empty());
            last_slot = due.last_slot;
        }
        prop_assert_eq!(done, slots_between(&calendar, start, highest));
    }

    #[test]
    fn one_that_was_away_does_what_its_policy_says(
        calendar in calendar(), start in moment(), away in 1..100_000_i64, max in 1..20_u32, grace in 0..10_000_u64,
    ) {
        let now = start + TimeDelta::seconds(away);
        let missed: Vec<_> = slots_between(&calendar, start, now).into_iter().collect();
        let latest = missed.last().copied();

        let once = Due::at(now, start, &calendar, Missed::RunOnce);
        prop_assert_eq!(&once.slots, &latest.into_iter().collect::<Vec<_>>());
        prop_assert_eq!(once.missed, missed.iter().rev().nth(1).copied());

        let all = Due::at(now, start, &calendar, Missed::RunAll { max });
        let from = missed.len().saturating_sub(max as usize);
        prop_assert_eq!(&all.slots, &missed[from..]);
        prop_assert_eq!(all.missed, from.checked_sub(1).map(|before| missed[before]));

        let grace = Duration::from_secs(grace);
        let skip = Due::at(now, start, &calendar, Missed::Skip { grace });
        let in_time = latest.filter(|latest| (now - *latest).to_std().unwrap() <= grace);
        prop_assert_eq!(skip.slots, in_time.into_iter().collect::<Vec<_>>());
        prop_assert_eq!(skip.last_slot, latest.unwrap_or(start));

        // Once that is written down nothing is due any more.
        for due in [once, all] {
            let again = Due::at(now, due.last_slot, &calendar, Missed::RunAll { max: 1000 });
            prop_assert!(again.slots.is_empty());
        }
    }
}

#[test]
fn a_century_away_takes_no_longer_than_a_day() {
    let calendar = Calendar::parse("* * * * *", "Europe/Berlin").unwrap();
    let start = Utc.with_ymd_and_hms(1970, 1, 1, 0, 0, 0).unwrap();
    let now = Utc.with_ymd_and_hms(2070, 1, 1, 0, 0, 0).unwrap();
    let began = Instant::now();
    let due = Due::at(now, start, &calendar, Missed::RunAll { max: u32::MAX });
    assert_eq!(due.slots.len(), 1000, "the most that there may be");
    assert_eq!(*due.slots.last().unwrap(), now);
    // 52 million slots would take minutes.
    assert!(began.elapsed() < Duration::from_secs(20));
}
