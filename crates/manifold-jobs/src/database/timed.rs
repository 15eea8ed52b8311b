//! Waiting for a server, no longer than is allowed.

use std::time::Duration;

use tokio_util::sync::CancellationToken;

use super::server_error::{Phase, meaning};
use super::{DatabaseError, Reached};

/// Waits for answers of a server, until it is to stop, or the server takes too long.
#[derive(Debug, Clone)]
pub(crate) struct Timed {
    pub(crate) cancel: CancellationToken,
    pub(crate) longest: Duration,
}

impl Timed {
    /// Waits for an answer. What was asked goes on at the server when it is not waited for any more, unless its
    /// [`Session`](super::Session) ends it.
    ///
    /// # Errors
    /// [`DatabaseError::Stopped`], [`DatabaseError::Timeout`], and what the error of the driver means.
    pub(crate) async fn answer<T>(
        &self,
        reached: &Reached,
        asked: impl Future<Output = Result<T, sqlx::Error>>,
    ) -> Result<T, DatabaseError> {
        self.phase(reached, Phase::Connected, self.longest, asked)
            .await
    }

    /// Waits for a connection.
    pub(super) async fn connection<T>(
        &self,
        reached: &Reached,
        asked: impl Future<Output = Result<T, sqlx::Error>>,
    ) -> Result<T, DatabaseError> {
        /// A server that is there takes a connection at once.
        const LONGEST: Duration = Duration::from_secs(30);
        let longest = self.longest.min(LONGEST);
        self.phase(reached, Phase::Connecting, longest, asked).await
    }

    async fn phase<T>(
        &self,
        reached: &Reached,
        phase: Phase,
        longest: Duration,
        asked: impl Future<Output = Result<T, sqlx::Error>>,
    ) -> Result<T, DatabaseError> {
        tokio::select! {
            biased;
            () = self.cancel.cancelled() => Err(DatabaseError::Stopped),
            answered = tokio::time::timeout(longest, asked) => match answered {
                Ok(answered) => answered.map_err(|error| meaning(reached, phase, &error)),
                Err(_) => Err(DatabaseError::Timeout { url: reached.shown.clone(), after: longest }),
            },
        }
    }
}
