//! Why columns are what they are, where that is not plain.

use manifold_jobs::import::{FoundCell, FoundColumn};

use super::summary::null;
use crate::table::printable;
use crate::units::number;

/// Columns that are explained; the others are counted.
const MOST_COLUMNS: usize = 24;

/// A line for each column in which cells are odd or stand for NULL, whose type was asked for, or whose dates do not tell
/// their order; and one for each of the odd cells that are shown.
pub(super) fn lines(columns: &[FoundColumn]) -> Vec<String> {
    let explained: Vec<&FoundColumn> = columns
        .iter()
        .filter(|column| is_explained(column))
        .collect();
    let mut lines = Vec::new();
    if !explained.is_empty() {
        lines.push("  found:".to_owned());
    }
    for column in explained.iter().take(MOST_COLUMNS) {
        let mut line = format!(
            "    {} {}: {}",
            printable(&column.name),
            column.column_type,
            printable(&column.why)
        );
        if !column.null_tokens.is_empty() {
            let nulls: Vec<_> = column.null_tokens.iter().map(null).collect();
            line.push_str(&format!("; {} shown as NULL", nulls.join(", ")));
        }
        lines.push(line);
        if column.odd_cells > 0 {
            let odd = number(i64::try_from(column.odd_cells).unwrap_or(i64::MAX));
            let examples = column.odd_examples.iter().map(example);
            let examples: Vec<_> = examples.collect();
            let such_as = if examples.is_empty() {
                ""
            } else {
                ", such as "
            };
            let examples = examples.join(", ");
            lines.push(format!("      odd cells: {odd}{such_as}{examples}"));
        }
    }
    if explained.len() > MOST_COLUMNS {
        lines.push(format!(
            "    and {} more columns",
            explained.len() - MOST_COLUMNS
        ));
    }
    lines
}

fn is_explained(column: &FoundColumn) -> bool {
    column.odd_cells > 0
        || !column.null_tokens.is_empty()
        || column.ambiguous_date
        || column.why.starts_with("asked")
}

fn example(example: &FoundCell) -> String {
    let line = number(i64::try_from(example.line).unwrap_or(i64::MAX));
    format!("`{}` in line {line}", printable(&example.cell))
}
