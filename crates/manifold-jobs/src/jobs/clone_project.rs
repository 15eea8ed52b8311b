//! Makes a project with everything that another one holds.

use manifold_store::{ProjectId, Projects};
use serde::{Deserialize, Serialize};

use crate::copying::{copy_error, follow_copy};
use crate::{CrashPolicy, Job, JobContext, JobError};

/// Clones a project. What fails, is cancelled or dies leaves no clone, or the whole one; a second attempt finds then
/// that its name is taken.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CloneProject {
    /// The project.
    pub project_id: ProjectId,
    /// The name of the clone.
    pub name: String,
}

/// A clone that was made.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cloned {
    /// The clone.
    pub project_id: String,
    /// Its name.
    pub project_name: String,
}

impl Job for CloneProject {
    const KIND: &'static str = "clone_project";
    const MAX_ATTEMPTS: i64 = 3;
    // The process may have died when the project was there already, which another attempt would not know from one
    // that has its name.
    const CRASH_POLICY: CrashPolicy = CrashPolicy::Fail;

    type Output = Cloned;

    async fn run(&self, context: &JobContext) -> Result<Cloned, JobError> {
        let projects = Projects::new(context.manager());
        let made = projects
            .clone_project(&self.project_id, &self.name, follow_copy(context))
            .await
            .map_err(|error| copy_error(context, error))?;
        Ok(Cloned {
            project_id: made.id,
            project_name: made.name,
        })
    }
}
