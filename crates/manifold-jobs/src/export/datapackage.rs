//! The description of a file, as Frictionless Data has it: <https://datapackage.org/standard/data-package/>.

use manifold_format::ColumnType;
use manifold_store::Timestamp;
use serde_json::{Map, Value as Json, json};

use super::column::unique_names;
use super::subject::Subject;
use super::{ExportFormat, ExportRequest, Exported, ExportedColumn, ExportedRows};

/// How the name of a description ends: that of `planes.csv` is `planes.csv.datapackage.json`.
pub const DATAPACKAGE: &str = "datapackage.json";

const PROFILE: &str = "https://datapackage.org/profiles/2.0/datapackage.json";

/// The description of what was exported.
pub(super) fn describe(request: &ExportRequest, subject: &Subject, exported: &Exported) -> String {
    let file_name = file_name(&exported.path.to_string());
    let stem = file_name
        .rsplit_once('.')
        .map_or(&*file_name, |(stem, _)| stem);
    let mut package = object(json!({
        "$schema": PROFILE,
        "name": slug(stem),
        "created": Timestamp::now(),
    }));
    package.insert(
        "resources".to_owned(),
        json!([resource(request, subject, exported, &file_name)]),
    );
    package.insert("manifold".to_owned(), origin(request, subject, exported));
    let mut text = serde_json::to_string_pretty(&package).unwrap_or_default(); // texts and numbers are always JSON
    text.push('\n');
    text
}

fn resource(
    request: &ExportRequest,
    subject: &Subject,
    exported: &Exported,
    file_name: &str,
) -> Json {
    let stem = file_name
        .rsplit_once('.')
        .map_or(file_name, |(stem, _)| stem);
    let mut resource = object(json!({
        "name": slug(stem),
        "path": file_name,
        "bytes": exported.size_bytes,
        "hash": exported.hash,
    }));
    if exported.original {
        return Json::Object(resource); // what is in it, only its reader knows
    }
    let format = exported.format;
    resource.insert("type".to_owned(), json!("table"));
    resource.insert("format".to_owned(), json!(format.name()));
    resource.insert("mediatype".to_owned(), json!(format.media_type()));
    if format != ExportFormat::Sqlite {
        resource.insert("encoding".to_owned(), json!("utf-8"));
    }
    resource.insert("dialect".to_owned(), dialect(format, subject));
    resource.insert("schema".to_owned(), schema(request, subject, exported));
    Json::Object(resource)
}

fn dialect(format: ExportFormat, subject: &Subject) -> Json {
    let delimited = |delimiter: &str| {
        json!({
            "header": true, "delimiter": delimiter, "lineTerminator": "\n", "quoteChar": "\"",
            "doubleQuote": true, "skipInitialSpace": false,
        })
    };
    match format {
        ExportFormat::Csv => delimited(","),
        ExportFormat::Tsv => delimited("\t"),
        ExportFormat::Json | ExportFormat::Jsonl => json!({ "itemType": "object" }),
        ExportFormat::Sqlite => json!({ "table": subject.table_name() }),
    }
}

fn schema(request: &ExportRequest, subject: &Subject, exported: &Exported) -> Json {
    let names: Vec<String> = match exported.format {
        ExportFormat::Csv | ExportFormat::Tsv => exported
            .columns
            .iter()
            .map(|column| column.name.clone())
            .collect(),
        _ => unique_names(&exported.columns),
    };
    let is_computed = matches!(request.rows, ExportedRows::Query { .. });
    let fields = exported.columns.iter().zip(&names);
    let fields: Vec<Json> = fields
        .map(|(column, name)| field(column, name, exported.format, is_computed))
        .collect();
    let mut schema = object(json!({ "fields": fields }));
    if matches!(exported.format, ExportFormat::Csv | ExportFormat::Tsv) {
        schema.insert("missingValues".to_owned(), json!([""]));
    }
    let Some((source, _)) = &subject.snapshot else {
        return Json::Object(schema);
    };
    let has =
        |wanted: &[String]| !wanted.is_empty() && wanted.iter().all(|name| names.contains(name));
    if has(&source.key_columns.0) && subject.since.is_none() {
        schema.insert("primaryKey".to_owned(), json!(source.key_columns.0));
    }
    // Of the sources only this one is in the package.
    let own = subject.references.iter().filter(|reference| {
        reference.to_source_id == source.id
            && has(&reference.from_columns.0)
            && has(&reference.to_columns.0)
    });
    let own: Vec<Json> = own
        .map(|reference| {
            json!({
                "fields": reference.from_columns.0,
                "reference": { "resource": "", "fields": reference.to_columns.0 },
            })
        })
        .collect();
    if !own.is_empty() && subject.since.is_none() {
        schema.insert("foreignKeys".to_owned(), Json::Array(own));
    }
    Json::Object(schema)
}

fn field(column: &ExportedColumn, name: &str, format: ExportFormat, is_computed: bool) -> Json {
    let mut field = object(json!({ "name": name }));
    let is_text = matches!(format, ExportFormat::Csv | ExportFormat::Tsv);
    let (kind, more) = match column.pure_type() {
        Some(ColumnType::Integer) => ("integer", None),
        Some(ColumnType::Real | ColumnType::Decimal) => ("number", None),
        // In the rows of a query they are 1 and 0.
        Some(ColumnType::Boolean) if is_computed => ("integer", None),
        Some(ColumnType::Boolean) if format == ExportFormat::Sqlite => ("integer", None),
        Some(ColumnType::Boolean) => {
            let tokens = column.format.as_deref().filter(|_| is_text);
            let tokens = tokens.and_then(|format| format.split_once('/'));
            (
                "boolean",
                tokens.map(|(yes, no)| json!({ "trueValues": [yes], "falseValues": [no] })),
            )
        }
        Some(ColumnType::Date) => ("date", None),
        Some(ColumnType::Time) => ("time", pattern(column, "%H:%M:%S")),
        Some(ColumnType::Timestamp) => ("datetime", pattern(column, "%Y-%m-%dT%H:%M:%SZ")),
        Some(ColumnType::Text) => ("string", None),
        Some(ColumnType::Empty) | None => ("any", None),
    };
    field.insert("type".to_owned(), json!(kind));
    if let Some(Json::Object(more)) = more {
        field.extend(more);
    }
    if column.odd_cells > 0 {
        let known = json!({ "type": column.column_type, "odd_cells": column.odd_cells });
        field.insert("manifold".to_owned(), known);
    }
    Json::Object(field)
}

/// The format of a time that is written otherwise than as `usual`.
fn pattern(column: &ExportedColumn, usual: &str) -> Option<Json> {
    let format = column.format.as_deref().filter(|format| *format != usual)?;
    Some(json!({ "format": format }))
}

/// Where the rows come from.
fn origin(request: &ExportRequest, subject: &Subject, exported: &Exported) -> Json {
    let mut origin = object(json!({
        "project_id": request.project_id.as_str(),
        "rows": exported.rows,
        "original": exported.original,
    }));
    if let ExportedRows::Query { sql } = &request.rows {
        origin.insert("sql".to_owned(), json!(sql));
    }
    if let Some((source, snapshot)) = &subject.snapshot {
        origin.insert(
            "source".to_owned(),
            json!({ "id": source.id, "name": source.name }),
        );
        let mark = |snapshot: &entity_project::snapshots::Model| json!({ "id": snapshot.id, "number": snapshot.number, "taken_at": snapshot.taken_at });
        origin.insert("snapshot".to_owned(), mark(snapshot));
        if let Some(since) = &subject.since {
            origin.insert("since".to_owned(), mark(since));
        }
        let references: Vec<Json> = subject
            .references
            .iter()
            .map(|reference| {
                json!({
                    "name": reference.name,
                    "columns": reference.from_columns.0,
                    "to_source": subject.names.get(&reference.to_source_id),
                    "to_columns": reference.to_columns.0,
                })
            })
            .collect();
        if !references.is_empty() {
            origin.insert("relationships".to_owned(), Json::Array(references));
        }
    }
    Json::Object(origin)
}

fn object(json: Json) -> Map<String, Json> {
    match json {
        Json::Object(members) => members,
        _ => Map::new(),
    }
}

fn file_name(path: &str) -> String {
    let name = path.rsplit(['/', std::path::MAIN_SEPARATOR]).next();
    name.unwrap_or(path).to_owned()
}

/// A name as packages and resources have them: small letters, digits, `.`, `_` and `-`.
fn slug(name: &str) -> String {
    let slug: String = name
        .to_lowercase()
        .chars()
        .map(|c| {
            if c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-') {
                c
            } else {
                '-'
            }
        })
        .collect();
    if slug.is_empty() {
        "data".to_owned()
    } else {
        slug
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_what_packages_may_have() {
        for (name, expected) in [
            ("planes", "planes"),
            ("Flights 2024 (März)", "flights-2024--m-rz-"),
            ("", "data"),
        ] {
            assert_eq!(slug(name), expected);
        }
        assert_eq!(file_name("s3://bucket/a/b.csv"), "b.csv");
        assert_eq!(file_name("b.csv"), "b.csv");
    }

    #[test]
    fn a_field_promises_no_type_that_a_cell_breaks() {
        let column = |odd_cells| ExportedColumn {
            name: "n".to_owned(),
            column_type: Some("boolean".to_owned()),
            format: Some("yes/no".to_owned()),
            odd_cells,
        };
        let of = |column, format| field(&column, "n", format, false);
        assert_eq!(
            of(column(0), ExportFormat::Csv),
            json!({ "name": "n", "type": "boolean", "trueValues": ["yes"], "falseValues": ["no"] })
        );
        assert_eq!(
            of(column(0), ExportFormat::Json),
            json!({ "name": "n", "type": "boolean" })
        );
        assert_eq!(
            of(column(2), ExportFormat::Csv),
            json!({ "name": "n", "type": "any", "manifold": { "type": "boolean", "odd_cells": 2 } })
        );
    }
}
