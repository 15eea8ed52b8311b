//! Snapshots: references, rows, differences, deletion.

use serde_json::{Value as Json, json};

use crate::folder::Folder;

/// Two snapshots of a keyed source.
fn versions() -> Folder {
    let folder = Folder::new();
    folder.import("t.csv", "id,v\n1,a\n2,b\n3,c\n", &["--key", "id"]);
    folder.import("t.csv", "id,v\n1,a\n3,C\n4,d\n", &[]);
    folder
}

fn rows(folder: &Folder, snapshot: &str, more: &[&str]) -> Json {
    folder.json(&[&["snapshot", "rows", "p", snapshot], more].concat())
}

#[test]
fn a_snapshot_is_found_by_number_latest_id_and_prefix() {
    let folder = versions();
    let listed = folder.json(&["snapshot", "list", "p", "--source", "t"]);
    let ids: Vec<_> = listed["snapshots"]
        .as_array()
        .unwrap()
        .iter()
        .map(|found| found["id"].as_str().unwrap())
        .collect();
    let show = |reference: &str| {
        folder.json(&["snapshot", "show", "p", reference])["snapshot"]["id"].clone()
    };
    assert_eq!(show("t@latest"), ids[0]);
    assert_eq!(show("T@2"), ids[0]);
    assert_eq!(show("t@1"), ids[1]);
    assert_eq!(show(ids[1]), ids[1]);
    for reference in ["t@3", "t@0", "t@x", "u@1", "nothing", ""] {
        assert_eq!(
            folder.fails(&["snapshot", "show", "p", reference]),
            (1, "not_found".to_owned()),
            "{reference}"
        );
    }
    // Both ids begin with the time.
    let (code, error) = folder.error(&["snapshot", "show", "p", &ids[0][..4]]);
    assert_eq!((code, &error["code"]), (1, &json!("ambiguous")));
}

#[test]
fn rows_come_in_order_and_in_pages() {
    let folder = versions();
    let all = rows(&folder, "t@1", &[]);
    assert_eq!(
        all,
        json!({ "columns": ["id", "v"], "rows": [[1, "a"], [2, "b"], [3, "c"]], "next_after": null })
    );
    let first = rows(&folder, "t@1", &["--limit", "2"]);
    assert_eq!(first["rows"], json!([[1, "a"], [2, "b"]]));
    let after = first["next_after"].as_str().unwrap();
    let second = rows(&folder, "t@1", &["--limit", "2", "--after", after]);
    assert_eq!(
        (&second["rows"], &second["next_after"]),
        (&json!([[3, "c"]]), &Json::Null)
    );
    assert_eq!(
        rows(&folder, "t@1", &["--limit", "3"])["next_after"],
        Json::Null
    );
    assert_eq!(
        folder.fails(&["snapshot", "rows", "p", "t@1", "--after", "there"]),
        (2, "usage".to_owned())
    );
}

#[test]
fn cells_are_exact_in_every_format() {
    let folder = Folder::new();
    let mut cells =
        b"i,r,d,t,b\n9223372036854775807,0.1,1.50,007,1\n,,,\"\",2\n-1,2.5,-0.25,\"a,\"\"b\n\",3\n"
            .to_vec();
    cells.extend_from_slice(b"1,1.25,3.00,\xff,4\n");
    folder.write("cells.csv", &cells);
    folder.ok(&["import", "cells.csv", "--project", "p", "--create-project"]);
    let found = rows(&folder, "cells@1", &[]);
    assert_eq!(
        found["rows"],
        json!([
            [9_223_372_036_854_775_807_i64, 0.1, 1.5, "007", 1],
            [null, null, null, "", 2],
            [-1, 2.5, -0.25, "a,\"b\n", 3],
            [1, 1.25, 3.0, { "$blob": "ff" }, 4],
        ])
    );
    let csv = folder
        .command(&["snapshot", "rows", "p", "cells@1", "--format", "csv"])
        .output()
        .unwrap();
    assert_eq!(csv.stdout, cells);
    let lines = folder.run(&["snapshot", "rows", "p", "cells@1", "--format", "jsonl"]);
    let last: Json = serde_json::from_str(lines.stdout.lines().last().unwrap()).unwrap();
    assert_eq!(
        last,
        json!({ "i": 1, "r": 1.25, "d": 3.0, "t": { "$blob": "ff" }, "b": 4 })
    );
    let table = folder.ok(&["snapshot", "rows", "p", "cells@1"]);
    assert!(
        table.contains("1.50") && table.contains("a,\"b\\n"),
        "{table}"
    );
}

#[test]
fn a_table_has_200_rows_and_says_how_to_go_on() {
    let folder = Folder::new();
    let text: String = (0..250).map(|row| format!("{row}\n")).collect();
    folder.import("many.csv", &format!("n\n{text}"), &[]);
    let first = folder.run(&["snapshot", "rows", "p", "many@1"]);
    assert_eq!(first.stdout.lines().count(), 202);
    let after = first
        .stderr
        .split("--after ")
        .nth(1)
        .unwrap()
        .split(' ')
        .next()
        .unwrap()
        .to_owned();
    let second = folder.run(&["snapshot", "rows", "p", "many@1", "--after", &after]);
    assert_eq!(
        (second.stdout.lines().count(), second.stderr.as_str()),
        (52, "")
    );
    assert_eq!(
        rows(&folder, "many@1", &[])["rows"]
            .as_array()
            .unwrap()
            .len(),
        250
    );
}

#[test]
fn a_difference_lists_exactly_the_changes() {
    let folder = versions();
    let diff = folder.json(&["snapshot", "diff", "p", "t@1", "t@2"]);
    let counts = ["added", "removed", "changed", "moved"].map(|name| diff[name].as_i64().unwrap());
    assert_eq!(counts, [1, 1, 1, 0]);
    assert_eq!(
        diff["changes"],
        json!([
            { "op": "-", "key": { "id": 2 }, "row": { "id": 2, "v": "b" } },
            { "op": "~", "key": { "id": 3 }, "before": { "id": 3, "v": "c" }, "after": { "id": 3, "v": "C" } },
            { "op": "+", "key": { "id": 4 }, "row": { "id": 4, "v": "d" } },
        ])
    );
    let back = folder.json(&["snapshot", "diff", "p", "t@2", "t@1", "--limit", "1"]);
    assert_eq!(
        (back["changes"].as_array().unwrap().len(), &back["removed"]),
        (1, &json!(1))
    );
    let lines = folder.run(&["snapshot", "diff", "p", "t@1", "t@2", "--format", "jsonl"]);
    assert_eq!(lines.stdout.lines().count(), 3);
    let table = folder.ok(&["snapshot", "diff", "p", "t@1", "t@latest"]);
    assert!(
        table.starts_with("t@1 → t@2: 1 added, 1 removed, 1 changed, 0 moved")
            && table.contains("c → C"),
        "{table}"
    );
    let same = folder.json(&["snapshot", "diff", "p", "t@1", "t@1"]);
    assert_eq!(same["changes"], json!([]));
    folder.import("u.csv", "a\n1\n", &[]);
    assert_eq!(
        folder.fails(&["snapshot", "diff", "p", "t@1", "u@1"]),
        (1, "different_sources".to_owned())
    );
}

#[test]
fn moved_rows_are_listed_when_asked_for() {
    let folder = Folder::new();
    folder.import("m.csv", "id\n1\n2\n3\n4\n", &["--key", "id"]);
    folder.import("m.csv", "id\n2\n3\n4\n1\n5\n", &[]);
    let diff =
        |more: &[&str]| folder.json(&[&["snapshot", "diff", "p", "m@1", "m@2"], more].concat());
    let operations = |diff: Json| {
        diff["changes"]
            .as_array()
            .unwrap()
            .iter()
            .map(|change| change["op"].as_str().unwrap().to_owned())
            .collect::<Vec<_>>()
    };
    assert_eq!(diff(&[])["moved"], 1);
    assert_eq!(operations(diff(&[])), ["+"]);
    assert_eq!(
        operations(diff(&["--limit", "1"])),
        ["+"],
        "a moved row takes no place"
    );
    let mut with_moved = operations(diff(&["--moved"]));
    with_moved.sort();
    assert_eq!(with_moved, ["+", ">"]);
}

#[test]
fn rejected_records_are_kept_byte_for_byte() {
    let folder = Folder::new();
    folder.import("r.csv", "a,b\n1,2\n3,4,5\n6,\"7\n", &[]);
    let rejects = folder.json(&["snapshot", "rejects", "p", "r@1"]);
    let rejects = rejects["rejects"].as_array().unwrap();
    let raw: Vec<_> = rejects
        .iter()
        .map(|reject| reject["raw"].as_str().unwrap())
        .collect();
    assert_eq!(raw, ["3,4,5\n", "6,\"7\n"]);
    assert_eq!(
        (&rejects[0]["line"], &rejects[1]["line"]),
        (&json!(3), &json!(4))
    );
    let limited = folder.run(&["snapshot", "rejects", "p", "r@1", "--limit", "1"]);
    assert_eq!(limited.stdout.lines().count(), 3);
    assert!(limited.stderr.contains("1 more"), "{}", limited.stderr);
}

#[test]
fn a_snapshot_is_deleted_only_with_a_yes() {
    let folder = versions();
    assert_eq!(
        folder.fails(&["snapshot", "delete", "p", "t@2"]),
        (2, "needs_yes".to_owned())
    );
    let plan = folder.json(&["snapshot", "delete", "p", "t@2", "--dry-run"]);
    assert_eq!(
        (
            &plan["plan"]["snapshot"]["number"],
            &plan["plan"]["latest"]["number"]
        ),
        (&json!(2), &json!(1))
    );
    assert_eq!(
        rows(&folder, "t@latest", &[])["rows"]
            .as_array()
            .unwrap()
            .len(),
        3
    );

    let deleted = folder.json(&["snapshot", "delete", "p", "t@latest", "--yes"]);
    assert_eq!(
        (&deleted["deleted"]["number"], &deleted["latest"]["number"]),
        (&json!(2), &json!(1))
    );
    assert_eq!(
        rows(&folder, "t@latest", &[])["rows"],
        json!([[1, "a"], [2, "b"], [3, "c"]])
    );
    let next = folder.import("t.csv", "id,v\n9,z\n", &[]);
    assert_eq!(
        next["snapshots"][0]["number"], 3,
        "a number is not given again"
    );
}

#[test]
fn prune_keeps_what_the_policy_says_and_every_row_of_it() {
    let folder = versions();
    folder.import("t.csv", "id,v\n1,a\n5,e\n", &[]);
    folder.import("other.csv", "id\n1\n", &[]);
    assert_eq!(
        folder.fails(&["snapshot", "prune", "p", "--yes"]),
        (2, "usage".to_owned())
    );
    let prune = ["snapshot", "prune", "p", "--keep-last", "2"];
    assert_eq!(folder.fails(&prune), (2, "needs_yes".to_owned()));
    let plan = &folder.json(&[&prune[..], &["--dry-run"]].concat())["plan"];
    assert_eq!(plan["deleted"].as_array().unwrap().len(), 1);
    assert_eq!(plan["deleted"][0]["snapshot"]["number"], 1);
    assert_eq!(
        plan["rows_deleted"], 2,
        "2,b and the first 3,c are in no other snapshot: {plan}"
    );
    let kept = plan["kept"].as_array().unwrap();
    let latest = kept
        .iter()
        .find(|kept| kept["snapshot"]["number"] == 3)
        .unwrap();
    assert_eq!(latest["reasons"], json!(["newest", "last"]));

    let pruned = folder.json(&[&prune[..], &["--yes"]].concat());
    assert_eq!(&pruned, plan);
    assert_eq!(
        rows(&folder, "t@2", &[])["rows"],
        json!([[1, "a"], [3, "C"], [4, "d"]])
    );
    let text = folder.run(&[
        "snapshot",
        "prune",
        "p",
        "--keep-last",
        "1",
        "--source",
        "t",
        "--dry-run",
    ]);
    assert!(
        text.stdout.contains("would be deleted") && text.stdout.contains("newest, last"),
        "{}",
        text.stdout
    );
    assert!(
        text.stderr.contains("Nothing was changed"),
        "{}",
        text.stderr
    );
}
