//! `backup create --all`, and restores of what it makes.

use serde_json::{Value as Json, json};

use crate::folder::{Folder, listing};

/// A store with three projects.
fn store() -> Folder {
    let folder = Folder::new();
    for name in ["one", "two", "three"] {
        folder.write("t.csv", "id,v\n1,a\n2,b\n3,c\n");
        let import = ["import", "t.csv", "--create-project", "--project", name];
        folder.json(&import);
    }
    folder
}

fn text(value: &Json) -> &str {
    value.as_str().unwrap()
}

/// The command with another data folder.
fn elsewhere<'a>(arguments: &[&'a str]) -> Vec<&'a str> {
    [arguments, &["--data-dir", "other"]].concat()
}

#[test]
fn everything_is_saved_listed_verified_and_deleted() {
    let folder = store();
    let made = folder.json(&["backup", "create", "--all", "--to", "usb", "--compress"]);
    let backup = &made["backup"];
    assert_eq!(
        (
            &backup["scope"],
            &backup["project_id"],
            &backup["total_records"]
        ),
        (&json!("store"), &Json::Null, &json!(9))
    );
    assert_eq!(made["job"]["kind"], "backup_store");
    assert_eq!(backup["missing"], json!([]));
    let groups = backup["groups"].as_array().unwrap();
    assert_eq!(groups.len(), 1);
    assert_eq!(groups[0]["projects"].as_array().unwrap().len(), 3);
    let id = text(&backup["id"]);
    let listed = folder.json(&["backup", "list"]);
    assert_eq!(listed["backups"][0]["id"], backup["id"]);
    assert!(folder.ok(&["backup", "list"]).contains("(whole store)"));
    assert!(folder.ok(&["backup", "stats"]).contains("(whole store)"));
    let stats = folder.json(&["backup", "stats"]);
    assert_eq!(stats["projects"][0]["scope"], "store");
    let shown = folder.ok(&["backup", "show", id]);
    for name in ["one", "two", "three"] {
        assert!(shown.contains(name), "{shown}");
    }
    assert_eq!(folder.json(&["backup", "verify", id])["ok"], true);
    assert_eq!(
        folder.json(&["backup", "verify", id, "--drill"])["ok"],
        true
    );

    // It is one of its own kind to a policy, and beside those of projects.
    folder.json(&["backup", "create", "one"]);
    let second = folder.json(&["backup", "create", "--all"]);
    let second = text(&second["backup"]["id"]).to_owned();
    assert_eq!(folder.json(&["backup", "verify", &second])["ok"], true);
    let pruned = folder.json(&["backup", "prune", "--keep-last", "1", "--yes"]);
    assert_eq!(pruned["deleted"].as_array().unwrap().len(), 1, "{pruned}");
    assert_eq!(pruned["deleted"][0]["backup"]["id"], id);
    assert!(listing(&folder.path("usb")).is_empty());
    let gone = folder.json(&["backup", "delete", &second, "--yes"]);
    assert_eq!(gone["deleted"]["id"], second.as_str());
}

#[test]
fn another_data_folder_gets_all_of_it_or_one() {
    let folder = store();
    let made = folder.json(&["backup", "create", "--all", "--type", "full"]);
    let place = text(&made["backup"]["location"]).to_owned();
    let dry = folder.json(&elsewhere(&["restore", &place, "--dry-run"]));
    assert_eq!(dry["dry_run"], true);
    assert!(folder.json(&elsewhere(&["project", "list"]))["projects"] == json!([]));
    let said = folder.ok(&elsewhere(&["restore", &place]));
    assert!(said.contains("Restored 3 projects"), "{said}");
    let projects = folder.json(&elsewhere(&["project", "list"]));
    assert_eq!(projects["projects"].as_array().unwrap().len(), 3);
    // Its imports are known there, and so is the backup itself.
    let jobs = folder.json(&elsewhere(&["job", "list", "--kind", "import_file"]));
    assert_eq!(jobs["jobs"].as_array().unwrap().len(), 3);
    let listed = folder.json(&elsewhere(&["backup", "list"]));
    assert_eq!(listed["backups"][0]["id"], made["backup"]["id"]);
    let again = folder.json(&elsewhere(&["restore", &place]));
    for part in again["projects"].as_array().unwrap() {
        assert_eq!(part["fate"], "unchanged");
    }

    let id = text(&made["backup"]["id"]);
    let later = ["--at", "2999-01-01T00:00:00Z"];
    let then =
        folder.json(&[&["restore", "--project", "two", "--as", "then"], &later[..]].concat());
    let parts = &made["backup"]["groups"][0]["projects"];
    let mut parts = parts.as_array().unwrap().iter();
    let part = parts.find(|part| part["name"] == "two").unwrap();
    assert_eq!(then["chosen"]["backup_id"], part["backup_id"]);
    let one = folder.json(&["restore", id, "--project", "two", "--as", "again"]);
    assert_eq!(one["project"]["name"], "again");
    assert_eq!(one["project"]["row_count"], 3);
    folder.write("t.csv", "id,v\n9,z\n");
    folder.json(&["import", "t.csv", "--project", "two"]);
    let one = folder.json(&["restore", id, "--project", "two", "--in-place", "--yes"]);
    assert!(one["safety_copy"].is_string());
    assert_eq!(one["project"]["row_count"], 3);
}

#[test]
fn what_cannot_be_is_refused_with_a_way_out() {
    let folder = store();
    for verb in [&["create"][..], &["schedule", "--cron", "@daily"]] {
        let all = ["--all", "--type", "incremental"];
        let refused = folder.fails(&[&["backup"], verb, &all].concat());
        assert_eq!(refused, (1, "unsupported_store_backup".to_owned()));
    }
    assert!(folder.json(&["backup", "list"])["backups"] == json!([]));
    assert_eq!(
        folder.fails(&["backup", "create", "one", "--all"]),
        (2, "usage".to_owned())
    );
    assert_eq!(folder.fails(&["backup", "create"]), (2, "usage".to_owned()));

    let made = folder.json(&["backup", "create", "--all"]);
    let id = text(&made["backup"]["id"]);
    let unknown = folder.fails(&["restore", id, "--project", "four"]);
    assert_eq!(unknown, (1, "not_in_backup".to_owned()));
    assert_eq!(
        folder.fails(&["restore", id, "--as", "x"]),
        (2, "usage".to_owned())
    );
    folder.write("t.csv", "id,v\n9,z\n");
    folder.json(&["import", "t.csv", "--project", "two"]);
    assert_eq!(
        folder.fails(&["restore", id]),
        (1, "project_differs".to_owned())
    );
    let unasked = folder.fails(&["restore", id, "--in-place"]);
    assert_eq!(unasked, (2, "needs_yes".to_owned()));
    let restored = folder.json(&["restore", id, "--in-place", "--yes"]);
    let replaced = restored["projects"].as_array().unwrap().iter();
    let replaced: Vec<_> = replaced.filter(|part| part["fate"] == "replaced").collect();
    assert_eq!(replaced.len(), 1);
    assert_eq!(replaced[0]["name"], "two");
}

#[test]
fn nothing_is_told_of_an_encrypted_one_and_all_comes_back() {
    let folder = store();
    folder.write("secret.txt", "a passphrase");
    let with = ["--passphrase-file", "secret.txt"];
    for kind in [&["--type", "sqlite"][..], &["--type", "csv", "--compress"]] {
        let create = ["backup", "create", "--all", "--to", "usb"];
        let made = folder.json(&[&create[..], kind, &with].concat());
        let place = text(&made["backup"]["location"]).to_owned();
        for (path, _) in listing(std::path::Path::new(&place)) {
            let bytes = std::fs::read(&path).unwrap();
            let name = path.display().to_string();
            // Shorter ones are in what is encrypted by chance.
            for told in ["three", "SQLite format 3"] {
                let told_of = |bytes: &[u8]| {
                    bytes
                        .windows(told.len())
                        .any(|part| part == told.as_bytes())
                };
                assert!(
                    !told_of(&bytes) && !name[place.len()..].contains(told),
                    "{name}: {told}"
                );
            }
        }
        let id = text(&made["backup"]["id"]);
        assert_eq!(
            folder.json(&["backup", "verify", id, "--drill"])["ok"],
            true
        );
        // Nobody has the key in another data folder.
        let other = Folder::new();
        other.write("secret.txt", "a passphrase");
        other.write("wrong.txt", "another passphrase");
        let locked = other.fails(&["restore", &place]);
        assert_eq!(locked, (1, "backup_locked".to_owned()));
        let wrong = other.fails(&["restore", &place, "--passphrase-file", "wrong.txt"]);
        assert_eq!(wrong, (1, "wrong_key".to_owned()));
        let restored = other.json(&[&["restore", &place][..], &with].concat());
        assert_eq!(restored["projects"].as_array().unwrap().len(), 3);
        let again = other.json(&["restore", &place, "--project", "two", "--as", "again"]);
        assert_eq!(again["project"]["row_count"], 3);
        let changed = std::path::Path::new(&place).join("0001.age");
        let mut bytes = std::fs::read(&changed).unwrap();
        bytes.truncate(bytes.len() - 1);
        folder.write(changed.to_str().unwrap(), bytes);
        assert_eq!(folder.fails(&["backup", "verify", id]).0, 1);
        folder.json(&["backup", "delete", id, "--yes"]);
    }
    assert_eq!(listing(&folder.path("usb")).len(), 1, "the key");
}

#[test]
fn it_is_saved_verified_and_pruned_by_the_clock() {
    let folder = store();
    folder.json(&["backup", "create", "one"]);
    let cron = ["backup", "schedule", "--all", "--cron", "0 3 * * *"];
    let schedule = |more: &[&str]| folder.json(&[&cron[..], more].concat())["schedule"].clone();
    let made = schedule(&["--compress", "--keep-last", "1"]);
    assert_eq!(
        (&made["kind"], &made["project_id"], &made["name"]),
        (&json!("backup_store"), &Json::Null, &json!("backup"))
    );
    for (job, kind) in [("verify", "check_backup"), ("drill", "check_backup")] {
        assert_eq!(schedule(&["--job", job])["kind"], kind);
    }
    let pruning = schedule(&["--job", "prune", "--keep-last", "3"]);
    assert_eq!(pruning["kind"], "prune_backups");
    for wrong in [
        &["one", "--all"][..],
        &[],
        &["--all", "--tables", "t"],
        &["--all", "--job", "drill", "--compress"],
    ] {
        let cron = ["backup", "schedule", "--cron", "@daily"];
        let said = folder.fails(&[&cron[..], wrong].concat());
        assert_eq!(said, (2, "usage".to_owned()), "{wrong:?}");
    }

    // Each time it is another one, and only those of the whole store are pruned.
    let worker = ["worker", "--once"];
    for _ in 0..2 {
        folder.json(&["schedule", "run", text(&made["id"])]);
        folder.ok(&worker);
    }
    let listed = || folder.json(&["backup", "list"])["backups"].clone();
    let backups = listed();
    assert_eq!(backups.as_array().unwrap().len(), 2, "{backups}");
    assert_eq!(backups[0]["scope"], "store");
    assert!(backups[0]["verified_at"].is_string());
    for name in ["verify", "drill", "prune"] {
        folder.json(&["schedule", "run", name]);
        folder.ok(&worker);
    }
    let backups = listed();
    assert_eq!(backups.as_array().unwrap().len(), 2, "{backups}");
    assert!(backups[0]["last_proven_restore_at"].is_string());
    let one = folder.json(&["project", "show", "one"]);
    assert_eq!(backups[1]["project_id"], one["project"]["id"]);

    let gone = folder.json(&["backup", "unschedule", "--all"]);
    assert_eq!(gone["deleted"][0]["id"], made["id"]);
    let again = folder.fails(&["backup", "unschedule", "--all"]);
    assert_eq!(again, (1, "not_found".to_owned()));
    let left = folder.json(&["schedule", "list"]);
    assert_eq!(left["schedules"].as_array().unwrap().len(), 3);
}

#[test]
fn a_damaged_project_is_told_with_exit_code_1_and_the_others_are_saved() {
    let folder = store();
    let shown = folder.json(&["project", "show", "two"]);
    let file = text(&shown["project"]["path"]).to_owned();
    folder.write(&file, "something that is certainly no database");
    let said = folder.run(&["backup", "create", "--all", "--json"]);
    assert_eq!(said.code, 1, "{}", said.stderr);
    assert!(said.stderr.contains("backup_partial"), "{}", said.stderr);
    let document: Json = serde_json::from_str(&said.stdout).unwrap();
    let backup = &document["backup"];
    assert_eq!(backup["state"], "completed");
    assert_eq!(backup["missing"][0]["name"], "two");
    let shown = folder.ok(&["backup", "show", text(&backup["id"])]);
    assert!(shown.contains("MISSING"), "{shown}");
    let (code, error) = {
        let said = folder.run(&["backup", "verify", text(&backup["id"]), "--json"]);
        (said.code, said.stderr)
    };
    assert_eq!(code, 1, "{error}");
}
