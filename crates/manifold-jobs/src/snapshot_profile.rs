//! What the columns of a snapshot hold.

use std::ops::ControlFlow;
use std::sync::Arc;

use manifold_format::{
    ColumnProfile, ColumnType, Drift, Encoding, JudgedColumn, ProfiledColumn, TableProfiler,
    UnknownEncoding, drift,
};
use manifold_store::rows::{self, Column, Snapshot};
use manifold_store::{ProjectId, RowLog, SqliteManager};
use serde_json::Value as Json;

use crate::JobError;
use crate::import::value;

/// What the columns of a snapshot hold, in the order of its columns.
#[derive(Debug, Clone)]
pub struct SnapshotProfile {
    /// The snapshot.
    pub snapshot: Snapshot,
    /// What each of its columns holds.
    pub columns: Vec<ColumnProfile>,
}

impl SnapshotProfile {
    /// What its import found. All rows are read for a snapshot that is older than profiles are, and for one with a column of many
    /// values that was read as numbers and is text.
    ///
    /// # Errors
    /// [`JobError`] by meaning: the snapshot is not there, or was written by a newer version.
    pub async fn of(
        manager: &Arc<SqliteManager>,
        project: &ProjectId,
        snapshot: &str,
    ) -> Result<Self, JobError> {
        let id = snapshot.to_owned();
        let log = RowLog::new(manager);
        let read = log.read(project, move |connection| {
            let snapshot = rows::snapshot(connection, &id)?;
            let known = known(rows::profiles(connection, &snapshot)?);
            if let Some(columns) = known.into_iter().collect() {
                return Ok(Ok(Self { snapshot, columns }));
            }
            let mut profiler = match profiler(&snapshot) {
                Ok(profiler) => profiler,
                Err(unknown) => return Ok(Err(unknown)),
            };
            rows::read(connection, &snapshot, None, None, |_, row, _| {
                profiler.count_stored(row.cells().map(value));
                ControlFlow::Continue(())
            })?;
            let columns = finished(&profiler, &snapshot);
            Ok(Ok(Self { snapshot, columns }))
        });
        read.await?
            .map_err(|unknown| JobError::failed("newer_rows", &unknown))
    }

    /// How what is in `self` has become what is in `later`, the weightiest change first.
    #[must_use]
    pub fn drift_to(&self, later: &Self) -> Vec<Drift> {
        drift(&self.profiled(), &later.profiled())
    }

    fn profiled(&self) -> Vec<ProfiledColumn<'_>> {
        let columns = self.snapshot.columns.iter().zip(&self.columns);
        columns
            .map(|(column, profile)| ProfiledColumn {
                phys: column.phys,
                name: &column.name,
                column_type: column_type(&column.column_type),
                format: column.format.as_deref(),
                profile,
            })
            .collect()
    }
}

/// The strong drift from the snapshot before to this one, of the columns of which both imports have told what they hold.
pub(crate) async fn strong_drift(
    manager: &Arc<SqliteManager>,
    project: &ProjectId,
    snapshot: &str,
) -> Result<Vec<Drift>, JobError> {
    let id = snapshot.to_owned();
    let log = RowLog::new(manager);
    let read = log.read(project, move |connection| {
        let later = rows::snapshot(connection, &id)?;
        let Some(earlier) = rows::before(connection, &later)? else {
            return Ok(Vec::new());
        };
        let before = known(rows::profiles(connection, &earlier)?);
        let now = known(rows::profiles(connection, &later)?);
        let unknown = [unknown(&earlier, &before), unknown(&later, &now)].concat();
        let earlier = without(&unknown, earlier, before);
        Ok(earlier.drift_to(&without(&unknown, later, now)))
    });
    let mut found = read.await?;
    found.retain(Drift::is_strong);
    Ok(found)
}

/// What the import has found; `None` for what is missing, or was written by a newer version.
fn known(profiles: Vec<Option<Json>>) -> Vec<Option<ColumnProfile>> {
    let profile = |profile: Option<Json>| serde_json::from_value(profile?).ok();
    profiles.into_iter().map(profile).collect()
}

/// The columns of which nothing is known.
fn unknown(snapshot: &Snapshot, known: &[Option<ColumnProfile>]) -> Vec<i64> {
    let columns = snapshot.columns.iter().zip(known);
    let unknown = columns.filter(|(_, profile)| profile.is_none());
    unknown.map(|(column, _)| column.phys).collect()
}

fn without(
    unknown: &[i64],
    mut snapshot: Snapshot,
    known: Vec<Option<ColumnProfile>>,
) -> SnapshotProfile {
    let columns = snapshot.columns.into_iter().zip(known);
    let columns = columns.filter_map(|(column, profile)| Some((column, profile?)));
    let (kept, columns) = columns
        .filter(|(column, _)| !unknown.contains(&column.phys))
        .unzip();
    snapshot.columns = kept;
    SnapshotProfile { snapshot, columns }
}

/// What finds the same in the rows of a snapshot.
fn profiler(snapshot: &Snapshot) -> Result<TableProfiler, UnknownEncoding> {
    let column = |column: &Column| -> Result<(Encoding, ColumnType), UnknownEncoding> {
        Ok((column.encoding.parse()?, column_type(&column.column_type)))
    };
    let columns = snapshot.columns.iter().map(column);
    let columns: Vec<_> = columns.collect::<Result<_, _>>()?;
    Ok(TableProfiler::stored(columns.into_iter()))
}

fn finished(profiler: &TableProfiler, snapshot: &Snapshot) -> Vec<ColumnProfile> {
    let bytes = |token: &String| token.clone().into_bytes();
    let tokens = snapshot.columns.iter();
    let tokens: Vec<Vec<Vec<u8>>> = tokens
        .map(|column| column.null_tokens.iter().map(bytes).collect())
        .collect();
    let columns = snapshot.columns.iter().zip(&tokens);
    let judged = columns.map(|(column, null_tokens)| JudgedColumn {
        column_type: column_type(&column.column_type),
        format: column.format.as_deref(),
        null_tokens,
    });
    // Of stored rows it tells all.
    profiler.finish(judged).into_iter().flatten().collect()
}

/// What is no known type has the order of text.
fn column_type(code: &str) -> ColumnType {
    ColumnType::from_code(code).unwrap_or(ColumnType::Text)
}
