//! Writing into a database.

use serde_json::json;

use crate::folder::Folder;

#[test]
fn a_table_is_made_equal_to_a_source() {
    let folder = Folder::new();
    folder.import("t.csv", "id,a\n1,x\n2,y\n", &["--key", "id"]);
    let to = format!("sqlite:{}", folder.path("there.db").display());
    let arguments = [
        "sync", "run", "p", "t", "--to", &to, "--table", "there", "--mode", "merge",
    ];
    let planned = folder.json(&[&arguments[..], &["--dry-run"]].concat());
    assert_eq!(planned["plan"]["inserted"], 2);
    assert_eq!(planned["plan"]["created_table"], true);
    let done = folder.json(&arguments);
    assert_eq!(done["sync"], planned["plan"]);
    assert_eq!(done["job"]["state"], "completed");
    folder.import("t.csv", "id,a\n1,X\n", &[]);
    let (_, refused) = folder.error(&arguments);
    assert_eq!(refused["code"], "too_many_deletions");
    let text = folder.ok(&[&arguments[..], &["--max-deletes", "100"]].concat());
    assert!(
        text.contains("0 rows inserted, 1 row updated, 1 row deleted"),
        "{text}"
    );
    let again = folder.json(&arguments);
    assert_eq!(again["sync"]["unchanged"], json!(true));
}

#[test]
fn a_secret_in_an_address_is_refused() {
    let folder = Folder::new();
    folder.import("t.csv", "id,a\n1,x\n", &[]);
    let to = "postgres://me:hunter2@h/db";
    let (_, refused) = folder.error(&["sync", "run", "p", "t", "--to", to, "--table", "t"]);
    assert_eq!(refused["code"], "secret_literal");
    assert!(!refused.to_string().contains("hunter2"));
}

#[test]
fn a_file_follows_a_source() {
    let folder = Folder::new();
    folder.import("t.csv", "id,a\n1,x\n2,y\n", &["--key", "id"]);
    let path = folder.path("out").with_extension("csv");
    let to = path.display().to_string();
    let sync = ["sync", "run", "p", "t", "--to", &to];
    let planned = folder.json(&[&sync[..], &["--dry-run"]].concat());
    assert_eq!(planned["plan"]["rows"], 2);
    assert!(!path.exists());
    let done = folder.json(&sync);
    assert_eq!(done["export"]["snapshot_number"], 1);
    folder.ok(&[
        "sync", "schedule", "p", "t", "--to", &to, "--cron", "@yearly", "--name", "out",
    ]);
    let listed = folder.json(&["sync", "list"]);
    assert_eq!(listed["syncs"][0]["schedules"][0]["name"], "out");
    // It is what the source is then, and an export wrote it, so nobody is asked.
    folder.import("t.csv", "id,a\n1,x\n2,z\n", &[]);
    folder.ok(&["schedule", "run", "out"]);
    folder.ok(&["worker", "--once"]);
    assert_eq!(std::fs::read_to_string(&path).unwrap(), "id,a\n1,x\n2,z\n");
    folder.ok(&["sync", "unschedule", "p", "t"]);
    // What is somebody's own is not replaced without a word.
    folder.write("own.csv", "mine\n");
    let own = folder.path("own.csv").display().to_string();
    folder.error(&["sync", "run", "p", "t", "--to", &own]);
    assert_eq!(std::fs::read_to_string(&own).unwrap(), "mine\n");
    let wrong = folder.error(&["sync", "run", "p", "t", "--to", "sqlite:/tmp/x.db"]);
    assert_eq!(wrong.1["code"], "usage");
    folder.error(&["sync", "run", "p", "t", "--to", &to, "--mode", "merge"]);
}
