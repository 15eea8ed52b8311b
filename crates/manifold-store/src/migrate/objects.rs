//! What is in a database file, whoever made it: tables and views by name.

use sea_orm::{ConnectionTrait as _, DatabaseTransaction, DbBackend, DbErr, Statement};

/// The tables, without SQLite's own.
pub(super) async fn tables(transaction: &DatabaseTransaction) -> Result<Vec<String>, DbErr> {
    let sql = "SELECT name FROM main.sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\'";
    names(transaction, sql).await
}

/// The columns of a table.
pub(super) async fn column_names(
    transaction: &DatabaseTransaction,
    table: &str,
) -> Result<Vec<String>, DbErr> {
    names(
        transaction,
        &format!(
            "SELECT name FROM pragma_table_info({}, 'main')",
            quoted(table)
        ),
    )
    .await
}

/// Drops every view: one that reads a table which is gone keeps other tables from being renamed.
pub(super) async fn drop_views(transaction: &DatabaseTransaction) -> Result<(), DbErr> {
    for view in names(
        transaction,
        "SELECT name FROM main.sqlite_schema WHERE type = 'view'",
    )
    .await?
    {
        transaction
            .execute_unprepared(&format!("DROP VIEW main.{}", quoted(&view)))
            .await?;
    }
    Ok(())
}

/// Drops every view and every table with its indexes and triggers. Foreign keys must be off.
pub(super) async fn drop_all(transaction: &DatabaseTransaction) -> Result<(), DbErr> {
    drop_views(transaction).await?;
    for table in tables(transaction).await? {
        // It may be gone already: a virtual table takes its shadow tables along.
        transaction
            .execute_unprepared(&format!("DROP TABLE IF EXISTS main.{}", quoted(&table)))
            .await?;
    }
    Ok(())
}

/// An SQL name.
pub(super) fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

async fn names(transaction: &DatabaseTransaction, sql: &str) -> Result<Vec<String>, DbErr> {
    let rows = transaction
        .query_all_raw(Statement::from_string(DbBackend::Sqlite, sql))
        .await?;
    rows.iter().map(|row| row.try_get_by_index(0)).collect()
}
