//! What the cells of a column amount to.
#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs)]

mod round_trip;

use manifold_format::{CsvOptions, Verdict};
use round_trip::Whole;

fn whole<C: AsRef<str>>(cells: impl IntoIterator<Item = C>, sample_rows: usize) -> Whole {
    let mut input = String::from("a,z\n");
    for cell in cells {
        input.push_str(cell.as_ref());
        input.push_str(",z\n");
    }
    let options = CsvOptions {
        sample_rows,
        ..CsvOptions::default()
    };
    let whole = Whole::read(input.as_bytes(), options).unwrap();
    assert_eq!(whole.write_back(), input.as_bytes());
    whole
}

fn verdict<C: AsRef<str>>(cells: impl IntoIterator<Item = C>) -> Verdict {
    whole(cells, 4096).summary.columns[0].clone()
}

/// Type, format, encoding and odd cells.
fn found<C: AsRef<str>>(cells: impl IntoIterator<Item = C>) -> String {
    let v = verdict(cells);
    let format = v
        .format
        .map(|format| format!("({format})"))
        .unwrap_or_default();
    format!("{}{format} {} {}", v.column_type, v.encoding, v.odd_cells)
}

fn mostly(cell: &str, odd: &str) -> Vec<String> {
    let mut cells = vec![cell.to_owned(); 99];
    cells.push(odd.to_owned());
    cells
}

#[test]
fn numbers() {
    assert_eq!(found(["1", "-2", "0", ""]), "integer int 0");
    assert_eq!(found(["1.50", "2.25", "3"]), "decimal(2) fixed2 0");
    assert_eq!(found(["1.5", "2.5"]), "decimal(1) fixed1 0");
    assert_eq!(
        found(["1.5", "0.25", "0.125", "0.30000000000000004"]),
        "real short 0"
    );
    let random = (1..2000).map(|i| format!("{}", 1.0 / f64::from(i * 7)));
    assert_eq!(found(random), "real short 0");
    assert_eq!(found(["", ""]), "empty text 0");
    assert_eq!(found(["1", "x"]), "text text 0");
}

#[test]
fn a_single_lookalike_makes_text() {
    for lookalike in ["007", "+5", "1_000", "9223372036854775808", "00"] {
        assert_eq!(found(mostly("12", lookalike)), "text text 0", "{lookalike}");
    }
}

#[test]
fn a_single_odd_cell_does_not() {
    for odd in ["5O", "-0", "1e3", "1.5.2", "N", "\"\""] {
        assert_eq!(found(mostly("12", odd)), "integer int 1", "{odd}");
    }
    assert_eq!(found(mostly("1.50", "1.5")), "decimal(2) fixed2 1");
}

#[test]
fn five_in_a_hundred_may_be_odd() {
    let cells = |odd| (0..100).map(move |i| if i < odd { "x" } else { "1" });
    assert_eq!(found(cells(5)), "integer int 5");
    assert_eq!(found(cells(6)), "text text 0");
}

#[test]
fn booleans() {
    assert_eq!(
        found(["true", "false"]),
        "boolean(true/false) bool:true/false 0"
    );
    assert_eq!(found(["TRUE"]), "boolean(TRUE/FALSE) bool:TRUE/FALSE 0");
    assert_eq!(found(["Y", "N", "N"]), "boolean(Y/N) bool:Y/N 0");
    assert_eq!(found(["true", "False"]), "text text 0");
    // Norwegian is a language.
    assert_eq!(found(["no", "no"]), "text text 0");
    assert_eq!(found(["F", "F"]), "text text 0");
}

#[test]
fn iso_dates_and_times() {
    assert_eq!(found(["2024-01-31", "2024-02-29"]), "date(%Y-%m-%d) text 0");
    assert_eq!(found(["2024/01/31"]), "date(%Y/%m/%d) text 0");
    assert_eq!(
        found(mostly("2024-01-31", "2023-02-29")),
        "date(%Y-%m-%d) text 1"
    );
    assert_eq!(
        found(["2024-01-31 10:00:00", "2024-01-31 10:00:00.5"]),
        "timestamp(%Y-%m-%d %H:%M:%S%.f) text 0"
    );
    assert_eq!(
        found(["2024-01-31T10:00Z"]),
        "timestamp(%Y-%m-%dT%H:%MZ) text 0"
    );
    assert_eq!(
        found(mostly(
            "2024-01-31T10:00:00+01:00",
            "2024-01-31 10:00:00+01:00"
        )),
        "timestamp(%Y-%m-%dT%H:%M:%S%:z) text 1"
    );
    assert_eq!(found(["10:00", "23:59"]), "time(%H:%M) text 0");
    assert_eq!(found(["10:00:00", "23:59:60"]), "time(%H:%M:%S) text 0");
}

#[test]
fn the_whole_column_decides_between_day_and_month() {
    assert_eq!(found(["01/02/2024", "31/12/2024"]), "date(%d/%m/%Y) text 0");
    assert_eq!(found(["01/02/2024", "12/31/2024"]), "date(%m/%d/%Y) text 0");
    assert_eq!(found(["1.2.2024", "31.12.2024"]), "date(%-d.%-m.%Y) text 0");
    assert_eq!(found(["13-01-2024", "01-02-2024"]), "date(%d-%m-%Y) text 0");
    // Far behind the sample.
    let late = (0..6000).map(|i| {
        if i == 5999 {
            "13/01/2024"
        } else {
            "02/01/2024"
        }
    });
    assert_eq!(found(late), "date(%d/%m/%Y) text 0");
}

#[test]
fn ambiguous_and_contradictory_dates_stay_text() {
    let ambiguous = verdict(["01/02/2024", "12/11/2024", ""]);
    assert_eq!(
        (ambiguous.column_type.code(), ambiguous.ambiguous_date),
        ("text", true)
    );
    let contradictory = verdict(["31/01/2024", "01/31/2024"]);
    assert_eq!(
        (
            contradictory.column_type.code(),
            contradictory.ambiguous_date
        ),
        ("text", false)
    );
    // One cell against ninety-nine is not outvoted: either order would misread it.
    assert_eq!(found(mostly("31/01/2024", "01/31/2024")), "text text 0");
    assert_eq!(found(mostly("31/01/2024", "soon")), "date(%d/%m/%Y) text 1");
    assert!(!verdict(["a", "01/02/2024"]).ambiguous_date);
}

#[test]
fn late_evidence_overrules_the_sample() {
    let cells: Vec<String> = (0..100)
        .map(|i| {
            if i < 90 {
                i.to_string()
            } else {
                format!("{i:05}")
            }
        })
        .collect();
    let whole = whole(&cells, 10);
    assert_eq!(whole.encodings[0].code(), "int");
    let verdict = &whole.summary.columns[0];
    assert_eq!(verdict.encoding.code(), "text");
    // Re-encoding what was stored gives what reading with the verdict would have given.
    let mut scratch = Vec::new();
    for (row, cell) in whole.rows.iter().zip(&cells) {
        let value = whole.encodings[0].reencode(row.cell(0), verdict.encoding, &mut scratch);
        assert_eq!(value, verdict.encoding.encode(cell.as_bytes()));
    }
}
