//! A working folder with a data folder in it, and the command there.

use std::path::{Path, PathBuf};
use std::process::{Child, Command};

use tempfile::TempDir;

use crate::command::{Said, command};
use crate::state::State;

/// A working folder, removed in the end.
#[derive(Debug)]
pub struct Folder {
    root: TempDir,
}

impl Folder {
    pub fn new() -> Self {
        Self {
            root: tempfile::tempdir().unwrap(),
        }
    }

    /// A copy of everything in it.
    pub fn copy(&self) -> Self {
        self.copy_into(&std::env::temp_dir())
    }

    /// A copy of everything in it, in this folder.
    pub fn copy_into(&self, folder: &Path) -> Self {
        let copy = Self {
            root: tempfile::tempdir_in(folder).unwrap(),
        };
        let from = self.path(".");
        let copied = Command::new("cp")
            .args(["-R", "--reflink=auto"])
            .args([from.as_path(), copy.root.path()])
            .status();
        assert!(copied.unwrap().success());
        copy
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.root.path().join(name)
    }

    pub fn data(&self) -> PathBuf {
        self.path("data")
    }

    pub fn write(&self, name: &str, bytes: impl AsRef<[u8]>) {
        std::fs::write(self.path(name), bytes).unwrap();
    }

    /// Runs the command.
    pub fn run(&self, arguments: &[&str]) -> Said {
        command(self.root.path(), arguments)
            .output()
            .unwrap()
            .into()
    }

    /// Runs the command with something to happen at named points.
    pub fn run_with(&self, points: &str, arguments: &[&str]) -> Said {
        let mut command = command(self.root.path(), arguments);
        let output = command.env("MANIFOLD_FAILPOINT", points).output();
        output.unwrap().into()
    }

    /// Starts the command.
    pub fn start(&self, arguments: &[&str]) -> Child {
        command(self.root.path(), arguments).spawn().unwrap()
    }

    /// Starts the command with something to happen at named points.
    pub fn start_with(&self, points: &str, arguments: &[&str]) -> Child {
        let mut command = command(self.root.path(), arguments);
        command.env("MANIFOLD_FAILPOINT", points).spawn().unwrap()
    }

    /// Runs the command, which must succeed.
    pub fn ok(&self, arguments: &[&str]) -> Said {
        let said = self.run(arguments);
        assert_eq!(said.code, 0, "{arguments:?}: {}", said.stderr);
        said
    }

    /// What is in the data folder, with which nothing may be wrong.
    pub fn state(&self, what: &str) -> State {
        State::read(&self.data(), what)
    }

    /// Files that have no business in a data folder that nobody has open.
    pub fn leftovers(&self) -> Vec<PathBuf> {
        let mut found = Vec::new();
        collect(&self.data(), &mut found);
        found.retain(|path| is_leftover(path));
        found
    }
}

fn is_leftover(path: &Path) -> bool {
    let name = path.file_name().unwrap().to_str().unwrap();
    let beside = ["-wal", "-shm", "-journal", ".part"];
    let hidden = [".tmp-", ".partial-", "staged-"];
    hidden.iter().any(|prefix| name.starts_with(prefix))
        || beside.iter().any(|suffix| name.ends_with(suffix))
}

fn collect(folder: &Path, found: &mut Vec<PathBuf>) {
    let Ok(entries) = std::fs::read_dir(folder) else {
        return;
    };
    for entry in entries {
        let path = entry.unwrap().path();
        if path.is_dir() {
            collect(&path, found);
        }
        found.push(path);
    }
}
