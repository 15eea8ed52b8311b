//! Makes a project of a file.

use std::path::PathBuf;

use entity_core::enums::LogLevel;
use manifold_store::{AdoptOptions, Projects, RedactedSecret};
use serde::{Deserialize, Serialize};

use crate::copying::{copy_error, follow_copy};
use crate::{CrashPolicy, Job, JobContext, JobError};

/// Makes a copy of a file a project. What fails, is cancelled or dies leaves no project, or the whole one; a second
/// attempt finds then that its name is taken.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AdoptProject {
    /// The file.
    pub file: PathBuf,
    /// The name of the project; without one it is the name in the file.
    pub name: Option<String>,
    /// Put references in the place of secrets that stand in configs as literals, instead of refusing the file.
    #[serde(default)]
    pub redact_secrets: bool,
}

/// A project that was made of a file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AdoptedProject {
    /// The project.
    pub project_id: String,
    /// Its name.
    pub project_name: String,
    /// The id in the file, which the project has unless it was taken.
    pub id_in_file: String,
    /// Secrets that stood in configs as literals: references took their place.
    pub redacted: Vec<RedactedSecret>,
}

impl Job for AdoptProject {
    const KIND: &'static str = "adopt_project";
    const MAX_ATTEMPTS: i64 = 3;
    // The process may have died when the project was there already, which another attempt would not know from one
    // that has its name.
    const CRASH_POLICY: CrashPolicy = CrashPolicy::Fail;

    type Output = AdoptedProject;

    async fn run(&self, context: &JobContext) -> Result<AdoptedProject, JobError> {
        let options = AdoptOptions {
            name: self.name.clone(),
            redact_secrets: self.redact_secrets,
        };
        let projects = Projects::new(context.manager());
        let adopted = projects
            .adopt(&self.file, &options, follow_copy(context))
            .await
            .map_err(|error| copy_error(context, error))?;
        for redacted in &adopted.redacted {
            context.log(
                LogLevel::Warn,
                format!(
                    "{} of source {} refers to the secret {} now, which is to be set",
                    redacted.key, redacted.source, redacted.secret
                ),
            );
        }
        Ok(AdoptedProject {
            project_id: adopted.project.id,
            project_name: adopted.project.name,
            id_in_file: adopted.id_in_file,
            redacted: adopted.redacted,
        })
    }
}
