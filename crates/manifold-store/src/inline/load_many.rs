//! Models with the many of another entity that belong to each: two reads, grouped here.

use std::collections::HashMap;
use std::str::FromStr as _;

use sea_orm::{
    ColumnTrait as _, DbErr, EntityTrait, Identity, LoaderTrait as _, ModelTrait as _,
    QueryFilter as _, Related, Select, TryIntoModel, Value,
};

use super::{TypedConnection, all};

/// Keys of one statement. Larger lists are read in parts: SQLite's limit is 32,766 parameters.
const KEYS_AT_ONCE: usize = 512;

/// The parents of a query, each with its related models.
pub(crate) async fn load_many<E, R, C>(
    parents: Select<E>,
    related: Select<R>,
    connection: &C,
) -> Result<Vec<(E::Model, Vec<R::Model>)>, DbErr>
where
    E: EntityTrait<ActiveModel: TryIntoModel<<E as EntityTrait>::Model>> + Related<R>,
    R: EntityTrait<ActiveModel: TryIntoModel<<R as EntityTrait>::Model>>,
    E::Model: Send + Sync,
    R::Model: Send + Sync,
    C: TypedConnection,
{
    let parents = all(parents, connection).await?;
    let Some((own, theirs)) = key_columns::<E, R>() else {
        let many = parents.load_many(related, connection).await?;
        return Ok(parents.into_iter().zip(many).collect());
    };
    let keys: Option<Vec<Key>> = parents.iter().map(|row| Key::of(row.get(own))).collect();
    let Some(keys) = keys else {
        let many = parents.load_many(related, connection).await?;
        return Ok(parents.into_iter().zip(many).collect());
    };

    let mut places: HashMap<&Key, usize> = HashMap::with_capacity(keys.len());
    let mut distinct: Vec<Key> = Vec::with_capacity(keys.len());
    for key in &keys {
        places.entry(key).or_insert_with(|| {
            distinct.push(key.clone());
            distinct.len() - 1
        });
    }
    let mut groups: Vec<Vec<R::Model>> = distinct.iter().map(|_| Vec::new()).collect();
    for part in distinct.chunks(KEYS_AT_ONCE) {
        let query = related
            .clone()
            .filter(theirs.is_in(padded(part).map(Key::to_value)));
        for row in all(query, connection).await? {
            let key = Key::of(row.get(theirs));
            if let Some(place) = key.and_then(|key| places.get(&key)) {
                groups[*place].push(row);
            }
        }
    }
    let one_each = distinct.len() == keys.len();
    let group = |key: &Key| {
        let group = places.get(key).map(|place| &mut groups[*place]);
        match group {
            Some(group) if one_each => std::mem::take(group),
            Some(group) => group.clone(),
            None => Vec::new(),
        }
    };
    let many: Vec<Vec<R::Model>> = keys.iter().map(group).collect();
    Ok(parents.into_iter().zip(many).collect())
}

/// The columns of a relation over one column, without a condition or a table between.
fn key_columns<E: EntityTrait + Related<R>, R: EntityTrait>() -> Option<(E::Column, R::Column)> {
    let relation = E::to();
    if E::via().is_some() || relation.on_condition.is_some() {
        return None;
    }
    let (Identity::Unary(own), Identity::Unary(theirs)) = (&relation.from_col, &relation.to_col)
    else {
        return None;
    };
    let own = E::Column::from_str(&own.to_string()).ok()?;
    let theirs = R::Column::from_str(&theirs.to_string()).ok()?;
    Some((own, theirs))
}

/// The keys, the last one repeated up to a power of two: lists of any length share a few statements.
fn padded(keys: &[Key]) -> impl Iterator<Item = &Key> {
    let missing = keys.len().next_power_of_two() - keys.len();
    let last = keys.last().into_iter().cycle().take(missing);
    keys.iter().chain(last)
}

/// A key that two rows are matched by.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
enum Key {
    Text(String),
    Integer(i64),
}

impl Key {
    fn of(value: Value) -> Option<Self> {
        match value {
            Value::String(Some(text)) => Some(Self::Text(text)),
            Value::BigInt(Some(number)) => Some(Self::Integer(number)),
            _ => None,
        }
    }

    fn to_value(&self) -> Value {
        match self {
            Self::Text(text) => Value::String(Some(text.clone())),
            Self::Integer(number) => Value::BigInt(Some(*number)),
        }
    }
}
