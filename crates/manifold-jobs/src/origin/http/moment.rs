//! A time as ISO 8601 writes it.

use chrono::{NaiveDate, NaiveDateTime, NaiveTime, TimeDelta};

/// A time as ISO 8601 writes it, and how it is written. One without a zone is taken for UTC.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Moment {
    /// As it is written, without its zone.
    local: NaiveDateTime,
    /// East of UTC.
    offset: TimeDelta,
    /// The letter or blank before the time of day; `None` for a date alone.
    separator: Option<char>,
    has_seconds: bool,
    /// Digits behind the point of the seconds.
    fraction: usize,
    zone: String,
}

impl Moment {
    pub(super) fn of(text: &str) -> Option<Self> {
        let (date, rest) = text.split_at_checked(10)?;
        let date = match date.as_bytes() {
            [_, _, _, _, b'-', _, _, b'-', _, _] => NaiveDate::from_ymd_opt(
                i32::try_from(digits(&date[..4])?).ok()?,
                digits(&date[5..7])?,
                digits(&date[8..])?,
            )?,
            _ => return None,
        };
        let mut moment = Self {
            local: date.and_time(NaiveTime::MIN),
            offset: TimeDelta::zero(),
            separator: None,
            has_seconds: false,
            fraction: 0,
            zone: String::new(),
        };
        let mut characters = rest.chars();
        let Some(separator) = characters.next() else {
            return Some(moment);
        };
        if !matches!(separator, 'T' | 't' | ' ') {
            return None;
        }
        moment.separator = Some(separator);
        let zone_at = characters.as_str().find(['Z', 'z', '+', '-']);
        let (time, zone) = match zone_at {
            Some(at) => characters.as_str().split_at(at),
            None => (characters.as_str(), ""),
        };
        (moment.offset, moment.zone) = (offset(zone)?, zone.to_owned());
        moment.local = date.and_time(moment.time(time)?);
        Some(moment)
    }

    /// `12:30`, `12:30:45` or `12:30:45.678`.
    fn time(&mut self, text: &str) -> Option<NaiveTime> {
        let (clock, fraction) = text
            .split_once('.')
            .map_or((text, None), |(c, f)| (c, Some(f)));
        let parts: Vec<_> = clock.split(':').collect();
        if parts.iter().any(|part| part.len() != 2) {
            return None;
        }
        let parts: Vec<u32> = parts.into_iter().map(digits).collect::<Option<_>>()?;
        self.has_seconds = parts.len() == 3;
        let nanos = match fraction {
            None => 0,
            Some(fraction) if self.has_seconds && (1..=9).contains(&fraction.len()) => {
                self.fraction = fraction.len();
                digits(fraction)? * 10_u32.pow(9 - u32::try_from(fraction.len()).ok()?)
            }
            Some(_) => return None,
        };
        match parts[..] {
            [hour, minute] => NaiveTime::from_hms_opt(hour, minute, 0),
            [hour, minute, second] => NaiveTime::from_hms_nano_opt(hour, minute, second, nanos),
            _ => None,
        }
    }

    /// The time in UTC, by which times compare.
    pub(super) fn instant(&self) -> NaiveDateTime {
        self.local
            .checked_sub_signed(self.offset)
            .unwrap_or(self.local)
    }

    /// An earlier time, written in the same way. What is written less exactly becomes earlier still.
    pub(super) fn minus(&self, lag: TimeDelta) -> Option<String> {
        let local = self.local.checked_sub_signed(lag)?;
        let Some(separator) = self.separator else {
            return Some(local.format("%Y-%m-%d").to_string());
        };
        let clock = if self.has_seconds {
            "%H:%M:%S"
        } else {
            "%H:%M"
        };
        let mut text = local
            .format(&format!("%Y-%m-%d{separator}{clock}"))
            .to_string();
        if self.fraction > 0 {
            let nanos = local.format("%9f").to_string();
            text.push('.');
            text.push_str(&nanos[..self.fraction]);
        }
        Some(text + &self.zone)
    }
}

/// A number of nothing but digits.
fn digits(text: &str) -> Option<u32> {
    let are_digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    text.parse().ok().filter(|_| are_digits)
}

/// `Z`, `+01:00`, `+0100`, `+01`, or nothing.
fn offset(zone: &str) -> Option<TimeDelta> {
    let sign = match zone.as_bytes().first() {
        None => return Some(TimeDelta::zero()),
        Some(b'Z' | b'z') => return (zone.len() == 1).then(TimeDelta::zero),
        Some(b'+') => 1,
        Some(_) => -1,
    };
    let (hours, minutes) = match zone.len() {
        3 => (&zone[1..], "00"),
        5 => zone[1..].split_at_checked(2)?,
        6 => zone[1..]
            .split_once(':')
            .filter(|(hours, _)| hours.len() == 2)?,
        _ => return None,
    };
    let (hours, minutes) = (digits(hours)?, digits(minutes)?);
    let is_offset = hours <= 18 && minutes < 60;
    is_offset.then(|| TimeDelta::minutes(sign * i64::from(hours * 60 + minutes)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_written_as_they_were() {
        for (text, hour_before) in [
            ("2024-03-01T00:30:00Z", "2024-02-29T23:30:00Z"),
            ("2024-03-01 00:30:00.050", "2024-02-29 23:30:00.050"),
            (
                "2024-03-01T00:30:00.123456789+05:30",
                "2024-02-29T23:30:00.123456789+05:30",
            ),
            ("2024-03-01t00:30-0800", "2024-02-29t23:30-0800"),
            ("2024-03-01T00:30:00+01", "2024-02-29T23:30:00+01"),
            ("2024-03-01", "2024-02-29"),
        ] {
            let moment = Moment::of(text).unwrap();
            assert_eq!(
                moment.minus(TimeDelta::hours(1)).as_deref(),
                Some(hour_before)
            );
            assert!(text.len() == 10 || moment.minus(TimeDelta::zero()).as_deref() == Some(text));
        }
    }

    #[test]
    fn times_compare_whatever_their_zone() {
        let at = |text| Moment::of(text).unwrap().instant();
        assert_eq!(at("2024-03-01T12:00:00+02:00"), at("2024-03-01T10:00Z"));
        assert!(at("2024-03-01T00:30:00+01:00") < at("2024-03-01"));
        assert!(at("2024-03-01 00:00:00.1") > at("2024-03-01T00:00:00.09Z"));
    }

    #[test]
    fn what_is_no_time_is_none() {
        for text in [
            "",
            "2024",
            "2024-13-01",
            "2024-02-30",
            "01.02.2024",
            "2024-03-01x",
            "2024-03-01T",
            "2024-03-01T25:00",
            "2024-03-01T1:00",
            "2024-03-01T10:00:00.",
            "2024-03-01T10:00.5",
            "2024-03-01T10:00:00+1",
            "2024-03-01T10:00:00Zx",
            "2024-03-01T10:00:00+25:00",
            "2024-03-0\u{e4}",
            "+024-03-01",
            "2024-03-01T10:00:00.1234567890",
        ] {
            assert_eq!(Moment::of(text), None, "{text}");
        }
    }
}
