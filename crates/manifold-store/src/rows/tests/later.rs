use super::super::{Change, Counts, ImportError, ImportOptions, Listing, Outcome, diff};
use super::csvish::Csvish;
use super::deleting::delete_latest;
use super::project::Project;

fn counts(added: i64, removed: i64, changed: i64, moved: i64) -> impl Fn(&Counts) -> bool {
    move |c| (c.added, c.removed, c.changed, c.moved) == (added, removed, changed, moved)
}

#[test]
fn only_what_differs_is_written() {
    let project = Project::new();
    let first = Csvish::new("id,name", &["1,a", "2,b", "3,c", "4,d"]);
    project.import_keyed(&first, &["id"]);
    let second = Csvish::new("id,name", &["1,a", "5,e", "3,x", "4,d"]);
    let summary = project.import_keyed(&second, &["ID"]);
    assert!(counts(1, 1, 1, 0)(&summary.counts), "{:?}", summary.counts);
    assert_eq!(summary.duplicate_keys, Some(0));
    assert_eq!(project.number("SELECT count(*) FROM d7"), 6);
    assert_eq!(project.rows(&project.snapshot("snap1")), first.shown());
    assert_eq!(project.rows(&project.latest()), second.shown());
}

#[test]
fn without_a_key_a_changed_row_is_another_row() {
    let project = Project::new();
    project.import(&Csvish::new("id,name", &["1,a", "2,b", "2,b"]));
    let summary = project.import(&Csvish::new("id,name", &["1,a", "2,b", "2,x", "2,b"]));
    assert!(counts(1, 0, 0, 0)(&summary.counts), "{:?}", summary.counts);
    assert_eq!(summary.duplicate_keys, None);
}

#[test]
fn one_moved_row_is_one_new_version() {
    let project = Project::new();
    let lines: Vec<String> = (0..5000).map(|i| format!("{i},x")).collect();
    let mut lines: Vec<&str> = lines.iter().map(String::as_str).collect();
    project.import_keyed(&Csvish::new("id,name", &lines), &["id"]);
    let row = lines.remove(4500);
    lines.insert(3, row);
    let moved = Csvish::new("id,name", &lines);
    let summary = project.import_keyed(&moved, &["id"]);
    assert!(counts(0, 0, 0, 1)(&summary.counts), "{:?}", summary.counts);
    assert_eq!(project.rows(&project.latest()), moved.shown());
}

#[test]
fn repeated_keys_are_counted() {
    let project = Project::new();
    let input = Csvish::new("id,name", &["1,a", "1,b", "2,c", "1,d"]);
    assert_eq!(
        project.import_keyed(&input, &["id"]).duplicate_keys,
        Some(2)
    );
    let again = ImportOptions {
        always: true,
        key_columns: vec!["id".into()],
        ..project.options()
    };
    assert_eq!(project.import_with(&input, &again).duplicate_keys, Some(2));
}

#[test]
fn a_missing_key_column_is_named_beside_those_there_are() {
    let project = Project::new();
    let options = ImportOptions {
        key_columns: vec!["nr".into()],
        ..project.options()
    };
    let error = project
        .try_import(&Csvish::new("id,name", &["1,a"]), &options)
        .unwrap_err();
    assert!(matches!(error, ImportError::MissingKeyColumn { .. }));
    assert_eq!(
        error.to_string(),
        "key column `nr` is not in the input, which has: id, name"
    );
}

#[test]
fn an_equal_input_changes_nothing_unless_asked_to() {
    let project = Project::new();
    let input = Csvish::new("a", &["1", "2"]);
    project.import(&input);
    project
        .conn
        .execute(
            "INSERT INTO import_history(id, source_id, source_name, file_name, format, rows, rejected, state, started_at) \
             VALUES ('h', 's1', 'orders', 'f.csv', 'csv', 0, 0, 'running', '2026-11-22T11:00:00+00:00')",
            [],
        )
        .unwrap();
    let options = ImportOptions {
        history_id: Some("h".into()),
        ..project.options()
    };
    let outcome = project.try_import(&input, &options).unwrap();
    assert_eq!(
        outcome,
        Outcome::Unchanged {
            snapshot_id: "snap1".into()
        }
    );
    assert_eq!(
        project.text("SELECT state || rows || snapshot_id FROM import_history"),
        "unchanged2snap1"
    );
    let before = project.state();
    project.try_import(&input, &project.options()).unwrap();
    assert_eq!(project.state(), before);
    let summary = project.import_with(
        &input,
        &ImportOptions {
            always: true,
            ..project.options()
        },
    );
    assert_eq!(summary.number, 2);
}

#[test]
fn equal_bytes_that_mean_something_else_are_not_unchanged() {
    let project = Project::new();
    let mut one = Csvish::new("a,b", &["1,2"]);
    let mut other = Csvish::new("a;b", &["1"]);
    (one.hash, other.hash) = (Some("h".into()), Some("h".into()));
    project.import(&one);
    project.import(&other);
    assert_eq!(project.rows(&project.latest()), ["1"]);
}

#[test]
fn columns_are_followed_by_name_by_values_and_back_from_older_snapshots() {
    let project = Project::new();
    let lines = ["1,u1,x", "2,u2,y", "3,u3,z"];
    let phys = |summary: &super::super::SnapshotSummary| {
        summary
            .columns
            .iter()
            .map(|column| column.phys)
            .collect::<Vec<_>>()
    };
    project.import(&Csvish::new("id,mail,note", &lines));
    // `MAIL` differs by case; `remark` holds what `note` held.
    let renamed = project.import(&Csvish::new("id,MAIL,remark", &lines));
    assert_eq!(phys(&renamed), [1, 2, 3]);
    assert!(counts(0, 0, 0, 0)(&renamed.counts));
    let fewer = project.import(&Csvish::new("id,MAIL", &["1,u1", "2,u2", "3,u3"]));
    assert!(counts(0, 0, 0, 0)(&fewer.counts));
    // `remark` comes back and is compared with what is stored; `x` is new and filled in place.
    let back = project.import(&Csvish::new(
        "remark,x,id,MAIL",
        &["x,5,1,u1", "y,,2,u2", "q,7,3,u3"],
    ));
    assert_eq!(phys(&back), [3, 4, 1, 2]);
    assert!(counts(1, 1, 0, 0)(&back.counts), "{:?}", back.counts);
    assert_eq!(
        project.rows(&project.latest()),
        ["x,5,1,u1", "y,NULL,2,u2", "q,7,3,u3"]
    );
    assert_eq!(
        project.rows(&project.snapshot("snap1")),
        ["1,u1,x", "2,u2,y", "3,u3,z"]
    );
    // A column that only the deleted snapshot listed comes back as a new one.
    delete_latest(&project);
    let again = project.import(&Csvish::new("id,MAIL,x", &["1,u1,", "2,u2,", "3,u3,"]));
    assert_eq!(phys(&again), [1, 2, 5]);
    assert_eq!(
        project.rows(&project.latest()),
        ["1,u1,NULL", "2,u2,NULL", "3,u3,NULL"]
    );
}

#[test]
fn one_table_takes_1990_columns_and_says_so() {
    let project = Project::new();
    let header = |prefix: &str, n: usize| {
        (0..n)
            .map(|i| format!("{prefix}{i}"))
            .collect::<Vec<_>>()
            .join(",")
    };
    let wide = Csvish::new(&header("a", 1990), &[]);
    project.import(&wide);
    assert_eq!(project.number("SELECT count(*) FROM orders"), 0);
    let error = project
        .try_import(&Csvish::new(&header("b", 3), &[]), &project.options())
        .unwrap_err();
    assert!(
        matches!(
            error,
            ImportError::TooManyColumns {
                needed: 1993,
                stored: 1990,
                limit: 1990
            }
        ),
        "{error}"
    );
    let other = Project::new();
    assert!(
        other
            .try_import(&Csvish::new(&header("a", 1991), &[]), &other.options())
            .is_err()
    );
    assert_eq!(
        other.number("SELECT count(*) FROM sqlite_schema WHERE name = 'd7'"),
        0
    );
}

#[test]
fn an_order_is_stored_when_no_position_is_left() {
    let project = Project::new();
    let mut lines = vec!["first".to_owned(), "last".to_owned(), "end".to_owned()];
    for i in 0..60 {
        let input: Vec<&str> = lines.iter().map(String::as_str).collect();
        let summary = project.import(&Csvish::new("a", &input));
        assert_eq!(summary.counts.moved, 0);
        assert_eq!(project.rows(&project.latest()), input);
        // Always between the first row and the one put there last: each halves the room.
        lines.insert(1, format!("row{i}"));
    }
    assert!(
        project.latest().order_id.is_some(),
        "positions never ran out"
    );
    assert_eq!(project.number("SELECT count(*) FROM d7"), 62);
    for number in 1..=60 {
        let snapshot = project.snapshot(&format!("snap{number}"));
        assert_eq!(project.rows(&snapshot).len(), number + 2);
    }
}

#[test]
fn newest_first_files_never_run_out_of_positions() {
    let project = Project::new();
    let mut lines = vec!["0".to_owned()];
    for i in 1..80 {
        let input: Vec<&str> = lines.iter().map(String::as_str).collect();
        let summary = project.import(&Csvish::new("a", &input));
        assert_eq!(summary.counts.moved, 0);
        assert_eq!(project.latest().order_id, None);
        lines.insert(0, i.to_string());
    }
}

#[test]
fn a_diff_pairs_rows_by_key_and_shows_them_in_order() {
    let project = Project::new();
    project
        .conn
        .execute("UPDATE data_sources SET key_columns = '[\"id\"]'", [])
        .unwrap();
    let key = &["id"];
    project.import_keyed(
        &Csvish::new("id,v", &["1,a", "2,b", "3,c", "4,d", "5,e"]),
        key,
    );
    project.import_keyed(
        &Csvish::new("id,v,w", &["5,e,1", "1,a,1", "2,B,1", "6,f,1", "4,d,1"]),
        key,
    );
    let (from, to) = (project.snapshot("snap1"), project.snapshot("snap2"));
    let found = diff(&project.conn, &from, &to, Listing::first(10), None).unwrap();
    assert_eq!(
        (found.added, found.removed, found.changed, found.moved),
        (1, 1, 1, 1)
    );
    assert_eq!(found.key, [0]);
    assert!(found.columns[2].from.is_none());
    let kinds: Vec<_> = found
        .changes
        .iter()
        .map(|change| match change {
            Change::Added { .. } => "+",
            Change::Removed { .. } => "-",
            Change::Changed { .. } => "~",
            Change::Moved { .. } => "m",
        })
        .collect();
    assert_eq!(kinds, ["m", "~", "-", "+"]);
    let Change::Changed { before, after } = &found.changes[1] else {
        panic!()
    };
    assert!(matches!(before.cell(1), super::super::Cell::Text(b"b")));
    assert!(matches!(after.cell(1), super::super::Cell::Text(b"B")));
    assert!(before.cell(2).is_null());
    let back = diff(&project.conn, &to, &from, Listing::first(1), None).unwrap();
    assert_eq!(
        (back.added, back.removed, back.changed, back.moved),
        (1, 1, 1, 1)
    );
    assert_eq!(back.changes.len(), 1);
    let unkeyed = diff(&project.conn, &from, &to, Listing::first(0), Some(&[])).unwrap();
    assert_eq!(
        (
            unkeyed.added,
            unkeyed.removed,
            unkeyed.changed,
            unkeyed.moved
        ),
        (2, 2, 0, 1)
    );
}

#[test]
fn a_row_that_was_put_back_does_not_differ() {
    let project = Project::new();
    for line in ["1,a", "1,b", "1,a"] {
        project.import_keyed(&Csvish::new("id,v", &["0,z", line, "2,z"]), &["id"]);
    }
    let (from, to) = (project.snapshot("snap1"), project.snapshot("snap3"));
    let found = diff(
        &project.conn,
        &from,
        &to,
        Listing::first(10),
        Some(&["id".into()]),
    )
    .unwrap();
    assert_eq!(
        (found.added, found.removed, found.changed, found.moved),
        (0, 0, 0, 0)
    );
}
