//! Files that others collected.
#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs)]

mod round_trip;

use manifold_format::{Asked, CsvOptions, CsvReader, ReadError};
use round_trip::Whole;
use serde_json::{Map, Value};
use std::path::{Path, PathBuf};

fn files(folder: &str) -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/fixtures")
        .join(folder);
    let files = folder
        .read_dir()
        .unwrap()
        .map(|entry| entry.unwrap().path());
    files
        .filter(|path| path.extension().is_some_and(|e| e == "csv"))
        .collect()
}

fn read(path: &Path) -> Result<(Vec<u8>, Whole), ReadError> {
    let input = std::fs::read(path).unwrap();
    let reader = CsvReader::detect(&input[..], &Asked::default(), CsvOptions::default())?;
    let whole = Whole::read_from(reader)?;
    assert_eq!(whole.write_back(), input, "{}", path.display());
    Ok((input, whole))
}

fn rows(whole: &Whole) -> Vec<Value> {
    let text = |bytes: &[u8]| Value::from(std::str::from_utf8(bytes).unwrap());
    let row = |row: &manifold_format::Record| {
        let cells = whole.names.iter().enumerate();
        cells
            .map(|(index, name)| (name.clone(), text(row.raw_cell(index))))
            .collect::<Map<_, _>>()
    };
    whole.rows.iter().map(|r| Value::Object(row(r))).collect()
}

#[test]
fn csv_spectrum_reads_as_its_authors_say() {
    let mut compared = 0;
    for path in files("csv-spectrum") {
        let (input, whole) = read(&path).unwrap();
        assert_eq!(whole.summary.rejected, 0);
        let Ok(answer) = std::fs::read(path.with_extension("json")) else {
            continue;
        };
        let answer: Vec<Value> = serde_json::from_slice(&answer).unwrap();
        assert_eq!(rows(&whole), answer, "{}", path.display());
        compared += 1;

        let crlf = String::from_utf8(input).unwrap().replace('\n', "\r\n");
        let whole = Whole::read(crlf.as_bytes(), CsvOptions::default()).unwrap();
        assert_eq!(whole.write_back(), crlf.as_bytes(), "{}", path.display());
        assert_eq!(
            (rows(&whole).len(), whole.summary.quirks),
            (answer.len(), 0)
        );
    }
    assert_eq!(compared, 8);
}
