use sea_orm::FromJsonQueryResult;
use serde::{Deserialize, Serialize};

/// Names in order, stored as a JSON array of strings.
#[derive(
    Debug, Clone, Default, PartialEq, Eq, Hash, Serialize, Deserialize, FromJsonQueryResult,
)]
#[serde(transparent)]
pub struct StringList(pub Vec<String>);
