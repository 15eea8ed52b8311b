//! The line of those who wait to write.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::oneshot;

use super::share::{Share, busy};
use crate::connection::{CONNECTION_DEADLINE, Connection, OpenFile};
use crate::{Durability, StoreError, Transaction};

/// Callers that wait for a part of the next group.
#[derive(Debug, Default)]
pub(crate) struct Line {
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    waiting: VecDeque<Waiting>,
    /// Whether a task serves the line.
    served: bool,
}

#[derive(Debug)]
pub(super) struct Waiting {
    pub(super) durability: Durability,
    pub(super) turn: oneshot::Sender<Result<Share<Transaction>, StoreError>>,
}

impl Line {
    pub(crate) fn is_empty(&self) -> bool {
        let state = self.state();
        !state.served && state.waiting.is_empty()
    }

    /// Waits for a part of a shared transaction.
    pub(crate) async fn wait(
        &self,
        connection: &Connection,
        durability: Durability,
    ) -> Result<Share<Transaction>, StoreError> {
        let (turn, given) = oneshot::channel();
        let unserved = {
            let mut state = self.state();
            state.waiting.push_back(Waiting { durability, turn });
            !std::mem::replace(&mut state.served, true)
        };
        if unserved {
            tokio::spawn(super::serve(connection.clone()));
        }
        match tokio::time::timeout(CONNECTION_DEADLINE, given).await {
            Ok(Ok(share)) => share,
            Ok(Err(_)) | Err(_) => Err(busy()),
        }
    }

    /// Who is next; none is once the line is empty, and then it is served no more.
    pub(super) fn next(&self) -> Option<Waiting> {
        let mut state = self.state();
        let next = state.waiting.pop_front();
        state.served = next.is_some();
        next
    }

    /// Who is next, if a transaction of this durability will do.
    pub(super) fn next_for(&self, durability: Durability) -> Option<Waiting> {
        let mut state = self.state();
        let next = state.waiting.front()?;
        if next.durability > durability {
            return None;
        }
        state.waiting.pop_front()
    }

    /// The highest durability that one of them needs.
    pub(super) fn durability(&self) -> Durability {
        let state = self.state();
        let needed = state.waiting.iter().map(|waiting| waiting.durability);
        needed.max().unwrap_or(Durability::Relaxed)
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Lets the line be served anew, however the task ended.
pub(super) struct Serving {
    pub(super) file: Arc<OpenFile>,
    pub(super) done: bool,
}

impl Drop for Serving {
    fn drop(&mut self) {
        if !self.done {
            let mut state = self.file.line().state();
            state.waiting.clear(); // they are told by their channels
            state.served = false;
        }
    }
}
