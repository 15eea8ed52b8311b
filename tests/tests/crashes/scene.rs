//! Data folders in which something is about to happen.

use std::fmt::Write as _;
use std::process::Command;

use crate::folder::Folder;

/// A project `p` with two versions of the source `a`, and beside its data folder: `next.csv`, another version of `a`;
/// `same.csv`, its latest one; `new.csv`, another source; `backup`, a backup of `p` with the first version alone; and `p.db`, `p` as one file.
pub fn filled(rows: usize, backup_type: &str) -> Folder {
    let folder = Folder::new();
    for (name, version) in [("first.csv", 1), ("same.csv", 2), ("next.csv", 3)] {
        folder.write(name, versioned(rows, version));
    }
    folder.write("new.csv", versioned(rows, 4));
    let import = ["import", "--project", "p", "--source", "a"];
    folder.ok(&[&import[..], &["first.csv", "--create-project"]].concat());
    let backup = [
        "backup",
        "create",
        "p",
        "--to",
        "saved",
        "--type",
        backup_type,
    ];
    let made = folder.ok(&backup);
    let saved = made.json["backup"]["location"].as_str().unwrap().to_owned();
    let copied = Command::new("cp")
        .args(["-R", &saved])
        .arg(folder.path("backup"))
        .status();
    assert!(copied.unwrap().success());
    // The hub knows where the backup is, and copies of this folder should not share one.
    let id = made.json["backup"]["id"].as_str().unwrap();
    folder.ok(&["backup", "delete", id]);
    folder.ok(&[&import[..], &["same.csv"]].concat());
    folder.ok(&["project", "export-file", "p", "p.db"]);
    folder
}

/// As [`filled`], with `p` in the trash.
pub fn in_trash() -> Folder {
    let folder = filled(10, "sqlite");
    folder.ok(&["project", "delete", "p"]);
    folder
}

/// A project `p`, and `large.csv`: its columns turn out otherwise after the 4 MiB that are looked at first.
pub fn large() -> Folder {
    let folder = initial();
    folder.ok(&["project", "create", "p"]);
    let mut text = "id,text\n".to_owned();
    let long = "x".repeat(5_000);
    for row in 0..1_000 {
        writeln!(text, "{row},{long}").unwrap();
    }
    for row in 0..1_000 {
        writeln!(text, "x{row},short").unwrap();
    }
    folder.write("large.csv", text);
    folder
}

/// A data folder in which there is nothing yet.
pub fn initial() -> Folder {
    let folder = Folder::new();
    folder.ok(&["init"]);
    folder
}

/// Rows of which one in ten differs from version to version. One column looks like numbers until its last row.
pub fn versioned(rows: usize, version: usize) -> String {
    let mut text = "id,name,price,note,code\n".to_owned();
    for row in 0..rows {
        let note = if row % 10 == version % 10 {
            row * version
        } else {
            row
        };
        let code = if row + 1 == rows { "x" } else { "7" };
        writeln!(
            text,
            "{row},name {row},{}.{}5,note {note},{code}",
            row % 89,
            row % 10
        )
        .unwrap();
    }
    text
}
