//! Callers that wait to write share one transaction, so that one press on the disk serves them all.
//!
//! While the writer is free a caller has a transaction of its own. Those who come meanwhile stand in line; then one
//! task begins a transaction and lends it to each in turn, as a savepoint. A part that fails, panics or is dropped
//! is undone alone. When nobody waits any more, or the group is large or old, the task commits, and only then
//! do the callers return. The task belongs to no caller, so a dropped caller takes nobody's commit along.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use sea_orm::DbErr;
use tokio::sync::oneshot;

use crate::connection::{CONNECTION_DEADLINE, Connection, OpenFile};
use crate::{Durability, StoreError, Transaction};

/// A group takes no more parts than this.
const MOST_PARTS: usize = 64;

/// A group takes no further part when it is this old, so that the first does not wait for long.
const OLDEST: Duration = Duration::from_millis(100);

/// How long a part may take while others wait for it.
const TURN: Duration = Duration::from_secs(30);

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
struct Waiting {
    durability: Durability,
    turn: oneshot::Sender<Result<Share<Transaction>, StoreError>>,
}

/// Something that is a transaction.
pub(crate) trait Carrier {
    fn into_transaction(self) -> Transaction;
}

impl Carrier for Transaction {
    fn into_transaction(self) -> Transaction {
        self
    }
}

/// A write transaction, or a part of a shared one; undone when it is dropped before [`Share::keep`].
#[derive(Debug)]
pub(crate) struct Share<T: Carrier> {
    transaction: Option<T>,
    /// Where the shared transaction goes back to.
    back: Option<oneshot::Sender<Returned>>,
}

#[derive(Debug)]
struct Returned {
    transaction: Transaction,
    /// Whom to tell about the commit; `None` undoes the part.
    kept: Option<oneshot::Sender<Result<(), DbErr>>>,
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
            tokio::spawn(serve(connection.clone()));
        }
        match tokio::time::timeout(CONNECTION_DEADLINE, given).await {
            Ok(Ok(share)) => share,
            Ok(Err(_)) | Err(_) => Err(busy()),
        }
    }

    /// Who is next; none is once the line is empty, and then it is served no more.
    fn next(&self) -> Option<Waiting> {
        let mut state = self.state();
        let next = state.waiting.pop_front();
        state.served = next.is_some();
        next
    }

    /// Who is next, if a transaction of this durability will do.
    fn next_for(&self, durability: Durability) -> Option<Waiting> {
        let mut state = self.state();
        let next = state.waiting.front()?;
        if next.durability > durability {
            return None;
        }
        state.waiting.pop_front()
    }

    /// The highest durability that one of them needs.
    fn durability(&self) -> Durability {
        let state = self.state();
        let needed = state.waiting.iter().map(|waiting| waiting.durability);
        needed.max().unwrap_or(Durability::Relaxed)
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<T: Carrier> Share<T> {
    pub(crate) fn alone(transaction: T) -> Self {
        Self {
            transaction: Some(transaction),
            back: None,
        }
    }

    pub(crate) fn map<U: Carrier>(mut self, change: impl FnOnce(T) -> U) -> Share<U> {
        Share {
            transaction: self.transaction.take().map(change),
            back: self.back.take(),
        }
    }

    #[expect(
        clippy::expect_used,
        reason = "only map, keep and drop, which consume the share, empty it"
    )]
    pub(crate) fn transaction(&self) -> &T {
        self.transaction.as_ref().expect("held until kept")
    }

    /// How long the caller's work may take; `None` when nobody waits for it.
    pub(crate) fn limit(&self) -> Option<Duration> {
        self.back.as_ref().map(|_| TURN)
    }

    /// Keeps the part: returns when it is committed. Dropping the future meanwhile changes nothing: the part is
    /// committed or the whole group is not.
    pub(crate) async fn keep(mut self) -> Result<(), StoreError> {
        let transaction = self.transaction.take().map(T::into_transaction);
        let Some(transaction) = transaction else {
            return Err(busy());
        };
        let Some(back) = self.back.take() else {
            return Ok(transaction.commit().await?);
        };
        let (kept, committed) = oneshot::channel();
        let returned = Returned {
            transaction,
            kept: Some(kept),
        };
        if back.send(returned).is_err() {
            return Err(busy());
        }
        match committed.await {
            Ok(committed) => Ok(committed?),
            Err(_) => Err(busy()),
        }
    }
}

impl<T: Carrier> Drop for Share<T> {
    fn drop(&mut self) {
        if let (Some(transaction), Some(back)) = (self.transaction.take(), self.back.take()) {
            let returned = Returned {
                transaction: transaction.into_transaction(),
                kept: None,
            };
            drop(back.send(returned)); // without a server it is rolled back whole
        }
    }
}

fn busy() -> StoreError {
    StoreError::Busy {
        what: "the database connection".to_owned(),
        holder: None,
    }
}

/// Others waited for a part that did not end.
pub(crate) fn too_slow() -> StoreError {
    StoreError::Busy {
        what: format!(
            "the database (a write was undone: others waited {} s for it)",
            TURN.as_secs()
        ),
        holder: None,
    }
}

/// Lets the line be served anew, however the task ended.
struct Serving {
    file: Arc<OpenFile>,
    done: bool,
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

async fn serve(connection: Connection) {
    let mut serving = Serving {
        file: connection.file().clone(),
        done: false,
    };
    let line = serving.file.clone();
    while let Some(first) = line.line().next() {
        group(&connection, first).await;
    }
    serving.done = true;
}

/// One transaction for those who wait.
async fn group(connection: &Connection, first: Waiting) {
    if first.turn.is_closed() {
        return; // it waited too long, or was dropped
    }
    let line = connection.file().line();
    let durability = line.durability().max(first.durability);
    let mut transaction = match connection.begin(durability).await {
        Ok(transaction) => transaction,
        Err(error) => {
            drop(first.turn.send(Err(error))); // its caller may be gone
            return;
        }
    };
    let begun = Instant::now();
    let mut kept = Vec::new();
    let mut parts = 0;
    let mut next = Some(first);
    let ended = loop {
        let Some(waiting) = next.take() else {
            break if kept.is_empty() {
                transaction.rollback().await
            } else {
                transaction.commit().await
            };
        };
        if let Err(error) = transaction.begin_part().await {
            drop(waiting.turn.send(Err(error.clone().into())));
            break Err(error);
        }
        transaction = match part(transaction, waiting, &mut kept).await {
            Ok(transaction) => transaction,
            Err(error) => break Err(error),
        };
        parts += 1;
        if parts < MOST_PARTS && begun.elapsed() < OLDEST {
            next = line.next_for(durability);
        }
    };
    for caller in kept {
        drop(caller.send(ended.clone())); // a caller that is gone needs no answer
    }
}

/// Lends the transaction to one caller and ends its part.
async fn part(
    transaction: Transaction,
    waiting: Waiting,
    kept: &mut Vec<oneshot::Sender<Result<(), DbErr>>>,
) -> Result<Transaction, DbErr> {
    let (back, returned) = oneshot::channel();
    let share = Share {
        transaction: Some(transaction),
        back: Some(back),
    };
    drop(waiting.turn.send(Ok(share))); // when its caller is gone the share comes straight back
    let Ok(returned) = returned.await else {
        return Err(DbErr::Custom("the transaction was dropped".to_owned()));
    };
    let mut transaction = returned.transaction;
    match returned.kept {
        Some(caller) => {
            kept.push(caller);
            transaction.end_part().await?;
        }
        None => transaction.undo_part().await?,
    }
    Ok(transaction)
}
