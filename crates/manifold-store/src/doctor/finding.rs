//! What can be wrong with a store, in words.

use std::path::PathBuf;

use serde::Serialize;

use super::cure::Cure;

/// How bad a finding is. Errors come first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Severity {
    /// Something of the user's cannot be reached, or may be lost.
    Error,
    /// Nothing is lost; it goes away by itself or can be cleared away.
    Warning,
}

/// What kind of thing is wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum FindingClass {
    /// The file of a project, or of the hub, is not where it should be.
    MissingFile,
    /// The file of a project, or of the hub, is no SQLite database.
    NotSqlite,
    /// The file of a project, or of the hub, is a database of another program.
    NotManifold,
    /// The file of a project, or of the hub, is damaged.
    Corrupt,
    /// The file of a project, or of the hub, cannot be read.
    Unreadable,
    /// A project's file is damaged and was set aside.
    Quarantined,
    /// A project's file holds another project.
    WrongProject,
    /// The file of a project, or of the hub, was written by a newer program.
    NewerSchema,
    /// A project was never completed, or a change of it stopped half-way.
    HalfDone,
    /// A file that no project of the hub has.
    OrphanFile,
    /// A write-ahead log without its database.
    StaleSidecar,
    /// A backup that is listed and not there.
    MissingBackup,
    /// A project's file was written by an older program.
    OlderSchema,
    /// The hub shows another state of a project than its file has.
    DriftedProjection,
    /// A project's file was not looked through.
    Unchecked,
    /// What a process left behind that died.
    Leftover,
    /// The file of secrets can be read by others.
    ExposedSecrets,
    /// A read goes on for long, so that a write-ahead log cannot be written back.
    LongReader,
    /// A write-ahead log is larger than it should be.
    WalGrowing,
    /// A schedule was due and nobody did anything.
    OverdueSchedule,
    /// A schedule is for a project that is gone.
    OrphanSchedule,
    /// A project has a schedule for backups and no recent backup that was verified.
    NoRecentBackup,
}

impl FindingClass {
    /// How bad it is.
    #[must_use]
    pub fn severity(self) -> Severity {
        match self {
            Self::MissingFile
            | Self::NotSqlite
            | Self::NotManifold
            | Self::Corrupt
            | Self::Unreadable
            | Self::Quarantined
            | Self::WrongProject
            | Self::NewerSchema
            | Self::HalfDone
            | Self::OrphanFile
            | Self::StaleSidecar
            | Self::MissingBackup => Severity::Error,
            Self::OlderSchema
            | Self::DriftedProjection
            | Self::Unchecked
            | Self::Leftover
            | Self::ExposedSecrets
            | Self::LongReader
            | Self::WalGrowing
            | Self::OverdueSchedule
            | Self::OrphanSchedule
            | Self::NoRecentBackup => Severity::Warning,
        }
    }
}

/// One thing that is wrong.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Finding {
    /// How bad it is.
    pub severity: Severity,
    /// What kind of thing it is.
    pub class: FindingClass,
    /// The project it is about, where it is about one.
    pub project_id: Option<String>,
    /// The file or folder it is about, where it is about one.
    pub path: Option<PathBuf>,
    /// What it means.
    pub explanation: String,
    /// What a repair does about it; where it would lose something, what can be done instead.
    pub repair: String,
    /// Whether it was repaired.
    pub repaired: bool,
    #[serde(skip)]
    pub(super) cure: Option<Cure>,
}

impl Finding {
    pub(super) fn new(
        class: FindingClass,
        explanation: impl Into<String>,
        repair: impl Into<String>,
    ) -> Self {
        Self {
            severity: class.severity(),
            class,
            project_id: None,
            path: None,
            explanation: explanation.into(),
            repair: repair.into(),
            repaired: false,
            cure: None,
        }
    }

    /// Whether a repair does something about it. What it does not do is somebody's choice.
    #[must_use]
    pub fn is_curable(&self) -> bool {
        self.cure.is_some()
    }

    /// Whether both are about the same thing being wrong.
    pub(super) fn is_about(&self, other: &Self) -> bool {
        (self.class, &self.project_id, &self.path) == (other.class, &other.project_id, &other.path)
    }

    pub(super) fn cured_by(self, cure: Cure) -> Self {
        Self {
            cure: Some(cure),
            ..self
        }
    }

    pub(super) fn of(self, project: &str) -> Self {
        Self {
            project_id: Some(project.to_owned()),
            ..self
        }
    }

    pub(super) fn at(self, path: impl Into<PathBuf>) -> Self {
        Self {
            path: Some(path.into()),
            ..self
        }
    }
}
