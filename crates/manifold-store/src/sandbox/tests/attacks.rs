//! SQL that tries to write, to open files or to read what is not a source.

use super::super::QueryError;
use super::super::authorizer::{Gate, Scope};
use super::super::schema::Schema;
use super::project::Project;

/// How an attack must end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum End {
    NotSelect,
    Several,
    Denied,
    UnknownTable,
    UnknownColumn,
    UnknownFunction,
    Syntax,
}
use End::*;

fn end(error: &QueryError) -> Option<End> {
    Some(match error {
        QueryError::NotSelect { .. } => NotSelect,
        QueryError::SeveralStatements { .. } => Several,
        QueryError::Denied { .. } => Denied,
        QueryError::UnknownTable { .. } => UnknownTable,
        QueryError::UnknownColumn { .. } => UnknownColumn,
        QueryError::UnknownFunction { .. } => UnknownFunction,
        QueryError::Syntax { .. } => Syntax,
        _ => return None,
    })
}

const ATTACKS: &[(&str, End)] = &[
    // Other files.
    ("ATTACH '/etc/passwd' AS x", NotSelect),
    ("ATTACH DATABASE ':memory:' AS x", NotSelect),
    ("DETACH x", NotSelect),
    ("VACUUM", NotSelect),
    ("VACUUM INTO 'copy.db'", NotSelect),
    ("SELECT load_extension('evil.so')", Denied),
    ("SELECT load_extension('evil.so', 'main')", Denied),
    ("SELECT writefile('evil', 'x')", UnknownFunction),
    ("SELECT readfile('/etc/passwd')", UnknownFunction),
    ("SELECT edit('x')", UnknownFunction),
    ("SELECT * FROM fsdir('/')", UnknownTable),
    ("SELECT * FROM csv('/etc/passwd')", UnknownTable),
    // Writes.
    ("INSERT INTO d7(c1) VALUES (1) RETURNING c1", NotSelect),
    (
        "REPLACE INTO published VALUES ('s7', 'o2', 9, 9)",
        NotSelect,
    ),
    ("UPDATE d7 SET c1 = 0", NotSelect),
    ("DELETE FROM d7", NotSelect),
    ("WITH x AS (SELECT 1) DELETE FROM d7", Denied),
    (
        "WITH x AS (SELECT 1) UPDATE d7 SET c1 = 0 RETURNING c1",
        Denied,
    ),
    ("WITH x AS (SELECT 1) INSERT INTO d7(c1) SELECT 1", Denied),
    (
        "WITH x AS (SELECT 1) REPLACE INTO sqlite_schema SELECT 1, 2, 3, 4, 5",
        Denied,
    ),
    (
        "WITH x AS (DELETE FROM d7 RETURNING c1) SELECT * FROM x",
        Syntax,
    ),
    ("SELECT * FROM (DELETE FROM d7 RETURNING c1)", Syntax),
    ("CREATE TABLE t(x)", NotSelect),
    ("CREATE TEMP TABLE t AS SELECT 1", NotSelect),
    (
        "CREATE TEMP TRIGGER t AFTER INSERT ON d7 BEGIN SELECT 1; END",
        NotSelect,
    ),
    ("CREATE VIRTUAL TABLE t USING fts5(x)", NotSelect),
    ("DROP VIEW orders", NotSelect),
    ("ALTER TABLE d7 RENAME TO d8", NotSelect),
    ("REINDEX", NotSelect),
    ("ANALYZE", NotSelect),
    ("BEGIN EXCLUSIVE", NotSelect),
    ("COMMIT", NotSelect),
    ("END", NotSelect),
    ("ROLLBACK", NotSelect),
    ("SAVEPOINT s", NotSelect),
    ("RELEASE s", NotSelect),
    ("EXPLAIN SELECT 1", NotSelect),
    ("EXPLAIN QUERY PLAN DELETE FROM d7", NotSelect),
    // Settings.
    ("PRAGMA writable_schema = ON", NotSelect),
    ("PRAGMA query_only = OFF", NotSelect),
    ("PRAGMA journal_mode = DELETE", NotSelect),
    ("PRAGMA table_info(orders)", NotSelect),
    ("SELECT * FROM pragma_query_only", Denied),
    ("SELECT * FROM pragma_query_only(0)", Denied),
    ("SELECT * FROM pragma_hard_heap_limit", Denied),
    ("SELECT * FROM pragma_database_list", Denied),
    ("SELECT count(*) FROM pragma_database_list", Denied),
    ("SELECT * FROM pragma_table_list", Denied),
    ("SELECT * FROM pragma_function_list", Denied),
    ("SELECT * FROM pragma_compile_options", Denied),
    ("SELECT * FROM pragma_integrity_check", Denied),
    ("SELECT * FROM pragma_table_info('data_sources')", Denied),
    ("SELECT * FROM pragma_table_info('d7')", Denied),
    (
        "SELECT name FROM pragma_table_info((SELECT 'd' || 7))",
        Denied,
    ),
    ("SELECT * FROM pragma_table_xinfo('sqlite_schema')", Denied),
    ("SELECT * FROM pragma_index_list('d7')", Denied),
    // What is not a source.
    ("SELECT * FROM data_sources", Denied),
    ("SELECT config FROM main.Data_Sources", Denied),
    ("SELECT count(*) FROM data_sources", Denied),
    ("SELECT * FROM project", Denied),
    (
        "SELECT 1 FROM orders WHERE EXISTS (SELECT 1 FROM data_sources WHERE config LIKE '%s%')",
        Denied,
    ),
    (
        "SELECT id FROM orders ORDER BY (SELECT config FROM data_sources)",
        Denied,
    ),
    ("SELECT 's7' IN data_sources", Denied),
    (
        "SELECT (SELECT config FROM data_sources) FROM orders",
        Denied,
    ),
    (
        "SELECT value FROM orders, json_each((SELECT config FROM data_sources))",
        Denied,
    ),
    ("SELECT name FROM catalogue", Denied),
    ("SELECT * FROM sqlite_schema", Denied),
    ("SELECT count(*) FROM sqlite_master", Denied),
    ("SELECT * FROM sqlite_temp_master", Denied),
    ("SELECT * FROM temp.sqlite_schema", Denied),
    ("SELECT * FROM \"main\".[sqlite_schema]", Denied),
    ("SELECT * FROM d7", Denied),
    ("SELECT c1 FROM D7 AS orders", Denied),
    ("SELECT count(*) FROM d7", Denied),
    ("SELECT rowid FROM d7", Denied),
    ("SELECT 1 FROM d7 WHERE _rid = 5", Denied),
    ("SELECT * FROM published", Denied),
    (
        "SELECT (SELECT count(*) FROM published) FROM orders",
        Denied,
    ),
    ("SELECT orders.id, d7.c1 FROM orders, d7", Denied),
    ("SELECT * FROM (SELECT * FROM d7) AS orders", Denied),
    (
        "SELECT * FROM orders WHERE (SELECT count(*) FROM d7) > 0",
        Denied,
    ),
    (
        "SELECT * FROM orders LEFT JOIN people ON (SELECT count(*) FROM d12) > 0",
        Denied,
    ),
    ("SELECT _rid FROM orders", UnknownColumn),
    ("SELECT rowid FROM orders", UnknownColumn),
    ("SELECT * FROM d7_to", UnknownTable),
    // A WITH clause that looks like a view to the authorizer.
    (
        "WITH orders AS (SELECT * FROM d7) SELECT * FROM orders",
        Denied,
    ),
    (
        "WITH x AS (SELECT 1), \"ORDERS\" (a) AS NOT MATERIALIZED (SELECT c1 FROM d7) SELECT * FROM orders",
        Denied,
    ),
    (
        "WITH 'orders' AS (SELECT c1 FROM d7) SELECT * FROM orders",
        Denied,
    ),
    (
        "SELECT * FROM (WITH/**/[orders](\"a\")--\nAS/**/(SELECT c1 FROM d7) SELECT * FROM orders)",
        Denied,
    ),
    (
        "WITH \"orders@1\" AS (SELECT c1 FROM d7) SELECT * FROM \"orders@1\"",
        Denied,
    ),
    ("WITH x AS (SELECT * FROM d7) SELECT * FROM x", Denied),
    (
        "WITH x AS (SELECT count(*) FROM d7) SELECT * FROM x",
        Denied,
    ),
    ("WITH d7 AS (SELECT 1) SELECT * FROM d7", Denied),
    (
        "WITH RECURSIVE r AS (SELECT c1 FROM d7 UNION ALL SELECT c1 FROM r) SELECT * FROM r",
        Denied,
    ),
    (
        "WITH orders \u{b}AS (SELECT c1 FROM d7) SELECT * FROM orders",
        Denied,
    ),
    (
        "WITH orders \u{feff}AS\u{c}(SELECT c1 FROM d7) SELECT * FROM orders",
        Denied,
    ),
    (
        "SELECT x'00'';' AS a FROM (WITH orders AS (SELECT c1 FROM d7) SELECT * FROM orders)",
        Denied,
    ),
    (
        "SELECT $a::b(';') FROM (WITH orders AS (SELECT c1 FROM d7) SELECT * FROM orders)",
        Denied,
    ),
    // Virtual tables and their functions.
    ("SELECT * FROM dbstat", Denied),
    ("SELECT count(*) FROM dbstat", Denied),
    ("SELECT * FROM sqlite_stmt", UnknownTable),
    ("SELECT * FROM sqlite_dbpage", UnknownTable),
    ("SELECT * FROM bytecode('SELECT 1')", UnknownTable),
    ("SELECT * FROM fts5vocab", UnknownTable),
    ("SELECT * FROM fts3tokenize('simple', 'a b')", Denied),
    ("SELECT fts3_tokenizer('simple')", Denied),
    ("SELECT fts3_tokenizer('simple', x'00')", Denied),
    ("SELECT fts5(NULL)", Denied),
    ("SELECT snippet(orders) FROM orders", Denied),
    ("SELECT rtreenode(2, x'00')", Denied),
    ("SELECT sqlite_compileoption_get(0)", Denied),
    ("SELECT sqlite_log(1, 'x')", Denied),
    (
        "SELECT changes(), total_changes(), last_insert_rowid()",
        Denied,
    ),
    // Hidden statements.
    ("SELECT 1; DROP VIEW orders", Several),
    ("SELECT 1 /* ; */ ; /* */ DELETE FROM d7 --", Several),
    ("SELECT 1 --\n; DELETE FROM d7", Several),
    ("SELECT ';' ; VACUUM", Several),
    ("SELECT \";\"\";\" ; VACUUM", Several),
    ("SELECT [;\"] ; VACUUM", Several),
    ("SELECT `;``'` ; VACUUM", Several),
    ("-- SELECT 1\nDELETE FROM d7", NotSelect),
    ("/* /* */ DELETE FROM d7 /* */ */", NotSelect),
    (";;;DELETE FROM d7", NotSelect),
    ("\u{feff}DELETE FROM d7", NotSelect),
    ("SELECT 1\0; DELETE FROM d7", Syntax),
    ("\0DELETE FROM d7", Syntax),
    ("SELECT 'x\0'", Syntax),
    ("\u{a0}SELECT 1", Syntax),
    ("SELECT 'open; DELETE FROM d7", Syntax),
    ("SELECT 1 INTO d7", Syntax),
];

#[test]
fn every_attack_is_refused_by_name_and_changes_nothing() {
    let project = Project::new();
    let mut sandbox = project.sandbox();
    sandbox.assert_usable();
    let before = project.files();
    let mut wrong = Vec::new();
    for (sql, expected) in ATTACKS {
        match sandbox.lines(sql) {
            Ok(rows) => wrong.push(format!("{sql} gave {rows:?}")),
            Err(error) => {
                if end(&error) != Some(*expected) {
                    wrong.push(format!("{sql}: {error:?}"));
                }
                assert!(
                    !error.to_string().contains("secret-token"),
                    "{sql}: {error}"
                );
            }
        }
        assert_eq!(project.files(), before, "{sql}");
        sandbox.assert_usable();
    }
    assert!(
        wrong.is_empty(),
        "refused for another reason:\n{}",
        wrong.join("\n")
    );
}

/// The authorizer alone, as if the text had not been judged.
#[test]
fn the_authorizer_refuses_by_itself_what_the_text_check_would_catch() {
    let project = Project::new();
    let sandbox = project.sandbox();
    // A connection that may write, so that only the authorizer stands in the way.
    let connection = rusqlite::Connection::open(&project.path).unwrap();
    let gate = Gate::default();
    gate.install(&connection).unwrap();
    let schema = Schema::read(&connection).unwrap();
    let before = project.files();
    let guard = gate.guard(std::sync::Arc::new(Scope {
        schema,
        with_names: Default::default(),
    }));
    let mut judged = 0;
    for (sql, _) in ATTACKS.iter().filter(|(_, end)| *end == NotSelect) {
        // A program that explains is no attack, and a quoted comment is cut by the text check.
        if sql.contains("EXPLAIN") || sql.contains("table_info") || sql.starts_with(";") {
            continue;
        }
        let outcome = connection.execute_batch(sql);
        assert!(outcome.is_err(), "{sql} was let through");
        judged += 1;
    }
    assert!(judged > 25);
    assert_eq!(project.files(), before);
    drop(guard);
    drop(sandbox);
}

/// The read-only connection alone, as if the authorizer had a hole.
#[test]
fn the_connection_refuses_writes_by_itself() {
    let project = Project::new();
    let sandbox = project.sandbox();
    let before = project.files();
    for sql in [
        "INSERT INTO d7(c1) VALUES (1)",
        "CREATE TABLE t(x)",
        "CREATE TEMP TABLE t(x)",
        "ATTACH ':memory:' AS x",
        "VACUUM INTO 'copy.db'",
        "PRAGMA user_version = 7",
        "PRAGMA query_only = OFF; DELETE FROM d7",
        "PRAGMA writable_schema = ON; DELETE FROM sqlite_schema",
    ] {
        assert!(sandbox.connection.execute_batch(sql).is_err(), "{sql}");
        assert_eq!(project.files(), before, "{sql}");
    }
}
