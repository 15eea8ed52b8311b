//! The quarantine: files that were set aside, each with a note that says why. Nothing in it is ever deleted.
//!
//! A project whose file is in here stays listed, and opening it says where the file is and what can be done. The
//! notes are all there is to know of it, so that it survives the loss of the hub.

mod note;
mod project;

use std::path::{Path, PathBuf};

pub use note::{Cause, Note};
pub(crate) use project::{Held, explain, hold, newest_backup};

use crate::saga::spoke_files;
use crate::{Layout, ProjectId, StoreError, Timestamp};

/// A file that was set aside.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SetAside {
    /// Where it is kept.
    pub path: PathBuf,
    /// What is known of it.
    pub note: Note,
}

/// The files of a store that were set aside.
#[derive(Debug, Clone)]
pub struct Quarantine {
    layout: Layout,
}

impl Quarantine {
    /// The quarantine of a data folder, which need not exist yet.
    #[must_use]
    pub fn new(layout: &Layout) -> Self {
        Self {
            layout: layout.clone(),
        }
    }

    /// Every file in it, the last set aside first.
    ///
    /// # Errors
    /// [`StoreError::Io`] when the folder cannot be read.
    pub fn list(&self) -> Result<Vec<SetAside>, StoreError> {
        let folder = self.layout.quarantine();
        let entries = match std::fs::read_dir(&folder) {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
            entries => entries.map_err(StoreError::io("list", &folder))?,
        };
        let mut found = Vec::new();
        for entry in entries {
            let path = entry.map_err(StoreError::io("list", &folder))?.path();
            if let Some(note) = Note::read(&path) {
                found.push(SetAside { path, note });
            }
        }
        found.sort_by(|one, other| (other.note.at, &other.path).cmp(&(one.note.at, &one.path)));
        Ok(found)
    }

    /// The file of a project that was last set aside because it is damaged.
    ///
    /// # Errors
    /// As [`Quarantine::list`].
    pub fn project(&self, id: &ProjectId) -> Result<Option<SetAside>, StoreError> {
        self.newest(id.as_str(), Cause::DamagedProject)
    }

    /// The file that was last set aside for this cause and belongs to this project.
    pub(crate) fn newest(
        &self,
        project: &str,
        cause: Cause,
    ) -> Result<Option<SetAside>, StoreError> {
        let found = self.list()?.into_iter().find(|aside| {
            aside.note.cause == cause && aside.note.project_id.as_deref() == Some(project)
        });
        Ok(found)
    }

    /// Moves a file, with the logs beside it, into the quarantine. Nobody may have it open.
    ///
    /// The note is written first: a crash leaves the file where it was, or here with its note.
    ///
    /// # Errors
    /// [`StoreError::Io`]; the file is then where it was.
    pub(crate) fn set_aside(
        &self,
        from: &Path,
        cause: Cause,
        project: Option<&str>,
        reason: &str,
    ) -> Result<SetAside, StoreError> {
        let folder = self.layout.quarantine();
        spoke_files::make_folder(&folder)?;
        let at = Timestamp::now();
        let name = from.file_name().unwrap_or_default().to_string_lossy();
        let path = folder.join(format!("{}-{name}", at.format("%Y%m%dT%H%M%S%6fZ")));
        let note = Note {
            cause,
            project_id: project.map(str::to_owned),
            was: from.to_owned(),
            reason: reason.to_owned(),
            at,
        };
        note.write(&path)?;
        spoke_files::relocate(from, &path)?;
        tracing::info!(path = %from.display(), %reason, "set a file aside");
        Ok(SetAside { path, note })
    }

    /// Moves a file back to where it was, if nothing is there. Nobody may have it open.
    ///
    /// # Errors
    /// [`StoreError::Io`], also when the place is taken; the file is then in the quarantine as before.
    pub(crate) fn put_back(&self, aside: &SetAside, to: &Path) -> Result<(), StoreError> {
        spoke_files::relocate(&aside.path, to)?;
        let note = Note::path(&aside.path);
        std::fs::remove_file(&note).map_err(StoreError::io("remove", note))
    }
}
