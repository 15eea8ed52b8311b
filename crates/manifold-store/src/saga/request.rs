//! A process asks for a project that others have open: written down in the hub, so that who does not use it lets go.

use std::time::{Duration, Instant};

use entity_core::enums::{OperationKind, OperationState};
use entity_core::project_operations;
use sea_orm::{
    ActiveEnum as _, ActiveValue::Set, ColumnTrait as _, EntityTrait as _, QueryFilter as _,
};
use serde_json::Value as Json;

use super::{abandoned, operation};
use crate::{
    CoreDatabase, CoreTransaction, DatabaseManager as _, IdError, OperationId, ProjectId,
    SqliteManager, StoreError, Timestamp,
};

/// The step of a saga that waits until nobody has the project open.
pub(super) const REQUESTED: &str = "requested";

/// How long a project that is asked for is waited for: longer than any asks.
const DEADLINE: Duration = Duration::from_secs(60);

const PAUSE: Duration = Duration::from_millis(50);

/// A project that this process asks for. What is neither begun nor withdrawn is withdrawn when it is dropped.
#[derive(Debug)]
pub(super) struct Request {
    core: CoreDatabase,
    operation: Option<OperationId>,
}

impl Request {
    /// Asks for a project. `None` when a change of it is under way already.
    pub(super) async fn make(
        manager: &SqliteManager,
        id: &ProjectId,
        kind: OperationKind,
        name: &str,
    ) -> Result<Option<Self>, StoreError> {
        manager.worker().await?;
        let transaction = manager.core().begin().await?;
        let payload = serde_json::json!({ "name": name });
        let written = operation::insert(&transaction, manager, kind, id, payload, REQUESTED).await;
        let operation = match written {
            Ok(operation) => operation,
            Err(StoreError::Unique { .. }) => return Ok(None),
            Err(error) => return Err(error),
        };
        transaction.commit().await?;
        manager.request(id);
        Ok(Some(Self {
            core: manager.core().clone(),
            operation: Some(operation),
        }))
    }

    /// Makes it the record of the saga that begins, in the transaction of its first step. `None` when it is not
    /// written down any more, because another process came first.
    pub(super) async fn begin(
        &self,
        transaction: &CoreTransaction,
        payload: Json,
    ) -> Result<Option<OperationId>, StoreError> {
        let Some(operation) = self.operation.clone() else {
            return Ok(None);
        };
        let planned = project_operations::Entity::update_many()
            .set(project_operations::ActiveModel {
                step: Set(operation::PLANNED.to_owned()),
                payload: Set(payload),
                updated_at: Set(Timestamp::now()),
                ..Default::default()
            })
            .filter(project_operations::Column::Id.eq(&operation))
            .filter(project_operations::Column::State.eq(OperationState::Running));
        let changed = transaction.exec(planned).await?.rows_affected;
        Ok((changed == 1).then_some(operation))
    }

    /// The saga has begun: what was written down is its record now.
    pub(super) fn begun(mut self) {
        self.operation = None;
    }

    /// The project is not asked for any more.
    ///
    /// # Errors
    /// [`StoreError`] by meaning; the next process to open the store withdraws it then.
    pub(super) async fn end(
        mut self,
        state: OperationState,
        reason: Option<String>,
    ) -> Result<(), StoreError> {
        match self.operation.take() {
            Some(operation) => end(&self.core, operation.as_str(), state, reason).await,
            None => Ok(()),
        }
    }
}

impl Drop for Request {
    fn drop(&mut self) {
        let Some(operation) = self.operation.take() else {
            return;
        };
        // The future that waited is gone. Without a runtime the process is about to end, and the next one sees to it.
        if let Ok(runtime) = tokio::runtime::Handle::try_current() {
            let core = self.core.clone();
            runtime.spawn(async move {
                let reason = Some("nobody waits for it any more".to_owned());
                let ended = end(&core, operation.as_str(), OperationState::Failed, reason).await;
                if let Err(error) = ended {
                    tracing::warn!(%operation, %error, "a project stays asked for until this process ends");
                }
            });
        }
    }
}

async fn end(
    core: &CoreDatabase,
    operation: &str,
    state: OperationState,
    reason: Option<String>,
) -> Result<(), StoreError> {
    let transaction = core.begin().await?;
    let still = requests().filter(project_operations::Column::Id.eq(operation));
    if transaction.one(still).await?.is_some() {
        operation::finish(&transaction, operation, state, reason).await?;
    }
    transaction.commit().await
}

/// Takes back what others ask of a project whose locks this process has got: to ask is not to have.
pub(super) async fn overtake(
    transaction: &CoreTransaction,
    id: &ProjectId,
) -> Result<(), StoreError> {
    let of_project = requests().filter(project_operations::Column::ProjectId.eq(id));
    if let Some(request) = transaction.one(of_project).await? {
        let reason = Some("another process got the project first".to_owned());
        operation::finish(transaction, &request.id, OperationState::Failed, reason).await?;
    }
    Ok(())
}

/// Forgets what a dead process asked of a project.
pub(super) async fn clear_dead(manager: &SqliteManager, id: &ProjectId) -> Result<(), StoreError> {
    let of_project = requests().filter(project_operations::Column::ProjectId.eq(id));
    if let Some(request) = manager.core().one(of_project).await?
        && abandoned(manager, &request)?
    {
        withdraw(manager, &request).await?;
    }
    Ok(())
}

/// What a dead process had asked for is not asked for any more.
pub(super) async fn withdraw(
    manager: &SqliteManager,
    left: &project_operations::Model,
) -> Result<(), StoreError> {
    let reason = Some("the process that asked for the project died".to_owned());
    end(manager.core(), &left.id, OperationState::Failed, reason).await
}

/// The projects that living processes ask for.
pub(crate) async fn requested(manager: &SqliteManager) -> Result<Vec<ProjectId>, StoreError> {
    let mut projects = Vec::new();
    for request in manager.core().all(requests()).await? {
        if !abandoned(manager, &request)? {
            let id = request.project_id.parse();
            projects.push(id.map_err(|error: IdError| StoreError::Decode(error.to_string()))?);
        }
    }
    Ok(projects)
}

/// Waits while a living process asks for the project. Who uses it in this process already waits only until many short
/// uses would have ended: its end may need the handle that it wants. True when nobody asks for it any more.
///
/// # Errors
/// [`StoreError::Busy`] naming who asks for it and why, after a minute.
pub(crate) async fn wait(manager: &SqliteManager, id: &ProjectId) -> Result<bool, StoreError> {
    let start = Instant::now();
    let of_project = requests().filter(project_operations::Column::ProjectId.eq(id));
    loop {
        let Some(request) = manager.core().one(of_project.clone()).await? else {
            return Ok(true);
        };
        if abandoned(manager, &request)? {
            return Ok(true);
        }
        if manager.may_use_on(id) {
            return Ok(false);
        }
        if start.elapsed() >= DEADLINE {
            let by = operation::owner(manager.core(), &request).await?;
            let verb = request.kind.to_value();
            return Err(StoreError::Busy {
                what: format!("project {id}"),
                holder: by.map(|by| format!("{by}, which is to {verb} it")),
            });
        }
        tokio::time::sleep(PAUSE).await;
    }
}

fn requests() -> sea_orm::Select<project_operations::Entity> {
    project_operations::Entity::find()
        .filter(project_operations::Column::State.eq(OperationState::Running))
        .filter(project_operations::Column::Step.eq(REQUESTED))
}
