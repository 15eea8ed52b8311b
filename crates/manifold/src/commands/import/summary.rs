//! What an import did, in a few lines for people.

use manifold_format::Decision;
use manifold_jobs::import::{FoundColumn, FoundNull, FoundReject, FoundRename};

use super::DoneTable;
use super::input::Input;
use crate::table::{printable, word};
use crate::units::{count, number};

/// Columns and rejected records that are named; the others are counted.
const MOST_COLUMNS: usize = 24;
const MOST_REJECTS: usize = 3;
/// Changes of what columns hold that are told; the others are counted.
const MOST_DRIFTS: usize = 2;
/// How long a line of columns may become, in characters.
const LINE: usize = 96;

/// What an import did.
pub(super) fn text(done: &DoneTable, input: &Input, project: &str) -> String {
    let (imported, snapshot) = (&done.imported, &done.snapshot);
    let (file, reference) = (
        printable(&input.file_name),
        printable(&snapshot.reference()),
    );
    let file = match &imported.table {
        Some(table) => format!("{} of {file}", printable(table)),
        None => file,
    };
    if imported.unchanged {
        return format!("{file} is what {reference} holds already: nothing was stored.");
    }
    let mut lines = vec![format!(
        "Imported {file} as {reference}: {}, {}{}.",
        rows(imported.row_count),
        count(signed(imported.columns.len()), "column"),
        changes(done),
    )];
    if imported.number == 1 {
        lines.extend(columns(&imported.columns));
    }
    if !imported.read_as.is_empty() {
        lines.push("  read as:".to_owned());
        lines.extend(imported.read_as.iter().map(decision));
    }
    lines.extend(nulls(&imported.columns));
    let odd = odd(&imported.columns);
    if !odd.is_empty() {
        lines.push(format!(
            "  odd cells: {} (kept as they are)",
            odd.join(", ")
        ));
    }
    if imported.padded > 0 {
        let verb = if imported.padded == 1 { "was" } else { "were" };
        lines.push(format!(
            "  short rows: {} {verb} filled with NULL (--strict rejects them)",
            number(imported.padded)
        ));
    }
    if imported.mended > 0 {
        let verb = if imported.mended == 1 { "was" } else { "were" };
        lines.push(format!(
            "  mended rows: {} {verb} read in the one other way that gives all columns (--strict mends none)",
            number(unsigned(imported.mended))
        ));
    }
    if let Some(repeated) = imported.duplicate_keys.filter(|repeated| *repeated > 0) {
        lines.push(format!(
            "  repeated keys: {} have the key of an earlier row",
            count(unsigned(repeated), "row")
        ));
    }
    lines.extend(renamed(&imported.renamed));
    lines.extend(remarks(&imported.columns));
    lines.extend(drift(done, project));
    if imported.rejected > 0 {
        let command = format!(
            "manifold snapshot rejects {} {}",
            word(project),
            word(&snapshot.reference())
        );
        lines.push(format!(
            "  rejected: {}; see `{command}`",
            count(imported.rejected, "record")
        ));
        lines.extend(rejects(&imported.rejects));
    }
    lines.join("\n")
}

/// How a file is read in one respect, and why.
pub(super) fn decision(decision: &Decision) -> String {
    let Decision {
        what,
        found,
        why,
        sure,
    } = decision;
    let doubt = if *sure < 70 {
        format!(", {sure} % sure")
    } else {
        String::new()
    };
    format!("    {what} {}: {}{doubt}", printable(found), printable(why))
}

/// What to do next.
pub(super) fn next_step(done: &DoneTable, project: &str) -> String {
    let view = done.view_name.replace('"', "\"\"");
    let plain = |c: char| c.is_ascii_alphanumeric() || c == '_';
    let is_plain = view.chars().all(plain) && !view.starts_with(|c: char| c.is_ascii_digit());
    let view = if is_plain {
        view
    } else {
        format!("\"{view}\"")
    };
    format!(
        "Query it: manifold query {} {}",
        word(project),
        word(&format!("SELECT * FROM {view} LIMIT 10"))
    )
}

/// Against the snapshot before, if there is one.
fn changes(done: &DoneTable) -> String {
    let imported = &done.imported;
    if imported.number == 1 {
        return String::new();
    }
    let changes: Vec<_> = [
        (imported.added, "added"),
        (imported.removed, "removed"),
        (imported.changed, "changed"),
        (imported.moved, "moved"),
    ]
    .iter()
    .filter(|(rows, _)| *rows > 0)
    .map(|(rows, what)| format!("{} {what}", number(*rows)))
    .collect();
    if changes.is_empty() {
        "; no row differs".to_owned()
    } else {
        format!("; {}", changes.join(", "))
    }
}

/// The columns with their types, in lines of bearable length.
pub(super) fn columns(columns: &[FoundColumn]) -> Vec<String> {
    let mut words: Vec<String> = columns
        .iter()
        .take(MOST_COLUMNS)
        .map(|column| format!("{} {}", printable(&column.name), column.column_type))
        .collect();
    if columns.len() > MOST_COLUMNS {
        words.push(format!("and {} more", columns.len() - MOST_COLUMNS));
    }
    let mut lines = Vec::new();
    let mut line = String::from(" ");
    for (index, word) in words.iter().enumerate() {
        if line.chars().count() + word.chars().count() > LINE && line.len() > 1 {
            lines.push(std::mem::replace(&mut line, String::from(" ")));
        }
        line.push(' ');
        line.push_str(word);
        if index + 1 < words.len() {
            line.push(',');
        }
    }
    lines.push(line);
    lines
}

/// What is shown as NULL.
pub(super) fn nulls(columns: &[FoundColumn]) -> Option<String> {
    let mut seen = Vec::new();
    for column in columns {
        for token in &column.null_tokens {
            seen.push(format!("{} in {}", null(token), printable(&column.name)));
        }
    }
    let more = seen.len().saturating_sub(MOST_COLUMNS);
    seen.truncate(MOST_COLUMNS);
    if more > 0 {
        seen.push(format!("and {more} more"));
    }
    (!seen.is_empty()).then(|| format!("  shown as NULL: {}", seen.join(", ")))
}

/// A token that stands for NULL, and how many cells are it.
pub(super) fn null(found: &FoundNull) -> String {
    let FoundNull { token, cells } = found;
    let cells = cells.map_or_else(String::new, |n| format!("{} ", number(unsigned(n))));
    let token = match token.as_str() {
        "" => "\"\"".to_owned(),
        token => printable(token),
    };
    format!("{cells}{token}")
}

/// The columns that go on under another name.
pub(super) fn renamed(renamed: &[FoundRename]) -> Vec<String> {
    let renamed = renamed.iter();
    renamed
        .map(
            |FoundRename {
                 from,
                 to,
                 asked,
                 why,
             }| {
                let (from, to) = (printable(from), printable(to));
                let undo = match asked {
                    true => String::new(),
                    false => format!(" (--rename {} if it is not)", word(&format!("{from}="))),
                };
                format!("  renamed: {from} → {to}, because {why}{undo}")
            },
        )
        .collect()
}

/// The columns with odd cells.
pub(super) fn odd(columns: &[FoundColumn]) -> Vec<String> {
    columns
        .iter()
        .filter(|column| column.odd_cells > 0)
        .map(|column| {
            format!(
                "{} in {}",
                number(unsigned(column.odd_cells)),
                printable(&column.name)
            )
        })
        .collect()
}

/// What else is to be said of columns.
pub(super) fn remarks(columns: &[FoundColumn]) -> Vec<String> {
    let mut lines = Vec::new();
    for column in columns {
        let name = printable(&column.name);
        match column.renamed_from.as_deref() {
            None => {}
            Some("") => lines.push(format!(
                "  renamed: a column without a name is called `{name}`"
            )),
            Some(original) => lines.push(format!(
                "  renamed: `{}` is called `{name}`",
                printable(original)
            )),
        }
        if column.ambiguous_date {
            lines.push(format!("  dates: `{name}` stays text, because no cell tells whether day or month comes first; --date-order dmy or mdy decides"));
        }
    }
    lines
}

/// What has drifted strongly, in one line.
fn drift(done: &DoneTable, project: &str) -> Option<String> {
    let (drift, snapshot) = (&done.imported.drift, &done.snapshot);
    let mut notes: Vec<String> = drift
        .iter()
        .take(MOST_DRIFTS)
        .map(|n| printable(n))
        .collect();
    if drift.len() > notes.len() {
        notes.push(format!("{} more", drift.len() - notes.len()));
    }
    let command = format!(
        "manifold snapshot drift {} {}",
        word(project),
        word(&snapshot.reference())
    );
    let notes = (!notes.is_empty()).then(|| notes.join("; "));
    notes.map(|notes| format!("  drift: {notes}; see `{command}`"))
}

/// The first rejected records.
pub(super) fn rejects(rejects: &[FoundReject]) -> Vec<String> {
    let first = rejects.iter().take(MOST_REJECTS);
    first
        .map(|reject| {
            format!(
                "    line {}: {}",
                number(unsigned(reject.line)),
                printable(&reject.reason)
            )
        })
        .collect()
}

fn rows(rows: i64) -> String {
    count(rows, "row")
}

fn signed(value: usize) -> i64 {
    i64::try_from(value).unwrap_or(i64::MAX)
}

fn unsigned(value: u64) -> i64 {
    i64::try_from(value).unwrap_or(i64::MAX)
}
