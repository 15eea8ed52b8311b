//! Backups that a policy does not keep are deleted.

use serde_json::{Value as Json, json};

use crate::folder::Folder;

fn project() -> Folder {
    let folder = Folder::new();
    folder.import("t.csv", "id,v\n1,a\n2,b\n", &["--key", "id"]);
    folder
}

fn create(folder: &Folder, more: &[&str]) -> String {
    let made = folder.json(&[&["backup", "create", "p"], more].concat());
    made["backup"]["id"].as_str().unwrap().to_owned()
}

fn verified(folder: &Folder, more: &[&str]) -> String {
    let id = create(folder, more);
    assert_eq!(folder.json(&["backup", "verify", &id])["ok"], true);
    id
}

fn prune(folder: &Folder, more: &[&str]) -> Json {
    folder.json(&[&["backup", "prune", "p", "--keep-last", "1"], more].concat())
}

fn ids(list: &Json) -> Vec<&str> {
    let list = list.as_array().unwrap();
    list.iter()
        .map(|item| item["backup"]["id"].as_str().unwrap())
        .collect()
}

fn location(folder: &Folder, id: &str) -> std::path::PathBuf {
    let shown = folder.json(&["backup", "show", id]);
    shown["backup"]["location"].as_str().unwrap().into()
}

#[test]
fn only_verified_backups_count_and_only_they_are_deleted() {
    let folder = project();
    let oldest = verified(&folder, &[]);
    let newest_good = verified(&folder, &["--type", "csv"]);
    let without_data = verified(&folder, &["--without-data"]);
    let unverified = create(&folder, &[]);
    let plan = prune(&folder, &["--dry-run"])["plan"].clone();
    assert_eq!(ids(&plan["deleted"]), [&oldest]);
    assert_eq!(
        ids(&plan["kept"]),
        [&unverified, &without_data, &newest_good]
    );
    let reasons: Vec<_> = plan["kept"]
        .as_array()
        .unwrap()
        .iter()
        .map(|kept| &kept["reasons"])
        .collect();
    assert_eq!(
        reasons,
        [
            &json!(["unverified"]),
            &json!(["newest", "last"]),
            &json!(["newest", "last"])
        ]
    );
    let files = location(&folder, &oldest);
    assert!(files.exists(), "a dry run changes nothing");
    assert_eq!(
        folder.fails(&["backup", "prune", "p", "--keep-last", "1"]),
        (2, "needs_yes".to_owned())
    );
    let done = prune(&folder, &["--yes"]);
    assert_eq!(ids(&done["deleted"]), [&oldest]);
    assert_eq!(done["job"]["state"], "completed");
    assert!(done["bytes_freed"].as_u64().unwrap() > 0);
    assert!(!files.exists());
    assert_eq!(
        folder.fails(&["backup", "show", &oldest]),
        (1, "not_found".to_owned())
    );
    // The same again finds nothing to do, and asks nothing.
    assert_eq!(prune(&folder, &[])["deleted"], json!([]));
}

#[test]
fn a_backup_that_was_found_damaged_or_is_away_counts_no_more() {
    let folder = project();
    let good = verified(&folder, &["--type", "csv"]);
    let damaged = verified(&folder, &["--type", "csv"]);
    let away = verified(&folder, &["--to", "usb"]);
    let file = location(&folder, &damaged).join("snapshots.csv");
    let mut bytes = std::fs::read(&file).unwrap();
    bytes.push(b'\n');
    folder.write(file.to_str().unwrap(), bytes);
    assert_eq!(folder.run(&["backup", "verify", &damaged]).code, 1);
    std::fs::remove_dir_all(folder.path("usb")).unwrap();
    let plan = prune(&folder, &["--dry-run"])["plan"].clone();
    assert_eq!(
        plan["deleted"],
        json!([]),
        "the good one is the only one left"
    );
    assert_eq!(ids(&plan["kept"]), [&away, &damaged, &good]);
    assert_eq!(plan["kept"][0]["reasons"], json!(["missing"]));
    assert_eq!(plan["kept"][1]["reasons"], json!(["unverified"]));
}

#[test]
fn nothing_is_deleted_after_a_backup_that_failed() {
    let folder = project();
    verified(&folder, &[]);
    verified(&folder, &[]);
    folder.write("file", "");
    assert_eq!(
        folder.run(&["backup", "create", "p", "--to", "file"]).code,
        1
    );
    let arguments = ["backup", "prune", "--keep-last", "1", "--yes"];
    assert_eq!(
        folder.fails(&arguments),
        (1, "last_backup_failed".to_owned())
    );
    let listed = folder.json(&["backup", "list", "p"]);
    let completed = listed["backups"].as_array().unwrap().iter();
    assert_eq!(
        completed
            .filter(|backup| backup["state"] == "completed")
            .count(),
        2
    );
    verified(&folder, &[]);
    assert_eq!(ids(&folder.json(&arguments)["deleted"]).len(), 2);
}

#[test]
fn a_policy_must_be_given() {
    let folder = project();
    assert_eq!(
        folder.fails(&["backup", "prune", "p"]),
        (2, "usage".to_owned())
    );
}
