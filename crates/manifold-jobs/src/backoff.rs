//! How long a job waits before it is tried again.

use std::time::Duration;

/// How long a job waits after a failed attempt: a random time up to a limit that doubles with each attempt.
///
/// All of the wait is random, so that jobs which failed together do not come back together.
///
/// ```
/// use std::time::Duration;
/// use manifold_jobs::Backoff;
///
/// let backoff = Backoff { first: Duration::from_secs(10), most: Duration::from_secs(60) };
/// assert_eq!(backoff.delay(1, 0.5), Duration::from_secs(5));
/// assert_eq!(backoff.delay(3, 0.5), Duration::from_secs(20));
/// assert_eq!(backoff.delay(9, 0.5), Duration::from_secs(30));
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Backoff {
    /// The longest wait after the first attempt.
    pub first: Duration,
    /// The longest wait after any.
    pub most: Duration,
}

impl Backoff {
    /// Up to 10 seconds after the first attempt, up to an hour after many.
    pub const DEFAULT: Self = Self {
        first: Duration::from_secs(10),
        most: Duration::from_secs(3600),
    };

    /// The wait after the attempt of this number, from 1, for a random `share` from 0 to 1.
    #[must_use]
    pub fn delay(&self, attempt: i64, share: f64) -> Duration {
        let doublings = u32::try_from(attempt.saturating_sub(1)).unwrap_or(0);
        let factor = 2_u32.checked_pow(doublings).unwrap_or(u32::MAX);
        let limit = self.first.saturating_mul(factor).min(self.most);
        limit.mul_f64(share.clamp(0.0, 1.0))
    }
}

impl Default for Backoff {
    fn default() -> Self {
        Self::DEFAULT
    }
}

/// A random number from 0 to 1.
pub(crate) fn random_share() -> f64 {
    // The last 62 bits of such an id are random; 32 of them are exact as a float.
    let id = uuid::Uuid::now_v7().as_u128();
    (id & u128::from(u32::MAX)) as f64 / f64::from(u32::MAX)
}
