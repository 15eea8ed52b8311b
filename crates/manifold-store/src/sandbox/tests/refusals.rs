//! What an error says.

use super::super::{Excess, QueryError};
use super::project::Project;

fn refusal(sql: &str) -> QueryError {
    Project::new().sandbox().lines(sql).unwrap_err()
}

#[test]
fn only_one_statement_is_run() {
    assert!(matches!(refusal(""), QueryError::NoStatement));
    assert!(matches!(
        refusal(" ;; -- SELECT 1\n"),
        QueryError::NoStatement
    ));
    assert_eq!(
        refusal("SELECT 1; DROP TABLE d7").to_string(),
        "only one SELECT statement is run; a second one starts with `DROP` at byte 10: run it by itself"
    );
    assert_eq!(
        refusal("/* SELECT */ insert into d7 values(1)").to_string(),
        "only one SELECT statement is run; INSERT is not: it changes data"
    );
}

#[test]
fn mistakes_are_named_with_their_place() {
    assert_eq!(
        refusal("; SELECT 1\nFORM orders x").to_string(),
        "near \"orders\": syntax error at line 2, column 6"
    );
    assert_eq!(
        refusal("SELEC 1").to_string(),
        "near \"SELEC\": syntax error at line 1, column 1"
    );
    assert_eq!(
        refusal("SELECT id FROM orders o, people p, orders q").to_string(),
        "the column id is in several tables at line 1, column 8; write the table before it: orders.id"
    );
    let error = refusal("SELECT id FROM orders WHERE customer = \"ada\"");
    assert!(
        matches!(&error, QueryError::UnknownColumn { name, place: Some(place) } if name == "\"ada\"" && place.column == 40),
        "{error:?}"
    );
    assert!(error.to_string().contains("single quotes"), "{error}");
    let error = refusal("SELECT * FROM order_lines");
    assert_eq!(
        error.to_string(),
        "there is no source or snapshot `order_lines`; what can be read: \"catalogue\", \"orders\", \"people\""
    );
    let error = refusal("SELECT * FROM orders@1").to_string();
    assert!(
        error.contains("a snapshot's name stands in double quotes"),
        "{error}"
    );
    let error = refusal("SELECT * FROM main.gone");
    assert!(
        matches!(&error, QueryError::UnknownTable { name, .. } if name == "gone"),
        "{error:?}"
    );
    assert_eq!(
        refusal("SELECT median(id) FROM orders").to_string(),
        "there is no function median(); SQLite's core, aggregate, window, date and JSON functions can be called"
    );
}

#[test]
fn a_failing_expression_says_what_failed() {
    for (sql, message) in [
        ("SELECT json('{') FROM orders", "malformed JSON"),
        ("SELECT abs(-9223372036854775808)", "integer overflow"),
        (
            "SELECT sum(9223372036854775807) FROM orders",
            "integer overflow",
        ),
    ] {
        let error = refusal(sql);
        assert!(
            matches!(&error, QueryError::Evaluation { message: said } if said == message),
            "{sql}: {error:?}"
        );
    }
}

#[test]
fn a_refused_table_is_named_with_the_way_out() {
    assert_eq!(
        refusal("SELECT * FROM data_sources").to_string(),
        "reading the table `data_sources` is refused: only sources and their snapshots can be read by SQL; \
         what can be read: \"catalogue\", \"orders\", \"people\""
    );
    let error = refusal("SELECT * FROM d7").to_string();
    assert!(
        error.starts_with("reading the table `d7` is refused: it holds rows of every snapshot"),
        "{error}"
    );
}

#[test]
fn an_empty_project_says_that_it_is_empty() {
    let project = Project::new();
    project
        .writer
        .execute_batch("DROP VIEW orders; DROP VIEW people; DROP VIEW catalogue")
        .unwrap();
    let error = project
        .sandbox()
        .lines("SELECT * FROM orders")
        .unwrap_err()
        .to_string();
    assert!(
        error.ends_with("the project has no source that can be read yet: import one"),
        "{error}"
    );
}

#[test]
fn too_large_statements_say_what_is_too_large() {
    let deep = format!("SELECT {}1{}", "(".repeat(5_000), ")".repeat(5_000));
    let nested = format!("SELECT 1{}", "+1".repeat(2_000));
    let compound = "SELECT 1".to_owned() + &" UNION ALL SELECT 1".repeat(10_000);
    let long = format!("SELECT '{}'", "x".repeat(1_100_000));
    let columns = format!("SELECT 1{}", ",1".repeat(5_000));
    let tables = format!("SELECT 1 FROM orders{}", ", orders".repeat(300));
    let arguments = format!("SELECT max(1{})", ",1".repeat(1_000));
    for sql in [nested, compound, long, columns, tables, arguments] {
        let error = refusal(&sql);
        let detail = format!("{error}").chars().take(200).collect::<String>();
        assert!(
            matches!(error, QueryError::TooBig(Excess::Statement { .. })),
            "{detail}"
        );
    }
    // Parentheses alone are no depth; they must only not crash.
    let _ = Project::new().sandbox().lines(&deep);
}
