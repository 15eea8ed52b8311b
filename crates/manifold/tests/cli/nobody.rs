//! The command as a user whom file permissions bind, which root is not.

use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _, chown};
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::folder::{Folder, Said};

/// A user without rights.
const NOBODY: u32 = 65534;

/// Runs the command in the folder, which the user then owns.
pub(crate) fn run(folder: &Folder, arguments: &[&str]) -> Said {
    let root = folder.path("");
    let mut command = Command::new(env!("CARGO_BIN_EXE_manifold"));
    if is_root() {
        own(&root);
        command = Command::new(reachable_program(folder));
        command.uid(NOBODY).gid(NOBODY);
    }
    let said = command
        .current_dir(&root)
        .env_clear()
        .env("MANIFOLD_DATA_DIR", folder.path("data"))
        .env("HOME", &root)
        .env("TMPDIR", "/tmp")
        .env("TZ", "UTC")
        .args(arguments)
        .output();
    Said::from(said.unwrap())
}

/// What a user makes is the user's.
fn is_root() -> bool {
    let made = tempfile::tempdir().unwrap();
    made.path().metadata().unwrap().uid() == 0
}

/// Changes what the owner may do with a file or folder.
pub(crate) fn permit(path: &Path, mode: u32) {
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).unwrap();
}

/// A copy of the program that everybody can start: the folder it was built in may be closed to others.
fn reachable_program(folder: &Folder) -> PathBuf {
    let copy = folder.path("manifold");
    if !copy.exists() {
        std::fs::copy(env!("CARGO_BIN_EXE_manifold"), &copy).unwrap();
        permit(&copy, 0o755);
    }
    copy
}

fn own(path: &Path) {
    chown(path, Some(NOBODY), Some(NOBODY)).unwrap();
    if path.is_dir() {
        for entry in std::fs::read_dir(path).unwrap() {
            own(&entry.unwrap().path());
        }
    }
}
