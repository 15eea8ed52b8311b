//! The doctor: what it finds, how it says so, what it exits with.

use std::path::{Path, PathBuf};

use serde_json::{Value as Json, json};

use crate::changed_database::changed;
use crate::folder::{Folder, listing};

/// A folder with two projects, and the file of the first one.
fn two_projects() -> (Folder, PathBuf) {
    let folder = Folder::new();
    folder.import("t.csv", "a\n1\n2\n", &[]);
    folder.ok(&["project", "create", "other"]);
    let path = folder.json(&["project", "show", "p"])["project"]["path"]
        .as_str()
        .unwrap()
        .to_owned();
    (folder, path.into())
}

/// The exit code and the findings, which must not be empty.
fn findings(folder: &Folder) -> (i32, Vec<Json>) {
    let said = folder.run(&["doctor", "--json"]);
    let document: Json = serde_json::from_str(&said.stdout).unwrap();
    assert_eq!(document["ok"], said.code == 0, "{document}");
    let findings = document["findings"].as_array().unwrap().clone();
    assert!(!findings.is_empty());
    (said.code, findings)
}

fn write(path: &Path, bytes: &[u8]) {
    #[expect(clippy::disallowed_methods, reason = "a crash of a test loses nothing")]
    std::fs::write(path, bytes).unwrap();
}

/// A file of secrets that others may read.
#[cfg(unix)]
fn expose_secrets(folder: &Folder) {
    use std::os::unix::fs::PermissionsExt as _;
    folder.write("data/secrets.toml", "A = \"hunter2\"\n");
    let mode = std::fs::Permissions::from_mode(0o644);
    std::fs::set_permissions(folder.path("data/secrets.toml"), mode).unwrap();
}

#[test]
fn a_sound_folder_is_left_as_it_is() {
    let (folder, _) = two_projects();
    let before = listing(&folder.path("data"));
    assert_eq!(folder.ok(&["doctor"]), "No problem found.\n");
    assert_eq!(
        folder.json(&["doctor"]),
        json!({ "ok": true, "findings": [] })
    );
    assert_eq!(listing(&folder.path("data")), before);

    let empty = Folder::new();
    let said = empty.run(&["doctor"]);
    assert_eq!(
        (said.code, said.stdout.as_str()),
        (0, "No problem found.\n")
    );
    assert!(
        said.stderr.contains("There is no project in"),
        "{}",
        said.stderr
    );
    assert!(!empty.path("data").exists(), "looking makes nothing");
}

#[cfg(unix)]
#[test]
fn findings_are_grouped_and_say_where_and_what_to_do() {
    let (folder, path) = two_projects();
    std::fs::remove_file(path).unwrap();
    folder.write("data/projects/gone.db-wal", "log");
    expose_secrets(&folder);
    let said = folder.run(&["doctor"]);
    assert_eq!(said.code, 1);
    crate::folder::snapshots(&folder).bind(|| {
        insta::assert_snapshot!(
            "doctor",
            format!("{}--- stderr\n{}", said.stdout, said.stderr)
        );
    });
}

#[cfg(unix)]
#[test]
fn warnings_alone_are_no_failure() {
    let (folder, _) = two_projects();
    expose_secrets(&folder);
    let (code, found) = findings(&folder);
    assert_eq!(
        (code, &found[0]["class"], &found[0]["severity"]),
        (0, &json!("exposed_secrets"), &json!("warning"))
    );
}

#[test]
fn a_broken_project_is_a_finding_whatever_is_wrong_with_it() {
    let (folder, path) = two_projects();
    let sound = std::fs::read(&path).unwrap();
    let other = folder.json(&["project", "show", "other"])["project"]["path"]
        .as_str()
        .map(|other| std::fs::read(other).unwrap())
        .unwrap();
    let mut spoiled = sound.clone();
    spoiled[4_096 * 3..4_096 * 12].fill(0xA5);
    for (class, bytes) in [
        ("not_sqlite", &b""[..]),
        (
            "not_sqlite",
            b"a letter, and not a short one".repeat(50).as_slice(),
        ),
        ("corrupt", &sound[..sound.len() / 2]),
        ("corrupt", &spoiled),
        ("wrong_project", &other),
    ] {
        write(&path, bytes);
        let (code, found) = findings(&folder);
        assert_eq!((code, found.len()), (1, 1), "{class}: {found:?}");
        assert_eq!(
            (&found[0]["class"], &found[0]["path"], &found[0]["repaired"]),
            (
                &json!(class),
                &json!(path.display().to_string()),
                &json!(false)
            )
        );
        assert_eq!(std::fs::read(&path).unwrap(), bytes);
    }
}

#[test]
fn a_hub_that_cannot_be_opened_is_a_finding() {
    let (folder, _) = two_projects();
    let hub = folder.path("data/core.db");
    let sound = std::fs::read(&hub).unwrap();
    let mut spoiled = sound.clone();
    spoiled[4_096 * 10..4_096 * 20].fill(0xA5);
    let newer = changed(&sound, "PRAGMA user_version = 999");
    let foreign = changed(&sound, "PRAGMA application_id = 7");
    for (class, bytes) in [
        ("not_sqlite", &b""[..]),
        (
            "not_sqlite",
            b"a diary, which nobody should read".repeat(50).as_slice(),
        ),
        ("corrupt", &sound[..sound.len() / 2]),
        ("corrupt", &spoiled),
        ("newer_schema", &newer),
        ("not_manifold", &foreign),
    ] {
        write(&hub, bytes);
        let (code, found) = findings(&folder);
        assert_eq!((code, found.len()), (1, 1), "{class}: {found:?}");
        assert_eq!(
            (&found[0]["class"], &found[0]["project_id"]),
            (&json!(class), &Json::Null),
            "{found:?}"
        );
        assert_eq!(std::fs::read(&hub).unwrap(), bytes, "{class}");
    }

    std::fs::remove_file(&hub).unwrap();
    let (_, found) = findings(&folder);
    let repair = found[0]["repair"].as_str().unwrap();
    assert_eq!(found[0]["class"], "missing_file");
    assert!(
        repair.contains("the 2 files in the folder `projects`"),
        "{repair}"
    );
    assert!(!hub.exists(), "looking makes nothing");
    write(&hub, &sound);
    assert_eq!(folder.ok(&["doctor"]), "No problem found.\n");

    let elsewhere = folder.write("file", "").path("file");
    let said = folder.run(&[
        "doctor",
        "--json",
        "--data-dir",
        elsewhere.to_str().unwrap(),
    ]);
    assert!(
        said.code == 1 && said.stdout.contains("\"unreadable\""),
        "{}",
        said.stdout
    );
}
