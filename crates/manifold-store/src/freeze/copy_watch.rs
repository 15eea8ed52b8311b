//! Follows the copying of a database file, and can stop it.

use std::sync::Arc;

use crate::jobs;
use crate::{Claim, CoreTransaction, JobsError, StoreError};

/// Follows the copying of a database file, and can stop it.
#[derive(Clone)]
pub struct CopyWatch {
    look: Arc<dyn Fn(CopyProgress) -> bool + Send + Sync>,
    attempt: Option<Claim>,
}

/// How much of a file is copied.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CopyProgress {
    /// Bytes that are copied.
    pub done: u64,
    /// Bytes of the whole file; 0 before that is known.
    pub total: u64,
}

impl CopyWatch {
    /// Calls `look` every 20 MB, before the first and after the last of them, on the thread that copies. The copying
    /// stops, and nothing is left of it, when `look` returns false.
    #[must_use]
    pub fn new(look: impl Fn(CopyProgress) -> bool + Send + Sync + 'static) -> Self {
        Self {
            look: Arc::new(look),
            attempt: None,
        }
    }

    /// The copy becomes a project only while this attempt owns its job; otherwise the copying is stopped.
    #[must_use]
    pub fn of(self, attempt: &Claim) -> Self {
        Self {
            attempt: Some(attempt.clone()),
            ..self
        }
    }

    /// Nobody looks, and nobody stops it.
    #[must_use]
    pub fn unwatched() -> Self {
        Self::new(|_| true)
    }

    /// # Errors
    /// [`StoreError::Interrupted`] when it is to stop.
    pub(crate) fn look(&self, done: u64, total: u64) -> Result<(), StoreError> {
        self.follow(CopyProgress { done, total })
    }

    /// # Errors
    /// [`StoreError::Interrupted`] when it is to stop.
    pub(crate) fn follow(&self, progress: CopyProgress) -> Result<(), StoreError> {
        if (self.look)(progress) {
            Ok(())
        } else {
            Err(StoreError::Interrupted)
        }
    }

    /// # Errors
    /// [`StoreError::Interrupted`] when the attempt has lost its job; others by meaning.
    pub(crate) async fn hold(&self, transaction: &CoreTransaction) -> Result<(), StoreError> {
        let Some(attempt) = &self.attempt else {
            return Ok(());
        };
        match jobs::hold(transaction, attempt).await {
            Err(JobsError::Store(error)) => Err(error),
            Err(_) => Err(StoreError::Interrupted),
            Ok(()) => Ok(()),
        }
    }
}

impl std::fmt::Debug for CopyWatch {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("CopyWatch").finish_non_exhaustive()
    }
}
