//! What is a row, a cell, a name and a line.
#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs)]

mod round_trip;

use manifold_format::{
    CsvOptions, CsvReader, Quirk, Quoting, RejectReason, Renamed, RowForm, Syntax,
};
use round_trip::Whole;

fn read(input: &str) -> Whole {
    read_bytes(input.as_bytes())
}

fn read_bytes(input: &[u8]) -> Whole {
    let whole = Whole::read(input, CsvOptions::default()).unwrap();
    assert_eq!(whole.write_back(), input);
    whole
}

fn strict() -> CsvOptions {
    CsvOptions {
        strict: true,
        ..CsvOptions::default()
    }
}

fn quirks(whole: &Whole) -> Vec<Option<Quirk>> {
    whole
        .rows
        .iter()
        .map(|row| row.quirk().map(|bytes| Quirk::from_bytes(bytes).unwrap()))
        .collect()
}

#[test]
fn plain_rows_have_no_quirks() {
    let whole = read("id,name\r\n1,\"New York, NY\"\r\n2,\"\"\r\n3,\r\n");
    assert_eq!(
        whole.cells(),
        [["1", "\"New York, NY\""], ["2", "\"\""], ["3", "NULL"]]
    );
    assert_eq!(whole.summary.quirks, 0);
    assert_eq!(whole.summary.dialect.header.0, b"id,name\r\n");
}

#[test]
fn byte_order_mark_is_no_part_of_the_name() {
    let whole = read("\u{feff}\"id\",b\n1,2\n");
    assert_eq!(whole.names, ["id", "b"]);
}

#[test]
fn header_only() {
    for input in ["a,b\n", "a,b\r\n", "a,b", "\n\na,b\n\n"] {
        let whole = read(input);
        assert_eq!((whole.names.len(), whole.summary.rows), (2, 0), "{input:?}");
        assert_eq!(whole.summary.columns[0].column_type.code(), "empty");
    }
}

#[test]
fn no_final_newline() {
    let whole = read("a,b\n1,2\n3,4");
    assert!(!whole.summary.dialect.final_newline);
    assert_eq!(whole.summary.quirks, 0);
    assert_eq!(whole.cells(), [["1", "2"], ["3", "4"]]);
}

#[test]
fn short_rows_are_padded_or_rejected() {
    let input = "a,b,c\n1,2,3\n4\n5,6\n";
    let whole = read(input);
    assert_eq!(
        whole.cells(),
        [["1", "2", "3"], ["4", "NULL", "NULL"], ["5", "6", "NULL"]]
    );
    assert_eq!((whole.summary.padded, whole.summary.quirks), (2, 2));
    assert_eq!(
        quirks(&whole)[1],
        Some(Quirk {
            lead: vec![],
            form: RowForm::Raw(b"4\n".to_vec())
        })
    );

    let whole = Whole::read(input.as_bytes(), strict()).unwrap();
    assert_eq!(
        (
            whole.summary.rows,
            whole.summary.padded,
            whole.summary.rejected
        ),
        (1, 0, 2)
    );
    assert_eq!(
        whole.rejects[0].reason(),
        Some(RejectReason::TooFewFields {
            found: 1,
            columns: 3
        })
    );
    assert_eq!(whole.write_back(), input.as_bytes());
}

#[test]
fn long_rows_are_rejected_with_line_and_bytes() {
    let whole = read("a,b\n\"x\ny\",2\n1,2,3\n3,4\n");
    assert_eq!(whole.rejects.len(), 1);
    assert_eq!(whole.rejects[0].line(), 4);
    assert_eq!(whole.rejects[0].raw(), b"1,2,3\n");
    assert_eq!(
        whole.rejects[0].reason().unwrap().to_string(),
        "3 fields for 2 columns"
    );
    assert_eq!(whole.rows[1].line(), 5);
    let lead = Quirk {
        lead: b"1,2,3\n".to_vec(),
        form: RowForm::Conforming,
    };
    assert_eq!(quirks(&whole)[1], Some(lead));
}

#[test]
fn an_unterminated_quote_is_rejected_with_all_it_swallowed() {
    let whole = read("a,b\n1,2\n3,\"open\n4,5\n6,7\n");
    assert_eq!(whole.summary.rows, 1);
    assert_eq!(whole.rejects[0].line(), 3);
    assert_eq!(whole.rejects[0].raw(), b"3,\"open\n4,5\n6,7\n");
    assert!(matches!(
        whole.rejects[0].reason(),
        Some(RejectReason::UnterminatedQuote { .. })
    ));
    assert_eq!(whole.summary.dialect.tail.0, whole.rejects[0].raw());
}

#[test]
fn blank_lines_are_no_rows() {
    let whole = read("a,b\n\n1,2\n\r\n\n3,4\n\n");
    assert_eq!(whole.cells(), [["1", "2"], ["3", "4"]]);
    assert_eq!((whole.rows[0].line(), whole.rows[1].line()), (3, 6));
    assert_eq!(whole.summary.rejected, 0);
    assert_eq!(whole.summary.dialect.tail.0, b"\n");
}

#[test]
fn blank_lines_are_rows_of_a_single_column() {
    let whole = read("a\n1\n\n2\n\n");
    assert_eq!(whole.cells(), [["1"], ["NULL"], ["2"], ["NULL"]]);
    assert_eq!(whole.summary.quirks, 0);
    assert_eq!(whole.summary.columns[0].nulls, 2);
}

#[test]
fn quotes_within_cells_are_data() {
    let whole = read("a,b\nab\"c,\"x\"\"y\"\n5\" nail,\"x\"y\n");
    assert_eq!(whole.rows[0].raw_cell(0), b"ab\"c");
    assert_eq!(whole.rows[0].raw_cell(1), b"x\"y");
    assert_eq!(whole.rows[1].raw_cell(1), b"xy");
    let mask = Quirk {
        lead: vec![],
        form: RowForm::Mask(vec![1]),
    };
    assert_eq!(quirks(&whole)[0], Some(mask));
}

#[test]
fn nul_and_invalid_bytes_keep_their_row() {
    let whole = read_bytes(b"a,b\nx\0y,1\n\xff\xfe,2\nok,3\n");
    assert_eq!(
        whole.cells(),
        [["\"x\\0y\"", "1"], ["x'fffe'", "2"], ["\"ok\"", "3"]]
    );
    assert_eq!(whole.summary.columns[0].odd_cells, 1);
    assert_eq!(whole.summary.odd_cells, 1);
}

#[test]
fn an_empty_quoted_cell_is_null_where_every_cell_is_quoted() {
    let whole = read("a,b,c\n\"1\",\"\",\"x\"\n\"\",\"\",\"\"\n");
    assert_eq!(
        whole.cells(),
        [["1", "NULL", "\"x\""], ["NULL", "NULL", "NULL"]]
    );
    assert_eq!(whole.summary.dialect.quoting, [Quoting::Always; 3]);
    assert_eq!(whole.summary.quirks, 0);
}

#[test]
fn quoting_is_a_policy_for_each_column() {
    let whole = read("a,b\n\"x\",1\n\"y\",2\n,3\n\"\",4\n\"z\",\"5\"\n");
    assert_eq!(
        whole.summary.dialect.quoting,
        [Quoting::Nonempty, Quoting::Minimal]
    );
    assert_eq!(whole.cells()[2..4], [["NULL", "3"], ["\"\"", "4"]]);
    let mask = Quirk {
        lead: vec![],
        form: RowForm::Mask(vec![0b10]),
    };
    assert_eq!(quirks(&whole), [None, None, None, None, Some(mask)]);
}

#[test]
fn deviating_line_ends_are_quirks() {
    let whole = read("a,b\r\n1,2\r\n3,4\n5,6\r\n");
    assert_eq!(
        quirks(&whole)[1],
        Some(Quirk {
            lead: vec![],
            form: RowForm::Raw(b"3,4\n".to_vec())
        })
    );
    assert_eq!(whole.summary.quirks, 1);
}

#[test]
fn masks_reach_beyond_128_columns() {
    let names: Vec<String> = (0..300).map(|i| format!("c{i}")).collect();
    let mut cells: Vec<&str> = vec!["x"; 300];
    cells[299] = "\"x\"";
    let plain = vec!["x"; 300].join(",");
    let input = format!(
        "{}\n{plain}\n{plain}\n{}\n",
        names.join(","),
        cells.join(",")
    );
    let whole = read(&input);
    assert!(
        matches!(&quirks(&whole)[2], Some(Quirk { form: RowForm::Mask(mask), .. }) if mask.len() == 38)
    );
}

#[test]
fn names_are_reported() {
    let whole = CsvReader::open(&b"id,ID,,id\n1,2,3,4\n"[..], CsvOptions::default()).unwrap();
    let names: Vec<_> = whole
        .columns()
        .iter()
        .map(|c| (&*c.name, c.renamed))
        .collect();
    assert_eq!(
        names,
        [
            ("id", None),
            ("ID_2", Some(Renamed::CaseEqual)),
            ("column_3", Some(Renamed::Empty)),
            ("id_3", Some(Renamed::Duplicate)),
        ]
    );
    assert_eq!(whole.columns()[1].original, b"ID");
}

#[test]
fn without_a_header_the_first_record_is_a_row() {
    let options = CsvOptions {
        header_rows: 0,
        syntax: Syntax::delimited_by(b';'),
        ..CsvOptions::default()
    };
    let input = b"\xef\xbb\xbf\n1;\"a\"\n2;b\n";
    let whole = Whole::read(input, options).unwrap();
    assert_eq!(whole.names, ["column_1", "column_2"]);
    assert_eq!(whole.cells(), [["1", "\"a\""], ["2", "\"b\""]]);
    assert_eq!(whole.rows[0].line(), 2);
    assert_eq!(whole.write_back(), input);
}

#[test]
fn the_sample_holds_the_first_cells() {
    let input: String = std::iter::once("n,t\n".into())
        .chain((0..500).map(|i| format!("{i},\n")))
        .collect();
    let reader = CsvReader::open(input.as_bytes(), CsvOptions::default()).unwrap();
    let proposal = &reader.columns()[0].proposal;
    assert_eq!(
        (proposal.cells.len(), &proposal.cells[255][..]),
        (256, &b"255"[..])
    );
    assert_eq!(proposal.encoding.code(), "int");
    assert_eq!(reader.columns()[1].proposal.column_type.code(), "empty");
}
