//! The snapshots that a target is brought from and to.

use std::sync::Arc;

use entity_project::data_sources;
use manifold_store::rows::{self, Listing, Snapshot};
use manifold_store::{DataSources, ProjectId, RowLog, SourceId, SqliteManager};

use super::TargetError;

/// A source, and its latest snapshot.
pub(crate) struct Pair {
    pub(super) source: data_sources::Model,
    pub(super) latest: Snapshot,
}

/// How two snapshots differ, in rows.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Differing {
    pub(super) added: u64,
    pub(super) removed: u64,
    pub(super) changed: u64,
}

impl Pair {
    /// Finds them.
    ///
    /// # Errors
    /// [`TargetError::NoSnapshot`]; others by meaning.
    pub(crate) async fn of(
        manager: &Arc<SqliteManager>,
        project: &ProjectId,
        source: &SourceId,
    ) -> Result<Self, TargetError> {
        let sources = DataSources::new(manager.clone());
        let source = sources.find(project, source.as_str()).await?;
        let id = source.id.clone();
        let log = RowLog::new(manager);
        let read = log.read(project, move |connection| rows::latest(connection, &id));
        let latest = read.await?.ok_or_else(|| TargetError::NoSnapshot {
            source_name: source.name.clone(),
        })?;
        Ok(Self { source, latest })
    }

    pub(super) fn key(&self) -> &[String] {
        &self.source.key_columns.0
    }

    /// The snapshot that was written last, if it is still there.
    ///
    /// # Errors
    /// [`TargetError::Rows`].
    pub(super) async fn base(
        &self,
        manager: &Arc<SqliteManager>,
        project: &ProjectId,
        id: &str,
    ) -> Result<Option<Snapshot>, TargetError> {
        let id = id.to_owned();
        let log = RowLog::new(manager);
        let read = log.read(project, move |connection| {
            match rows::snapshot(connection, &id) {
                Ok(snapshot) => Ok(Some(snapshot)),
                Err(rows::RowsError::NoSnapshot { .. }) => Ok(None),
                Err(error) => Err(error),
            }
        });
        let base = read.await?;
        Ok(base.filter(|base| base.source_id == self.source.id))
    }

    /// How the latest snapshot differs from an older one.
    ///
    /// # Errors
    /// [`TargetError::Rows`].
    pub(super) async fn differing(
        &self,
        manager: &Arc<SqliteManager>,
        project: &ProjectId,
        base: &Snapshot,
    ) -> Result<Differing, TargetError> {
        let (from, to) = (base.clone(), self.latest.clone());
        let none = Listing {
            limit: 0,
            moved: false,
        };
        let log = RowLog::new(manager);
        let read = log.read(project, move |connection| {
            rows::diff(connection, &from, &to, none, None)
        });
        let diff = read.await?;
        Ok(Differing {
            added: diff.added,
            removed: diff.removed,
            changed: diff.changed,
        })
    }
}
