//! What can go wrong in the store, by meaning.

mod sqlite_code;
mod words;

pub(crate) use sqlite_code::{plainly, tells_damage, tells_disk};

use std::io;
use std::path::PathBuf;

use sea_orm::DbErr;

pub(crate) use words::ways_out;
use words::{listed, more_of};

use crate::ProjectId;

/// An error of the store. Each variant says what to do; [`StoreError::code`] is its stable name.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StoreError {
    /// Another task or process held a lock for longer than the deadline.
    #[error("{what} is in use{}; try again when it is done", holder.as_ref().map_or(String::new(), |by| format!(" by {by}")))]
    Busy {
        /// What is locked.
        what: String,
        /// Process id and command of who holds it, where known.
        holder: Option<String>,
    },
    /// A row with this key exists.
    #[error("there is already a row with this {constraint}")]
    Unique {
        /// The columns, as SQLite names them.
        constraint: String,
    },
    /// A value is not allowed in its column.
    #[error("a value is not allowed: {constraint}")]
    Check {
        /// The constraint, as SQLite names it.
        constraint: String,
    },
    /// A row refers to another that does not exist.
    #[error("a row refers to another that does not exist")]
    ForeignKey,
    /// Nothing has this id, name or id prefix.
    #[error("no {what} has the id, name or id prefix `{name}`{}", listed(what))]
    NotFound {
        /// `project`, `source`, `snapshot`, ...; [`StoreError::IN_TRASH`].
        what: &'static str,
        /// What was asked for.
        name: String,
    },
    /// A name or id prefix fits several.
    #[error("`{name}` fits {} {what}s: {}; use an id", candidates.len(), candidates.join(", "))]
    Ambiguous {
        /// `project`, `source`, ...
        what: &'static str,
        /// What was asked for.
        name: String,
        /// `id (name)` of each.
        candidates: Vec<String>,
    },
    /// The name is taken.
    #[error("a {what} named `{name}` exists ({id}); choose another name")]
    NameTaken {
        /// `project`, `source`, ...
        what: &'static str,
        /// The name.
        name: String,
        /// Who has it.
        id: String,
    },
    /// The name cannot be used.
    #[error("`{name}` cannot be the name of a {what}: {reason}")]
    InvalidName {
        /// `project`, `source`, ...
        what: &'static str,
        /// The name, shortened.
        name: String,
        /// Why not.
        reason: &'static str,
    },
    /// A config holds a secret as a literal.
    #[error(
        "`{key}` looks like a secret and would be stored as it is; write `${{env:NAME}}` or `${{secret:NAME}}` instead of the value"
    )]
    SecretLiteral {
        /// The path of the key in the config.
        key: String,
    },
    /// A file that is to be made a project holds a secret as a literal.
    #[error(
        "the config of source `{source_name}` in {} holds what looks like a secret under `{key}`{}, so nothing was adopted: \
         a secret is never stored as it is",
        path.display(), more_of(*more)
    )]
    SecretInFile {
        /// The file.
        path: PathBuf,
        /// The name of the first such source.
        source_name: String,
        /// The path of the key in its config.
        key: String,
        /// How many more there are.
        more: usize,
    },
    /// The source takes no imports.
    #[error(
        "source `{name}` is disabled and takes no imports; `manifold source update PROJECT {id} --enable` changes that"
    )]
    SourceDisabled {
        /// Its name.
        name: String,
        /// Its id.
        id: String,
    },
    /// A value given by the user cannot be used.
    #[error("{what} cannot be `{value}`: {reason}")]
    InvalidValue {
        /// What was being set.
        what: String,
        /// The value, shortened.
        value: String,
        /// Why not, and what can be.
        reason: String,
    },
    /// The project's file is not there.
    #[error("the file of project {project} is missing: {}; put it back, or restore the project from a backup", path.display())]
    Gone {
        /// The project.
        project: ProjectId,
        /// Where its file should be.
        path: PathBuf,
    },
    /// The file holds another project.
    #[error("{} holds project {found}, not {expected}; move the right file there", path.display())]
    WrongProject {
        /// The file.
        path: PathBuf,
        /// The project that should be in it.
        expected: ProjectId,
        /// The id found inside.
        found: String,
    },
    /// The file is not one of ours.
    #[error("{} is not a Manifold database ({reason}); put the right file there, or restore from a backup", path.display())]
    NotOurs {
        /// The file.
        path: PathBuf,
        /// What was found instead.
        reason: String,
    },
    /// The file is damaged.
    #[error("{} is damaged ({reason}); restore it from a backup, other projects are not affected", path.display())]
    Corrupt {
        /// The file.
        path: PathBuf,
        /// What SQLite said.
        reason: String,
    },
    /// The project's file was found damaged and is kept apart.
    #[error("project {project} is in quarantine, because its file is damaged ({reason}); the file is {}; {}", path.display(), ways_out(project, backup.as_deref()))]
    Quarantined {
        /// The project.
        project: ProjectId,
        /// Where its file is kept.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
        /// The backup to restore it from: the newest verified one, or the newest.
        backup: Option<String>,
    },
    /// The hub is not there, though there are projects.
    #[error("the hub is missing ({}), though there are projects; put it back, or run `manifold doctor --repair`, which rebuilds it from the projects", path.display())]
    HubMissing {
        /// Where it should be.
        path: PathBuf,
    },
    /// The file was written by a newer program.
    #[error("{} has schema version {found}, this program knows {known}; use a newer manifold", path.display())]
    NewerSchema {
        /// The file.
        path: PathBuf,
        /// Its version.
        found: i64,
        /// Ours.
        known: u32,
    },
    /// Another process migrated the file after it was opened here.
    #[error("{} was migrated from version {opened} to {found} by another process; run the command again", path.display())]
    SchemaMoved {
        /// The file.
        path: PathBuf,
        /// Its version when it was opened.
        opened: u32,
        /// Its version now.
        found: i64,
    },
    /// A migration would break or lose rows.
    #[error("the migration of {} was undone: {reason}", path.display())]
    Migration {
        /// The file.
        path: PathBuf,
        /// What would have been lost or broken.
        reason: String,
    },
    /// The disk is full.
    #[error("the disk is full; free some space and try again")]
    DiskFull,
    /// The linked SQLite has a bug that loses commits.
    #[error(
        "this program is linked with SQLite {found}, which can lose commits; 3.51.3 or newer is needed"
    )]
    OldSqlite {
        /// The number of the library, such as 3051003.
        found: i32,
    },
    /// The folder is on a file system without working locks.
    #[error("file locks do not work in {}: {reason}; use a local file system", path.display())]
    NoLocks {
        /// The data folder.
        path: PathBuf,
        /// What was found.
        reason: String,
    },
    /// More spokes were asked for at once than may be open.
    #[error(
        "{wanted} projects were asked for at once, at most {limit} can be open; raise the limit of open files (`ulimit -n`)"
    )]
    TooManyProjects {
        /// How many were asked for.
        wanted: usize,
        /// How many can be open.
        limit: usize,
    },
    /// SQLite could not read or write a file.
    #[error("{} cannot be read or written ({reason}); check the disk and try again", path.as_ref().map_or_else(|| "the database".to_owned(), |path| path.display().to_string()))]
    Disk {
        /// The file, where known.
        path: Option<PathBuf>,
        /// What SQLite said.
        reason: String,
    },
    /// A file operation failed.
    #[error("cannot {action} {}: {source}", path.display())]
    Io {
        /// What was being done.
        action: &'static str,
        /// The file or folder.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// Nobody took the rows of a stream for too long; its connection was needed by others.
    #[error(
        "a query on {file} was stopped because its rows were not taken for {seconds} s; read on without waiting for anything else, or in pages"
    )]
    StreamStalled {
        /// The database file.
        file: String,
        /// How long they were left.
        seconds: u64,
    },
    /// A statement that waits was stopped.
    #[error("the statement was stopped")]
    Interrupted,
    /// The work would have changed the database but may not.
    #[error("{} may only be read", path.as_ref().map_or_else(|| "the database".to_owned(), |path| path.display().to_string()))]
    ReadOnly {
        /// The file, where known.
        path: Option<PathBuf>,
    },
    /// A file that was only read was changed by another process meanwhile.
    #[error("{} was changed by another process while it was read; what was shown may be mixed: do it again, without --read-only if the folder may be written", path.display())]
    ChangedWhileRead {
        /// The file.
        path: PathBuf,
    },
    /// A file has an older schema, and is not migrated: it is large, and whoever opens it would wait for long, or it
    /// may only be read.
    #[error("{} has schema version {found}, this program {known}, and is not migrated in passing; run `manifold migrate up`", path.display())]
    MigrationPending {
        /// The file.
        path: PathBuf,
        /// Its version.
        found: i64,
        /// Ours.
        known: u32,
    },
    /// A JSON value in the database does not have the shape this program expects.
    #[error("a stored value cannot be read: {0}")]
    Decode(String),
    /// Anything else the database said.
    #[error("the database failed: {0}")]
    Database(#[source] DbErr),
}

impl StoreError {
    /// What [`StoreError::NotFound`] calls a project that was looked for in the trash.
    pub const IN_TRASH: &'static str = "project in the trash";

    /// What [`StoreError::NotFound`] calls a source that was looked for in the trash of its project.
    pub const SOURCE_IN_TRASH: &'static str = "source in the trash of its project";

    /// The stable name of this error, as scripts see it.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Busy { .. } => "busy",
            Self::Unique { .. } => "unique",
            Self::Check { .. } => "check",
            Self::ForeignKey => "foreign_key",
            Self::NotFound { .. } => "not_found",
            Self::Ambiguous { .. } => "ambiguous",
            Self::NameTaken { .. } => "name_taken",
            Self::InvalidName { .. } => "invalid_name",
            Self::SecretLiteral { .. } => "secret_literal",
            Self::SecretInFile { .. } => "secret_in_file",
            Self::SourceDisabled { .. } => "source_disabled",
            Self::InvalidValue { .. } => "invalid_value",
            Self::Gone { .. } => "project_file_missing",
            Self::WrongProject { .. } => "wrong_project",
            Self::NotOurs { .. } => "not_a_manifold_database",
            Self::Corrupt { .. } => "corrupt",
            Self::Quarantined { .. } => "quarantined",
            Self::HubMissing { .. } => "hub_missing",
            Self::NewerSchema { .. } => "newer_schema",
            Self::SchemaMoved { .. } => "schema_moved",
            Self::Migration { .. } => "migration_undone",
            Self::DiskFull => "disk_full",
            Self::OldSqlite { .. } => "old_sqlite",
            Self::NoLocks { .. } => "no_locks",
            Self::TooManyProjects { .. } => "too_many_projects",
            Self::Io { source, .. } if source.kind() == io::ErrorKind::StorageFull => "disk_full",
            Self::Io { .. } | Self::Disk { .. } => "io",
            Self::StreamStalled { .. } => "stream_stalled",
            Self::Interrupted => "interrupted",
            Self::ReadOnly { .. } => "read_only",
            Self::ChangedWhileRead { .. } => "changed_while_read",
            Self::MigrationPending { .. } => "migration_pending",
            Self::Decode(_) => "decode",
            Self::Database(_) => "database",
        }
    }

    /// Wraps an I/O error with what was being done to which path.
    pub(crate) fn io(
        action: &'static str,
        path: impl Into<PathBuf>,
    ) -> impl FnOnce(io::Error) -> Self {
        let path = path.into();
        move |source| Self::Io {
            action,
            path,
            source,
        }
    }

    /// The same error, naming the file where SQLite did not.
    pub(crate) fn at(mut self, file: &std::path::Path) -> Self {
        match &mut self {
            Self::Corrupt { path, .. } | Self::NotOurs { path, .. }
                if path.as_os_str().is_empty() =>
            {
                *path = file.to_owned();
            }
            Self::ReadOnly { path } | Self::Disk { path, .. } => {
                path.get_or_insert_with(|| file.to_owned());
            }
            Self::Busy { what, .. } => *what = file.display().to_string(),
            _ => {}
        }
        self
    }

    /// The same error of a copy, naming the file that was copied.
    pub(crate) fn about(mut self, original: &std::path::Path) -> Self {
        match &mut self {
            Self::Corrupt { path, .. }
            | Self::NotOurs { path, .. }
            | Self::NewerSchema { path, .. }
            | Self::Migration { path, .. } => *path = original.to_owned(),
            _ => {}
        }
        self
    }
}
