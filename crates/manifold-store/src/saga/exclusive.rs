//! The right to move a project's file: while it is held, no process has the file open.

use std::time::{Duration, Instant};

use entity_core::enums::{OperationKind, OperationState};
use entity_core::projects;
use serde_json::Value as Json;

use super::lock_holders::lock_holders;
use super::operation;
use super::request::{self, Request};
use crate::{
    CoreTransaction, DatabaseManager as _, FileLock, OperationId, ProjectId, Share, SqliteManager,
    StoreError, process_name, projection,
};

/// How long to wait for those who have the project open. One that does not use it lets go within two seconds.
pub(super) const DEADLINE: Duration = Duration::from_secs(5);

const PAUSE: Duration = Duration::from_millis(50);

/// Locks of a project, held alone: those who have it open and, unless the caller has it already, those who write.
#[derive(Debug)]
pub(crate) struct Exclusive {
    request: Option<Request>,
    _writers: Option<FileLock>,
    _openers: FileLock,
}

/// Whether the caller has the lock of the project's long writers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Writers {
    Taken,
    ToTake,
}

impl Exclusive {
    /// Closes the project in this process and takes its locks, waiting at most `deadline` for others, which the
    /// log names. While it waits the hub says so, and processes that have the project open but do not use it let
    /// go of it.
    ///
    /// Neither lock is held while the other is waited for, so that nobody who takes them in another order
    /// is blocked.
    ///
    /// # Errors
    /// [`StoreError::Busy`] naming who has the project open, where known.
    pub(super) async fn take(
        manager: &SqliteManager,
        row: &projects::Model,
        id: &ProjectId,
        kind: OperationKind,
        deadline: Duration,
    ) -> Result<Self, StoreError> {
        wait(manager, row, id, kind, Writers::ToTake, deadline).await
    }

    /// As [`Self::take`], for a caller that keeps other long writers away by itself.
    pub(crate) async fn take_openers(
        manager: &SqliteManager,
        row: &projects::Model,
        id: &ProjectId,
        kind: OperationKind,
        deadline: Duration,
    ) -> Result<Self, StoreError> {
        wait(manager, row, id, kind, Writers::Taken, deadline).await
    }

    /// Writes down that the saga begins, with its first step.
    ///
    /// # Errors
    /// What `first_step` fails with; [`StoreError::Busy`] when a change of the project is under way.
    pub(super) async fn begin(
        &mut self,
        manager: &SqliteManager,
        row: &projects::Model,
        kind: OperationKind,
        payload: Json,
        first_step: impl AsyncFnOnce(&CoreTransaction) -> Result<(), StoreError>,
    ) -> Result<OperationId, StoreError> {
        manager.worker().await?;
        let begun = self.write_down(manager, row, kind, payload, first_step);
        match begun.await {
            Ok(operation) => {
                if let Some(request) = self.request.take() {
                    request.begun();
                }
                Ok(operation)
            }
            Err(error) => {
                self.end_request(OperationState::Failed, Some(error.to_string()))
                    .await;
                Err(error)
            }
        }
    }

    async fn write_down(
        &self,
        manager: &SqliteManager,
        row: &projects::Model,
        kind: OperationKind,
        payload: Json,
        first_step: impl AsyncFnOnce(&CoreTransaction) -> Result<(), StoreError>,
    ) -> Result<OperationId, StoreError> {
        let id = projection::project_id(row)?;
        let transaction = manager.core().begin().await?;
        first_step(&transaction).await?;
        let requested = match &self.request {
            Some(request) => request.begin(&transaction, payload.clone()).await?,
            None => None,
        };
        let begun = match requested {
            Some(operation) => Ok(operation),
            None => {
                request::overtake(&transaction, &id).await?;
                operation::begin(&transaction, manager, kind, &id, payload).await
            }
        };
        let operation = match begun {
            Ok(operation) => operation,
            Err(error) => {
                return Err(operation::already_running(&transaction, &id, &row.name, error).await);
            }
        };
        transaction.commit().await?;
        Ok(operation)
    }

    /// Gives the locks back: what they were needed for is done. The project is not asked for any more.
    pub(crate) async fn done(mut self) {
        self.end_request(OperationState::Done, None).await;
    }

    async fn end_request(&mut self, state: OperationState, reason: Option<String>) {
        if let Some(request) = self.request.take()
            && let Err(error) = request.end(state, reason).await
        {
            tracing::warn!(%error, "a project stays asked for until this process ends");
        }
    }
}

async fn wait(
    manager: &SqliteManager,
    row: &projects::Model,
    id: &ProjectId,
    kind: OperationKind,
    writers: Writers,
    deadline: Duration,
) -> Result<Exclusive, StoreError> {
    let start = Instant::now();
    let mut request = None;
    let mut waited = false;
    loop {
        let holder = match try_take(manager, row, id, writers).await? {
            Ok((_writers, _openers)) => {
                return Ok(Exclusive {
                    request,
                    _writers,
                    _openers,
                });
            }
            Err(holder) => holder,
        };
        if start.elapsed() >= deadline {
            let busy = StoreError::Busy {
                what: format!("project `{}`", row.name),
                holder,
            };
            if let Some(request) = request {
                request
                    .end(OperationState::Failed, Some(busy.to_string()))
                    .await?;
            }
            return Err(busy);
        }
        if !waited {
            waited = true;
            tracing::warn!(
                project.id = %id,
                "waiting for {}, which has project `{}` open",
                holder.as_deref().unwrap_or("another process"),
                row.name
            );
            request::clear_dead(manager, id).await?;
        }
        if request.is_none() {
            request = Request::make(manager, id, kind, &row.name).await?;
        }
        tokio::time::sleep(PAUSE).await;
    }
}

/// The locks, or who is in the way, where known.
async fn try_take(
    manager: &SqliteManager,
    row: &projects::Model,
    id: &ProjectId,
    writers: Writers,
) -> Result<Result<(Option<FileLock>, FileLock), Option<String>>, StoreError> {
    if !manager.close(id).await? {
        return Ok(Err(Some(process_name())));
    }
    let layout = manager.layout();
    let mut taken = None;
    if writers == Writers::ToTake {
        let path = layout.write_lock(&row.namespace);
        let Some(lock) = FileLock::try_take(&path, Share::Exclusive)? else {
            return Ok(Err(FileLock::holder(&path)));
        };
        taken = Some(lock);
    }
    let path = layout.spoke_lock(&row.namespace);
    let Some(openers) = FileLock::try_take(&path, Share::Exclusive)? else {
        return Ok(Err(lock_holders(&path)));
    };
    Ok(Ok((taken, openers)))
}
