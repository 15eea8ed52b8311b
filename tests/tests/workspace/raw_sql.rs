//! Every line of raw SQL for our databases, and all that opens a database file, is in `manifold-store`.

use std::collections::BTreeSet;

use regex::Regex;

use crate::sources::{Source, line_at};

/// SQL, and what runs a text as SQL.
const RAW_SQL: &str = r#"(?x)
    \bPRAGMA\b | \bsqlite_(schema|master)\b | \bVACUUM\b | \bATTACH\s+DATABASE\b
    | \bSELECT\b[^";]*\bFROM\b | \bINSERT\s+(OR\s+[A-Z]+\s+)?INTO\b | \bREPLACE\s+INTO\b
    | \bUPDATE\b[^";]*\bSET\b | \bDELETE\s+FROM\b
    | \b(CREATE|DROP|ALTER)\s+(TEMP\s+|TEMPORARY\s+|UNIQUE\s+)?(TABLE|VIEW|INDEX|TRIGGER)\b
    | \bStatement::from_ | \bexecute_unprepared\b | \b(rusqlite|sqlx|sqlx_core|libsqlite3_sys)::
"#;

/// In a line that tells a person what to type.
const EXAMPLES: [&str; 2] = ["manifold query ", "manifold export "];

/// Folders of what is said to databases elsewhere, which are not ours.
const ELSEWHERE: [&str; 3] = [
    "crates/manifold-jobs/src/database/",
    "crates/manifold-jobs/src/origin/database/",
    "crates/manifold-jobs/src/target/",
];

/// File, a part of the line, and why it may stand there.
const ALLOWED: &[(&str, &str, &str)] = &[(
    "crates/manifold/src/commands/import/summary.rs",
    "SELECT * FROM {view} LIMIT 10",
    "the end of such a line",
)];

#[test]
fn raw_sql_is_only_in_the_store() {
    let pattern = Regex::new(RAW_SQL).unwrap();
    let (mut found, mut used) = (Vec::new(), BTreeSet::new());
    for source in Source::rust() {
        if source.path.starts_with("crates/manifold-store/") || source.is_test() {
            continue;
        }
        let code = source.code();
        if ELSEWHERE
            .iter()
            .any(|folder| source.path.starts_with(folder))
        {
            // Files, also those of other programs, are opened by the store.
            let opens = ["rusqlite::", "libsqlite3_sys::", "SqliteConnection::"];
            assert!(
                !opens.iter().any(|open| code.contains(open)),
                "{}",
                source.path
            );
            continue;
        }
        for hit in pattern.find_iter(&code) {
            let number = line_at(&code, hit.start());
            let line = code.lines().nth(number - 1).unwrap_or_default().trim();
            if EXAMPLES.iter().any(|example| line.contains(example)) {
                continue;
            }
            let allowed = ALLOWED
                .iter()
                .position(|(path, part, _)| source.path == *path && line.contains(part));
            match allowed {
                Some(entry) => _ = used.insert(entry),
                None => found.push(format!("{}:{number}: {line}", source.path)),
            }
        }
    }
    assert!(
        found.is_empty(),
        "move it into manifold-store:\n{}",
        found.join("\n")
    );
    assert_eq!(
        used.len(),
        ALLOWED.len(),
        "an entry of ALLOWED is about nothing any more"
    );
}

#[test]
fn raw_sql_is_told_from_other_text() {
    let pattern = Regex::new(RAW_SQL).unwrap();
    for sql in [
        "PRAGMA user_version",
        "SELECT id FROM projects",
        "SELECT id \\\n    FROM projects",
        "INSERT OR IGNORE INTO jobs",
        "UPDATE jobs\n SET state = 'x'",
        "DROP VIEW IF EXISTS x",
        "CREATE TEMP VIEW x",
        "rusqlite::Connection::open(path)",
    ] {
        assert!(pattern.is_match(sql), "{sql}");
    }
    for other in [
        "Select a row from the list",
        "jobs::Entity::update_many().set(x)",
        "\"SELECT\"; \"FROM\"",
    ] {
        assert!(!pattern.is_match(other), "{other}");
    }
}
