//! The files of the Pollock benchmark are read as its authors say, without being told how.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::disallowed_methods,
    missing_docs
)]

mod dress;
mod pollution;
#[path = "../round_trip/mod.rs"]
mod round_trip;
mod score;

use manifold_format::{Asked, CsvOptions, CsvReader, ReadError};
use pollution::{Kind, Pollution};
use round_trip::Whole;
use score::Scores;
use std::path::{Path, PathBuf};

/// The names of the columns, none where the first record is a row, and the rows.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Table {
    pub(crate) header: Vec<String>,
    pub(crate) rows: Vec<Vec<String>>,
}

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/pollock")
}

/// What should be read. Most files are the same table in another dress.
fn clean(name: &str) -> Table {
    let own = folder().join("clean").join(name);
    let path = if own.exists() {
        own
    } else {
        folder().join("clean/source.csv")
    };
    let mut rows: Vec<Vec<String>> = csv::ReaderBuilder::new()
        .has_headers(false)
        .flexible(true)
        .from_path(path)
        .unwrap()
        .records()
        .map(|record| record.unwrap().iter().map(str::to_owned).collect())
        .collect();
    let has_header = name != "file_no_header.csv" && !rows.is_empty();
    let header = if has_header {
        rows.remove(0)
    } else {
        Vec::new()
    };
    Table { header, rows }
}

/// What is read.
fn read(input: &[u8]) -> Table {
    let reader = match CsvReader::detect(input, &Asked::default(), CsvOptions::default()) {
        Ok(reader) => reader,
        Err(ReadError::Empty) => return Table::default(),
        Err(error) => panic!("{error}"),
    };
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let mut table = Table::default();
    if reader.options().header_rows > 0 {
        table.header = reader.columns().iter().map(|c| text(&c.original)).collect();
    }
    let whole = Whole::read_from(reader).unwrap();
    assert_eq!(text(&whole.write_back()), text(input));
    for row in &whole.rows {
        let cells = (0..row.len()).map(|index| text(row.raw_cell(index)));
        table.rows.push(cells.collect());
    }
    table
}

/// The files at hand: their names and bytes.
fn files() -> Vec<(String, Vec<u8>)> {
    let paths = folder()
        .read_dir()
        .unwrap()
        .map(|entry| entry.unwrap().path());
    let mut files: Vec<_> = paths
        .filter(|path| path.extension().is_some_and(|e| e == "csv"))
        .map(|path| {
            let name = path.file_name().unwrap().to_str().unwrap().to_owned();
            (name, std::fs::read(&path).unwrap())
        })
        .collect();
    files.sort();
    files
}

#[test]
fn polluted_files_are_read_as_the_clean_ones() {
    let files = files();
    assert_eq!(files.len(), 33);
    let mut unclean = Vec::new();
    for (name, bytes) in files {
        let (expected, found) = (clean(&name), read(&bytes));
        if expected != found {
            println!("{name}: {}", score::difference(&expected, &found));
            unclean.push(name);
        }
    }
    // Nothing says that `DATETIME` names two columns; the rows are right.
    assert_eq!(unclean, ["row_less_sep_row0_col1.csv"]);
}

/// The rows that are polluted in each column: every so many; all of them with `MANIFOLD_ROUNDS`.
fn step() -> usize {
    match std::env::var("MANIFOLD_ROUNDS") {
        Ok(_) => 1,
        Err(_) => 7,
    }
}

/// The other files of the benchmark are the source with one row polluted, each row in each column.
/// They are made here as the benchmark makes them, with its line ends, and all are scored together.
#[test]
fn every_polluted_row_is_mended_or_costs_only_itself() {
    let source = std::fs::read_to_string(folder().join("source.csv")).unwrap();
    let clean_source = clean("source.csv");
    let pollutions: Vec<Pollution> = (0..source.lines().count())
        .step_by(step())
        .flat_map(|row| pollution::of_row(&source, row, &clean_source))
        .collect();
    let mut scores = Scores::default();
    for (name, bytes) in files() {
        if !name.starts_with("row_") {
            scores.add(
                Kind::File,
                score::weight(&name),
                &clean(&name),
                &read(&bytes),
            );
        }
    }
    // How often a pollution in the files at hand stands for one that is left out here.
    let share = step() as f64;
    let (first, second) = pollutions.split_at(pollutions.len() / 2);
    let read_all = |half: &[Pollution]| -> Vec<Table> {
        half.iter().map(|p| read(p.file.as_bytes())).collect()
    };
    let (first, second) = std::thread::scope(|scope| {
        let other = scope.spawn(|| read_all(second));
        (read_all(first), other.join().unwrap())
    });
    for (pollution, found) in pollutions.iter().zip(first.into_iter().chain(second)) {
        let weight = pollution.kind.weight() * share;
        if !scores.add(pollution.kind, weight, &pollution.expected, &found) {
            let difference = score::difference(&pollution.expected, &found);
            println!("{}: {difference}", pollution.name);
        }
    }
    println!("{scores}");
    for (kind, least) in [
        (Kind::File, 100),
        (Kind::MoreDelimiters, 100),
        // Of a header, nothing says where a delimiter is missing between two bare names.
        (Kind::FewerDelimiters, 94),
        (Kind::ExtraQuote, 100),
        (Kind::OtherDelimiter, 100),
    ] {
        assert!(scores.equal(kind) >= least, "{kind:?}");
    }
    assert!(scores.simple() > 9.98 && scores.weighted() > 9.99);
}
