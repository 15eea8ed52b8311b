//! What a project holds and takes, and what the doctor measures.

use serde_json::{Value as Json, json};

use crate::folder::Folder;

fn keys(object: &Json) -> Vec<&str> {
    let mut keys: Vec<_> = object
        .as_object()
        .unwrap()
        .keys()
        .map(String::as_str)
        .collect();
    keys.sort_unstable();
    keys
}

/// A project with two snapshots of one source: three versions of rows, two of them in the latest.
fn two_snapshots() -> Folder {
    let folder = Folder::new();
    folder.import("t.csv", "a,b\n1,x\n2,y\n", &["--key", "a"]);
    folder.import("t.csv", "a,b\n1,x\n2,z\n", &["--key", "a"]);
    folder
}

#[test]
fn stats_count_rows_snapshots_and_bytes() {
    let folder = two_snapshots();
    folder.ok(&["source", "index", "add", "p", "t", "b"]);
    let backup = folder.json(&["backup", "create", "p", "--type", "sqlite"]);
    let stats = &folder.json(&["project", "stats", "p"])["stats"];
    assert_eq!(
        keys(stats),
        [
            "file_bytes",
            "free_bytes",
            "index_count",
            "last_backup",
            "log_bytes",
            "newest_snapshot_at",
            "oldest_snapshot_at",
            "project_id",
            "project_name",
            "row_count",
            "safety_copies_bytes",
            "snapshot_count",
            "source_count",
            "sources",
            "stored_row_count"
        ]
    );
    assert_eq!(
        [
            &stats["row_count"],
            &stats["stored_row_count"],
            &stats["snapshot_count"],
            &stats["index_count"]
        ],
        [&json!(2), &json!(3), &json!(2), &json!(1)],
        "{stats}"
    );
    assert_eq!(stats["last_backup"]["id"], backup["backup"]["id"]);
    assert_eq!(stats["safety_copies_bytes"], 0);
    assert!(stats["oldest_snapshot_at"].as_str() < stats["newest_snapshot_at"].as_str());
    let source = &stats["sources"][0];
    assert_eq!(
        keys(source),
        [
            "id",
            "index_bytes",
            "name",
            "newest_snapshot_at",
            "oldest_snapshot_at",
            "row_count",
            "snapshot_count",
            "stored_row_count",
            "table_bytes",
            "view_name"
        ]
    );
    assert_eq!(source["table_bytes"], 4_096, "{source}");
    let file = stats["file_bytes"].as_u64().unwrap();
    assert!(file > source["index_bytes"].as_u64().unwrap() + 4_096);

    let text = folder.ok(&["project", "stats", "p"]);
    for part in ["stored rows    3\n", "sqlite (", "t       "] {
        assert!(text.contains(part), "{part}: {text}");
    }
    assert_eq!(
        folder.fails(&["project", "stats", "nothing"]),
        (1, "not_found".to_owned())
    );
}

#[test]
fn stats_of_an_empty_project_and_of_one_that_is_only_read() {
    let folder = two_snapshots();
    folder.ok(&["project", "create", "empty"]);
    let stats = &folder.json(&["project", "stats", "empty"])["stats"];
    assert_eq!(
        (
            &stats["sources"],
            &stats["last_backup"],
            &stats["row_count"]
        ),
        (&json!([]), &Json::Null, &json!(0))
    );
    assert!(
        !folder
            .ok(&["project", "stats", "empty"])
            .contains("source ")
    );
    let before = crate::folder::listing(&folder.path("data"));
    let stats = &folder.json(&["--read-only", "project", "stats", "p"])["stats"];
    assert_eq!(stats["stored_row_count"], 3);
    assert_eq!(crate::folder::listing(&folder.path("data")), before);
}

#[test]
fn the_doctor_tells_what_it_measured() {
    let folder = two_snapshots();
    assert_eq!(folder.json(&["doctor"]).get("metrics"), None);
    let metrics = &folder.json(&["doctor", "--metrics"])["metrics"];
    assert_eq!(keys(metrics), ["databases", "process"]);
    let [hub, project] = &metrics["databases"].as_array().unwrap()[..] else {
        panic!("{metrics}");
    };
    assert_eq!(
        keys(project),
        [
            "held_reads",
            "holders",
            "log_bytes",
            "name",
            "path",
            "project_id",
            "readers",
            "size_bytes"
        ]
    );
    assert_eq!(
        (&hub["name"], &hub["project_id"], &project["name"]),
        (&json!("hub"), &Json::Null, &json!("p"))
    );
    assert!(project["size_bytes"].as_u64().unwrap() > 0);
    let process = &metrics["process"];
    assert_eq!(
        keys(process),
        [
            "closed",
            "connections",
            "core",
            "held_reads",
            "lock_waits",
            "projects",
            "since",
            "slow_queries",
            "slow_query_count",
            "spokes"
        ]
    );
    assert!(process["core"]["reads"]["count"].as_u64().unwrap() > 0);
    assert_eq!(
        keys(&process["core"]["reads"]),
        [
            "count",
            "longest_ms",
            "p50_ms",
            "p90_ms",
            "p99_ms",
            "total_ms"
        ]
    );
    let text = folder.ok(&["doctor", "--metrics"]);
    for part in ["No problem found.\n\ndatabase", "\nhub ", "closed projects"] {
        assert!(text.contains(part), "{part}: {text}");
    }

    // There is nothing to measure where there is no store, and none is made.
    let empty = Folder::new();
    assert_eq!(
        empty.json(&["doctor", "--metrics"]),
        json!({ "ok": true, "findings": [], "metrics": null })
    );
    assert!(!empty.path("data").exists());
}

#[test]
fn how_long_a_slow_query_takes_is_a_setting() {
    let folder = Folder::new();
    for wrong in ["3600001", "1.5", "soon"] {
        let set = ["settings", "set", "store.slow_query_ms", wrong];
        assert_eq!(
            folder.fails(&set),
            (1, "invalid_value".to_owned()),
            "{wrong}"
        );
    }
    folder.ok(&["settings", "set", "store.slow_query_ms", "0"]);
    assert_eq!(
        folder.ok(&["settings", "get", "store.slow_query_ms"]),
        "0\n"
    );
}
