//! The migrated schema as `CREATE TABLE` statements, with what SQLite forgets put back.

use sea_orm::sea_query::{Alias, ColumnType, IntoIden, TableCreateStatement};
use sea_schema::sqlite::{def::TableDef, discovery::SchemaDiscovery};

use crate::{schema::Schema, scratch::Scratch};

/// SeaORM's own table of applied migrations.
const MIGRATION_TABLE: &str = "seaql_migrations";

/// Migrates a throw-away database and describes its tables, by name.
pub(super) async fn create_statements(schema: Schema) -> anyhow::Result<Vec<TableCreateStatement>> {
    let scratch = Scratch::migrated(schema).await?;
    let pool = scratch.connection().get_sqlite_connection_pool().clone();
    let discovered = SchemaDiscovery::new(pool).discover().await?;

    let mut tables: Vec<TableDef> = discovered
        .merge_indexes_into_table()
        .tables
        .into_iter()
        .filter(|table| table.name != MIGRATION_TABLE)
        .collect();
    tables.sort_by(|a, b| a.name.cmp(&b.name));
    for table in &mut tables {
        restore_enums(table, schema)?;
        keep_single_column_keys(table);
        hide_false_join(table);
    }
    Ok(tables.iter().map(TableDef::write).collect())
}

/// A column checked against a list of values is declared as text: gives it its enum.
fn restore_enums(table: &mut TableDef, schema: Schema) -> anyhow::Result<()> {
    for (_, column, name, values) in schema.enums().iter().filter(|entry| entry.0 == table.name) {
        let found = table.columns.iter_mut().find(|found| found.name == *column);
        let Some(found) = found else {
            anyhow::bail!(
                "ENUMS names `{}.{column}`, which no migration creates",
                table.name
            );
        };
        found.r#type = ColumnType::Enum {
            name: Alias::new(*name).into_iden(),
            variants: values
                .iter()
                .map(|value| Alias::new(*value).into_iden())
                .collect(),
        };
    }
    Ok(())
}

/// Keeps the unique keys that the generator can say: those of one column, over all rows. A partial one would read as
/// "unique", and of two that share a column the generator would make a lookup by half a key.
fn keep_single_column_keys(table: &mut TableDef) {
    let single = |index: &sea_schema::sqlite::def::IndexInfo| {
        index.unique && index.partial == 0 && index.columns.len() == 1
    };
    table.indexes.retain(single);
    table.constraints.retain(single);
}

/// The generator takes every table with two references and a key of two columns for a join table, and then leaves out
/// the relations of the tables it joins. Where a reference is not part of the key it is none: hides that reference.
fn hide_false_join(table: &mut TableDef) {
    let key: Vec<&str> = table
        .columns
        .iter()
        .filter(|column| column.primary_key)
        .map(|column| column.name.as_str())
        .collect();
    if key.len() == 2 && table.foreign_keys.len() == 2 {
        table.foreign_keys.retain(|reference| {
            reference
                .from
                .iter()
                .all(|column| key.contains(&column.as_str()))
        });
    }
}
