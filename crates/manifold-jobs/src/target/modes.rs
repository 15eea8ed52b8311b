//! What each mode does.

use manifold_store::rows::Snapshot;

use super::load::{Shape, load};
use super::merge::Merge;
use super::prepared::Prepared;
use super::rows::{Stream, Wanted};
use super::sync::{Course, Sync};
use super::synced::SyncedTarget;
use super::table::is_same;
use super::{Pair, TargetError};
use crate::Progress;
use crate::sync::MaxDeletes;

/// How many keys of rows are listed that both sides have changed.
const LISTED: usize = 100;

/// The snapshots, and how they are brought into the target.
#[derive(Clone, Copy)]
pub(super) struct Step<'a> {
    pub(super) pair: &'a Pair,
    pub(super) base: Option<&'a Snapshot>,
    pub(super) course: &'a Course<'a>,
    /// Nothing is changed: it is found out what would be.
    pub(super) dry: bool,
}

impl Sync<'_> {
    /// Writes all rows anew.
    ///
    /// # Errors
    /// [`TargetError`].
    pub(super) async fn full(
        &self,
        step: Step<'_>,
        prepared: &mut Prepared,
        answer: &mut SyncedTarget,
    ) -> Result<(), TargetError> {
        let Step { pair, base, .. } = step;
        let live = self.statements(prepared).live_rows();
        let rows = pair.latest.counts.row_count.unsigned_abs();
        let there = match prepared.present.is_empty() {
            true => 0,
            false => prepared.target.number(&live).await?,
        };
        let gone = match base {
            // Rows that nobody has written from here.
            None => there,
            Some(base) => {
                let differing = pair.differing(self.manager, self.project_id, base).await?;
                there.saturating_sub(rows).max(differing.removed).min(there)
            }
        };
        self.check_bound(gone, there)?;
        answer.deleted = gone;
        answer.updated = rows.min(there - gone);
        answer.inserted = rows - answer.updated;
        if step.dry {
            return Ok(());
        }
        let table = self.table.quoted(self.url.kind());
        let delete = format!("DELETE FROM {table}");
        prepared.target.run(&delete, &[]).await?;
        self.add(step, prepared, Wanted::All).await.map(drop)
    }

    /// Adds rows that are new.
    ///
    /// # Errors
    /// [`TargetError`].
    pub(super) async fn append(
        &self,
        step: Step<'_>,
        prepared: &mut Prepared,
        answer: &mut SyncedTarget,
    ) -> Result<(), TargetError> {
        let Step { pair, base, .. } = step;
        answer.inserted = match (base, step.dry) {
            (None, true) => pair.latest.counts.row_count.unsigned_abs(),
            (Some(base), true) => {
                let differing = pair.differing(self.manager, self.project_id, base).await?;
                differing.added + differing.changed
            }
            (None, false) => self.add(step, prepared, Wanted::All).await?,
            (Some(base), false) => {
                let wanted = Wanted::Added(Box::new(base.clone()));
                self.add(step, prepared, wanted).await?
            }
        };
        Ok(())
    }

    /// Writes rows into the table behind those that are there, and returns how many they were.
    async fn add(
        &self,
        step: Step<'_>,
        prepared: &mut Prepared,
        wanted: Wanted,
    ) -> Result<u64, TargetError> {
        let stream = self.stream(step.pair, prepared, wanted);
        let (table, names) = (self.table.quoted(self.url.kind()), self.names(prepared));
        let (target, report) = (&mut prepared.target, step.course.report);
        load(target, &table, &names, stream, Shape::Ours, report).await
    }

    /// Compares rows by their key, in the target.
    ///
    /// # Errors
    /// [`TargetError`].
    pub(super) async fn merge(
        &self,
        step: Step<'_>,
        prepared: &mut Prepared,
        answer: &mut SyncedTarget,
    ) -> Result<(), TargetError> {
        let Step { pair, base, .. } = step;
        if prepared.present.is_empty() {
            answer.inserted = pair.latest.counts.row_count.unsigned_abs();
            return Ok(()); // it is found out what would be done
        }
        let wanted = match base {
            None => Wanted::All,
            Some(base) => Wanted::Differing {
                fresh: self.fresh(prepared, base),
                base: Box::new(base.clone()),
                key: prepared.key.clone(),
            },
        };
        let stream = self.stream(pair, prepared, wanted);
        let merge = self.statements(prepared);
        let (changes, names) = merge.changes();
        let (make, null_keys, work) = (merge.make_changes(), merge.null_keys(), merge.make_work());
        let (several, counts, live) = (merge.met_several(), merge.counts(), merge.live_rows());
        let (listed, apply) = (merge.conflict_keys(LISTED), merge.apply());
        let target = &mut prepared.target;
        target.run(&make, &[]).await?;
        let report = step.course.report;
        load(target, changes, &names, stream, Shape::Change, report).await?;
        report(Progress::step("comparing"));
        if target.number(&null_keys).await? > 0 {
            return Err(self.key_not_unique(pair, "a row has nothing in it"));
        }
        target.run(&work, &[]).await?;
        if target.number(&several).await? > 0 {
            return Err(self.key_not_unique(pair, "the table has several rows of one key"));
        }
        for row in target.texts(&counts, &[]).await? {
            let count = row[2].as_deref().and_then(|text| text.parse::<u64>().ok());
            let count = count.unwrap_or_default();
            match row[0].as_deref() {
                Some("insert" | "revive") => answer.inserted += count,
                Some("update") => answer.updated += count,
                Some("delete") => answer.deleted += count,
                _ => {}
            }
            if row[1].as_deref() == Some("1") {
                answer.conflicts += count;
            }
        }
        let there = target.number(&live).await?;
        self.check_bound(answer.deleted, there)?;
        if answer.conflicts > 0 {
            answer.conflict_keys = target.texts(&listed, &[]).await?;
        }
        if step.dry {
            return Ok(());
        }
        report(Progress::step("writing"));
        for statement in apply {
            target.run(&statement, &[]).await?;
        }
        Ok(())
    }

    /// Columns that were not in the target when the base was written.
    fn fresh(&self, prepared: &Prepared, base: &Snapshot) -> Vec<bool> {
        let kind = self.url.kind();
        let columns = prepared.columns.iter().map(|column| {
            let was = base
                .columns
                .iter()
                .any(|before| is_same(kind, &before.name, &column.name));
            let is_added = prepared
                .added
                .iter()
                .any(|name| is_same(kind, name, &column.name));
            !was || is_added
        });
        columns.collect()
    }

    fn check_bound(&self, deletes: u64, rows: u64) -> Result<(), TargetError> {
        if deletes > self.max_deletes.of(rows) {
            return Err(TargetError::TooManyDeletions {
                table: self.table.to_string(),
                deleted: deletes,
                rows,
                most: self.max_deletes,
                enough: MaxDeletes::enough(deletes, rows),
            });
        }
        Ok(())
    }

    fn key_not_unique(&self, pair: &Pair, reason: &str) -> TargetError {
        TargetError::KeyNotUnique {
            key: pair.key().join(", "),
            table: self.table.to_string(),
            reason: reason.to_owned(),
        }
    }

    fn statements<'p>(&'p self, prepared: &'p Prepared) -> Merge<'p> {
        Merge {
            kind: self.url.kind(),
            table: self.table,
            columns: &prepared.columns,
            present: &prepared.present,
            key: &prepared.key,
            deletes: self.deletes,
            conflict: self.conflict,
            newest: prepared.newest,
        }
    }

    fn names(&self, prepared: &Prepared) -> Vec<String> {
        let merge = self.statements(prepared);
        let names = (0..prepared.columns.len()).map(|index| merge.kind.quoted(merge.name(index)));
        names.collect()
    }

    fn stream(&self, pair: &Pair, prepared: &Prepared, wanted: Wanted) -> Stream {
        let (manager, project) = (self.manager, self.project_id);
        Stream::begin(
            manager,
            project,
            pair.latest.clone(),
            &prepared.columns,
            wanted,
        )
    }
}
