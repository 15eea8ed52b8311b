//! Projects, and how they are referred to.

use crate::folder::Folder;

#[test]
fn a_project_is_made_listed_renamed_and_described() {
    let folder = Folder::new();
    let said = folder.ok(&["project", "create", "Aviation", "--description", "planes"]);
    assert!(said.starts_with("Made the project Aviation ("), "{said}");
    let id = folder.json(&["project", "show", "Aviation"])["project"]["id"]
        .as_str()
        .unwrap()
        .to_owned();

    for reference in [id.as_str(), "Aviation", "AVIATION", &id[..8]] {
        assert_eq!(
            folder.json(&["project", "show", reference])["project"]["id"],
            *id,
            "{reference}"
        );
    }
    folder.ok(&["project", "rename", "aviation", "New York"]);
    folder.ok(&["project", "describe", &id, ""]);
    let shown = &folder.json(&["project", "show", "new york"])["project"];
    assert_eq!(
        (&shown["name"], &shown["description"]),
        (&"New York".into(), &serde_json::Value::Null)
    );
    assert_eq!(
        folder.fails(&["project", "show", "Aviation"]),
        (1, "not_found".to_owned())
    );
}

#[test]
fn ambiguous_prefixes_list_the_candidates() {
    let folder = Folder::new();
    for name in ["one", "two"] {
        folder.ok(&["project", "create", name]);
    }
    // Both ids begin with the time.
    let id = folder.json(&["project", "show", "one"])["project"]["id"]
        .as_str()
        .unwrap()
        .to_owned();
    let (code, error) = folder.error(&["project", "show", &id[..4]]);
    let message = error["message"].as_str().unwrap();
    assert_eq!((code, &error["code"]), (1, &"ambiguous".into()));
    assert!(
        message.contains("(one)") && message.contains("(two)"),
        "{message}"
    );
}

#[test]
fn names_that_cannot_be_are_refused_and_nothing_is_left() {
    let folder = Folder::new();
    folder.ok(&["project", "create", "taken"]);
    for name in ["", "   ", "a/b", "..", "a\u{7}b", &"x".repeat(10_000)] {
        assert_eq!(
            folder.fails(&["project", "create", name]),
            (1, "invalid_name".to_owned()),
            "{name:?}"
        );
    }
    assert_eq!(
        folder.fails(&["project", "create", "TAKEN"]),
        (1, "name_taken".to_owned())
    );
    assert_eq!(
        folder.json(&["project", "list"])["projects"]
            .as_array()
            .unwrap()
            .len(),
        1
    );
}

#[test]
fn the_data_folder_is_the_flags_then_the_environments_then_the_files() {
    let folder = Folder::new();
    folder.write("manifold.toml", "data_dir = \"from-file\"");
    let made_in = |flag: &[&str], variable: Option<&str>| {
        let mut command = folder.command(&[&["init", "--json"], flag].concat());
        match variable {
            Some(value) => command.env("MANIFOLD_DATA_DIR", folder.path(value)),
            None => command.env_remove("MANIFOLD_DATA_DIR"),
        };
        let output = command.output().unwrap();
        assert!(output.status.success(), "{output:?}");
        serde_json::from_slice::<serde_json::Value>(&output.stdout).unwrap()["data_dir"]
            .as_str()
            .unwrap()
            .to_owned()
    };
    let name = |path: String| path.rsplit('/').next().unwrap().to_owned();
    assert_eq!(
        name(made_in(&["--data-dir", "from-flag"], Some("from-variable"))),
        "from-flag"
    );
    assert_eq!(name(made_in(&[], Some("from-variable"))), "from-variable");
    assert_eq!(name(made_in(&[], None)), "from-file");
    std::fs::remove_file(folder.path("manifold.toml")).unwrap();
    assert!(
        made_in(&[], None).ends_with("home/.local/share/manifold"),
        "the platform's folder"
    );
}

#[cfg(unix)]
#[test]
fn the_data_folder_is_its_owners_only() {
    use std::os::unix::fs::PermissionsExt as _;
    let folder = Folder::new();
    folder.ok(&["init"]);
    let mode = std::fs::metadata(folder.path("data"))
        .unwrap()
        .permissions()
        .mode();
    assert_eq!(mode & 0o777, 0o700);
    assert_eq!(folder.json(&["init"])["created"], false);
}
