//! When the slots of a schedule are.

use chrono::{DateTime, TimeDelta, Utc};
use chrono_tz::Tz;
use croner::Cron;
use croner::parser::{CronParser, Seconds, Year};

use super::ScheduleError;

/// Minute, hour, day of the month, month, day of the week.
const FIELDS: usize = 5;

/// The slots of a cron expression by the clock of a time zone. Its five fields are minute, hour, day of the month, month
/// and day of the week; names (`JAN`, `MON`), lists, ranges, steps, `L`, `W`, `#` and nicknames such as `@daily` work.
///
/// ```
/// use chrono::{TimeZone as _, Utc};
/// use manifold_jobs::schedule::Calendar;
///
/// let nightly = Calendar::parse("30 2 * * *", "Europe/Berlin").unwrap();
/// let noon = Utc.with_ymd_and_hms(2026, 7, 1, 12, 0, 0).unwrap();
/// assert_eq!(nightly.next_after(noon).unwrap().to_rfc3339(), "2026-07-02T00:30:00+00:00");
/// ```
#[derive(Debug, Clone)]
pub struct Calendar {
    cron: Cron,
    zone: Tz,
}

impl Calendar {
    /// The calendar of an expression and an IANA time zone.
    ///
    /// # Errors
    /// [`ScheduleError::InvalidCron`] and [`ScheduleError::UnknownTimeZone`], saying what is wrong;
    /// [`ScheduleError::NeverDue`].
    pub fn parse(expression: &str, time_zone: &str) -> Result<Self, ScheduleError> {
        let zone = time_zone
            .parse()
            .map_err(|_| ScheduleError::UnknownTimeZone {
                name: time_zone.chars().take(60).collect(),
                meant: similar(time_zone),
            })?;
        let shortened = || expression.chars().take(100).collect::<String>();
        let parser = CronParser::builder()
            .seconds(Seconds::Disallowed)
            .year(Year::Disallowed)
            .build();
        let fields = expression.split_whitespace().count();
        if fields != FIELDS && !expression.trim_start().starts_with('@') {
            let plural = if fields == 1 { "" } else { "s" };
            return Err(ScheduleError::InvalidCron {
                expression: shortened(),
                reason: format!("it has {fields} field{plural}"),
            });
        }
        let cron = parser
            .parse(expression)
            .map_err(|error| ScheduleError::InvalidCron {
                expression: shortened(),
                reason: plainly(&error),
            })?;
        let calendar = Self { cron, zone };
        // A time that comes at all comes within the first 400 years, after which the calendar repeats.
        match calendar.next_after(DateTime::UNIX_EPOCH) {
            Some(_) => Ok(calendar),
            None => Err(ScheduleError::NeverDue {
                expression: shortened(),
            }),
        }
    }

    /// The time zone.
    #[must_use]
    pub fn time_zone(&self) -> Tz {
        self.zone
    }

    /// The first slot after `time`; `None` behind the end of the calendar.
    #[must_use]
    pub fn next_after(&self, time: DateTime<Utc>) -> Option<DateTime<Utc>> {
        let local = self.local(time);
        let next = self.cron.find_next_occurrence(&local, false).ok()?;
        Some(next.with_timezone(&Utc)).filter(|next| *next > time)
    }

    /// The last slot that is not after `time`; `None` before the beginning of the calendar.
    #[must_use]
    pub fn last_until(&self, time: DateTime<Utc>) -> Option<DateTime<Utc>> {
        let local = self.local(time);
        let last = self.cron.find_previous_occurrence(&local, true).ok()?;
        Some(last.with_timezone(&Utc)).filter(|last| *last <= time)
    }

    /// The wall clock at `time`, to the second: slots have no fractions, and the search is wrong with them where an hour
    /// comes twice.
    fn local(&self, time: DateTime<Utc>) -> DateTime<Tz> {
        let fraction = i64::from(time.timestamp_subsec_nanos());
        (time - TimeDelta::nanoseconds(fraction)).with_timezone(&self.zone)
    }

    /// The first `count` slots after `time`.
    pub fn upcoming(
        &self,
        time: DateTime<Utc>,
        count: usize,
    ) -> impl Iterator<Item = DateTime<Utc>> {
        std::iter::successors(self.next_after(time), |slot| self.next_after(*slot)).take(count)
    }
}

/// What the parser says, as part of a sentence.
fn plainly(error: &croner::errors::CronError) -> String {
    use croner::errors::CronError::{ComponentError, IllegalCharacters, InvalidPattern};
    let text = match error {
        InvalidPattern(text) | IllegalCharacters(text) | ComponentError(text) => text.clone(),
        error => error.to_string(),
    };
    let text = text.trim_end_matches('.');
    let mut letters = text.chars();
    letters.next().map_or_else(String::new, |first| {
        first.to_lowercase().chain(letters).collect()
    })
}

/// The zone of this name in other letters, or the one of this city.
fn similar(name: &str) -> Option<&'static str> {
    let wanted = name.trim().to_lowercase().replace(' ', "_");
    let names = chrono_tz::TZ_VARIANTS.iter().map(|zone| zone.name());
    let city = |zone: &str| zone.rsplit('/').next().map(str::to_lowercase);
    let mut names = names.filter(|zone| {
        zone.to_lowercase() == wanted || city(zone).is_some_and(|city| city == wanted)
    });
    names.next()
}
