//! `project list`, a page at a time.

use crate::folder::Folder;

fn names(document: &serde_json::Value) -> Vec<&str> {
    let projects = document["projects"].as_array().unwrap();
    projects
        .iter()
        .map(|project| project["name"].as_str().unwrap())
        .collect()
}

#[test]
fn every_project_is_reached_page_by_page() {
    let folder = Folder::new();
    for name in ["delta", "Alpha", "gone", "beta two", "ça"] {
        folder.ok(&["project", "create", name]);
    }
    folder.ok(&["project", "delete", "gone", "--yes"]);
    let all = folder.json(&["project", "list"]);
    assert_eq!(names(&all), ["Alpha", "beta two", "delta", "ça"]);
    assert!(all["next_after"].is_null());

    let first = folder.json(&["project", "list", "--limit", "2"]);
    assert_eq!(names(&first), ["Alpha", "beta two"]);
    let after = first["next_after"].as_str().unwrap();
    let second = folder.json(&["project", "list", "--limit", "2", "--after", after]);
    assert_eq!(names(&second), ["delta", "ça"]);
    assert!(second["next_after"].is_null());

    let said = folder.run(&["project", "list", "--limit", "1"]);
    assert_eq!(said.code, 0);
    assert!(said.stdout.contains("Alpha") && !said.stdout.contains("beta"));
    assert_eq!(
        said.stderr.split(" --after ").next(),
        Some("There are 3 more;"),
        "{}",
        said.stderr
    );
    let told = said.stderr.split_whitespace().nth(5).unwrap();
    assert!(
        folder
            .ok(&["project", "list", "--after", told])
            .contains("beta two")
    );
    let said = folder.run(&["project", "list", "--after", "zz:0"]);
    assert!(said.stdout.contains("ça"), "{}", said.stdout);
}

#[test]
fn what_is_no_place_and_no_number_is_refused() {
    let folder = Folder::new();
    for arguments in [
        ["--after", "nowhere"],
        ["--after", "%e6:half-a-character"],
        ["--limit", "0"],
        ["--limit", "-1"],
    ] {
        let said = folder.run(&[&["project", "list"][..], &arguments].concat());
        assert_eq!(said.code, 2, "{arguments:?}: {}", said.stderr);
    }
    let said = folder.run(&["project", "list", "--after", "a:b"]);
    assert_eq!(
        (said.code, said.stderr.trim()),
        (0, "No project comes behind that place.")
    );
}
