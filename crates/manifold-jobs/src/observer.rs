//! Who started a job in the foreground: follows it live, and can stop it.

use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use crate::{Environment, Progress};

/// Follows a job in the foreground and can stop it.
#[derive(Debug, Clone)]
pub struct Observer {
    pub(crate) cancel: CancellationToken,
    pub(crate) progress: watch::Sender<Progress>,
    pub(crate) environment: Environment,
}

impl Observer {
    /// An observer that stops the job when `cancel` is cancelled, and a view of the job's progress: always
    /// the latest, however fast it comes.
    #[must_use]
    pub fn new(cancel: CancellationToken) -> (Self, watch::Receiver<Progress>) {
        let (progress, latest) = watch::channel(Progress::default());
        let observer = Self {
            cancel,
            progress,
            environment: Environment::none(),
        };
        (observer, latest)
    }

    /// The same, with the variables that the job may refer to.
    #[must_use]
    pub fn with_environment(self, environment: Environment) -> Self {
        Self {
            environment,
            ..self
        }
    }
}

impl Default for Observer {
    /// Nobody looks, and nobody stops the job but through the hub.
    fn default() -> Self {
        Self::new(CancellationToken::new()).0
    }
}
