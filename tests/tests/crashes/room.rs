//! A backup asks for as much room as it may take: an increment for that of what is new.

use std::fmt::Write as _;
use std::path::Path;

use crate::folder::Folder;
use crate::small_disk::{Filler, on_small_disk};

/// Rows whose text cannot be compressed, and one in a hundred of which differs from version to version, in the third one in ten.
fn csv(version: usize) -> String {
    let mut text = "id,v\n".to_owned();
    let share = if version == 3 { 10 } else { 100 };
    let mut random = 1_u64;
    for row in 0..20_000 {
        write!(text, "{row},").unwrap();
        for _ in 0..40 {
            random ^= random << 13;
            random ^= random >> 7;
            random ^= random << 17;
            write!(text, "{random:016x}").unwrap();
        }
        let changed = if row % share == 0 { version } else { 0 };
        writeln!(text, "{changed}").unwrap();
    }
    text
}

#[test]
fn an_increment_fits_where_the_whole_does_not() {
    let test = "room::an_increment_fits_where_the_whole_does_not";
    on_small_disk(test, |disk| {
        let folder = Folder::new();
        let place = disk.join("place");
        let create = |kind: &'static str| {
            let to = place.to_str().unwrap();
            folder.run(&["backup", "create", "p", "--type", kind, "--to", to])
        };
        import(&folder, 1);
        let first = create("incremental");
        assert_eq!(first.code, 0, "{}", first.stderr);
        import(&folder, 2);
        let filler = Filler::on(disk);
        filler.leave(2 * 1_024);
        let whole = create("sqlite");
        assert_eq!(whole.error, "disk_full", "{}", whole.stderr);
        let increment = create("incremental");
        assert_eq!(increment.code, 0, "{}", increment.stderr);
        let id = increment.json["backup"]["id"].as_str().unwrap();
        folder.ok(&["backup", "verify", id]);
        // What is new must fit all the same, and is asked for before it is written.
        import(&folder, 3);
        filler.leave(1_024);
        let refused = create("incremental");
        assert_eq!(refused.error, "disk_full", "{}", refused.stderr);
        assert!(refused.stderr.contains("bytes free"), "{}", refused.stderr);
        assert_leftovers(&place);
    });
}

fn import(folder: &Folder, version: usize) {
    folder.write("t.csv", csv(version));
    let import = ["import", "t.csv", "--project", "p", "--key", "id"];
    let create: &[&str] = match version {
        1 => &["--create-project"],
        _ => &[],
    };
    folder.ok(&[&import[..], create].concat());
}

/// Two backups and what they share, and nothing half-done.
fn assert_leftovers(place: &Path) {
    let names = std::fs::read_dir(place).unwrap();
    let names: Vec<_> = names
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    assert!(!names.iter().any(|name| name.starts_with('.')), "{names:?}");
    let backups = names.iter().filter(|name| name.starts_with("p-"));
    assert_eq!(backups.count(), 2, "{names:?}");
}
