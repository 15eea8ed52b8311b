//! The key of a source that has rows.

use entity_project::published;
use sea_orm::EntityTrait as _;

use super::source_change::SourceUpdateError;
use crate::row_log::RowLogError;
use crate::rows::{self, Column, Repeated, Snapshot};
use crate::{ProjectDatabase, ProjectTransaction, StoreError};

/// A key that identifies the rows of a snapshot.
#[derive(Debug)]
pub(super) struct CheckedKey {
    /// The columns as they are spelled in the snapshot.
    pub(super) columns: Vec<String>,
    /// The latest snapshot at that time; `None` when the source was empty.
    snapshot_id: Option<String>,
}

/// Looks whether the columns exist in the latest snapshot and identify its rows. Later imports compare with those
/// alone, so that earlier snapshots need not have the key.
pub(super) async fn check(
    spoke: &ProjectDatabase,
    source: &str,
    wanted: &[String],
) -> Result<CheckedKey, SourceUpdateError> {
    let (id, columns) = (source.to_owned(), wanted.to_vec());
    let look = move |connection: &rusqlite::Connection| {
        connection
            .execute_batch("BEGIN DEFERRED")
            .map_err(StoreError::from)?;
        look(connection, &id, &columns)
    };
    spoke.connection().lend_reader(look).await?
}

fn look(
    connection: &rusqlite::Connection,
    source: &str,
    wanted: &[String],
) -> Result<CheckedKey, SourceUpdateError> {
    let failed = |error: rows::RowsError| match RowLogError::from(error) {
        RowLogError::Store(error) => SourceUpdateError::from(error),
        other => SourceUpdateError::Rows(other),
    };
    let Some(latest) = rows::latest(connection, source).map_err(failed)? else {
        return Ok(CheckedKey {
            columns: wanted.to_vec(),
            snapshot_id: None,
        });
    };
    let mut columns: Vec<Column> = Vec::with_capacity(wanted.len());
    for name in wanted {
        let column = column(&latest, name)?;
        if columns.iter().any(|known| known.phys == column.phys) {
            return Err(StoreError::InvalidValue {
                what: "the key".to_owned(),
                value: wanted.join(","),
                reason: format!("it names the column `{}` twice", column.name),
            }
            .into());
        }
        columns.push(column);
    }
    let names: Vec<String> = columns.iter().map(|column| column.name.clone()).collect();
    if columns.is_empty() {
        return Ok(CheckedKey {
            columns: names,
            snapshot_id: Some(latest.id),
        });
    }
    match rows::repeated(connection, &latest, &columns).map_err(failed)? {
        None => Ok(CheckedKey {
            columns: names,
            snapshot_id: Some(latest.id),
        }),
        Some(Repeated { rows, example }) => Err(SourceUpdateError::RepeatedKey {
            key: names.join(", "),
            rows,
            example: names
                .iter()
                .zip(example)
                .map(|(name, value)| match value {
                    Some(value) => format!("{name} = {}", shortened(&value)),
                    None => format!("{name} is empty"),
                })
                .collect::<Vec<_>>()
                .join(", "),
        }),
    }
}

/// The column that is meant, without regard to case if no name matches exactly.
fn column(latest: &Snapshot, name: &str) -> Result<Column, SourceUpdateError> {
    let exact = latest.columns.iter().find(|column| column.name == name);
    let folded = name.to_lowercase();
    let alike = || {
        let mut columns = latest.columns.iter();
        columns.find(|column| column.name.to_lowercase() == folded)
    };
    let found = exact.or_else(alike).cloned();
    found.ok_or_else(|| SourceUpdateError::MissingKeyColumn {
        key: name.to_owned(),
        columns: latest
            .columns
            .iter()
            .map(|column| column.name.clone())
            .collect(),
    })
}

fn shortened(value: &str) -> String {
    const MOST: usize = 60;
    match value.char_indices().nth(MOST) {
        None => format!("`{value}`"),
        Some((end, _)) => format!("`{}…`", &value[..end]),
    }
}

impl CheckedKey {
    /// Whether the snapshot that was looked at is still the latest.
    pub(super) async fn still_holds(
        &self,
        transaction: &ProjectTransaction,
        source: &str,
    ) -> Result<bool, StoreError> {
        let now = transaction
            .one(published::Entity::find_by_id(source))
            .await?;
        Ok(now.map(|now| now.snapshot_id) == self.snapshot_id)
    }
}
