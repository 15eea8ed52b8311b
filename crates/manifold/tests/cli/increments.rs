//! Incremental backups that are encrypted.

use std::path::Path;
use std::process::Command;

use serde_json::Value as Json;

use crate::encryption::{RECIPIENT, nothing_is_told, project};
use crate::folder::{Folder, listing};

/// Another pair of age.
const OTHER_RECIPIENT: &str = "age1ay0h0rzx37l8ykh9jz2yn2kvgqgk2vecc3zplx4a4mw02r6uhdhsd8y8ry";

const TO_ONE: [&str; 2] = ["--encrypt-to", RECIPIENT];

fn text(value: &Json) -> &str {
    value.as_str().unwrap()
}

fn number(backup: &Json, field: &str) -> u64 {
    backup[field].as_u64().unwrap()
}

fn increment(folder: &Folder, more: &[&str]) -> Json {
    let create = [
        "backup",
        "create",
        "markerproject",
        "--type",
        "incremental",
        "--to",
        "usb",
    ];
    folder.json(&[&create[..], more].concat())["backup"].clone()
}

/// Another version of the source, of which the first `same` rows are those of the others.
fn import(folder: &Folder, same: usize, version: usize) {
    let mut csv = "id,markercolumn\n".to_owned();
    for id in 0..same {
        csv.push_str(&format!("{id},markercell {}\n", (id * 7_919) % 10_007));
    }
    csv.push_str(&format!("{same},version {version}\n"));
    folder.write("in.csv", csv);
    folder.json(&[
        "import",
        "in.csv",
        "--project",
        "markerproject",
        "--source",
        "markersource",
    ]);
}

fn header(backup: &Json) -> Json {
    let path = Path::new(text(&backup["location"])).join("manifest.json");
    serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap()
}

fn segments_of(backup: &Json) -> Vec<String> {
    let header = header(backup);
    let names = header["segments"].as_array().unwrap().iter();
    names.map(|name| text(name).to_owned()).collect()
}

fn is_sound(folder: &Folder, backup: &Json) {
    for how in [&[][..], &["--drill"], &["--subset", "2/3"]] {
        let verify = ["backup", "verify", text(&backup["id"])];
        let verified = folder.json(&[&verify[..], how].concat());
        assert_eq!(verified["ok"], true, "{how:?}: {verified}");
    }
}

#[test]
fn who_has_the_same_key_shares_and_others_begin_anew() {
    let folder = project();
    import(&folder, 20_000, 1);
    let first = increment(&folder, &TO_ONE);
    let whole = number(&first, "new_bytes");
    assert_eq!(number(&first, "size_bytes"), whole);
    import(&folder, 20_000, 2);
    let second = increment(&folder, &TO_ONE);
    assert!(number(&second, "new_bytes") * 4 < whole, "{second}");
    let shared = segments_of(&first);
    assert!(
        shared
            .iter()
            .all(|name| segments_of(&second).contains(name))
    );
    nothing_is_told(&folder.path("usb"));

    // The same rows, without a key and with another one: other names, and nothing is shared.
    let open = increment(&folder, &[]);
    let other = increment(&folder, &["--encrypt-to", OTHER_RECIPIENT]);
    for anew in [&open, &other] {
        assert!(number(anew, "new_bytes") * 2 > whole, "{anew}");
        is_sound(&folder, anew);
    }
    let content = |name: &String| {
        let name = name.rsplit('/').next().unwrap();
        name.split('-').next().unwrap().to_owned()
    };
    let all = listing(&folder.path("usb/segments")).into_iter();
    let mut contents: Vec<String> = all
        .map(|(path, _)| content(&path.display().to_string()))
        .collect();
    let count = contents.len();
    contents.sort_unstable();
    contents.dedup();
    assert_eq!(contents.len(), count, "a name tells what is in two files");

    // And each goes on with its own.
    for (more, earlier) in [(&TO_ONE[..], &second), (&[][..], &open)] {
        let next = increment(&folder, more);
        assert!(number(&next, "new_bytes") * 4 < whole, "{next}");
        is_sound(&folder, &next);
        is_sound(&folder, earlier);
    }
}

#[test]
fn a_key_opens_it_elsewhere_and_a_wrong_one_says_so() {
    let folder = project();
    import(&folder, 500, 1);
    increment(&folder, &["--passphrase-file", "word"]);
    import(&folder, 500, 2);
    let made = increment(&folder, &["--passphrase-file", "word"]);
    let (other, place) = (Folder::new(), text(&made["location"]));
    let path = |name: &str| folder.path(name).display().to_string();
    assert_eq!(other.fails(&["restore", place]).1, "backup_locked");
    for (flag, file) in [
        ("--passphrase-file", "other-word"),
        ("--identity-file", "me.key"),
    ] {
        let wrong = ["restore", place, flag, &path(file)];
        assert_eq!(other.fails(&wrong).1, "wrong_key");
    }
    let right = ["restore", place, "--passphrase-file", &path("word")];
    let restored = other.json(&right);
    let tables = restored["compared"]["tables"].as_array().unwrap();
    assert!(tables.iter().all(|table| table["hash_equal"] == true));
    let scanned = other.json(&["backup", "scan", &path("usb")]);
    assert_eq!(scanned["added"].as_array().unwrap().len(), 2, "{scanned}");
    is_sound(&other, &made);
}

#[test]
fn what_nobody_needs_is_collected_without_the_key() {
    let folder = project();
    import(&folder, 500, 1);
    let first = increment(&folder, &TO_ONE);
    import(&folder, 500, 2);
    let second = increment(&folder, &TO_ONE);
    folder.json(&[
        "snapshot",
        "delete",
        "markerproject",
        "markersource@3",
        "--yes",
    ]);
    import(&folder, 500, 3);
    let third = increment(&folder, &TO_ONE);
    let keys = folder.path("data/keys");
    let away = folder.path("keys away");
    #[expect(clippy::disallowed_methods, reason = "a crash of a test loses nothing")]
    std::fs::rename(&keys, &away).unwrap();
    let segments = || listing(&folder.path("usb/segments")).len();
    let before = segments();
    // What the list of the third cannot be read of, nobody knows that it is not needed.
    let readable = Path::new(text(&third["location"])).join("manifest.json");
    let sound = std::fs::read(&readable).unwrap();
    let mut damaged = sound.clone();
    let at = damaged.len() / 2;
    damaged[at] ^= 1;
    #[expect(clippy::disallowed_methods, reason = "a test damages it")]
    std::fs::write(&readable, &damaged).unwrap();
    let said = folder.run(&["backup", "delete", text(&second["id"]), "--yes"]);
    assert_eq!(said.code, 0, "{}", said.stderr);
    assert_eq!(segments(), before);
    #[expect(clippy::disallowed_methods, reason = "a test mends it")]
    std::fs::write(&readable, &sound).unwrap();
    folder.json(&["backup", "delete", text(&first["id"]), "--yes"]);
    let needed = segments_of(&third);
    let left: Vec<String> = listing(&folder.path("usb/segments"))
        .into_iter()
        .map(|(path, _)| {
            let inner = path.strip_prefix(folder.path("usb")).unwrap();
            inner.to_str().unwrap().to_owned()
        })
        .collect();
    assert_eq!(left, needed);
    #[expect(clippy::disallowed_methods, reason = "a crash of a test loses nothing")]
    std::fs::rename(&away, &keys).unwrap();
    is_sound(&folder, &third);
    folder.json(&["backup", "delete", text(&third["id"]), "--yes"]);
    assert_eq!(segments(), 0);
}

#[test]
fn a_list_of_segments_that_was_changed_is_noticed() {
    let folder = project();
    import(&folder, 500, 1);
    let made = increment(&folder, &TO_ONE);
    let path = Path::new(text(&made["location"])).join("manifest.json");
    let mut document = header(&made);
    let fields = document.as_object_mut().unwrap();
    fields.shift_remove("checksum");
    fields["segments"].as_array_mut().unwrap().pop();
    let checksum = format!(
        "blake3:{}",
        blake3::hash(document.to_string().as_bytes()).to_hex()
    );
    document["checksum"] = checksum.into();
    #[expect(clippy::disallowed_methods, reason = "a test changes it")]
    std::fs::write(&path, document.to_string()).unwrap();
    let said = folder.run(&["backup", "verify", text(&made["id"]), "--json"]);
    assert_eq!(said.code, 1);
    assert!(said.stdout.contains("other segments"), "{}", said.stdout);
}

/// As `docs/BACKUP_PLACES.md` says.
#[test]
fn a_person_restores_it_with_age() {
    for tool in ["age", "jq", "zstd", "sqlite3"] {
        let found = Command::new(tool).arg("--version").output();
        if !found.is_ok_and(|found| found.status.success()) {
            eprintln!("skipped: {tool} is not installed, so restoring by hand was not tried");
            return;
        }
    }
    let folder = project();
    import(&folder, 500, 1);
    increment(&folder, &TO_ONE);
    import(&folder, 400, 2);
    let made = increment(&folder, &TO_ONE);
    folder.write("usb/me.key", folder.read("me.key"));
    let page = |name: &str| {
        let docs = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs");
        std::fs::read_to_string(docs.join(name)).unwrap()
    };
    let places = page("BACKUP_PLACES.md");
    let (_, script) = places
        .split_once("### An incremental backup by hand")
        .unwrap();
    let (_, script) = script.split_once("```sh\n").unwrap();
    let (opens, _) = script.split_once("```").unwrap();
    let format = page("BACKUP_FORMAT.md");
    let (_, script) = format.split_once("### By hand").unwrap();
    let (_, script) = script.split_once("```sh\n").unwrap();
    let (restores, _) = script.split_once("```").unwrap();
    let name = Path::new(text(&made["location"])).file_name().unwrap();
    let opens = opens.replace("NAME", name.to_str().unwrap());
    let ran = Command::new("sh")
        .args(["-c", &format!("{opens}\n{restores}")])
        .env("HOME", folder.path("."))
        .current_dir(folder.path("usb"))
        .output()
        .unwrap();
    assert!(
        ran.status.success(),
        "{}",
        String::from_utf8_lossy(&ran.stderr)
    );
    assert_eq!(String::from_utf8_lossy(&ran.stdout), "ok\n");
    let restored = folder.path("usb/open/backup/restored.db");
    let rows = Command::new("sqlite3")
        .arg(&restored)
        .arg("SELECT count(*) FROM d1")
        .output()
        .unwrap();
    let expected = made["tables"].as_array().unwrap().iter();
    let expected = expected.filter(|table| table["name"] == "d1");
    let expected: Vec<_> = expected
        .map(|table| format!("{}\n", table["rows"]))
        .collect();
    assert_eq!([String::from_utf8_lossy(&rows.stdout)], expected.as_slice());
}
