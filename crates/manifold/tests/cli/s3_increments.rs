//! Incremental backups at a place that speaks S3.

use std::process::{Command, Stdio};

use serde_json::{Value as Json, json};

use crate::encryption::RECIPIENT;
use crate::folder::{Folder, listing};
use crate::interrupt::until;
use crate::s3_server::Server;

const PLACE: &str = "s3://bucket/a/backups";

const CREATE: [&str; 7] = [
    "backup",
    "create",
    "p",
    "--type",
    "incremental",
    "--to",
    PLACE,
];

fn text(value: &Json) -> &str {
    value.as_str().unwrap()
}

fn number(backup: &Json, field: &str) -> u64 {
    backup[field].as_u64().unwrap()
}

fn create(server: &Server, folder: &Folder, more: &[&str]) -> Json {
    server.json(folder, &[&CREATE[..], more].concat())["backup"].clone()
}

/// A version of a source with so many rows that are the same in all.
fn import(folder: &Folder, rows: usize, version: usize) {
    let mut csv = "id,v\n".to_owned();
    for id in 0..rows {
        csv.push_str(&format!("{id},{}\n", (id * 7_919) % 10_007));
    }
    csv.push_str(&format!("{rows},version {version}\n"));
    folder.import("t.csv", &csv, &[]);
}

/// Segments that have about so many MB in the bucket, whatever they are compressed with.
fn import_large(folder: &Folder, megabytes: usize) {
    let mut csv = String::from("id,v\n");
    let mut random = 1_u64;
    for id in 0..megabytes * 16 {
        csv.push_str(&format!("{id},"));
        for _ in 0..8_000 {
            random ^= random << 13;
            random ^= random >> 7;
            random ^= random << 17;
            csv.push_str(&format!("{random:016x}"));
        }
        csv.push('\n');
    }
    folder.import("large.csv", &csv, &[]);
}

/// The names of files in the bucket of which the path has this part.
fn names(server: &Server, part: &str) -> Vec<String> {
    let mut names = server.names();
    names.retain(|name| name.contains(part));
    names
}

fn nothing_is_left(server: &Server, folder: &Folder, what: &str) {
    assert_eq!(names(server, "/leases/"), [""; 0], "{what}");
    assert_eq!(names(server, "/gc/"), [""; 0], "{what}");
    assert_eq!(server.begun(), 0, "{what}");
    assert_eq!(listing(&folder.path("data/spools")), [], "{what}");
}

/// Every complete backup is sound; how many there are.
fn all_verify(server: &Server, folder: &Folder, what: &str) -> usize {
    let listed = folder.json(&["backup", "list", "p"]);
    let listed = listed["backups"].as_array().unwrap();
    let completed = listed
        .iter()
        .filter(|backup| backup["state"] == "completed");
    let mut count = 0;
    for backup in completed {
        let said = server.run(folder, &["backup", "verify", text(&backup["id"]), "--json"]);
        assert_eq!(said.code, 0, "{what}: {} {}", said.stdout, said.stderr);
        count += 1;
    }
    count
}

#[test]
fn increments_are_made_checked_found_restored_and_collected() {
    for server in Server::all() {
        for more in [&[][..], &["--encrypt-to", RECIPIENT]] {
            let (folder, what) = (Folder::new(), format!("{} {more:?}", server.name));
            import(&folder, 20_000, 1);
            let first = create(&server, &folder, more);
            assert!(text(&first["location"]).starts_with(PLACE), "{what}");
            let whole = number(&first, "new_bytes");
            import(&folder, 20_000, 2);
            let second = create(&server, &folder, more);
            assert!(number(&second, "new_bytes") * 4 < whole, "{what}: {second}");
            folder.json(&["snapshot", "delete", "p", "t@2", "--yes"]);
            import(&folder, 20_000, 3);
            let third = create(&server, &folder, more);
            nothing_is_left(&server, &folder, &what);
            for backup in [&first, &second, &third] {
                for how in [&[][..], &["--drill"], &["--subset", "1/2"]] {
                    let verify = ["backup", "verify", text(&backup["id"])];
                    let verified = server.json(&folder, &[&verify[..], how].concat());
                    assert_eq!(verified["ok"], true, "{what} {how:?}: {verified}");
                }
            }
            let other = Folder::new();
            if !more.is_empty() {
                for (path, _) in listing(&folder.path("data/keys")) {
                    let name = path.file_name().unwrap().to_str().unwrap();
                    other.write(&format!("data/keys/{name}"), std::fs::read(&path).unwrap());
                }
            }
            let found = server.json(&other, &["backup", "scan", PLACE]);
            assert_eq!(found["added"].as_array().unwrap().len(), 3, "{what}");
            let restored = server.json(&other, &["restore", text(&second["id"])]);
            let tables = restored["compared"]["tables"].as_array().unwrap();
            assert!(
                tables.iter().all(|table| table["hash_equal"] == true),
                "{what}"
            );
            assert_eq!(restored["project"]["row_count"], 20_001, "{what}");
            // Only the one that was restored elsewhere goes on there, where it shares nothing with this project.
            let before = names(&server, "/segments/").len();
            let prune = ["backup", "prune", "p", "--keep-last", "1", "--yes"];
            let pruned = server.json(&folder, &prune);
            assert_eq!(pruned["deleted"].as_array().unwrap().len(), 2, "{what}");
            assert!(names(&server, "/segments/").len() < before, "{what}");
            assert_eq!(all_verify(&server, &folder, &what), 1);
            let delete = ["backup", "delete", text(&third["id"]), "--yes"];
            server.json(&folder, &delete);
            let left = server.names();
            assert!(
                left.iter().all(|name| name.contains("/keys/")),
                "{what}: {left:?}"
            );
            server.python("for o in c.list_objects_v2(Bucket='bucket').get('Contents', []): c.delete_object(Bucket='bucket', Key=o['Key'])");
        }
    }
}

/// A process that is killed leaves its lease and what it sent; the same command goes on with that.
#[test]
fn what_was_sent_is_not_sent_again() {
    let Some(server) = Server::one() else { return };
    let folder = Folder::new();
    import_large(&folder, 40);
    // Beside it one that was made and is not needed.
    let stray = "a/backups/segments/other/x-y.db.zst";
    server.python(&format!(
        "c.put_object(Bucket='bucket', Key='{stray}', Body=b'x')"
    ));
    let proxy = server.counted();
    let mut killed = Command::new(env!("CARGO_BIN_EXE_manifold"))
        .env("MANIFOLD_DATA_DIR", folder.path("data"))
        .envs(server.variables(proxy.port))
        .current_dir(folder.path("."))
        .args(CREATE)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    until("half is sent", || proxy.sent() >= 20 << 20);
    killed.kill().unwrap();
    killed.wait().unwrap();
    let all: u64 = listing(&folder.path("data/spools"))
        .iter()
        .map(|(_, size)| size)
        .sum();
    assert!(all >= 36 << 20, "{all}");
    assert_eq!(names(&server, "/leases/").len(), 1);

    // Another backup finds that the one is dead, and leaves what it sent.
    let sent = names(&server, "/segments/");
    let other = folder.json(&["backup", "create", "p", "--type", "incremental"]);
    folder.json(&["backup", "delete", text(&other["backup"]["id"]), "--yes"]);
    assert_eq!(names(&server, "/segments/"), sent);
    assert_eq!(names(&server, "/leases/").len(), 1);

    let proxy = server.counted();
    let mut again = folder.command(&[&CREATE[..], &["--json"]].concat());
    let again = again.envs(server.variables(proxy.port)).output().unwrap();
    assert!(
        again.status.success(),
        "{}",
        String::from_utf8_lossy(&again.stderr)
    );
    assert!(
        proxy.sent() * 10 <= all * 7,
        "{} of {all} bytes were sent again",
        proxy.sent()
    );
    let made: Json = serde_json::from_slice(&again.stdout).unwrap();
    nothing_is_left(&server, &folder, "gone on with");
    assert_eq!(all_verify(&server, &folder, "gone on with"), 1);
    let delete = ["backup", "delete", text(&made["backup"]["id"]), "--yes"];
    server.json(&folder, &delete);
    assert_eq!(names(&server, "/"), [stray]);
}

#[test]
fn asked_to_stop_it_leaves_nothing() {
    let Some(server) = Server::one() else { return };
    let folder = Folder::new();
    import_large(&folder, 40);
    let proxy = server.counted();
    let stopped = Command::new(env!("CARGO_BIN_EXE_manifold"))
        .env("MANIFOLD_DATA_DIR", folder.path("data"))
        .envs(server.variables(proxy.port))
        .current_dir(folder.path("."))
        .args(CREATE)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    until("something is sent", || proxy.sent() >= 20 << 20);
    let asked = Command::new("kill")
        .args(["-INT", &stopped.id().to_string()])
        .status();
    assert!(asked.unwrap().success());
    let stopped = stopped.wait_with_output().unwrap();
    let said = String::from_utf8_lossy(&stopped.stderr);
    assert_eq!(stopped.status.code(), Some(130), "{said}");
    nothing_is_left(&server, &folder, "stopped");
    assert_eq!(server.names(), [""; 0]);
}

#[test]
fn a_crash_anywhere_harms_no_other() {
    let Some(server) = Server::one() else { return };
    let folder = Folder::new();
    import(&folder, 300, 0);
    create(&server, &folder, &[]);
    let mut made = 1;
    let points = [
        "backup-lease-taken",
        "backup-frozen",
        "backup-segment-kept",
        "backup-files-written",
        "backup-manifest-written",
        "backup-spooled",
        "backup-file-sent",
        "backup-sent",
        "backup-publishing-elsewhere",
        "backup-published",
        "backup-completed",
    ];
    for (version, point) in points.into_iter().enumerate() {
        for fault in ["abort", "error"] {
            // What was sent of the one that died is worth nothing when the project changes before the next.
            for changes in [false, true] {
                let what = format!("{fault} at {point}, {changes}");
                import(&folder, 300, 100 * version + made);
                let mut crashed = server.command(&folder, &CREATE);
                crashed.env("MANIFOLD_FAILPOINT", format!("{point}={fault}"));
                assert!(!crashed.output().unwrap().status.success(), "{what}");
                if changes {
                    import(&folder, 300, 100 * version + made + 1_000_000);
                }
                create(&server, &folder, &[]);
                assert_eq!(listing(&folder.path("data/spools")), [], "{what}");
                assert_eq!(names(&server, "/leases/"), [""; 0], "{what}");
                made += 1;
            }
        }
    }
    assert!(all_verify(&server, &folder, "all") >= made);
    // Whoever prunes takes what the dead have left.
    let prune = ["backup", "prune", "p", "--keep-last", "2", "--yes"];
    server.json(&folder, &prune);
    assert_eq!(all_verify(&server, &folder, "pruned"), 2);
    nothing_is_left(&server, &folder, "pruned");
    // Also those that the hub has never heard of: a step failed once they were there.
    let read = "import json
for o in c.list_objects_v2(Bucket='bucket')['Contents']:
  if o['Key'].endswith('/manifest.json'):
    m = json.loads(c.get_object(Bucket='bucket', Key=o['Key'])['Body'].read())
    for r in m['rows']:
      for t in r['tiles'] + r['closes']: print('a/backups/' + t['segment']['name'])
    for p in m.get('parts', []): print('a/backups/' + p['segment']['name'])";
    let mut needed: Vec<String> = server.python(read).lines().map(str::to_owned).collect();
    needed.sort_unstable();
    needed.dedup();
    assert_eq!(names(&server, "/segments/"), needed);
}

/// What was sent of a backup is gone, or on its way out: it is not relied on, and made anew.
#[test]
fn what_is_gone_when_it_goes_on_is_made_anew() {
    let Some(server) = Server::one() else { return };
    let folder = Folder::new();
    for (round, point) in ["backup-file-sent", "backup-sent"].into_iter().enumerate() {
        for how in ["lease", "lease and segments", "tombstone"] {
            import(&folder, 300, 1 + round);
            let mut crashed = server.command(&folder, &CREATE);
            crashed.env("MANIFOLD_FAILPOINT", format!("{point}=abort"));
            assert!(!crashed.output().unwrap().status.success());
            let of_the_dead: Vec<String> = names(&server, "/segments/");
            let leases = names(&server, "/leases/");
            let remove = |names: &[String]| {
                for name in names {
                    server.python(&format!("c.delete_object(Bucket='bucket', Key='{name}')"));
                }
            };
            match how {
                "lease" => remove(&leases),
                "lease and segments" => {
                    remove(&leases);
                    remove(&of_the_dead);
                }
                _ => {
                    let stem = of_the_dead[0].split('/').nth(3).unwrap();
                    let listed: Vec<&str> = of_the_dead
                        .iter()
                        .map(|name| name.strip_prefix("a/backups/").unwrap())
                        .collect();
                    let tombstone = json!({ "segments": listed, "leases": [] });
                    server.python(&format!(
                        "c.put_object(Bucket='bucket', Key='a/backups/gc/{stem}/t.json', Body={:?}.encode())",
                        tombstone.to_string()
                    ));
                }
            }
            let made = create(&server, &folder, &[]);
            let verify = ["backup", "verify", text(&made["id"])];
            assert_eq!(server.json(&folder, &verify)["ok"], true, "{how}");
            assert_eq!(names(&server, "/gc/"), [""; 0], "{how}");
            let now = names(&server, "/segments/");
            if how == "tombstone" {
                assert!(now.iter().all(|name| !of_the_dead.contains(name)), "{how}");
            }
            server.json(&folder, &["backup", "delete", text(&made["id"]), "--yes"]);
            assert_eq!(server.names(), [""; 0], "{how}");
        }
    }
}
