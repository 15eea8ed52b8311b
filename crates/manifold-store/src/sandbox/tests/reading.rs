//! What queries give.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use super::super::{QueryError, ResultColumn, RowColumn, Sandbox, SandboxOptions};
use super::project::{Answer, Project, options, resolve};

#[test]
fn a_source_shows_its_published_snapshot() {
    let mut sandbox = Project::new().sandbox();
    assert_eq!(
        sandbox.lines("SELECT * FROM orders").unwrap(),
        ["1|ada|10", "3|ada|n/a", "2|bob|25"]
    );
    assert_eq!(
        sandbox.lines("select count(*) from ORDERS;").unwrap(),
        ["3"]
    );
    assert_eq!(
        sandbox.lines("SELECT 1 FROM orders, people").unwrap().len(),
        6
    );
}

/// Plans differ in what they tell the authorizer; all of these are a user's daily work.
#[test]
fn every_shape_of_select_can_read_the_sources() {
    let mut sandbox = Project::new().sandbox();
    for (sql, expected) in [
        (
            "SELECT o.id, p.\"e@mail\" FROM orders o LEFT JOIN people p ON p.name = o.customer WHERE o.id = 2",
            "2|NULL",
        ),
        (
            "SELECT customer, count(*) FROM orders GROUP BY customer HAVING count(*) > 1 ORDER BY 2",
            "ada|2",
        ),
        (
            "WITH big AS MATERIALIZED (SELECT * FROM orders WHERE id > 1) SELECT count(*) FROM big, big AS b",
            "4",
        ),
        (
            "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 4) SELECT sum(i) FROM n",
            "10",
        ),
        (
            "SELECT sum(id) OVER (PARTITION BY customer ORDER BY id) FROM orders LIMIT 1",
            "1",
        ),
        (
            "SELECT (SELECT max(id) FROM orders o WHERE o.customer = p.name) FROM people p LIMIT 1",
            "3",
        ),
        (
            "SELECT count(*) FROM (SELECT id FROM orders UNION SELECT name FROM people)",
            "5",
        ),
        (
            "SELECT count(*) FROM (SELECT id FROM orders EXCEPT SELECT id FROM \"orders@1\")",
            "0",
        ),
        (
            "SELECT 2 IN (SELECT id FROM orders), EXISTS (SELECT 1 FROM people)",
            "1|1",
        ),
        (
            "SELECT group_concat(value) FROM json_each('[1,2,3]')",
            "1,2,3",
        ),
        (
            "SELECT count(*) FROM orders, json_each(json_array(orders.id, customer))",
            "6",
        ),
        ("SELECT count(*) FROM orders FULL JOIN people ON 0", "5"),
        ("VALUES (1, 'a')", "1|a"),
        (
            "SELECT count(*) FROM main.orders NATURAL JOIN (orders) AS q",
            "3",
        ),
        (
            "SELECT group_concat(name) FROM pragma_table_info('orders')",
            "id,customer,amount",
        ),
        (
            "SELECT group_concat(name) FROM pragma_table_xinfo('PEOPLE')",
            "name,e@mail",
        ),
        (
            "SELECT instr(customer, 'd'), replace(customer, 'a', 'o'), trim(customer, 'ab') FROM orders WHERE id = 1",
            "2|odo|d",
        ),
        (
            "SELECT count(*) FROM orders WHERE customer LIKE 'A%' AND id BETWEEN 1 AND 2",
            "1",
        ),
        (
            "SELECT date('2026-11-22', '+1 day'), json_extract('{\"a\":1}', '$.a'), '{\"b\":2}' ->> 'b'",
            "2026-11-23|1|2",
        ),
    ] {
        assert_eq!(
            sandbox
                .lines(sql)
                .unwrap_or_else(|error| panic!("{sql}: {error}")),
            [expected],
            "{sql}"
        );
    }
}

#[test]
fn columns_carry_their_origin() {
    let mut sandbox = Project::new().sandbox();
    let (answer, _) = sandbox
        .answer(
            "SELECT orders.id AS number, amount, customer + 1, value FROM orders, json_each('[0]')",
            &[],
        )
        .unwrap();
    let column = |name: &str, declared: Option<&str>, origin: Option<&str>| ResultColumn {
        name: name.to_owned(),
        declared: declared.map(str::to_owned),
        origin: origin.map(|column| RowColumn {
            table: "d7".to_owned(),
            column: column.to_owned(),
        }),
    };
    assert_eq!(
        answer.columns,
        [
            column("number", Some("ANY"), Some("c1")),
            column("amount", None, None),
            column("customer + 1", None, None),
            column("value", None, None)
        ]
    );
}

#[test]
fn touched_are_the_columns_that_the_program_reads() {
    let mut sandbox = Project::new().sandbox();
    assert_eq!(
        sandbox.touched("SELECT count(*) FROM orders"),
        Vec::<String>::new()
    );
    assert_eq!(sandbox.touched("SELECT id FROM orders"), ["d7.c1"]);
    assert_eq!(
        sandbox.touched("SELECT 1 FROM orders WHERE amount > 5"),
        ["d7.c3"]
    );
    assert_eq!(
        sandbox.touched("SELECT id FROM orders WHERE customer = 'ada'"),
        ["d7.c1", "d7.c2"]
    );
    assert_eq!(
        sandbox.touched("SELECT name FROM people JOIN orders ON customer = name"),
        ["d12.c1", "d7.c2"]
    );
    assert_eq!(
        sandbox.touched("SELECT max(customer) FROM orders"),
        ["d7.c2"]
    );
    assert_eq!(
        sandbox.touched("SELECT 1 FROM \"orders@1\" ORDER BY amount"),
        ["d7.c3"]
    );
    assert_eq!(sandbox.touched("SELECT 1"), Vec::<String>::new());
}

#[test]
fn parameters_are_bound_by_name_and_number() {
    let mut sandbox = Project::new().sandbox();
    let sql = "SELECT id FROM orders WHERE customer = :who AND id >= ?2";
    let (answer, _) = sandbox.answer(sql, &[("who", "ada"), ("2", "2")]).unwrap();
    assert_eq!(answer.rows.len(), 1);
    let error = sandbox.answer(sql, &[("who", "ada")]).unwrap_err();
    assert_eq!(
        error.to_string(),
        "the parameter ?2 has no value; give one for each of: :who, ?2"
    );
    assert!(matches!(error, QueryError::Parameter(_)));
    sandbox.assert_usable();
}

#[test]
fn a_limit_or_a_break_ends_the_run_well() {
    let mut sandbox = Project::new().sandbox();
    let none = super::super::Parameters::default();
    for (limit, take, rows, truncated) in [
        (Some(2), None, 2, true),
        (Some(3), None, 3, false),
        (Some(0), None, 0, true),
        (None, Some(1), 1, true),
        (None, None, 3, false),
    ] {
        let mut answer = Answer {
            take,
            ..Answer::default()
        };
        let finished = sandbox
            .run("SELECT id FROM orders", &none, &resolve, &mut answer, limit)
            .unwrap();
        assert_eq!(
            (finished.rows, finished.truncated, answer.rows.len() as u64),
            (rows, truncated, rows)
        );
    }
    sandbox.assert_usable();
}

#[test]
fn a_run_sees_one_state_and_the_next_run_the_next() {
    let project = Project::new();
    let mut sandbox = project.sandbox();
    sandbox.assert_usable();
    let publish = "UPDATE published SET rid_hi = 5 WHERE source_id = 's7'";
    let writer = std::sync::Mutex::new(&project.writer);
    let snapshots = |connection: &rusqlite::Connection, name: &str| {
        // The writer publishes between the snapshot's look-up and the query.
        writer.lock().unwrap().execute(publish, []).unwrap();
        resolve(connection, name)
    };
    let mut answer = Answer::default();
    let sql = "SELECT count(*) FROM orders UNION ALL SELECT count(*) FROM \"orders@1\"";
    sandbox
        .run(
            sql,
            &super::super::Parameters::default(),
            &snapshots,
            &mut answer,
            None,
        )
        .unwrap();
    assert_eq!(answer.rows.concat(), [3.into(), 3.into()]);
    assert_eq!(sandbox.lines("SELECT count(*) FROM orders").unwrap(), ["4"]);
    project
        .writer
        .execute_batch("DROP VIEW orders; CREATE VIEW orders AS SELECT c1 AS new_name FROM d7")
        .unwrap();
    assert_eq!(
        sandbox.lines("SELECT count(new_name) FROM orders").unwrap(),
        ["5"]
    );
}

#[test]
fn a_writer_is_not_blocked_by_a_finished_run() {
    let project = Project::new();
    let mut sandbox = project.sandbox();
    sandbox.assert_usable();
    project
        .writer
        .execute_batch("PRAGMA wal_checkpoint(TRUNCATE); DELETE FROM d12")
        .unwrap();
    let busy: i64 = project
        .writer
        .query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |row| row.get(0))
        .unwrap();
    assert_eq!(busy, 0);
}

/// Without a writer SQLite makes its `-wal` and `-shm` files anew; they hold nothing.
#[test]
fn a_project_that_nobody_has_open_can_be_read() {
    let project = Project::new();
    let alone = project.path.with_file_name("alone.db");
    project
        .writer
        .execute_batch("PRAGMA wal_checkpoint(TRUNCATE)")
        .unwrap();
    std::fs::copy(&project.path, &alone).unwrap();
    let before = std::fs::read(&alone).unwrap();
    let mut sandbox = Sandbox::open(&alone, options()).unwrap();
    sandbox.assert_usable();
    drop(sandbox);
    assert_eq!(std::fs::read(&alone).unwrap(), before);
    let wal = alone.with_file_name("alone.db-wal");
    assert_eq!(std::fs::metadata(wal).map_or(0, |wal| wal.len()), 0);
}

#[test]
fn a_sandbox_can_move_to_another_thread() {
    let project = Project::new();
    let mut sandbox = project.sandbox();
    std::thread::spawn(move || sandbox.assert_usable())
        .join()
        .unwrap();
}

#[test]
fn a_panicking_sink_leaves_the_sandbox_guarded_and_usable() {
    struct Panics;
    impl super::super::RowSink for Panics {
        fn columns(&mut self, _: &[ResultColumn]) -> std::ops::ControlFlow<()> {
            std::ops::ControlFlow::Continue(())
        }
        fn row(&mut self, _: &[rusqlite::types::ValueRef<'_>]) -> std::ops::ControlFlow<()> {
            panic!("the sink")
        }
    }
    let mut sandbox = Project::new().sandbox();
    let none = super::super::Parameters::default();
    let run = std::panic::AssertUnwindSafe(|| {
        sandbox.run("SELECT 1", &none, &resolve, &mut Panics, None)
    });
    assert!(std::panic::catch_unwind(run).is_err());
    sandbox.assert_usable();
    assert!(sandbox.lines("SELECT * FROM d7").is_err());
}

#[test]
fn cancelling_lasts_until_it_is_taken_back() {
    let cancel = Arc::new(AtomicBool::new(true));
    let mut sandbox = Project::new().sandbox_with(SandboxOptions {
        cancel: Arc::clone(&cancel),
        ..options()
    });
    assert!(matches!(
        sandbox.lines("SELECT id FROM orders").unwrap_err(),
        QueryError::Cancelled
    ));
    cancel.store(false, Ordering::Relaxed);
    sandbox.assert_usable();
}

#[test]
fn what_is_no_project_file_is_refused() {
    let project = Project::new();
    let folder = tempfile::tempdir().unwrap();
    let missing = folder.path().join("missing.db");
    let error = Sandbox::open(&missing, options()).unwrap_err();
    assert!(
        matches!(&error, QueryError::Open { .. }) && error.to_string().contains("missing.db"),
        "{error}"
    );
    assert!(!missing.exists());
    let text = folder.path().join("text.db");
    fs_write(
        &text,
        &b"this is no database, just a text that is long enough to be read".repeat(40),
    );
    assert!(matches!(
        Sandbox::open(&text, options()).unwrap_err(),
        QueryError::Corrupt { .. }
    ));
    let uri = std::path::Path::new("file:x.db?mode=rwc");
    assert!(matches!(
        Sandbox::open(uri, options()).unwrap_err(),
        QueryError::Open { .. }
    ));
    drop(project);
}

#[test]
fn a_locked_file_is_reported_as_busy() {
    let project = Project::new();
    project
        .writer
        .execute_batch("PRAGMA journal_mode = DELETE; BEGIN EXCLUSIVE")
        .unwrap();
    let at_once = SandboxOptions {
        busy_timeout: std::time::Duration::ZERO,
        ..options()
    };
    assert!(matches!(
        Sandbox::open(&project.path, at_once).unwrap_err(),
        QueryError::Busy { .. }
    ));
}

#[test]
fn a_damaged_page_is_reported_as_damage() {
    let project = Project::new();
    project
        .writer
        .execute_batch("PRAGMA wal_checkpoint(TRUNCATE)")
        .unwrap();
    let root: u32 = project
        .writer
        .query_row(
            "SELECT rootpage FROM sqlite_schema WHERE name = 'd7'",
            [],
            |row| row.get(0),
        )
        .unwrap();
    let mut bytes = std::fs::read(&project.path).unwrap();
    let root = root as usize;
    bytes[(root - 1) * 4096..root * 4096].fill(0xee);
    let damaged = project.path.with_file_name("damaged.db");
    fs_write(&damaged, &bytes);
    let mut sandbox = Sandbox::open(&damaged, options()).unwrap();
    assert!(matches!(
        sandbox.lines("SELECT * FROM orders").unwrap_err(),
        QueryError::Corrupt { .. }
    ));
}

#[expect(
    clippy::disallowed_methods,
    reason = "a damaged file is what the test is about"
)]
fn fs_write(path: &std::path::Path, bytes: &[u8]) {
    std::fs::write(path, bytes).unwrap();
}
