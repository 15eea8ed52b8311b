//! Both drivers store the same bytes, and each reads what the other stored.

use proptest::prelude::*;
use sea_orm::sea_query::Value;
use sea_orm::{
    ActiveModelTrait as _, ConnectionTrait as _, DbBackend, EntityTrait as _, Statement,
};

use super::every_type::{self, TABLE, json, number, row, text, time, uid};
use super::scratch::{Scratch, runtime};
use crate::inline::TypedConnection as _;
use crate::inline::rows::{self, Rows};

fn value() -> impl Strategy<Value = Value> {
    prop_oneof![
        any::<Option<bool>>().prop_map(Value::Bool),
        any::<Option<i8>>().prop_map(Value::TinyInt),
        any::<Option<i16>>().prop_map(Value::SmallInt),
        any::<Option<i32>>().prop_map(Value::Int),
        any::<Option<i64>>().prop_map(Value::BigInt),
        any::<Option<u8>>().prop_map(Value::TinyUnsigned),
        any::<Option<u16>>().prop_map(Value::SmallUnsigned),
        any::<Option<u32>>().prop_map(Value::Unsigned),
        (0..=i64::MAX as u64).prop_map(|number| Value::BigUnsigned(Some(number))),
        proptest::option::of(number()).prop_map(Value::Double),
        Just(Value::Double(Some(f64::NAN))),
        proptest::option::of(text()).prop_map(Value::String),
        any::<Option<Vec<u8>>>().prop_map(Value::Bytes),
        proptest::option::of(uid()).prop_map(Value::Uuid),
        proptest::option::of(time()).prop_map(Value::ChronoDateTimeUtc),
        proptest::option::of(json().prop_map(Box::new)).prop_map(Value::Json),
    ]
}

/// What SQLite received: its type, and its bytes.
fn received(value: &Value) -> Statement {
    let sql = "SELECT typeof(v) || ' ' || hex(CAST(v AS BLOB)) || ' ' || quote(v) AS seen FROM (SELECT ? AS v)";
    Statement::from_sql_and_values(DbBackend::Sqlite, sql, [value.clone()])
}

#[test]
fn both_drivers_bind_a_value_alike() {
    let runtime = runtime();
    let scratch = Scratch::new(TABLE);
    proptest!(ProptestConfig::with_cases(400), |(value in value())| {
        let statement = received(&value);
        let (here, there) = runtime.block_on(async {
            let here = scratch.connection.read_short("test", |short| {
                let seen = |row: &rusqlite::Row<'_>| row.get::<_, String>(0).ok();
                match rows::run(short, &statement, |_| true, seen).unwrap() {
                    Rows::Read(mut seen) => seen.pop(),
                    other => panic!("{other:?}"),
                }
            }).await.unwrap().unwrap();
            let row = scratch.connection.query_one_raw(statement.clone()).await.unwrap().unwrap();
            (here, row.try_get::<String>("", "seen").unwrap())
        });
        prop_assert_eq!(here, there);
    });
}

#[test]
fn what_one_driver_writes_the_other_reads() {
    let runtime = runtime();
    let scratch = Scratch::new(TABLE);
    proptest!(ProptestConfig::with_cases(150), |(mut here in row(), mut there in row())| {
        (here.id, there.id) = (1, 2);
        runtime.block_on(async {
            every_type::Entity::delete_many().exec(&scratch.connection).await.unwrap();
            let transaction = scratch.begin().await;
            let written = transaction
                .write_short("test", |short| rows::models::<every_type::Entity>(short, &insert(&here)))
                .await
                .unwrap();
            let Some(Rows::Read(written)) = written else { panic!("not written here: {written:?}") };
            assert_eq!(written, [here.clone()]);
            transaction.commit().await.unwrap();
            there.to_insert().insert(&scratch.connection).await.unwrap();

            let both = [here, there];
            let by_sqlx = every_type::Entity::find().all(&scratch.connection).await.unwrap();
            assert_eq!(by_sqlx, both);
            assert_eq!(read_here(&scratch).await.expect("read here"), both);
        });
    });
}

fn insert(row: &every_type::Model) -> Statement {
    use sea_orm::{Iterable as _, QueryTrait as _};
    let mut query = every_type::Entity::insert(row.to_insert()).into_query();
    query.returning(sea_orm::sea_query::Query::returning().columns(every_type::Column::iter()));
    DbBackend::Sqlite.build(&query)
}

/// The rows as they are read on this thread; `None` when they are not.
async fn read_here(scratch: &Scratch) -> Option<Vec<every_type::Model>> {
    use sea_orm::QueryTrait as _;
    let statement = every_type::Entity::find().build(DbBackend::Sqlite);
    scratch
        .connection
        .read_short("test", |short| {
            match rows::models::<every_type::Entity>(short, &statement).unwrap() {
                Rows::Read(models) => Some(models),
                _ => None,
            }
        })
        .await
        .unwrap()
}

/// Values that sqlx reads, or refuses, in its own ways: the answer is always sqlx's.
#[tokio::test]
async fn what_is_stored_otherwise_is_read_by_sqlx() {
    let loose = TABLE
        .replace("double", "")
        .replace("integer", "")
        .replace("text NOT", "NOT")
        .replace("timestamp_text", "")
        .replace("uuid_blob", "")
        .replace("boolean", "");
    let scratch = Scratch::new(&loose);
    let plain = "INSERT INTO every_type VALUES \
        (1, 1, 1, 0.5, 'n', 'flat', '{}', '[]', '2026-01-02T03:04:05+00:00', zeroblob(16), x'', \
        NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL)";
    let odd = [
        ("yes", "2"),
        ("yes", "'1'"),
        ("small", "3000000000"),
        ("small", "1.5"),
        ("number", "7"),
        ("number", "'7'"),
        ("name", "CAST(x'ff' AS TEXT)"),
        ("name", "x'41'"),
        ("name", "5"),
        ("kind", "'square'"),
        ("json", "'{'"),
        ("json", "x'7b7d'"),
        ("list", "'[1]'"),
        ("at", "'2026-01-02 03:04:05'"),
        ("at", "1767322800"),
        ("at", "2461042.5"),
        ("at", "'2026-01-02T03:04:05.123456789+02:00'"),
        ("at", "'soon'"),
        ("uid", "'67e55044-10b1-426f-9247-bb680e5fe0c8'"),
        ("uid", "x'00'"),
        ("data", "'text'"),
        ("maybe_at", "''"),
        ("maybe_small", "'x'"),
    ];
    for (column, value) in odd {
        let sql =
            format!("DELETE FROM every_type; {plain}; UPDATE every_type SET {column} = {value}");
        scratch.connection.execute_unprepared(&sql).await.unwrap();
        let by_sqlx = every_type::Entity::find().all(&scratch.connection).await;
        let ours = crate::inline::all(every_type::Entity::find(), &scratch.connection).await;
        assert_eq!(
            format!("{ours:?}"),
            format!("{by_sqlx:?}"),
            "{column} = {value}"
        );
    }
}
