//! What the hub shows of a project follows what its file says.

use super::Projects;
use crate::{DatabaseManager as _, ProjectId, StoreError, projection};

impl Projects {
    /// Makes the hub show what a project's file says, if that is newer: for what a process has published that died
    /// before it could tell the hub.
    ///
    /// # Errors
    /// As [`DatabaseManager::project`](crate::DatabaseManager::project); others by meaning.
    pub async fn bring_in_step(&self, id: &ProjectId) -> Result<(), StoreError> {
        let spoke = self.manager.project(id).await?;
        projection::publish(self.manager.core(), &spoke).await
    }
}
