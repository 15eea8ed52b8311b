//! Scores as the benchmark gives them: `metrics.py` there.

use crate::Table;
use crate::pollution::Kind;
use std::collections::{BTreeMap, HashMap};
use std::fmt;

/// The scores of all files so far, by kind.
#[derive(Default)]
pub(crate) struct Scores(BTreeMap<Kind, Sum>);

#[derive(Default)]
struct Sum {
    files: usize,
    equal: usize,
    score: f64,
    weight: f64,
    weighted: f64,
}

impl Scores {
    /// Adds a file; whether it was read as expected.
    pub(crate) fn add(&mut self, kind: Kind, weight: f64, expected: &Table, found: &Table) -> bool {
        let (sum, score) = (self.0.entry(kind).or_default(), of_file(expected, found));
        sum.files += 1;
        sum.equal += usize::from(expected == found);
        sum.score += score;
        sum.weight += weight;
        sum.weighted += weight * score;
        expected == found
    }

    /// How many in a hundred files of a kind were read as expected.
    pub(crate) fn equal(&self, kind: Kind) -> usize {
        let sum = &self.0[&kind];
        100 * sum.equal / sum.files
    }

    /// The mean over all files, of 10.
    pub(crate) fn simple(&self) -> f64 {
        let sum = |of: fn(&Sum) -> f64| self.0.values().map(of).sum::<f64>();
        sum(|s| s.score) / sum(|s| s.files as f64)
    }

    /// The mean where each file counts as often as its pollution was met, of 10.
    pub(crate) fn weighted(&self) -> f64 {
        let sum = |of: fn(&Sum) -> f64| self.0.values().map(of).sum::<f64>();
        sum(|s| s.weighted) / sum(|s| s.weight)
    }
}

impl fmt::Display for Scores {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (kind, sum) in &self.0 {
            let (equal, mean) = (sum.equal, sum.score / sum.files as f64);
            writeln!(
                f,
                "{kind:?}: {equal} of {} equal, score {mean:.4}",
                sum.files
            )?;
        }
        write!(
            f,
            "simple {:.4}, weighted {:.4}",
            self.simple(),
            self.weighted()
        )
    }
}

/// How often such a file was met: `pollock_weights.json` of the benchmark.
pub(crate) fn weight(name: &str) -> f64 {
    match name.trim_end_matches(".csv").trim_start_matches("file_") {
        "no_payload" => 15.0,
        "no_trailing_newline" => 184.0,
        "double_trailing_newline" => 5.0,
        "no_header" => 470.0,
        "header_multirow_2" | "header_multirow_3" => 47.0,
        "preamble" => 282.0,
        "multitable_same" | "multitable_more" | "multitable_less" => 188.0 / 3.0,
        "header_only" => 3.0,
        "one_data_row" => 4.0,
        "record_delimiter_0xD" | "escape_char_0x00" => 7.0,
        "record_delimiter_0xA" => 1691.0,
        "field_delimiter_0x9" | "field_delimiter_0x20" => 4.0,
        "field_delimiter_0x3B" => 834.0,
        "field_delimiter_0x2C_0x20" => 101.0,
        "quotation_char_0x27" => 11.0,
        "source" | "escape_char_0x5C" => 1.0,
        other => panic!("{other} has no weight"),
    }
}

/// Precision, recall and F1 of what was found; all of nothing if nothing was to be found.
fn measures<'a>(
    expected: impl Iterator<Item = &'a str>,
    found: impl Iterator<Item = &'a str>,
) -> f64 {
    let (mut left, mut wanted) = (HashMap::<&str, usize>::new(), 0.0);
    for item in expected {
        *left.entry(item).or_default() += 1;
        wanted += 1.0;
    }
    let (mut hits, mut all) = (0.0, 0.0);
    for item in found {
        all += 1.0;
        if let Some(count) = left.get_mut(item).filter(|count| **count > 0) {
            *count -= 1;
            hits += 1.0;
        }
    }
    if wanted == 0.0 {
        return 3.0;
    }
    if hits == 0.0 {
        return 0.0;
    }
    let (precision, recall) = (hits / all, hits / wanted);
    precision + recall + 2.0 * precision * recall / (precision + recall)
}

/// The score of one file: 1 that it was read, and at most 3 each for the header, the records and the cells.
fn of_file(expected: &Table, found: &Table) -> f64 {
    fn strings(cells: &[String]) -> impl Iterator<Item = &str> {
        cells.iter().map(String::as_str)
    }
    let records =
        |table: &Table| -> Vec<String> { table.rows.iter().map(|r| r.concat()).collect() };
    let cells = |table: &Table| table.rows.concat();
    let (records, cells) = (
        (records(expected), records(found)),
        (cells(expected), cells(found)),
    );
    1.0 + measures(strings(&expected.header), strings(&found.header))
        + measures(strings(&records.0), strings(&records.1))
        + measures(strings(&cells.0), strings(&cells.1))
}

/// The first rows that differ.
pub(crate) fn difference(expected: &Table, found: &Table) -> String {
    if expected.header != found.header {
        return format!(
            "names {:.100?}, not {:.100?}",
            found.header, expected.header
        );
    }
    let pairs = || expected.rows.iter().zip(&found.rows);
    match pairs().position(|(a, b)| a != b) {
        Some(row) => format!(
            "row {row}\n  found    {:.60?}\n  expected {:.60?}",
            found.rows[row], expected.rows[row]
        ),
        None => format!("{} rows, not {}", found.rows.len(), expected.rows.len()),
    }
}
