//! Two who make and collect incremental backups at one place, and do not agree what time it is.
#![cfg(target_os = "linux")]

use crate::backups::{Saved, all_verify};
use crate::busy_backup::wait_until_stopped;
use crate::command::Said;
use crate::folder::Folder;
use crate::preload::Preload;

const HOUR: i64 = 60 * 60;

/// One is being made by somebody whose clock is wrong while another collects: either it is waited for, or it says that it is overdue
/// and does not appear.
#[test]
fn a_wrong_clock_harms_no_backup() {
    let Some(preload) = Preload::new() else {
        return;
    };
    for hours in [-1000, -25, -23, -1, 1, 23, 25, 1000] {
        let what = format!("{hours} hours");
        let saved = Saved::new(&["--type", "incremental"]);
        // The same project in another data folder, and the same backups at their place.
        let collector = &saved.folder;
        let maker = Folder::new();
        std::fs::rename(collector.path("kept"), maker.data()).unwrap();
        let place = collector.path("data/backups").display().to_string();
        let create = [
            "backup",
            "create",
            "p",
            "--type",
            "incremental",
            "--to",
            &place,
        ];
        let points = "backup-files-written=stop";
        let mut making = preload.with_clock(&maker, hours * HOUR, points, &create);
        let making = making.spawn().unwrap();
        wait_until_stopped(&making);
        // What it shares with the second is needed by nobody else from here on.
        for id in &saved.ids {
            collector.ok(&["backup", "delete", id]);
        }
        let continued = std::process::Command::new("kill")
            .args(["-CONT", &making.id().to_string()])
            .status();
        assert!(continued.unwrap().success());
        let said: Said = making.wait_with_output().unwrap().into();
        if hours.abs() < 24 {
            assert_eq!(said.code, 0, "{what}: {}", said.stderr);
            assert_eq!(all_verify_there(&maker), 1, "{what}");
        } else {
            assert_ne!(said.code, 0, "{what}");
            let codes = ["backup_overdue", "backup_file_missing"];
            assert!(
                codes.contains(&said.error.as_str()),
                "{what}: {}",
                said.stderr
            );
        }
        // Nobody has to look after it.
        let again = preload
            .with_clock(&maker, hours * HOUR, "", &create)
            .output();
        let again: Said = again.unwrap().into();
        assert_eq!(again.code, 0, "{what}: {}", again.stderr);
        let id = again.json["backup"]["id"].as_str().unwrap();
        maker.ok(&["backup", "verify", id]);
        let scanned = collector.ok(&["backup", "scan", &place]);
        let found = scanned.json["added"].as_array().unwrap().len();
        assert_eq!(all_verify(collector, &what), found, "{what}");
    }
}

/// How many backups of the maker are complete and sound, of those that are still there.
fn all_verify_there(maker: &Folder) -> usize {
    all_verify(maker, "of the maker")
}
