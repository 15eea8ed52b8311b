//! When the slots of a cron expression are, where clocks are set forward and back.

use chrono::{DateTime, Utc};
use manifold_jobs::schedule::{Calendar, ScheduleError};

fn utc(text: &str) -> DateTime<Utc> {
    DateTime::parse_from_rfc3339(text)
        .unwrap()
        .with_timezone(&Utc)
}

/// The slots after `from`, up to `to`, by the clock of the zone.
fn slots(cron: &str, zone: &str, from: &str, to: &str) -> Vec<String> {
    let calendar = Calendar::parse(cron, zone).unwrap();
    let to = utc(to);
    let zone = calendar.time_zone();
    calendar
        .upcoming(utc(from), 10_000)
        .take_while(|slot| *slot <= to)
        .map(|slot| {
            let local = slot.with_timezone(&zone);
            local.format("%m-%d %H:%M %z").to_string()
        })
        .collect()
}

#[test]
fn a_time_that_does_not_exist_is_moved_behind_the_gap() {
    // 2026-03-29 02:00 is 03:00 in Berlin.
    let (from, to) = ("2026-03-27T12:00:00Z", "2026-03-30T12:00:00Z");
    assert_eq!(
        slots("30 2 * * *", "Europe/Berlin", from, to),
        [
            "03-28 02:30 +0100",
            "03-29 03:00 +0200",
            "03-30 02:30 +0200"
        ]
    );
    // 2026-03-08 02:00 is 03:00 in New York.
    let (from, to) = ("2026-03-07T12:00:00Z", "2026-03-09T12:00:00Z");
    assert_eq!(
        slots("0 2 * * *", "America/New_York", from, to),
        ["03-08 03:00 -0400", "03-09 02:00 -0400"]
    );
}

#[test]
fn a_time_that_exists_twice_is_done_once() {
    // 2026-10-25 03:00 is 02:00 again in Berlin.
    let (from, to) = ("2026-10-24T12:00:00Z", "2026-10-26T12:00:00Z");
    assert_eq!(
        slots("30 2 * * *", "Europe/Berlin", from, to),
        ["10-25 02:30 +0200", "10-26 02:30 +0100"]
    );
    // 2026-11-01 02:00 is 01:00 again in New York.
    let (from, to) = ("2026-10-31T12:00:00Z", "2026-11-02T12:00:00Z");
    assert_eq!(
        slots("30 1 * * *", "America/New_York", from, to),
        ["11-01 01:30 -0400", "11-02 01:30 -0500"]
    );
}

#[test]
fn what_goes_by_minutes_goes_on_in_both_of_the_hours_that_are_the_same() {
    assert_eq!(
        slots(
            "*/30 * * * *",
            "Europe/Berlin",
            "2026-10-25T00:00:00Z",
            "2026-10-25T02:00:00Z"
        ),
        [
            "10-25 02:30 +0200",
            "10-25 02:00 +0100",
            "10-25 02:30 +0100",
            "10-25 03:00 +0100"
        ]
    );
    assert_eq!(
        slots(
            "*/30 * * * *",
            "America/New_York",
            "2026-03-08T06:00:00Z",
            "2026-03-08T07:30:00Z"
        ),
        [
            "03-08 01:30 -0500",
            "03-08 03:00 -0400",
            "03-08 03:30 -0400"
        ]
    );
}

#[test]
fn a_leap_day_comes_every_four_years() {
    assert_eq!(
        slots(
            "0 0 29 2 *",
            "UTC",
            "2026-01-01T00:00:00Z",
            "2037-01-01T00:00:00Z"
        ),
        [
            "02-29 00:00 +0000",
            "02-29 00:00 +0000",
            "02-29 00:00 +0000"
        ]
    );
    let calendar = Calendar::parse("0 0 29 2 *", "UTC").unwrap();
    let next = calendar.next_after(utc("2096-03-01T00:00:00Z")).unwrap();
    assert_eq!(next, utc("2104-02-29T00:00:00Z"), "2100 is no leap year");
}

#[test]
fn what_cannot_be_read_is_named_with_what_is_wrong() {
    let message = |cron, zone| Calendar::parse(cron, zone).unwrap_err().to_string();
    for (cron, says) in [
        ("", "`` is no cron expression"),
        ("hello", "`hello` is no cron expression"),
        ("61 * * * *", "`61 * * * *` is no cron expression"),
        ("* * * *", "`* * * *` is no cron expression"),
        ("0 30 2 * * *", "`0 30 2 * * *` is no cron expression"),
        ("0 0 30 2 *", "`0 0 30 2 *` names a time that never comes"),
    ] {
        let said = message(cron, "UTC");
        assert!(said.contains(says), "{said}");
    }
    insta::assert_snapshot!(message("0 25 * * *", "UTC"));
    insta::assert_snapshot!(message("0 2 * * *", "europe/berlin"));
    insta::assert_snapshot!(message("0 2 * * *", "Mars/Phobos"));
    assert!(matches!(
        Calendar::parse("0 2 * * *", "berlin").unwrap_err(),
        ScheduleError::UnknownTimeZone {
            meant: Some("Europe/Berlin"),
            ..
        }
    ));
}
