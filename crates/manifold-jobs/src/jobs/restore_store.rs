//! Restores a whole store from a backup.

use manifold_store::Claim;
use serde::{Deserialize, Serialize};
use serde_json::Value as Json;

use crate::backup::{
    BackupError, BackupPlace, Opened, PartFate, Places, StoreRestore, StoreRestored, StoreWatch,
};
use crate::{Job, JobContext, JobError, PlanContext};

/// Projects that an error names; the others are in the job's log.
const MOST_NAMED: usize = 5;

/// Restores every project that a backup of the whole store holds, and what its hub knew: settings, schedules, the import
/// history, the list of backups, jobs that had ended. Jobs that ran or waited are not brought back, nor are processes and
/// what they held.
///
/// What fails, is cancelled or dies leaves each project as it was or restored; the same again goes on. A project that could
/// not be restored does not keep the others from being: the job then fails with code `restore_partial`, naming it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RestoreStore {
    /// The backup.
    pub backup: BackupPlace,
    /// Whether projects that are here and are not as they were saved are replaced, each after a safety copy. Else nothing is
    /// changed when there is one.
    #[serde(default)]
    pub in_place: bool,
    /// Do everything but the changes, and say what would be changed.
    #[serde(default)]
    pub dry_run: bool,
}

impl Job for RestoreStore {
    const KIND: &'static str = "restore_store";
    const MAX_ATTEMPTS: i64 = 3;

    type Output = StoreRestored;

    async fn run(&self, context: &JobContext) -> Result<StoreRestored, JobError> {
        let places = Places::of(context);
        let attempt = (!self.dry_run).then(|| context.claim());
        let watch = StoreWatch::of(context);
        self.restore(context.manager(), &places, attempt, watch)
            .await
    }

    /// A [`StoreRestored`], as a dry run gives it.
    async fn plan(&self, context: &PlanContext) -> Result<Json, JobError> {
        let observer = context.observer();
        let progress = observer.progress.clone();
        let watch = StoreWatch::new(observer.cancel.clone(), move |latest| {
            progress.send_replace(latest);
        });
        let places = Places::new(context.manager().layout(), context.observer().environment);
        let restored = self
            .restore(context.manager(), &places, None, watch)
            .await?;
        serde_json::to_value(&restored).map_err(|error| JobError::failed("defect", &error))
    }
}

impl RestoreStore {
    async fn restore(
        &self,
        manager: &std::sync::Arc<manifold_store::SqliteManager>,
        places: &Places,
        attempt: Option<&Claim>,
        watch: StoreWatch,
    ) -> Result<StoreRestored, JobError> {
        let found = self.backup.find(manager).await?;
        let (reached, folder) = (places.clone(), found.folder.clone());
        let opened = manifold_store::blocking(move || Opened::open_in(&reached, &folder)).await?;
        let path = found.folder.to_path();
        if let Some(expected) = found.id.filter(|expected| expected != opened.id()) {
            let found = opened.id().to_owned();
            return Err(BackupError::OtherBackup {
                path,
                expected,
                found,
            }
            .into());
        }
        let Opened::Store(source) = opened else {
            return Err(BackupError::NotABackup { path }.into());
        };
        let restore = StoreRestore::new(*source, self.in_place);
        let restored = restore.run(manager, places, attempt, watch).await?;
        match failed(&restored) {
            None => Ok(restored),
            Some(failed) => Err(JobError::failed("restore_partial", &failed)),
        }
    }
}

/// What was not restored.
fn failed(restored: &StoreRestored) -> Option<String> {
    let failed = restored.projects.iter();
    let failed = failed.filter(|part| part.fate == PartFate::Failed);
    let mut named: Vec<String> = failed
        .map(|part| {
            let reason = part.reason.as_deref().unwrap_or_default();
            format!("project `{}` ({reason})", part.name)
        })
        .collect();
    let more = named.len().saturating_sub(MOST_NAMED);
    named.truncate(MOST_NAMED);
    if more > 0 {
        named.push(format!("{more} more projects"));
    }
    named.extend(
        restored
            .hub_error
            .clone()
            .map(|error| format!("the hub ({error})")),
    );
    if named.is_empty() {
        return None;
    }
    let done = if restored.dry_run {
        "would not be"
    } else {
        "were not"
    };
    Some(format!(
        "these {done} restored: {}; all others {}",
        named.join(", "),
        if restored.dry_run { "would be" } else { "were" }
    ))
}
