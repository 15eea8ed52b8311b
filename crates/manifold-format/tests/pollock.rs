//! The files of the Pollock benchmark are read as its authors say, without being told how.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::disallowed_methods,
    missing_docs
)]

mod round_trip;

use manifold_format::{Asked, CsvOptions, CsvReader, ReadError};
use round_trip::Whole;
use std::path::{Path, PathBuf};

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/pollock")
}

/// What the names of the columns and the rows should be. Most files are the same table in
/// another dress.
fn clean(name: &str) -> Vec<Vec<String>> {
    let own = folder().join("clean").join(name);
    let path = if own.exists() {
        own
    } else {
        folder().join("clean/source.csv")
    };
    csv::ReaderBuilder::new()
        .has_headers(false)
        .flexible(true)
        .from_path(path)
        .unwrap()
        .records()
        .map(|record| record.unwrap().iter().map(str::to_owned).collect())
        .collect()
}

/// What the names of the columns and the rows are read as.
fn read(input: &[u8]) -> Vec<Vec<String>> {
    let reader = match CsvReader::detect(input, &Asked::default(), CsvOptions::default()) {
        Ok(reader) => reader,
        Err(ReadError::Empty) => return Vec::new(),
        Err(error) => panic!("{error}"),
    };
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let mut table: Vec<Vec<String>> = Vec::new();
    if reader.options().header_rows > 0 {
        table.push(reader.columns().iter().map(|c| text(&c.original)).collect());
    }
    let whole = Whole::read_from(reader).unwrap();
    assert_eq!(text(&whole.write_back()), text(input));
    for row in &whole.rows {
        table.push(
            (0..row.len())
                .map(|index| text(row.raw_cell(index)))
                .collect(),
        );
    }
    table
}

#[test]
fn polluted_files_are_read_as_the_clean_ones() {
    let mut unclean = Vec::new();
    let mut files = 0;
    for entry in folder().read_dir().unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_none_or(|extension| extension != "csv") {
            continue;
        }
        files += 1;
        let name = path.file_name().unwrap().to_str().unwrap().to_owned();
        let (expected, found) = (clean(&name), read(&std::fs::read(&path).unwrap()));
        if expected != found {
            let differ = expected.iter().zip(&found).position(|(a, b)| a != b);
            println!("{name}: {} of {} rows", found.len(), expected.len());
            if let Some(row) = differ {
                println!(
                    "  expected {:?}\n  found    {:?}",
                    expected[row], found[row]
                );
            }
            unclean.push(name);
        }
    }
    unclean.sort();
    assert_eq!(files, 33);
    // Nothing says that `DATETIME` names two columns; the rows are right.
    assert_eq!(unclean, ["row_less_sep_row0_col1.csv"]);
}

/// Rows are polluted in each column; of the rows, every so many.
const STEP: usize = 6;

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

/// The benchmark's ways to pollute one row, in every column: the kind, the line, and the cells
/// that it means.
fn pollutions(line: &str, clean: &[String]) -> Vec<(&'static str, String, Vec<String>)> {
    let cells = raw_cells(line);
    let mut polluted = vec![("field_delimiter", cells.join(" "), clean.to_vec())];
    for column in 0..cells.len() {
        let mut more = cells.clone();
        more.insert(column, String::new());
        polluted.push(("more_sep", more.join(","), clean.to_vec()));
        if column > 0 {
            let (left, right) = cells.split_at(column);
            let line = left.join(",") + &right.join(",");
            polluted.push(("less_sep", line, clean.to_vec()));
        }
        let mut quote = cells.clone();
        match quote[column].strip_prefix('"') {
            Some(rest) => quote[column] = format!("\"\"{rest}"),
            None => quote[column].insert(0, '"'),
        }
        let mut meant = clean.to_vec();
        meant[column].insert(0, '"');
        polluted.push(("extra_quote", quote.join(","), meant));
    }
    polluted
}

/// Precision, recall and F1 of what was found, as the benchmark adds them up.
fn measures(expected: &[String], found: &[String]) -> f64 {
    let mut left = expected.to_vec();
    let hits = found
        .iter()
        .filter(|item| match left.iter().position(|other| other == *item) {
            Some(at) => {
                left.swap_remove(at);
                true
            }
            None => false,
        })
        .count() as f64;
    if expected.is_empty() {
        return 3.0;
    }
    if hits == 0.0 {
        return 0.0;
    }
    let (precision, recall) = (hits / found.len() as f64, hits / expected.len() as f64);
    precision + recall + 2.0 * precision * recall / (precision + recall)
}

/// The benchmark's score of one file, at most 10.
fn score(expected: &[Vec<String>], found: &[Vec<String>]) -> f64 {
    let rows = |table: &[Vec<String>]| {
        table[1..]
            .iter()
            .map(|row| row.concat())
            .collect::<Vec<_>>()
    };
    let header = measures(&expected[0], &found[0]);
    let records = measures(&rows(expected), &rows(found));
    let cells = measures(&expected[1..].concat(), &found[1..].concat());
    1.0 + header + records + cells
}

#[test]
fn polluted_rows_are_mended_or_cost_only_themselves() {
    let source = std::fs::read_to_string(folder().join("source.csv")).unwrap();
    let lines: Vec<&str> = source.lines().collect();
    let clean = clean("source.csv");
    let mut kinds = std::collections::BTreeMap::<_, (u32, u32, f64)>::new();
    for row in (0..lines.len()).step_by(STEP) {
        for (kind, line, meant) in pollutions(lines[row], &clean[row]) {
            let mut file = lines.clone();
            file[row] = &line;
            let mut expected = clean.clone();
            expected[row] = meant;
            let found = read((file.join("\n") + "\n").as_bytes());
            let (files, equal, sum) = kinds.entry(kind).or_default();
            *files += 1;
            *equal += u32::from(found == expected);
            *sum += score(&expected, &found);
            if found != expected {
                println!("{kind} {row}: {line:.100}");
            }
        }
    }
    for (kind, (files, equal, sum)) in &kinds {
        let (equal, mean) = (100 * equal / files, sum / f64::from(*files));
        println!("{kind}: {files} files, {equal} % equal, score {mean:.3}");
        let least = if kind.ends_with("_sep") { 90 } else { 85 };
        assert!(equal >= least && mean > 9.9, "{kind}");
    }
}
