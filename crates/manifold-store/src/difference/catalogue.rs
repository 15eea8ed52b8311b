//! What the catalogues of two states say of sources, relationships, models and the project itself.

use std::collections::BTreeMap;

use rusqlite::{Connection, Row};

use super::{Source, decode};
use crate::StoreError;

/// Something that is set, and otherwise in the other state.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DifferentDefinition {
    /// What is set.
    pub field: &'static str,
    /// In the present state.
    pub present: String,
    /// In the other one.
    pub other: String,
}

/// A table of the catalogue of which something differs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DifferentTable {
    /// Its name.
    pub table: &'static str,
    /// The names of those that only the present state has.
    pub gone: Vec<String>,
    /// The names of those that only the other state has.
    pub back: Vec<String>,
    /// The names, in the other state, of those that differ.
    pub changed: Vec<String>,
}

/// What is set of a source.
const OF_SOURCE: [&str; 8] = [
    "name",
    "description",
    "type",
    "config",
    "enabled",
    "key_columns",
    "view_name",
    "typing",
];

/// What is set of the project, but its name: a restore in place does not change that.
const OF_PROJECT: [&str; 2] = ["description", "settings"];

/// Tables of things with an id and a name, and what is set of them.
const OF_THINGS: [(&str, &[&str]); 2] = [
    (
        "relationships",
        &[
            "name",
            "from_source_id",
            "from_columns",
            "to_source_id",
            "to_columns",
            "cardinality",
        ],
    ),
    ("consolidated_models", &["name", "description", "spec"]),
];

pub(super) fn sources(connection: &Connection) -> Result<BTreeMap<String, Source>, StoreError> {
    let sql = format!("SELECT id, {} FROM data_sources", OF_SOURCE.join(", "));
    let mut statement = connection.prepare(&sql)?;
    let mut rows = statement.query([])?;
    let mut sources = BTreeMap::new();
    while let Some(row) = rows.next()? {
        let id: String = row.get("id")?;
        let key: String = row.get("key_columns")?;
        let key = serde_json::from_str(&key)
            .map_err(|error| decode(&format!("the key columns of source {id}"), &error))?;
        let source = Source {
            name: row.get("name")?,
            key,
            definition: definition(row, &OF_SOURCE)?,
            snapshots: BTreeMap::new(),
        };
        sources.insert(id, source);
    }
    let mut statement = connection.prepare("SELECT source_id, id, number FROM snapshots")?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        let source: String = row.get(0)?;
        if let Some(source) = sources.get_mut(&source) {
            source.snapshots.insert(row.get(1)?, row.get(2)?);
        }
    }
    Ok(sources)
}

pub(super) fn project(
    present: &Connection,
    other: &Connection,
) -> Result<Vec<DifferentDefinition>, StoreError> {
    let sql = format!("SELECT {} FROM project", OF_PROJECT.join(", "));
    let read = |connection: &Connection| -> rusqlite::Result<BTreeMap<&'static str, String>> {
        connection.query_row(&sql, [], |row| definition(row, &OF_PROJECT))
    };
    Ok(different(&read(present)?, &read(other)?))
}

pub(super) fn tables(
    present: &Connection,
    other: &Connection,
) -> Result<Vec<DifferentTable>, StoreError> {
    let mut different = Vec::new();
    for (table, fields) in OF_THINGS {
        let (ours, theirs) = (
            things(present, table, fields)?,
            things(other, table, fields)?,
        );
        let names = |of: &BTreeMap<String, Thing>, not_in: &BTreeMap<String, Thing>| {
            let only = of.iter().filter(|(id, _)| !not_in.contains_key(*id));
            only.map(|(_, thing)| thing.name.clone())
                .collect::<Vec<_>>()
        };
        let changed = theirs.iter().filter(|(id, their)| {
            ours.get(*id)
                .is_some_and(|our| our.definition != their.definition)
        });
        let found = DifferentTable {
            table,
            gone: names(&ours, &theirs),
            back: names(&theirs, &ours),
            changed: changed.map(|(_, thing)| thing.name.clone()).collect(),
        };
        if !(found.gone.is_empty() && found.back.is_empty() && found.changed.is_empty()) {
            different.push(found);
        }
    }
    Ok(different)
}

/// What two states say of the same thing where they differ.
pub(super) fn different(
    present: &BTreeMap<&'static str, String>,
    other: &BTreeMap<&'static str, String>,
) -> Vec<DifferentDefinition> {
    let fields = present.iter().filter_map(|(field, ours)| {
        let theirs = other.get(field)?;
        (ours != theirs).then(|| DifferentDefinition {
            field,
            present: ours.clone(),
            other: theirs.clone(),
        })
    });
    fields.collect()
}

/// A relationship or a model.
struct Thing {
    name: String,
    definition: BTreeMap<&'static str, String>,
}

fn things(
    connection: &Connection,
    table: &str,
    fields: &[&'static str],
) -> Result<BTreeMap<String, Thing>, StoreError> {
    let sql = format!("SELECT id, {} FROM {table}", fields.join(", "));
    let mut statement = connection.prepare(&sql)?;
    let mut rows = statement.query([])?;
    let mut things = BTreeMap::new();
    while let Some(row) = rows.next()? {
        let definition = definition(row, fields)?;
        let name = definition.get("name").cloned().unwrap_or_default();
        things.insert(row.get("id")?, Thing { name, definition });
    }
    Ok(things)
}

/// The fields of a row as text; what is not there is an empty one.
fn definition(
    row: &Row<'_>,
    fields: &[&'static str],
) -> rusqlite::Result<BTreeMap<&'static str, String>> {
    use rusqlite::types::ValueRef;
    fields
        .iter()
        .map(|&field| {
            let text = match row.get_ref(field)? {
                ValueRef::Null => String::new(),
                ValueRef::Integer(value) => value.to_string(),
                ValueRef::Real(value) => value.to_string(),
                ValueRef::Text(bytes) | ValueRef::Blob(bytes) => {
                    String::from_utf8_lossy(bytes).into_owned()
                }
            };
            Ok((field, text))
        })
        .collect()
}
