//! Rejected records that are mended in a list and given back.

use serde_json::json;

use crate::folder::{Folder, snapshots};

const FILE: &str = "id,name\n1,a\n2,b,x\n3,c\n4,\"d,e\n5,f\n";

#[test]
fn a_mended_list_is_taken_back() {
    let folder = Folder::new();
    folder.import("planes.csv", FILE, &["--key", "id"]);
    let list = folder.ok(&["snapshot", "rejects", "p", "planes@1", "--format", "csv"]);
    folder.write(
        "mended.csv",
        list.replace("\"2,b,x\"", "\"2,b\"")
            .replace("4,\"\"d,e\n", "4,\"\"d,e\"\"\n"),
    );
    let readmit = ["import", "--readmit", "mended.csv", "--project", "p"];
    let planned = folder.ok(&[&readmit[..], &["--dry-run"]].concat());
    let said = folder.run(&readmit);
    assert_eq!(said.code, 0, "{}", said.stderr);
    let again = folder.run(&readmit);
    snapshots(&folder).bind(|| {
        insta::assert_snapshot!(
            "readmit",
            format!("{planned}---\n{}---\n{}", said.stdout, again.stdout)
        );
    });
    let exported = folder.ok(&[
        "export",
        "p",
        "--source",
        "planes",
        "--original",
        "--to",
        "-",
    ]);
    assert_eq!(exported, "id,name\n1,a\n2,b\n3,c\n4,\"d,e\"\n5,f\n");
    let undone = folder.json(&["snapshot", "delete", "p", "planes@2", "--yes"]);
    assert_eq!(undone["latest"]["number"], 1);
    let third = folder.json(&readmit);
    assert_eq!(
        (&third["readmission"]["taken"], &third["unchanged"]),
        (&json!(2), &json!(false))
    );
    assert_eq!(third["snapshots"][0]["number"], 3);
}

#[test]
fn lists_of_every_format_say_the_same() {
    let folder = Folder::new();
    folder.import("planes.csv", FILE, &[]);
    let rejects = ["snapshot", "rejects", "p", "planes@latest"];
    let document = folder.json(&rejects);
    assert_eq!(document["rejects"][0]["record"], "2,b,x");
    assert_eq!(document["rejects"][0]["raw"], "2,b,x\n");
    for format in ["csv", "jsonl", "json"] {
        let list = folder.ok(&[&rejects[..], &["--format", format]].concat());
        folder.write("list", list);
        let plan = folder.json(&["import", "--readmit", "list", "--project", "p", "--dry-run"]);
        let found = &plan["plan"]["readmission"];
        assert_eq!(
            (&found["unedited"], &found["taken"]),
            (&json!(2), &json!(0)),
            "{format}"
        );
    }
}

#[test]
fn what_is_no_list_or_of_another_project_is_refused() {
    let folder = Folder::new();
    folder.import("planes.csv", FILE, &[]);
    folder.import("flights.csv", "a\n1\n", &[]);
    let list = folder.ok(&["snapshot", "rejects", "p", "planes@1", "--format", "csv"]);
    folder
        .write("list.csv", list.replace("2,b,x", "2,b"))
        .write("data.csv", "a,b\n1,2\n");
    folder.ok(&["project", "create", "q"]);
    for (more, code) in [
        (&["data.csv", "--project", "p"][..], "no_reject_list"),
        (&["missing.csv", "--project", "p"], "file_missing"),
        (&["list.csv", "--project", "q"], "not_found"),
        (
            &["list.csv", "--project", "p", "--source", "flights"],
            "other_source",
        ),
        (
            &["list.csv", "--project", "p", "--source", "nobody"],
            "not_found",
        ),
    ] {
        let failed = folder.run(&[&["import", "--json", "--readmit"], more].concat());
        let error: serde_json::Value = serde_json::from_str(&failed.stderr).unwrap();
        assert_eq!(
            (failed.code, &error["error"]["code"]),
            (1, &json!(code)),
            "{more:?}"
        );
    }
    let both = folder.fails(&[
        "import",
        "planes.csv",
        "--readmit",
        "list.csv",
        "--project",
        "p",
    ]);
    assert_eq!(both, (2, "usage".to_owned()));
    assert_eq!(
        folder.json(&["snapshot", "list", "p"])["snapshots"]
            .as_array()
            .unwrap()
            .len(),
        2
    );
}

#[test]
fn a_worker_takes_records_back() {
    let folder = Folder::new();
    folder.import("planes.csv", FILE, &[]);
    let list = folder.ok(&["snapshot", "rejects", "p", "planes@1", "--format", "jsonl"]);
    folder.write("list.jsonl", list.replace("2,b,x", "2,b"));
    let written = folder.json(&[
        "import",
        "--readmit",
        "list.jsonl",
        "--project",
        "p",
        "--detach",
    ]);
    assert_eq!(written["job"]["kind"], "readmit_rejects");
    folder.ok(&["worker", "--once"]);
    let latest = folder.json(&["snapshot", "show", "p", "planes@latest"]);
    let latest = &latest["snapshot"];
    assert_eq!(
        (&latest["number"], &latest["rejected"]),
        (&json!(2), &json!(1))
    );
}
