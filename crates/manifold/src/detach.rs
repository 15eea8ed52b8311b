//! A job that a command only writes down, for a worker to do.

use manifold_jobs::{Job, new_job};
use manifold_store::{Jobs, ProjectId};
use serde_json::Value as Json;

use crate::session::Session;
use crate::shapes::job::JobShape;
use crate::table::word;

impl Session {
    /// Writes a job down, shows it in the document that the command gives then, and says how to have it done where
    /// nobody would.
    ///
    /// # Errors
    /// When the job could not be written down.
    pub(crate) async fn detach<J: Job>(
        &self,
        job: &J,
        project: Option<ProjectId>,
        document: impl FnOnce(&JobShape) -> Json,
    ) -> anyhow::Result<()> {
        let job = self.submit(job, project).await?;
        let output = self.output();
        output.confirm(&document(&job), || written_down(&job))?;
        self.note_who_does(&job).await
    }

    /// Writes a job down.
    ///
    /// # Errors
    /// When the job could not be written down.
    pub(crate) async fn submit<J: Job>(
        &self,
        job: &J,
        project: Option<ProjectId>,
    ) -> anyhow::Result<JobShape> {
        let jobs = Jobs::new(&self.store().await?);
        Ok(jobs.submit(new_job(job, project)?).await?.job.into())
    }

    /// Says how to follow a waiting job, or how to start a worker where none would do it.
    ///
    /// # Errors
    /// When it cannot be seen which workers there are.
    pub(crate) async fn note_who_does(&self, job: &JobShape) -> anyhow::Result<()> {
        let crews = Jobs::new(&self.store().await?).crews().await?;
        let serves = |crew: &manifold_store::Crew| crew.serves(&job.queue, &job.kind);
        let follow = self.command(&format!("job watch {}", job.id));
        self.output().note(&if crews.iter().any(serves) {
            format!("Follow it: {follow}")
        } else {
            let start = self.command("worker");
            format!(
                "No worker is running that would do it. Start one: {start}\nFollow it: {follow}"
            )
        });
        Ok(())
    }

    /// A command line for this data folder.
    pub(crate) fn command(&self, verb: &str) -> String {
        match self.named_folder() {
            Some(folder) => {
                let folder = word(&folder.display().to_string());
                format!("manifold --data-dir {folder} {verb}")
            }
            None => format!("manifold {verb}"),
        }
    }
}

/// That a job waits now.
pub(crate) fn written_down(job: &JobShape) -> String {
    format!("Job {} ({}) waits to be done.", job.id, job.kind)
}
