//! A schedule is changed, switched on or off, or deleted.

use chrono::{DateTime, Utc};
use entity_core::job_schedules;
use sea_orm::{ActiveValue::Set, ColumnTrait as _, EntityTrait as _, QueryFilter as _};

use super::{NewSchedule, StoredSchedules, not_found};
use crate::{DatabaseManager as _, ScheduleId, StoreError, config_secrets};

impl StoredSchedules {
    /// Makes a schedule say something else. What was due before is not done any more: it begins anew, now. It stays
    /// switched on or off.
    ///
    /// # Errors
    /// [`StoreError::NotFound`]; [`StoreError::NameTaken`] by another schedule of the project; as
    /// [`StoredSchedules::insert`].
    pub async fn replace(
        &self,
        id: &ScheduleId,
        new: NewSchedule,
    ) -> Result<job_schedules::Model, StoreError> {
        new.on_failure
            .as_ref()
            .map_or(Ok(()), config_secrets::check)?;
        let (project, name) = (new.job.project_id.clone(), new.name.clone());
        if let Some(other) = self.named(project.as_ref(), &name).await?
            && other.id != id.as_str()
        {
            return Err(StoreError::NameTaken {
                what: "schedule",
                name,
                id: other.id,
            });
        }
        let changed = job_schedules::ActiveModel {
            last_slot: Set(self.clock.now()),
            ..new.into_row()
        };
        self.change(id, changed).await
    }

    /// Switches a schedule on; its next slot is `next_at`, and what was due while it was off is not done.
    ///
    /// # Errors
    /// [`StoreError::NotFound`]; others by meaning.
    pub async fn enable(
        &self,
        id: &ScheduleId,
        next_at: DateTime<Utc>,
    ) -> Result<job_schedules::Model, StoreError> {
        let enabled = job_schedules::ActiveModel {
            enabled: Set(true),
            last_slot: Set(self.clock.now()),
            next_at: Set(next_at),
            ..Default::default()
        };
        self.change(id, enabled).await
    }

    /// Switches a schedule off. Jobs that it has written down stay.
    ///
    /// # Errors
    /// [`StoreError::NotFound`]; others by meaning.
    pub async fn disable(&self, id: &ScheduleId) -> Result<job_schedules::Model, StoreError> {
        let disabled = job_schedules::ActiveModel {
            enabled: Set(false),
            ..Default::default()
        };
        self.change(id, disabled).await
    }

    /// Puts off a schedule that cannot be read, so that it does not stand in the way of others.
    ///
    /// # Errors
    /// [`StoreError`] by meaning.
    pub async fn put_off(
        &self,
        seen: &job_schedules::Model,
        until: DateTime<Utc>,
    ) -> Result<(), StoreError> {
        let later = job_schedules::Entity::update_many()
            .set(job_schedules::ActiveModel {
                next_at: Set(until),
                ..Default::default()
            })
            .filter(job_schedules::Column::Id.eq(&seen.id))
            .filter(job_schedules::Column::UpdatedAt.eq(seen.updated_at));
        self.manager.core().exec(later).await.map(drop)
    }

    /// Deletes a schedule. Its jobs stay.
    ///
    /// # Errors
    /// [`StoreError::NotFound`]; others by meaning.
    pub async fn delete(&self, id: &ScheduleId) -> Result<(), StoreError> {
        let deleted = job_schedules::Entity::delete_by_id(id.as_str());
        let deleted = self.manager.core().exec(deleted).await?;
        if deleted.rows_affected == 0 {
            return Err(not_found(id));
        }
        Ok(())
    }

    async fn change(
        &self,
        id: &ScheduleId,
        changed: job_schedules::ActiveModel,
    ) -> Result<job_schedules::Model, StoreError> {
        let changed = job_schedules::ActiveModel {
            updated_at: Set(self.clock.now()),
            ..changed
        };
        let update = job_schedules::Entity::update_many()
            .set(changed)
            .filter(job_schedules::Column::Id.eq(id));
        let changed = self
            .manager
            .core()
            .write(async |transaction| transaction.update_one(update).await)
            .await?;
        let changed = changed.ok_or_else(|| not_found(id))?;
        // A worker that sleeps until another slot looks again.
        self.manager.jobs_changed().notify_waiters();
        Ok(changed)
    }
}
