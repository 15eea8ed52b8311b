//! A part of a transaction, lent to a caller.

use std::time::Duration;

use sea_orm::DbErr;
use tokio::sync::oneshot;

use crate::{StoreError, Transaction};

/// How long a part may take while others wait for it.
const TURN: Duration = Duration::from_secs(30);

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
pub(super) struct Returned {
    pub(super) transaction: Transaction,
    /// Whom to tell about the commit; `None` undoes the part.
    pub(super) kept: Option<oneshot::Sender<Result<(), DbErr>>>,
}

impl<T: Carrier> Share<T> {
    pub(crate) fn alone(transaction: T) -> Self {
        Self {
            transaction: Some(transaction),
            back: None,
        }
    }

    /// A part of a transaction, which goes back to the group afterwards.
    pub(super) fn lent(transaction: T, back: oneshot::Sender<Returned>) -> Self {
        Self {
            transaction: Some(transaction),
            back: Some(back),
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

pub(super) fn busy() -> StoreError {
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
