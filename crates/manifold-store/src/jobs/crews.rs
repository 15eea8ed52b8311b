//! Workers that wait for jobs, so that others know whether anybody will do theirs.

use chrono::{DateTime, Utc};
use entity_core::{job_crews, job_workers};
use sea_orm::sea_query::Expr;
use sea_orm::{ActiveValue::Set, ColumnTrait as _, EntityTrait as _, QueryFilter as _};

use super::Jobs;
use crate::{CoreDatabase, CrewId, DatabaseManager as _, Durability, StoreError, WorkerId, worker};

/// A worker in a living process that waits for jobs or does some.
#[derive(Debug, Clone, PartialEq)]
pub struct Crew {
    /// Its process.
    pub process: job_workers::Model,
    /// The queues it serves; all if `None`.
    pub queues: Option<Vec<String>>,
    /// The kinds of jobs it knows.
    pub kinds: Vec<String>,
    /// How many jobs it does at once.
    pub concurrency: i64,
    /// Since when.
    pub started_at: DateTime<Utc>,
    /// Since when it begins no further job, if it is about to end.
    pub stopping_at: Option<DateTime<Utc>>,
}

impl Crew {
    /// Whether it begins jobs of this kind in this queue.
    #[must_use]
    pub fn serves(&self, queue: &str, kind: &str) -> bool {
        let in_queue = self.queues.as_ref();
        self.stopping_at.is_none()
            && in_queue.is_none_or(|queues| queues.iter().any(|one| one == queue))
            && self.kinds.iter().any(|known| known == kind)
    }
}

/// A worker of this process that is written down; it is taken out when this is dropped or [ended](Self::end).
#[derive(Debug)]
pub struct Enlisted {
    core: CoreDatabase,
    id: Option<CrewId>,
}

impl Jobs {
    /// Writes down that a worker of this process waits for jobs of these queues, or of all, and kinds.
    ///
    /// # Errors
    /// [`StoreError`] by meaning.
    pub async fn enlist(
        &self,
        queues: Option<&[String]>,
        kinds: &[&str],
        concurrency: usize,
    ) -> Result<Enlisted, StoreError> {
        let worker = self.manager.worker().await?.id();
        let core = self.manager.core();
        self.dismiss_dead().await?;
        let id = CrewId::new();
        let row = job_crews::ActiveModel {
            id: Set((&id).into()),
            worker_id: Set(worker.into()),
            queues: Set(queues.map(Into::into)),
            kinds: Set(kinds.into()),
            concurrency: Set(i64::try_from(concurrency.max(1)).unwrap_or(i64::MAX)),
            started_at: Set(self.clock.now()),
            stopping_at: Set(None),
        };
        core.write_with::<_, StoreError>(Durability::Relaxed, async |transaction| {
            transaction.insert(row).await
        })
        .await?;
        let core = core.clone();
        Ok(Enlisted { core, id: Some(id) })
    }

    /// The workers of living processes, oldest first.
    ///
    /// # Errors
    /// [`StoreError::Io`] when a process's lock cannot be tried; others by meaning.
    pub async fn crews(&self) -> Result<Vec<Crew>, StoreError> {
        let core = self.manager.core();
        let mut crews = Vec::new();
        for row in core.all(job_crews::Entity::find()).await? {
            let process = job_workers::Entity::find_by_id(row.worker_id.as_str());
            let Some(process) = core.one(process).await? else {
                continue;
            };
            if !self.lives(&row.worker_id)? {
                continue;
            }
            let decode = |error: serde_json::Error| StoreError::Decode(error.to_string());
            let queues = row.queues.map(serde_json::from_value).transpose();
            crews.push(Crew {
                process,
                queues: queues.map_err(decode)?,
                kinds: serde_json::from_value(row.kinds).map_err(decode)?,
                concurrency: row.concurrency,
                started_at: row.started_at,
                stopping_at: row.stopping_at,
            });
        }
        crews.sort_by_key(|crew| crew.started_at);
        Ok(crews)
    }

    async fn dismiss_dead(&self) -> Result<(), StoreError> {
        let core = self.manager.core();
        for row in core.all(job_crews::Entity::find()).await? {
            if !self.lives(&row.worker_id)? {
                core.exec(job_crews::Entity::delete_by_id(row.id)).await?;
            }
        }
        Ok(())
    }

    /// Whether the process with this id lives.
    pub(super) fn lives(&self, id: &str) -> Result<bool, StoreError> {
        match id.parse::<WorkerId>() {
            Ok(id) => worker::is_alive(self.manager.layout(), &id),
            Err(_) => Ok(false),
        }
    }
}

impl Enlisted {
    /// Writes down that the worker begins no further job.
    ///
    /// # Errors
    /// [`StoreError`] by meaning.
    pub async fn stopping(&self, at: DateTime<Utc>) -> Result<(), StoreError> {
        let Some(id) = &self.id else {
            return Ok(());
        };
        let stopping = job_crews::Entity::update_many()
            .col_expr(job_crews::Column::StoppingAt, Expr::value(at))
            .filter(job_crews::Column::Id.eq(id));
        self.core.exec(stopping).await?;
        Ok(())
    }

    /// Takes the worker out.
    ///
    /// # Errors
    /// [`StoreError`] by meaning; it reads as dead once its process ends.
    pub async fn end(mut self) -> Result<(), StoreError> {
        let Some(id) = self.id.take() else {
            return Ok(());
        };
        dismiss(&self.core, &id).await
    }
}

async fn dismiss(core: &CoreDatabase, id: &CrewId) -> Result<(), StoreError> {
    core.exec(job_crews::Entity::delete_by_id(id.as_str()))
        .await?;
    Ok(())
}

impl Drop for Enlisted {
    fn drop(&mut self) {
        let Some(id) = self.id.take() else {
            return;
        };
        // The future that worked is gone. Without a runtime the process is about to end, and then it reads as dead.
        if let Ok(runtime) = tokio::runtime::Handle::try_current() {
            let core = self.core.clone();
            runtime.spawn(async move {
                if let Err(error) = dismiss(&core, &id).await {
                    tracing::debug!(%error, "a worker that is gone is shown until its process ends");
                }
            });
        }
    }
}
