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
