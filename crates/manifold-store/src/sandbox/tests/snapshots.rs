//! Names such as `"orders@1"`.

use super::super::QueryError;
use super::project::Project;

#[test]
fn a_snapshot_is_read_by_its_quoted_name() {
    let mut sandbox = Project::new().sandbox();
    for name in [
        "\"orders@1\"",
        "[orders@1]",
        "`orders@1`",
        "temp.\"orders@1\"",
        "\"orders@1\" AS x",
    ] {
        assert_eq!(
            sandbox
                .lines(&format!("SELECT amount FROM {name}"))
                .unwrap(),
            ["10", "20", "n/a"],
            "{name}"
        );
    }
    let both = "SELECT n.id, o.amount, n.amount FROM orders n JOIN \"orders@1\" o USING (id) WHERE o.amount <> n.amount";
    assert_eq!(sandbox.lines(both).unwrap(), ["1|10|10", "2|20|25"]);
    let columns =
        "SELECT name FROM pragma_table_info('orders@1') WHERE EXISTS (SELECT 1 FROM \"orders@1\")";
    assert_eq!(
        sandbox.lines(columns).unwrap(),
        ["id", "customer", "amount"]
    );
}

/// A column or alias may contain `@` as well.
#[test]
fn a_quoted_name_that_is_no_snapshot_may_be_a_column() {
    let mut sandbox = Project::new().sandbox();
    assert_eq!(
        sandbox
            .lines("SELECT \"e@mail\" AS \"x@y\" FROM people WHERE name = 'ada' ORDER BY \"x@y\"")
            .unwrap(),
        ["ada@example.org"]
    );
    assert_eq!(
        sandbox.lines("SELECT 'orders@broken'").unwrap(),
        ["orders@broken"]
    );
}

#[test]
fn an_unknown_snapshot_is_named_with_what_can_be_read() {
    let mut sandbox = Project::new().sandbox();
    let error = sandbox
        .lines("SELECT * FROM \"orders@1\", \"orders@9\"")
        .unwrap_err();
    assert!(
        matches!(&error, QueryError::UnknownTable { name, .. } if name == "orders@9"),
        "{error}"
    );
    assert!(
        error.to_string().contains("\"orders\", \"people\""),
        "{error}"
    );
}

#[test]
fn a_failing_look_up_ends_the_query() {
    let mut sandbox = Project::new().sandbox();
    let error = sandbox
        .lines("SELECT * FROM \"orders@broken\"")
        .unwrap_err();
    assert_eq!(
        error.to_string(),
        "cannot look up the snapshot `orders@broken`: the catalogue is unreadable"
    );
    sandbox.assert_usable();
}

#[test]
fn a_snapshot_that_is_stored_as_a_view_is_not_looked_up() {
    let project = Project::new();
    project.writer.execute_batch("CREATE VIEW \"Orders@broken\" AS SELECT c1 AS pinned FROM d7 WHERE _rid <= 3 AND _to > 32768").unwrap();
    assert_eq!(
        project
            .sandbox()
            .lines("SELECT pinned FROM \"orders@broken\"")
            .unwrap(),
        ["1", "2", "3"]
    );
}

#[test]
fn a_run_leaves_no_view_behind() {
    let mut sandbox = Project::new().sandbox();
    sandbox.lines("SELECT * FROM \"orders@1\"").unwrap();
    let left: i64 = sandbox
        .connection
        .query_row("SELECT count(*) FROM temp.sqlite_schema", [], |row| {
            row.get(0)
        })
        .unwrap();
    assert_eq!(left, 0);
    assert_query_only(&sandbox);
    sandbox
        .lines("SELECT * FROM \"orders@broken\"")
        .unwrap_err();
    assert_query_only(&sandbox);
}

fn assert_query_only(sandbox: &super::super::Sandbox) {
    assert!(
        sandbox
            .connection
            .execute_batch("CREATE TEMP TABLE t(x)")
            .is_err(),
        "query_only is off between runs"
    );
}
