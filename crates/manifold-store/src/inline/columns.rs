//! What an entity's columns hold, and a model read from a row of them.

use std::any::TypeId;
use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock};

use chrono::{DateTime, Utc};
use rusqlite::Row;
use rusqlite::types::ValueRef;
use sea_orm::{
    ActiveModelTrait, ActiveValue, ColumnTrait as _, ColumnType, EntityTrait, IdenStatic as _,
    Iterable as _, TryIntoModel, Value,
};
use uuid::Uuid;

/// The type of a column's values.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Bool,
    Int,
    BigInt,
    Double,
    Text,
    Json,
    Timestamp,
    Uuid,
    Bytes,
}

/// The columns of an entity in the order of its default select list.
#[derive(Debug)]
pub(super) struct Columns {
    names: Vec<&'static str>,
    kinds: Vec<Kind>,
}

/// `None` for an entity with a column that only sqlx can read.
type Known = HashMap<TypeId, Option<Arc<Columns>>>;

static KNOWN: RwLock<Option<Known>> = RwLock::new(None);

impl Columns {
    /// The columns of `E`; `None` when one of them can only be read by sqlx.
    pub(super) fn of<E: EntityTrait>() -> Option<Arc<Self>> {
        let id = TypeId::of::<E>();
        let known = KNOWN.read().unwrap_or_else(PoisonError::into_inner);
        if let Some(columns) = known.as_ref().and_then(|known| known.get(&id)) {
            return columns.clone();
        }
        drop(known);
        let columns = Self::find::<E>().map(Arc::new);
        KNOWN
            .write()
            .unwrap_or_else(PoisonError::into_inner)
            .get_or_insert_default()
            .insert(id, columns.clone());
        columns
    }

    fn find<E: EntityTrait>() -> Option<Self> {
        let example = E::ActiveModel::default_values();
        let (mut names, mut kinds) = (Vec::new(), Vec::new());
        for column in E::Column::iter() {
            names.push(column.as_str());
            kinds.push(match example.get(column) {
                ActiveValue::Set(value) | ActiveValue::Unchanged(value) => Kind::of_value(&value)?,
                ActiveValue::NotSet => Kind::of_type(column.def().get_column_type())?,
            });
        }
        Some(Self { names, kinds })
    }

    /// Whether the result of a statement is these columns and no others.
    pub(super) fn are_selected_by(&self, statement: &rusqlite::Statement<'_>) -> bool {
        statement.column_count() == self.names.len()
            && self.names.iter().enumerate().all(|(index, name)| {
                statement
                    .column_name(index)
                    .is_ok_and(|found| found == *name)
            })
    }

    /// The model in a row; `None` when a value is not stored as this program stores it.
    pub(super) fn model<E: EntityTrait>(&self, row: &Row<'_>) -> Option<E::Model>
    where
        E::ActiveModel: TryIntoModel<E::Model>,
    {
        let mut model = <E::ActiveModel as ActiveModelTrait>::default();
        for ((index, column), kind) in E::Column::iter().enumerate().zip(&self.kinds) {
            let value = kind.read(row.get_ref(index).ok()?)?;
            model.try_set(column, value).ok()?;
        }
        model.try_into_model().ok()
    }
}

impl Kind {
    fn of_value(value: &Value) -> Option<Self> {
        Some(match value {
            Value::Bool(_) => Self::Bool,
            Value::Int(_) => Self::Int,
            Value::BigInt(_) => Self::BigInt,
            Value::Double(_) => Self::Double,
            Value::String(_) => Self::Text,
            Value::Json(_) => Self::Json,
            Value::ChronoDateTimeUtc(_) => Self::Timestamp,
            Value::Uuid(_) => Self::Uuid,
            Value::Bytes(_) => Self::Bytes,
            _ => return None,
        })
    }

    /// For types that have no example: enumerations and structures in JSON.
    fn of_type(column: &ColumnType) -> Option<Self> {
        Some(match column {
            ColumnType::Text | ColumnType::String(_) | ColumnType::Enum { .. } => Self::Text,
            ColumnType::Json | ColumnType::JsonBinary => Self::Json,
            _ => return None,
        })
    }

    /// The value, if it is stored in the one way in which this program stores it. sqlx reads more, such as an
    /// integer as a time: what is `None` here is left to it.
    fn read(self, stored: ValueRef<'_>) -> Option<Value> {
        Some(match (self, stored) {
            (Self::Bool, ValueRef::Null) => Value::Bool(None),
            (Self::Bool, ValueRef::Integer(value)) => Value::Bool(Some(value != 0)),
            (Self::Int, ValueRef::Null) => Value::Int(None),
            (Self::Int, ValueRef::Integer(value)) => Value::Int(Some(i32::try_from(value).ok()?)),
            (Self::BigInt, ValueRef::Null) => Value::BigInt(None),
            (Self::BigInt, ValueRef::Integer(value)) => Value::BigInt(Some(value)),
            (Self::Double, ValueRef::Null) => Value::Double(None),
            (Self::Double, ValueRef::Real(value)) => Value::Double(Some(value)),
            (Self::Text, ValueRef::Null) => Value::String(None),
            (Self::Text, ValueRef::Text(value)) => {
                Value::String(Some(str::from_utf8(value).ok()?.to_owned()))
            }
            (Self::Json, ValueRef::Null) => Value::Json(None),
            (Self::Json, ValueRef::Text(value)) => {
                Value::Json(Some(Box::new(serde_json::from_slice(value).ok()?)))
            }
            (Self::Timestamp, ValueRef::Null) => Value::ChronoDateTimeUtc(None),
            (Self::Timestamp, ValueRef::Text(value)) => {
                let time = DateTime::parse_from_rfc3339(str::from_utf8(value).ok()?).ok()?;
                Value::ChronoDateTimeUtc(Some(time.with_timezone(&Utc)))
            }
            (Self::Uuid, ValueRef::Null) => Value::Uuid(None),
            (Self::Uuid, ValueRef::Blob(value)) => Value::Uuid(Some(Uuid::from_slice(value).ok()?)),
            (Self::Bytes, ValueRef::Null) => Value::Bytes(None),
            (Self::Bytes, ValueRef::Blob(value)) => Value::Bytes(Some(value.to_vec())),
            _ => return None,
        })
    }
}
