//! The table that is written.

use super::TargetError;
use super::column::TargetColumn;
use super::connection::TargetConnection;
use crate::database::{DatabaseError, DatabaseKind, TableName};

/// A column that a table has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct PresentColumn {
    pub(super) name: String,
    /// The type, in the words of the database.
    pub(super) declared: String,
}

/// The columns of a table, none when there is no such table.
///
/// # Errors
/// [`DatabaseError`].
pub(super) async fn columns_of(
    target: &mut TargetConnection,
    table: &TableName,
) -> Result<Vec<PresentColumn>, DatabaseError> {
    let sql = match target.kind {
        DatabaseKind::Postgres => {
            "SELECT column_name::text, udt_name::text FROM information_schema.columns \
             WHERE table_schema = COALESCE(NULLIF(?, ''), current_schema()::text) AND table_name = ? ORDER BY ordinal_position"
        }
        DatabaseKind::MySql => {
            "SELECT CAST(column_name AS CHAR), CAST(data_type AS CHAR) FROM information_schema.columns \
             WHERE table_schema = COALESCE(NULLIF(?, ''), DATABASE()) AND table_name = ? ORDER BY ordinal_position"
        }
        DatabaseKind::Sqlite => {
            "SELECT name, type FROM pragma_table_info(?2, CASE ?1 WHEN '' THEN 'main' ELSE ?1 END)"
        }
    };
    let schema = table.schema.as_deref().unwrap_or_default();
    let rows = target.texts(sql, &[schema, &table.table]).await?;
    let columns = rows.into_iter().map(|row| {
        let mut texts = row.into_iter().map(Option::unwrap_or_default);
        PresentColumn {
            name: texts.next().unwrap_or_default(),
            declared: texts.next().unwrap_or_default().to_ascii_lowercase(),
        }
    });
    Ok(columns.collect())
}

/// Whether two names are those of one column.
pub(super) fn is_same(kind: DatabaseKind, a: &str, b: &str) -> bool {
    match kind {
        DatabaseKind::Postgres => a == b,
        DatabaseKind::MySql => a.to_lowercase() == b.to_lowercase(),
        DatabaseKind::Sqlite => a.eq_ignore_ascii_case(b),
    }
}

/// Makes the table.
///
/// # Errors
/// [`DatabaseError`].
pub(super) async fn create(
    target: &mut TargetConnection,
    table: &TableName,
    columns: &[TargetColumn],
    key: &[usize],
) -> Result<(), DatabaseError> {
    let kind = target.kind;
    let mut parts: Vec<String> = columns
        .iter()
        .map(|column| {
            let part = format!("{} {}", kind.quoted(&column.name), column.declared);
            part.trim_end().to_owned()
        })
        .collect();
    if !key.is_empty() {
        let key: Vec<_> = key
            .iter()
            .map(|index| kind.quoted(&columns[*index].name))
            .collect();
        parts.push(format!("PRIMARY KEY ({})", key.join(", ")));
    }
    let engine = if kind == DatabaseKind::MySql {
        " ENGINE=InnoDB"
    } else {
        ""
    };
    let sql = format!(
        "CREATE TABLE {} ({}){engine}",
        table.quoted(kind),
        parts.join(", ")
    );
    target.run(&sql, &[]).await.map(drop)
}

/// Adds a column.
///
/// # Errors
/// [`DatabaseError`].
pub(super) async fn add_column(
    target: &mut TargetConnection,
    table: &TableName,
    name: &str,
    declared: &str,
) -> Result<(), DatabaseError> {
    let kind = target.kind;
    let sql = format!(
        "ALTER TABLE {} ADD COLUMN {} {declared}",
        table.quoted(kind),
        kind.quoted(name)
    );
    target.run(sql.trim_end(), &[]).await.map(drop)
}

/// Fails for a table whose rows do not change together.
///
/// # Errors
/// [`TargetError::NotTransactional`].
pub(super) async fn check_engine(
    target: &mut TargetConnection,
    table: &TableName,
) -> Result<(), TargetError> {
    if target.kind != DatabaseKind::MySql {
        return Ok(());
    }
    let sql = "SELECT CAST(engine AS CHAR) FROM information_schema.tables \
        WHERE table_schema = COALESCE(NULLIF(?, ''), DATABASE()) AND table_name = ?";
    let schema = table.schema.as_deref().unwrap_or_default();
    let rows = target.texts(sql, &[schema, &table.table]).await?;
    let engine = rows.into_iter().flatten().flatten().next();
    match engine {
        Some(engine) if !engine.eq_ignore_ascii_case("InnoDB") => {
            Err(TargetError::NotTransactional {
                table: table.to_string(),
                engine,
            })
        }
        _ => Ok(()),
    }
}
