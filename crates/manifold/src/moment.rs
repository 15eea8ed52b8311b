//! A moment as people write it.

use std::str::FromStr;

use chrono::{DateTime, Local, NaiveDate, NaiveTime, TimeZone, Utc};

/// A moment: a time in RFC 3339, or a date, which is its beginning by the clock of this machine.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Moment(pub(crate) DateTime<Utc>);

/// A text that names no moment.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{text}` is no time; write 2026-11-01 or 2026-11-01T12:00:00+01:00")]
pub(crate) struct MomentError {
    text: String,
}

impl FromStr for Moment {
    type Err = MomentError;

    fn from_str(text: &str) -> Result<Self, MomentError> {
        if let Ok(time) = DateTime::parse_from_rfc3339(text) {
            return Ok(Self(time.with_timezone(&Utc)));
        }
        let date = NaiveDate::parse_from_str(text, "%Y-%m-%d").ok();
        let beginning = date.and_then(|date| beginning(date, &Local));
        beginning.map(Self).ok_or_else(|| MomentError {
            text: text.to_owned(),
        })
    }
}

/// The first moment of a day: where the clock is put forward at midnight, that is not 0:00.
fn beginning<Z: TimeZone>(date: NaiveDate, zone: &Z) -> Option<DateTime<Utc>> {
    (0..24).find_map(|hour| {
        let time = NaiveTime::from_hms_opt(hour, 0, 0)?;
        let local = zone.from_local_datetime(&date.and_time(time));
        local.earliest().map(|time| time.with_timezone(&Utc))
    })
}

#[cfg(test)]
mod tests {
    use chrono::FixedOffset;

    use super::*;

    #[test]
    fn times_and_dates_are_moments() {
        let time = |text: &str| text.parse::<Moment>().unwrap().0.to_rfc3339();
        assert_eq!(
            time("2026-11-01T12:00:00.5+01:00"),
            "2026-11-01T11:00:00.500+00:00"
        );
        assert_eq!(time("2026-11-01T12:00:00Z"), "2026-11-01T12:00:00+00:00");
        assert!("2026-11-01".parse::<Moment>().is_ok());
        for text in [
            "",
            "yesterday",
            "2026-13-01",
            "2026-11-01T12:00:00",
            "1700000000",
        ] {
            let error = text.parse::<Moment>().unwrap_err();
            assert!(error.to_string().contains("2026-11-01T"), "{error}");
        }
    }

    #[test]
    fn a_date_begins_at_local_midnight() {
        let zone = FixedOffset::east_opt(3_600).unwrap();
        let date = NaiveDate::from_ymd_opt(2026, 11, 1).unwrap();
        let begins = beginning(date, &zone).unwrap();
        assert_eq!(begins.to_rfc3339(), "2026-10-31T23:00:00+00:00");
    }
}
