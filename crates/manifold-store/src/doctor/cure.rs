//! What a repair does. None of it loses anything: what may be somebody's is moved, never removed.

use std::path::PathBuf;

use crate::Cause;

/// One thing that a repair does.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Cure {
    /// Shows the project in a file that the hub does not know.
    Adopt {
        id: String,
        file: PathBuf,
        in_use: bool,
    },
    /// Moves the file of a project to where the hub expects it.
    Bring {
        id: String,
        from: PathBuf,
        to: PathBuf,
    },
    /// Moves a file into the quarantine.
    SetAside {
        file: PathBuf,
        cause: Cause,
        project: Option<String>,
        reason: String,
    },
    /// Moves the file of a project out of the quarantine.
    PutBack {
        id: String,
        aside: PathBuf,
        to: PathBuf,
    },
    /// Makes the hub show a project where its file is: in use or in the trash.
    Follow { id: String, in_use: bool },
    /// Takes a project without a file off the hub.
    Forget { id: String },
    /// Finishes or undoes what dead processes left half-done.
    Resume,
    /// Opens a project, which migrates it.
    Open { id: String },
    /// Writes what the hub shows of a project anew.
    Reproject { id: String },
    /// Removes what a dead process left.
    Remove { path: PathBuf },
    /// Takes a backup without a folder off the list.
    Unlist { backup: String },
    /// Deletes a schedule whose project is gone.
    DeleteSchedule { schedule: String },
    /// Writes the log of a project, or of the hub, back into its file.
    Checkpoint { id: Option<String> },
    /// Lets nobody but the owner read a file.
    Protect { path: PathBuf },
    /// Makes a new hub of a copy and of the projects' files.
    RebuildHub,
}
