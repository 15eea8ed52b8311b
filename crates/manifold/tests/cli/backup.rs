//! Backups: made, listed, checked, deleted.

use serde_json::{Value as Json, json};

use crate::folder::{Folder, listing};

/// A project with two snapshots of one source.
fn project() -> Folder {
    let folder = Folder::new();
    folder.import("t.csv", "id,v\n1,a\n2,b\n3,c\n", &["--key", "id"]);
    folder.import("t.csv", "id,v\n1,a\n3,C\n4,d\n", &[]);
    folder
}

fn create(folder: &Folder, more: &[&str]) -> Json {
    folder.json(&[&["backup", "create", "p"], more].concat())["backup"].clone()
}

fn text(value: &Json) -> &str {
    value.as_str().unwrap()
}

#[test]
fn each_type_is_made_listed_and_verified() {
    let folder = project();
    for (number, kind) in ["sqlite", "csv", "full"].into_iter().enumerate() {
        for compress in [false, true] {
            let mut arguments = vec!["--type", kind];
            arguments.extend(compress.then_some("--compress"));
            let made = create(&folder, &arguments);
            assert_eq!(
                (&made["type"], &made["state"], &made["compressed"]),
                (&json!(kind), &json!("completed"), &json!(compress))
            );
            // 3 rows at first, then one closed, one changed and one new.
            assert_eq!(
                (&made["snapshot_count"], &made["total_records"]),
                (&json!(2), &json!(5))
            );
            assert_eq!(made["verified_at"], Json::Null);
            let id = text(&made["id"]);
            let verified = folder.json(&["backup", "verify", id]);
            assert_eq!(
                (&verified["ok"], &verified["job"]["state"]),
                (&json!(true), &json!("completed"))
            );
            assert!(verified["backup"]["verified_at"].is_string());
            let checks = verified["checks"].as_array().unwrap();
            assert!(checks.len() >= 3 && checks.iter().all(|check| check["ok"] == true));
        }
        let listed = folder.json(&["backup", "list", "p"]);
        assert_eq!(
            listed["backups"].as_array().unwrap().len(),
            2 * (number + 1)
        );
    }
    let newest = &folder.json(&["backup", "list"])["backups"][0];
    let mut shown = folder.json(&["backup", "show", text(&newest["id"])])["backup"].clone();
    let new = shown.as_object_mut().unwrap().shift_remove("new_bytes");
    assert_eq!(new.as_ref(), Some(&newest["size_bytes"]));
    assert_eq!(shown, *newest);
    assert_eq!(newest["project_name"], "p");
}

#[test]
fn increments_share_what_they_have_in_common_until_the_last_goes() {
    let folder = project();
    let increment = || create(&folder, &["--type", "incremental"]);
    let first = increment();
    assert_eq!(first["type"], "incremental");
    assert_eq!(first["new_bytes"], first["size_bytes"]);
    assert_eq!(first["total_records"], 5);
    folder.import("t.csv", "id,v\n1,a\n3,C\n4,e\n", &[]);
    let second = increment();
    let number = |backup: &Json, field: &str| backup[field].as_u64().unwrap();
    assert!(number(&second, "new_bytes") < number(&second, "size_bytes"));
    let id = text(&second["id"]);
    let shown = folder.json(&["backup", "show", id])["backup"].clone();
    assert_eq!(shown["new_bytes"], second["new_bytes"]);
    assert!(folder.ok(&["backup", "show", id]).contains("\nnew "));
    assert_eq!(folder.json(&["backup", "verify", id])["ok"], true);

    let place = std::path::Path::new(text(&first["location"])).parent();
    let shared = place.unwrap().join("segments");
    let segments = || listing(&shared).len();
    assert_eq!(segments(), 5);
    let gone = folder.json(&["backup", "delete", text(&first["id"]), "--yes"]);
    let freed = gone["bytes_freed"].as_u64().unwrap();
    assert!(freed > 0 && freed < number(&first, "size_bytes"));
    assert_eq!(segments(), 5);
    let restored = folder.json(&["restore", id, "--as", "back"]);
    let tables = restored["compared"]["tables"].as_array().unwrap();
    assert!(
        tables
            .iter()
            .any(|table| table["name"] == "d1" && table["rows_restored"] == 6)
    );
    folder.json(&["backup", "delete", id, "--yes"]);
    assert_eq!(segments(), 0);
}

#[test]
fn a_folder_elsewhere_is_named_from_the_working_folder() {
    let folder = project();
    let made = create(
        &folder,
        &[
            "--to",
            "usb",
            "--without-data",
            "--description",
            "the sources",
        ],
    );
    let location = std::path::Path::new(text(&made["location"]));
    assert!(
        location.is_absolute() && location.starts_with(folder.path("usb").canonicalize().unwrap())
    );
    assert_eq!(
        (&made["with_data"], &made["total_records"]),
        (&json!(false), &json!(0))
    );
    assert_eq!(made["description"], "the sources");
    let shown = folder.json(&["backup", "show", text(&made["location"])]);
    for field in [
        "id",
        "project_id",
        "type",
        "size_bytes",
        "tables",
        "description",
    ] {
        assert_eq!(shown["backup"][field], made[field], "{field}");
    }
    let manifest = format!("{}/manifest.json", location.display());
    assert_eq!(folder.json(&["backup", "verify", &manifest])["ok"], true);
}

#[test]
fn damage_is_found_and_named() {
    let folder = project();
    let made = create(&folder, &["--type", "csv"]);
    let file = std::path::Path::new(text(&made["location"])).join("snapshots.csv");
    let mut bytes = std::fs::read(&file).unwrap();
    let last = bytes.len() - 2;
    bytes[last] ^= 1;
    folder.write(file.to_str().unwrap(), bytes);
    let id = text(&made["id"]);
    let said = folder.run(&["backup", "verify", id, "--json"]);
    let document: Json = serde_json::from_str(&said.stdout).unwrap();
    assert_eq!(
        (said.code, &document["ok"], &document["job"]["state"]),
        (1, &json!(false), &json!("completed"))
    );
    assert_eq!(document["backup"]["verified_at"], Json::Null);
    let error: Json = serde_json::from_str(&said.stderr).unwrap();
    assert_eq!(error["error"]["code"], "backup_unusable");
    assert!(
        text(&error["error"]["message"]).contains("snapshots.csv"),
        "{error}"
    );
    let table = folder.run(&["backup", "verify", id]);
    assert!(
        table.stdout.contains("DAMAGED  snapshots.csv"),
        "{}",
        table.stdout
    );
    assert_eq!(
        folder.fails(&["restore", id, "--as", "q"]).1,
        "backup_damaged"
    );
    assert_eq!(
        folder.json(&["project", "list"])["projects"]
            .as_array()
            .unwrap()
            .len(),
        1
    );
}

#[test]
fn a_backup_is_deleted_with_its_files_and_only_with_a_yes() {
    let folder = project();
    let (first, second) = (create(&folder, &[]), create(&folder, &[]));
    let id = text(&first["id"]);
    assert_eq!(
        folder.fails(&["backup", "delete", id]),
        (2, "needs_yes".to_owned())
    );
    let plan = |id| folder.json(&["backup", "delete", id, "--dry-run"])["plan"]["is_last"].clone();
    assert_eq!(plan(id), false);
    assert!(!listing(text(&first["location"]).as_ref()).is_empty());
    assert_eq!(
        folder.json(&["backup", "delete", id, "--yes"])["deleted"]["id"],
        id
    );
    assert!(!std::path::Path::new(text(&first["location"])).exists());
    assert_eq!(
        folder.fails(&["backup", "show", id]),
        (1, "not_found".to_owned())
    );
    let id = text(&second["id"]);
    assert_eq!(plan(id), true);
    let (_, error) = folder.error(&["backup", "delete", id]);
    assert!(
        text(&error["message"]).contains("the only backup of p"),
        "{error}"
    );
}

#[test]
fn what_cannot_be_saved_or_found_says_so() {
    let folder = project();
    folder.write("file", "");
    for (arguments, expected) in [
        (&["backup", "create", "q"][..], (1, "not_found")),
        (
            &["backup", "create", "p", "--to", "s3://bucket/x"],
            (1, "place_unreachable"),
        ),
        (
            &["backup", "create", "p", "--to", "ftp://host/x"],
            (2, "bad_address"),
        ),
        (&["backup", "create", "p", "--type", "tape"], (2, "usage")),
        (&["backup", "list", "q"], (1, "not_found")),
        (&["backup", "show", "nothing"], (1, "not_found")),
        (&["backup", "verify", "./nothing"], (1, "not_a_backup")),
        (&["backup", "verify", "file"], (1, "not_a_backup")),
        (&["backup", "delete", "nothing", "--yes"], (1, "not_found")),
    ] {
        let (code, name) = folder.fails(arguments);
        assert_eq!((code, name.as_str()), expected, "{arguments:?}");
    }
    let said = folder.run(&["backup", "create", "p", "--to", "file", "--json"]);
    let document: Json = serde_json::from_str(&said.stdout).unwrap();
    assert_eq!(
        (said.code, &document["job"]["state"], &document["backup"]),
        (1, &json!("failed"), &Json::Null)
    );
    assert!(said.stderr.contains("file"), "{}", said.stderr);
}
