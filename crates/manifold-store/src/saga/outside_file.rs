//! A project's file that no process has open through this store: one that a user has, or one in the trash. It is only
//! read.

use std::path::Path;

use crate::freeze::{CopyWatch, copy_project};
use crate::outside::Outside;
use crate::sqlite::APPLICATION_ID;
use crate::{Kind as _, Project, StoreError};

/// A project's file with its state held.
#[derive(Debug)]
pub(super) struct OutsideFile {
    file: Outside,
}

/// What a file says that it is.
#[derive(Debug)]
pub(super) struct Inside {
    pub(super) id: String,
    pub(super) name: String,
}

impl OutsideFile {
    /// Opens a file for reading, as SQLite reads it: with what is in the write-ahead log beside it. Nothing is written
    /// into either. Only where there is a log may SQLite leave the index of it (`-shm`) beside it.
    ///
    /// # Errors
    /// [`StoreError::NotOurs`], [`StoreError::NewerSchema`], [`StoreError::Io`]; others by meaning.
    pub(super) fn open(path: &Path) -> Result<Self, StoreError> {
        let opened = Self {
            file: Outside::open(path)?,
        };
        opened.check_versions()?;
        Ok(opened)
    }

    fn check_versions(&self) -> Result<(), StoreError> {
        let number = |pragma: &str| -> Result<i64, StoreError> {
            self.file
                .connection()
                .query_row(pragma, [], |row| row.get(0))
                .map_err(|error| StoreError::from(error).at(self.file.path()))
        };
        let application = number("PRAGMA application_id")?;
        if application != APPLICATION_ID {
            let reason = format!("its application id is {application:#x}, not {APPLICATION_ID:#x}");
            return Err(StoreError::NotOurs {
                path: self.file.path().to_owned(),
                reason,
            });
        }
        let found = number("PRAGMA user_version")?;
        // The versions of a hub count apart, so that of a hub says nothing here.
        let projects =
            number("SELECT count(*) FROM sqlite_schema WHERE type = 'table' AND name = 'project'")?;
        if projects == 0 {
            return Err(self.names_no_project());
        }
        if found > i64::from(Project::VERSION) {
            return Err(StoreError::NewerSchema {
                path: self.file.path().to_owned(),
                found,
                known: Project::VERSION,
            });
        }
        Ok(())
    }

    /// The project in it.
    ///
    /// # Errors
    /// [`StoreError::NotOurs`] when there is none; others by meaning.
    pub(super) fn inside(&self) -> Result<Inside, StoreError> {
        let read =
            self.file
                .connection()
                .query_row("SELECT id, name FROM project LIMIT 1", [], |row| {
                    Ok(Inside {
                        id: row.get(0)?,
                        name: row.get(1)?,
                    })
                });
        read.map_err(|error| match StoreError::from(error).at(self.file.path()) {
            // No such table, no row, or something that is no text.
            StoreError::Database(_) => self.names_no_project(),
            other => other,
        })
    }

    fn names_no_project(&self) -> StoreError {
        StoreError::NotOurs {
            path: self.file.path().to_owned(),
            reason: "it names no project; a hub or a backup's catalogue is none".to_owned(),
        }
    }

    /// Copies the state into a new file at `to`, without its trash.
    ///
    /// # Errors
    /// [`StoreError::Busy`] when somebody wrote meanwhile to a file that nobody had open; others by meaning.
    pub(super) fn copy_to(self, to: &Path, watch: &CopyWatch) -> Result<(), StoreError> {
        copy_project(self.file.connection(), to, &mut |progress| {
            watch.follow(progress)
        })
        .map_err(|error| error.at(self.file.path()))?;
        self.file.check_unchanged()
    }
}
