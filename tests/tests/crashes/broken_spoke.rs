//! A project whose file is broken: every verb says what is wrong with it, and other projects work.

use std::path::{Path, PathBuf};

use crate::folder::Folder;
use crate::scene;

/// Breaks the file of a project, given that of another.
type Breakage = fn(&Path, &Path);

/// What is done to the file of a project, and the error that tells of it.
const BREAKAGES: [(&str, Breakage, &str); 6] = [
    ("missing", missing, "project_file_missing"),
    ("cut", cut, "quarantined"),
    ("empty", empty, "quarantined"),
    ("text", text, "quarantined"),
    ("newer", newer, "newer_schema"),
    ("other", other, "wrong_project"),
];

const VERBS: [&[&str]; 7] = [
    &["query", "p", "SELECT count(*) FROM a"],
    &["source", "list", "p"],
    &["snapshot", "list", "p"],
    &["import", "next.csv", "--project", "p", "--source", "a"],
    &["project", "rename", "p", "q"],
    &["export", "p", "--source", "a", "--to", "out.csv"],
    &["backup", "create", "p"],
];

fn missing(file: &Path, _: &Path) {
    std::fs::remove_file(file).unwrap();
}

fn cut(file: &Path, _: &Path) {
    let length = std::fs::metadata(file).unwrap().len();
    let file = std::fs::File::options().write(true).open(file).unwrap();
    file.set_len(length / 2).unwrap();
}

fn empty(file: &Path, _: &Path) {
    std::fs::write(file, "").unwrap();
}

fn text(file: &Path, _: &Path) {
    std::fs::write(file, "something that is certainly no database").unwrap();
}

fn newer(file: &Path, _: &Path) {
    let connection = rusqlite::Connection::open_with_flags_and_vfs(
        file,
        rusqlite::OpenFlags::default(),
        manifold_store::vfs(),
    )
    .unwrap();
    connection.pragma_update(None, "user_version", 999).unwrap();
}

fn other(file: &Path, other: &Path) {
    std::fs::copy(other, file).unwrap();
}

#[test]
fn every_verb_says_what_is_wrong_and_other_projects_work() {
    let original = scene::filled(2_000, "sqlite");
    original.ok(&[
        "import",
        "new.csv",
        "--project",
        "o",
        "--create-project",
        "--source",
        "b",
    ]);
    for (name, breakage, code) in BREAKAGES {
        let folder = original.copy();
        let (broken, whole) = (file(&folder, "p"), file(&folder, "o"));
        breakage(&broken, &whole);
        let left = std::fs::read(&broken).ok();
        for verb in VERBS {
            let said = folder.run(verb);
            assert_eq!(
                (said.code, said.error.as_str()),
                (1, code),
                "{name}, {verb:?}: {}",
                said.stderr
            );
        }
        let place = file(&folder, "p");
        let stays = std::fs::read(&place).ok() == left;
        assert!(stays, "{name}: its file was changed");

        let listed = folder.ok(&["project", "list"]);
        assert_eq!(
            listed.json["projects"].as_array().unwrap().len(),
            2,
            "{name}"
        );
        let answer = folder.ok(&["query", "o", "SELECT count(*) FROM b"]);
        assert_eq!(answer.json["rows"][0][0], 2_000, "{name}");
        folder.ok(&["import", "next.csv", "--project", "o", "--source", "b"]);
        folder.ok(&["restore", "backup", "--as", "r"]);
        let answer = folder.ok(&["query", "r", "SELECT count(*) FROM a"]);
        assert_eq!(answer.json["rows"][0][0], 2_000, "{name}");
    }
}

fn file(folder: &Folder, project: &str) -> PathBuf {
    let shown = folder.ok(&["project", "show", project]);
    shown.json["project"]["path"].as_str().unwrap().into()
}
