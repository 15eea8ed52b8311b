//! The JSON documents, field by field. A change here is a change of the contract: add, never rename or remove.

use crate::folder::{Folder, snapshots};

#[test]
fn documents_have_their_fields() {
    let folder = Folder::new();
    folder.write(
        "planes.csv",
        "tailnum,year,price\nN1,2004,1.50\nN2,,2.00\nx,y,z,1\n",
    );
    let document = |arguments: &[&str]| folder.ok(&[arguments, &["--json"]].concat());
    let documents = [
        (
            "project-create",
            document(&["project", "create", "aviation", "--description", "planes"]),
        ),
        (
            "import",
            document(&[
                "import",
                "planes.csv",
                "--project",
                "aviation",
                "--key",
                "tailnum",
            ]),
        ),
        (
            "import-plan",
            document(&[
                "import",
                "planes.csv",
                "--project",
                "aviation",
                "--always",
                "--dry-run",
            ]),
        ),
        ("project-list", document(&["project", "list"])),
        ("source-list", document(&["source", "list", "aviation"])),
        ("snapshot-list", document(&["snapshot", "list", "aviation"])),
        (
            "snapshot-rows",
            document(&["snapshot", "rows", "aviation", "planes@1"]),
        ),
        (
            "snapshot-diff",
            document(&["snapshot", "diff", "aviation", "planes@1", "planes@1"]),
        ),
        (
            "snapshot-rejects",
            document(&["snapshot", "rejects", "aviation", "planes@1"]),
        ),
        (
            "query",
            document(&["query", "aviation", "SELECT tailnum, price FROM planes"]),
        ),
        ("import-history", document(&["import-history"])),
        ("settings-list", document(&["settings", "list"])),
        (
            "export",
            document(&[
                "export", "aviation", "--source", "planes", "--to", "out.csv",
            ]),
        ),
        (
            "snapshot-delete",
            document(&["snapshot", "delete", "aviation", "planes@1", "--yes"]),
        ),
        ("migrate-status", document(&["migrate", "status"])),
        ("init", document(&["init"])),
    ];
    snapshots(&folder).bind(|| {
        for (name, document) in &documents {
            insta::assert_snapshot!(format!("json-{name}"), document);
        }
    });
}
