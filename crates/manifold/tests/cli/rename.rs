//! Columns that go on under another name.

use serde_json::{Value as Json, json};

use crate::folder::Folder;

const OLD: &str = "id,price\n1,10\n2,20\n3,30\n4,40\n";
const NEW: &str = "id,cost\n1,10\n2,20\n3,30\n4,40\n";
const OTHER: &str = "id,cost\n1,7\n2,8\n3,9\n4,6\n";

fn counts(imported: &Json) -> [i64; 4] {
    let snapshot = &imported["snapshots"][0];
    ["added", "removed", "changed", "moved"].map(|name| snapshot[name].as_i64().unwrap())
}

#[test]
fn a_rename_that_is_recognised_is_told_and_can_be_refused() {
    let folder = Folder::new();
    folder.import("o.csv", OLD, &["--key", "id"]);
    folder.write("o.csv", NEW);
    let plan = ["import", "o.csv", "--project", "p", "--dry-run"];
    let renamed = folder.json(&plan)["plan"]["renamed"].clone();
    let expected = json!([{ "from": "price", "to": "cost", "asked": false, "why": "4 of the first 4 values are the same" }]);
    assert_eq!(renamed, expected);
    let line = "renamed: price → cost, because 4 of the first 4 values are the same (--rename 'price=' if it is not)";
    let text = folder.ok(&plan);
    assert!(
        text.contains(line) || text.contains(&line.replace('\'', "")),
        "{text}"
    );
    let refused = [&plan[..], &["--rename", "price="]].concat();
    assert_eq!(folder.json(&refused)["plan"]["renamed"], json!([]));

    let said = folder.ok(&["import", "o.csv", "--project", "p"]);
    assert!(said.contains("renamed: price → cost"), "{said}");
    let found = folder.json(&["query", "p", "SELECT cost FROM o"]);
    assert_eq!(found["rows"], json!([[10], [20], [30], [40]]));
    // The other way it is another column, and no cell of it is what it was.
    folder.import("n.csv", OLD, &["--key", "id"]);
    folder.import("n.csv", NEW, &["--rename", "price="]);
    let diff = folder.json(&["snapshot", "diff", "p", "n@1", "n@2"]);
    assert_eq!(diff["changed"], 0);
    let found = folder.json(&["query", "p", "SELECT * FROM n"]);
    assert_eq!(found["rows"][0], json!([1, 10]));
}

#[test]
fn a_column_goes_on_under_the_name_that_is_said() {
    let folder = Folder::new();
    folder.import("o.csv", OLD, &["--key", "id", "--type", "price=decimal:2"]);
    let second = folder.import("o.csv", OTHER, &["--rename", "price=cost"]);
    assert_eq!(
        counts(&second),
        [0, 0, 4, 0],
        "the cells of one column changed"
    );
    let renamed = &second["job"]["result"]["renamed"];
    assert_eq!(
        renamed,
        &json!([{ "from": "price", "to": "cost", "asked": true, "why": "asked" }])
    );
    // What was said of it is said of it now.
    let source = folder.json(&["source", "show", "p", "o"])["source"].clone();
    assert_eq!(source["typing"]["types"], json!({"cost": "decimal:2"}));
    // The key goes along.
    let third = folder.import(
        "o.csv",
        &OTHER.replace("id,", "number,"),
        &["--rename", "id=number"],
    );
    assert_eq!(counts(&third), [0; 4]);
    let source = folder.json(&["source", "show", "p", "o"])["source"].clone();
    assert_eq!(source["key_columns"], json!(["number"]));
    folder.import(
        "o.csv",
        &OTHER.replace("id,", "number,").replace("4,6", "4,5"),
        &[],
    );
}

#[test]
fn what_is_not_there_or_there_twice_is_refused_with_the_names() {
    let folder = Folder::new();
    folder.write("o.csv", OLD);
    let first = [
        "import",
        "o.csv",
        "--project",
        "p",
        "--create-project",
        "--rename",
        "a=id",
    ];
    for more in [&[][..], &["--dry-run"]] {
        let (exit, error) = folder.error(&[&first[..], more].concat());
        assert_eq!(
            (exit, error["code"].as_str()),
            (1, Some("missing_column")),
            "{error}"
        );
    }
    folder.import("o.csv", OLD, &[]);
    for (file, rename, code, words) in [
        (NEW, "prise=cost", "missing_column", "prise"),
        (NEW, "prise=", "missing_column", "id, price"),
        (NEW, "price=costs", "missing_column", "id, cost"),
        (OLD, "price=id", "rename_conflict", "the input has both"),
        (
            "id,cost,price\n1,2,3\n",
            "price=cost",
            "rename_conflict",
            "the input has both",
        ),
        (
            "id,x\n1,2\n",
            "price=id",
            "rename_conflict",
            "the latest snapshot has both",
        ),
    ] {
        folder.write("o.csv", file);
        for more in [&[][..], &["--dry-run"]] {
            let import = ["import", "o.csv", "--project", "p", "--rename", rename];
            let (exit, error) = folder.error(&[&import[..], more].concat());
            assert_eq!(
                (exit, error["code"].as_str()),
                (1, Some(code)),
                "{rename}: {error}"
            );
            assert!(
                error["message"].as_str().unwrap().contains(words),
                "{error}"
            );
        }
    }
    assert_eq!(
        folder.json(&["snapshot", "list", "p"])["snapshots"]
            .as_array()
            .unwrap()
            .len(),
        1
    );
}
