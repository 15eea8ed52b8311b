//! What a change of a job's state leaves in the job's row.

use chrono::{DateTime, Utc};
use entity_core::enums::JobState;
use entity_core::jobs;
use sea_orm::sea_query::{Expr, ExprTrait as _};
use sea_orm::{ActiveValue::Set, EntityTrait as _, UpdateMany, Value};

use super::Transition;
use crate::jobs::rule::{self, Seen};
use crate::jobs::{Ending, execution};

impl Transition<'_> {
    pub(super) fn changes(
        &self,
        found: &jobs::Model,
        to: JobState,
        now: DateTime<Utc>,
    ) -> UpdateMany<jobs::Entity> {
        let plus = |column, by: i64| Expr::col(column).add(by);
        let changed = jobs::ActiveModel {
            state: Set(to),
            finished_at: Set(rule::is_final(to).then_some(now)),
            ..Default::default()
        };
        let update = jobs::Entity::update_many();
        match self {
            Self::Claim { worker, .. } => update
                .set(jobs::ActiveModel {
                    worker_id: Set(Some((*worker).into())),
                    started_at: Set(Some(now)),
                    rate: Set(None),
                    eta_at: Set(None),
                    ..changed
                })
                .col_expr(jobs::Column::Attempt, plus(jobs::Column::Attempt, 1))
                .col_expr(jobs::Column::LeaseToken, plus(jobs::Column::LeaseToken, 1)),
            Self::Finish { ending, .. } => {
                let update = update.set(ending.changes(changed, now));
                if ending.uses_attempt() {
                    update
                } else {
                    update.col_expr(jobs::Column::Attempt, plus(jobs::Column::Attempt, -1))
                }
            }
            Self::Withdraw { because, reason } => update.set(jobs::ActiveModel {
                cancel_requested_at: Set(Some(now)),
                error_code: Set(because.map(|(code, _)| code.to_owned())),
                error_message: Set(because.map(|(_, message)| message.to_owned())),
                cancel_reason: Set(reason.map(str::to_owned)),
                ..changed
            }),
            Self::Crash { message, .. } => {
                let code = if to == JobState::Failed && rule::is_crash_loop(&Seen::from(found)) {
                    execution::CRASH_LOOP
                } else {
                    execution::CRASHED
                };
                update
                    .set(jobs::ActiveModel {
                        error_code: Set(Some(code.to_owned())),
                        error_message: Set(Some(execution::crash_message(message, code, to))),
                        run_at: Set(now),
                        ..changed
                    })
                    .col_expr(jobs::Column::CrashCount, plus(jobs::Column::CrashCount, 1))
            }
            // The greater token keeps the silent attempt out of whatever it still tries.
            Self::Release { .. } => update
                .set(jobs::ActiveModel {
                    run_at: Set(now),
                    ..changed
                })
                .col_expr(jobs::Column::Attempt, plus(jobs::Column::Attempt, -1))
                .col_expr(jobs::Column::LeaseToken, plus(jobs::Column::LeaseToken, 1)),
            Self::Unblock => update.set(changed),
            Self::Reopen {
                pending_dependencies,
            } => update.set(jobs::ActiveModel {
                attempt: Set(0),
                crash_count: Set(0),
                run_at: Set(now),
                pending_dependencies: Set(*pending_dependencies),
                cancel_requested_at: Set(None),
                error_code: Set(None),
                error_message: Set(None),
                progress: Set(None),
                step: Set(None),
                items_done: Set(None),
                items_total: Set(None),
                unit: Set(None),
                cancel_reason: Set(None),
                ..changed
            }),
        }
    }

    /// The name of the statement that makes this change, and the values it takes, where it runs for every job.
    pub(super) fn kept(
        &self,
        found: &jobs::Model,
        to: JobState,
        token: i64,
        now: DateTime<Utc>,
    ) -> Option<(&'static str, Vec<Value>)> {
        if found.cancel_requested_at.is_some() {
            return None;
        }
        let (name, mut values): (_, Vec<Value>) = match self {
            Self::Claim { worker, .. } => (
                "a job is claimed",
                vec![
                    to.into(),
                    Some(String::from(*worker)).into(),
                    Some(now).into(),
                    None::<DateTime<Utc>>.into(),
                    None::<f64>.into(),
                    None::<DateTime<Utc>>.into(),
                    1_i64.into(),
                    1_i64.into(),
                ],
            ),
            Self::Finish {
                ending: Ending::Completed { result },
                ..
            } => (
                "a job is completed",
                vec![
                    to.into(),
                    Some(result.clone()).into(),
                    None::<String>.into(),
                    None::<String>.into(),
                    Some(1.0).into(),
                    Some(now).into(),
                ],
            ),
            _ => return None,
        };
        values.extend([found.id.as_str().into(), found.state.into(), token.into()]);
        Some((name, values))
    }
}
