//! What a relationship says, checked against the sources it is between.

use entity_project::enums::Cardinality;
use entity_project::{StringList, data_sources, published, relationships, snapshot_columns};
use sea_orm::{
    ActiveValue::Set, ColumnTrait as _, EntityTrait as _, QueryFilter as _, QueryOrder as _,
};

use crate::{ProjectTransaction, SourceId, StoreError, name};

/// How many columns of a source are listed when one is not found.
const MOST_COLUMNS: usize = 30;

/// One side of a relationship.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RelationshipEnd {
    /// The source.
    pub source: SourceId,
    /// Its columns, at least one; the n-th goes with the n-th of the other side.
    pub columns: Vec<String>,
}

/// What a relationship says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RelationshipDefinition {
    /// Its name, unique without regard to case among the relationships of its project.
    pub name: String,
    /// The source that refers.
    pub from: RelationshipEnd,
    /// The source that is referred to.
    pub to: RelationshipEnd,
    /// How many rows of one side go with how many of the other, where known.
    pub cardinality: Option<Cardinality>,
}

/// The row that a definition makes, without its times.
pub(super) async fn checked(
    transaction: &ProjectTransaction,
    id: &str,
    definition: RelationshipDefinition,
) -> Result<relationships::ActiveModel, StoreError> {
    let RelationshipDefinition {
        name,
        from,
        to,
        cardinality,
    } = definition;
    let name = name::check("relationship", &name)?;
    let others = transaction.all(relationships::Entity::find()).await?;
    if let Some(taken) = others
        .into_iter()
        .find(|row| row.id != id && name::fold(&row.name) == name::fold(&name))
    {
        return Err(StoreError::NameTaken {
            what: "relationship",
            name,
            id: taken.id,
        });
    }
    if from.columns.len() != to.columns.len() {
        let reason = format!(
            "the other side has {}; each column goes with one of the other side",
            to.columns.len()
        );
        return Err(invalid(
            &from.columns.len().to_string(),
            "the number of columns",
            reason,
        ));
    }
    Ok(relationships::ActiveModel {
        id: Set(id.to_owned()),
        name: Set(name),
        from_columns: Set(columns(transaction, &from).await?),
        from_source_id: Set(from.source.to_string()),
        to_columns: Set(columns(transaction, &to).await?),
        to_source_id: Set(to.source.to_string()),
        cardinality: Set(cardinality),
        ..Default::default()
    })
}

/// The columns of one side as its source spells them.
async fn columns(
    transaction: &ProjectTransaction,
    end: &RelationshipEnd,
) -> Result<StringList, StoreError> {
    let source = transaction
        .one(data_sources::Entity::find_by_id(end.source.as_str()))
        .await?;
    let source = source.ok_or_else(|| StoreError::NotFound {
        what: "source",
        name: end.source.to_string(),
    })?;
    let known: Option<Vec<String>> = match transaction
        .one(published::Entity::find_by_id(source.id.as_str()))
        .await?
    {
        None => None,
        Some(published) => {
            let in_order = snapshot_columns::Entity::find()
                .filter(snapshot_columns::Column::SnapshotId.eq(published.snapshot_id))
                .order_by_asc(snapshot_columns::Column::Ord);
            Some(
                transaction
                    .all(in_order)
                    .await?
                    .into_iter()
                    .map(|column| column.name)
                    .collect(),
            )
        }
    };
    spelled(&source.name, &end.columns, known.as_deref())
}

/// Checks columns against those that a source is known to have.
fn spelled(
    source: &str,
    wanted: &[String],
    known: Option<&[String]>,
) -> Result<StringList, StoreError> {
    if wanted.is_empty() {
        return Err(invalid(
            "",
            "the columns",
            format!("name at least one column of `{source}`"),
        ));
    }
    let mut spelled: Vec<String> = Vec::with_capacity(wanted.len());
    for column in wanted {
        let same = |other: &&String| name::fold(other) == name::fold(column);
        let column = match known {
            None if column.is_empty() => {
                return Err(invalid(
                    column,
                    "a column",
                    format!("name a column of `{source}`"),
                ));
            }
            None => column,
            Some(known) => known.iter().find(same).ok_or_else(|| {
                let columns: Vec<&str> = known
                    .iter()
                    .take(MOST_COLUMNS)
                    .map(String::as_str)
                    .collect();
                let more = if known.len() > MOST_COLUMNS {
                    ", ..."
                } else {
                    ""
                };
                let reason = format!(
                    "the latest snapshot of `{source}` has the columns {}{more}",
                    columns.join(", ")
                );
                invalid(column, "a column", reason)
            })?,
        };
        if spelled.iter().any(|other| same(&other)) {
            return Err(invalid(
                column,
                "a column",
                format!("it is named twice for `{source}`"),
            ));
        }
        spelled.push(column.clone());
    }
    Ok(StringList(spelled))
}

fn invalid(value: &str, what: &str, reason: String) -> StoreError {
    StoreError::InvalidValue {
        what: what.to_owned(),
        value: value.chars().take(60).collect(),
        reason,
    }
}
