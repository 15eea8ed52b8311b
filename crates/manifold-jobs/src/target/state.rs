//! What was written last, in the target.

use super::connection::TargetConnection;
use super::{STATE, table};
use crate::database::{DatabaseError, DatabaseKind, TableName};

/// What was written last.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Written {
    pub(super) snapshot_id: String,
    pub(super) snapshot_number: i64,
    pub(super) job_id: String,
    pub(super) counts: Counts,
}

/// What a job did, in rows.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Counts {
    pub(super) inserted: u64,
    pub(super) updated: u64,
    pub(super) deleted: u64,
    pub(super) conflicts: u64,
}

/// The line of one source and one table.
pub(super) struct StateLine<'a> {
    pub(super) project_id: &'a str,
    pub(super) source_id: &'a str,
    pub(super) table: &'a TableName,
}

impl StateLine<'_> {
    fn of(&self, kind: DatabaseKind) -> String {
        self.table.beside(STATE).quoted(kind)
    }

    /// Makes the table of lines where it is missing.
    ///
    /// # Errors
    /// [`DatabaseError`].
    pub(super) async fn provide(&self, target: &mut TargetConnection) -> Result<(), DatabaseError> {
        let kind = target.kind;
        if !table::columns_of(target, &self.table.beside(STATE))
            .await?
            .is_empty()
        {
            return Ok(());
        }
        let (text, number, time, engine) = match kind {
            DatabaseKind::Postgres => ("text", "bigint", "timestamptz", ""),
            DatabaseKind::MySql => (
                "VARCHAR(190) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin",
                "BIGINT",
                "DATETIME(6)",
                " ENGINE=InnoDB",
            ),
            DatabaseKind::Sqlite => ("TEXT", "INTEGER", "TEXT", ""),
        };
        let sql = format!(
            "CREATE TABLE IF NOT EXISTS {} (project_id {text} NOT NULL, source_id {text} NOT NULL, target_table {text} NOT NULL, \
             snapshot_id {text} NOT NULL, snapshot_number {number} NOT NULL, job_id {text} NOT NULL, synced_at {time}, \
             inserted {number} NOT NULL, updated {number} NOT NULL, deleted {number} NOT NULL, conflicts {number} NOT NULL, \
             PRIMARY KEY (project_id, source_id, target_table)){engine}",
            self.of(kind)
        );
        target.run(&sql, &[]).await.map(drop)
    }

    /// Reads the line, and keeps others from writing it until the transaction ends. Others wait here.
    ///
    /// # Errors
    /// [`DatabaseError`].
    pub(super) async fn hold(
        &self,
        target: &mut TargetConnection,
    ) -> Result<Option<Written>, DatabaseError> {
        let (kind, state) = (target.kind, self.of(target.kind));
        let (ignore, otherwise) = match kind {
            DatabaseKind::Postgres => ("", " ON CONFLICT DO NOTHING"),
            DatabaseKind::MySql => (" IGNORE", ""),
            DatabaseKind::Sqlite => (" OR IGNORE", ""),
        };
        let begin = format!(
            "INSERT{ignore} INTO {state} (project_id, source_id, target_table, snapshot_id, snapshot_number, job_id, inserted, updated, \
             deleted, conflicts) VALUES (?, ?, ?, '', 0, '', 0, 0, 0, 0){otherwise}"
        );
        let table = self.table.to_string();
        let line = [self.project_id, self.source_id, &table];
        target.run(&begin, &line).await?;
        let lock = if kind == DatabaseKind::Sqlite {
            ""
        } else {
            " FOR UPDATE"
        };
        self.select(target, lock).await
    }

    /// Reads the line, if there is one.
    ///
    /// # Errors
    /// [`DatabaseError`].
    pub(super) async fn read(
        &self,
        target: &mut TargetConnection,
    ) -> Result<Option<Written>, DatabaseError> {
        if table::columns_of(target, &self.table.beside(STATE))
            .await?
            .is_empty()
        {
            return Ok(None);
        }
        self.select(target, "").await
    }

    async fn select(
        &self,
        target: &mut TargetConnection,
        lock: &str,
    ) -> Result<Option<Written>, DatabaseError> {
        let names = [
            "snapshot_id",
            "snapshot_number",
            "job_id",
            "inserted",
            "updated",
            "deleted",
            "conflicts",
        ];
        let columns: Vec<_> = names.iter().map(|name| target.as_text(name)).collect();
        let sql = format!(
            "SELECT {} FROM {} WHERE project_id = ? AND source_id = ? AND target_table = ?{lock}",
            columns.join(", "),
            self.of(target.kind)
        );
        let table = self.table.to_string();
        let rows = target
            .texts(&sql, &[self.project_id, self.source_id, &table])
            .await?;
        let Some(row) = rows.into_iter().next() else {
            return Ok(None);
        };
        let text = |index: usize| row[index].clone().unwrap_or_default();
        let number = |index: usize| text(index).parse().unwrap_or_default();
        let written = Written {
            snapshot_id: text(0),
            snapshot_number: text(1).parse().unwrap_or_default(),
            job_id: text(2),
            counts: Counts {
                inserted: number(3),
                updated: number(4),
                deleted: number(5),
                conflicts: number(6),
            },
        };
        Ok((written.snapshot_number > 0).then_some(written))
    }

    /// Writes the line.
    ///
    /// # Errors
    /// [`DatabaseError`].
    pub(super) async fn write(
        &self,
        target: &mut TargetConnection,
        written: &Written,
    ) -> Result<(), DatabaseError> {
        let Counts {
            inserted,
            updated,
            deleted,
            conflicts,
        } = written.counts;
        let sql = format!(
            "UPDATE {} SET snapshot_id = ?, snapshot_number = {}, job_id = ?, synced_at = CURRENT_TIMESTAMP, inserted = {inserted}, \
             updated = {updated}, deleted = {deleted}, conflicts = {conflicts} \
             WHERE project_id = ? AND source_id = ? AND target_table = ?",
            self.of(target.kind),
            written.snapshot_number,
        );
        let table = self.table.to_string();
        let bound = [
            &written.snapshot_id,
            &written.job_id,
            self.project_id,
            self.source_id,
            &table,
        ];
        target.run(&sql, &bound).await.map(drop)
    }
}
