//! Backups and exports at a place that speaks S3.

use std::process::{Child, Command, Stdio};

use serde_json::{Value as Json, json};

use crate::folder::{Folder, listing};
use crate::interrupt::until;
use crate::s3_server::{Proxy, SECRET, Server};

const PLACE: &str = "s3://bucket/a/backups";

fn text(value: &Json) -> &str {
    value.as_str().unwrap()
}

fn project() -> Folder {
    let folder = Folder::new();
    folder.import("t.csv", "id,v\n1,a\n2,b\n3,c\n", &["--key", "id"]);
    folder.import("t.csv", "id,v\n1,a\n3,C\n4,d\n", &[]);
    folder
}

/// How many MB a backup has that is interrupted, instead of 100.
const SIZE: &str = "MANIFOLD_UPLOAD_MB";

#[expect(
    clippy::disallowed_methods,
    reason = "the test itself is told by its environment"
)]
fn megabytes() -> u64 {
    let size = std::env::var(SIZE).ok();
    size.map_or(100, |size| size.parse().unwrap())
}

/// A project of which a backup has about so many MB that cannot be compressed.
fn large(megabytes: u64) -> Folder {
    let folder = Folder::new();
    let mut csv = String::from("id,v\n");
    let mut random = 1_u64;
    for id in 0..16 * megabytes {
        csv.push_str(&format!("{id},"));
        for _ in 0..4_000 {
            random ^= random << 13;
            random ^= random >> 7;
            random ^= random << 17;
            csv.push_str(&format!("{random:016x}"));
        }
        csv.push('\n');
    }
    folder.import("t.csv", &csv, &[]);
    folder
}

fn start(server: &Server, proxy: &Proxy, folder: &Folder, arguments: &[&str]) -> Child {
    Command::new(env!("CARGO_BIN_EXE_manifold"))
        .env("MANIFOLD_DATA_DIR", folder.path("data"))
        .envs(server.variables(proxy.port))
        .current_dir(folder.path("."))
        .args(arguments)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap()
}

/// No file of a folder holds the secret.
fn no_secret(folder: &Folder) {
    for (path, _) in listing(&folder.path("data")) {
        let bytes = std::fs::read(&path).unwrap();
        let secret = SECRET.as_bytes();
        assert!(
            !bytes.windows(secret.len()).any(|window| window == secret),
            "{}",
            path.display()
        );
    }
}

#[test]
fn a_backup_is_made_checked_found_restored_and_deleted() {
    for server in Server::all() {
        let (folder, name) = (project(), server.name);
        let mut made = Vec::new();
        for kind in ["sqlite", "csv", "full"] {
            let create = [
                "backup",
                "create",
                "p",
                "--type",
                kind,
                "--compress",
                "--to",
                PLACE,
            ];
            let created = server.json(&folder, &create);
            assert!(
                text(&created["backup"]["location"]).starts_with(PLACE),
                "{name}"
            );
            made.push(created["backup"].clone());
        }
        assert_eq!(
            std::fs::read_dir(folder.path("data/spools"))
                .unwrap()
                .count(),
            0
        );
        for backup in &made {
            let verified = server.json(&folder, &["backup", "verify", text(&backup["id"])]);
            assert_eq!(verified["ok"], true, "{name}: {verified}");
            let shown = server.json(&folder, &["backup", "show", text(&backup["location"])]);
            assert_eq!(shown["backup"]["tables"], backup["tables"], "{name}");
        }
        // Nobody knows them in another data folder.
        let other = Folder::new();
        let found = server.json(&other, &["backup", "scan", PLACE, "--dry-run"]);
        assert_eq!(found["backups"].as_array().unwrap().len(), 3, "{name}");
        assert!(!other.path("data").exists(), "{name}");
        let restored = server.json(&other, &["restore", text(&made[1]["location"])]);
        assert_eq!(restored["project"]["row_count"], 3, "{name}");
        let found = server.json(&other, &["backup", "scan", PLACE]);
        assert_eq!(found["added"].as_array().unwrap().len(), 3, "{name}");
        let again = server.json(&other, &["backup", "scan", PLACE]);
        assert_eq!(again["added"], json!([]), "{name}");
        let id = text(&made[0]["id"]);
        server.json(&other, &["restore", id, "--as", "q"]);
        let prune = ["backup", "prune", "p", "--keep-last", "1", "--yes"];
        let pruned = server.json(&folder, &prune);
        assert_eq!(
            pruned["deleted"].as_array().unwrap().len(),
            2,
            "{name}: {pruned}"
        );
        let left = text(&made[2]["location"])
            .strip_prefix("s3://bucket/")
            .unwrap();
        assert!(
            server.names().iter().all(|name| name.starts_with(left)),
            "{name}"
        );
        server.json(
            &folder,
            &["backup", "delete", text(&made[2]["id"]), "--yes"],
        );
        assert_eq!(server.names(), [""; 0], "{name}");
        for folder in [&folder, &other] {
            no_secret(folder);
        }
    }
}

#[test]
fn credentials_may_be_secrets_of_the_data_folder() {
    let Some(server) = Server::one() else { return };
    let folder = project();
    let create = ["backup", "create", "p", "--to", PLACE];
    let (code, error) = folder.error(&create);
    assert_eq!((code, &error["code"]), (1, &json!("place_unreachable")));
    assert!(
        text(&error["message"]).contains("AWS_ACCESS_KEY_ID"),
        "{error}"
    );
    for (name, value) in server.variables(server.counted().port) {
        let mut set = folder.command(&["source", "secret", "set", name]);
        set.write_stdin(value).assert().success();
    }
    let made = folder.json(&create);
    assert_eq!(made["backup"]["state"], "completed");
}

#[test]
fn a_place_that_cannot_be_reached_is_named_and_nothing_is_deleted() {
    let Some(mut server) = Server::one() else {
        return;
    };
    let folder = project();
    let there = server.json(&folder, &["backup", "create", "p", "--to", PLACE]);
    for _ in 0..2 {
        let here = folder.json(&["backup", "create", "p"]);
        folder.json(&["backup", "verify", text(&here["backup"]["id"])]);
    }
    server.stop();
    let id = text(&there["backup"]["id"]);
    for arguments in [
        &["backup", "verify", id][..],
        &["restore", id, "--as", "q"],
        &["backup", "prune", "p", "--keep-last", "1", "--yes"],
        &["backup", "delete", id, "--yes"],
        &["backup", "scan", PLACE],
        &["backup", "create", "p", "--to", PLACE],
    ] {
        let said = server.run(&folder, &[arguments, &["--json"]].concat());
        assert_eq!(said.code, 1, "{arguments:?}: {}", said.stderr);
        let error: Json = serde_json::from_str(&said.stderr).unwrap();
        assert_eq!(error["error"]["code"], "place_unreachable", "{arguments:?}");
        assert!(
            said.stderr.contains(PLACE) && !said.stderr.contains(SECRET),
            "{}",
            said.stderr
        );
    }
    let listed = folder.json(&["backup", "list", "p"]);
    let listed = listed["backups"].as_array().unwrap();
    let completed = listed
        .iter()
        .filter(|backup| backup["state"] == "completed");
    assert_eq!(completed.count(), 3);
    no_secret(&folder);
}

#[test]
fn what_was_sent_is_not_sent_again() {
    let Some(server) = Server::one() else { return };
    let megabytes = megabytes();
    let folder = large(megabytes);
    let create = ["backup", "create", "p", "--to", PLACE, "--json"];
    let proxy = server.counted();
    let mut killed = start(&server, &proxy, &folder, &create);
    let size = (megabytes + megabytes / 25) << 20;
    until("half is sent", || proxy.sent() >= size / 2);
    killed.kill().unwrap();
    killed.wait().unwrap();
    let spooled = listing(&folder.path("data/spools"));
    let all: u64 = spooled.iter().map(|(_, size)| size).sum();
    assert!(all >= megabytes << 20, "{spooled:?}");

    let proxy = server.counted();
    let again = start(&server, &proxy, &folder, &create)
        .wait_with_output()
        .unwrap();
    assert!(
        again.status.success(),
        "{}",
        String::from_utf8_lossy(&again.stderr)
    );
    let sent = proxy.sent();
    assert!(
        sent * 10 <= all * 6,
        "{sent} of {all} bytes were sent again"
    );
    println!("{sent} of {all} bytes were sent the second time");
    assert_eq!(
        (server.begun(), listing(&folder.path("data/spools")).len()),
        (0, 0)
    );
    let made: Json = serde_json::from_slice(&again.stdout).unwrap();
    let id = text(&made["backup"]["id"]);
    assert_eq!(server.json(&folder, &["backup", "verify", id])["ok"], true);
    // The one that was killed is the one that was completed.
    let listed = folder.json(&["backup", "list", "p"]);
    assert_eq!(listed["backups"].as_array().unwrap().len(), 1, "{listed}");

    // The place may throw parts away when it likes.
    let proxy = server.counted();
    let before = server.names().len();
    folder.import("u.csv", "id\n1\n", &[]);
    let mut killed = start(&server, &proxy, &folder, &create);
    until("something is sent", || proxy.sent() >= 20 << 20);
    killed.kill().unwrap();
    killed.wait().unwrap();
    assert_eq!(server.begun(), 1);
    server.python(
        "for u in c.list_multipart_uploads(Bucket='bucket')['Uploads']: \
         c.abort_multipart_upload(Bucket='bucket', Key=u['Key'], UploadId=u['UploadId'])",
    );
    server.json(&folder, &["backup", "create", "p", "--to", PLACE]);
    assert_eq!((server.begun(), server.names().len()), (0, before + 2));

    // Where the project is another one by now, what was sent is worth nothing.
    let proxy = server.counted();
    folder.import("u.csv", "id\n2\n", &[]);
    let mut killed = start(&server, &proxy, &folder, &create);
    until("something is sent", || proxy.sent() >= 20 << 20);
    killed.kill().unwrap();
    killed.wait().unwrap();
    assert_eq!(server.begun(), 1);
    folder.import("u.csv", "id\n3\n", &[]);
    let made = server.json(&folder, &["backup", "create", "p", "--to", PLACE]);
    assert_eq!(
        (server.begun(), listing(&folder.path("data/spools")).len()),
        (0, 0)
    );
    assert_eq!(server.names().len(), before + 4);
    let id = text(&made["backup"]["id"]);
    assert_eq!(server.json(&folder, &["backup", "verify", id])["ok"], true);

    // Asked to stop, it leaves nothing there.
    let proxy = server.counted();
    folder.import("u.csv", "id\n4\n", &[]);
    let stopped = start(&server, &proxy, &folder, &create);
    until("something is sent", || proxy.sent() >= 20 << 20);
    let asked = Command::new("kill")
        .args(["-INT", &stopped.id().to_string()])
        .status();
    assert!(asked.unwrap().success());
    let stopped = stopped.wait_with_output().unwrap();
    assert_eq!(
        stopped.status.code(),
        Some(130),
        "{}",
        String::from_utf8_lossy(&stopped.stderr)
    );
    assert_eq!(
        (server.begun(), listing(&folder.path("data/spools")).len()),
        (0, 0)
    );
    assert_eq!(server.names().len(), before + 4);
}

#[test]
fn a_crash_anywhere_leaves_a_backup_or_none() {
    let Some(server) = Server::one() else { return };
    let folder = project();
    let create = ["backup", "create", "p", "--to", PLACE];
    let points = [
        "backup-begun",
        "backup-manifest-written",
        "backup-spooled",
        "backup-file-sent",
        "backup-sent",
        "backup-publishing-elsewhere",
        "backup-published",
        "backup-completed",
    ];
    for point in points {
        let mut crashed = server.command(&folder, &create);
        crashed.env("MANIFOLD_FAILPOINT", format!("{point}=abort"));
        assert!(crashed.output().unwrap().status.code().is_none(), "{point}");
        server.json(&folder, &create);
        assert_eq!(listing(&folder.path("data/spools")), [], "{point}");
    }
    // A worker does what it was doing when it died.
    let detached = server.json(&folder, &[&create[..], &["--detach"]].concat());
    let job = text(&detached["job"]["id"]);
    let worker = ["worker", "--once"];
    let mut crashed = server.command(&folder, &worker);
    crashed.env("MANIFOLD_FAILPOINT", "backup-file-sent=abort");
    assert!(crashed.output().unwrap().status.code().is_none());
    until("the worker has done it", || {
        assert_eq!(server.run(&folder, &worker).code, 0);
        folder.json(&["job", "show", job])["job"]["state"] == "completed"
    });
    assert_eq!(listing(&folder.path("data/spools")), []);

    let listed = folder.json(&["backup", "list", "p"]);
    let listed = listed["backups"].as_array().unwrap();
    let completed: Vec<_> = listed
        .iter()
        .filter(|backup| backup["state"] == "completed")
        .collect();
    for backup in &completed {
        let verified = server.json(&folder, &["backup", "verify", text(&backup["id"])]);
        assert_eq!(verified["ok"], true, "{verified}");
    }
    // A file and a manifest of each, and nothing else.
    assert_eq!(server.names().len(), 2 * completed.len());
    assert!(completed.len() > points.len(), "{listed:?}");
}

#[test]
fn rows_are_exported_there_and_appear_whole() {
    for server in Server::all() {
        let (folder, name) = (project(), server.name);
        for format in ["csv", "jsonl", "sqlite"] {
            let to = format!("s3://bucket/out/t.{format}");
            let export = ["export", "p", "--source", "t", "--to", &to];
            let exported = server.json(&folder, &export);
            assert_eq!(exported["export"]["rows"], 3, "{name}");
            assert_eq!(exported["export"]["path"], to, "{name}");
            let again = server.run(&folder, &[&export[..], &["--json"]].concat());
            assert!(
                again.stderr.contains("needs_yes"),
                "{name}: {}",
                again.stderr
            );
            server.json(&folder, &[&export[..], &["--yes"]].concat());
        }
        let mut names = server.names();
        names.sort_unstable();
        let expected = ["csv", "jsonl", "sqlite"].map(|format| {
            [
                format!("out/t.{format}"),
                format!("out/t.{format}.datapackage.json"),
            ]
        });
        assert_eq!(names, expected.concat(), "{name}");
        no_secret(&folder);
    }
}

#[test]
fn an_export_that_is_interrupted_leaves_nothing_there() {
    let Some(server) = Server::one() else { return };
    let folder = large(100);
    let export = [
        "export",
        "p",
        "--source",
        "t",
        "--to",
        "s3://bucket/t.csv",
        "--yes",
        "--json",
    ];
    let proxy = server.counted();
    let stopped = start(&server, &proxy, &folder, &export);
    until("something is sent", || proxy.sent() >= 20 << 20);
    let asked = Command::new("kill")
        .args(["-INT", &stopped.id().to_string()])
        .status();
    assert!(asked.unwrap().success());
    let stopped = stopped.wait_with_output().unwrap();
    assert_eq!(stopped.status.code(), Some(130));
    assert_eq!((server.begun(), server.names()), (0, Vec::new()));
    assert_eq!(
        listing(&folder.path("data/tmp"))
            .iter()
            .filter(|(path, _)| path.ends_with("spool"))
            .count(),
        0
    );

    // A worker makes it anew, in place of the parts that were sent.
    let small = project();
    for (folder, point) in [
        (&small, "export-data-sent"),
        (&small, "export-data-published"),
        (&folder, "export-data-sent"),
        (&folder, "export-data-published"),
    ] {
        let detached = server.json(folder, &[&export[..7], &["--detach"]].concat());
        let job = text(&detached["job"]["id"]);
        let worker = ["worker", "--once"];
        let mut crashed = server.command(folder, &worker);
        crashed.env("MANIFOLD_FAILPOINT", format!("{point}=abort"));
        assert!(crashed.output().unwrap().status.code().is_none(), "{point}");
        until("the worker has done it", || {
            let said = server.run(folder, &worker);
            assert_eq!(said.code, 0, "{point}: {}", said.stderr);
            folder.json(&["job", "show", job])["job"]["state"] == "completed"
        });
        assert_eq!(server.begun(), 0, "{point}");
        assert_eq!(server.names().len(), 2, "{point}");
        let done = folder.json(&["job", "show", job]);
        let size = done["job"]["result"]["size_bytes"].as_u64().unwrap();
        assert_eq!(server.size("t.csv"), size, "{point}");
    }
}
