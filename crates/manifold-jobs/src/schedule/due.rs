//! Which slots of a schedule are to be done now.

use std::time::Duration;

use chrono::{DateTime, Utc};

use super::Calendar;

/// What becomes of slots that nobody was there for, because no worker ran.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Missed {
    /// They are left out. The latest one is done if it is no later than this.
    Skip {
        /// How late a slot may be begun.
        grace: Duration,
    },
    /// The latest one is done, however late.
    RunOnce,
    /// The latest ones are done, the earliest first, up to this many, 1 to 1000.
    RunAll {
        /// How many.
        max: u32,
    },
}

impl Missed {
    /// How late a slot may be begun, unless somebody says otherwise.
    pub const GRACE: Duration = Duration::from_secs(5 * 60);

    /// The most slots that [`Missed::RunAll`] does at once.
    pub const MOST: u32 = 1000;
}

/// The slots of a schedule that are due, and what becomes of them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Due {
    /// Those that are to be done, the earliest first.
    pub slots: Vec<DateTime<Utc>>,
    /// The latest of those that are not done, because they were missed.
    pub missed: Option<DateTime<Utc>>,
    /// The latest slot that is dealt with once these are.
    pub last_slot: DateTime<Utc>,
    /// The first slot after that and after now; `None` behind the end of the calendar.
    pub next_at: Option<DateTime<Utc>>,
}

impl Due {
    /// What is due at `now` of a schedule that has dealt with its slots up to `last_slot`.
    ///
    /// Only as many slots are looked at as are done, and one more, however long ago the last one was. A clock that was
    /// set back finds nothing due until it has come to `last_slot` again.
    #[must_use]
    pub fn at(
        now: DateTime<Utc>,
        last_slot: DateTime<Utc>,
        calendar: &Calendar,
        missed: Missed,
    ) -> Self {
        let most = match missed {
            Missed::Skip { .. } | Missed::RunOnce => 1,
            Missed::RunAll { max } => max.clamp(1, Missed::MOST),
        };
        let mut earlier = std::iter::successors(calendar.last_until(now), |slot| {
            calendar.last_until(*slot - Duration::from_secs(1))
        })
        .take_while(|slot| *slot > last_slot);
        let mut slots: Vec<_> = earlier.by_ref().take(most as usize).collect();
        let latest = slots.first().copied();
        let mut left_out = earlier.next();
        if let (Missed::Skip { grace }, Some(latest)) = (missed, latest)
            && (now - latest).to_std().is_ok_and(|late| late > grace)
        {
            left_out = slots.pop();
        }
        slots.reverse();
        let last_slot = latest.unwrap_or(last_slot);
        Self {
            slots,
            missed: left_out,
            last_slot,
            next_at: calendar.next_after(last_slot.max(now)),
        }
    }
}
