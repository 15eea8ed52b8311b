//! Jobs that are done again and again: schedules, by the clock of a time zone.
//!
//! ```no_run
//! use entity_core::enums::BackupType;
//! use manifold_jobs::jobs::BackupProject;
//! use manifold_jobs::schedule::{Missed, ScheduleSpec, Schedules};
//! use manifold_jobs::new_job;
//! use manifold_store::{Jobs, ProjectId};
//!
//! # async fn example(jobs: &Jobs, project: ProjectId) -> Result<(), Box<dyn std::error::Error>> {
//! let backup = BackupProject::each_time(project.clone(), BackupType::Sqlite);
//! let nightly = ScheduleSpec {
//!     time_zone: "Europe/Berlin".to_owned(),
//!     missed: Missed::RunOnce, // the computer may have been off
//!     ..ScheduleSpec::new("nightly", "30 2 * * *", new_job(&backup, Some(project))?)
//! };
//! let made = Schedules::new(jobs).create(nightly).await?;
//! println!("next at {}", made.next_at);
//! # Ok(())
//! # }
//! ```
//!
//! A *slot* is a time at which a schedule wants its job done. Every worker writes down the jobs of the slots that are
//! due, and a unique constraint sees to it that each slot has one. No slot is done before its time, and none twice,
//! however clocks are set: a schedule remembers the latest slot that it dealt with.
//!
//! **Time zones.** A fixed time such as `30 2 * * *` that does not exist on a day, because clocks go forward, is moved to
//! the first moment behind the gap; one that exists twice is done the first time. What goes by minutes or hours, such as
//! `*/15 * * * *`, is left out in the gap and goes on in both of the hours that are the same.
//!
//! **Missed slots** are those that no worker was there for; [`Missed`] says what becomes of them. **Overlapping** jobs,
//! when one takes longer than the time between two slots, are for [`OverlapPolicy`](entity_core::enums::OverlapPolicy).
//! A slot whose project is in the trash or gone is skipped. What was skipped last, and why, is kept in the schedule.

mod calendar;
mod due;
mod error;
mod on_failure;
mod planting;
mod schedules;

pub use calendar::Calendar;
pub use due::{Due, Missed};
pub use error::ScheduleError;
pub use on_failure::OnFailure;
pub(crate) use planting::Planter;
pub use schedules::{ScheduleSpec, Schedules};
