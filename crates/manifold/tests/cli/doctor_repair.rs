//! The doctor repairs: a lost hub, a damaged project, and what is asked before.

use serde_json::{Value as Json, json};

use crate::folder::Folder;

/// Everything that a command shows of projects, sources, versions, imports, backups and settings.
fn shown(folder: &Folder) -> Vec<Json> {
    let commands: [&[&str]; 7] = [
        &["project", "list"],
        &["source", "list", "p"],
        &["snapshot", "list", "p"],
        &["import-history"],
        &["backup", "list"],
        &["settings", "list"],
        &["query", "p", "SELECT * FROM t"],
    ];
    let mut shown: Vec<Json> = commands
        .iter()
        .map(|command| folder.json(command))
        .collect();
    shown[6]["elapsed_ms"] = Json::Null;
    shown
}

/// A folder with two projects, one of them with two versions and two backups in two places, and one in the trash.
fn store() -> Folder {
    let folder = Folder::new();
    folder.json(&["settings", "set", "store.durability", "full"]);
    folder.import("t.csv", "a,b\n1,x\n2,y\n", &[]);
    folder.import("t.csv", "a,b\n1,x\n3,z\n", &[]);
    folder.json(&["project", "describe", "p", "of cars"]);
    folder.ok(&["project", "create", "other"]);
    folder.ok(&["project", "create", "trashed"]);
    folder.ok(&["project", "delete", "trashed", "--yes"]);
    let place = folder.path("elsewhere").display().to_string();
    folder.json(&["backup", "create", "p", "--type", "full"]);
    folder.json(&["backup", "create", "p", "--type", "sqlite", "--to", &place]);
    folder
}

/// Without what no file but the hub's knows: the jobs that made backups.
fn without_jobs(mut shown: Vec<Json>) -> Vec<Json> {
    for backup in shown[4]["backups"].as_array_mut().unwrap() {
        let fields = backup.as_object_mut().unwrap();
        for field in ["job_id", "created_at", "completed_at", "state"] {
            fields.remove(field);
        }
    }
    shown
}

#[test]
fn a_lost_hub_is_rebuilt_from_its_copy_and_the_files() {
    let folder = store();
    // The copy was taken after the first command; what is newer comes from the files.
    let before = shown(&folder);
    std::fs::remove_file(folder.path("data/core.db")).unwrap();
    for arguments in [&["project", "list"][..], &["init"], &["settings", "list"]] {
        assert_eq!(folder.fails(arguments), (1, "hub_missing".to_owned()));
    }
    assert!(
        !folder.path("data/core.db").exists(),
        "an empty hub was made"
    );
    assert_eq!(
        folder.fails(&["doctor", "--repair"]),
        (2, "needs_yes".to_owned())
    );
    let planned = folder.run(&["doctor", "--repair", "--dry-run", "--json"]);
    assert_eq!(planned.code, 1, "{}", planned.stdout);
    assert!(!folder.path("data/core.db").exists());

    let repaired = folder.json(&["doctor", "--repair", "--yes"]);
    let found = &repaired["findings"][0];
    assert_eq!(
        (&found["class"], &found["repaired"]),
        (&json!("missing_file"), &json!(true)),
        "{repaired}"
    );
    assert_eq!(folder.ok(&["doctor"]), "No problem found.\n");
    // A place that only a newer hub than the copy knows is not found by itself.
    let place = folder.path("elsewhere");
    let mut wanted = without_jobs(before);
    let mut found = without_jobs(shown(&folder));
    let known = |shown: &mut Vec<Json>| {
        let backups = shown[4]["backups"].as_array_mut().unwrap();
        backups.retain(|backup| {
            !backup["location"]
                .as_str()
                .unwrap()
                .starts_with(place.to_str().unwrap())
        });
        assert_eq!(backups.len(), 1);
    };
    known(&mut wanted);
    known(&mut found);
    assert_eq!(found, wanted);
    folder.ok(&["project", "undelete", "trashed"]);
}

#[test]
fn a_damaged_hub_is_rebuilt_without_any_copy() {
    let folder = store();
    let before = without_jobs(shown(&folder));
    std::fs::remove_dir_all(folder.path("data/hub-copies")).unwrap();
    let hub = folder.read("data/core.db");
    folder.write("data/core.db", &hub[..hub.len() / 2]);
    folder.json(&["doctor", "--repair", "--yes"]);
    assert_eq!(folder.ok(&["doctor"]), "No problem found.\n");
    let after = without_jobs(shown(&folder));
    for index in [0, 1, 2, 3, 6] {
        assert_eq!(after[index], before[index]);
    }
    assert_eq!(after[4]["backups"].as_array().unwrap().len(), 1);
    let kept: Vec<_> = std::fs::read_dir(folder.path("data/quarantine"))
        .unwrap()
        .collect();
    assert_eq!(kept.len(), 2, "the damaged hub and its note: {kept:?}");
}

#[test]
fn a_damaged_project_says_the_ways_out_and_comes_back() {
    let folder = store();
    let backup = folder.json(&["backup", "list", "p"])["backups"][0]["id"]
        .as_str()
        .unwrap()
        .to_owned();
    let path = folder.json(&["project", "show", "p"])["project"]["path"]
        .as_str()
        .unwrap()
        .to_owned();
    let before = shown(&folder)[6].clone();
    let sound = std::fs::read(&path).unwrap();
    #[expect(clippy::disallowed_methods, reason = "a crash of a test loses nothing")]
    std::fs::write(&path, &sound[..sound.len() / 2]).unwrap();
    for arguments in [
        &["query", "p", "SELECT * FROM t"][..],
        &["snapshot", "list", "p"],
        &["source", "list", "p"],
    ] {
        let (code, error) = folder.error(arguments);
        assert_eq!(
            (code, &error["code"]),
            (1, &json!("quarantined")),
            "{arguments:?} {error}"
        );
        let message = error["message"].as_str().unwrap();
        assert!(
            message.contains(&format!("manifold restore {backup} --in-place")),
            "{message}"
        );
        assert!(message.contains("manifold project salvage"), "{message}");
    }
    assert_eq!(
        folder.json(&["project", "show", "p"])["project"]["state"],
        "quarantined"
    );
    let listed = folder.run(&["project", "list"]);
    assert!(
        listed.stderr.contains("p is in quarantine"),
        "{}",
        listed.stderr
    );
    folder.ok(&["source", "list", "other"]);

    let salvaged = folder.json(&["project", "salvage", "p"]);
    assert_eq!(salvaged["project"]["name"], "p (salvaged)");
    folder.json(&["restore", &backup, "--in-place", "--yes"]);
    let after = shown(&folder)[6].clone();
    assert_eq!(after["rows"], before["rows"]);
    assert_eq!(folder.ok(&["doctor"]), "No problem found.\n");
    assert_eq!(
        folder.fails(&["project", "salvage", "p", "--as", "q"]),
        (1, "not_damaged".to_owned())
    );
}

#[test]
fn the_hub_is_copied_once_an_hour() {
    let folder = Folder::new();
    folder.ok(&["project", "create", "a"]);
    folder.ok(&["project", "create", "b"]);
    let copies = || {
        std::fs::read_dir(folder.path("data/hub-copies"))
            .unwrap()
            .map(|entry| entry.unwrap().path())
            .collect::<Vec<_>>()
    };
    let [first] = &copies()[..] else {
        panic!("{:?}", copies())
    };
    let hour = std::time::Duration::from_secs(3_700);
    let opened = std::fs::File::options().write(true).open(first).unwrap();
    opened
        .set_modified(std::time::SystemTime::now() - hour)
        .unwrap();
    folder.ok(&["project", "create", "c"]);
    assert_eq!(copies().len(), 2);
}
