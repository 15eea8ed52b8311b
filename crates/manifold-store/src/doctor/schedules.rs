//! Schedules are done, their projects exist, and what they save can be restored.

use std::collections::HashSet;

use chrono::{DateTime, TimeDelta, Utc};
use entity_core::enums::ProjectState;
use entity_core::{backups, job_schedules, projects};
use sea_orm::{
    ColumnTrait as _, EntityTrait as _, QueryFilter as _, QueryOrder as _, QuerySelect as _,
};

use super::cure::Cure;
use super::{Finding, FindingClass};
use crate::{
    BACKUP_PROJECT, BACKUP_STORE, CoreDatabase, DatabaseManager as _, Settings, SqliteManager,
    StoreError, Timestamp,
};

/// How late a slot is when nobody seems to be there for it. A worker looks every second.
const OVERDUE: TimeDelta = TimeDelta::minutes(5);

pub(super) async fn examine(
    manager: &SqliteManager,
    rows: &[projects::Model],
) -> Result<Vec<Finding>, StoreError> {
    let core = manager.core();
    let now = Timestamp::now();
    let by_next = job_schedules::Entity::find().order_by_asc(job_schedules::Column::NextAt);
    let schedules = core.all(by_next).await?;
    let mut found = Vec::new();
    found.extend(overdue(&schedules, now));
    for schedule in &schedules {
        let Some(id) = &schedule.project_id else {
            continue;
        };
        if !rows.iter().any(|row| row.id == *id) && is_gone(core, id).await? {
            found.push(orphan(schedule, id));
        }
    }
    let most_days = Settings::new(core).backup_max_age_days().await?;
    if let Some(days) = most_days {
        found.extend(unsaved(core, rows, &schedules, now, days).await?);
    }
    Ok(found)
}

/// That nobody is there for the schedules whose time has come: one finding for all.
fn overdue(schedules: &[job_schedules::Model], now: DateTime<Utc>) -> Option<Finding> {
    let is_late =
        |schedule: &&job_schedules::Model| schedule.enabled && schedule.next_at < now - OVERDUE;
    let late: Vec<_> = schedules.iter().filter(is_late).collect();
    let first = late.first()?;
    let others = match late.len() - 1 {
        0 => String::new(),
        1 => " and one other".to_owned(),
        others => format!(" and {others} others"),
    };
    let explanation = format!(
        "schedule `{}`{others} was due at {} and nothing was done, because no worker runs",
        first.name,
        first.next_at.to_rfc3339()
    );
    let repair = "start a worker with `manifold worker`, or switch schedules off with `manifold schedule disable`";
    Some(Finding::new(
        FindingClass::OverdueSchedule,
        explanation,
        repair,
    ))
}

/// Asked again: the project may have been made since the projects were listed.
async fn is_gone(core: &CoreDatabase, project: &str) -> Result<bool, StoreError> {
    let project = core.one(projects::Entity::find_by_id(project)).await?;
    Ok(project.is_none())
}

fn orphan(schedule: &job_schedules::Model, project: &str) -> Finding {
    let explanation = format!(
        "schedule `{}` is for project {project}, which is gone; its slots are skipped",
        schedule.name
    );
    let finding = Finding::new(
        FindingClass::OrphanSchedule,
        explanation,
        "the schedule is deleted; its jobs and backups stay",
    );
    finding.of(project).cured_by(Cure::DeleteSchedule {
        schedule: schedule.id.clone(),
    })
}

/// The projects in use with a schedule for backups that have no verified backup of all their rows of the last `days`; likewise the
/// whole store.
async fn unsaved(
    core: &CoreDatabase,
    rows: &[projects::Model],
    schedules: &[job_schedules::Model],
    now: DateTime<Utc>,
    days: u32,
) -> Result<Vec<Finding>, StoreError> {
    let since = now - TimeDelta::days(days.into());
    let of_kind = |kind: &'static str| {
        let schedules = schedules.iter();
        schedules.filter(move |schedule| schedule.kind == kind && schedule.created_at < since)
    };
    let scheduled: HashSet<_> = of_kind(BACKUP_PROJECT)
        .filter_map(|schedule| schedule.project_id.as_deref())
        .collect();
    let in_use = rows.iter().filter(|row| row.state == ProjectState::Active);
    let mut found = Vec::new();
    for project in in_use.filter(|row| scheduled.contains(row.id.as_str())) {
        let latest = latest_verified(core, Some(&project.id)).await?;
        if latest.is_some_and(|latest| latest >= since) {
            continue;
        }
        let finding = no_recent(
            &format!("project `{}`", project.name),
            latest,
            days,
            &format!("--project {} --kind {BACKUP_PROJECT}", project.id),
        );
        found.push(finding.of(&project.id));
    }
    if of_kind(BACKUP_STORE).next().is_some() {
        let latest = latest_verified(core, None).await?;
        if latest.is_none_or(|latest| latest < since) {
            let jobs = format!("--kind {BACKUP_STORE}");
            found.push(no_recent("the whole store", latest, days, &jobs));
        }
    }
    Ok(found)
}

/// When the newest verified backup of all rows of a project was made, or of the whole store.
async fn latest_verified(
    core: &CoreDatabase,
    project: Option<&String>,
) -> Result<Option<DateTime<Utc>>, StoreError> {
    let of = match project {
        Some(project) => backups::Column::ProjectId.eq(project),
        None => backups::Column::ProjectId.is_null(),
    };
    let verified = backups::Entity::find()
        .filter(of)
        .filter(backups::Column::VerifiedAt.is_not_null())
        .filter(backups::Column::WithData.eq(true))
        .order_by_desc(backups::Column::CreatedAt)
        .limit(1);
    Ok(core.one(verified).await?.map(|backup| backup.created_at))
}

fn no_recent(what: &str, latest: Option<DateTime<Utc>>, days: u32, jobs: &str) -> Finding {
    let latest = latest.map_or_else(
        || "it has none".to_owned(),
        |latest| format!("the latest is of {}", latest.to_rfc3339()),
    );
    let explanation = format!("{what} has no verified backup of the last {days} days ({latest})");
    let repair = format!(
        "see `manifold job list {jobs}` for why; make one with `manifold backup create`, check one with `manifold backup verify`; `manifold settings set backup.max_age_days 0` asks no more"
    );
    Finding::new(FindingClass::NoRecentBackup, explanation, repair)
}
