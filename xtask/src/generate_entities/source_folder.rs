//! The `src` folder of an entity crate, where generated files live beside written ones.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::Context;
use sea_orm_codegen::OutputFile;

use super::BANNER;

/// A folder of sources, some of them generated.
pub(super) struct SourceFolder(PathBuf);

impl SourceFolder {
    pub(super) const fn new(folder: PathBuf) -> Self {
        Self(folder)
    }

    /// Files that are missing, differ from `files`, or were generated and are no longer; changes nothing.
    pub(super) fn stale(&self, files: &[OutputFile]) -> anyhow::Result<Vec<PathBuf>> {
        let mut stale = self.left_over(files)?;
        for file in files {
            let path = self.0.join(&file.name);
            let is_current = path.exists() && read(&path)? == file.content;
            if !is_current {
                stale.push(path);
            }
        }
        stale.sort();
        Ok(stale)
    }

    /// Writes what differs and removes what is no longer generated.
    #[expect(
        clippy::disallowed_methods,
        reason = "sources, under version control: half a file after a crash is generated again"
    )]
    pub(super) fn write(&self, files: &[OutputFile]) -> anyhow::Result<()> {
        for path in self.stale(files)? {
            let name = path.file_name().and_then(|name| name.to_str());
            match files.iter().find(|file| Some(file.name.as_str()) == name) {
                Some(file) => fs::write(&path, &file.content),
                None => fs::remove_file(&path),
            }
            .with_context(|| format!("cannot update {}", path.display()))?;
        }
        Ok(())
    }

    fn left_over(&self, files: &[OutputFile]) -> anyhow::Result<Vec<PathBuf>> {
        let mut left_over = Vec::new();
        let entries =
            fs::read_dir(&self.0).with_context(|| format!("cannot list {}", self.0.display()))?;
        for entry in entries {
            let entry = entry?;
            let is_generated_now = files.iter().any(|file| *file.name == *entry.file_name());
            if !is_generated_now && read(&entry.path())?.starts_with(BANNER) {
                left_over.push(entry.path());
            }
        }
        Ok(left_over)
    }
}

fn read(path: &Path) -> anyhow::Result<String> {
    fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))
}
