//! Values as SQLite stores them. Each must be stored as sqlx stores it: a test writes by one and reads by the other.

use chrono::SecondsFormat;
use rusqlite::types::{ToSqlOutput, Value as Owned, ValueRef};
use sea_orm::Value;
use sea_orm::sea_query::OptionEnum;

/// The value as a parameter; `None` when only sqlx knows how it is stored.
pub(super) fn parameter(value: &Value) -> Option<ToSqlOutput<'_>> {
    Some(match value {
        Value::Bool(value) => integer(*value),
        Value::TinyInt(value) => integer(*value),
        Value::SmallInt(value) => integer(*value),
        Value::Int(value) => integer(*value),
        Value::BigInt(value) => integer(*value),
        Value::TinyUnsigned(value) => integer(*value),
        Value::SmallUnsigned(value) => integer(*value),
        Value::Unsigned(value) => integer(*value),
        Value::BigUnsigned(None) => null(),
        Value::BigUnsigned(Some(value)) => integer(Some(i64::try_from(*value).ok()?)),
        Value::Double(value) => value.map_or_else(null, |value| borrowed(ValueRef::Real(value))),
        Value::String(value) => value.as_deref().map_or_else(null, text),
        Value::Enum(OptionEnum::Some(value)) => text(&value.value),
        Value::Enum(OptionEnum::None(_)) => null(),
        Value::Bytes(value) => value
            .as_deref()
            .map_or_else(null, |bytes| borrowed(ValueRef::Blob(bytes))),
        Value::Uuid(value) => value
            .as_ref()
            .map_or_else(null, |id| borrowed(ValueRef::Blob(id.as_bytes()))),
        Value::Json(value) => match value {
            Some(json) => owned(serde_json::to_string(json).ok()?),
            None => null(),
        },
        Value::ChronoDateTimeUtc(value) => value.map_or_else(null, |time| {
            owned(time.to_rfc3339_opts(SecondsFormat::AutoSi, false))
        }),
        _ => return None,
    })
}

fn integer<'a, T: Into<i64>>(value: Option<T>) -> ToSqlOutput<'a> {
    value.map_or_else(null, |value| borrowed(ValueRef::Integer(value.into())))
}

fn text(value: &str) -> ToSqlOutput<'_> {
    borrowed(ValueRef::Text(value.as_bytes()))
}

fn owned(value: String) -> ToSqlOutput<'static> {
    ToSqlOutput::Owned(Owned::Text(value))
}

fn null<'a>() -> ToSqlOutput<'a> {
    borrowed(ValueRef::Null)
}

fn borrowed(value: ValueRef<'_>) -> ToSqlOutput<'_> {
    ToSqlOutput::Borrowed(value)
}
