//! From the catalogue into the trash.

use chrono::{DateTime, Utc};
use entity_project::{data_sources, published, snapshots, trashed_sources};
use sea_orm::{
    ActiveEnum as _, ActiveValue::Set, ColumnTrait as _, EntityTrait as _, QueryFilter as _,
};

use super::kept::{self, HISTORY, KEPT, ROWS, kept, run};
use crate::data_sources::take_view;
use crate::{ProjectTransaction, StoreError};

/// Moves everything of a source into tables of the trash, in the caller's transaction.
pub(super) async fn move_out(
    transaction: &ProjectTransaction,
    source: data_sources::Model,
    now: DateTime<Utc>,
) -> Result<trashed_sources::Model, StoreError> {
    let of_source = || snapshots::Entity::find().filter(snapshots::Column::SourceId.eq(&source.id));
    let snapshot_count = transaction.count(of_source()).await?;
    let row_count = latest_rows(transaction, &source.id).await?;
    // SQLite looks into every view when a table gets another name, and this one would follow it.
    let view_sql = take_view(transaction, &source.view_name).await?;
    for (table, which) in KEPT {
        let kept = kept(source.row_table, table);
        let copy = format!("CREATE TABLE {kept} AS SELECT * FROM {table} WHERE {which}");
        run(transaction, &copy, [source.id.as_str().into()]).await?;
    }
    let kept_history = kept(source.row_table, HISTORY);
    let history = format!(
        "CREATE TABLE {kept_history} AS SELECT id, snapshot_id FROM {HISTORY} WHERE source_id = ?1"
    );
    run(transaction, &history, [source.id.as_str().into()]).await?;
    let rows = format!("d{}", source.row_table);
    if kept::exists(transaction, &rows).await? {
        let kept_rows = kept(source.row_table, ROWS);
        run(
            transaction,
            &format!("ALTER TABLE {rows} RENAME TO {kept_rows}"),
            [],
        )
        .await?;
    }
    // What was copied goes with it.
    transaction
        .exec(data_sources::Entity::delete_by_id(&source.id))
        .await?;
    transaction
        .insert(trashed_sources::ActiveModel {
            id: Set(source.id),
            name: Set(source.name),
            name_fold: Set(source.name_fold),
            r#type: Set(source.r#type.to_value()),
            row_table: Set(source.row_table),
            view_sql: Set(view_sql),
            snapshot_count: Set(i64::try_from(snapshot_count).unwrap_or(i64::MAX)),
            row_count: Set(row_count),
            trashed_at: Set(now),
        })
        .await
}

/// Rows of the latest snapshot.
async fn latest_rows(transaction: &ProjectTransaction, source: &str) -> Result<i64, StoreError> {
    let Some(published) = transaction
        .one(published::Entity::find_by_id(source))
        .await?
    else {
        return Ok(0);
    };
    let latest = snapshots::Entity::find_by_id(published.snapshot_id);
    let latest = transaction.one(latest).await?;
    Ok(latest.map_or(0, |latest| latest.row_count))
}
