//! A job that a command does from its beginning to its end, with its progress shown.

use manifold_jobs::{Job, Observer, run_foreground};
use manifold_store::ProjectId;

use crate::env_vars;
use crate::progress;
use crate::session::Session;
use crate::shapes::job::JobShape;

/// A job that has ended.
pub(crate) struct Ran<T> {
    /// The job, as scripts see it.
    pub(crate) job: JobShape,
    /// What came of it; when Ctrl-C ended it, the error says that.
    pub(crate) outcome: anyhow::Result<T>,
}

impl Session {
    /// Does a job in this process and shows its progress under `title`. The first Ctrl-C stops it at a safe point.
    ///
    /// # Errors
    /// When the job could not be written down; that it failed itself is its outcome.
    pub(crate) async fn foreground<J: Job>(
        &self,
        title: String,
        job: J,
        project: Option<ProjectId>,
    ) -> anyhow::Result<Ran<J::Output>> {
        let store = self.store().await?;
        let work = self.stoppable();
        let (observer, latest) = Observer::new(work.token());
        let observer = observer.with_environment(env_vars::for_jobs());
        let shown = tokio::spawn(progress::show(title, latest, self.progress()));
        let finished = run_foreground(&store, job, project, observer).await;
        drop(shown.await); // it ends with the job; that it could not be shown is no failure
        let finished = finished?;
        Ok(Ran {
            job: finished.job.into(),
            outcome: finished.outcome.map_err(|error| self.stopped_or(error)),
        })
    }
}
