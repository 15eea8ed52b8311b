//! Syncs of sources whose rows come from another one.

use serde_json::{Value as Json, json};

use crate::folder::Folder;

const FIRST: &str = "id,v\n1,a\n2,b\n3,c\n";
const SECOND: &str = "id,v\n1,A\n3,c\n4,d\n";

/// A project `p` with a source `t`, which comes into `copy` of the project `q`.
fn folder(rows: &str) -> Folder {
    let folder = Folder::new();
    folder.import("t.csv", rows, &["--key", "id"]);
    folder.ok(&["project", "create", "q"]);
    let config = r#"{"from": {"project": "p", "source": "t"}}"#;
    folder.ok(&[
        "source", "create", "q", "copy", "--type", "file", "--key", "id", "--config", config,
    ]);
    folder
}

fn rows(folder: &Folder) -> String {
    folder.ok(&[
        "query",
        "q",
        "SELECT id, v FROM copy ORDER BY id",
        "--format",
        "csv",
    ])
}

fn run<'a>(more: &[&'a str]) -> Vec<&'a str> {
    [&["sync", "run", "q", "copy"], more].concat()
}

#[test]
fn a_source_is_synced_again_and_again() {
    let folder = folder(FIRST);
    let made = folder.json(&run(&[]));
    assert_eq!(made["job"]["kind"], "sync_source");
    assert_eq!(made["snapshot"]["number"], 1);
    let sync = &made["sync"];
    assert_eq!(
        (&sync["mode"], &sync["inserted"]),
        (&json!("full"), &json!(3))
    );
    assert_eq!(rows(&folder), "id,v\n1,a\n2,b\n3,c\n");
    let again = folder.json(&run(&[]));
    assert_eq!(
        (&again["unchanged"], &again["sync"]["mode"]),
        (&json!(true), &Json::Null)
    );
    let shown = folder.json(&["source", "show", "q", "copy"]);
    let listed = folder.json(&["sync", "list"]);
    assert_eq!(listed["syncs"].as_array().unwrap().len(), 1);
    let listed = &listed["syncs"][0];
    assert_eq!(listed["last_sync_at"], shown["source"]["last_sync_at"]);
    assert_eq!(listed["last"]["job_id"], again["job"]["id"]);
    assert_eq!(listed["last"]["snapshot_id"], made["snapshot"]["id"]);

    folder.import("t.csv", SECOND, &[]);
    let merge = ["--mode", "merge", "--deletes", "soft"];
    let bound = folder.json(&run(&[&merge[..], &["--dry-run"]].concat()));
    let plan = &bound["plan"];
    assert_eq!(
        [
            &plan["inserted"],
            &plan["updated"],
            &plan["deleted"],
            &plan["too_many_deletions"]
        ],
        [&json!(1), &json!(1), &json!(1), &json!(true)]
    );
    let refused = folder.error(&run(&merge));
    assert_eq!(
        (refused.0, &refused.1["code"]),
        (1, &json!("too_many_deletions"))
    );
    let message = refused.1["message"].as_str().unwrap();
    assert!(
        message.contains("1 of 3 rows") && message.contains("--max-deletes 34%"),
        "{message}"
    );
    assert_eq!(rows(&folder), "id,v\n1,a\n2,b\n3,c\n");
    let said = folder.ok(&run(&[&merge[..], &["--max-deletes", "34%"]].concat()));
    assert!(said.contains("1 inserted, 1 updated, 1 deleted"), "{said}");
    assert!(said.contains("marked as deleted: 1 row"), "{said}");
    let kept = "SELECT id, v, deleted_at IS NULL FROM copy ORDER BY id";
    let kept = folder.ok(&["query", "q", kept, "--format", "csv"]);
    assert!(kept.ends_with("\n1,A,1\n2,b,0\n3,c,1\n4,d,1\n"), "{kept}");
    assert!(folder.ok(&["sync", "list", "q"]).contains("copy"));
    assert!(folder.ok(&["doctor"]).contains("No problem"));
    let history = folder.json(&["import-history", "q"]);
    let states: Vec<_> = history["imports"]
        .as_array()
        .unwrap()
        .iter()
        .map(|line| line["state"].as_str().unwrap())
        .collect();
    assert_eq!(states, ["completed", "failed", "unchanged", "completed"]);
}

#[test]
fn a_schedule_syncs_a_source() {
    let folder = folder(FIRST);
    let schedule = ["sync", "schedule", "q", "copy", "--cron", "*/5 * * * *"];
    let wrong = folder.fails(&["sync", "schedule", "p", "t", "--cron", "@daily"]);
    assert_eq!(wrong, (2, "usage".to_owned()));
    let made = folder.json(&[&schedule[..], &["--max-deletes", "100%"]].concat());
    assert_eq!(made["schedule"]["name"], "sync copy");
    assert_eq!(
        (&made["created"], &made["schedule"]["kind"]),
        (&json!(true), &json!("sync_source"))
    );
    assert_eq!(folder.json(&schedule)["created"], json!(false));
    let listed = folder.json(&["sync", "list", "q"]);
    assert_eq!(
        listed["syncs"][0]["schedules"][0]["id"],
        made["schedule"]["id"]
    );
    folder.ok(&["schedule", "run", "sync copy"]);
    folder.ok(&["worker", "--once"]);
    assert_eq!(rows(&folder), "id,v\n1,a\n2,b\n3,c\n");
    let gone = folder.json(&["sync", "unschedule", "q", "copy"]);
    assert_eq!(gone["deleted"][0]["id"], made["schedule"]["id"]);
    assert_eq!(
        folder.fails(&["sync", "unschedule", "q", "copy"]),
        (1, "not_found".to_owned())
    );
}

#[test]
fn the_later_of_two_changes_holds() {
    let folder = folder("id,v\n1,1\n2,1\n");
    folder.json(&run(&[]));
    folder.write("here.csv", "id,v\n1,5\n2,5\n");
    folder.ok(&["import", "here.csv", "--project", "q", "--source", "copy"]);
    folder.import("t.csv", "id,v\n1,4\n2,6\n", &[]);
    let newest = ["--on-conflict", "newest", "--newest", "v"];
    let planned = folder.ok(&run(&[&newest[..], &["--dry-run"]].concat()));
    for line in [
        "changed on both sides: 2 rows, of 1 what came holds, others are left as they are here",
        "    1: as it is here",
        "    2: what came",
    ] {
        assert!(planned.contains(line), "{planned}");
    }
    let done = folder.json(&run(&newest));
    let sync = &done["sync"];
    assert_eq!(
        (&sync["mode"], &sync["conflicts_taken"]),
        (&json!("merge"), &json!(1))
    );
    assert_eq!(sync["conflict_keys"], json!([["1"], ["2"]]));
    assert_eq!(sync["conflict_winners"], json!(["target", "source"]));
    assert_eq!(rows(&folder), "id,v\n1,5\n2,6\n");
    let listed = folder.json(&["sync", "list", "q"]);
    assert_eq!(listed["syncs"][0]["last"]["conflicts"], 1);
}

#[test]
fn what_is_no_sync_is_refused() {
    let folder = folder(FIRST);
    assert_eq!(
        folder.fails(&["sync", "run", "p", "t"]),
        (1, "no_origin".to_owned())
    );
    assert_eq!(folder.fails(&run(&["--max-deletes", "200%"])).0, 2);
    let flags = ["--mode", "full", "--deletes", "soft"];
    assert_eq!(folder.fails(&run(&flags)), (2, "usage".to_owned()));
    for flags in [&["--on-conflict", "newest"][..], &["--newest", "v"]] {
        assert_eq!(folder.fails(&run(flags)), (2, "usage".to_owned()));
    }
    let merged = folder.json(&run(&["--deletes", "soft"]));
    assert_eq!(merged["sync"]["mode"], "merge");
    for (config, code) in [
        (r#"{"from": "t"}"#, "bad_origin"),
        (r#"{"from": {"source": "copy"}}"#, "bad_origin"),
        (
            r#"{"from": {"project": "nobody", "source": "t"}}"#,
            "not_found",
        ),
        (
            r#"{"from": {"project": "p", "source": "nothing"}}"#,
            "not_found",
        ),
    ] {
        folder.ok(&["source", "update", "q", "copy", "--config", config]);
        assert_eq!(folder.fails(&run(&[])), (1, code.to_owned()), "{config}");
    }
    folder.ok(&["source", "update", "q", "copy", "--disable"]);
    assert_eq!(folder.fails(&run(&[])).1, "source_disabled");
}

/// What a later command finds after a process died.
fn state(folder: &Folder) -> (String, usize, Json) {
    let snapshots = folder.json(&["snapshot", "list", "q", "--source", "copy"]);
    let snapshots = snapshots["snapshots"].as_array().unwrap().clone();
    let latest =
        folder.json(&["source", "show", "q", "copy"])["source"]["latest_snapshot_id"].clone();
    let synced = folder.json(&["sync", "list", "q"])["syncs"][0]["last"]["snapshot_id"].clone();
    assert_eq!(latest, synced, "the cursor is that of the rows");
    let shown = if latest.is_null() {
        String::new()
    } else {
        rows(folder)
    };
    (shown, snapshots.len(), latest)
}

#[cfg(unix)]
#[test]
fn rows_and_cursor_survive_a_process_that_dies_together() {
    let sorted = |text: &str| {
        let mut lines: Vec<_> = text.lines().map(str::to_owned).collect();
        lines.sort();
        lines
    };
    let die = |folder: &Folder, point: &str, arguments: &[&str]| {
        let said = folder
            .command(&[arguments, &["--json"]].concat())
            .env("MANIFOLD_FAILPOINT", format!("{point}=abort"))
            .output()
            .unwrap();
        assert_eq!(
            said.status.code(),
            None,
            "{point} was not reached: {said:?}"
        );
    };
    for point in [
        "import-table-made",
        "import-rows-stored",
        "import-snapshot-written",
        "import-published",
        "import-projected",
        "job-done",
    ] {
        let folder = folder(FIRST);
        die(&folder, point, &run(&[]));
        let (shown, snapshots, _) = state(&folder);
        assert!(
            shown.is_empty() == (snapshots == 0) && snapshots <= 1,
            "{point}"
        );
        folder.json(&run(&[]));
        let (shown, snapshots, _) = state(&folder);
        assert_eq!((sorted(&shown), snapshots), (sorted(FIRST), 1), "{point}");
    }
    for mode in ["merge", "append", "full"] {
        for point in [
            "import-compared",
            "import-differences-written",
            "import-differences-committed",
            "import-differences-published",
            "import-published",
            "import-projected",
            "job-done",
        ] {
            let folder = folder(FIRST);
            let arguments = run(&["--mode", mode, "--max-deletes", "100%"]);
            folder.json(&arguments);
            let before = state(&folder).0;
            folder.import("t.csv", SECOND, &[]);
            die(&folder, point, &arguments);
            let (shown, snapshots, _) = state(&folder);
            let expected = if mode == "append" {
                "id,v\n1,a\n2,b\n3,c\n4,d\n"
            } else {
                SECOND
            };
            let at = format!("{mode} at {point}");
            match snapshots {
                1 => assert_eq!(shown, before, "{at}"),
                _ => assert_eq!(sorted(&shown), sorted(expected), "{at}"),
            }
            folder.json(&arguments);
            let (shown, snapshots, _) = state(&folder);
            assert_eq!((sorted(&shown), snapshots), (sorted(expected), 2), "{at}");
        }
    }
}
