//! The flags that say what is kept when the rest is deleted.

use std::time::Duration;

use clap::Args;
use manifold_jobs::Retention;

use crate::command_error::CommandError;

/// What is kept. What one of them keeps is kept, and the newest always.
#[derive(Debug, Args)]
pub(crate) struct KeepFlags {
    /// Keep the N newest
    #[arg(long, value_name = "N", default_value_t = 0, hide_default_value = true)]
    keep_last: u32,
    /// Keep the newest of each of the last N hours that have one
    #[arg(long, value_name = "N", default_value_t = 0, hide_default_value = true)]
    keep_hourly: u32,
    /// Keep the newest of each of the last N days (of UTC, as the others) that have one
    #[arg(long, value_name = "N", default_value_t = 0, hide_default_value = true)]
    keep_daily: u32,
    /// Keep the newest of each of the last N weeks that have one
    #[arg(long, value_name = "N", default_value_t = 0, hide_default_value = true)]
    keep_weekly: u32,
    /// Keep the newest of each of the last N months that have one
    #[arg(long, value_name = "N", default_value_t = 0, hide_default_value = true)]
    keep_monthly: u32,
    /// Keep the newest of each of the last N years that have one
    #[arg(long, value_name = "N", default_value_t = 0, hide_default_value = true)]
    keep_yearly: u32,
    /// Keep all that is not older than the newest by more than this: 12h, 30d, 2w
    #[arg(long, value_name = "DURATION", value_parser = humantime::parse_duration)]
    keep_within: Option<Duration>,
}

impl KeepFlags {
    /// The policy.
    ///
    /// # Errors
    /// [`CommandError::NothingToKeep`] when no flag was given: keeping the newest alone is said with `--keep-last 1`.
    pub(crate) fn policy(&self) -> Result<Retention, CommandError> {
        self.policy_if_any().ok_or(CommandError::NothingToKeep)
    }

    /// The policy, if a flag was given.
    pub(crate) fn policy_if_any(&self) -> Option<Retention> {
        let policy = Retention {
            last: self.keep_last,
            hourly: self.keep_hourly,
            daily: self.keep_daily,
            weekly: self.keep_weekly,
            monthly: self.keep_monthly,
            yearly: self.keep_yearly,
            within: self.keep_within,
        };
        (!policy.is_empty()).then_some(policy)
    }
}
