//! Callers that wait to write share one transaction, so that one press on the disk serves them all.
//!
//! While the writer is free a caller has a transaction of its own. Those who come meanwhile stand in line; then one
//! task begins a transaction and lends it to each in turn, as a savepoint. A part that fails, panics or is dropped
//! is undone alone. When nobody waits any more, or the group is large or old, the task commits, and only then
//! do the callers return. The task belongs to no caller, so a dropped caller takes nobody's commit along.

mod line;
mod share;

use std::time::{Duration, Instant};

use sea_orm::DbErr;
use tokio::sync::oneshot;

use crate::Transaction;
use crate::connection::Connection;

pub(crate) use line::Line;
pub(crate) use share::{Carrier, Share, too_slow};

use line::{Serving, Waiting};

/// A group takes no more parts than this.
const MOST_PARTS: usize = 64;

/// A group takes no further part when it is this old, so that the first does not wait for long.
const OLDEST: Duration = Duration::from_millis(100);

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
    if !kept.is_empty() && ended.is_ok() {
        connection.meter().counts().group(kept.len());
    }
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
    let share = Share::lent(transaction, back);
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
