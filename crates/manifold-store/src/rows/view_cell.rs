//! How a view shows the cells of a column: as its type, although they may be stored otherwise.

use super::snapshot::Column;
use super::view::literal;
use super::view_date::iso;
use super::view_null::without_nulls;

/// How a column's cells are stored, as far as SQL can undo it.
pub(super) enum Stored<'a> {
    Text,
    Int,
    Fixed(u8),
    Short,
    Bool { yes: &'a str, no: &'a str },
}

/// The SQL expression for the cells of `column` in the row `d`. A cell that does not conform to
/// the column's type is shown as it is stored, and one that stands for NULL as NULL.
pub(super) fn shown(column: &Column) -> String {
    shown_in("d.", column)
}

/// The same, with what stands before the stored column: nothing in an index.
pub(super) fn shown_in(row: &str, column: &Column) -> String {
    let cell = format!("{row}c{}", column.phys);
    let stored = Stored::parse(&column.encoding);
    let shown = typed(cell.clone(), column, stored.as_ref());
    without_nulls(&cell, &column.null_tokens, stored.as_ref(), shown)
}

/// The cell as its column's type.
fn typed(cell: String, column: &Column, stored: Option<&Stored<'_>>) -> String {
    let Some(stored) = stored else {
        return cell;
    };
    match (column.column_type.as_str(), stored) {
        ("boolean", stored) => boolean(cell, column.format.as_deref(), stored),
        ("integer" | "real" | "decimal", Stored::Bool { .. }) => text(cell, stored),
        ("date", Stored::Text) => column
            .format
            .as_deref()
            .and_then(|format| iso(&cell, format))
            .unwrap_or(cell),
        ("text" | "date" | "time" | "timestamp", stored) => text(cell, stored),
        ("integer", Stored::Text) => integer(&cell, &cell),
        ("real", Stored::Text | Stored::Int) => integer(&cell, &real(&cell)),
        ("decimal", Stored::Text | Stored::Int) => {
            integer(&cell, &decimal(&cell, column.format.as_deref()))
        }
        _ => cell,
    }
}

impl<'a> Stored<'a> {
    fn parse(encoding: &'a str) -> Option<Self> {
        match encoding {
            "text" => Some(Self::Text),
            "int" => Some(Self::Int),
            "short" => Some(Self::Short),
            _ => match encoding.strip_prefix("fixed") {
                Some(digits) => digits.parse().ok().map(Self::Fixed),
                None => {
                    let (yes, no) = encoding.strip_prefix("bool:")?.split_once('/')?;
                    Some(Self::Bool { yes, no })
                }
            },
        }
    }
}

/// Numbers as the text they were read from. (SQL cannot tell `-0.0` from `0.0`: a `-0.00` loses its
/// sign in views, though not in the store.)
fn text(cell: String, stored: &Stored<'_>) -> String {
    match stored {
        Stored::Text => cell,
        Stored::Int => {
            format!("iif(typeof({cell}) = 'integer', CAST({cell} AS TEXT), {cell})")
        }
        Stored::Fixed(digits) => format!(
            "CASE typeof({cell}) WHEN 'real' THEN printf('%.{digits}f', {cell}) \
             WHEN 'integer' THEN CAST({cell} AS TEXT) ELSE {cell} END"
        ),
        // The fewest digits that give the same double again.
        Stored::Short => format!(
            "CASE typeof({cell}) WHEN 'real' THEN CASE {cell} \
             WHEN CAST(printf('%!.15g', {cell}) AS REAL) THEN printf('%!.15g', {cell}) \
             WHEN CAST(printf('%!.16g', {cell}) AS REAL) THEN printf('%!.16g', {cell}) \
             ELSE printf('%!.17g', {cell}) END \
             WHEN 'integer' THEN CAST({cell} AS TEXT) ELSE {cell} END"
        ),
        Stored::Bool { yes, no } => format!(
            "iif(typeof({cell}) = 'integer', iif({cell}, {}, {}), {cell})",
            literal(yes),
            literal(no)
        ),
    }
}

/// The two tokens of the format as 1 and 0.
fn boolean(cell: String, format: Option<&str>, stored: &Stored<'_>) -> String {
    let Some((yes, no)) = format.and_then(|format| format.split_once('/')) else {
        return cell;
    };
    match stored {
        Stored::Bool { yes: y, no: n } if (*y, *n) == (yes, no) => cell,
        Stored::Text if (yes, no) == ("1", "0") => integer(&cell, &cell),
        Stored::Int | Stored::Fixed(_) | Stored::Short if (yes, no) == ("1", "0") => cell,
        _ => {
            let text = text(cell, stored);
            let (yes, no) = (literal(yes), literal(no));
            format!("CASE {text} WHEN {yes} THEN 1 WHEN {no} THEN 0 ELSE {text} END")
        }
    }
}

/// Text that an integer prints as, as that integer; `otherwise` for the rest.
fn integer(cell: &str, otherwise: &str) -> String {
    format!(
        "iif(typeof({cell}) = 'text' AND CAST(CAST({cell} AS INTEGER) AS TEXT) = {cell}, \
         CAST({cell} AS INTEGER), {otherwise})"
    )
}

/// Text that a real prints as, as that real.
fn real(cell: &str) -> String {
    format!(
        "iif(typeof({cell}) = 'text' AND CAST(CAST({cell} AS REAL) AS TEXT) = {cell}, \
         CAST({cell} AS REAL), {cell})"
    )
}

/// Text with the decimal digits of the format, as a real.
fn decimal(cell: &str, format: Option<&str>) -> String {
    match format.and_then(|digits| digits.parse::<u8>().ok()) {
        Some(digits) => format!(
            "iif(typeof({cell}) = 'text' AND printf('%.{digits}f', CAST({cell} AS REAL)) = {cell}, \
             CAST({cell} AS REAL), {cell})"
        ),
        None => real(cell),
    }
}
