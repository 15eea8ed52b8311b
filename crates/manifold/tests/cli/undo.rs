//! Undoing what was done to a project last.

use serde_json::Value as Json;

use crate::folder::Folder;

const FIRST: &str = "id,v\n1,a\n2,b\n";
const SECOND: &str = "id,v\n1,a\n3,c\n";

fn rows(folder: &Folder) -> String {
    folder.ok(&[
        "query",
        "p",
        "SELECT id FROM t ORDER BY id",
        "--format",
        "csv",
    ])
}

fn actions(folder: &Folder) -> Vec<String> {
    let listed = folder.json(&["undo", "p", "--list"]);
    let points = listed["restore_points"].as_array().unwrap();
    let action = |point: &Json| point["action"].as_str().unwrap().to_owned();
    points.iter().map(action).collect()
}

#[test]
fn an_import_is_undone() {
    let folder = Folder::new();
    folder.import("t.csv", FIRST, &[]);
    folder.import("t.csv", SECOND, &[]);
    let listed = folder.json(&["undo", "p", "--list"]);
    let newest = &listed["restore_points"][0];
    assert_eq!(newest["action"], "import");
    assert_eq!(newest["file_name"], "t.csv");
    assert_eq!(newest["snapshots"][0]["number"], 2);
    assert_eq!(newest["snapshots"][0]["row_count"], 2);

    assert_eq!(folder.fails(&["undo", "p"]), (2, "needs_yes".to_owned()));
    let plan = folder.json(&["undo", "p", "--dry-run"]);
    assert_eq!(plan["plan"]["steps"][0]["id"], newest["id"]);
    assert_eq!(rows(&folder), "id\n1\n3\n");

    let undone = folder.json(&["undo", "p", "--yes"]);
    assert_eq!(undone["undone"][0]["id"], newest["id"]);
    assert_eq!(undone["project"]["snapshot_count"], 1);
    assert_eq!(undone["safety_copy"], Json::Null);
    assert_eq!(undone["job"]["kind"], "undo_project");
    assert_eq!(rows(&folder), "id\n1\n2\n");
    folder.ok(&["undo", "p", "--yes"]);
    assert_eq!(
        folder.fails(&["undo", "p", "--yes"]),
        (1, "not_found".to_owned())
    );
    let said = folder.run(&["undo", "p", "--list"]);
    assert!(
        said.stderr.contains("nothing to undo in p"),
        "{}",
        said.stderr
    );
}

#[test]
fn a_restore_in_place_is_undone_with_all_that_came_after_it() {
    let folder = Folder::new();
    folder.import("t.csv", FIRST, &[]);
    let backup = folder.json(&["backup", "create", "p"]);
    let backup = backup["backup"]["id"].as_str().unwrap();
    folder.import("t.csv", SECOND, &[]);
    folder.ok(&["restore", backup, "--in-place", "--yes"]);
    folder.import("t.csv", "id,v\n9,z\n", &[]);
    assert_eq!(actions(&folder), ["import", "restore"]);
    let listed = folder.json(&["undo", "p", "--list"]);
    let restore = listed["restore_points"][1]["id"].as_str().unwrap();
    let text = folder.ok(&["undo", "p", "--to", restore, "--dry-run"]);
    assert!(
        text.contains("restore in place, and all that was done since"),
        "{text}"
    );
    let undone = folder.json(&["undo", "p", "--to", restore, "--yes"]);
    assert!(undone["safety_copy"].is_string());
    assert_eq!(rows(&folder), "id\n1\n3\n");
    assert_eq!(actions(&folder), ["undo", "import", "import"]);
    folder.ok(&["undo", "p", "--yes"]);
    assert_eq!(rows(&folder), "id\n1\n2\n");
    assert_eq!(
        folder.fails(&["undo", "p", "--to", "nothing", "--yes"]),
        (1, "not_found".to_owned())
    );
}

#[test]
fn a_snapshot_that_was_deleted_does_not_come_back_and_that_is_said() {
    let folder = Folder::new();
    folder.import("t.csv", FIRST, &[]);
    folder.import("t.csv", SECOND, &[]);
    folder.import("t.csv", FIRST, &[]);
    for verb in [
        &["delete", "p", "t@3"][..],
        &["prune", "p", "--keep-last", "1"],
        &["delete", "p", "t@2"],
    ] {
        let said = folder.run(&[&["snapshot"], verb, &["--yes"]].concat());
        assert_eq!(said.code, 0, "{}", said.stderr);
        let way = "`manifold undo` does not bring it back";
        assert!(said.stderr.contains(way), "{verb:?}: {}", said.stderr);
    }
    let said = folder.run(&["undo", "p", "--yes"]);
    assert_eq!(said.code, 1);
    assert!(
        said.stderr.contains("from a backup alone"),
        "{}",
        said.stderr
    );
}

#[test]
fn a_job_for_a_worker_undoes_what_was_agreed() {
    let folder = Folder::new();
    folder.import("t.csv", FIRST, &[]);
    folder.import("t.csv", SECOND, &[]);
    let waiting = folder.json(&["undo", "p", "--yes", "--detach"]);
    assert_eq!(waiting["job"]["state"], "pending");
    assert_eq!(rows(&folder), "id\n1\n3\n");
    folder.ok(&["worker", "--once"]);
    assert_eq!(rows(&folder), "id\n1\n2\n");
    let waiting = folder.json(&["undo", "p", "--yes", "--detach"]);
    folder.import("t.csv", SECOND, &[]);
    folder.run(&["worker", "--once"]);
    let id = waiting["job"]["id"].as_str().unwrap();
    let job = folder.json(&["job", "show", id]);
    assert_eq!(job["job"]["error"]["code"], "plan_outdated");
    assert_eq!(rows(&folder), "id\n1\n3\n");
}

#[test]
fn a_file_with_several_tables_is_one_import() {
    let folder = Folder::new();
    let text = r#"{"a": [{"x": 1}], "b": [{"y": 2}, {"y": 3}]}"#;
    folder.import("two.json", text, &[]);
    let listed = folder.json(&["undo", "p", "--list"]);
    let points = listed["restore_points"].as_array().unwrap();
    assert_eq!(points.len(), 1, "{listed}");
    assert!(
        points[0]["snapshots"].as_array().unwrap().len() > 1,
        "{listed}"
    );
    let undone = folder.json(&["undo", "p", "--yes"]);
    assert_eq!(undone["project"]["snapshot_count"], 0);
}
