//! Rows that do not split into the columns and can be read in exactly one other way.
#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs)]

mod round_trip;

use manifold_format::{CsvOptions, CsvReader, Item, ReadError, Record, RejectReason};
use round_trip::Whole;

/// Names that have no shape in common.
const NAMES: [&str; 7] = [
    "pipe",
    "long hose",
    "tap 7",
    "nut M4",
    "cork",
    "re-seal kit",
    "rod 12 a",
];

/// A file of 40 rows like `7,2024-01-07,pipe,1.7`, of which line `at` (the header is 1) is another.
fn file(at: usize, line: &str) -> String {
    let row = |n: usize| {
        if n == at {
            return format!("{line}\n");
        }
        format!("{n},2024-01-{:02},{},1.{n}\n", 1 + n % 28, NAMES[n % 7])
    };
    let rows: String = (2..42).map(row).collect();
    let header = if at == 1 { line } else { "id,day,name,price" };
    format!("{header}\n{rows}")
}

fn read(input: &str) -> Whole {
    let whole = Whole::read(input.as_bytes(), CsvOptions::default()).unwrap();
    assert_eq!(String::from_utf8(whole.write_back()).unwrap(), input);
    whole
}

fn cells(row: &Record) -> Vec<String> {
    let cells = (0..row.len()).map(|index| String::from_utf8_lossy(row.raw_cell(index)));
    cells.map(std::borrow::Cow::into_owned).collect()
}

#[test]
fn a_quote_that_nothing_closes_costs_no_row() {
    for at in [2, 3, 9, 40, 41] {
        for line in ["5,2024-01-05,\"name 5,1.5", "5,2024-01-05,name 5,\"1.5"] {
            let whole = read(&file(at, line));
            assert_eq!((whole.rows.len(), whole.summary.rejected), (40, 0), "{at}");
            assert_eq!(whole.summary.mended, 1);
            assert_eq!(cells(&whole.rows[at - 2]).join(","), line);
        }
    }
}

#[test]
fn where_no_reading_is_likely_it_is_rejected_with_what_it_swallowed() {
    for line in ["5,\"2024-01-05,name 5", "\"5,x,name 5,1.5"] {
        let whole = read(&file(30, line));
        assert_eq!(
            (whole.rows.len(), whole.summary.rejected),
            (28, 1),
            "{line}"
        );
        let reason = whole.rejects[0].reason();
        assert!(
            matches!(reason, Some(RejectReason::UnterminatedQuote { lines: 12 })),
            "{reason:?}"
        );
    }
    let strict = CsvOptions {
        strict: true,
        ..CsvOptions::default()
    };
    let input = file(30, "5,2024-01-05,\"name 5,1.5");
    let whole = Whole::read(input.as_bytes(), strict).unwrap();
    assert_eq!((whole.rows.len(), whole.summary.rejected), (28, 1));
}

#[test]
fn a_quote_that_would_swallow_more_than_a_cell_may_have() {
    let options = || CsvOptions {
        max_cell: 600,
        ..CsvOptions::default()
    };
    for at in [3, 12] {
        let input = file(at, "5,2024-01-05,\"name 5,1.5");
        let whole = Whole::read(input.as_bytes(), options()).unwrap();
        assert_eq!((whole.rows.len(), whole.summary.mended), (40, 1));
        assert_eq!(whole.write_back(), input.as_bytes());

        let input = file(at, "5,x,\"name 5,1.5");
        let mut reader = CsvReader::open(input.as_bytes(), options()).unwrap();
        let mut record = Record::new();
        let error = loop {
            match reader.next(&mut record) {
                Ok(item) => assert_eq!(item, Item::Row),
                Err(error) => break error,
            }
        };
        assert!(
            matches!(error, ReadError::CellTooLarge { line, column: 3, .. } if line == at as u64),
            "{error}"
        );
    }
}

#[test]
fn a_delimiter_that_is_missing_before_a_quote() {
    let whole = read(&file(20, "5,2024-01-05\"name 5\",1.5"));
    assert_eq!(cells(&whole.rows[18]), ["5", "2024-01-05", "name 5", "1.5"]);
}

#[test]
fn quotes_within_cells_of_a_row_with_other_delimiters() {
    let whole = read(&file(20, "5;2024-01-05;\"a 5\"\" pipe; long\";1.5"));
    assert_eq!(
        cells(&whole.rows[18]),
        ["5", "2024-01-05", "a 5\" pipe; long", "1.5"]
    );
}

#[test]
fn a_quote_in_the_header_takes_no_row_with_it() {
    let input = file(1, "id,day,name,\"price").replace("nut M4,", "\"nut, M4\",");
    let asked = manifold_format::Asked::default();
    let reader = CsvReader::detect(input.as_bytes(), &asked, CsvOptions::default()).unwrap();
    let whole = Whole::read_from(reader).unwrap();
    assert_eq!(whole.names, ["id", "day", "name", "\"price"]);
    assert_eq!(whole.rows.len(), 40);
    assert_eq!(whole.write_back(), input.as_bytes());
}
