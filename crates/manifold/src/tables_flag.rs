//! The flag that saves the rows of some sources alone.

use std::sync::Arc;

use clap::Args;
use entity_core::enums::BackupType;
use manifold_jobs::backup::refuse_sources;
use manifold_store::{DataSources, ProjectId, SqliteManager, StoreError};

use crate::command_error::CommandError;
use crate::table::printable;

/// Sources that are named where a project has none of that name.
const MOST_NAMED: usize = 20;

/// The sources whose rows are saved.
#[derive(Debug, Args)]
pub(crate) struct TablesFlag {
    /// Save the snapshots and rows of these sources alone, with csv or full; restored, the others are empty
    #[arg(
        long,
        value_name = "SOURCE[,SOURCE..]",
        value_delimiter = ',',
        conflicts_with = "without_data"
    )]
    tables: Vec<String>,
}

impl TablesFlag {
    /// Whether sources are named.
    pub(crate) fn is_given(&self) -> bool {
        !self.tables.is_empty()
    }

    /// The ids of the sources that are named; `None` when none are.
    ///
    /// # Errors
    /// [`CommandError::NoSuchSource`] with those that there are; [`StoreError::Ambiguous`] with the candidates;
    /// [`manifold_jobs::backup::BackupError::HoldsAll`] for a type that holds those of all.
    pub(crate) async fn sources(
        &self,
        store: &Arc<SqliteManager>,
        project: &ProjectId,
        backup_type: BackupType,
    ) -> anyhow::Result<Option<Vec<String>>> {
        if self.tables.is_empty() {
            return Ok(None);
        }
        refuse_sources(backup_type)?;
        let sources = DataSources::new(store.clone());
        let mut ids = Vec::with_capacity(self.tables.len());
        for named in &self.tables {
            match sources.find(project, named).await {
                Ok(source) => ids.push(source.id),
                Err(StoreError::NotFound { name, .. }) => {
                    let names = sources.list(project).await?;
                    let names = names.iter().map(|source| printable(&source.name));
                    return Err(CommandError::NoSuchSource {
                        more: names.len().saturating_sub(MOST_NAMED),
                        sources: names.take(MOST_NAMED).collect(),
                        name,
                    }
                    .into());
                }
                Err(error) => return Err(error.into()),
            }
        }
        Ok(Some(ids))
    }
}
