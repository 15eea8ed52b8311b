//! The one clock of the store.

use chrono::{DateTime, SubsecRound, Utc};

/// Makes the times that are stored.
///
/// Every stored time is UTC and truncated to microseconds: what is written is what any engine reads
/// back, and SQLite, which compares times as text, orders them rightly.
///
/// ```
/// let now = manifold_store::Timestamp::now();
/// assert_eq!(now.timestamp_subsec_nanos() % 1_000, 0);
/// ```
#[derive(Debug, Clone, Copy)]
pub enum Timestamp {}

impl Timestamp {
    /// The present time, UTC, truncated to microseconds.
    #[must_use]
    pub fn now() -> DateTime<Utc> {
        #[expect(
            clippy::disallowed_methods,
            reason = "the one place that asks the clock"
        )]
        let now = Utc::now();
        now.trunc_subsecs(6)
    }
}
