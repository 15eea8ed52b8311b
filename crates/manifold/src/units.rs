//! Sizes, counts and times for people. JSON has the exact ones.

use chrono::{DateTime, Local, TimeDelta, Utc};

/// A number of bytes, such as `92.5 MB`.
pub(crate) fn size(bytes: u64) -> String {
    const STEPS: [&str; 5] = ["kB", "MB", "GB", "TB", "PB"];
    if bytes < 1_000 {
        return format!("{bytes} B");
    }
    let mut value = bytes as f64;
    let mut unit = "B";
    for step in STEPS {
        // 999,950 bytes would print as 1000.0 kB.
        if value < 999.95 {
            break;
        }
        value /= 1_000.0;
        unit = step;
    }
    format!("{value:.1} {unit}")
}

/// A number with separators, such as `336,776`.
pub(crate) fn number(value: i64) -> String {
    let digits = value.unsigned_abs().to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3 + 1);
    if value < 0 {
        text.push('-');
    }
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// So many things, such as `1 row` or `2,000 rows`.
pub(crate) fn count(value: i64, one: &str) -> String {
    let plural = if value == 1 { "" } else { "s" };
    format!("{} {one}{plural}", number(value))
}

/// A time in the local zone, to the second.
pub(crate) fn time(at: DateTime<Utc>) -> String {
    at.with_timezone(&Local)
        .format("%Y-%m-%d %H:%M:%S")
        .to_string()
}

/// A time that may not have come.
pub(crate) fn time_or_dash(at: Option<DateTime<Utc>>) -> String {
    at.map_or_else(|| "-".to_owned(), time)
}

/// How long something took, in its two largest units, such as `0.4 s`, `21 s`, `12 min 5 s` or `3 d 0 h`.
pub(crate) fn duration(took: TimeDelta) -> String {
    let seconds = took.num_seconds().max(0);
    let two = |large: i64, unit: &str, small: i64, part: &str| {
        format!(
            "{} {unit} {} {part}",
            seconds / large,
            seconds % large / small
        )
    };
    match seconds {
        0..10 => format!("{:.1} s", took.as_seconds_f64().max(0.0)),
        10..60 => format!("{seconds} s"),
        60..3_600 => two(60, "min", 1, "s"),
        3_600..86_400 => two(3_600, "h", 60, "min"),
        _ => two(86_400, "d", 3_600, "h"),
    }
}

/// How long something will take: in seconds below a minute, else as [`duration`].
pub(crate) fn about(left: std::time::Duration) -> String {
    let left = TimeDelta::from_std(left).unwrap_or(TimeDelta::MAX);
    if left < TimeDelta::seconds(10) {
        return format!("{} s", left.num_seconds() + 1);
    }
    duration(left)
}

/// How much is done in a second, such as `2.5 MB/s` or `1,200 rows/s`; nothing where nothing is counted.
pub(crate) fn rate(rate: f64, unit: &str) -> Option<String> {
    match unit {
        "" => None,
        "bytes" => Some(format!("{}/s", size(rate as u64))),
        unit if rate < 10.0 => Some(format!("{rate:.1} {unit}/s")),
        unit => Some(format!("{} {unit}/s", number(rate as i64))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_have_three_to_four_digits() {
        for (bytes, text) in [
            (0, "0 B"),
            (999, "999 B"),
            (1_000, "1.0 kB"),
            (999_949, "999.9 kB"),
            (999_950, "1.0 MB"),
            (92_512_345, "92.5 MB"),
            (u64::MAX, "18446.7 PB"),
        ] {
            assert_eq!(size(bytes), text);
        }
    }

    #[test]
    fn rates_have_their_unit_and_what_is_left_is_never_nothing() {
        let rates = [
            (2_500_000.0, "bytes"),
            (0.25, "rows"),
            (1_234.9, "rows"),
            (5.0, ""),
        ];
        let shown = rates.map(|(value, unit)| rate(value, unit));
        let texts = [
            Some("2.5 MB/s"),
            Some("0.2 rows/s"),
            Some("1,234 rows/s"),
            None,
        ];
        assert_eq!(shown.each_ref().map(Option::as_deref), texts);
        let shown = [0, 400, 9_999, 65_000].map(|ms| about(std::time::Duration::from_millis(ms)));
        assert_eq!(shown, ["1 s", "1 s", "10 s", "1 min 5 s"]);
    }

    #[test]
    fn durations_have_two_units_at_most() {
        for (milliseconds, text) in [
            (-5, "0.0 s"),
            (0, "0.0 s"),
            (449, "0.4 s"),
            (9_900, "9.9 s"),
            (59_900, "59 s"),
            (60_000, "1 min 0 s"),
            (3_599_999, "59 min 59 s"),
            (3_660_000, "1 h 1 min"),
            (86_400_000, "1 d 0 h"),
            (1_000_000_000, "11 d 13 h"),
        ] {
            assert_eq!(duration(TimeDelta::milliseconds(milliseconds)), text);
        }
    }

    #[test]
    fn numbers_are_grouped_and_counts_have_their_plural() {
        for (value, text) in [
            (0, "0"),
            (-1_000, "-1,000"),
            (336_776, "336,776"),
            (i64::MIN, "-9,223,372,036,854,775,808"),
        ] {
            assert_eq!(number(value), text);
        }
        assert_eq!(
            (count(1, "row"), count(0, "row"), count(2_000, "row")),
            ("1 row".into(), "0 rows".into(), "2,000 rows".into())
        );
    }
}
