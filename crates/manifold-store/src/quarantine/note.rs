//! What is written down beside a file that was set aside.

use std::io::Write as _;
use std::path::{Path, PathBuf};

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::{AtomicFile, StoreError};

/// Why a file was set aside.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Cause {
    /// It is the file of a project and damaged.
    DamagedProject,
    /// It was the hub and is damaged.
    DamagedHub,
    /// It holds a project and lay in the place of another.
    Misplaced,
    /// It belongs to no project.
    Stray,
}

/// What is known of a file that was set aside: the content of the `.json` beside it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Note {
    /// Why it was set aside.
    pub cause: Cause,
    /// The project it belongs to, or that it holds.
    pub project_id: Option<String>,
    /// Where it was.
    pub was: PathBuf,
    /// What is wrong with it, in words.
    pub reason: String,
    /// When it was set aside.
    pub at: DateTime<Utc>,
}

impl Note {
    /// Where the note on `file` is.
    pub(super) fn path(file: &Path) -> PathBuf {
        let mut name = file.as_os_str().to_owned();
        name.push(".json");
        name.into()
    }

    /// Writes the note; it is on the disk when this returns.
    pub(super) fn write(&self, file: &Path) -> Result<(), StoreError> {
        let path = Self::path(file);
        let text = serde_json::to_string_pretty(self)
            .map_err(|error| StoreError::Decode(error.to_string()))?;
        let mut note = AtomicFile::create(&path)?;
        writeln!(note, "{text}").map_err(StoreError::io("write", &path))?;
        note.commit()
    }

    /// `None` when there is no note, or none of ours.
    pub(super) fn read(file: &Path) -> Option<Self> {
        serde_json::from_slice(&std::fs::read(Self::path(file)).ok()?).ok()
    }
}
