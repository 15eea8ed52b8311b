//! The one row by which a spoke knows whose it is: kept while its tables are dropped and made again.

use std::path::Path;

use sea_orm::{ConnectionTrait as _, DatabaseTransaction, DbErr};

use super::objects::{column_names, quoted, tables};
use super::{number, text};
use crate::StoreError;

/// Where the row is while its table is gone: a temporary table, gone with the transaction or the connection.
const KEPT: &str = "temp.kept_project";

/// The `project` row of a spoke. A hub has no such table, and a spoke that is being made has no row yet.
pub(super) struct Identity {
    id: String,
    columns: Vec<String>,
}

impl Identity {
    /// Keeps the row, if the file has one.
    pub(super) async fn keep(transaction: &DatabaseTransaction) -> Result<Option<Self>, DbErr> {
        if !has_table(transaction).await? {
            return Ok(None);
        }
        let Some(id) = text(transaction, "SELECT id FROM main.project").await? else {
            return Ok(None);
        };
        transaction
            .execute_unprepared(&format!(
                "CREATE TABLE {KEPT} AS SELECT * FROM main.project"
            ))
            .await?;
        Ok(Some(Self {
            id,
            columns: column_names(transaction, "project").await?,
        }))
    }

    /// Puts the row back if it went with its table. Its epoch rises: what the hub shows of the spoke is then
    /// older than the spoke, and is read anew when the spoke is opened.
    ///
    /// # Errors
    /// [`StoreError::Migration`] when there is no table for the row any more; others by meaning.
    pub(super) async fn put_back(
        self,
        transaction: &DatabaseTransaction,
        path: &Path,
    ) -> Result<(), StoreError> {
        if !has_table(transaction).await? {
            let reason = format!(
                "nothing in it would say that it is project {}; revert fewer migrations, or all with `refresh`",
                self.id
            );
            return Err(StoreError::Migration {
                path: path.to_owned(),
                reason,
            });
        }
        if number(transaction, "SELECT count(*) FROM main.project").await? == 0 {
            let known = column_names(transaction, "project").await?;
            let both = self.columns.iter().filter(|column| known.contains(column));
            let both = both
                .map(|column| quoted(column))
                .collect::<Vec<_>>()
                .join(", ");
            let copy = format!("INSERT INTO main.project ({both}) SELECT {both} FROM {KEPT}");
            transaction.execute_unprepared(&copy).await?;
        }
        transaction
            .execute_unprepared("UPDATE main.project SET epoch = epoch + 1")
            .await?;
        transaction
            .execute_unprepared(&format!("DROP TABLE {KEPT}"))
            .await?;
        Ok(())
    }
}

async fn has_table(transaction: &DatabaseTransaction) -> Result<bool, DbErr> {
    Ok(tables(transaction)
        .await?
        .iter()
        .any(|table| table == "project"))
}
