//! Callers that wait to write share one commit; each keeps or loses its own part only.
#![allow(clippy::unwrap_used, clippy::disallowed_methods, missing_docs)]

mod support;

use std::collections::BTreeSet;
use std::pin::pin;
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use entity_core::app_settings;
use manifold_store::{
    CoreDatabase, CoreTransaction, DatabaseManager as _, Durability, StoreError, Timestamp,
};
use sea_orm::{ActiveValue::Set, ConnectionTrait as _, DbBackend, EntityTrait as _, Statement};
use support::Store;
use tokio::sync::Notify;
use tokio::task::JoinHandle;

fn row(key: &str) -> app_settings::ActiveModel {
    app_settings::ActiveModel {
        key: Set(key.to_owned()),
        value: Set(serde_json::json!(1)),
        updated_at: Set(Timestamp::now()),
    }
}

async fn insert(transaction: &CoreTransaction, key: &str) -> Result<(), StoreError> {
    transaction.insert(row(key)).await.map(|_| ())
}

async fn keys(core: &CoreDatabase) -> BTreeSet<String> {
    let rows = core.all(app_settings::Entity::find()).await.unwrap();
    rows.into_iter().map(|row| row.key).collect()
}

fn set<const N: usize>(keys: [&str; N]) -> BTreeSet<String> {
    keys.into_iter().map(str::to_owned).collect()
}

fn commits(store: &Store) -> usize {
    support::wal::commits(&store.folder.path().join("core.db"))
}

/// Lets every task run until it waits.
async fn settle() {
    for _ in 0..50 {
        tokio::task::yield_now().await;
    }
}

fn write(core: &CoreDatabase, key: &str) -> JoinHandle<Result<(), StoreError>> {
    let (core, key) = (core.clone(), key.to_owned());
    tokio::spawn(async move { core.write(async |part| insert(part, &key).await).await })
}

#[tokio::test]
async fn those_who_wait_share_one_commit() {
    let store = support::store().await;
    let core = store.manager.core();
    let first = core.begin().await.unwrap();
    insert(&first, "first").await.unwrap();
    let waiting: Vec<_> = (0..8)
        .map(|number| write(core, &format!("{number}")))
        .collect();
    settle().await;
    let before = commits(&store);
    first.commit().await.unwrap();
    for task in waiting {
        task.await.unwrap().unwrap();
    }
    assert_eq!(
        commits(&store) - before,
        2,
        "one of the first, one of the eight"
    );
    assert_eq!(keys(core).await.len(), 9);
}

#[tokio::test]
async fn a_lone_caller_does_not_wait_for_others() {
    let store = support::store().await;
    let core = store.manager.core();
    insert_alone(core, "0").await;
    let before = commits(&store);
    for number in 1..=5 {
        insert_alone(core, &number.to_string()).await;
    }
    assert_eq!(commits(&store) - before, 5);
}

async fn insert_alone(core: &CoreDatabase, key: &str) {
    core.write(async |part| insert(part, key).await)
        .await
        .unwrap();
}

#[tokio::test]
async fn a_part_that_fails_is_undone_alone() {
    let store = support::store().await;
    let core = store.manager.core();
    let first = core.begin().await.unwrap();
    let before = write(core, "before");
    let failing = {
        let core = core.clone();
        tokio::spawn(async move {
            core.write(async |part| {
                insert(part, "half").await?;
                insert(part, "before").await // taken by the part before, which is not committed yet
            })
            .await
        })
    };
    let panicking: JoinHandle<Result<(), StoreError>> = {
        let core = core.clone();
        tokio::spawn(async move {
            core.write(async |part| {
                insert(part, "panic").await?;
                panic!("on purpose")
            })
            .await
        })
    };
    let (core_of_stuck, reached) = (core.clone(), Arc::new(Notify::new()));
    let at = reached.clone();
    let stuck = tokio::spawn(async move {
        core_of_stuck
            .write(async |part| {
                insert(part, "stuck").await?;
                at.notify_one();
                std::future::pending::<Result<(), StoreError>>().await
            })
            .await
    });
    let gone = write(core, "gone");
    let after = write(core, "after");
    settle().await;
    gone.abort();
    drop(first);
    reached.notified().await;
    stuck.abort();

    before.await.unwrap().unwrap();
    after.await.unwrap().unwrap();
    assert!(matches!(
        failing.await.unwrap(),
        Err(StoreError::Unique { .. })
    ));
    assert!(panicking.await.is_err());
    assert!(stuck.await.is_err() && gone.await.is_err());
    assert_eq!(keys(core).await, set(["after", "before"]));
    insert_alone(core, "next").await;
}

/// SQLite ends a transaction by itself when the disk is full. Nobody of the group may then be told that it is kept,
/// and no later part may run outside of a transaction.
#[tokio::test]
async fn a_transaction_that_sqlite_ended_keeps_no_part() {
    let store = support::store().await;
    let core = store.manager.core();
    let first = core.begin().await.unwrap();
    let before = write(core, "before");
    let ending = {
        let core = core.clone();
        tokio::spawn(async move {
            core.write(async |part| {
                part.unchecked()
                    .execute_unprepared("ROLLBACK")
                    .await
                    .map_err(StoreError::from)
            })
            .await
        })
    };
    settle().await;
    drop(first);
    assert!(before.await.unwrap().is_err());
    assert!(ending.await.unwrap().is_err());
    assert_eq!(keys(core).await, set([]));
    insert_alone(core, "next").await;
    core.insert(row("alone")).await.unwrap();
    assert_eq!(keys(core).await, set(["alone", "next"]));
}

#[tokio::test]
async fn one_full_part_makes_the_group_full() {
    let store = support::store().await;
    let core = store.manager.core();
    let level = |durability| {
        let core = core.clone();
        tokio::spawn(async move {
            core.write_with(durability, async |part| {
                let pragma = Statement::from_string(DbBackend::Sqlite, "PRAGMA synchronous");
                let row = part.unchecked().query_one_raw(pragma).await?.unwrap();
                Ok::<i64, StoreError>(row.try_get_by_index(0)?)
            })
            .await
        })
    };
    let first = core.begin().await.unwrap();
    let (relaxed, full) = (level(Durability::Relaxed), level(Durability::Full));
    settle().await;
    drop(first);
    assert_eq!(
        (
            relaxed.await.unwrap().unwrap(),
            full.await.unwrap().unwrap()
        ),
        (2, 2)
    );
    let first = core.begin().await.unwrap();
    let relaxed = level(Durability::Relaxed);
    settle().await;
    drop(first);
    assert_eq!(relaxed.await.unwrap().unwrap(), 1);
}

/// Drops a caller after every possible number of polls, while another waits with it.
#[tokio::test]
async fn a_caller_dropped_at_any_await_takes_nobody_along() {
    let store = support::store().await;
    let core = store.manager.core();
    let mut completed = false;
    for polls in 0..300 {
        let [one, two, other] = ["a", "b", "other"].map(|name| format!("{name}{polls}"));
        let first = core.begin().await.unwrap();
        let others = write(core, &other);
        settle().await;
        {
            let mut work = pin!(core.write(async |part| {
                insert(part, &one).await?;
                insert(part, &two).await
            }));
            let mut left = polls;
            let mut first = Some(first);
            completed = std::future::poll_fn(|context| {
                if left == 0 {
                    return Poll::Ready(false);
                }
                let polled = work.as_mut().poll(context).map(|done| done.is_ok());
                first = None; // from now on the line moves
                left -= 1;
                polled
            })
            .await;
        }
        others.await.unwrap().unwrap();
        let found = keys(core).await;
        assert!(found.contains(&other), "after {polls} polls");
        assert_eq!(
            found.contains(&one),
            found.contains(&two),
            "half a part after {polls} polls"
        );
        if completed {
            assert!(found.contains(&one));
            break;
        }
    }
    assert!(completed, "the part never ran to its end");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn eight_tasks_lose_nothing() {
    let store = support::store().await;
    let core = store.manager.core();
    let before = commits(&store);
    let tasks: Vec<_> = (0..8)
        .map(|task| {
            let core = core.clone();
            tokio::spawn(async move {
                for number in 0..25 {
                    let key = format!("{task}-{number}");
                    core.write(async |part| insert(part, &key).await)
                        .await
                        .unwrap();
                    // What returned is visible to everybody.
                    assert!(
                        core.one(app_settings::Entity::find_by_id(&key))
                            .await
                            .unwrap()
                            .is_some()
                    );
                }
            })
        })
        .collect();
    for task in tasks {
        task.await.unwrap();
    }
    assert_eq!(keys(core).await.len(), 200);
    let commits = commits(&store) - before;
    assert!(commits < 200, "{commits} commits of 200 writes");
}

/// Callers that give up at any moment, on several threads: no half part, nothing lost, and the line goes on.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn callers_that_give_up_stop_nobody() {
    let store = support::store().await;
    let core = store.manager.core();
    let tasks: Vec<_> = (0..12_u64)
        .map(|task| {
            let core = core.clone();
            tokio::spawn(async move {
                let mut returned = Vec::new();
                for number in 0..30_u64 {
                    let key = format!("{task}-{number}");
                    let (one, two) = (format!("{key}-a"), format!("{key}-b"));
                    let patience =
                        Duration::from_micros(50 + (task * 7_919 + number * 104_729) % 6_000);
                    let write = core.write(async |part| {
                        insert(part, &one).await?;
                        tokio::task::yield_now().await;
                        insert(part, &two).await
                    });
                    if task % 3 == 0 {
                        write.await.unwrap();
                        returned.push(key);
                    } else if let Ok(done) = tokio::time::timeout(patience, write).await {
                        done.unwrap();
                        returned.push(key);
                    }
                }
                returned
            })
        })
        .collect();
    let mut returned = Vec::new();
    for task in tasks {
        returned.extend(task.await.unwrap());
    }
    insert_alone(core, "last").await;
    let found = keys(core).await;
    for key in &returned {
        assert!(found.contains(&format!("{key}-a")), "{key} was lost");
    }
    for key in found.iter().filter(|key| *key != "last") {
        let (key, _) = key.rsplit_once('-').unwrap();
        let whole = ["a", "b"].map(|half| found.contains(&format!("{key}-{half}")));
        assert_eq!(whole, [true; 2], "half of {key}");
    }
    assert!(returned.len() >= 120);
}
