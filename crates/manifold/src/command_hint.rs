//! What to do about an error of the command itself.

use crate::command_error::CommandError;

impl CommandError {
    /// What to do about it, where the message does not say.
    pub(crate) fn hint(&self) -> Option<String> {
        match self {
            Self::Config { .. } => {
                Some("correct the file, or name the folder with --data-dir".to_owned())
            }
            Self::NoDataFolder => Some("name one with --data-dir or MANIFOLD_DATA_DIR".to_owned()),
            Self::NotAllMigrated { .. } => {
                Some("`manifold migrate status` says why for each".to_owned())
            }
            Self::MigrationStopped { .. } => {
                Some("`manifold migrate up` goes on with them".to_owned())
            }
            Self::NothingToKeep => Some(
                "--keep-last N keeps the N newest; there are --keep-hourly, --keep-daily, --keep-weekly, --keep-monthly, --keep-yearly and --keep-within too".to_owned(),
            ),
            Self::LastBackupFailed { .. } => Some("make one that succeeds first".to_owned()),
            Self::SecretInFile { command, .. } => Some(format!(
                "`{command}` puts references to secrets in their place, and says which are to be set"
            )),
            Self::ProjectInTrash { command, .. } | Self::SourceInTrash { command, .. } => Some(format!("`{command}` brings it back")),
            Self::NotInTrash { hint, .. } => Some(hint.clone()),
            Self::NameTakenMeanwhile { command, .. } => {
                Some(format!("`{command}` brings it back under another name"))
            }
            Self::NameTakenHere { command, .. } => {
                Some(format!("`{command}` adopts it under another name"))
            }
            Self::SecretAsArgument => Some(
                "give nothing behind the name to be asked for the value, or use `-`, --from-env or --from-file; choose \
                 another secret if others may have seen this one"
                    .to_owned(),
            ),
            Self::NeedsYes { .. } => Some("--yes answers yes".to_owned()),
            Self::NoBackupAt { times, .. } if times.is_empty() => {
                Some("it has no complete backup of all its rows".to_owned())
            }
            Self::NoBackupAt { times, more, .. } => {
                let more = match more {
                    0 => String::new(),
                    more => format!(" and {more} later"),
                };
                Some(format!("there are backups of {}{more}", times.join(", ")))
            }
            Self::NoSuchSource { sources, .. } if sources.is_empty() => {
                Some("the project has no source".to_owned())
            }
            Self::NoSuchSource { sources, more, .. } => {
                let more = match more {
                    0 => String::new(),
                    more => format!(" and {more} more"),
                };
                Some(format!("its sources are {}{more}", sources.join(", ")))
            }
            Self::NothingToReplace { .. } => {
                Some("restored without --in-place it becomes a project of its own".to_owned())
            }
            Self::JobRuns { explain, force, .. } => Some(format!(
                "`{explain}` says who runs it; `{force}` takes it away from a process that is silent"
            )),
            Self::JobFailed { job, .. } => Some(format!(
                "`manifold job logs {job}` shows what it said, `manifold job retry {job}` has it done again"
            )),
            Self::JobsFailed { .. } => Some("`manifold log` says why".to_owned()),
            Self::StillRuns { watch, .. } => Some(format!("`{watch}` watches it again")),
            _ => None,
        }
    }
}
