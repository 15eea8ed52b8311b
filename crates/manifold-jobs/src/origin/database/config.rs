//! The config of a source that is a database.

use std::time::Duration;

use entity_project::enums::SourceType;
use serde_json::{Map, Value as Json};

use super::DatabaseOrigin;
use super::cursor::{CursorColumn, Lag, Seen};
use super::statement::{Asked, trimmed};
use crate::JobError;
use crate::database::{DatabaseKind, DatabaseUrl, TableName, seconds_of};
use crate::origin::section::Section;

/// How long a server may take for an answer, unless a config says otherwise.
const TIMEOUT: Duration = Duration::from_secs(600);

/// Reads the config of a source.
///
/// # Errors
/// [`JobError::Failed`]: `bad_origin`, `invalid_database_url`, `secret_literal`.
pub(super) fn read(
    source: &str,
    r#type: SourceType,
    config: &Json,
) -> Result<DatabaseOrigin, JobError> {
    let bad =
        |reason: &str| JobError::failed("bad_origin", &format!("the config of {source}: {reason}"));
    let Json::Object(members) = config else {
        return Err(bad("it is an object with `url` and `query` or `table`"));
    };
    let is_file = r#type == SourceType::Sqlite;
    refuse_others(
        members,
        match is_file {
            true => &[
                "url",
                "path",
                "query",
                "table",
                "cursor",
                "null",
                "timeout_seconds",
            ],
            false => &["url", "query", "table", "cursor", "null", "timeout_seconds"],
        },
    )
    .map_err(|reason| bad(&reason))?;
    let text = |key: &str| match members.get(key) {
        None | Some(Json::Null) => Ok(None),
        Some(Json::String(text)) if !text.trim().is_empty() => Ok(Some(text.trim())),
        Some(_) => Err(bad(&format!("`{key}` is a text"))),
    };
    let url = match (text("url")?, text("path")?) {
        (Some(url), None) => DatabaseUrl::new(url)?,
        (None, Some(path)) => DatabaseUrl::of_path(path)?,
        _ if is_file => return Err(bad("one of `path` and `url` says where the file is")),
        _ => {
            return Err(bad(
                "`url` is missing: postgres://.., mysql://.. or sqlite:/path",
            ));
        }
    };
    if is_file && url.kind() != DatabaseKind::Sqlite {
        return Err(bad(
            "a source of the type `sqlite` has a `url` that begins with sqlite:",
        ));
    }
    let asked = match (text("query")?, text("table")?) {
        (Some(query), None) if query.contains('\0') => {
            return Err(bad("`query` is one SELECT"));
        }
        (Some(query), None) => Asked::Query(trimmed(query).to_owned()),
        (None, Some(table)) => {
            let name = TableName::parse(table);
            Asked::Table(name.ok_or_else(|| bad("`table` is a name, or schema.name"))?)
        }
        _ => return Err(bad("one of `query` and `table` says which rows")),
    };
    let cursor = match members.get("cursor") {
        None | Some(Json::Null) => None,
        Some(Json::Object(cursor)) => {
            Some(Box::new(cursor_of(cursor).map_err(|reason| bad(&reason))?))
        }
        Some(_) => return Err(bad("`cursor` is an object with `column`")),
    };
    let timeout = match members.get("timeout_seconds") {
        None | Some(Json::Null) => TIMEOUT,
        Some(seconds) => match seconds.as_u64() {
            Some(seconds @ 1..=604_800) => Duration::from_secs(seconds),
            _ => return Err(bad("`timeout_seconds` is a whole number from 1 to 604800")),
        },
    };
    Ok(DatabaseOrigin {
        url,
        asked,
        cursor,
        timeout,
        typing: Box::new(Section::of(source, config)?.nulls("null")?),
    })
}

fn cursor_of(members: &Map<String, Json>) -> Result<CursorColumn, String> {
    refuse_others(members, &["column", "lag", "start"])
        .map_err(|reason| format!("cursor: {reason}"))?;
    let column = match members.get("column") {
        Some(Json::String(column)) if !column.is_empty() => column.clone(),
        _ => return Err("`cursor.column` is the name of a column".to_owned()),
    };
    let lag = match members.get("lag") {
        None | Some(Json::Null) => None,
        Some(Json::Number(number)) if !number.to_string().starts_with('-') => {
            Some(Lag::Number(number.to_string()))
        }
        Some(Json::String(text)) => Some(seconds_of(text).map(Lag::Seconds).ok_or_else(lag_is)?),
        Some(_) => return Err(lag_is()),
    };
    let start = match members.get("start") {
        None | Some(Json::Null) => None,
        Some(start @ (Json::String(_) | Json::Number(_))) => Seen::of(start),
        Some(_) => return Err("`cursor.start` is a text or a number".to_owned()),
    };
    Ok(CursorColumn { column, lag, start })
}

fn lag_is() -> String {
    "`cursor.lag` is a time such as \"5m\", \"90s\" or \"2h\", or a number, and not negative"
        .to_owned()
}

fn refuse_others(members: &Map<String, Json>, known: &[&str]) -> Result<(), String> {
    match members.keys().find(|key| !known.contains(&key.as_str())) {
        Some(key) => Err(format!(
            "`{key}` is not known; there are {}",
            known.join(", ")
        )),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn configs_are_read() {
        let of = |config: Json| read("s", SourceType::Database, &config);
        let origin = of(json!({
            "url": "postgres://me:${secret:pw}@h/db", "query": "SELECT 1;",
            "cursor": {"column": "at", "lag": "5m", "start": "2024-01-01"}, "timeout_seconds": 5,
        }))
        .unwrap();
        assert_eq!(origin.asked, Asked::Query("SELECT 1".to_owned()));
        let cursor = origin.cursor.unwrap();
        assert_eq!(cursor.lag, Some(Lag::Seconds(300)));
        for (config, named) in [
            (json!({"url": "mysql://me@h/db"}), "`query` and `table`"),
            (
                json!({"url": "mysql://me@h/db", "table": "a.b.c"}),
                "`table`",
            ),
            (
                json!({"url": "mysql://me@h/db", "table": "t", "sql": 1}),
                "`sql`",
            ),
            (json!({"path": "/a", "table": "t"}), "`path`"),
            (
                json!({"url": "mysql://me@h/db", "table": "t", "cursor": {"col": "a"}}),
                "`col`",
            ),
            (
                json!({"url": "mysql://me@h/db", "table": "t", "cursor": {"column": "a", "lag": -1}}),
                "lag",
            ),
            (
                json!({"url": "mysql://me@h/db", "table": "t", "timeout_seconds": 0}),
                "timeout",
            ),
            (
                json!({"url": "mysql://me@h/db", "table": "t", "null": {"a": 1}}),
                "`null` is a token",
            ),
            (json!([]), "an object"),
        ] {
            let error = of(config).unwrap_err();
            assert_eq!(error.code(), "bad_origin");
            assert!(error.to_string().contains(named), "{error}");
        }
        let file = read(
            "s",
            SourceType::Sqlite,
            &json!({"path": "/a.db", "table": "t"}),
        );
        assert_eq!(file.unwrap().url.shown(), "sqlite:/a.db");
    }
}
