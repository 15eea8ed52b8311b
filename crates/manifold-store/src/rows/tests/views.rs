use super::super::view_cell::shown;
use super::super::{Column, temp_view_sql};
use super::csvish::Csvish;
use super::project::Project;
use rusqlite::{Connection, types::Value};

/// What a view shows for a value stored under `encoding` in a column of `column_type`.
fn view(
    column_type: &str,
    format: Option<&str>,
    encoding: &str,
    stored: impl Into<Value>,
) -> Value {
    nullable_view(&[], column_type, format, encoding, stored)
}

/// The same, where these tokens stand for NULL.
fn nullable_view(
    null_tokens: &[&str],
    column_type: &str,
    format: Option<&str>,
    encoding: &str,
    stored: impl Into<Value>,
) -> Value {
    let column = Column {
        phys: 1,
        name: "x".into(),
        column_type: column_type.into(),
        format: format.map(str::to_owned),
        encoding: encoding.into(),
        quoting: "minimal".into(),
        odd_cells: 0,
        null_tokens: null_tokens.iter().map(|&token| token.to_owned()).collect(),
    };
    let conn = Connection::open_in_memory().unwrap();
    conn.execute_batch("CREATE TABLE d(c1 ANY) STRICT").unwrap();
    conn.execute("INSERT INTO d VALUES (?)", [stored.into()])
        .unwrap();
    conn.query_row(&format!("SELECT {} FROM d", shown(&column)), [], |row| {
        row.get(0)
    })
    .unwrap()
}

fn text(text: &str) -> Value {
    Value::Text(text.to_owned())
}

#[test]
fn text_is_shown_as_it_was_read() {
    assert_eq!(view("text", None, "int", 7), text("7"));
    assert_eq!(view("text", None, "int", text("007")), text("007"));
    assert_eq!(view("text", None, "int", Value::Null), Value::Null);
    assert_eq!(
        view("text", None, "int", vec![255_u8]),
        Value::Blob(vec![255])
    );
    assert_eq!(view("text", None, "fixed2", 1.5), text("1.50"));
    assert_eq!(view("text", None, "fixed2", 3), text("3"));
    assert_eq!(view("text", None, "bool:yes/no", 0), text("no"));
    assert_eq!(view("date", None, "bool:it's/no", 1), text("it's"));
    for real in [
        0.1_f64,
        0.30000000000000004,
        1.0,
        123456.75,
        1e-7,
        2.0 / 3.0,
    ] {
        let Value::Text(shown) = view("text", None, "short", real) else {
            panic!()
        };
        assert_eq!(
            shown.parse::<f64>().unwrap().to_bits(),
            real.to_bits(),
            "{shown}"
        );
        assert!(shown.len() <= format!("{real:?}").len() + 3, "{shown}");
    }
}

#[test]
fn numbers_stored_as_text_are_numbers_where_they_print_back() {
    let cases = [
        ("7", Value::Integer(7)),
        ("007", text("007")),
        ("1.5", text("1.5")),
        ("x", text("x")),
    ];
    for (stored, expected) in cases {
        assert_eq!(view("integer", None, "text", text(stored)), expected);
    }
    let big = "9223372036854775808";
    assert_eq!(view("integer", None, "text", text(big)), text(big));
    assert_eq!(
        view("decimal", Some("2"), "text", text("1.50")),
        Value::Real(1.5)
    );
    assert_eq!(view("decimal", Some("2"), "int", text("1.5")), text("1.5"));
    assert_eq!(
        view("decimal", Some("2"), "text", text("12")),
        Value::Integer(12)
    );
    assert_eq!(view("real", None, "text", text("0.5")), Value::Real(0.5));
    assert_eq!(view("real", None, "int", text("0.50")), text("0.50"));
    assert_eq!(view("real", None, "int", 3), Value::Integer(3));
    assert_eq!(view("boolean", None, "bool:yes/no", 1), Value::Integer(1));
    assert_eq!(
        view("integer", None, "from-the-future", text("7")),
        text("7")
    );
}

#[test]
fn tokens_are_null_in_whatever_way_they_are_stored() {
    let null = |tokens: &[&str], column_type: &str, format, encoding: &str, stored: Value| {
        nullable_view(tokens, column_type, format, encoding, stored) == Value::Null
    };
    let na = ["NA", "-"];
    for (column_type, format, encoding) in [
        ("integer", None, "int"),
        ("integer", None, "text"),
        ("decimal", Some("2"), "fixed2"),
        ("boolean", Some("yes/no"), "bool:yes/no"),
        ("date", Some("%d/%m/%Y"), "text"),
        ("text", None, "text"),
        ("integer", None, "from-the-future"),
    ] {
        assert!(null(&na, column_type, format, encoding, text("NA")));
        assert!(null(&na, column_type, format, encoding, text("-")));
        assert!(!null(&na, column_type, format, encoding, text("na")));
        assert!(!null(&na, column_type, format, encoding, text("--")));
        assert!(!null(&[], column_type, format, encoding, text("NA")));
    }
    let (real, int) = (Value::Real, Value::Integer);
    assert!(null(&["-999"], "integer", None, "int", int(-999)));
    assert!(null(&["-999"], "integer", None, "text", text("-999")));
    assert!(!null(&["-999"], "integer", None, "int", int(999)));
    assert!(!null(&["0999"], "integer", None, "int", int(999)));
    assert!(null(&["-9.50"], "decimal", Some("2"), "fixed2", real(-9.5)));
    assert!(!null(&["-9.5"], "decimal", Some("2"), "fixed2", real(-9.5)));
    assert!(null(&["0.00"], "decimal", Some("2"), "fixed2", real(0.0)));
    assert!(null(&["0"], "decimal", Some("2"), "fixed2", int(0)));
    assert!(!null(&["0"], "decimal", Some("2"), "fixed2", real(0.0)));
    assert!(null(&["0.5"], "real", None, "short", real(0.5)));
    assert!(!null(&["0.50"], "real", None, "short", real(0.5)));
    assert!(null(&["no"], "text", None, "bool:yes/no", int(0)));
    assert!(!null(&["no"], "text", None, "bool:yes/no", int(1)));
    assert!(null(&["it's"], "text", None, "text", text("it's")));
    // Words that Rust reads as numbers are none to SQL.
    assert!(null(
        &["NaN", "inf", "1e5"],
        "real",
        None,
        "short",
        text("inf")
    ));
}

#[test]
fn booleans_are_shown_alike_however_they_are_stored() {
    let shown = |format, encoding, stored| view("boolean", Some(format), encoding, stored);
    for encoding in ["text", "int", "bool:true/false"] {
        assert_eq!(shown("yes/no", encoding, text("yes")), Value::Integer(1));
        assert_eq!(shown("yes/no", encoding, text("no")), Value::Integer(0));
        assert_eq!(shown("yes/no", encoding, text("nay")), text("nay"));
    }
    assert_eq!(
        shown("yes/no", "bool:true/false", Value::Integer(1)),
        text("true")
    );
    assert_eq!(shown("yes/no", "int", Value::Integer(1)), text("1"));
    assert_eq!(shown("1/0", "int", Value::Integer(1)), Value::Integer(1));
    assert_eq!(shown("1/0", "text", text("0")), Value::Integer(0));
    assert_eq!(
        view("integer", None, "bool:t/f", Value::Integer(1)),
        text("t")
    );
}

#[test]
fn publishing_leaves_the_view_alone_while_the_columns_stay() {
    let project = Project::new();
    project.import(&Csvish::new("a,\"b\"", &["1,x"]));
    let schema = project.number("PRAGMA schema_version");
    project.import(&Csvish::new("a,\"b\"", &["2,y"]));
    assert_eq!(project.number("PRAGMA schema_version"), schema);
    assert_eq!(project.text("SELECT a || \"\"\"b\"\"\" FROM orders"), "2y");
    project.import(&Csvish::new("a,c", &["3,z"]));
    assert_eq!(project.text("SELECT a || c FROM orders"), "3z");
}

#[test]
fn an_old_snapshot_has_a_view_of_its_own() {
    let project = Project::new();
    project.import(&Csvish::new("a", &["1", "2"]));
    project.import(&Csvish::new("a,b", &["1,x"]));
    let old = project.snapshot("snap1");
    project
        .conn
        .execute_batch(&temp_view_sql(&old, "orders@1"))
        .unwrap();
    assert_eq!(project.number("SELECT sum(a) FROM \"orders@1\""), 3);
    assert_eq!(project.number("SELECT count(*) FROM orders"), 1);
}
