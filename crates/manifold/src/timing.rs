//! The flags that say when the job of a schedule is done, and what happens when it is not.

use std::time::Duration;

use clap::builder::{PossibleValuesParser, TypedValueParser as _};
use clap::{Args, ValueEnum};
use entity_core::enums::OverlapPolicy;
use manifold_jobs::schedule::{Missed, OnFailure, ScheduleSpec};
use manifold_store::NewJob;

use crate::config;

/// When the job of a schedule is done.
#[derive(Debug, Args)]
pub(crate) struct TimingFlags {
    /// When, as a cron expression
    #[arg(long, value_name = "EXPR")]
    cron: String,
    /// By whose clock, such as Europe/Berlin [default: that of this machine]
    #[arg(long, value_name = "ZONE")]
    time_zone: Option<String>,
    /// What becomes of slots for which no worker ran
    #[arg(long, value_name = "POLICY", default_value = "run_once")]
    missed: MissedArgument,
    /// How many missed slots are done at most, with --missed run_all
    #[arg(long, value_name = "N", default_value_t = 10, value_parser = clap::value_parser!(u32).range(1..=1000))]
    missed_max: u32,
    /// How many minutes late a slot may be begun, with --missed skip
    #[arg(long, value_name = "MINUTES", default_value_t = 5, value_parser = clap::value_parser!(u64).range(0..=525_600))]
    missed_grace: u64,
    /// What becomes of a slot while a job of the schedule goes on: skip it, queue it behind that one, or allow both
    #[arg(long, value_name = "POLICY", default_value = "skip", value_parser = PossibleValuesParser::new(OverlapPolicy::VALUES).try_map(|policy| policy.parse::<OverlapPolicy>()))]
    overlap: OverlapPolicy,
    /// What is run when a job of the schedule fails: a program and its arguments
    #[arg(long, value_name = "WORD", num_args = 1.., value_terminator = ";", allow_hyphen_values = true)]
    on_failure_command: Vec<String>,
    /// Where a POST with JSON goes when one fails; `${secret:NAME}` and `${env:NAME}` stand for what must not be stored
    #[arg(long, value_name = "URL", conflicts_with = "on_failure_command")]
    on_failure_url: Option<String>,
}

/// What becomes of slots for which no worker ran.
#[derive(Debug, Clone, Copy, ValueEnum)]
#[value(rename_all = "snake_case")]
enum MissedArgument {
    /// They are left out; one that is a little late is done
    Skip,
    /// The latest is done
    RunOnce,
    /// The latest are done, one after the other
    RunAll,
}

impl TimingFlags {
    /// The schedule of this name that does `job`.
    pub(crate) fn spec(self, name: String, job: NewJob) -> ScheduleSpec {
        let command = self.on_failure_command;
        ScheduleSpec {
            time_zone: self.time_zone.unwrap_or_else(config::time_zone),
            missed: match self.missed {
                MissedArgument::Skip => Missed::Skip {
                    grace: Duration::from_secs(60 * self.missed_grace),
                },
                MissedArgument::RunOnce => Missed::RunOnce,
                MissedArgument::RunAll => Missed::RunAll {
                    max: self.missed_max,
                },
            },
            overlap: self.overlap,
            on_failure: match self.on_failure_url {
                Some(url) => Some(OnFailure::webhook(url)),
                None => (!command.is_empty()).then(|| OnFailure::command(command)),
            },
            ..ScheduleSpec::new(name, self.cron, job)
        }
    }
}
