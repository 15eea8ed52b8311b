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
        table.push((0..row.len()).map(|index| text(row.raw_cell(index))).collect());
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
                println!("  expected {:?}\n  found    {:?}", expected[row], found[row]);
            }
            unclean.push(name);
        }
    }
    unclean.sort();
    assert_eq!(files, 33);
    // Nothing says that `DATETIME` names two columns; the rows are right.
    assert_eq!(unclean, ["row_less_sep_row0_col1.csv"]);
}
