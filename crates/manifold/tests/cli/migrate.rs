//! Schema versions of many projects.

use std::path::PathBuf;

use manifold_store::{Direction, Project};
use serde_json::{Value as Json, json};

use crate::folder::Folder;
use crate::nobody;

fn file(folder: &Folder, project: &str) -> PathBuf {
    let shown = folder.json(&["project", "show", project]);
    PathBuf::from(shown["project"]["path"].as_str().unwrap())
}

/// Projects `a`, `b` and `c`; the last two are of an older schema.
async fn older() -> Folder {
    let folder = Folder::new();
    for project in ["a", "b", "c"] {
        folder.ok(&["project", "create", project]);
    }
    for project in ["b", "c"] {
        let file = file(&folder, project);
        manifold_store::migrate::<Project>(&file, Direction::Down(1))
            .await
            .unwrap();
    }
    folder
}

fn pending(document: &Json) -> Vec<usize> {
    let projects = document["projects"].as_array().unwrap();
    let count = |project: &Json| project["pending"].as_array().unwrap().len();
    projects.iter().map(count).collect()
}

#[tokio::test]
async fn up_tells_what_it_did_and_has_nothing_to_do_afterwards() {
    let folder = older().await;
    assert_eq!(pending(&folder.json(&["migrate", "status"])), [0, 1, 1]);

    let rehearsed = folder.json(&["migrate", "up", "--dry-run"]);
    assert_eq!(rehearsed["dry_run"], json!(true));
    assert!(rehearsed["projects"][1]["took_ms"].is_u64());
    assert_eq!(pending(&folder.json(&["migrate", "status"])), [0, 1, 1]);

    let said = folder.ok(&["migrate", "up"]);
    let last = said.lines().last().unwrap();
    assert_eq!(last, "3 projects: 1 up to date, 2 migrated.", "{said}");
    assert!(
        said.contains("b ") && said.contains("migrated, in "),
        "{said}"
    );

    assert_eq!(folder.ok(&["migrate", "up"]), "3 projects: 3 up to date.\n");
    assert_eq!(pending(&folder.json(&["migrate", "status"])), [0, 0, 0]);
    assert_eq!(Folder::new().ok(&["migrate", "up"]), "0 projects.\n");
}

#[tokio::test]
async fn a_file_that_may_only_be_read_is_reported_and_the_others_are_migrated() {
    let folder = older().await;
    let closed = file(&folder, "b");
    nobody::permit(&closed, 0o444);
    let before = std::fs::read(&closed).unwrap();
    let said = nobody::run(&folder, &["migrate", "up", "--json"]);
    assert_eq!(said.code, 1, "{}", said.stderr);
    let document: Json = serde_json::from_str(&said.stdout).unwrap();
    let [a, b, c] = &document["projects"].as_array().unwrap()[..] else {
        panic!("{document}");
    };
    assert_eq!((&a["error"], &a["took_ms"]), (&Json::Null, &Json::Null));
    assert_eq!(b["error"]["code"], json!("read_only"), "{b}");
    assert!(
        b["error"]["message"]
            .as_str()
            .unwrap()
            .contains(&closed.display().to_string()),
        "{b}"
    );
    assert_eq!((&c["error"], &c["pending"]), (&Json::Null, &json!([])));
    assert!(c["took_ms"].is_u64());
    assert!(std::fs::read(&closed).unwrap() == before);

    nobody::permit(&closed, 0o644);
    let said = nobody::run(&folder, &["migrate", "up"]);
    assert_eq!(
        said.stdout.lines().last(),
        Some("3 projects: 2 up to date, 1 migrated."),
        "{}",
        said.stderr
    );
}
