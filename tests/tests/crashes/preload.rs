//! A library of our own that is loaded into the command, between it and the system.

use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use tempfile::TempDir;

use crate::command::{Said, command};
use crate::folder::Folder;

/// `io_faults.c`, as a library.
pub struct Preload {
    folder: TempDir,
}

/// A call to the system that fails.
#[derive(Debug, Clone, Copy)]
pub struct Fault {
    /// Which, from 1.
    pub at: u64,
    /// The number of the error.
    pub error: i32,
}

impl Preload {
    /// `None` where no C compiler is, or the system loads no library before others; that is told.
    pub fn new() -> Option<Self> {
        let folder = tempfile::tempdir().unwrap();
        let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/crashes/io_faults.c");
        let built = Command::new("cc")
            .args(["-O1", "-shared", "-fPIC", "-o"])
            .arg(folder.path().join("io_faults.so"))
            .arg(source)
            .arg("-ldl")
            .output();
        let said = match built {
            Ok(built) if built.status.success() => return Some(Self { folder }),
            Ok(built) => String::from_utf8_lossy(&built.stderr).into_owned(),
            Err(error) => error.to_string(),
        };
        // Not a line of the test's own output, which is shown only when it fails.
        let mut stderr = std::io::stderr();
        writeln!(stderr, "SKIPPED: no call to the system fails: {said}").unwrap();
        None
    }

    fn into(&self, folder: &Folder, arguments: &[&str]) -> Command {
        let mut command = command(&folder.path("."), arguments);
        command.env("LD_PRELOAD", self.folder.path().join("io_faults.so"));
        command
    }

    /// Runs the command while a call of it fails that has to do with a file below `within`; the paths of others that do not count
    /// have `except` in them. Returns how many calls there were too.
    pub fn run(
        &self,
        folder: &Folder,
        within: &Path,
        except: &str,
        fault: Option<Fault>,
        arguments: &[&str],
    ) -> (Said, u64) {
        let counted: PathBuf = self.folder.path().join("count");
        drop(fs::remove_file(&counted));
        let mut command = self.into(folder, arguments);
        command.env("IO_WITHIN", within).env("IO_COUNT", &counted);
        if !except.is_empty() {
            command.env("IO_EXCEPT", except);
        }
        if let Some(Fault { at, error }) = fault {
            command.env("IO_AT", at.to_string());
            command.env("IO_ERROR", error.to_string());
        }
        let said = command.output().unwrap().into();
        let count = fs::read_to_string(&counted).unwrap_or_default();
        (said, count.parse().unwrap_or_default())
    }

    /// The command, with a clock that is wrong by so many seconds, and something to happen at named points.
    pub fn with_clock(
        &self,
        folder: &Folder,
        seconds: i64,
        points: &str,
        arguments: &[&str],
    ) -> Command {
        let mut command = self.into(folder, arguments);
        command
            .env("CLOCK_MOVED", seconds.to_string())
            .env("MANIFOLD_FAILPOINT", points);
        command
    }
}
