//! How a source is synced.

use clap::{Args, ValueEnum};
use manifold_jobs::sync::{Deletes, MaxDeletes, OnConflict, SyncMode, SyncRequest};
use manifold_store::{ProjectId, SourceId};

use super::target::Manner;
use crate::command_error::CommandError;

/// How a source is synced.
#[derive(Debug, Args)]
pub(super) struct How {
    /// What becomes of rows that come [default: full; where only new and changed rows come, merge with a key and append without]
    #[arg(long, value_name = "MODE")]
    mode: Option<ModeArgument>,
    /// What becomes of rows that do not come any more; what is not hard merges
    #[arg(long, value_name = "HOW", default_value = "hard")]
    deletes: DeletesArgument,
    /// How many of the latest snapshot's, or the table's, rows may be deleted; with more nothing is changed
    #[arg(long, value_name = "PERCENT", default_value_t = MaxDeletes::default())]
    max_deletes: MaxDeletes,
    /// What becomes of merged rows that were changed on both sides; what is not source merges
    #[arg(long, value_name = "POLICY", default_value = "source")]
    on_conflict: ConflictArgument,
    /// The column whose later value wins, with --on-conflict newest
    #[arg(long, value_name = "COLUMN")]
    newest: Option<String>,
    /// Pull all rows, wherever the last sync ended
    #[arg(long, conflicts_with = "to")]
    whole: bool,
}

/// What becomes of rows that come.
#[derive(Debug, Clone, Copy, ValueEnum)]
enum ModeArgument {
    /// They are the next snapshot
    Full,
    /// They are added, unless they came before
    Append,
    /// Each replaces the row with its key, or is new
    Merge,
}

/// What becomes of rows that do not come any more.
#[derive(Debug, Clone, Copy, ValueEnum)]
enum DeletesArgument {
    /// They are gone
    Hard,
    /// They stay, with the time in the column deleted_at
    Soft,
    /// They stay
    None,
}

/// What becomes of rows that were changed on both sides.
#[derive(Debug, Clone, Copy, ValueEnum)]
enum ConflictArgument {
    /// They become what came, or what the source has
    Source,
    /// They stay as they are here, or in the table
    Target,
    /// The later one by the column of --newest
    Newest,
    /// They stay as they are here, or in the table, and are listed
    List,
}

impl How {
    /// Whether anything is asked for that is not as usual.
    pub(super) fn is_given(&self) -> bool {
        self.mode.is_some()
            || self.whole
            || self.max_deletes != MaxDeletes::default()
            || !matches!(self.deletes, DeletesArgument::Hard)
            || !matches!(self.on_conflict, ConflictArgument::Source)
            || self.newest.is_some()
    }

    /// What is to be done with a source.
    ///
    /// # Errors
    /// [`CommandError::Usage`] for flags that do not go together.
    pub(super) fn request(
        &self,
        project_id: ProjectId,
        source_id: SourceId,
    ) -> Result<SyncRequest, CommandError> {
        let is_hard = matches!(self.deletes, DeletesArgument::Hard);
        let is_source = matches!(self.on_conflict, ConflictArgument::Source);
        let merges = matches!(self.mode, None | Some(ModeArgument::Merge));
        if !(merges || is_hard && is_source) {
            let message = "--deletes and --on-conflict are for --mode merge".to_owned();
            return Err(CommandError::Usage { message });
        }
        Ok(SyncRequest {
            mode: self.mode.map(SyncMode::from),
            deletes: self.deletes.into(),
            max_deletes: self.max_deletes,
            on_conflict: self.on_conflict()?,
            whole: self.whole,
            ..SyncRequest::new(project_id, source_id)
        })
    }

    /// How a table elsewhere is made equal to a source.
    ///
    /// # Errors
    /// [`CommandError::Usage`] for flags that do not go together.
    pub(super) fn manner(&self) -> Result<Manner, CommandError> {
        Ok(Manner {
            mode: self.mode.map(SyncMode::from).unwrap_or_default(),
            deletes: self.deletes.into(),
            max_deletes: self.max_deletes,
            on_conflict: self.on_conflict()?,
        })
    }

    fn on_conflict(&self) -> Result<OnConflict, CommandError> {
        match (self.on_conflict, &self.newest) {
            (ConflictArgument::Newest, Some(column)) => Ok(OnConflict::Newest {
                column: column.clone(),
            }),
            (ConflictArgument::Source, None) => Ok(OnConflict::Source),
            (ConflictArgument::Target, None) => Ok(OnConflict::Target),
            (ConflictArgument::List, None) => Ok(OnConflict::List),
            (ConflictArgument::Newest, None) | (_, Some(_)) => {
                let message = "--on-conflict newest and --newest COLUMN go together".to_owned();
                Err(CommandError::Usage { message })
            }
        }
    }
}

impl From<ModeArgument> for SyncMode {
    fn from(argument: ModeArgument) -> Self {
        match argument {
            ModeArgument::Full => Self::Full,
            ModeArgument::Append => Self::Append,
            ModeArgument::Merge => Self::Merge,
        }
    }
}

impl From<DeletesArgument> for Deletes {
    fn from(argument: DeletesArgument) -> Self {
        match argument {
            DeletesArgument::Hard => Self::Hard,
            DeletesArgument::Soft => Self::Soft,
            DeletesArgument::None => Self::None,
        }
    }
}
