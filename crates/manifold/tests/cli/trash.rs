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

/// The command that empties the trash.
fn empty<'a>(more: &[&'a str]) -> Vec<&'a str> {
    [&["project", "trash", "empty"], more].concat()
}

#[test]
fn the_trash_is_emptied_only_when_asked() {
    let folder = Folder::new();
    let trash = ["project", "trash"];
    let listed = || {
        let listed = folder.json(&[&trash[..], &["list"]].concat());
        let all = listed["trash"].as_array().unwrap().clone();
        all.iter()
            .map(|one| one["project"]["name"].as_str().unwrap().to_owned())
            .collect::<Vec<_>>()
    };
    for name in ["a", "b", "c"] {
        folder.ok(&["project", "create", name]);
        folder.ok(&["project", "delete", name, "--yes"]);
    }
    assert_eq!(folder.fails(&empty(&[])), (2, "needs_yes".to_owned()));
    let planned = folder.ok(&empty(&["--dry-run"]));
    assert!(
        planned.starts_with("Would remove 3 projects for good ("),
        "{planned}"
    );
    for nothing in [
        &["--expired"][..],
        &["--older-than", "1"],
        &["a", "--expired"],
    ] {
        let purged = folder.json(&empty(nothing));
        assert_eq!(
            purged,
            json!({ "purged": [], "size_bytes": 0 }),
            "{nothing:?}"
        );
    }
    assert_eq!(
        folder.fails(&empty(&["nothing", "--yes"])),
        (1, "not_found".to_owned())
    );
    assert_eq!(listed(), ["c", "b", "a"]);

    let cloned = folder.json(&[&trash[..], &["clone", "b"]].concat());
    assert_eq!(cloned["project"]["name"], json!("b"));
    assert_eq!(
        folder.fails(&["project", "undelete", "b"]),
        (1, "name_taken".to_owned())
    );
    let purged = folder.json(&empty(&["b", "--yes"]));
    assert_eq!(purged["purged"][0]["project"]["name"], json!("b"));
    assert_eq!(listed(), ["c", "a"]);
    folder.ok(&empty(&["--older-than", "0", "--yes"]));
    assert_eq!(listed(), [] as [&str; 0]);
    let stats = folder.json(&[&trash[..], &["stats"]].concat());
    assert_eq!(stats["stats"]["projects"], json!(0));
    assert_eq!(
        folder.json(&["project", "list"])["projects"][0]["name"],
        json!("b")
    );
    assert!(folder.ok(&["doctor"]).contains("No problem"));
}

#[test]
fn how_long_a_project_is_kept_is_a_setting() {
    let folder = Folder::new();
    let set = |days| ["settings", "set", "trash.keep_days", days];
    for wrong in ["0", "3651", "x", "-1"] {
        let said = folder.run(&["settings", "set", "trash.keep_days", "--", wrong]);
        assert_ne!(said.code, 0, "{wrong}");
    }
    folder.ok(&set("7"));
    folder.ok(&["project", "create", "a"]);
    let said = folder.run(&["project", "delete", "a", "--yes"]);
    assert!(said.stderr.contains("7 days"), "{}", said.stderr);
    let listed = folder.json(&["project", "trash", "list"]);
    let day = |field: &str| listed["trash"][0][field].as_str().unwrap()[..10].to_owned();
    let days = |text: String| text.parse::<chrono::NaiveDate>().unwrap();
    assert_eq!(
        days(day("expires_at")) - days(day("deleted_at")),
        chrono::TimeDelta::days(7)
    );
}
