//! A cancel-safe stack of things that are held one at a time.

use std::ops::{Deref, DerefMut};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::Semaphore;

use crate::metrics::WaitMeter;

/// Things of which each is held by one taker at a time; the most recently used comes back first, so
/// that its caches are warm. Things are made when first needed, up to the capacity.
pub(crate) struct Stack<T> {
    free: Mutex<Vec<T>>,
    permits: Semaphore,
}

/// One thing, held; dropping it gives it back.
pub(crate) struct Held<T> {
    item: Option<T>,
    stack: Arc<Stack<T>>,
}

/// Nobody gave a thing back before the deadline.
#[derive(Debug)]
pub(crate) struct Late;

impl<T> Stack<T> {
    pub(crate) fn new(capacity: usize) -> Arc<Self> {
        Arc::new(Self {
            free: Mutex::new(Vec::new()),
            permits: Semaphore::new(capacity),
        })
    }

    /// Takes the warmest free thing, or makes one while fewer than the capacity exist; waits at most
    /// `deadline` for one to come back, which `waits` counts.
    pub(crate) async fn take<E>(
        self: &Arc<Self>,
        deadline: Duration,
        waits: &WaitMeter,
        make: impl AsyncFnOnce() -> Result<T, E>,
    ) -> Result<Held<T>, E>
    where
        E: From<Late>,
    {
        let permit = match self.permits.try_acquire() {
            Ok(permit) => permit,
            Err(_) => {
                let asked = Instant::now();
                let given = tokio::time::timeout(deadline, self.permits.acquire()).await;
                waits.observe(asked.elapsed());
                match given {
                    Ok(Ok(permit)) => permit,
                    Ok(Err(_)) | Err(_) => return Err(Late.into()),
                }
            }
        };
        let free = self
            .free
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .pop();
        let item = match free {
            Some(item) => item,
            None => make().await?,
        };
        permit.forget(); // `Held::drop` gives it back
        Ok(Held {
            item: Some(item),
            stack: self.clone(),
        })
    }

    /// Whether one can be taken without waiting.
    pub(crate) fn has_free(&self) -> bool {
        self.permits.available_permits() > 0
    }

    /// Whether somebody holds one of the things, of which there are at most `capacity`.
    pub(crate) fn is_held(&self, capacity: usize) -> bool {
        self.permits.available_permits() < capacity
    }

    /// Takes every thing out that is free now. Those still held are dropped when they come back only if
    /// nobody takes them again, so call it when no taker is left.
    pub(crate) fn drain(&self) -> Vec<T> {
        std::mem::take(&mut *self.free.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl<T> Held<T> {
    /// Drops the thing instead of giving it back; the next taker makes a new one.
    pub(crate) fn discard(mut self) {
        self.spoil();
    }

    /// As [`Self::discard`], from a `Drop` that still holds it: afterwards it must not be used.
    pub(crate) fn spoil(&mut self) {
        self.item = None;
    }
}

impl<T> Deref for Held<T> {
    type Target = T;

    #[expect(
        clippy::expect_used,
        reason = "only drop, discard and spoil empty it, and nothing follows them"
    )]
    fn deref(&self) -> &T {
        self.item.as_ref().expect("held until dropped")
    }
}

impl<T> DerefMut for Held<T> {
    #[expect(
        clippy::expect_used,
        reason = "only drop, discard and spoil empty it, and nothing follows them"
    )]
    fn deref_mut(&mut self) -> &mut T {
        self.item.as_mut().expect("held until dropped")
    }
}

impl<T> Drop for Held<T> {
    fn drop(&mut self) {
        if let Some(item) = self.item.take() {
            self.stack
                .free
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .push(item);
        }
        self.stack.permits.add_permits(1);
    }
}
