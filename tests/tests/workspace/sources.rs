//! The files that people write and read: sources, manifests, documents, scripts.

use std::fs;
use std::path::Path;

use crate::members::root;

/// A text file of the repository.
pub(crate) struct Source {
    /// From the workspace's folder, with `/` between folders.
    pub(crate) path: String,
    pub(crate) text: String,
}

impl Source {
    /// Every text file, without those that no person writes.
    pub(crate) fn all() -> Vec<Self> {
        let mut found = Vec::new();
        collect(&root(), &mut found);
        assert!(found.len() > 100, "only {} files", found.len());
        found
    }

    /// The Rust files.
    pub(crate) fn rust() -> Vec<Self> {
        Self::all()
            .into_iter()
            .filter(|source| source.path.ends_with(".rs"))
            .collect()
    }

    /// Whether only tests or benchmarks are in it.
    pub(crate) fn is_test(&self) -> bool {
        let folders = ["/tests/", "/benches/"];
        self.path.starts_with("tests/")
            || self.path.ends_with("/tests.rs")
            || folders.iter().any(|folder| self.path.contains(folder))
    }

    /// Whether `cargo xtask generate-entities` writes it.
    pub(crate) fn is_generated(&self) -> bool {
        self.text
            .starts_with("//! Generated from the migrations by")
    }

    /// The text with nothing in its comments and without the tests at its end; lines keep their numbers.
    pub(crate) fn code(&self) -> String {
        let code = self
            .text
            .split("#[cfg(test)]\nmod tests {")
            .next()
            .unwrap_or_default();
        let lines = code.lines().map(|line| {
            if line.trim_start().starts_with("//") {
                ""
            } else {
                line
            }
        });
        lines.collect::<Vec<_>>().join("\n")
    }
}

fn collect(folder: &Path, found: &mut Vec<Source>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let relative = path
            .strip_prefix(root())
            .unwrap()
            .to_str()
            .unwrap()
            .replace('\\', "/");
        let is_skipped = matches!(
            &*relative,
            ".git" | "target" | "Cargo.lock" | "fuzz/Cargo.lock" | "fuzz/target" | "examples/data"
        );
        if is_skipped {
            continue;
        }
        if path.is_dir() {
            collect(&path, found);
        } else if let Ok(text) = fs::read_to_string(&path) {
            found.push(Source {
                path: relative,
                text,
            });
        }
    }
}

/// The number of the line that starts or contains the byte at `offset`.
pub(crate) fn line_at(text: &str, offset: usize) -> usize {
    text[..offset].matches('\n').count() + 1
}
