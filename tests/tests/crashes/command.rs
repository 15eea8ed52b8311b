//! The `manifold` command as a process.

use std::os::unix::process::ExitStatusExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::sync::OnceLock;

use serde_json::Value as Json;

/// What a run of the command has said.
#[derive(Debug)]
pub struct Said {
    /// The exit code, as a shell tells it: 128 and the signal when one ended it.
    pub code: i32,
    /// The document on stdout, if it is one.
    pub json: Json,
    /// The error code on stderr; empty when there is none.
    pub error: String,
    pub stderr: String,
}

impl From<Output> for Said {
    fn from(output: Output) -> Self {
        let stderr = String::from_utf8_lossy(&output.stderr).into_owned();
        let error: Json = serde_json::from_str(&stderr).unwrap_or_default();
        let signal = || 128 + output.status.signal().unwrap_or_default();
        Self {
            code: output.status.code().unwrap_or_else(signal),
            json: serde_json::from_slice(&output.stdout).unwrap_or_default(),
            error: error["error"]["code"]
                .as_str()
                .unwrap_or_default()
                .to_owned(),
            stderr,
        }
    }
}

/// The command in a working folder, whose data folder is `data`; it answers in JSON, and nobody asks it.
pub fn command(folder: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(program());
    command
        .current_dir(folder)
        .env_clear()
        .env("MANIFOLD_DATA_DIR", folder.join("data"))
        .env("HOME", folder)
        .env("TMPDIR", folder)
        .args(arguments)
        .args(["--json", "--yes"])
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    command
}

/// Names a program that is not to be built, for long runs beside which somebody works.
const PROGRAM: &str = "MANIFOLD_PROGRAM";

/// The program, built if it is not up to date: Cargo builds programs for the tests of their own packages only.
fn program() -> &'static Path {
    static BUILT: OnceLock<PathBuf> = OnceLock::new();
    BUILT.get_or_init(|| {
        if let Some(program) = std::env::var_os(PROGRAM) {
            return program.into();
        }
        let mut build = Command::new(env!("CARGO"));
        // Build scripts that ask for these would run anew, and all that depends on them would be built anew.
        for (name, _) in std::env::vars_os() {
            let of_this_package = ["CARGO_PKG_", "CARGO_MANIFEST_"];
            let text = name.to_string_lossy();
            if of_this_package
                .iter()
                .any(|prefix| text.starts_with(prefix))
            {
                build.env_remove(&name);
            }
        }
        let built = build
            .args(["build", "--package", "manifold", "--bin", "manifold"])
            .args(["--offline", "--locked", "--message-format", "json"])
            .current_dir(env!("CARGO_MANIFEST_DIR"))
            .stderr(Stdio::inherit())
            .output()
            .unwrap();
        assert!(built.status.success(), "the command was not built");
        let messages = String::from_utf8(built.stdout).unwrap();
        let built = messages
            .lines()
            .filter_map(|line| serde_json::from_str::<Json>(line).ok())
            .filter(|message| message["target"]["name"] == "manifold")
            .find_map(|message| message["executable"].as_str().map(PathBuf::from));
        built.expect("cargo names what it has built")
    })
}
