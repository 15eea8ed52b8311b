//! What the generator wrote about a table, corrected before it is formatted: it puts one blank between any two tokens.

use anyhow::{Context, ensure};

use super::{BANNER, ENUMS, GENERATOR_ENUMS};
use crate::schema::Schema;

/// Starts every attribute in the generator's text.
const ATTRIBUTE: &str = "# [";

/// The file of `table` with times in UTC, known JSON shapes typed, and relations named after what they refer to.
pub(super) fn rewrite(table: &str, generated: &str, schema: Schema) -> anyhow::Result<String> {
    let body = generated
        .split_once('\n')
        .map_or(generated, |(_banner, body)| body)
        .replace("DateTimeWithTimeZone", "DateTimeUtc")
        .replace(GENERATOR_ENUMS, ENUMS);
    let mut body = name_relations(&body)?;
    for (_, column, rust_type) in schema.json_columns().iter().filter(|json| json.0 == table) {
        body = type_json(&body, column, rust_type)
            .with_context(|| format!("JSON_COLUMNS names `{table}.{column}`"))?;
    }
    Ok(format!("{BANNER}\n{body}"))
}

/// Gives a JSON column the Rust type of its shape.
fn type_json(body: &str, column: &str, rust_type: &str) -> anyhow::Result<String> {
    let (before, field) = body
        .split_once(&format!(" pub {column} : "))
        .context("there is no such column")?;
    let (old, after) = field.split_once(" ,").context("the column has no end")?;
    let new = old.replacen("Json", rust_type, 1);
    ensure!(new != old, "the column is `{old}`, not JSON");
    Ok(format!("{before} pub {column} : {new} ,{after}"))
}

/// The generator numbers several references to one table, and puts the name of a table of many into a plural that is
/// not its name: a reference is called as its column without `_id`, a table of many as the table.
fn name_relations(body: &str) -> anyhow::Result<String> {
    let mut pieces = Vec::new();
    for piece in body.split(ATTRIBUTE) {
        pieces.push(
            if let Some(variant) = between(piece, "relation_enum = \"", "\"") {
                let column =
                    between(piece, " from = \"", "\"").context("a reference has no column")?;
                let role = column.strip_suffix("_id").unwrap_or(column);
                let named = piece.replacen(
                    &format!("\"{variant}\""),
                    &format!("\"{}\"", upper_camel_case(role)),
                    1,
                );
                name_field(&named, role)?
            } else if piece.contains("(has_many)") {
                let table =
                    between(piece, "super :: ", " ::").context("a relation has no table")?;
                name_field(piece, table)?
            } else {
                piece.to_owned()
            },
        );
    }
    Ok(pieces.join(ATTRIBUTE))
}

fn name_field(piece: &str, name: &str) -> anyhow::Result<String> {
    let old = between(piece, "] pub ", " :").context("an attribute has no field")?;
    Ok(piece.replacen(&format!("] pub {old} :"), &format!("] pub {name} :"), 1))
}

fn between<'a>(text: &'a str, start: &str, end: &str) -> Option<&'a str> {
    let (_, rest) = text.split_once(start)?;
    let (found, _) = rest.split_once(end)?;
    Some(found)
}

/// `from_source` → `FromSource`.
pub(super) fn upper_camel_case(snake: &str) -> String {
    let mut camel = String::with_capacity(snake.len());
    for word in snake.split('_') {
        let mut letters = word.chars();
        camel.extend(letters.next().map(|first| first.to_ascii_uppercase()));
        camel.push_str(letters.as_str());
    }
    camel
}
