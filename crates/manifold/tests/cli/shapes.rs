//! The JSON documents, field by field. A change here is a change of the contract: add, never rename or remove.

use crate::folder::{Folder, snapshots};

fn backup_id(folder: &Folder) -> String {
    let listed = folder.json(&["backup", "list"]);
    listed["backups"][0]["id"].as_str().unwrap().to_owned()
}

#[test]
fn documents_have_their_fields() {
    let folder = Folder::new();
    folder.write(
        "planes.csv",
        "tailnum,year,price\nN1,2004,1.50\nN2,,2.00\nx,y,z,1\n",
    );
    let document = |arguments: &[&str]| folder.ok(&[arguments, &["--json"]].concat());
    let job = || {
        let listed: serde_json::Value = serde_json::from_str(&document(&["job", "list"])).unwrap();
        listed["jobs"][0]["id"].as_str().unwrap().to_owned()
    };
    let documents = [
        (
            "project-create",
            document(&["project", "create", "aviation", "--description", "planes"]),
        ),
        (
            "import",
            document(&[
                "import",
                "planes.csv",
                "--project",
                "aviation",
                "--key",
                "tailnum",
            ]),
        ),
        (
            "import-plan",
            document(&[
                "import",
                "planes.csv",
                "--project",
                "aviation",
                "--always",
                "--dry-run",
            ]),
        ),
        ("project-list", document(&["project", "list"])),
        ("source-list", document(&["source", "list", "aviation"])),
        ("snapshot-list", document(&["snapshot", "list", "aviation"])),
        (
            "snapshot-rows",
            document(&["snapshot", "rows", "aviation", "planes@1"]),
        ),
        (
            "snapshot-diff",
            document(&["snapshot", "diff", "aviation", "planes@1", "planes@1"]),
        ),
        (
            "snapshot-rejects",
            document(&["snapshot", "rejects", "aviation", "planes@1"]),
        ),
        (
            "query",
            document(&["query", "aviation", "SELECT tailnum, price FROM planes"]),
        ),
        ("import-history", document(&["import-history"])),
        ("settings-list", document(&["settings", "list"])),
        (
            "export",
            document(&[
                "export", "aviation", "--source", "planes", "--to", "out.csv",
            ]),
        ),
        (
            "backup-create",
            document(&["backup", "create", "aviation", "--without-data"]),
        ),
        ("backup-list", document(&["backup", "list"])),
        (
            "restore",
            document(&[
                "restore",
                &backup_id(&folder),
                "--in-place",
                "--yes",
                "--dry-run",
            ]),
        ),
        (
            "backup-verify",
            document(&["backup", "verify", &backup_id(&folder)]),
        ),
        (
            "backup-schedule",
            document(&[
                "backup",
                "schedule",
                "aviation",
                "--cron",
                "30 2 * * *",
                "--time-zone",
                "Europe/Berlin",
                "--on-failure-command",
                "notify-send",
                "no backup",
                ";",
            ]),
        ),
        ("schedule-list", document(&["schedule", "list"])),
        ("schedule-show", document(&["schedule", "show", "backup"])),
        (
            "schedule-disable",
            document(&["schedule", "disable", "backup"]),
        ),
        (
            "schedule-delete-plan",
            document(&["schedule", "delete", "backup", "--dry-run"]),
        ),
        (
            "backup-unschedule",
            document(&["backup", "unschedule", "aviation"]),
        ),
        ("job-prune-plan", document(&["job", "prune", "--dry-run"])),
        ("job-prune", document(&["job", "prune"])),
        (
            "backup-delete",
            document(&["backup", "delete", &backup_id(&folder), "--yes"]),
        ),
        (
            "snapshot-delete",
            document(&["snapshot", "delete", "aviation", "planes@1", "--yes"]),
        ),
        (
            "secret-set",
            folder
                .command(&["source", "secret", "set", "TOKEN", "--json"])
                .write_stdin("hunter2")
                .output()
                .map(|said| String::from_utf8(said.stdout).unwrap())
                .unwrap(),
        ),
        ("secret-list", document(&["source", "secret", "list"])),
        ("job-list", document(&["job", "list"])),
        ("job-show", document(&["job", "show", &job()])),
        ("job-logs", document(&["job", "logs", &job()])),
        ("job-explain", document(&["job", "explain", &job()])),
        ("job-stats", document(&["job", "stats"])),
        ("job-pause", document(&["job", "pause", "nightly"])),
        ("log", document(&["log"])),
        (
            "project-delete-plan",
            document(&["project", "delete", "aviation", "--dry-run"]),
        ),
        (
            "project-delete",
            document(&["project", "delete", "aviation", "--yes"]),
        ),
        (
            "project-trash-list",
            document(&["project", "trash", "list"]),
        ),
        (
            "project-trash-empty-plan",
            document(&["project", "trash", "empty", "--dry-run"]),
        ),
        (
            "project-trash-stats",
            document(&["project", "trash", "stats"]),
        ),
        (
            "project-undelete",
            document(&["project", "undelete", "aviation"]),
        ),
        (
            "project-export-file",
            document(&["project", "export-file", "aviation", "aviation.db"]),
        ),
        (
            "project-adopt",
            document(&["project", "adopt", "aviation.db", "--as", "again"]),
        ),
        ("sync-run", {
            let from = r#"{"from": {"source": "planes"}}"#;
            document(&["import", "planes.csv", "--project", "again"]);
            document(&[
                "source", "create", "again", "copy", "--type", "file", "--config", from,
            ]);
            document(&["sync", "run", "again", "copy"])
        }),
        (
            "sync-plan",
            document(&["sync", "run", "again", "copy", "--whole", "--dry-run"]),
        ),
        (
            "sync-schedule",
            document(&[
                "sync",
                "schedule",
                "again",
                "copy",
                "--cron",
                "@hourly",
                "--time-zone",
                "UTC",
            ]),
        ),
        ("sync-list", document(&["sync", "list", "again"])),
        (
            "sync-unschedule",
            document(&["sync", "unschedule", "again", "copy"]),
        ),
        ("doctor", {
            folder.write("data/projects/gone.db-wal", "log");
            folder.run(&["doctor", "--json"]).stdout
        }),
        ("migrate-status", document(&["migrate", "status"])),
        ("init", document(&["init"])),
    ];
    snapshots(&folder).bind(|| {
        for (name, document) in &documents {
            insta::assert_snapshot!(format!("json-{name}"), document);
        }
    });
}
