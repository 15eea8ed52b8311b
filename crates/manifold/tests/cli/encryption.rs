//! Encrypted backups: nothing is readable without the key, and with it everything comes back.

use std::path::Path;
use std::process::Command;

use serde_json::{Value as Json, json};

use crate::folder::{Folder, listing};

/// A pair of age.
pub(crate) const IDENTITY: &str =
    "AGE-SECRET-KEY-1J6GE3WDT90D3DYCJVFJX0HFTTVXL0RRWT66DS33T09LT6G8ZV75Q3ZF5F4";
pub(crate) const RECIPIENT: &str = "age1pvhk4q4905dcxynwyt8du8y0r42sndf7sqw27p38yudlrpx9a45qw8h27f";

/// What stands in names and cells.
const MARKERS: [&str; 5] = [
    "markerproject",
    "markersource",
    "markercolumn",
    "markercell",
    "markernote",
];

fn text(value: &Json) -> &str {
    value.as_str().unwrap()
}

pub(crate) fn project() -> Folder {
    let folder = Folder::new();
    folder.write("in.csv", "id,markercolumn\n1,markercell\n2,b\n");
    folder.json(&[
        "import",
        "in.csv",
        "--project",
        "markerproject",
        "--create-project",
        "--source",
        "markersource",
    ]);
    folder.write("me.key", format!("{IDENTITY}\n"));
    folder.write("word", "correct horse\n");
    folder.write("other-word", "wrong horse\n");
    folder
}

fn create(folder: &Folder, more: &[&str]) -> Json {
    let create = [
        "backup",
        "create",
        "markerproject",
        "--to",
        "usb",
        "--description",
        "markernote",
    ];
    folder.json(&[&create[..], more].concat())["backup"].clone()
}

/// Nothing in the place tells what is saved.
pub(crate) fn nothing_is_told(place: &Path) {
    let found = listing(place);
    assert!(found.len() >= 4, "{found:?}");
    for (path, _) in found {
        let name = path
            .strip_prefix(place)
            .unwrap()
            .to_str()
            .unwrap()
            .to_owned();
        let bytes = std::fs::read(&path).unwrap();
        for marker in MARKERS {
            let told = bytes
                .windows(marker.len())
                .any(|window| window == marker.as_bytes());
            assert!(!told && !name.contains(marker), "{marker} in {name}");
        }
    }
}

#[test]
fn nothing_is_told_and_all_comes_back() {
    let folder = project();
    for kind in ["sqlite", "csv", "full", "incremental"] {
        for compress in [false, true] {
            let mut more = vec!["--type", kind, "--encrypt-to", RECIPIENT];
            more.extend(compress.then_some("--compress"));
            let made = create(&folder, &more);
            let id = text(&made["id"]);
            // The data folder needs nobody to open it.
            let verified = folder.json(&["backup", "verify", id]);
            assert_eq!(verified["ok"], true, "{verified}");
        }
    }
    nothing_is_told(&folder.path("usb"));
    // One key for all.
    assert_eq!(listing(&folder.path("usb/keys")).len(), 1);

    let other = Folder::new();
    let place = folder.path("usb").display().to_string();
    let identity = folder.path("me.key").display().to_string();
    let scanned = other.json(&["backup", "scan", &place, "--dry-run"]);
    let unreadable = scanned["unreadable"].as_array().unwrap();
    assert_eq!(unreadable.len(), 8);
    assert!(
        unreadable
            .iter()
            .all(|found| found["code"] == "backup_locked"),
        "{scanned}"
    );
    let one = text(&unreadable[1]["location"]).to_owned();
    let (code, error) = other.error(&["restore", &one]);
    assert_eq!((code, text(&error["code"])), (1, "backup_locked"));
    assert!(
        text(&error["message"]).contains("--identity-file"),
        "{error}"
    );
    let restored = other.json(&["restore", &one, "--identity-file", &identity]);
    assert_eq!(restored["project"]["name"], "markerproject");
    // From here on the data folder has the key.
    let scanned = other.json(&["backup", "scan", &place]);
    assert_eq!(scanned["added"].as_array().unwrap().len(), 8);
    for backup in scanned["backups"].as_array().unwrap() {
        assert_eq!(
            other.json(&["backup", "verify", text(&backup["id"])])["ok"],
            true
        );
    }
}

#[test]
fn a_passphrase_opens_and_a_wrong_one_says_so() {
    let folder = project();
    let made = create(&folder, &["--passphrase-file", "word"]);
    create(&folder, &["--passphrase-file", "word"]);
    nothing_is_told(&folder.path("usb"));
    assert_eq!(listing(&folder.path("usb/keys")).len(), 1);
    let wrong = [
        "backup",
        "create",
        "markerproject",
        "--to",
        "usb",
        "--passphrase-file",
        "other-word",
    ];
    assert_eq!(folder.fails(&wrong).1, "wrong_key");
    let other = Folder::new();
    let (location, path) = (text(&made["location"]), |name| {
        folder.path(name).display().to_string()
    });
    for (flag, file) in [
        ("--passphrase-file", "other-word"),
        ("--identity-file", "me.key"),
    ] {
        let (_, error) = other.error(&["restore", location, flag, &path(file)]);
        assert_eq!(error["code"], "wrong_key");
        assert!(text(&error["message"]).contains(&path(file)), "{error}");
    }
    folder.write("empty", "");
    let empty = ["restore", location, "--passphrase-file", &path("empty")];
    assert_eq!(other.fails(&empty).1, "no_passphrase");
    other.json(&["restore", location, "--passphrase-file", &path("word")]);
    let bad = [
        "backup",
        "create",
        "markerproject",
        "--encrypt-to",
        "age1nobody",
    ];
    assert_eq!(folder.fails(&bad).1, "bad_recipient");
}

#[test]
fn files_that_are_cut_swapped_or_missing_are_named() {
    let folder = project();
    let kinds = ["--type", "csv", "--encrypt-to", RECIPIENT];
    let (one, two) = (create(&folder, &kinds), create(&folder, &kinds));
    let file = |backup: &Json, name: &str| format!("{}/{name}", text(&backup["location"]));
    let id = text(&one["id"]);
    let damaged = |name: &str| {
        let said = folder.run(&["backup", "verify", id, "--json"]);
        let document: Json = serde_json::from_str(&said.stdout).unwrap();
        assert_eq!(
            (said.code, &document["ok"]),
            (1, &json!(false)),
            "{document}"
        );
        assert!(document.to_string().contains(name), "{name}: {document}");
    };
    let change = |name: &str, bytes: &[u8]| {
        let path = file(&one, name);
        let whole = std::fs::read(&path).unwrap();
        #[expect(clippy::disallowed_methods, reason = "a test damages it")]
        std::fs::write(&path, bytes).unwrap();
        damaged(name);
        #[expect(clippy::disallowed_methods, reason = "a test mends it")]
        std::fs::write(&path, whole).unwrap();
    };
    for name in ["0001.age", "manifest.age"] {
        let whole = std::fs::read(file(&one, name)).unwrap();
        change(name, &whole[..whole.len() - 1]);
        change(name, &std::fs::read(file(&two, name)).unwrap());
    }
    change("0001.age", &std::fs::read(file(&one, "0002.age")).unwrap());
    std::fs::remove_file(file(&one, "0002.age")).unwrap();
    damaged("0002.age");
    // The place has lost the key.
    let other = Folder::new();
    let kept = listing(&folder.path("usb/keys"))[0].0.clone();
    std::fs::remove_file(&kept).unwrap();
    let identity = folder.path("me.key").display().to_string();
    let restore = [
        "restore",
        text(&two["location"]),
        "--identity-file",
        &identity,
    ];
    let (_, error) = other.error(&restore);
    assert_eq!(error["code"], "backup_file_missing");
    assert!(
        text(&error["message"]).contains(kept.to_str().unwrap()),
        "{error}"
    );
    // The next backup puts it back.
    create(&folder, &kinds);
    other.json(&restore);
}

/// As `docs/BACKUP_PLACES.md` says.
#[test]
fn a_person_restores_with_age() {
    let age = Command::new("age").arg("--version").output();
    if !age.is_ok_and(|age| age.status.success()) {
        eprintln!("skipped: age is not installed, so restoring by hand was not tried");
        return;
    }
    let folder = project();
    let made = create(
        &folder,
        &["--type", "sqlite", "--compress", "--encrypt-to", RECIPIENT],
    );
    let script = r#"
        set -eu
        key=$(sed -n 's/.*"key": "\([0-9a-f]*\)".*/\1/p' "$1/manifest.json")
        age -d -i me.key "$1/../keys/$key.age" > repo.key
        age -d -i repo.key "$1/manifest.age" > manifest.json
        grep -q '"0001.age": "project.db"' manifest.json
        age -d -i repo.key "$1/0001.age" > project.db.zst
    "#;
    let ran = Command::new("sh")
        .args(["-c", script, "sh", text(&made["location"])])
        .current_dir(folder.path("."))
        .output()
        .unwrap();
    assert!(
        ran.status.success(),
        "{}",
        String::from_utf8_lossy(&ran.stderr)
    );
    let bytes = folder.read("project.db.zst");
    assert_eq!(bytes[..4], [0x28, 0xb5, 0x2f, 0xfd], "a file of zstd");
    let manifest: Json = serde_json::from_slice(&folder.read("manifest.json")).unwrap();
    assert_eq!(manifest["project"]["name"], "markerproject");
}
