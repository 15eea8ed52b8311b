//! Undoes what was done to a project last.

use std::path::PathBuf;

use entity_core::enums::LogLevel;
use manifold_store::rows::Effect;
use manifold_store::{
    ImportedSnapshot, ProjectId, RestorePoint, RestorePoints, Restores, RowLog, SafetyCopy,
    SnapshotId, SourceTrash, UserAction, fail_point,
};
use serde::{Deserialize, Serialize};

use crate::{CrashPolicy, Job, JobContext, JobError, Progress};

/// Undoes what was done to a project, the newest first: imports, deletions of sources, restores in place. Each is undone
/// whole or not at all; what was undone before another fails, or before the process dies, stays undone.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct UndoProject {
    /// The project.
    pub project_id: ProjectId,
    /// The ids of the restore points, newest first, as [`RestorePoints::way_to`] gave them.
    pub points: Vec<String>,
    /// The id of the newest of all restore points at that time. When something else was done to the project since, nothing
    /// is undone.
    pub newest: String,
}

/// What was undone.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Undone {
    /// The ids of the restore points, newest first; also of imports into sources that came out of the trash on the way.
    pub points: Vec<String>,
    /// Where what the project held until then is kept, when it was replaced as a whole.
    pub safety_copy: Option<PathBuf>,
}

impl Job for UndoProject {
    const KIND: &'static str = "undo_project";
    // A second attempt would find other restore points than those that somebody has agreed to.
    const MAX_ATTEMPTS: i64 = 1;
    const CRASH_POLICY: CrashPolicy = CrashPolicy::Fail;

    type Output = Undone;

    async fn run(&self, context: &JobContext) -> Result<Undone, JobError> {
        let listed = RestorePoints::new(context.manager());
        let Some(to) = self.points.last().map(String::as_str) else {
            return Ok(Undone::default());
        };
        let mut way = listed.way_to(&self.project_id, Some(to)).await?;
        let newest = listed.list(&self.project_id).await?.into_iter().next();
        let newest = newest.filter(|newest| newest.id == self.newest);
        let is_agreed = way.iter().map(|point| &point.id).eq(&self.points);
        let Some(newest) = newest.filter(|_| is_agreed) else {
            return Err(outdated("so nothing was undone"));
        };
        let mut undone = Undone::default();
        while let Some(point) = way.into_iter().next() {
            context.check_cancelled()?;
            context.hold().await?;
            self.undo(context, &point, &mut undone).await?;
            fail_point!("undo-one-done");
            context.log(
                LogLevel::Info,
                format!("restore point {} was undone", point.id),
            );
            let is_last = point.id == to;
            undone.points.push(point.id);
            if is_last {
                break;
            }
            // With a source that comes out of the trash, what was done to it can be undone, and is newer too.
            way = listed.way_to(&self.project_id, Some(to)).await?;
            if way.iter().any(|point| point.at > newest.at) {
                return Err(outdated("so the rest was not undone"));
            }
        }
        Ok(undone)
    }
}

impl UndoProject {
    async fn undo(
        &self,
        context: &JobContext,
        point: &RestorePoint,
        undone: &mut Undone,
    ) -> Result<(), JobError> {
        match &point.action {
            UserAction::Import { snapshots, .. } => self.delete(context, snapshots).await,
            UserAction::SourceDeleted { .. } => {
                let trash = SourceTrash::new(context.manager());
                trash.undelete(&self.project_id, &point.id, None).await?;
                Ok(())
            }
            UserAction::Restored(copy) | UserAction::Undone(copy) => {
                undone.safety_copy = self.put_back(context, copy.clone()).await?;
                Ok(())
            }
        }
    }

    /// Deletes the snapshots of an import, each the latest of its source.
    async fn delete(
        &self,
        context: &JobContext,
        snapshots: &[ImportedSnapshot],
    ) -> Result<(), JobError> {
        // What was undone before may have made them the latest.
        let points = RestorePoints::new(context.manager())
            .list(&self.project_id)
            .await?;
        let now = points.iter().flat_map(|point| match &point.action {
            UserAction::Import { snapshots, .. } => snapshots.as_slice(),
            _ => &[],
        });
        let latest: Vec<&str> = now
            .filter(|snapshot| snapshot.is_latest)
            .map(|snapshot| snapshot.id.as_str())
            .collect();
        let older = snapshots
            .iter()
            .find(|snapshot| !latest.contains(&snapshot.id.as_str()));
        if let Some(older) = older {
            return Err(JobError::failed("not_latest", &not_latest(older)));
        }
        let rows = RowLog::new(context.manager());
        for snapshot in snapshots {
            context.report(Progress::step("deleting snapshots"));
            let decode = |error: manifold_store::IdError| JobError::failed("decode", &error);
            let source = snapshot.source_id.parse().map_err(decode)?;
            let ids: [SnapshotId; 1] = [snapshot.id.parse().map_err(decode)?];
            let waiting = |holder: Option<&str>| wait(context, holder);
            let delete = rows.delete(&self.project_id, &source, &ids, Effect::Lasting, waiting);
            tokio::select! {
                () = context.cancel().cancelled() => return Err(JobError::Cancelled),
                deleted = delete => deleted.map(drop)?,
            }
        }
        Ok(())
    }

    async fn put_back(
        &self,
        context: &JobContext,
        copy: SafetyCopy,
    ) -> Result<Option<PathBuf>, JobError> {
        let restores = Restores::new(context.manager());
        context.report(Progress::step("copying"));
        let staged = restores.stage_copy(&self.project_id, &copy).await?;
        context.check_cancelled()?;
        let waiting = |holder: Option<&str>| wait(context, holder);
        let alone = tokio::select! {
            () = context.cancel().cancelled() => return Err(JobError::Cancelled),
            alone = restores.alone(&self.project_id, waiting) => alone?,
        };
        // No other attempt can have the project alone as well, and nobody can change it.
        context.hold().await?;
        context.report(Progress::step("replacing"));
        let replaced = restores.put_back(alone, staged, copy).await?;
        Ok(replaced.safety_copy)
    }
}

fn outdated(so: &str) -> JobError {
    let message = format!(
        "something else was done to the project meanwhile, {so}; look at the list and undo again"
    );
    JobError::failed("plan_outdated", &message)
}

fn not_latest(snapshot: &ImportedSnapshot) -> String {
    format!(
        "{}@{} is not the latest snapshot of its source, so its import cannot be undone; undo the later one first, \
         or delete the snapshot",
        snapshot.source_name, snapshot.number
    )
}

fn wait(context: &JobContext, holder: Option<&str>) {
    let holder = holder.unwrap_or("another process").to_owned();
    context.log(LogLevel::Info, format!("waiting for {holder}"));
    context.report(Progress {
        waiting_for: Some(holder),
        ..Progress::step("waiting")
    });
}
