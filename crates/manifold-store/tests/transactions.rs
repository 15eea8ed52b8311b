//! Transactions: what returns is kept, what is dropped never happened.
#![allow(clippy::unwrap_used, missing_docs, clippy::disallowed_methods)]

mod support;

use std::pin::pin;
use std::task::Poll;
use std::time::Duration;

use entity_core::app_settings;
use manifold_store::{
    CoreDatabase, CoreTransaction, DatabaseManager as _, Durability, StoreError, Timestamp,
};
use sea_orm::{ActiveModelTrait as _, ActiveValue::Set, ConnectionTrait as _, EntityTrait as _};

fn row(key: &str) -> app_settings::ActiveModel {
    app_settings::ActiveModel {
        key: Set(key.to_owned()),
        value: Set(serde_json::json!(1)),
        updated_at: Set(Timestamp::now()),
    }
}

async fn keys(core: &CoreDatabase) -> Vec<String> {
    core.all(app_settings::Entity::find())
        .await
        .unwrap()
        .into_iter()
        .map(|row| row.key)
        .collect()
}

async fn insert(transaction: &CoreTransaction, key: &str) -> Result<(), StoreError> {
    transaction.insert(row(key)).await.map(|_| ())
}

/// Where a statement runs: on the caller's thread, or on the connection's own.
#[derive(Debug, Clone, Copy)]
enum Place {
    Here,
    Worker,
}

const PLACES: [Place; 2] = [Place::Here, Place::Worker];

impl Place {
    async fn insert(self, transaction: &CoreTransaction, key: &str) -> Result<(), StoreError> {
        match self {
            Self::Here => insert(transaction, key).await,
            Self::Worker => {
                let inserted = row(key).insert(transaction.unchecked()).await;
                Ok(inserted.map(|_| ())?)
            }
        }
    }

    async fn keys(self, core: &CoreDatabase) -> Vec<String> {
        match self {
            Self::Here => keys(core).await,
            Self::Worker => {
                let rows = app_settings::Entity::find().all(core.unchecked()).await;
                rows.unwrap().into_iter().map(|row| row.key).collect()
            }
        }
    }
}

#[tokio::test]
async fn commit_keeps_and_rollback_undoes() {
    let store = support::store().await;
    let core = store.manager.core();
    let transaction = core.begin().await.unwrap();
    insert(&transaction, "kept").await.unwrap();
    transaction.commit().await.unwrap();
    let transaction = core.begin_with(Durability::Relaxed).await.unwrap();
    insert(&transaction, "undone").await.unwrap();
    transaction.rollback().await.unwrap();
    let failed: Result<(), StoreError> = core
        .write(async |transaction| {
            insert(transaction, "undone too").await?;
            insert(transaction, "kept").await
        })
        .await;
    assert!(
        matches!(failed, Err(StoreError::Unique { .. })),
        "{failed:?}"
    );
    assert_eq!(keys(core).await, ["kept"]);
}

#[tokio::test]
async fn a_panic_or_an_abort_rolls_back() {
    for place in PLACES {
        panic_and_abort(place).await;
    }
}

async fn panic_and_abort(place: Place) {
    let store = support::store().await;
    let core = store.manager.core().clone();
    let task = core.clone();
    let panicked = tokio::spawn(async move {
        let transaction = task.begin().await.unwrap();
        place.insert(&transaction, "panic").await.unwrap();
        panic!("on purpose");
    });
    assert!(panicked.await.is_err());
    let task = core.clone();
    let endless = tokio::spawn(async move {
        let transaction = task.begin().await.unwrap();
        for number in 0.. {
            place
                .insert(&transaction, &format!("abort {number}"))
                .await
                .unwrap();
        }
    });
    tokio::time::sleep(Duration::from_millis(30)).await;
    endless.abort();
    assert!(endless.await.is_err());
    assert_eq!(keys(&core).await, Vec::<String>::new());
    core.insert(row("after")).await.unwrap();
}

/// Drops the future of a whole transaction after every possible number of polls.
#[tokio::test]
async fn a_future_dropped_at_any_await_leaves_all_or_nothing() {
    for first in PLACES {
        for second in PLACES {
            for durability in [Durability::Relaxed, Durability::Full] {
                drop_at_any_await([first, second], durability).await;
            }
        }
    }
}

async fn drop_at_any_await(places: [Place; 2], durability: Durability) {
    let store = support::store().await;
    let core = store.manager.core();
    let mut completed = false;
    for polls in 0..200 {
        let (first, second) = (format!("a{polls}"), format!("b{polls}"));
        {
            let mut work = pin!(core.write_with(durability, async |transaction| {
                places[0].insert(transaction, &first).await?;
                places[1].insert(transaction, &second).await
            }));
            let mut left = polls;
            completed = std::future::poll_fn(|context| {
                if left == 0 {
                    return Poll::Ready(false);
                }
                left -= 1;
                work.as_mut().poll(context).map(|done| done.is_ok())
            })
            .await;
        }
        let found = keys(core).await;
        assert_eq!(
            found.contains(&first),
            found.contains(&second),
            "half a transaction after {polls} polls"
        );
        if completed {
            assert!(found.contains(&first));
            break;
        }
    }
    assert!(completed, "the transaction never ran to its end");
    core.insert(row("after")).await.unwrap();
}

#[tokio::test]
async fn a_transaction_goes_on_wherever_its_statements_run() {
    let store = support::store().await;
    let core = store.manager.core();
    for durability in [Durability::Relaxed, Durability::Full] {
        for ending in ["commit", "roll back", "drop"] {
            let transaction = core.begin_with(durability).await.unwrap();
            for place in [Place::Here, Place::Worker, Place::Here] {
                let key = format!("{ending} {durability:?} {}", keys_in(&transaction).await);
                place.insert(&transaction, &key).await.unwrap();
            }
            match ending {
                "commit" => transaction.commit().await.unwrap(),
                "roll back" => transaction.rollback().await.unwrap(),
                _ => drop(transaction),
            }
        }
    }
    let found = keys(core).await;
    assert_eq!(found.len(), 6, "{found:?}");
    assert!(found.iter().all(|key| key.starts_with("commit")));
}

async fn keys_in(transaction: &CoreTransaction) -> usize {
    let rows = transaction.all(app_settings::Entity::find()).await;
    rows.unwrap().len()
}

/// SQLite does that after a commit, on the thread of the commit; here it is another's work.
#[tokio::test]
async fn commits_that_do_not_wait_for_the_disk_keep_the_log_short_too() {
    let store = support::store().await;
    let core = store.manager.core();
    let log = support::wal::path(&store.manager.layout().core());
    for durability in [Durability::Relaxed, Durability::Full] {
        for number in 0..150 {
            let large = app_settings::ActiveModel {
                value: Set(serde_json::json!("x".repeat(100_000))),
                ..row(&format!("{durability:?} {number}"))
            };
            let written = core.write_with(durability, async |transaction| {
                transaction.insert(large).await.map(drop)
            });
            written.await.unwrap();
        }
        // 15 MB were written, and the log begins anew after 1,000 pages of 4 KiB.
        let length = std::fs::metadata(&log).unwrap().len();
        assert!(length < 6 << 20, "{durability:?}: {length} bytes");
    }
}

/// Drops the future of a read after every possible number of polls, on a connection that was last used by the
/// other driver.
#[tokio::test]
async fn a_read_dropped_at_any_await_leaves_the_connection_usable() {
    let store = support::store().await;
    let core = store.manager.core();
    core.insert(row("a")).await.unwrap();
    for (place, other) in [(Place::Here, Place::Worker), (Place::Worker, Place::Here)] {
        let mut completed = false;
        for polls in 0..100 {
            assert_eq!(other.keys(core).await, ["a"]);
            completed = {
                let mut read = pin!(place.keys(core));
                let mut left = polls;
                std::future::poll_fn(|context| {
                    if left == 0 {
                        return Poll::Ready(false);
                    }
                    left -= 1;
                    read.as_mut().poll(context).map(|keys| keys == ["a"])
                })
                .await
            };
            assert_eq!(place.keys(core).await, ["a"], "after {polls} polls");
            if completed {
                break;
            }
        }
        assert!(completed, "{place:?}: the read never ran to its end");
    }
}

#[tokio::test]
async fn a_stopped_read_does_not_stop_the_next_one() {
    let store = support::store().await;
    let core = store.manager.core();
    for number in 0..400 {
        core.insert(row(&format!("{number:04}"))).await.unwrap();
    }
    // A join of the table with itself, four times: minutes of work.
    let slow = app_settings::Entity::find().filter_by_long_work();
    let stopped = tokio::time::timeout(Duration::from_millis(20), core.all(slow)).await;
    assert!(stopped.is_err(), "the read was not slow");
    let read = tokio::time::timeout(Duration::from_secs(5), async { keys(core).await.len() }).await;
    assert_eq!(read.unwrap(), 400);
}

trait LongWork {
    fn filter_by_long_work(self) -> Self;
}

impl LongWork for sea_orm::Select<app_settings::Entity> {
    fn filter_by_long_work(self) -> Self {
        use sea_orm::QueryFilter as _;
        self.filter(sea_orm::sea_query::Expr::cust(
            "(SELECT count(*) FROM app_settings a, app_settings b, app_settings c, app_settings d) < 0",
        ))
    }
}

#[tokio::test]
async fn a_read_sees_one_state() {
    let store = support::store().await;
    let core = store.manager.core();
    core.read(async |transaction| {
        assert_eq!(
            transaction.all(app_settings::Entity::find()).await?.len(),
            0
        );
        core.insert(row("meanwhile")).await?;
        assert_eq!(
            transaction.all(app_settings::Entity::find()).await?.len(),
            0
        );
        Ok::<_, StoreError>(())
    })
    .await
    .unwrap();
    assert_eq!(keys(core).await, ["meanwhile"]);
}

#[tokio::test]
async fn a_hundred_writers_of_two_processes_wait_for_each_other() {
    let store = support::store().await;
    let other = store.reopen().await;
    let mut tasks = Vec::new();
    for number in 0..100 {
        let core = if number % 2 == 0 {
            store.manager.core().clone()
        } else {
            other.core().clone()
        };
        tasks.push(tokio::spawn(async move {
            core.write(async |transaction| {
                let before = transaction.all(app_settings::Entity::find()).await?.len();
                insert(transaction, &format!("{before:03}")).await
            })
            .await
        }));
    }
    for task in tasks {
        task.await.unwrap().unwrap();
    }
    let expected: Vec<String> = (0..100).map(|number| format!("{number:03}")).collect();
    assert_eq!(keys(store.manager.core()).await, expected);
}

#[tokio::test]
async fn violations_are_told_by_meaning() {
    let store = support::store().await;
    let core = store.manager.core();
    core.insert(row("a")).await.unwrap();
    assert!(matches!(
        core.insert(row("a")).await,
        Err(StoreError::Unique { .. })
    ));
    let orphan = entity_core::job_logs::ActiveModel {
        execution_id: Set("none".into()),
        seq: Set(1),
        job_id: Set("none".into()),
        at: Set(Timestamp::now()),
        level: Set(entity_core::enums::LogLevel::Info),
        target: Set(String::new()),
        message: Set(String::new()),
        fields: Set(None),
    };
    assert!(matches!(
        core.insert(orphan).await,
        Err(StoreError::ForeignKey)
    ));
}

#[tokio::test]
async fn a_full_disk_ends_a_transaction_and_not_the_connection() {
    let store = support::store().await;
    let core = store.manager.core();
    let transaction = core.begin().await.unwrap();
    let pages = |sql: &str| sea_orm::Statement::from_string(sea_orm::DbBackend::Sqlite, sql);
    let full = transaction.unchecked();
    full.query_one_raw(pages("PRAGMA max_page_count = 1"))
        .await
        .unwrap();
    let long = app_settings::ActiveModel {
        value: Set(serde_json::json!("x".repeat(1 << 20))),
        ..row("long")
    };
    let error = transaction.insert(long).await.unwrap_err();
    assert!(matches!(error, StoreError::DiskFull), "{error:?}");
    drop(transaction);

    let transaction = core.begin().await.unwrap();
    insert(&transaction, "after").await.unwrap();
    transaction.commit().await.unwrap();
    assert_eq!(keys(core).await, ["after"]);
}
