//! What was fetched before, so that it is not fetched again.

use std::sync::Arc;

use entity_core::enums::LogLevel;
use manifold_store::rows::{self, Snapshot};
use manifold_store::{DataSources, ProjectId, RowLog, SqliteManager, fetched};
use serde::{Deserialize, Serialize};
use serde_json::{Value as Json, json};

use super::{ImportTarget, Imported, InputFile};
use crate::download::{Address, Validators};
use crate::{JobContext, JobError};

/// What the rows of a source were fetched as. It is kept in the source's config.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct KnownFetch {
    /// The address as people may see it.
    url: String,
    #[serde(flatten)]
    pub(crate) validators: Validators,
    /// What tells this address, and how the file was read, from others.
    asked: String,
    /// The snapshots that were made of it, each the latest of its source.
    snapshots: Vec<String>,
}

impl KnownFetch {
    /// What is known of `input`, if the snapshots that were made of it are the latest ones still; with the first of them.
    pub(crate) async fn of(
        manager: &Arc<SqliteManager>,
        target: &ImportTarget,
        input: &InputFile,
    ) -> Result<Option<(Self, Snapshot)>, JobError> {
        let Some(asked) = asked(input).filter(|_| !target.always) else {
            return Ok(None);
        };
        let Some(source) = target.source_id(manager).await? else {
            return Ok(None);
        };
        let sources = DataSources::new(manager.clone());
        let config = sources
            .find(&target.project_id, source.as_str())
            .await?
            .config;
        let known = fetched(&config).and_then(|known| Self::deserialize(known).ok());
        let Some(known) = known.filter(|known| known.asked == asked) else {
            return Ok(None);
        };
        let ids = known.snapshots.clone();
        let rows = RowLog::new(manager);
        let read = rows.read(&target.project_id, move |connection| {
            let mut first = None;
            for id in ids {
                let snapshot = match rows::snapshot(connection, &id) {
                    Err(rows::RowsError::NoSnapshot { .. }) => return Ok(None),
                    snapshot => snapshot?,
                };
                let latest = rows::latest(connection, &snapshot.source_id)?;
                if latest.is_none_or(|latest| latest.id != id) {
                    return Ok(None);
                }
                first.get_or_insert(snapshot);
            }
            Ok(first)
        });
        let first = read.await?;
        let first = first.filter(|first| first.source_id == source.as_str());
        Ok(first.map(|first| (known, first)))
    }

    /// Remembers what `imported` was fetched as. That this fails is no failure of the import.
    pub(crate) async fn remember(
        context: &JobContext,
        project: &ProjectId,
        input: &InputFile,
        validators: Validators,
        imported: &Imported,
    ) {
        let known = asked(input)
            .filter(|_| !validators.is_empty())
            .map(|asked| {
                let further = imported.further.iter().map(|table| &table.snapshot_id);
                let snapshots = std::iter::once(&imported.snapshot_id).chain(further);
                let known = Self {
                    url: input.path.display().to_string(),
                    validators,
                    asked,
                    snapshots: snapshots.cloned().collect(),
                };
                json!(known)
            });
        if let Err(error) = note(context.manager(), project, &imported.snapshot_id, known).await {
            let words = format!("what was fetched is not remembered: {error}");
            context.log(LogLevel::Warn, words);
        }
    }
}

async fn note(
    manager: &Arc<SqliteManager>,
    project: &ProjectId,
    snapshot: &str,
    known: Option<Json>,
) -> Result<(), JobError> {
    let id = snapshot.to_owned();
    let log = RowLog::new(manager);
    let read = log.read(project, move |connection| rows::snapshot(connection, &id));
    let source = read.await?.source_id.parse();
    let source =
        source.map_err(|error: manifold_store::IdError| JobError::failed("defect", &error))?;
    let sources = DataSources::new(manager.clone());
    Ok(sources.note_fetched(project, &source, known).await?)
}

/// What tells an address, and how its file is read, from others. What an address refers to may be something else next
/// time, and is not kept in any form, so of such an address nothing is remembered.
fn asked(input: &InputFile) -> Option<String> {
    let url = input.url.as_ref()?;
    if Address::new(&url.url).ok()?.refers() {
        return None;
    }
    let mut told = input.clone();
    if let Some(url) = &mut told.url {
        url.timeout_seconds = None;
    }
    told.member = None;
    let told = serde_json::to_vec(&told).ok()?;
    Some(format!("blake3:{}", blake3::hash(&told).to_hex()))
}
