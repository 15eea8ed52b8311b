//! Backups of the whole store at a place that speaks S3.

use serde_json::{Value as Json, json};

use crate::folder::{Folder, listing};
use crate::interrupt::until;
use crate::s3_server::Server;

const PLACE: &str = "s3://bucket/a/backups";

fn text(value: &Json) -> &str {
    value.as_str().unwrap()
}

/// A store with two projects.
fn store() -> Folder {
    let folder = Folder::new();
    for name in ["one", "two"] {
        folder.write("t.csv", "id,v\n1,a\n2,b\n3,c\n");
        let import = ["import", "t.csv", "--create-project", "--project", name];
        folder.json(&import);
    }
    folder.write("secret.txt", "a passphrase");
    folder
}

#[test]
fn it_is_made_checked_found_restored_and_deleted() {
    let encrypted = ["--passphrase-file", "secret.txt"];
    for server in Server::all() {
        let (folder, name) = (store(), server.name);
        for (kind, how) in [("sqlite", &[][..]), ("csv", &encrypted)] {
            let create = ["backup", "create", "--all", "--compress", "--to", PLACE];
            let made = server.json(&folder, &[&create[..], &["--type", kind], how].concat());
            let place = text(&made["backup"]["location"]).to_owned();
            assert!(place.starts_with(PLACE), "{name}");
            assert_eq!(listing(&folder.path("data/spools")), [], "{name}");
            let id = text(&made["backup"]["id"]);
            let verified = server.json(&folder, &["backup", "verify", id, "--drill"]);
            assert_eq!(verified["ok"], true, "{name}: {verified}");

            // Nobody knows it in another data folder.
            let other = Folder::new();
            other.write("secret.txt", "a passphrase");
            let scan = ["backup", "scan", &place];
            let found = server.json(&other, &[&scan[..], how].concat());
            assert_eq!(found["added"].as_array().unwrap().len(), 1, "{name}");
            let restored = server.json(&other, &["restore", &place]);
            assert_eq!(restored["projects"].as_array().unwrap().len(), 2, "{name}");
            let one = ["restore", &place, "--project", "two", "--as", "again"];
            let one = server.json(&other, &one);
            assert_eq!(one["project"]["row_count"], 3, "{name}");
            server.json(&folder, &["backup", "delete", id, "--yes"]);
        }
        let names = server.names();
        let left = names
            .iter()
            .filter(|name| !name.starts_with("a/backups/keys/"));
        assert_eq!(left.count(), 0, "{name}: {names:?}");
    }
}

#[test]
fn a_crash_anywhere_leaves_a_backup_or_none() {
    let Some(server) = Server::one() else { return };
    let folder = store();
    let create = ["backup", "create", "--all", "--to", PLACE];
    let points = [
        "store-backup-begun",
        "backup-spooled",
        "backup-file-sent",
        "backup-sent",
        "backup-publishing-elsewhere",
        "backup-published",
    ];
    for point in points {
        let mut crashed = server.command(&folder, &create);
        crashed.env("MANIFOLD_FAILPOINT", format!("{point}=abort"));
        assert!(crashed.output().unwrap().status.code().is_none(), "{point}");
        server.json(&folder, &create);
        assert_eq!(listing(&folder.path("data/spools")), [], "{point}");
    }
    // A worker goes on with what it has made, and sends what is missing.
    let detached = server.json(&folder, &[&create[..], &["--detach"]].concat());
    let (job, worker) = (text(&detached["job"]["id"]), ["worker", "--once"]);
    let mut crashed = server.command(&folder, &worker);
    crashed.env("MANIFOLD_FAILPOINT", "backup-file-sent=abort");
    assert!(crashed.output().unwrap().status.code().is_none());
    let made: Vec<_> = listing(&folder.path("data/spools"));
    assert!(made.len() > 4, "{made:?}");
    until("the worker has done it", || {
        assert_eq!(server.run(&folder, &worker).code, 0);
        folder.json(&["job", "show", job])["job"]["state"] == "completed"
    });
    assert_eq!(listing(&folder.path("data/spools")), []);

    let listed = folder.json(&["backup", "list"]);
    let listed = listed["backups"].as_array().unwrap().iter();
    let completed: Vec<_> = listed
        .filter(|backup| backup["state"] == "completed")
        .collect();
    for backup in &completed {
        let verified = server.json(&folder, &["backup", "verify", text(&backup["id"])]);
        assert_eq!(verified["ok"], true, "{verified}");
    }
    // Two manifests and two files of projects, the hub and a manifest of each, and nothing else.
    assert_eq!(server.names().len(), 6 * completed.len());
    assert!(completed.len() > points.len(), "{completed:?}");
    assert_eq!(server.begun(), 0);
    assert_eq!(completed[0]["scope"], json!("store"));
}
