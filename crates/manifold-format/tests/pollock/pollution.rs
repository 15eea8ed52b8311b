//! One row of the source, polluted in the ways of the benchmark.

use crate::Table;

/// A file of the benchmark.
pub(crate) struct Pollution {
    pub(crate) kind: Kind,
    /// As the benchmark calls it.
    pub(crate) name: String,
    pub(crate) file: String,
    pub(crate) expected: Table,
}

/// What is polluted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Kind {
    /// The whole file.
    File,
    /// A row with a delimiter too many.
    MoreDelimiters,
    /// A row with a delimiter too few.
    FewerDelimiters,
    /// A row with a quote at the beginning of a cell.
    ExtraQuote,
    /// A row with spaces as delimiters.
    OtherDelimiter,
}

impl Kind {
    /// How often such a file was met, shared among those of the kind: `pollock_weights.json` of the benchmark.
    pub(crate) fn weight(self) -> f64 {
        match self {
            Self::File => 1.0,
            Self::MoreDelimiters | Self::FewerDelimiters => 260.0 / 707.0,
            Self::ExtraQuote => 1.0 / 108.0,
            Self::OtherDelimiter => 1.0 / 7.0,
        }
    }
}

/// A line's cells with their quotes.
fn raw_cells(line: &str) -> Vec<String> {
    let (mut cells, mut quoted) = (vec![String::new()], false);
    for c in line.chars() {
        quoted ^= c == '"';
        match cells.last_mut() {
            Some(cell) if c != ',' || quoted => cell.push(c),
            _ => cells.push(String::new()),
        }
    }
    cells
}

/// The source with the line at index `row` polluted in every way, in every column.
pub(crate) fn of_row(source: &str, row: usize, clean: &Table) -> Vec<Pollution> {
    let lines: Vec<&str> = source.lines().collect();
    let cells = raw_cells(lines[row]);
    let mut pollutions = Vec::new();
    let mut add = |kind, name: String, line: String, expected: Table| {
        let mut lines = lines.clone();
        lines[row] = &line;
        pollutions.push(Pollution {
            kind,
            name: format!("row_{name}.csv"),
            file: lines.join("\r\n") + "\r\n",
            expected,
        });
    };
    let name = format!("field_delimiter_{row}_0x20");
    add(Kind::OtherDelimiter, name, cells.join(" "), clean.clone());
    for column in 0..cells.len() {
        let mut more = cells.clone();
        more.insert(column, String::new());
        let name = format!("more_sep_row{row}_col{column}");
        add(Kind::MoreDelimiters, name, more.join(","), clean.clone());
        if column > 0 {
            let (left, right) = cells.split_at(column);
            let line = left.join(",") + &right.join(",");
            let name = format!("less_sep_row{row}_col{column}");
            add(Kind::FewerDelimiters, name, line, clean.clone());
        }
        let mut quoted = cells.clone();
        let at = usize::from(quoted[column].starts_with('"'));
        quoted[column].insert(at, '"');
        let mut expected = clean.clone();
        let polluted = match row.checked_sub(1) {
            Some(row) => &mut expected.rows[row],
            None => &mut expected.header,
        };
        polluted[column].insert(0, '"');
        let name = format!("extra_quote{row}_col{column}");
        add(Kind::ExtraQuote, name, quoted.join(","), expected);
    }
    pollutions
}
