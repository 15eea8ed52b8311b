//! Whatever a cell holds comes back.

use entity_core::enums::BackupType;
use manifold_jobs::jobs::BackupProject;
use proptest::prelude::*;
use proptest::test_runner::TestRunner;
use rusqlite::types::Value;

use crate::store::{Store, as_new, id, place, without_identity};

fn cell() -> impl Strategy<Value = Value> {
    let real = any::<u64>().prop_map(f64::from_bits);
    prop_oneof![
        Just(Value::Null),
        any::<i64>().prop_map(Value::Integer),
        real.prop_filter("has no stored form", |real| !real.is_nan())
            .prop_map(Value::Real),
        ".{0,12}".prop_map(Value::Text),
        "[\"',;\\\\\r\n\t\0 nbirt0-9{}$-]{0,8}".prop_map(Value::Text),
        prop::collection::vec(any::<u8>(), 0..12).prop_map(Value::Blob),
    ]
}

#[test]
fn any_cells_come_back_from_text() {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .unwrap();
    let store = runtime.block_on(Store::new());
    runtime.block_on(store.import("s", "a,b,c\n1,2,3\n"));
    let rows = prop::collection::vec([cell(), cell(), cell()], 0..40);
    let mut runner = TestRunner::new(ProptestConfig {
        cases: 24,
        ..ProptestConfig::default()
    });
    let round = std::cell::Cell::new(0);
    let checked = runner.run(&(rows, any::<bool>()), |(rows, compress)| {
        let connection = store.connection();
        connection.execute_batch("BEGIN; DELETE FROM d1").unwrap();
        for row in &rows {
            connection
                .execute("INSERT INTO d1(c1, c2, c3) VALUES (?, ?, ?)", row.clone())
                .unwrap();
        }
        connection.execute_batch("COMMIT").unwrap();
        let saved = runtime.block_on(store.tables(&store.project));
        for backup_type in [BackupType::Csv, BackupType::Full] {
            round.set(round.get() + 1);
            let mut job = BackupProject::new(store.project.clone(), backup_type);
            job.options.compress = compress;
            let backup = runtime.block_on(store.run(job)).unwrap();
            let target = as_new(&round.get().to_string());
            let restored = runtime
                .block_on(store.restore(place(&backup), target))
                .unwrap();
            let back = runtime.block_on(store.tables(&id(&restored)));
            prop_assert_eq!(
                without_identity(&back),
                without_identity(&saved),
                "{}",
                backup_type
            );
        }
        Ok(())
    });
    checked.unwrap();
}
