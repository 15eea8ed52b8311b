//! The tables in which a deleted source lies.

use sea_orm::{ConnectionTrait as _, DbBackend, ExecResult, Statement, Value};

use crate::freeze::quoted;
use crate::{ProjectTransaction, StoreError};

/// How the names of these tables begin. No view has an `@` at its beginning: in those of sources there is none, and in
/// those of snapshots it follows the source's name.
const PREFIX: &str = "@trash_";

/// The table that lists them, which is part of the schema.
pub(crate) const LIST: &str = "trashed_sources";

/// Tables of the catalogue that say something of a source, parents first, and which of their rows do.
pub(super) const KEPT: [(&str, &str); 13] = [
    ("data_sources", "id = ?1"),
    ("source_columns", "source_id = ?1"),
    ("source_indexes", "source_id = ?1"),
    ("snapshots", "source_id = ?1"),
    (
        "snapshot_columns",
        "snapshot_id IN (SELECT id FROM snapshots WHERE source_id = ?1)",
    ),
    ("published", "source_id = ?1"),
    (
        "rejected_rows",
        "snapshot_id IN (SELECT id FROM snapshots WHERE source_id = ?1)",
    ),
    ("row_quirks", "source_id = ?1"),
    ("row_orders", "source_id = ?1"),
    ("row_epochs", "source_id = ?1"),
    (
        "original_parts",
        "snapshot_id IN (SELECT id FROM snapshots WHERE source_id = ?1)",
    ),
    ("sync_states", "source_id = ?1"),
    (RELATIONSHIPS, "from_source_id = ?1 OR to_source_id = ?1"),
];

/// The table whose rows belong to two sources.
pub(super) const RELATIONSHIPS: &str = "relationships";

/// The table whose rows stay, and forget the source while it is in the trash.
pub(super) const HISTORY: &str = "import_history";

/// What the table of the source's rows is called behind the prefix.
pub(super) const ROWS: &str = "rows";

/// Whether a table belongs to the trash: such a table is not part of a backup, and no copy of a project has any.
pub(crate) fn is_trash_table(table: &str) -> bool {
    table == LIST || table.starts_with(PREFIX)
}

/// The table in which rows of `table` are kept, of the source with this row table.
pub(super) fn kept_name(row_table: i64, table: &str) -> String {
    format!("{PREFIX}{row_table}_{table}")
}

/// Its SQL name.
pub(super) fn kept(row_table: i64, table: &str) -> String {
    quoted(&kept_name(row_table, table))
}

/// Whether the table is there.
pub(super) async fn exists(
    transaction: &ProjectTransaction,
    table: &str,
) -> Result<bool, StoreError> {
    let found = Statement::from_sql_and_values(
        DbBackend::Sqlite,
        "SELECT 1 FROM sqlite_schema WHERE type = 'table' AND name = ?1",
        [table.into()],
    );
    let found = transaction.connection().query_one_raw(found).await?;
    Ok(found.is_some())
}

/// Drops every table of the trash that belongs to the source with this row table.
pub(super) async fn drop_tables(
    transaction: &ProjectTransaction,
    row_table: i64,
) -> Result<(), StoreError> {
    let prefix = format!("{PREFIX}{row_table}_");
    let tables = Statement::from_sql_and_values(
        DbBackend::Sqlite,
        "SELECT name FROM sqlite_schema WHERE type = 'table' AND substr(name, 1, length(?1)) = ?1",
        [prefix.into()],
    );
    for row in transaction.connection().query_all_raw(tables).await? {
        let table: String = row.try_get_by_index(0)?;
        run(transaction, &format!("DROP TABLE {}", quoted(&table)), []).await?;
    }
    Ok(())
}

/// Runs one statement.
pub(super) async fn run<const N: usize>(
    transaction: &ProjectTransaction,
    sql: &str,
    values: [Value; N],
) -> Result<ExecResult, StoreError> {
    let statement = Statement::from_sql_and_values(DbBackend::Sqlite, sql, values);
    Ok(transaction.connection().execute_raw(statement).await?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Project, migrate};

    #[tokio::test]
    async fn every_table_that_refers_to_a_source_is_known_here() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("spoke.db");
        migrate::create::<Project>(&path).await.unwrap();
        let connection = rusqlite::Connection::open(&path).unwrap();
        let referring: Vec<String> = connection
            .prepare(
                "SELECT DISTINCT t.name FROM sqlite_schema t JOIN pragma_foreign_key_list(t.name) k \
                 WHERE t.type = 'table' AND k.\"table\" IN ('data_sources', 'snapshots') ORDER BY 1",
            )
            .unwrap()
            .query_map([], |row| row.get(0))
            .unwrap()
            .map(Result::unwrap)
            .collect();
        let known: Vec<&str> = KEPT
            .iter()
            .map(|(table, _)| *table)
            .chain([HISTORY])
            .collect();
        for table in &referring {
            assert!(
                known.contains(&table.as_str()),
                "{table} is missing in KEPT"
            );
        }
        assert_eq!(referring.len() + 1, known.len(), "{known:?}");
    }
}
