//! When a date or time is.

use crate::column_type::ColumnType;
use crate::date::{self, Offset, Separator, Temporal};
use crate::evidence::{time_format, timestamp_format, timestamp_index};

/// A way to write dates or times; those written in the same way are compared with each other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Writing {
    /// Year, month, day.
    YearFirst(Separator),
    DayFirst(Separator),
    MonthFirst(Separator),
    /// A date and a time; with the index by which evidence counts them.
    Timestamp {
        shape: usize,
        offset: Offset,
    },
    Time {
        seconds: bool,
    },
}

/// A point in time: seconds, and nanoseconds within the second. What has no offset is taken as UTC.
pub(super) type Moment = (i64, u32);

/// How a cell may be read; two ways when either of day and month may come first.
pub(super) fn writings(cell: &[u8]) -> [Option<Writing>; 2] {
    match date::scan(cell) {
        None => [None, None],
        Some(Temporal::Date(separator)) => [Some(Writing::YearFirst(separator)), None],
        Some(Temporal::DayMonth(date)) => [
            date.day_first.then_some(Writing::DayFirst(date.separator)),
            date.month_first
                .then_some(Writing::MonthFirst(date.separator)),
        ],
        Some(Temporal::Timestamp(t, shape)) => {
            let (shape, offset) = (timestamp_index(t, shape), shape.offset);
            [Some(Writing::Timestamp { shape, offset }), None]
        }
        Some(Temporal::Time(shape)) => {
            let seconds = shape.seconds;
            [Some(Writing::Time { seconds }), None]
        }
    }
}

impl Writing {
    /// Whether cells are in the order of time when they are in that of their bytes.
    pub(super) fn is_sorted_by_bytes(self) -> bool {
        match self {
            Self::YearFirst(_) | Self::Time { .. } => true,
            Self::Timestamp { offset, .. } => offset == Offset::None,
            Self::DayFirst(_) | Self::MonthFirst(_) => false,
        }
    }

    /// Whether it is what a column of this type and format is written in.
    pub(super) fn is(self, column_type: ColumnType, format: &str) -> bool {
        let either = |of: &dyn Fn(bool) -> String| of(false) == format || of(true) == format;
        match (self, column_type) {
            (Self::YearFirst(s), ColumnType::Date) => {
                format == format!("%Y{s}%m{s}%d", s = s.as_str())
            }
            (Self::DayFirst(s), ColumnType::Date) => is_date(format, "d", "m", s),
            (Self::MonthFirst(s), ColumnType::Date) => is_date(format, "m", "d", s),
            (Self::Timestamp { shape, .. }, ColumnType::Timestamp) => {
                either(&|fraction| timestamp_format(shape, fraction))
            }
            (Self::Time { seconds }, ColumnType::Time) => {
                either(&|fraction| time_format(seconds, fraction).to_owned())
            }
            _ => false,
        }
    }

    /// When a cell that is written so is.
    pub(super) fn moment(self, cell: &[u8]) -> Moment {
        match self {
            Self::YearFirst(_) => (day(&cell[..10]) * 86_400, 0),
            Self::DayFirst(_) => (in_parts(cell, |[d, m, y]| [y, m, d]), 0),
            Self::MonthFirst(_) => (in_parts(cell, |[m, d, y]| [y, m, d]), 0),
            Self::Time { .. } => time(cell),
            Self::Timestamp { .. } => {
                let (seconds, nanoseconds) = time(&cell[11..]);
                (day(&cell[..10]) * 86_400 + seconds, nanoseconds)
            }
        }
    }
}

fn is_date(format: &str, first: &str, second: &str, separator: Separator) -> bool {
    let s = separator.as_str();
    ["", "-"]
        .iter()
        .any(|minus| format == format!("%{minus}{first}{s}%{minus}{second}{s}%Y"))
}

/// The day of a date with its year first.
fn day(date: &[u8]) -> i64 {
    days([number(&date[..4]), number(&date[5..7]), number(&date[8..])])
}

/// The seconds of a date whose three numbers are put into order by `order`.
fn in_parts(cell: &[u8], order: impl Fn([i64; 3]) -> [i64; 3]) -> i64 {
    let mut parts = cell
        .split(|byte| !byte.is_ascii_digit())
        .map(number)
        .chain(std::iter::repeat(0));
    let mut part = || parts.next().unwrap_or(0);
    days(order([part(), part(), part()])) * 86_400
}

/// Days since 1970-01-01 in the Gregorian calendar (Howard Hinnant, "chrono-compatible low-level date algorithms").
fn days([year, month, day]: [i64; 3]) -> i64 {
    let year = year - i64::from(month <= 2);
    let era = year.div_euclid(400);
    let of_era = year.rem_euclid(400);
    let of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719_468
}

/// Seconds and nanoseconds of a time of day, moved to UTC by the offset behind it.
fn time(text: &[u8]) -> Moment {
    let mut seconds = number(&text[..2]) * 3_600 + number(&text[3..5]) * 60;
    let mut rest = &text[5..];
    let mut nanoseconds = 0;
    if let Some((b':', after)) = rest.split_first() {
        seconds += number(&after[..2]);
        rest = &after[2..];
        if let Some((b'.', after)) = rest.split_first() {
            let digits = after.iter().take_while(|c| c.is_ascii_digit()).count();
            // At most nine, so it fits.
            let fraction = number(&after[..digits]) as u32;
            nanoseconds = fraction * 10_u32.pow(9 - digits as u32);
            rest = &after[digits..];
        }
    }
    if let Some((sign @ (b'+' | b'-'), offset)) = rest.split_first() {
        let offset = number(&offset[..2]) * 3_600 + number(&offset[offset.len() - 2..]) * 60;
        seconds += if *sign == b'+' { -offset } else { offset };
    }
    (seconds, nanoseconds)
}

fn number(digits: &[u8]) -> i64 {
    let digit = |value: i64, c: &u8| value * 10 + i64::from(c.wrapping_sub(b'0'));
    digits.iter().fold(0, digit)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn moment(cell: &str, first: usize) -> Moment {
        writings(cell.as_bytes())[first]
            .unwrap()
            .moment(cell.as_bytes())
    }

    #[test]
    fn moments_are_seconds_since_1970() {
        for (cell, seconds, nanoseconds) in [
            ("1970-01-01", 0, 0),
            ("2000/03/01", 951_868_800, 0),
            ("0001-01-01", -62_135_596_800, 0),
            ("2026-11-29 10:11:12", 1_795_947_072, 0),
            ("2026-11-29T10:11:12.25Z", 1_795_947_072, 250_000_000),
            ("2026-11-29T10:11:12+05:30", 1_795_927_272, 0),
            ("2026-11-29T10:11-0100", 1_795_950_660, 0),
            ("10:11:12", 36_672, 0),
            ("10:11", 36_660, 0),
        ] {
            assert_eq!(moment(cell, 0), (seconds, nanoseconds), "{cell}");
        }
    }

    #[test]
    fn day_and_month_stand_in_either_order() {
        assert_eq!(moment("2.1.1970", 0), (86_400, 0));
        assert_eq!(moment("2.1.1970", 1), (31 * 86_400, 0));
        assert_eq!(
            writings(b"31/01/1970"),
            [Some(Writing::DayFirst(Separator::Slash)), None]
        );
    }

    #[test]
    fn a_writing_is_that_of_its_format() {
        for (cell, column_type, format) in [
            ("2024/01/31", ColumnType::Date, "%Y/%m/%d"),
            ("31.12.2024", ColumnType::Date, "%d.%m.%Y"),
            ("3.2.2024", ColumnType::Date, "%-d.%-m.%Y"),
            (
                "2024-01-31T10:00Z",
                ColumnType::Timestamp,
                "%Y-%m-%dT%H:%MZ",
            ),
            (
                "2024-01-31 10:00:00.5",
                ColumnType::Timestamp,
                "%Y-%m-%d %H:%M:%S%.f",
            ),
            ("10:00:00", ColumnType::Time, "%H:%M:%S"),
        ] {
            let writing = writings(cell.as_bytes())[0].unwrap();
            assert!(writing.is(column_type, format), "{cell}");
            assert!(!writing.is(column_type, "%m-%d-%Y"), "{cell}");
        }
    }
}
