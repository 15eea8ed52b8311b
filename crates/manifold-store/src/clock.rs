//! What time it is, also for tests that cannot wait.

use std::time::Duration;

use chrono::{DateTime, Utc};
use tokio::sync::watch;

use crate::Timestamp;

/// The longest sleep before the time is looked at again: the system's clock may be set meanwhile.
const LOOK_AGAIN: Duration = Duration::from_secs(1);

/// What time it is for jobs: the system's time, or one that a test sets.
///
/// No job is taken for dead by any clock; time only says when a waiting job may be begun.
///
/// ```
/// use std::time::Duration;
/// use manifold_store::{Clock, Timestamp};
///
/// let start = Timestamp::now();
/// let clock = Clock::manual(start);
/// clock.advance(Duration::from_secs(3600));
/// assert_eq!(clock.now() - start, chrono::TimeDelta::hours(1));
/// ```
#[derive(Debug, Clone, Default)]
pub struct Clock {
    manual: Option<watch::Sender<DateTime<Utc>>>,
}

impl Clock {
    /// The system's time.
    #[must_use]
    pub fn system() -> Self {
        Self::default()
    }

    /// A clock that stands at `start` until it is set. Clones show the same time.
    #[must_use]
    pub fn manual(start: DateTime<Utc>) -> Self {
        Self {
            manual: Some(watch::Sender::new(start)),
        }
    }

    /// The present time, UTC, to the microsecond.
    #[must_use]
    pub fn now(&self) -> DateTime<Utc> {
        self.manual
            .as_ref()
            .map_or_else(Timestamp::now, |manual| *manual.borrow())
    }

    /// Sets a manual clock, forwards or back; the system's time stays as it is.
    pub fn set(&self, now: DateTime<Utc>) {
        if let Some(manual) = &self.manual {
            manual.send_replace(now);
        }
    }

    /// Sets a manual clock forwards.
    pub fn advance(&self, by: Duration) {
        self.set(self.now() + by);
    }

    /// Returns when it is `at` or later.
    pub async fn sleep_until(&self, at: DateTime<Utc>) {
        let Some(manual) = &self.manual else {
            while let Ok(left) = (at - self.now()).to_std()
                && !left.is_zero()
            {
                tokio::time::sleep(left.min(LOOK_AGAIN)).await;
            }
            return;
        };
        // The sender is held here, so the channel does not close.
        drop(manual.subscribe().wait_for(|now| *now >= at).await);
    }
}
