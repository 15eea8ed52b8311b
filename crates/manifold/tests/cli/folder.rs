//! A data folder of its own for each test, and the command in it.

use std::path::{Path, PathBuf};
use std::process::Output;

use assert_cmd::Command;
use serde_json::Value as Json;
use tempfile::TempDir;

/// A working folder with a data folder in it.
pub(crate) struct Folder {
    root: TempDir,
}

/// What a run of the command has said.
pub(crate) struct Said {
    pub(crate) code: i32,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Folder {
    pub(crate) fn new() -> Self {
        Self {
            root: tempfile::tempdir().unwrap(),
        }
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.root.path().join(name)
    }

    pub(crate) fn write(&self, name: &str, bytes: impl AsRef<[u8]>) -> &Self {
        let path = self.path(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        #[expect(clippy::disallowed_methods, reason = "a crash of a test loses nothing")]
        std::fs::write(path, bytes).unwrap();
        self
    }

    pub(crate) fn read(&self, name: &str) -> Vec<u8> {
        std::fs::read(self.path(name)).unwrap()
    }

    /// The command, in an environment that says nothing else.
    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_manifold"));
        command
            .current_dir(self.root.path())
            .env_clear()
            .env("MANIFOLD_DATA_DIR", self.path("data"))
            .env("HOME", self.path("home"))
            .env("TMPDIR", self.root.path())
            .env("TZ", "UTC")
            .env("COLUMNS", "100")
            .args(arguments);
        command
    }

    pub(crate) fn run(&self, arguments: &[&str]) -> Said {
        Said::from(self.command(arguments).output().unwrap())
    }

    /// Runs the command, which must succeed and say nothing on stderr that looks like an error.
    pub(crate) fn ok(&self, arguments: &[&str]) -> String {
        let said = self.run(arguments);
        assert_eq!(said.code, 0, "{arguments:?}: {}", said.stderr);
        assert!(
            !said.stderr.contains("error"),
            "{arguments:?}: {}",
            said.stderr
        );
        said.stdout
    }

    /// Runs the command with `--json` and reads the one document on stdout; stderr stays empty.
    pub(crate) fn json(&self, arguments: &[&str]) -> Json {
        let said = self.run(&[arguments, &["--json"]].concat());
        assert_eq!((said.code, said.stderr.as_str()), (0, ""), "{arguments:?}");
        serde_json::from_str(&said.stdout)
            .unwrap_or_else(|error| panic!("{error}: {}", said.stdout))
    }

    /// Runs the command with `--json`, which must fail: the exit code and what is said of the error.
    pub(crate) fn error(&self, arguments: &[&str]) -> (i32, Json) {
        let said = self.run(&[arguments, &["--json"]].concat());
        let document: Json = serde_json::from_str(&said.stderr)
            .unwrap_or_else(|error| panic!("{arguments:?}: {error}: {}", said.stderr));
        (said.code, document["error"].clone())
    }

    /// The exit code and the error code of a run that must fail and write nothing to stdout.
    pub(crate) fn fails(&self, arguments: &[&str]) -> (i32, String) {
        let (code, error) = self.error(arguments);
        (code, error["code"].as_str().unwrap().to_owned())
    }

    /// Imports a file of its own with this text.
    pub(crate) fn import(&self, file: &str, text: &str, more: &[&str]) -> Json {
        self.write(file, text);
        self.json(
            &[
                &["import", file, "--project", "p", "--create-project"],
                more,
            ]
            .concat(),
        )
    }
}

impl From<Output> for Said {
    fn from(output: Output) -> Self {
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
        Self {
            code: output.status.code().unwrap_or(-1),
            stdout: text(output.stdout),
            stderr: text(output.stderr),
        }
    }
}

/// Everything in a folder, with the length of each file.
pub(crate) fn listing(folder: &Path) -> Vec<(PathBuf, u64)> {
    let mut found = Vec::new();
    let Ok(entries) = std::fs::read_dir(folder) else {
        return found;
    };
    for entry in entries.map(Result::unwrap) {
        let metadata = entry.metadata().unwrap();
        if metadata.is_dir() {
            found.extend(listing(&entry.path()));
        } else {
            found.push((entry.path(), metadata.len()));
        }
    }
    found.sort();
    found
}

/// Snapshots without what differs from run to run.
pub(crate) fn snapshots(folder: &Folder) -> insta::Settings {
    let mut settings = insta::Settings::clone_current();
    settings.set_snapshot_path("snapshots");
    settings.set_prepend_module_to_snapshot(false);
    settings.set_omit_expression(true);
    let root = folder.root.path().canonicalize().unwrap();
    for path in [
        folder.root.path().display().to_string(),
        root.display().to_string(),
    ] {
        settings.add_filter(&path.replace('/', r"\/"), "[root]");
    }
    settings.add_filter(r"\b[0-9a-f]{32}\b", "[id]");
    settings.add_filter(r"\d{4}-\d\d-\d\dT[\d:.]+Z", "[time]");
    settings.add_filter(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d", "[time]");
    settings.add_filter(r"\d{8}T\d{6}Z-[0-9a-f]{8}", "[stamp]");
    settings.add_filter(r"blake3:[0-9a-f]{64}", "blake3:[hash]");
    settings.add_filter(r#""size_bytes": \d+"#, r#""size_bytes": [bytes]"#);
    settings.add_filter(
        r#""(free|needed|safety_copy)_bytes": \d+"#,
        r#""${1}_bytes": [bytes]"#,
    );
    settings.add_filter(r#""pid": \d+"#, r#""pid": [pid]"#);
    settings.add_filter(r#""host": "[^"]+""#, r#""host": "[host]""#);
    settings.add_filter(r#""(p\d\d_ms)": \d+"#, r#""$1": [ms]"#);
    settings.add_filter(r#""elapsed_ms": \d+"#, r#""elapsed_ms": [ms]"#);
    settings
}
