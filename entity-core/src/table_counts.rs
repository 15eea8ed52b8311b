use sea_orm::FromJsonQueryResult;
use serde::{Deserialize, Serialize};

/// What a backup holds of one table.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct TableCount {
    /// The table's name.
    pub name: String,
    /// How many rows it has.
    pub rows: i64,
    /// The logical hash of its rows, in hex.
    pub hash: String,
}

/// What a backup holds, table by table; stored as a JSON array of objects.
#[derive(
    Debug, Clone, Default, PartialEq, Eq, Hash, Serialize, Deserialize, FromJsonQueryResult,
)]
#[serde(transparent)]
pub struct TableCounts(pub Vec<TableCount>);
