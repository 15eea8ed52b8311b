//! Making a target equal to a source.

use std::sync::Arc;

use manifold_store::rows::Snapshot;
use manifold_store::{ProjectId, SqliteManager, fail_point};
use tokio_util::sync::CancellationToken;

use super::connection::TargetConnection;
use super::modes::Step;
use super::prepared::Prepared;
use super::state::{Counts, StateLine, Written};
use super::synced::SyncedTarget;
use super::{Pair, TargetError};
use crate::database::{DatabaseKind, DatabaseUrl, TableName};
use crate::sync::{Deletes, MaxDeletes, OnConflict, SyncMode};
use crate::{Environment, JobContext, JobError, Progress};

/// What is made equal, and how.
pub(crate) struct Sync<'a> {
    pub(crate) manager: &'a Arc<SqliteManager>,
    pub(crate) project_id: &'a ProjectId,

    pub(crate) url: &'a DatabaseUrl,
    pub(crate) table: &'a TableName,
    pub(crate) mode: SyncMode,
    pub(crate) deletes: Deletes,
    pub(crate) max_deletes: MaxDeletes,
    pub(crate) conflict: &'a OnConflict,
}

/// Who follows it, and may stop it.
pub(crate) struct Course<'a> {
    pub(crate) cancel: CancellationToken,
    pub(crate) environment: Environment,
    pub(crate) report: &'a (dyn Fn(Progress) + Send + std::marker::Sync),
}

impl Sync<'_> {
    /// Makes the target equal, in one transaction of it. An earlier attempt of the same job that has done so is found.
    ///
    /// # Errors
    /// [`TargetError`] as a [`JobError`]; nothing was changed then, but that the table may have been made or got columns where the
    /// database cannot do that in a transaction.
    pub(crate) async fn run(
        &self,
        pair: &Pair,
        context: &JobContext,
        course: &Course<'_>,
    ) -> Result<SyncedTarget, JobError> {
        let mut prepared = self.prepare(pair, course).await?;
        let done = self.write(pair, context, course, &mut prepared).await;
        match &done {
            Ok(_) => prepared.target.close().await,
            Err(error) => prepared.target.give_up(error.code()).await,
        }
        done
    }

    /// Makes the target equal, and commits.
    async fn write(
        &self,
        pair: &Pair,
        context: &JobContext,
        course: &Course<'_>,
        prepared: &mut Prepared,
    ) -> Result<SyncedTarget, JobError> {
        let job = context.job_id().to_string();
        let line = self.line(pair);
        let target = &mut prepared.target;
        if target.kind == DatabaseKind::MySql {
            // A table cannot be made within a transaction there.
            line.provide(target).await.map_err(TargetError::from)?;
            self.provide(prepared).await?;
        }
        self.begin(&mut prepared.target, true).await?;
        if prepared.target.kind != DatabaseKind::MySql {
            line.provide(&mut prepared.target)
                .await
                .map_err(TargetError::from)?;
            self.provide(prepared).await?;
        }
        let target = &mut prepared.target;
        let written = line.hold(target).await.map_err(TargetError::from)?;
        fail_point!("sync-target-begun");
        if let Some(done) = written.as_ref().filter(|written| written.job_id == job) {
            return Ok(self.answer(pair, None, done));
        }
        if target.kind == DatabaseKind::Postgres {
            let table = self.table.quoted(target.kind);
            let lock = format!("LOCK TABLE {table} IN SHARE ROW EXCLUSIVE MODE");
            target.run(&lock, &[]).await.map_err(TargetError::from)?;
        }
        let base = self.base(pair, written.as_ref(), prepared).await?;
        let step = Step {
            pair,
            base: base.as_ref(),
            course,
            dry: false,
        };
        let mut answer = self.work(step, prepared).await?;
        let done = Written {
            snapshot_id: pair.latest.id.clone(),
            snapshot_number: pair.latest.number,
            job_id: job,
            counts: Counts {
                inserted: answer.inserted,
                updated: answer.updated,
                deleted: answer.deleted,
                conflicts: answer.conflicts,
            },
        };
        let target = &mut prepared.target;
        line.write(target, &done).await.map_err(TargetError::from)?;
        fail_point!("sync-target-written");
        context.check_cancelled()?;
        context.hold().await?;
        target.run("COMMIT", &[]).await.map_err(TargetError::from)?;
        fail_point!("sync-target-committed");
        answer.created_table = prepared.created;
        answer.added_columns.clone_from(&prepared.added);
        Ok(answer)
    }

    /// Finds out what would be done, and changes nothing.
    ///
    /// # Errors
    /// As [`Sync::run`].
    pub(crate) async fn plan(
        &self,
        pair: &Pair,
        course: &Course<'_>,
    ) -> Result<SyncedTarget, TargetError> {
        let mut prepared = self.prepare(pair, course).await?;
        let planned = self.look(pair, course, &mut prepared).await;
        match &planned {
            Ok(_) => prepared.target.close().await,
            Err(error) => prepared.target.give_up(error.code()).await,
        }
        planned
    }

    async fn look(
        &self,
        pair: &Pair,
        course: &Course<'_>,
        prepared: &mut Prepared,
    ) -> Result<SyncedTarget, TargetError> {
        self.begin(&mut prepared.target, false).await?;
        let line = self.line(pair);
        let written = line.read(&mut prepared.target).await?;
        prepared.created = prepared.present.is_empty();
        let missing = self.missing(prepared);
        prepared.added = match prepared.created {
            true => Vec::new(),
            false => missing.into_iter().map(|(name, _)| name).collect(),
        };
        let base = self.base(pair, written.as_ref(), prepared).await?;
        let step = Step {
            pair,
            base: base.as_ref(),
            course,
            dry: true,
        };
        let done = self.work(step, prepared).await;
        let ended = prepared.target.run("ROLLBACK", &[]).await;
        let mut answer = done?;
        ended?;
        answer.created_table = prepared.created;
        answer.added_columns.clone_from(&prepared.added);
        Ok(answer)
    }

    async fn begin(&self, target: &mut TargetConnection, writes: bool) -> Result<(), TargetError> {
        let begin = match (target.kind, writes) {
            (DatabaseKind::Sqlite, true) => "BEGIN IMMEDIATE",
            (DatabaseKind::MySql, _) => "START TRANSACTION",
            _ => "BEGIN",
        };
        target.run(begin, &[]).await?;
        Ok(())
    }

    /// The snapshot that was written last. A table that was made anew has nothing of it.
    async fn base(
        &self,
        pair: &Pair,
        written: Option<&Written>,
        prepared: &Prepared,
    ) -> Result<Option<Snapshot>, TargetError> {
        let Some(written) = written.filter(|_| !prepared.created) else {
            return Ok(None);
        };
        let base = pair
            .base(self.manager, self.project_id, &written.snapshot_id)
            .await?;
        if base.is_none() && self.mode != SyncMode::Full {
            return Err(TargetError::BaseGone {
                source_name: pair.source.name.clone(),
                number: written.snapshot_number,
                table: self.table.to_string(),
            });
        }
        // For writing all anew it is enough to know that the rows are ours.
        Ok(Some(base.unwrap_or_else(|| pair.latest.clone())))
    }

    async fn work(
        &self,
        step: Step<'_>,
        prepared: &mut Prepared,
    ) -> Result<SyncedTarget, TargetError> {
        let (pair, base) = (step.pair, step.base);
        let blank = Written {
            snapshot_id: pair.latest.id.clone(),
            snapshot_number: pair.latest.number,
            ..Written::default()
        };
        let mut answer = self.answer(pair, base, &blank);
        match self.mode {
            SyncMode::Full => self.full(step, prepared, &mut answer).await?,
            SyncMode::Append => self.append(step, prepared, &mut answer).await?,
            SyncMode::Merge => self.merge(step, prepared, &mut answer).await?,
        }
        let changed = answer.inserted + answer.updated + answer.deleted;
        answer.unchanged = changed == 0 && !prepared.created && prepared.added.is_empty();
        Ok(answer)
    }

    fn line<'l>(&'l self, pair: &'l Pair) -> StateLine<'l> {
        StateLine {
            project_id: self.project_id.as_str(),
            source_id: &pair.source.id,
            table: self.table,
        }
    }

    fn answer(&self, pair: &Pair, base: Option<&Snapshot>, written: &Written) -> SyncedTarget {
        SyncedTarget {
            to: self.url.shown(),
            table: self.table.to_string(),
            mode: self.mode,
            snapshot_id: written.snapshot_id.clone(),
            snapshot_number: written.snapshot_number,
            base_number: base.map(|base| base.number),
            inserted: written.counts.inserted,
            updated: written.counts.updated,
            deleted: written.counts.deleted,
            conflicts: written.counts.conflicts,
            key: match self.mode {
                SyncMode::Merge => pair.key().to_vec(),
                SyncMode::Full | SyncMode::Append => Vec::new(),
            },
            ..SyncedTarget::default()
        }
    }
}
