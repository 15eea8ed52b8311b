//! How errors look, and what the program exits with.

use crate::folder::{Folder, snapshots};

#[test]
fn errors_are_lines_for_people_and_documents_for_scripts() {
    let folder = Folder::new();
    folder.ok(&["project", "create", "p"]);
    folder.write("manifold.toml", "data_dir = 1");
    let config = {
        let mut command = folder.command(&["init"]);
        command.env_remove("MANIFOLD_DATA_DIR");
        command.output().unwrap()
    };
    assert_eq!(config.status.code(), Some(2));
    let mut text = String::from_utf8(config.stderr).unwrap();
    for arguments in [
        &["project", "show", "nothing"][..],
        &["project", "show", "nothing", "--json"],
        &["snapshot", "show", "p", "a@1"],
        &["query", "p", "SELECT :x", "--json"],
        &["project", "sow"],
        &["project", "sow", "--json"],
        &["import", "--json"],
    ] {
        let said = folder.run(arguments);
        assert_eq!(said.stdout, "");
        text.push_str(&format!(
            "--- {arguments:?} exits with {}\n{}",
            said.code, said.stderr
        ));
    }
    snapshots(&folder).bind(|| insta::assert_snapshot!("errors", text));
}

#[test]
fn colour_is_for_terminals_or_on_request() {
    let folder = Folder::new();
    let coloured = |arguments: &[&str]| folder.run(arguments).stderr.contains('\u{1b}');
    assert!(!coloured(&["project", "show", "x"]));
    assert!(coloured(&["project", "show", "x", "--color", "always"]));
    assert!(!coloured(&["project", "show", "x", "--color", "never"]));
    assert!(!coloured(&[
        "--json", "project", "show", "x", "--color", "always"
    ]));
}

#[test]
fn a_log_filter_that_makes_no_sense_is_refused() {
    let folder = Folder::new();
    let said = folder
        .command(&["init"])
        .env("MANIFOLD_LOG", "manifold_store=loud")
        .output()
        .unwrap();
    assert_eq!(said.status.code(), Some(2));
    let quiet = folder
        .command(&["init", "--verbose"])
        .env("MANIFOLD_LOG", "off")
        .output()
        .unwrap();
    assert!(quiet.status.success() && quiet.stderr.is_empty());
}

#[test]
fn a_hub_that_is_none_of_ours_is_left_alone() {
    let folder = Folder::new();
    folder.write(
        "data/core.db",
        "this is a diary, not a database ".repeat(100),
    );
    let before = folder.read("data/core.db");
    let (code, error) = folder.error(&["project", "list"]);
    assert_eq!(
        (code, error["code"].as_str().unwrap()),
        (1, "not_a_manifold_database"),
        "{error}"
    );
    assert_eq!(folder.read("data/core.db"), before);
}
