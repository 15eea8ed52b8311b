//! The recorded types of the columns that a query can read.

use std::collections::HashMap;
use std::sync::Arc;

use manifold_store::sandbox::RowColumn;
use manifold_store::{DataSources, ProjectId, RowLog, SqliteManager, rows};

/// The types of the columns of every source's latest snapshot, by where they are stored.
pub(super) async fn of_columns(
    store: &Arc<SqliteManager>,
    project: &ProjectId,
) -> anyhow::Result<HashMap<RowColumn, String>> {
    let sources = DataSources::new(store.clone()).list(project).await?;
    let read = move |connection: &_| {
        let mut types = HashMap::new();
        for source in sources {
            let Some(latest) = rows::latest(connection, &source.id)? else {
                continue;
            };
            types.extend(latest.columns.into_iter().map(|column| {
                let place = RowColumn {
                    table: format!("d{}", source.row_table),
                    column: format!("c{}", column.phys),
                };
                (place, column.column_type)
            }));
        }
        Ok(types)
    };
    Ok(RowLog::new(store).read(project, read).await?)
}
