//! Projects in the trash.

use serde_json::json;

use crate::folder::Folder;

#[test]
fn a_deleted_project_comes_back_as_it_was() {
    let folder = Folder::new();
    folder.import("t.csv", "a\n1\n2\n", &[]);
    let before = folder.json(&["project", "show", "p"]);
    let query = ["query", "p", "SELECT * FROM t", "--format", "csv"];

    let planned = folder.ok(&["project", "delete", "p", "--dry-run"]);
    assert!(
        planned.contains("1 source, 1 snapshot, 2 rows, "),
        "{planned}"
    );
    assert_eq!(
        folder.fails(&["project", "delete", "p"]),
        (2, "needs_yes".to_owned())
    );
    assert_eq!(folder.json(&["project", "show", "p"]), before);

    let said = folder.run(&["project", "delete", "P", "--yes"]);
    assert!(
        said.stdout.starts_with("Deleted the project p: 1 source"),
        "{}",
        said.stdout
    );
    assert!(
        said.stderr.contains("30 days")
            && said.stderr.contains("`manifold project undelete p` brings"),
        "{}",
        said.stderr
    );
    assert_eq!(folder.json(&["project", "list"])["projects"], json!([]));
    for arguments in [
        &["project", "delete", "p", "--yes"][..],
        &["snapshot", "list", "p"],
        &query,
        &["import", "t.csv", "--project", "p"],
        &["job", "list", "--project", "p"],
    ] {
        let (code, error) = folder.error(arguments);
        assert_eq!((code, &error["code"]), (1, &json!("not_found")));
        assert_eq!(
            error["hint"], "`manifold project undelete p` brings it back",
            "{arguments:?}"
        );
    }

    assert_eq!(folder.json(&["project", "undelete", "P"]), before);
    assert_eq!(folder.ok(&query), "a\n1\n2\n");
}

#[test]
fn a_name_that_was_taken_meanwhile_is_given_anew() {
    let folder = Folder::new();
    let id = |name: &str| {
        folder.json(&["project", "show", name])["project"]["id"]
            .as_str()
            .unwrap()
            .to_owned()
    };
    folder.ok(&["project", "create", "sales"]);
    let first = id("sales");
    folder.ok(&["project", "delete", "sales", "--yes"]);
    folder.ok(&["project", "create", "Sales"]);
    let (code, error) = folder.error(&["project", "undelete", "sales"]);
    assert_eq!((code, &error["code"]), (1, &json!("name_taken")));
    let hint = error["hint"].as_str().unwrap();
    assert!(
        hint.contains("manifold project undelete sales --as NEW_NAME"),
        "{hint}"
    );

    let back = folder.json(&["project", "undelete", "sales", "--as", "sales 2013"]);
    assert_eq!(
        (&back["project"]["id"], &back["project"]["name"]),
        (&json!(first), &json!("sales 2013"))
    );
    // Two of one name in the trash: the hint says which.
    folder.ok(&["project", "delete", "Sales", "--yes"]);
    folder.ok(&["project", "create", "sales"]);
    let third = id("sales");
    let said = folder.run(&["project", "delete", "sales", "--yes"]);
    assert!(
        said.stderr.contains(&format!("undelete {third}`")),
        "{}",
        said.stderr
    );
    assert_eq!(
        folder.fails(&["project", "undelete", "SALES"]),
        (1, "ambiguous".to_owned())
    );
}

#[test]
fn what_is_not_in_the_trash_is_answered_with_what_is() {
    let folder = Folder::new();
    let hint = |name: &str| {
        let (code, error) = folder.error(&["project", "undelete", name]);
        assert_eq!((code, &error["code"]), (1, &json!("not_found")));
        error["hint"].as_str().unwrap().to_owned()
    };
    assert_eq!(hint("sales"), "the trash is empty");
    folder.ok(&["project", "create", "sales"]);
    assert!(hint("sales").contains("in use"), "{}", hint("sales"));
    folder.ok(&["project", "delete", "sales", "--yes"]);
    assert!(
        hint("nothing").starts_with("in the trash: sales ("),
        "{}",
        hint("nothing")
    );
    // The beginning of an id that fits nothing in use may mean it, an empty one never does.
    let (_, error) = folder.error(&["project", "show", ""]);
    assert_eq!(error["hint"], json!(null));
}
