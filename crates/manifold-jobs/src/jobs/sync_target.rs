//! Makes a table of a database elsewhere equal to a source.

use std::sync::Arc;

use entity_core::enums::LogLevel;
use manifold_store::{ProjectId, SourceId, SqliteManager};
use serde::{Deserialize, Serialize};
use serde_json::{Value as Json, json};

use crate::database::{DatabaseUrl, TableName};
use crate::sync::{Deletes, MaxDeletes, OnConflict, SyncMode};
use crate::target::{Course, Pair, Sync, SyncedTarget, TargetError};
use crate::{Environment, Job, JobContext, JobError, PlanContext};

/// Makes a table of PostgreSQL, MySQL, MariaDB or an SQLite file equal to the latest snapshot of a source. The rows, and a line that
/// says so, change in one transaction there: a job that dies and is repeated changes nothing twice.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SyncTarget {
    /// The project.
    pub project_id: ProjectId,
    /// The source.
    pub source_id: SourceId,
    /// The database: `postgres://`, `mysql://` or `sqlite:/path`, with references in the place of secrets.
    pub url: String,
    /// The table, `schema.table` or `table`. It is made if it is missing.
    pub table: String,
    /// How it is made equal.
    #[serde(default)]
    pub mode: SyncMode,
    /// What becomes of rows that the source has no more.
    #[serde(default)]
    pub deletes: Deletes,
    /// How many of the target's rows may be deleted.
    #[serde(default)]
    pub max_deletes: MaxDeletes,
    /// What becomes of rows that were changed on both sides.
    #[serde(default)]
    pub on_conflict: OnConflict,
}

impl SyncTarget {
    /// A job that writes all rows anew, and would rather fail than delete many.
    #[must_use]
    pub fn new(project_id: ProjectId, source_id: SourceId, url: &str, table: &str) -> Self {
        Self {
            project_id,
            source_id,
            url: url.to_owned(),
            table: table.to_owned(),
            mode: SyncMode::Full,
            deletes: Deletes::Hard,
            max_deletes: MaxDeletes::default(),
            on_conflict: OnConflict::Source,
        }
    }

    /// Fails for an address or a name that is none, and for a secret that stands in the address.
    ///
    /// # Errors
    /// [`TargetError`].
    pub fn check(&self) -> Result<(), TargetError> {
        self.place().map(drop)
    }

    /// The database as people may see it: without user, password and parameters.
    ///
    /// # Errors
    /// As [`SyncTarget::check`].
    pub fn shown(&self) -> Result<String, TargetError> {
        Ok(self.place()?.0.shown())
    }

    fn place(&self) -> Result<(DatabaseUrl, TableName), TargetError> {
        let url = DatabaseUrl::new(&self.url)?;
        let table = TableName::parse(&self.table).ok_or_else(|| TargetError::Name {
            name: self.table.clone(),
            reason: "a table is called `table` or `schema.table`".to_owned(),
        })?;
        Ok((url, table))
    }

    fn sync<'a>(
        &'a self,
        manager: &'a Arc<SqliteManager>,
        url: &'a DatabaseUrl,
        table: &'a TableName,
    ) -> Sync<'a> {
        Sync {
            manager,
            project_id: &self.project_id,
            url,
            table,
            mode: self.mode,
            deletes: self.deletes,
            max_deletes: self.max_deletes,
            conflict: &self.on_conflict,
        }
    }
}

impl Job for SyncTarget {
    const KIND: &'static str = "sync_target";
    const MAX_ATTEMPTS: i64 = 5;

    type Output = SyncedTarget;

    async fn run(&self, context: &JobContext) -> Result<SyncedTarget, JobError> {
        let (url, table) = self.place()?;
        let manager = context.manager();
        let pair = Pair::of(manager, &self.project_id, &self.source_id).await?;
        let reporter = context.reporter().clone();
        let course = Course {
            cancel: context.cancel().clone(),
            environment: context.environment(),
            report: &move |progress| reporter.report(progress),
        };
        let sync = self.sync(manager, &url, &table);
        let synced = sync.run(&pair, context, &course).await?;
        if synced.conflicts > 0 {
            let text = format!(
                "{} rows were changed in the source and in {} too",
                synced.conflicts, synced.table
            );
            context.log(LogLevel::Warn, text);
        }
        let text = format!(
            "{} of {} is snapshot {}: {} rows inserted, {} updated, {} deleted",
            synced.table,
            synced.to,
            synced.snapshot_number,
            synced.inserted,
            synced.updated,
            synced.deleted
        );
        context.log(LogLevel::Info, text);
        Ok(synced)
    }

    async fn plan(&self, context: &PlanContext) -> Result<Json, JobError> {
        let (url, table) = self.place()?;
        let manager = context.manager();
        let pair = Pair::of(manager, &self.project_id, &self.source_id).await?;
        let observer = context.observer().clone();
        let progress = observer.progress.clone();
        let environment: Environment = observer.environment;
        let course = Course {
            cancel: observer.cancel.clone(),
            environment,
            report: &move |news| _ = progress.send_replace(news),
        };
        let sync = self.sync(manager, &url, &table);
        let planned = sync.plan(&pair, &course).await?;
        Ok(json!(planned))
    }
}
