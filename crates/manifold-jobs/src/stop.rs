//! A running job is to stop, and why.

use std::sync::{Arc, OnceLock};

use tokio_util::sync::CancellationToken;

/// Why an attempt is to stop.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum StopCause {
    /// Somebody asked for it.
    Cancelled,
    /// Its process is to end.
    Interrupted,
    /// It takes longer than it may.
    TimedOut,
    /// It does not own its job any more.
    Lost,
}

/// Asks an attempt to stop; the first cause counts.
#[derive(Debug, Clone)]
pub(crate) struct Stop {
    token: CancellationToken,
    cause: Arc<OnceLock<StopCause>>,
}

impl Stop {
    /// A stop that `token` asks for on behalf of a user.
    pub(crate) fn with(token: CancellationToken) -> Self {
        Self {
            token,
            cause: Arc::default(),
        }
    }

    pub(crate) fn ask(&self, cause: StopCause) {
        if !self.token.is_cancelled() {
            let _ = self.cause.set(cause);
        }
        self.token.cancel();
    }

    pub(crate) fn token(&self) -> &CancellationToken {
        &self.token
    }

    /// Why the attempt is to stop, if it is.
    pub(crate) fn cause(&self) -> Option<StopCause> {
        let asked = self.token.is_cancelled();
        asked.then(|| self.cause.get().copied().unwrap_or(StopCause::Cancelled))
    }
}
