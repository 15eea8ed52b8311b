//! Comparing rows in the target: with what was written last, and with what the source has now.
//!
//! Three versions of a row meet by its key: `b`, as it was written last; `o`, as the source has it now; and `t`, as the target has
//! it. Only keys whose `o` and `b` differ are looked at. Where `t` is `o`, or where `t` is still `b`, it is clear what to do; where
//! it is neither, both sides have changed the row.

use super::column::TargetColumn;
use super::table::{PresentColumn, is_same};
use crate::database::{DatabaseKind, TableName};
use crate::sync::{Deletes, OnConflict};

/// The temporary tables: what differs, and what is to be done.
const CHANGES: &str = "manifold_changes";
const WORK: &str = "manifold_work";
/// The column that says when a row was deleted.
pub(super) const DELETED_AT: &str = "deleted_at";

/// The statements that compare and write.
pub(super) struct Merge<'a> {
    pub(super) kind: DatabaseKind,
    pub(super) table: &'a TableName,
    pub(super) columns: &'a [TargetColumn],
    /// What the table has.
    pub(super) present: &'a [PresentColumn],
    pub(super) key: &'a [usize],
    pub(super) deletes: Deletes,
    pub(super) conflict: &'a OnConflict,
    /// The column of the conflict's times, by index.
    pub(super) newest: Option<usize>,
}

impl Merge<'_> {
    /// Where the changes go, and its columns in order.
    pub(super) fn changes(&self) -> (&'static str, Vec<String>) {
        let count = self.columns.len();
        let names = ["op".to_owned(), "n".to_owned()].into_iter();
        let ours = (0..count).map(|index| format!("o{index}"));
        let base = (0..count).map(|index| format!("b{index}"));
        (CHANGES, names.chain(ours).chain(base).collect())
    }

    /// Makes the table of changes, whose columns have the types of the target's.
    pub(super) fn make_changes(&self) -> String {
        let typed = |prefix: char| {
            let columns = self.columns.iter().enumerate();
            columns.map(move |(index, column)| {
                let source = match self.present(column) {
                    Some(present) => format!("t.{}", self.kind.quoted(&present.name)),
                    // Only when it is found out what would be done.
                    None if self.kind == DatabaseKind::MySql => {
                        "CAST(NULL AS CHAR(255))".to_owned()
                    }
                    None => "CAST(NULL AS text)".to_owned(),
                };
                format!("{source} AS {prefix}{index}")
            })
        };
        let columns: Vec<_> = typed('o').chain(typed('b')).collect();
        let (op, n) = match self.kind {
            DatabaseKind::MySql => ("CAST('' AS CHAR(1))", "CAST(0 AS SIGNED)"),
            DatabaseKind::Postgres => ("''::text", "0::bigint"),
            DatabaseKind::Sqlite => ("CAST('' AS TEXT)", "CAST(0 AS INTEGER)"),
        };
        // From the outer side of a join, columns may be NULL, whatever they may be in the table.
        format!(
            "CREATE {} TABLE {CHANGES} AS SELECT {op} AS op, {n} AS n, {} FROM (SELECT 1 AS one) AS single \
             LEFT JOIN {} AS t ON 1 = 0 WHERE 1 = 0",
            self.temporary(),
            columns.join(", "),
            self.table.quoted(self.kind)
        )
    }

    /// Compares, and makes the table of what is to be done.
    pub(super) fn make_work(&self) -> String {
        let all = |prefix: char| {
            let columns = self.columns.iter().enumerate();
            let same = columns.map(|(index, column)| match self.present(column) {
                Some(present) => self.same(present, &format!("{prefix}{index}")),
                // It will have nothing in it when it is added.
                None => format!("c.{prefix}{index} IS NULL"),
            });
            let same: Vec<_> = same.collect();
            format!("({})", same.join(" AND "))
        };
        let (ours, base) = (all('o'), all('b'));
        let is_there = format!("{} IS NOT NULL", self.of_target(self.key[0]));
        let alive = match self.deleted_at() {
            Some(deleted_at) => format!("({is_there} AND t.{deleted_at} IS NULL)"),
            None => format!("({is_there})"),
        };
        let op = |op: &str| format!("c.op = '{op}'");
        let is_gone = match self.deletes {
            Deletes::None => "1 = 0".to_owned(),
            Deletes::Hard | Deletes::Soft => op("-"),
        };
        let conflict = format!(
            "CASE WHEN {new} AND {alive} AND NOT {ours} THEN 1 WHEN {other} AND NOT {alive} THEN 1 \
             WHEN {other} AND NOT {ours} AND NOT {base} THEN 1 WHEN {is_gone} AND {alive} AND NOT {base} THEN 1 ELSE 0 END",
            new = op("+"),
            other = op("~"),
        );
        let write = format!(
            "CASE WHEN {alive} THEN 'update' WHEN {is_there} THEN 'revive' ELSE 'insert' END"
        );
        let clear = format!(
            "CASE WHEN {new} AND NOT {alive} THEN {write} WHEN {other} AND {alive} AND NOT {ours} AND {base} THEN 'update' \
             WHEN {is_gone} AND {alive} AND {base} THEN 'delete' ELSE 'none' END",
            new = op("+"),
            other = op("~"),
        );
        let wins = self.source_wins(&alive);
        let what = format!(
            "CASE WHEN ({conflict}) = 1 THEN CASE WHEN NOT ({wins}) THEN 'none' WHEN {gone} THEN 'delete' ELSE {write} END \
             ELSE {clear} END",
            gone = op("-"),
        );
        let on: Vec<_> = self
            .key
            .iter()
            .map(|index| format!("{} = c.o{index}", self.of_target(*index)))
            .collect();
        format!(
            "CREATE {} TABLE {WORK}{} AS SELECT c.*, {what} AS what, {conflict} AS conflict FROM {CHANGES} AS c LEFT JOIN {} AS t ON {}",
            self.temporary(),
            self.index(),
            self.table.quoted(self.kind),
            on.join(" AND ")
        )
    }

    /// Whether the source wins where both sides have changed a row.
    fn source_wins(&self, alive: &str) -> String {
        match (self.conflict, self.newest) {
            (OnConflict::Source, _) => "1 = 1".to_owned(),
            (OnConflict::Newest { .. }, Some(index)) => {
                let theirs = self.of_target(index);
                // The target's row is the later one, which is also so when its time is unknown and that of the source too.
                format!(
                    "CASE WHEN NOT {alive} THEN 1 = 1 WHEN c.op = '-' THEN NOT COALESCE({theirs} > c.b{index}, 1 = 0) \
                     ELSE COALESCE(c.o{index} > {theirs}, c.o{index} IS NOT NULL) END"
                )
            }
            _ => "1 = 0".to_owned(),
        }
    }

    /// Rows whose key is NULL, and rows that met several of the target's.
    pub(super) fn null_keys(&self) -> String {
        let nulls: Vec<_> = self
            .key
            .iter()
            .map(|index| format!("o{index} IS NULL"))
            .collect();
        self.counted(&format!("{CHANGES} WHERE {}", nulls.join(" OR ")))
    }

    /// As many changes as met no row of the target, or one.
    pub(super) fn met_several(&self) -> String {
        let difference =
            format!("(SELECT count(*) FROM {WORK}) - (SELECT count(*) FROM {CHANGES})");
        format!("SELECT {}", self.text(&difference))
    }

    /// What is to be done, and how often: `what`, `conflict`, count.
    pub(super) fn counts(&self) -> String {
        format!(
            "SELECT {}, {}, {} FROM {WORK} GROUP BY what, conflict",
            self.text("what"),
            self.text("conflict"),
            self.text("count(*)")
        )
    }

    /// The keys of rows that both sides have changed, at most so many.
    pub(super) fn conflict_keys(&self, limit: usize) -> String {
        let key: Vec<_> = self
            .key
            .iter()
            .map(|index| self.text(&format!("o{index}")))
            .collect();
        format!(
            "SELECT {} FROM {WORK} WHERE conflict = 1 ORDER BY n LIMIT {limit}",
            key.join(", ")
        )
    }

    /// The rows of the target that are not deleted.
    pub(super) fn live_rows(&self) -> String {
        let of = match self.deleted_at() {
            Some(deleted_at) => format!(
                "{} WHERE {deleted_at} IS NULL",
                self.table.quoted(self.kind)
            ),
            None => self.table.quoted(self.kind),
        };
        self.counted(&of)
    }

    /// The statements that do it: deletes, updates, inserts.
    pub(super) fn apply(&self) -> [String; 3] {
        let table = self.table.quoted(self.kind);
        let on = |left: &str| {
            let parts = self.key.iter().map(|index| {
                let name = self.kind.quoted(self.name(*index));
                format!("{left}.{name} = w.o{index}")
            });
            parts.collect::<Vec<_>>().join(" AND ")
        };
        let deleted_at = self.kind.quoted(DELETED_AT);
        let delete = match (self.deletes, self.kind) {
            (Deletes::Soft, DatabaseKind::MySql) => format!(
                "UPDATE {table} AS t JOIN {WORK} AS w ON {} SET t.{deleted_at} = CURRENT_TIMESTAMP(6) WHERE w.what = 'delete'",
                on("t")
            ),
            (Deletes::Soft, _) => format!(
                "UPDATE {table} AS t SET {deleted_at} = CURRENT_TIMESTAMP FROM {WORK} AS w WHERE w.what = 'delete' AND {}",
                on("t")
            ),
            (_, DatabaseKind::MySql) => format!(
                "DELETE t FROM {table} AS t JOIN {WORK} AS w ON {} WHERE w.what = 'delete'",
                on("t")
            ),
            (_, DatabaseKind::Postgres) => {
                format!(
                    "DELETE FROM {table} AS t USING {WORK} AS w WHERE w.what = 'delete' AND {}",
                    on("t")
                )
            }
            (_, DatabaseKind::Sqlite) => {
                let names: Vec<_> = self
                    .key
                    .iter()
                    .map(|index| self.kind.quoted(self.name(*index)))
                    .collect();
                let keys: Vec<_> = self.key.iter().map(|index| format!("o{index}")).collect();
                format!(
                    "DELETE FROM {table} WHERE ({}) IN (SELECT {} FROM {WORK} WHERE what = 'delete')",
                    names.join(", "),
                    keys.join(", ")
                )
            }
        };
        let left = if self.kind == DatabaseKind::MySql {
            "t."
        } else {
            ""
        };
        let set =
            self.columns.iter().enumerate().map(|(index, _)| {
                format!("{left}{} = w.o{index}", self.kind.quoted(self.name(index)))
            });
        let mut set: Vec<_> = set.collect();
        if self.deleted_at().is_some() {
            set.push(format!("{left}{deleted_at} = NULL"));
        }
        let set = set.join(", ");
        let update = match self.kind {
            DatabaseKind::MySql => format!(
                "UPDATE {table} AS t JOIN {WORK} AS w ON {} SET {set} WHERE w.what IN ('update', 'revive')",
                on("t")
            ),
            _ => format!(
                "UPDATE {table} AS t SET {set} FROM {WORK} AS w WHERE w.what IN ('update', 'revive') AND {}",
                on("t")
            ),
        };
        let names: Vec<_> = (0..self.columns.len())
            .map(|index| self.kind.quoted(self.name(index)))
            .collect();
        let ours: Vec<_> = (0..self.columns.len())
            .map(|index| format!("o{index}"))
            .collect();
        let insert = format!(
            "INSERT INTO {table} ({}) SELECT {} FROM {WORK} WHERE what = 'insert' ORDER BY n",
            names.join(", "),
            ours.join(", ")
        );
        [delete, update, insert]
    }

    /// The name of a column as the table has it.
    pub(super) fn name(&self, index: usize) -> &str {
        let column = &self.columns[index];
        self.present(column)
            .map_or(&column.name, |present| &present.name)
    }

    fn of_target(&self, index: usize) -> String {
        format!("t.{}", self.kind.quoted(self.name(index)))
    }

    fn present(&self, column: &TargetColumn) -> Option<&PresentColumn> {
        self.present
            .iter()
            .find(|present| is_same(self.kind, &present.name, &column.name))
    }

    fn deleted_at(&self) -> Option<String> {
        let is_kept = self.deletes == Deletes::Soft
            && self
                .present
                .iter()
                .any(|present| is_same(self.kind, &present.name, DELETED_AT));
        is_kept.then(|| self.kind.quoted(DELETED_AT))
    }

    /// Whether a value of the target is another one; NULL is like NULL, and letters of other case are other letters.
    fn same(&self, present: &PresentColumn, other: &str) -> String {
        let column = format!("t.{}", self.kind.quoted(&present.name));
        let is = |types: &[&str]| types.contains(&present.declared.as_str());
        match self.kind {
            DatabaseKind::Postgres if is(&["json", "xml", "point", "polygon", "box"]) => {
                format!("{column}::text IS NOT DISTINCT FROM c.{other}::text")
            }
            DatabaseKind::Postgres => format!("{column} IS NOT DISTINCT FROM c.{other}"),
            DatabaseKind::MySql
                if is(&[
                    "char",
                    "varchar",
                    "tinytext",
                    "text",
                    "mediumtext",
                    "longtext",
                    "enum",
                    "set",
                ]) =>
            {
                format!("CAST({column} AS BINARY) <=> CAST(c.{other} AS BINARY)")
            }
            DatabaseKind::MySql => format!("{column} <=> c.{other}"),
            DatabaseKind::Sqlite => format!("{column} IS c.{other}"),
        }
    }

    /// The index by which MySQL finds what is to be done with a row of a table whose key has none. It must be made with the table:
    /// made later it would end the transaction.
    fn index(&self) -> String {
        let first = self.key[0];
        let declared = self.present(&self.columns[first]);
        let declared = declared.map_or("", |present| present.declared.as_str());
        match self.kind {
            DatabaseKind::MySql if declared.ends_with("text") || declared.ends_with("blob") => {
                format!(" (INDEX manifold_key (o{first}(191)))")
            }
            DatabaseKind::MySql => format!(" (INDEX manifold_key (o{first}))"),
            DatabaseKind::Postgres | DatabaseKind::Sqlite => String::new(),
        }
    }

    fn temporary(&self) -> &'static str {
        match self.kind {
            DatabaseKind::Postgres | DatabaseKind::Sqlite => "TEMP",
            DatabaseKind::MySql => "TEMPORARY",
        }
    }

    fn text(&self, expression: &str) -> String {
        match self.kind {
            DatabaseKind::Postgres => format!("({expression})::text"),
            DatabaseKind::MySql => format!("CAST({expression} AS CHAR)"),
            DatabaseKind::Sqlite => format!("CAST({expression} AS TEXT)"),
        }
    }

    fn counted(&self, of: &str) -> String {
        format!("SELECT {} FROM {of}", self.text("count(*)"))
    }
}
