//! From the trash into the catalogue.

use chrono::{DateTime, Utc};
use entity_project::{data_sources, trashed_sources};
use sea_orm::{
    ColumnTrait as _, ConnectionTrait as _, DbBackend, EntityTrait as _, QueryFilter as _,
    Statement,
};

use super::kept::{self, HISTORY, KEPT, RELATIONSHIPS, ROWS, drop_tables, kept, kept_name, run};
use crate::data_sources::{free_view_name, make_view};
use crate::freeze::quoted;
use crate::{ProjectTransaction, StoreError, name};

/// Makes a source in the trash one of the project again, in the caller's transaction.
pub(super) async fn move_back(
    transaction: &ProjectTransaction,
    trashed: &trashed_sources::Model,
    name: String,
    now: DateTime<Utc>,
) -> Result<data_sources::Model, StoreError> {
    let number = trashed.row_table;
    let view_name = rename(transaction, number, name, now).await?;
    for (table, _) in KEPT {
        if !kept::exists(transaction, &kept_name(number, table)).await? {
            continue; // the source was deleted before there was such a table
        }
        let (from, columns) = (
            kept(number, table),
            shared_columns(transaction, number, table).await?,
        );
        if columns.is_empty() {
            continue; // the schema did not have it yet when the source was deleted
        }
        let which = if table == RELATIONSHIPS {
            // The other one may have been deleted too.
            "WHERE from_source_id IN (SELECT id FROM data_sources) AND to_source_id IN (SELECT id FROM data_sources)"
        } else {
            ""
        };
        let insert = format!("INSERT INTO {table}({columns}) SELECT {columns} FROM {from} {which}");
        run(transaction, &insert, []).await?;
    }
    leave_to_others(transaction, number).await?;
    let (rows, kept_rows) = (format!("d{number}"), kept(number, ROWS));
    if kept::exists(transaction, &kept_name(number, ROWS)).await? {
        run(
            transaction,
            &format!("ALTER TABLE {kept_rows} RENAME TO {rows}"),
            [],
        )
        .await?;
    }
    let history = format!(
        "UPDATE {HISTORY} SET source_id = ?1, \
         snapshot_id = (SELECT k.snapshot_id FROM {kept} k WHERE k.id = {HISTORY}.id) \
         WHERE id IN (SELECT id FROM {kept})",
        kept = kept(number, HISTORY)
    );
    run(transaction, &history, [trashed.id.as_str().into()]).await?;
    if let Some(sql) = &trashed.view_sql {
        make_view(transaction, &view_name, sql).await?;
    }
    drop_tables(transaction, number).await?;
    transaction
        .exec(trashed_sources::Entity::delete_by_id(&trashed.id))
        .await?;
    let source = data_sources::Entity::find_by_id(&trashed.id);
    transaction.one(source).await?.ok_or_else(|| {
        StoreError::Decode(format!(
            "source {} is not in the trash's tables",
            trashed.id
        ))
    })
}

/// Gives the source in the trash its name and a free one for its view, which is returned.
async fn rename(
    transaction: &ProjectTransaction,
    number: i64,
    name: String,
    now: DateTime<Utc>,
) -> Result<String, StoreError> {
    let fold = name::fold(&name);
    let same_name = data_sources::Entity::find().filter(data_sources::Column::NameFold.eq(&fold));
    if let Some(taken) = transaction.one(same_name).await? {
        return Err(StoreError::NameTaken {
            what: "source",
            name,
            id: taken.id,
        });
    }
    let view_name = free_view_name(transaction, &name, None).await?;
    let rename = format!(
        "UPDATE {} SET name = ?1, name_fold = ?2, view_name = ?3, view_name_fold = ?4, updated_at = ?5",
        kept(number, "data_sources")
    );
    let values = [
        name.into(),
        fold.into(),
        view_name.as_str().into(),
        name::fold(&view_name).into(),
        now.into(),
    ];
    run(transaction, &rename, values).await?;
    Ok(view_name)
}

/// The columns that the table had when the source was deleted and has now: a later schema may have more.
async fn shared_columns(
    transaction: &ProjectTransaction,
    number: i64,
    table: &str,
) -> Result<String, StoreError> {
    let columns = Statement::from_sql_and_values(
        DbBackend::Sqlite,
        "SELECT name FROM pragma_table_info(?1) \
         WHERE name IN (SELECT name FROM pragma_table_info(?2)) ORDER BY cid",
        [table.into(), kept_name(number, table).into()],
    );
    let mut shared = Vec::new();
    for row in transaction.connection().query_all_raw(columns).await? {
        shared.push(quoted(&row.try_get_by_index::<String>(0)?));
    }
    Ok(shared.join(", "))
}

/// Relationships whose other source is in the trash too come back with that one.
async fn leave_to_others(transaction: &ProjectTransaction, number: i64) -> Result<(), StoreError> {
    let ours = kept(number, RELATIONSHIPS);
    let others = format!(
        "SELECT DISTINCT t.row_table FROM {ours} r JOIN trashed_sources t \
         ON t.id IN (r.from_source_id, r.to_source_id) WHERE t.row_table <> ?1"
    );
    let others = Statement::from_sql_and_values(DbBackend::Sqlite, others, [number.into()]);
    for row in transaction.connection().query_all_raw(others).await? {
        let other: i64 = row.try_get_by_index(0)?;
        let give = format!(
            "INSERT INTO {} SELECT r.* FROM {ours} r JOIN trashed_sources t \
             ON t.id IN (r.from_source_id, r.to_source_id) WHERE t.row_table = ?1",
            kept(other, RELATIONSHIPS)
        );
        run(transaction, &give, [other.into()]).await?;
    }
    Ok(())
}
