//! Backups with the rows of some sources alone.

use serde_json::{Value as Json, json};

use crate::folder::Folder;

/// A project with the sources `a`, `b` and, without rows, `c`.
fn project() -> Folder {
    let folder = Folder::new();
    folder.import("a.csv", "id,v\n1,x\n2,y\n", &["--key", "id"]);
    folder.import("a.csv", "id,v\n1,x\n2,z\n", &[]);
    folder.import("b.csv", "id\n7\n8\n9\n", &[]);
    folder.ok(&["source", "create", "p", "c", "--type", "file"]);
    folder
}

const OF_A: [&str; 7] = ["backup", "create", "p", "--type", "csv", "--tables", "a"];

fn count(folder: &Folder, project: &str, source: &str) -> Json {
    let sql = format!("SELECT count(*) FROM {source}");
    folder.json(&["query", project, &sql])["rows"][0][0].clone()
}

#[test]
fn the_rows_of_a_source_come_back_beside_the_definitions_of_all() {
    let folder = project();
    let made = folder.json(&OF_A)["backup"].clone();
    let of_a = json!([{"id": made["sources"][0]["id"], "name": "a"}]);
    assert_eq!(made["sources"], of_a);
    assert_eq!(
        [
            &made["with_data"],
            &made["data_source_count"],
            &made["snapshot_count"]
        ],
        [&json!(false), &json!(3), &json!(2)]
    );
    let id = made["id"].as_str().unwrap();
    let listed = folder.json(&["backup", "list"])["backups"][0].clone();
    let shown = folder.json(&["backup", "show", id])["backup"].clone();
    assert_eq!([&listed["sources"], &shown["sources"]], [&of_a, &of_a]);
    let table = folder.ok(&["backup", "list"]);
    assert!(table.contains("csv, 1 source"), "{table}");
    let fields = folder.ok(&["backup", "show", id]);
    assert!(fields.contains("rows of"), "{fields}");

    assert_eq!(
        folder.json(&["backup", "verify", id, "--drill"])["ok"],
        true
    );
    folder.json(&["restore", id, "--as", "q"]);
    assert_eq!(count(&folder, "q", "a"), 2);
    let sources = folder.json(&["source", "list", "q"])["sources"].clone();
    assert_eq!(sources.as_array().unwrap().len(), 3);
    let snapshots = folder.json(&["snapshot", "list", "q"])["snapshots"].clone();
    assert_eq!(snapshots.as_array().unwrap().len(), 2, "those of `a`");
    folder.json(&["import", "b.csv", "--project", "q", "--source", "b"]);
    assert_eq!(count(&folder, "q", "b"), 3);
}

#[test]
fn it_takes_nothing_from_a_project_in_place() {
    let folder = project();
    let id = folder.json(&OF_A)["backup"]["id"]
        .as_str()
        .unwrap()
        .to_owned();
    for more in [&["--yes"][..], &["--dry-run"], &["--diff", "--dry-run"]] {
        let arguments = [&["restore", &id, "--in-place"], more].concat();
        let (code, error) = folder.error(&arguments);
        assert_eq!((code, &error["code"]), (1, &json!("backup_of_sources")));
        assert!(
            error["message"].as_str().unwrap().contains("--as"),
            "{error}"
        );
    }
    assert_eq!(count(&folder, "p", "b"), 3);
}

#[test]
fn sources_are_named_as_everywhere_and_the_candidates_are_told() {
    let folder = project();
    let create = |tables: &str| {
        let arguments = [
            "backup", "create", "p", "--type", "full", "--tables", tables,
        ];
        folder.error(&arguments)
    };
    let (code, error) = create("a,nobody");
    assert_eq!((code, &error["code"]), (1, &json!("not_found")));
    let hint = error["hint"].as_str().unwrap();
    assert_eq!(hint, "its sources are a, b, c");
    let (code, error) = create("b,0");
    assert_eq!((code, &error["code"]), (1, &json!("ambiguous")));
    let message = error["message"].as_str().unwrap();
    assert!(
        message.contains("(a)") && message.contains("(c)"),
        "{message}"
    );
    for (kind, more) in [("sqlite", &[][..]), ("incremental", &[])] {
        let arguments = ["backup", "create", "p", "--type", kind, "--tables", "a"];
        let (code, error) = folder.error(&[&arguments, more].concat());
        assert_eq!(
            (code, &error["code"]),
            (1, &json!("unsupported_backup_type"))
        );
    }
    let both = [&OF_A[..], &["--without-data"]].concat();
    assert_eq!(folder.fails(&both), (2, "usage".to_owned()));
    assert_eq!(folder.json(&["backup", "list"])["backups"], json!([]));
    assert_eq!(
        folder.json(&["job", "list", "--kind", "backup_project"])["jobs"],
        json!([])
    );
}

#[test]
fn it_stands_in_for_no_backup_of_the_whole_project() {
    let folder = project();
    let create = |arguments: &[&str]| {
        let id = folder.json(arguments)["backup"]["id"]
            .as_str()
            .unwrap()
            .to_owned();
        assert_eq!(folder.json(&["backup", "verify", &id])["ok"], true);
        id
    };
    let whole = create(&["backup", "create", "p"]);
    let of_b = create(&["backup", "create", "p", "--type", "csv", "--tables", "b"]);
    let older = create(&OF_A);
    let newer = create(&OF_A);
    let prune = ["backup", "prune", "p", "--keep-last", "1", "--dry-run"];
    let plan = folder.json(&prune)["plan"].clone();
    let ids = |list: &Json| -> Vec<String> {
        let list = list.as_array().unwrap().iter();
        list.map(|item| item["backup"]["id"].as_str().unwrap().to_owned())
            .collect()
    };
    assert_eq!(
        ids(&plan["deleted"]),
        [older],
        "as `newer` is of the same source"
    );
    assert_eq!(ids(&plan["kept"]), [newer, of_b, whole.clone()]);
    let delete = ["backup", "delete", &whole, "--dry-run"];
    assert_eq!(folder.json(&delete)["plan"]["is_last"], true);
    let stats = folder.json(&["project", "stats", "p"]);
    assert_eq!(stats["stats"]["last_backup"]["id"], whole.as_str());
    let now = "2999-01-01T00:00:00Z";
    let restore = ["restore", "--project", "p", "--at", now, "--as", "then"];
    let chosen = folder.run(&[&restore[..], &["--json"]].concat());
    let document: Json = serde_json::from_str(&chosen.stdout).unwrap();
    assert_eq!(document["chosen"]["backup_id"], whole.as_str());
    assert_eq!(count(&folder, "then", "b"), 3);
}

#[test]
fn a_schedule_names_sources_too() {
    let folder = project();
    let schedule = [
        "backup", "schedule", "p", "--cron", "@daily", "--tables", "b",
    ];
    let with = |more: &[&str]| folder.error(&[&schedule, more].concat());
    assert_eq!(with(&[]).1["code"], "unsupported_backup_type");
    assert_eq!(
        with(&["--job", "prune", "--keep-last", "1"]).1["code"],
        "usage"
    );
    let made = folder.json(&[&schedule[..], &["--type", "csv"]].concat());
    folder.json(&["schedule", "run", made["schedule"]["id"].as_str().unwrap()]);
    folder.ok(&["worker", "--once"]);
    let backup = folder.json(&["backup", "list"])["backups"][0].clone();
    assert_eq!(
        [&backup["state"], &backup["sources"][0]["name"]],
        [&json!("completed"), &json!("b")]
    );
}
