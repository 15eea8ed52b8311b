//! What only the command itself can get wrong; libraries have errors of their own.

use std::path::PathBuf;

use manifold_format::UnknownEncoding;

/// What only the command itself can get wrong.
#[derive(Debug, thiserror::Error)]
pub(crate) enum CommandError {
    /// The command line cannot be understood.
    #[error("{message}")]
    Usage {
        /// What is wrong with it.
        message: String,
    },
    /// A `manifold.toml` cannot be used.
    #[error("cannot use {}: {}", path.display(), kinds(reason))]
    Config {
        /// The file.
        path: PathBuf,
        /// The key and what is wrong.
        reason: Box<figment::Error>,
    },
    /// Nothing says where the data folder is.
    #[error("no folder for the data is known: neither HOME nor a platform variable is set")]
    NoDataFolder,
    /// The runtime could not be started, or a task died.
    #[error("{0}")]
    Internal(String),
    /// `migrate up` left projects behind.
    #[error("{failed} of the projects could not be migrated and stayed as they were")]
    NotAllMigrated {
        /// How many.
        failed: usize,
    },
    /// The doctor found something that keeps data from being reached.
    #[error("{errors} {} found", if *errors == 1 { "problem was" } else { "problems were" })]
    Unsound {
        /// How many.
        errors: usize,
    },
    /// Ctrl-C ended `migrate up` before the last project.
    #[error("stopped; {left} of the projects are not migrated yet")]
    MigrationStopped {
        /// How many.
        left: usize,
    },
    /// Rows were written by a newer version of the program.
    #[error(transparent)]
    NewerRows(#[from] UnknownEncoding),
    /// A file of the command line cannot be read.
    #[error("cannot read {what}: {source}")]
    CannotRead {
        /// The file, or `stdin`.
        what: String,
        /// What the system says.
        source: std::io::Error,
    },
    /// A file of the command line cannot be written.
    #[error("cannot write {}: {source}", path.display())]
    CannotWrite {
        /// The file.
        path: PathBuf,
        /// What the system says.
        source: std::io::Error,
    },
    /// A folder stands where a file is to be written.
    #[error("{} is a folder; name a file in it", path.display())]
    FileIsFolder {
        /// The folder.
        path: PathBuf,
    },
    /// A folder, pattern or archive means no file that can be imported.
    #[error("{} means no file that can be imported; files in folders and archives are known by their extension", path.display())]
    NothingToImport {
        /// What was named.
        path: PathBuf,
    },
    /// Snapshots of two sources cannot be compared.
    #[error("{from} and {to} are snapshots of different sources")]
    DifferentSources {
        /// The first snapshot.
        from: String,
        /// The second snapshot.
        to: String,
    },
    /// A column that the snapshot does not have.
    #[error("the snapshot has no column `{column}`; its columns are {}", columns.join(", "))]
    NoSuchColumn {
        /// What was asked for.
        column: String,
        /// The columns that there are.
        columns: Vec<String>,
    },
    /// A source that the project does not have.
    #[error("no source has the id, name or id prefix `{name}`")]
    NoSuchSource {
        /// What was asked for.
        name: String,
        /// The names of those that there are.
        sources: Vec<String>,
        /// How many more there are.
        more: usize,
    },
    /// There is nothing to compare a snapshot with.
    #[error(
        "{snapshot} is the first snapshot of its source: there is none before it to compare it with"
    )]
    NoSnapshotBefore {
        /// The snapshot.
        snapshot: String,
    },
    /// A policy that keeps nothing.
    #[error("nothing says what to keep")]
    NothingToKeep,
    /// No backup of a project may be deleted, because the last one failed.
    #[error("the last backup of {} has failed, so none of its backups was deleted", projects.join(", "))]
    LastBackupFailed {
        projects: Vec<String>, // their names
    },
    /// A project that was not found lies in the trash.
    #[error("project `{name}` was deleted on {deleted} and lies in the trash")]
    ProjectInTrash {
        /// Its name.
        name: String,
        /// When it was deleted.
        deleted: String,
        /// The command that brings it back.
        command: String,
    },
    /// No project in the trash is meant.
    #[error("no {what} has the id, name or id prefix `{name}`")]
    NotInTrash {
        /// What was looked for.
        what: &'static str,
        /// What was asked for.
        name: String,
        /// Where it is, or what is in the trash.
        hint: String,
    },
    /// Another project has the name of a deleted one by now.
    #[error(
        "another {what} is named `{name}` by now ({id}), so nothing was taken out of the trash"
    )]
    NameTakenMeanwhile {
        /// `project` or `source`.
        what: &'static str,
        /// The name.
        name: String,
        /// Who has it.
        id: String,
        /// The command that gives another name.
        command: String,
    },
    /// A project here has the name of one that is to be adopted.
    #[error("{message}")]
    NameTakenHere {
        /// Who has it.
        message: String,
        /// The command that gives another name.
        command: String,
    },
    /// A file that is to be adopted holds secrets.
    #[error("{message}")]
    SecretInFile {
        /// Where.
        message: String,
        /// The command that takes them out.
        command: String,
    },
    /// A source that was not found lies in the trash of its project.
    #[error("source `{name}` was deleted on {deleted} and lies in the trash of its project")]
    SourceInTrash {
        /// Its name.
        name: String,
        /// When it was deleted.
        deleted: String,
        /// The command that brings it back.
        command: String,
    },
    /// The value of a secret was given as an argument. It is not repeated.
    #[error(
        "the value of a secret is never an argument, where the shell's history and `ps` show it; nothing was set"
    )]
    SecretAsArgument,
    /// A variable is not set. It is not named: it may be a secret that was written in the wrong place.
    #[error(
        "the environment variable that --from-env names is not set, is empty, or is no UTF-8 text"
    )]
    NoSuchVariable,
    /// A backup was looked through, and it cannot be restored.
    #[error("backup {id} cannot be restored: {}", what.join("; "))]
    BackupUnusable {
        /// Its id.
        id: String,
        /// What is wrong with it, in sentences.
        what: Vec<String>,
    },
    /// The project that a backup would replace is not there.
    #[error("there is no project {id} that the backup of {name} could replace")]
    NothingToReplace {
        /// Its id.
        id: String,
        /// Its name when it was saved.
        name: String,
    },
    /// Nothing was done to a project that could be undone.
    #[error(
        "there is nothing to undo in {project}; snapshots that were deleted or pruned come back from a backup alone"
    )]
    NothingToUndo {
        /// The project.
        project: String,
    },
    /// A project has no backup that is old enough.
    #[error("no backup of {project} was made at or before {at}")]
    NoBackupAt {
        /// The project.
        project: String,
        /// The time that was asked for.
        at: String,
        /// When its oldest backups were made, oldest first.
        times: Vec<String>,
        /// How many younger ones there are.
        more: usize,
    },
    /// No snapshot of a source has a row with this key.
    #[error("no snapshot of {source_name} has a row with the key `{key}`")]
    NoSuchRow {
        /// The source.
        source_name: String,
        /// The key, as it was written.
        key: String,
    },
    /// Something must be confirmed, and nobody can be asked.
    #[error("{question}? There is no terminal to ask on")]
    NeedsYes {
        /// What would be done.
        question: String,
    },
    /// Somebody was asked and said no.
    #[error("nothing was changed")]
    Declined,
    /// The command would write, and `--read-only` forbids it.
    #[error("this command writes into the data folder, which --read-only forbids")]
    ReadOnly,
    /// Ctrl-C ended work at a safe point.
    #[error("stopped; nothing of what was being done is visible")]
    Stopped,
    /// A running job cannot be begun again.
    #[error("job {job} is running and cannot be retried")]
    JobRuns {
        /// The job.
        job: String,
        /// The command that says who runs it.
        explain: String,
        /// The command that takes it away.
        force: String,
    },
    /// A job that was watched failed.
    #[error("job {job} failed: {error}")]
    JobFailed {
        /// The job.
        job: String,
        /// Why.
        error: String,
    },
    /// A job that was watched was cancelled.
    #[error("job {job} was cancelled{}", reason.as_ref().map_or_else(String::new, |reason| format!(": {reason}")))]
    JobCancelled {
        /// The job.
        job: String,
        /// Why, where somebody said so.
        reason: Option<String>,
    },
    /// Jobs of `worker --once` failed.
    #[error("{failed} of {of} jobs failed")]
    JobsFailed {
        /// How many.
        failed: u64,
        /// Of how many that ended.
        of: u64,
    },
    /// Ctrl-C ended the watching of a job.
    #[error("job {job} goes on; only the watching ended")]
    StillRuns {
        /// The job.
        job: String,
        /// The command that watches it again.
        watch: String,
    },
    /// There is no unit to remove.
    #[error("there is no {}, so nothing was removed", path.display())]
    NotInstalled {
        /// The file.
        path: PathBuf,
    },
    /// Ctrl-C ended the program at once.
    #[error("interrupted")]
    Interrupted,
}

/// What is wrong with a configuration file, without figment's words on where it was found.
fn kinds(error: &figment::Error) -> String {
    let reasons = error.clone().into_iter().map(|reason| {
        // figment wraps what it resolves by itself in keys of its own.
        let keys: Vec<_> = reason
            .path
            .iter()
            .filter(|key| !key.starts_with("___"))
            .cloned()
            .collect();
        if keys.is_empty() {
            reason.kind.to_string()
        } else {
            format!("`{}`: {}", keys.join("."), reason.kind)
        }
    });
    reasons.collect::<Vec<_>>().join("; ")
}

impl CommandError {
    /// The stable name of this error, as scripts see it.
    pub(crate) fn code(&self) -> &'static str {
        match self {
            Self::Usage { .. } | Self::SecretAsArgument => "usage",
            Self::NoSuchVariable => "variable_not_set",
            Self::Config { .. } => "config",
            Self::NoDataFolder => "no_data_folder",
            Self::Internal(_) => "internal",
            Self::NotAllMigrated { .. } => "not_all_migrated",
            Self::Unsound { .. } => "unsound",
            Self::NewerRows(_) => "newer_rows",
            Self::CannotRead { .. } => "file_unreadable",
            Self::CannotWrite { source, .. }
                if source.kind() == std::io::ErrorKind::StorageFull =>
            {
                "disk_full"
            }
            Self::CannotWrite { .. } => "file_unwritable",
            Self::FileIsFolder { .. } => "file_is_folder",
            Self::NothingToImport { .. } => "nothing_to_import",
            Self::DifferentSources { .. } => "different_sources",
            Self::NothingToKeep => "usage",
            Self::LastBackupFailed { .. } => "last_backup_failed",
            Self::ProjectInTrash { .. } | Self::SourceInTrash { .. } | Self::NotInTrash { .. } => {
                "not_found"
            }
            Self::SecretInFile { .. } => "secret_in_file",
            Self::NameTakenMeanwhile { .. } | Self::NameTakenHere { .. } => "name_taken",
            Self::BackupUnusable { .. } => "backup_unusable",
            Self::NothingToReplace { .. }
            | Self::NoBackupAt { .. }
            | Self::NothingToUndo { .. }
            | Self::NoSuchRow { .. }
            | Self::NoSuchColumn { .. }
            | Self::NoSuchSource { .. }
            | Self::NoSnapshotBefore { .. } => "not_found",
            Self::ReadOnly => "read_only",
            Self::NeedsYes { .. } => "needs_yes",
            Self::Declined => "declined",
            Self::JobRuns { .. } => "job_conflict",
            Self::JobFailed { .. } | Self::JobsFailed { .. } => "job_failed",
            Self::JobCancelled { .. } => "job_cancelled",
            Self::NotInstalled { .. } => "not_found",
            Self::MigrationStopped { .. }
            | Self::Stopped
            | Self::StillRuns { .. }
            | Self::Interrupted => "interrupted",
        }
    }
}
