//! Tables for people.

use crate::output;
use comfy_table::{
    CellAlignment, ColumnConstraint, ContentArrangement, LineStyle, Table, TableStyle,
};

/// A rule below the header, and nothing else.
const STYLE: TableStyle = TableStyle::new().header_separator(LineStyle::none().fill('─'));

/// Characters of a long cell that are shown.
const LONGEST_CELL: usize = 60;

/// Spaces between columns.
const GAP: u16 = 2;

/// How a column stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Align {
    /// Text.
    Left,
    /// Numbers.
    Right,
}

/// A header line, a rule, and a line for each row. On a terminal long cells are cut, and columns that do not fit
/// are named below the table.
pub(crate) fn table(
    header: &[(&str, Align)],
    rows: impl IntoIterator<Item = Vec<String>>,
) -> String {
    cut(header, rows.into_iter().collect(), output::terminal_width())
}

/// The whole table.
fn whole(header: &[(&str, Align)], rows: Vec<Vec<String>>) -> String {
    let mut table = Table::new();
    table
        .load_style(STYLE)
        .set_content_arrangement(ContentArrangement::Disabled);
    table.set_header(header.iter().map(|(name, _)| printable(name)));
    for row in rows {
        table.add_row(row.iter().map(|cell| printable(cell)));
    }
    for (column, (_, align)) in table.column_iter_mut().zip(header) {
        column
            .set_padding((0, GAP))
            .set_constraint(ColumnConstraint::ContentWidth);
        column.set_cell_alignment(match align {
            Align::Left => CellAlignment::Left,
            Align::Right => CellAlignment::Right,
        });
    }
    table
        .lines()
        .map(|line| line.trim_end().to_owned())
        .collect::<Vec<_>>()
        .join("\n")
}

/// How many of the columns fit into `width` characters, at least one; all if there is no width.
fn fitting(header: &[(&str, Align)], rows: &[Vec<String>], width: Option<u16>) -> usize {
    let Some(width) = width else {
        return header.len();
    };
    let mut table = Table::new();
    table.set_header(header.iter().map(|(name, _)| printable(name)));
    table.add_rows(
        rows.iter()
            .map(|row| row.iter().map(|cell| printable(cell)).collect::<Vec<_>>()),
    );
    let mut used = 0_u32;
    let widths = table.column_max_content_widths();
    let fit = widths.into_iter().take_while(|column| {
        used += u32::from(*column) + u32::from(GAP);
        used <= u32::from(width) + u32::from(GAP)
    });
    fit.count().max(1).min(header.len())
}

/// The table, cut to `width` if there is one.
fn cut(header: &[(&str, Align)], mut rows: Vec<Vec<String>>, width: Option<u16>) -> String {
    if width.is_some() {
        rows.iter_mut()
            .flatten()
            .for_each(|cell| *cell = shortened(cell));
    }
    let fitting = fitting(header, &rows, width);
    if fitting == header.len() {
        return whole(header, rows);
    }
    rows.iter_mut().for_each(|row| row.truncate(fitting));
    let left: Vec<_> = header[fitting..]
        .iter()
        .map(|(name, _)| printable(name))
        .collect();
    let fits = whole(&header[..fitting], rows);
    let columns = if left.len() == 1 {
        "column does"
    } else {
        "columns do"
    };
    let (count, left) = (left.len(), left.join(", "));
    format!("{fits}\n({count} more {columns} not fit: {left})")
}

/// The text, cut after so many characters as a person reads at a glance.
pub(crate) fn shortened(text: &str) -> String {
    match text.char_indices().nth(LONGEST_CELL) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}

/// The names and values of one thing, a line each.
pub(crate) fn fields(fields: &[(&str, String)]) -> String {
    let width = fields.iter().map(|(name, _)| name.len()).max().unwrap_or(0) + 2;
    let lines: Vec<_> = fields
        .iter()
        .map(|(name, value)| format!("{name:width$}{}", printable(value)))
        .collect();
    lines.join("\n")
}

/// Text that cannot move the cursor, change colours or break a line: what a cell holds is not trusted.
pub(crate) fn printable(text: &str) -> String {
    if !text.contains(char::is_control) {
        return text.to_owned();
    }
    text.chars()
        .flat_map(|c| {
            let escaped: Box<dyn Iterator<Item = char>> = if c.is_control() {
                Box::new(c.escape_default())
            } else {
                Box::new(std::iter::once(c))
            };
            escaped
        })
        .collect()
}

/// The text as one word of a shell.
pub(crate) fn word(text: &str) -> String {
    let plain = |c: char| c.is_alphanumeric() || matches!(c, '_' | '-' | '.' | '@' | '/');
    if !text.is_empty() && text.chars().all(plain) {
        text.to_owned()
    } else {
        format!("'{}'", printable(text).replace('\'', r"'\''"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_stand_right_and_cells_stay_on_their_line() {
        let rows = [
            vec!["a\nb".to_owned(), "1".to_owned()],
            vec!["\u{1b}[31mx".to_owned(), "1,000".to_owned()],
        ];
        let shown = table(&[("name", Align::Left), ("rows", Align::Right)], rows);
        let lines: Vec<_> = shown.lines().collect();
        assert_eq!(lines.len(), 4, "{shown}");
        assert!(
            lines[2].starts_with("a\\nb ") && lines[2].ends_with("    1"),
            "{shown}"
        );
        assert!(
            lines[3].starts_with("\\u{1b}[31mx") && lines[3].ends_with("1,000"),
            "{shown}"
        );
    }
    #[test]
    fn what_does_not_fit_is_named() {
        let header = [
            ("name", Align::Left),
            ("rows", Align::Right),
            ("id", Align::Left),
        ];
        let rows = || {
            vec![vec![
                "planes".to_owned(),
                "3".to_owned(),
                "0123456789".to_owned(),
            ]]
        };
        assert!(!cut(&header, rows(), Some(24)).contains("fit"));
        let shown = cut(&header, rows(), Some(23));
        assert!(
            shown.ends_with("(1 more column does not fit: id)"),
            "{shown}"
        );
        let shown = cut(&header, rows(), Some(3));
        assert!(
            shown.contains("planes") && shown.ends_with("(2 more columns do not fit: rows, id)"),
            "{shown}"
        );
        let long = vec![vec!["x".repeat(100)]];
        assert!(cut(&header[..1], long, Some(80)).ends_with(&format!("{}…", "x".repeat(60))));
    }
}
