//! How a source is synced.

use clap::{Args, ValueEnum};
use manifold_jobs::sync::{Deletes, MaxDeletes, OnConflict, SyncMode, SyncRequest};
use manifold_store::{ProjectId, SourceId};

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
    /// How many of the latest snapshot's rows may be deleted; with more nothing is changed
    #[arg(long, value_name = "PERCENT", default_value_t = MaxDeletes::default())]
    max_deletes: MaxDeletes,
    /// What becomes of merged rows that were changed here too; list merges
    #[arg(long, value_name = "POLICY", default_value = "source")]
    on_conflict: ConflictArgument,
    /// Pull all rows, wherever the last sync ended
    #[arg(long)]
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
    /// They become what came
    Source,
    /// They stay as they are here, and are listed
    List,
}

impl How {
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
            mode: self.mode.map(|mode| match mode {
                ModeArgument::Full => SyncMode::Full,
                ModeArgument::Append => SyncMode::Append,
                ModeArgument::Merge => SyncMode::Merge,
            }),
            deletes: match self.deletes {
                DeletesArgument::Hard => Deletes::Hard,
                DeletesArgument::Soft => Deletes::Soft,
                DeletesArgument::None => Deletes::None,
            },
            max_deletes: self.max_deletes,
            on_conflict: match self.on_conflict {
                ConflictArgument::Source => OnConflict::Source,
                ConflictArgument::List => OnConflict::List,
            },
            whole: self.whole,
            ..SyncRequest::new(project_id, source_id)
        })
    }
}
