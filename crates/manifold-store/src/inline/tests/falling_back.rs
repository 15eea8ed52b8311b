//! What is long, locked or panics leaves nothing behind, and goes on elsewhere.

use sea_orm::sea_query::Expr;
use sea_orm::{ActiveModelTrait as _, EntityTrait as _, QueryFilter as _, Select};

use super::every_type::{self, TABLE, row};
use super::scratch::Scratch;
use crate::inline::{self, TypedConnection as _};
use crate::metrics::FileMeter;

fn example(id: i64) -> every_type::Model {
    use proptest::strategy::{Strategy as _, ValueTree as _};
    let mut runner = proptest::test_runner::TestRunner::deterministic();
    let mut model = row().new_tree(&mut runner).unwrap().current();
    model.id = id;
    model
}

/// About 10 million steps: hundreds of times what runs here.
fn long() -> Select<every_type::Entity> {
    let count = "(WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 600000) SELECT count(*) FROM n) > 0";
    every_type::Entity::find().filter(Expr::cust(count))
}

#[tokio::test]
async fn a_long_read_is_finished_by_the_connections_own_thread() {
    let scratch = Scratch::new(TABLE);
    example(1)
        .to_insert()
        .insert(&scratch.connection)
        .await
        .unwrap();
    let found = inline::all(long(), &scratch.connection).await.unwrap();
    assert_eq!(found, [example(1)]);
    assert_eq!(inline::count(long(), &scratch.connection).await.unwrap(), 1);
}

#[tokio::test]
async fn a_long_read_in_a_transaction_undoes_nothing() {
    let scratch = Scratch::new(TABLE);
    let transaction = scratch.begin().await;
    inline::insert(example(1).to_insert(), &transaction)
        .await
        .unwrap();
    assert_eq!(
        inline::all(long(), &transaction).await.unwrap(),
        [example(1)]
    );
    inline::insert(example(2).to_insert(), &transaction)
        .await
        .unwrap();
    transaction.commit().await.unwrap();
    assert_eq!(
        inline::count(every_type::Entity::find(), &scratch.connection)
            .await
            .unwrap(),
        2
    );
}

/// SQLite counts the steps of a cached statement on from run to run; a short one must never be stopped for it.
#[tokio::test]
async fn a_short_read_is_never_stopped() {
    let scratch = Scratch::new(TABLE);
    for id in 0..20 {
        example(id)
            .to_insert()
            .insert(&scratch.connection)
            .await
            .unwrap();
    }
    for _ in 0..2_000 {
        let read = scratch.connection.read_short("test", |short| {
            let mut all = short.prepare_cached("SELECT * FROM every_type").ok()?;
            let mut rows = all.raw_query();
            let mut count = 0;
            while rows.next().ok()?.is_some() {
                count += 1;
            }
            Some(count)
        });
        assert_eq!(read.await.unwrap(), Some(20));
    }
}

#[tokio::test]
async fn a_panic_in_a_read_gives_the_connection_back() {
    let scratch = Scratch::new(TABLE);
    let connection = scratch.connection.clone();
    for _ in 0..5 {
        let connection = connection.clone();
        let panicked = tokio::spawn(async move {
            let read = connection.read_short("test", |short| -> Option<()> {
                let mut statement = short.prepare_cached("SELECT 1").unwrap();
                let mut rows = statement.raw_query();
                rows.next().unwrap();
                panic!("on purpose")
            });
            read.await.unwrap();
        });
        assert!(panicked.await.is_err());
    }
    example(1).to_insert().insert(&connection).await.unwrap();
    // The budget is gone with the panic: a long read runs to its end.
    assert_eq!(long().all(&connection).await.unwrap(), [example(1)]);
}

#[tokio::test]
async fn a_panic_in_a_write_undoes_the_transaction() {
    let scratch = Scratch::new(TABLE);
    let transaction = scratch.begin().await;
    inline::insert(example(1).to_insert(), &transaction)
        .await
        .unwrap();
    let panicked = tokio::spawn(async move {
        let write =
            transaction.write_short("test", |_| -> rusqlite::Result<()> { panic!("on purpose") });
        write.await.unwrap();
    });
    assert!(panicked.await.is_err());
    inline::insert(example(2).to_insert(), &scratch.connection)
        .await
        .unwrap();
    let left = inline::all(every_type::Entity::find(), &scratch.connection)
        .await
        .unwrap();
    assert_eq!(left, [example(2)]);
}

/// A read that finds the file locked does not put the caller's thread to sleep.
#[tokio::test]
async fn a_locked_file_is_waited_for_elsewhere() {
    let scratch = Scratch::new(TABLE);
    example(1)
        .to_insert()
        .insert(&scratch.connection)
        .await
        .unwrap();
    let path = scratch.connection.file().path().to_owned();
    inline::count(every_type::Entity::find(), &scratch.connection)
        .await
        .unwrap();
    // Not WAL, and locked: every reader finds it busy.
    scratch.connection.file().close().await.unwrap();
    let other = rusqlite::Connection::open(&path).unwrap();
    let mode: String = other
        .query_row("PRAGMA journal_mode = DELETE", [], |row| row.get(0))
        .unwrap();
    assert_eq!(mode, "delete");
    let mut reader = crate::sqlite::Handle::open(
        &path,
        crate::access::FileAccess::Write,
        crate::sqlite::Role::Writer,
        8,
        FileMeter::alone().connection(crate::sqlite::Role::Writer, &path),
    )
    .await
    .unwrap();
    other
        .execute_batch("PRAGMA locking_mode = EXCLUSIVE; BEGIN EXCLUSIVE")
        .unwrap();
    let read = reader.read_short(|short| {
        let busy = short.query_row("SELECT count(*) FROM every_type", [], |row| {
            row.get::<_, i64>(0)
        });
        assert_eq!(
            busy.unwrap_err().sqlite_error_code(),
            Some(rusqlite::ErrorCode::DatabaseBusy)
        );
        None::<()>
    });
    assert_eq!(read.await.unwrap(), None);
    drop(other);
    reader.close().await.unwrap();
}
