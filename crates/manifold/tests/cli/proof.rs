//! What proves that backups can be restored: drills, parts, statistics, the backup of a time, differences.

use serde_json::Value as Json;

use crate::folder::Folder;

const FIRST: &str = "id,v\n1,a\n2,b\n3,c\n";
const SECOND: &str = "id,v\n1,a\n2,B\n4,d\n";

/// A project with two snapshots, and the id of a backup of that state.
fn saved(kind: &str) -> (Folder, String) {
    let folder = Folder::new();
    folder.import("t.csv", FIRST, &["--key", "id"]);
    folder.import("t.csv", SECOND, &[]);
    let made = folder.json(&["backup", "create", "p", "--type", kind]);
    let id = made["backup"]["id"].as_str().unwrap().to_owned();
    (folder, id)
}

#[test]
fn a_drill_says_what_it_did_and_is_written_down() {
    for kind in ["sqlite", "csv", "full"] {
        let (folder, id) = saved(kind);
        let shown = folder.json(&["project", "show", "p"]);
        assert_eq!(shown["project"]["last_proven_restore_at"], Json::Null);
        let drilled = folder.json(&["backup", "verify", &id, "--drill"]);
        assert_eq!(drilled["ok"], true, "{drilled}");
        assert_eq!(
            (&drilled["drill"], &drilled["subset"]),
            (&Json::Bool(true), &Json::Null)
        );
        let checks = drilled["checks"].as_array().unwrap();
        let names: Vec<_> = checks
            .iter()
            .map(|check| check["name"].as_str().unwrap())
            .collect();
        for name in [
            "manifest",
            "contents",
            "opening",
            "database",
            "views",
            "snapshots",
            "tables",
            "live project",
        ] {
            assert!(names.contains(&name), "{kind}: {name} in {names:?}");
        }
        let proven = &drilled["backup"]["last_proven_restore_at"];
        assert!(proven.is_string());
        let shown = folder.json(&["project", "show", "p"]);
        assert_eq!(&shown["project"]["last_proven_restore_at"], proven);
        assert_eq!(
            folder.json(&["project", "list"])["projects"]
                .as_array()
                .unwrap()
                .len(),
            1
        );
        let text = folder.ok(&["backup", "verify", &id, "--drill"]);
        assert!(text.contains("ok       snapshots: 2 have"), "{text}");
    }
}

#[test]
fn a_part_of_a_backup_is_read() {
    let (folder, id) = saved("csv");
    for part in ["1/2", "2/2"] {
        let verified = folder.json(&["backup", "verify", &id, "--subset", part]);
        assert_eq!(
            (&verified["ok"], &verified["subset"]),
            (&Json::Bool(true), &Json::from(part))
        );
        assert_eq!(verified["backup"]["verified_at"], Json::Null);
    }
    for wrong in ["0/2", "3/2", "2", "a/b", ""] {
        let failed = folder.fails(&["backup", "verify", &id, "--subset", wrong]);
        assert_eq!(failed, (2, "usage".to_owned()), "{wrong}");
    }
    let both = folder.fails(&["backup", "verify", &id, "--subset", "1/2", "--drill"]);
    assert_eq!(both, (2, "usage".to_owned()));
}

#[test]
fn what_backups_come_to() {
    let (folder, id) = saved("sqlite");
    folder.ok(&["backup", "create", "p", "--type", "csv"]);
    folder.ok(&["backup", "verify", &id, "--drill"]);
    let stats = folder.json(&["backup", "stats"]);
    let (project, total) = (&stats["projects"][0], &stats["total"]);
    assert_eq!(project["project_name"], "p");
    assert_eq!(
        (&project["count"], &project["failed"]),
        (&Json::from(2), &Json::from(0))
    );
    assert_eq!(
        (&project["verified"], &project["proven"]),
        (&Json::from(1), &Json::from(1))
    );
    assert_eq!(project["types"].as_array().unwrap().len(), 2);
    assert_eq!(total["size_bytes"], project["size_bytes"]);
    assert_eq!(total["project_id"], Json::Null);
    let shown = folder.json(&["backup", "show", &id]);
    assert_eq!(
        project["last_proven_restore_at"],
        shown["backup"]["last_proven_restore_at"]
    );
    assert!(
        folder
            .ok(&["backup", "stats", "p"])
            .contains("1 csv, 1 sqlite")
    );
    assert_eq!(
        folder.fails(&["backup", "stats", "q"]),
        (1, "not_found".to_owned())
    );
    let empty = Folder::new();
    assert_eq!(empty.json(&["backup", "stats"])["total"]["count"], 0);
}

#[test]
fn the_newest_backup_of_a_time_is_restored() {
    let (folder, first) = saved("sqlite");
    folder.import("t.csv", "id,v\n9,z\n", &[]);
    let second = folder.json(&["backup", "create", "p"]);
    let created = |backup: &Json| backup["created_at"].as_str().unwrap().to_owned();
    let first_at = created(&folder.json(&["backup", "show", &first])["backup"]);
    let second_at = created(&second["backup"]);
    let at = |time: &str, name: &str| {
        folder.json(&["restore", "--project", "p", "--at", time, "--as", name])
    };
    let restored = at(&second_at, "second");
    assert_eq!(restored["chosen"]["backup_id"], second["backup"]["id"]);
    assert_eq!(restored["chosen"]["older_by_ms"], 0);
    let restored = at(&first_at, "first");
    assert_eq!(restored["chosen"]["backup_id"], first.as_str());
    assert_eq!(
        at("2999-01-01", "later")["chosen"]["backup_id"],
        second["backup"]["id"]
    );
    let count = "SELECT count(*) AS n FROM t";
    assert_eq!(
        folder.ok(&["query", "first", count, "--format", "csv"]),
        "n\n3\n"
    );
    assert_eq!(
        folder.ok(&["query", "later", count, "--format", "csv"]),
        "n\n1\n"
    );

    let early = ["restore", "--project", "p", "--at", "2001-01-01"];
    let (code, error) = folder.error(&early);
    assert_eq!((code, &error["code"]), (1, &Json::from("not_found")));
    let year = &first_at[..4];
    assert!(error["hint"].as_str().unwrap().contains(year), "{error}");
    for wrong in [
        &["restore", "--project", "p"][..],
        &["restore", "--at", "2026-01-01"],
        &["restore", &first, "--project", "p", "--at", "2026-01-01"],
        &["restore", "--project", "p", "--at", "yesterday"],
        &["restore"],
    ] {
        assert_eq!(folder.fails(wrong), (2, "usage".to_owned()), "{wrong:?}");
    }
    let said = folder.run(&[
        "restore",
        "--project",
        "p",
        "--at",
        "2999-01-01",
        "--as",
        "talk",
    ]);
    assert!(said.stderr.contains("before that time"), "{}", said.stderr);
    // A project that is gone is known by its id.
    let id = second["backup"]["project_id"].as_str().unwrap();
    folder.ok(&["project", "delete", "p", "--yes"]);
    folder.ok(&["project", "trash", "empty", "--yes"]);
    let back = folder.json(&["restore", "--project", id, "--at", "2999-01-01"]);
    assert_eq!(back["project"]["name"], "p");
}

#[test]
fn what_a_restore_would_change_is_shown_row_by_row() {
    let (folder, id) = saved("full");
    folder.import("t.csv", "id,v\n1,a\n2,changed\n5,e\n", &[]);
    let dry = ["restore", &id, "--in-place", "--diff", "--dry-run"];
    let document = folder.json(&dry);
    assert_eq!(document["dry_run"], true);
    let source = &document["diff"]["sources"][0];
    assert_eq!(
        (&source["name"], &source["fate"]),
        (&Json::from("t"), &Json::from("changed"))
    );
    assert_eq!(
        (&source["added"], &source["removed"], &source["changed"]),
        (&Json::from(1), &Json::from(1), &Json::from(1))
    );
    assert_eq!(source["snapshots_gone"][0], 3);
    let changes = source["changes"].as_array().unwrap();
    assert_eq!(changes[0]["op"], "~");
    assert_eq!(changes[0]["before"]["v"], "changed");
    assert_eq!(changes[0]["after"]["v"], "B");
    let text = folder.ok(&dry);
    assert!(text.contains("changed → B"), "{text}");
    let limited = folder.json(&[&dry[..], &["--limit", "1"]].concat());
    assert_eq!(
        limited["diff"]["sources"][0]["changes"]
            .as_array()
            .unwrap()
            .len(),
        1
    );

    let restored = folder.json(&["restore", &id, "--in-place", "--diff", "--yes"]);
    assert_eq!(restored["diff"]["sources"][0]["changed"], 1);
    let same = folder.json(&dry);
    assert_eq!(same["diff"]["sources"].as_array().unwrap().len(), 0);
    assert_eq!(same["diff"]["same_sources"], 1);
    assert!(folder.ok(&dry).contains("as it was saved"));
    let usage = folder.fails(&["restore", &id, "--diff"]);
    assert_eq!(usage, (2, "usage".to_owned()));
}

#[test]
fn drills_and_pruning_are_scheduled() {
    let (folder, id) = saved("sqlite");
    let cron = ["--cron", "0 4 * * *"];
    let schedule = |job: &[&str]| {
        let command = [&["backup", "schedule", "p"], &cron[..], job].concat();
        folder.json(&command)["schedule"].clone()
    };
    let made = ["backup", "verify", "drill"].map(|job| schedule(&["--job", job]));
    assert_eq!(made[0]["kind"], "backup_project");
    for (made, name) in made[1..].iter().zip(["verify", "drill"]) {
        assert_eq!(
            (&made["kind"], &made["name"]),
            (&Json::from("check_backup"), &Json::from(name))
        );
    }
    let pruning = schedule(&["--job", "prune", "--keep-last", "3"]);
    assert_eq!(pruning["kind"], "prune_backups");
    for wrong in [
        &["--job", "prune"][..],
        &["--job", "drill", "--type", "csv"],
        &["--job", "verify", "--keep-last", "1"],
        &["--job", "prune", "--keep-last", "1", "--compress"],
    ] {
        let command = [&["backup", "schedule", "p"], &cron[..], wrong].concat();
        assert_eq!(folder.fails(&command), (2, "usage".to_owned()), "{wrong:?}");
    }

    folder.ok(&["schedule", "run", "drill"]);
    folder.ok(&["worker", "--once"]);
    let shown = folder.json(&["backup", "show", &id]);
    assert!(shown["backup"]["last_proven_restore_at"].is_string());
    let jobs = folder.json(&["job", "list", "--kind", "check_backup"]);
    assert_eq!(jobs["jobs"][0]["result"]["backup_id"], id.as_str());
    assert_eq!(jobs["jobs"][0]["state"], "completed");

    // Damage is a failure.
    let folder_of_backup = shown["backup"]["location"].as_str().unwrap();
    std::fs::remove_file(std::path::Path::new(folder_of_backup).join("project.db")).unwrap();
    folder.ok(&["schedule", "run", "verify"]);
    folder.run(&["worker", "--once"]);
    let failed = folder.json(&["job", "list", "--kind", "check_backup", "--state", "failed"]);
    assert_eq!(failed["jobs"][0]["error"]["code"], "backup_damaged");

    let gone = folder.json(&["backup", "unschedule", "p", "--job", "drill"]);
    assert_eq!(gone["deleted"][0]["name"], "drill");
    let left = folder.json(&["schedule", "list"]);
    assert_eq!(left["schedules"].as_array().unwrap().len(), 3);
    let again = folder.fails(&["backup", "unschedule", "p", "--job", "drill"]);
    assert_eq!(again, (1, "not_found".to_owned()));
}
