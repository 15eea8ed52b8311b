//! A target that was looked at.

use std::time::Duration;

use super::column::{TargetColumn, check_name, target_columns};
use super::connection::TargetConnection;
use super::merge::DELETED_AT;
use super::sync::{Course, Sync};
use super::table::{self, PresentColumn, is_same};
use super::{Pair, TargetError};
use crate::Progress;
use crate::database::{DatabaseKind, Timed};
use crate::sync::{Deletes, OnConflict, SyncMode};

/// How long a target may take for an answer: writing many rows is one.
const LONGEST: Duration = Duration::from_secs(4 * 60 * 60);

/// A target, and what is known of it.
pub(super) struct Prepared {
    pub(super) target: TargetConnection,
    pub(super) columns: Vec<TargetColumn>,
    /// What the table has; nothing when it is missing.
    pub(super) present: Vec<PresentColumn>,
    pub(super) key: Vec<usize>,
    pub(super) newest: Option<usize>,
    pub(super) created: bool,
    pub(super) added: Vec<String>,
}

impl Sync<'_> {
    /// Checks what was asked for, and connects.
    pub(super) async fn prepare(
        &self,
        pair: &Pair,
        course: &Course<'_>,
    ) -> Result<Prepared, TargetError> {
        let kind = self.url.kind();
        let columns = target_columns(kind, &pair.latest.columns, pair.key())?;
        check_name(kind, &self.table.table)?;
        let key = self.key(pair)?;
        let newest = self.newest(&columns)?;
        let options = |reason: &str| TargetError::Options {
            reason: reason.to_owned(),
        };
        if self.mode == SyncMode::Full && self.deletes != Deletes::Hard {
            return Err(options(
                "the mode full writes all rows anew, so it deletes `hard`",
            ));
        }
        let has_deleted_at = columns
            .iter()
            .any(|column| is_same(kind, &column.name, DELETED_AT));
        if self.deletes == Deletes::Soft && has_deleted_at {
            return Err(options(
                "the source has a column `deleted_at`, so that of the target cannot say which rows are deleted",
            ));
        }
        if columns.is_empty() {
            return Err(options("the snapshot has no columns"));
        }
        (course.report)(Progress::step("connecting"));
        let timed = Timed {
            cancel: course.cancel.clone(),
            longest: LONGEST,
        };
        let layout = self.manager.layout();
        let mut target =
            TargetConnection::open(self.url, layout, course.environment, timed).await?;
        table::check_engine(&mut target, self.table).await?;
        let present = table::columns_of(&mut target, self.table).await?;
        Ok(Prepared {
            target,
            columns,
            present,
            key,
            newest,
            created: false,
            added: Vec::new(),
        })
    }

    fn key(&self, pair: &Pair) -> Result<Vec<usize>, TargetError> {
        if self.mode != SyncMode::Merge {
            return Ok(Vec::new());
        }
        let key = pair.key().iter().map(|name| {
            let columns = &pair.latest.columns;
            columns.iter().position(|column| column.name == *name)
        });
        let key: Option<Vec<_>> = key.collect();
        key.filter(|key| !key.is_empty())
            .ok_or_else(|| TargetError::NoKey {
                source_name: pair.source.name.clone(),
            })
    }

    fn newest(&self, columns: &[TargetColumn]) -> Result<Option<usize>, TargetError> {
        let OnConflict::Newest { column } = self.conflict else {
            return Ok(None);
        };
        let found = columns.iter().position(|found| found.name == *column);
        match found {
            Some(found) => Ok(Some(found)),
            None => Err(TargetError::Options {
                reason: format!(
                    "the source has no column `{column}` that says which row is the newer one"
                ),
            }),
        }
    }

    /// What the table lacks: names and types.
    pub(super) fn missing(&self, prepared: &Prepared) -> Vec<(String, String)> {
        let kind = self.url.kind();
        let has = |name: &str| {
            prepared
                .present
                .iter()
                .any(|present| is_same(kind, &present.name, name))
        };
        let mut missing: Vec<_> = prepared
            .columns
            .iter()
            .filter(|column| !has(&column.name))
            .map(|column| (column.name.clone(), column.declared.clone()))
            .collect();
        if self.deletes == Deletes::Soft && self.mode == SyncMode::Merge && !has(DELETED_AT) {
            let declared = match kind {
                DatabaseKind::Postgres => "timestamptz",
                DatabaseKind::MySql => "DATETIME(6)",
                DatabaseKind::Sqlite => "TEXT",
            };
            missing.push((DELETED_AT.to_owned(), declared.to_owned()));
        }
        missing
    }

    /// Makes the table, or adds what it lacks.
    pub(super) async fn provide(&self, prepared: &mut Prepared) -> Result<(), TargetError> {
        prepared.present = table::columns_of(&mut prepared.target, self.table).await?;
        if prepared.present.is_empty() {
            table::create(
                &mut prepared.target,
                self.table,
                &prepared.columns,
                &prepared.key,
            )
            .await?;
            prepared.created = true;
            prepared.present = table::columns_of(&mut prepared.target, self.table).await?;
        }
        let missing = self.missing(prepared);
        for (name, declared) in &missing {
            table::add_column(&mut prepared.target, self.table, name, declared).await?;
        }
        if !missing.is_empty() {
            let names = missing.into_iter().map(|(name, _)| name);
            if !prepared.created {
                prepared.added = names.collect();
            }
            prepared.present = table::columns_of(&mut prepared.target, self.table).await?;
        }
        Ok(())
    }
}
