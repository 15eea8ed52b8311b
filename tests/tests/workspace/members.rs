//! What Cargo says about the members.

use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value as Json;

/// A member and what it depends on.
pub(crate) struct Member {
    pub(crate) name: String,
    /// Its folder, from the workspace's.
    pub(crate) folder: String,
    pub(crate) dependencies: Vec<Dependency>,
}

/// One entry of a member's manifest.
pub(crate) struct Dependency {
    pub(crate) name: String,
    /// Whether only tests and benchmarks see it.
    pub(crate) is_for_tests: bool,
}

impl Member {
    /// Every member of the workspace.
    pub(crate) fn all() -> Vec<Self> {
        let metadata: Json =
            serde_json::from_str(&cargo(&["metadata", "--format-version", "1", "--no-deps"]))
                .unwrap();
        metadata["packages"]
            .as_array()
            .unwrap()
            .iter()
            .map(Self::read)
            .collect()
    }

    fn read(package: &Json) -> Self {
        let manifest = Path::new(package["manifest_path"].as_str().unwrap());
        let folder = manifest.parent().unwrap().strip_prefix(root()).unwrap();
        let dependency = |entry: &Json| Dependency {
            name: entry["name"].as_str().unwrap().to_owned(),
            is_for_tests: entry["kind"] == "dev",
        };
        Self {
            name: package["name"].as_str().unwrap().to_owned(),
            folder: folder.to_str().unwrap().replace('\\', "/"),
            dependencies: package["dependencies"]
                .as_array()
                .unwrap()
                .iter()
                .map(dependency)
                .collect(),
        }
    }
}

/// The workspace's folder.
pub(crate) fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .unwrap()
        .to_owned()
}

/// What a cargo command prints; it reads the lock file and nothing from the network.
pub(crate) fn cargo(arguments: &[&str]) -> String {
    let mut cargo = Command::new(env!("CARGO"));
    cargo
        .args(arguments)
        .args(["--offline", "--locked"])
        .current_dir(root());
    let output = cargo.output().unwrap();
    let error = String::from_utf8_lossy(&output.stderr);
    assert!(
        output.status.success(),
        "cargo {arguments:?} failed: {error}"
    );
    String::from_utf8(output.stdout).unwrap()
}
