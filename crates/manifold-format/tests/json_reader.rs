//! JSON and JSON Lines.
#![allow(clippy::unwrap_used, clippy::disallowed_methods, missing_docs)]

use manifold_format::{
    ByteProgress, Item, JsonOptions, JsonProblem, JsonReader, OpenInput, ReadError, Reader as _,
    Record, RejectReason, TextEncoding, Value,
};
use proptest::prelude::*;
use std::io::{Cursor, Read};
use std::sync::Arc;

fn input(bytes: &[u8]) -> OpenInput {
    let bytes: Arc<[u8]> = bytes.into();
    Arc::new(move || Ok(Box::new(Cursor::new(bytes.clone()))))
}

fn open(bytes: &[u8], options: JsonOptions) -> Result<JsonReader, ReadError> {
    JsonReader::open(input(bytes), options, ByteProgress::default())
}

/// A table as its name, `column type` and rows, cells joined by `|`, NULL as `-`, rejected records with their reason.
type Shown = (Option<String>, Vec<String>, Vec<String>);

fn read(bytes: &[u8], options: JsonOptions) -> Result<Vec<Shown>, ReadError> {
    let mut reader = open(bytes, options)?;
    let is_utf8 = reader.encoding() == TextEncoding::UTF_8;
    let tables = reader.tables().to_vec();
    let mut shown = Vec::new();
    for (index, table) in tables.into_iter().enumerate() {
        let columns = table.columns.iter().map(|column| {
            let column_type = column.proposal.column_type;
            format!("{} {column_type}", column.name)
        });
        let columns: Vec<_> = columns.collect();
        let encodings: Vec<_> = table.columns.iter().map(|c| c.proposal.encoding).collect();
        let mut rows = reader.rows(index)?;
        let (mut record, mut found) = (Record::new(), Vec::new());
        loop {
            match rows.next(&mut record)? {
                Item::End => break,
                Item::Rejected => found.push(format!(
                    "line {}: {}",
                    record.line(),
                    record.reason().unwrap()
                )),
                Item::Row => {
                    assert_eq!(record.len(), columns.len());
                    let cells = record.cells().zip(&encodings).map(|(cell, encoding)| {
                        let mut text = Vec::new();
                        encoding.render(cell, &mut text);
                        match cell {
                            Value::Null => "-".to_owned(),
                            Value::Blob(bytes) => format!("{bytes:x?}"),
                            _ => String::from_utf8(text).unwrap(),
                        }
                    });
                    found.push(cells.collect::<Vec<_>>().join("|"));
                }
            }
        }
        let summary = rows.finish()?;
        // Of text in UTF-16 it is that of the same text in UTF-8.
        if is_utf8 {
            assert_eq!(summary.hash, blake3::hash(bytes));
        }
        assert_eq!(summary.rows + summary.rejected, found.len() as u64);
        shown.push((table.name, columns, found));
    }
    Ok(shown)
}

fn one(bytes: &str) -> (Vec<String>, Vec<String>) {
    let tables = read(bytes.as_bytes(), JsonOptions::default()).unwrap();
    let [(None, columns, rows)] = &tables[..] else {
        panic!("{tables:?}");
    };
    (columns.clone(), rows.clone())
}

fn owned(texts: &[&str]) -> Vec<String> {
    texts.iter().map(|text| (*text).to_owned()).collect()
}

#[test]
fn numbers_keep_every_digit_and_text_stays_text() {
    let (columns, rows) = one(r#"[
        {"n": 1, "price": 12.50, "big": 12345678901234567890123, "zip": "007", "flag": true, "on": "2024-01-31"},
        {"n": -0, "price": 3.10, "big": 1, "zip": "12", "flag": false, "on": "2024-02-01"},
        {"n": 1e5, "price": 0.99, "big": 0.1234567890123456789, "zip": "x", "flag": null, "on": ""}
    ]"#);
    assert_eq!(
        columns,
        [
            "n text",
            "price decimal",
            "big text",
            "zip text",
            "flag boolean",
            "on date"
        ]
    );
    let [first, second, third] = &rows[..] else {
        panic!()
    };
    assert_eq!(first, "1|12.50|12345678901234567890123|007|true|2024-01-31");
    assert_eq!(second, "-0|3.10|1|12|false|2024-02-01");
    assert_eq!(third, "1e5|0.99|0.1234567890123456789|x|-|");
    // Digits in quotes are no numbers, so the column is text, and a number among texts is odd text.
    assert_eq!(one(r#"[{"a": "1"}, {"a": "2"}]"#).0, ["a text"]);
    let many: Vec<_> = (0..40).map(|n| format!("{{\"a\": {n}}}")).collect();
    let mixed = format!("[{}, {{\"a\": \"7\"}}]", many.join(","));
    let mut reader = open(mixed.as_bytes(), JsonOptions::default()).unwrap();
    assert_eq!(
        reader.tables()[0].columns[0].proposal.column_type.code(),
        "integer"
    );
    let (mut rows, mut record) = (reader.rows(0).unwrap(), Record::new());
    while rows.next(&mut record).unwrap() == Item::Row {}
    assert_eq!(rows.finish().unwrap().odd_cells, 1);
}

#[test]
fn objects_become_columns_and_late_ones_widen() {
    let (columns, rows) =
        one(r#"[{"a": {"b": 1, "c": {}}}, {"a.b": 2}, 5, {"a": 3}, {"a": {"c": {"d": [1, 2]}}}]"#);
    assert_eq!(
        columns,
        [
            "a.b integer",
            "a.c text",
            "a.b_2 integer",
            "value integer",
            "a integer",
            "a.c.d text"
        ]
    );
    assert_eq!(
        rows,
        [
            "1|{}|-|-|-|-",
            "-|-|2|-|-|-",
            "-|-|-|5|-|-",
            "-|-|-|-|3|-",
            "-|-|-|-|-|[1, 2]"
        ]
    );
}

#[test]
fn arrays_of_objects_become_tables() {
    let json = r#"[{"k": 1, "kids": [{"n": 1, "toys": [{"t": "x"}]}, {"n": 2}]}, {"k": 2, "kids": [1, {}]}, {"kids": [{"n": 3}]}]"#;
    let tables = read(json.as_bytes(), JsonOptions::default()).unwrap();
    let expected = [
        (
            None,
            owned(&["_row integer", "k integer", "kids text"]),
            owned(&["1|1|-", "2|2|[1, {}]", "3|-|-"]),
        ),
        (
            Some("kids".to_owned()),
            owned(&["_row text", "_parent integer", "n integer"]),
            owned(&["1.1|1|1", "1.2|1|2", "3.1|3|3"]),
        ),
        (
            Some("kids.toys".to_owned()),
            owned(&["_parent text", "t text"]),
            owned(&["1.1|x"]),
        ),
    ];
    assert_eq!(tables, expected);
    let flat = JsonOptions {
        unnest: false,
        ..JsonOptions::default()
    };
    let tables = read(json.as_bytes(), flat).unwrap();
    assert_eq!(tables.len(), 1);
    assert_eq!(tables[0].2[2], r#"-|[{"n": 3}]"#);
}

#[test]
fn rows_within_refer_to_a_key_that_is_one() {
    let references = |json: &str| {
        let reader = open(json.as_bytes(), JsonOptions::default()).unwrap();
        reader.tables()[1].references[0].to_columns[0].clone()
    };
    assert_eq!(
        references(r#"[{"Id": "a", "x": [{}, {"y": 1}]}, {"Id": "b"}]"#),
        "Id"
    );
    assert_eq!(
        references(r#"[{"id": 1, "x": [{"y": 1}]}, {"id": 1}]"#),
        "_row",
        "twice"
    );
    assert_eq!(
        references(r#"[{"id": 1, "x": [{"y": 1}]}, {"id": null}]"#),
        "_row",
        "null"
    );
    assert_eq!(
        references(r#"[{"id": 1, "x": [{"y": 1}]}, {"_id": 2}]"#),
        "_row",
        "missing"
    );
    assert_eq!(
        references(r#"[{"_row": 1, "x": [{"y": 1}]}]"#),
        "_row",
        "the other is renamed"
    );
    assert_eq!(
        references(r#"{"post": [{"postId": 3, "x": [{"y": 1}]}]}"#),
        "postId"
    );
}

#[test]
fn an_envelope_is_found() {
    let tables = read(
        br#" {"ok": true, "meta": {"n": 2}, "result": {"records": [{"a": 1}, {"a": 2}], "none": []}} "#,
        JsonOptions::default(),
    );
    assert_eq!(
        tables.unwrap(),
        [(None, owned(&["a integer"]), owned(&["1", "2"]))]
    );
    let mut reader = open(
        br#"{"x": [{"a": 1}], "n": 12345678901234567890}"#,
        JsonOptions::default(),
    )
    .unwrap();
    let dialect = reader.rows(0).unwrap().finish().unwrap().dialect;
    assert_eq!(dialect["beside"]["n"], "12345678901234567890");
    // Several objects are no envelope, and one without tables is a row.
    assert_eq!(
        one(r#"{"a": [{"b": 1}], "id": 1} {"id": 2}"#.replace("[{\"b\": 1}]", "[1]").as_str())
            .1
            .len(),
        2
    );
    assert_eq!(one(r#"{"id": 1, "tags": ["x"]}"#).1, [r#"1|["x"]"#]);
}

#[test]
fn bad_records_are_rejected_and_the_rest_goes_on() {
    let (_, rows) = one(r#"[{"a": 1}, {"a": 2, "a": 3}, {"a" 4}, {"a": 5}]"#);
    assert_eq!(
        rows,
        [
            "1",
            "line 1: an object has the same key twice behind byte 9 of the record",
            "line 1: not JSON: `:` behind a key is expected behind byte 5 of the record",
            "5"
        ]
    );
    let lines = b"{\"a\": 1}\n\nnope\n{\"a\": 2\n\xef\xbb\xbf{}\r\n{\"a\": \"\xff\", \"\\u0061\": 0}\n{\"a\": 3}";
    let options = JsonOptions {
        lines: true,
        ..JsonOptions::default()
    };
    let tables = read(lines, options).unwrap();
    assert_eq!(tables[0].2.len(), 6);
    assert_eq!((&*tables[0].2[0], &*tables[0].2[5]), ("1", "3"));
    assert!(
        tables[0].2[1].starts_with("line 3: not JSON"),
        "{:?}",
        tables[0].2
    );
    assert!(
        tables[0].2[2].starts_with("line 4: the JSON ends"),
        "{:?}",
        tables[0].2
    );
}

#[test]
fn what_is_no_text_is_kept() {
    let tables = read(
        b"[{\"a\": \"\\ud800\"}, {\"a\": \"\\ud83d\\ude00\\n\"}, {\"a\": \"\xff\"}]",
        JsonOptions::default(),
    );
    assert_eq!(
        tables.unwrap()[0].2,
        ["[ed, a0, 80]", "\u{1f600}\n", "[ff]"]
    );
}

#[test]
fn deep_and_broken_inputs_are_refused_clearly() {
    let deep = format!("[{}1{}]", "[".repeat(100_000), "]".repeat(100_000));
    let error = open(deep.as_bytes(), JsonOptions::default()).err().unwrap();
    let reason = RejectReason::Json {
        problem: JsonProblem::TooDeep { limit: 128 },
        at: 128,
    };
    assert!(
        matches!(error, ReadError::NoRecords { first: Some((1, found)) } if found == reason),
        "{error}"
    );
    let edge = format!("[{}1{}]", "[".repeat(128), "]".repeat(128));
    assert!(open(edge.as_bytes(), JsonOptions::default()).is_ok());
    for (json, words) in [
        (&b""[..], "empty"),
        (b"[{\"a\": 1}", "middle of a value"),
        (b"[{\"a\": \"x", "middle of a value"),
        (b"[{\"a\": 1}] x", "something follows"),
        (b"\xff\xfe\0\0[\0\0\0]\0\0\0", "UTF-32LE"),
        (b"nope", "`[` or `{` is expected"),
        (b"[,]", "a value is expected"),
    ] {
        let error = open(json, JsonOptions::default())
            .err()
            .unwrap()
            .to_string();
        assert!(error.contains(words), "{error}");
    }
    let wide: Vec<_> = (0..2_000).map(|n| format!("\"c{n}\": 1")).collect();
    let error = open(
        format!("[{{{}}}]", wide.join(",")).as_bytes(),
        JsonOptions::default(),
    );
    assert!(matches!(
        error.err().unwrap(),
        ReadError::TooManyColumns { limit: 1990, .. }
    ));
    let tables: Vec<_> = (0..300)
        .map(|n| format!("\"c{n}\": [{{\"a\": 1}}]"))
        .collect();
    let error = open(
        format!("[{{{}}}]", tables.join(",")).as_bytes(),
        JsonOptions::default(),
    );
    assert!(matches!(
        error.err().unwrap(),
        ReadError::TooManyTables { limit: 200 }
    ));
    let small = JsonOptions {
        max_cell: 1024,
        ..JsonOptions::default()
    };
    let long = format!("[{{\"a\": \"{}\"}}]", "x".repeat(5_000));
    assert!(matches!(
        open(long.as_bytes(), small).err().unwrap(),
        ReadError::RecordTooLarge {
            line: 1,
            limit: 4096
        }
    ));
}

#[test]
fn an_input_that_changes_is_noticed() {
    let calls = std::sync::atomic::AtomicUsize::new(0);
    let open: OpenInput = Arc::new(move || {
        let call = calls.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        let json = if call == 0 {
            "[{\"a\": 1}]"
        } else {
            "[{\"a\": 2}]"
        };
        Ok(Box::new(Cursor::new(json)))
    });
    let mut reader =
        JsonReader::open(open, JsonOptions::default(), ByteProgress::default()).unwrap();
    let mut rows = reader.rows(0).unwrap();
    assert!(matches!(rows.finish(), Err(ReadError::Changed)));
}

/// Counts what is held of it at once, by what was given out.
struct Endless {
    left: usize,
    rest: Vec<u8>,
}

impl Read for Endless {
    fn read(&mut self, out: &mut [u8]) -> std::io::Result<usize> {
        while self.rest.is_empty() {
            let next = match self.left {
                0 => return Ok(0),
                1 => "{\"id\": 0, \"late\": 1}]".to_owned(),
                _ => format!(
                    "{{\"id\": {}, \"text\": \"{}\"}},\n",
                    self.left,
                    "x".repeat(100)
                ),
            };
            self.left -= 1;
            self.rest = next.into_bytes();
        }
        let length = self.rest.len().min(out.len());
        out[..length].copy_from_slice(&self.rest[..length]);
        self.rest.drain(..length);
        Ok(length)
    }
}

#[test]
fn a_giant_array_is_streamed() {
    const ROWS: usize = 100_000;
    let open: OpenInput = Arc::new(|| {
        Ok(Box::new(Cursor::new(&b"["[..]).chain(Endless {
            left: ROWS,
            rest: Vec::new(),
        })))
    });
    let mut reader =
        JsonReader::open(open, JsonOptions::default(), ByteProgress::default()).unwrap();
    assert_eq!(
        reader.tables()[0].columns.len(),
        3,
        "the last record widens"
    );
    let mut rows = reader.rows(0).unwrap();
    assert_eq!(rows.finish().unwrap().rows, ROWS as u64);
}

fn value() -> impl Strategy<Value = serde_json::Value> {
    let leaf = prop_oneof![
        Just(serde_json::Value::Null),
        any::<bool>().prop_map(Into::into),
        any::<i64>().prop_map(Into::into),
        any::<f64>().prop_map(Into::into),
        "[\\PC\\n\"\\\\]{0,6}".prop_map(Into::into),
    ];
    leaf.prop_recursive(4, 24, 4, |inner| {
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..4).prop_map(Into::into),
            proptest::collection::btree_map("[ab.\"é]{0,2}", inner, 0..4)
                .prop_map(|members| serde_json::Value::Object(members.into_iter().collect())),
        ]
    })
}

/// How many scalars and empty containers a value has, by which nothing may get lost.
fn leaves(value: &serde_json::Value) -> usize {
    match value {
        serde_json::Value::Object(members) if !members.is_empty() => {
            members.values().map(leaves).sum()
        }
        serde_json::Value::Array(elements)
            if !elements.is_empty() && elements.iter().all(serde_json::Value::is_object) =>
        {
            elements.iter().map(leaves).sum()
        }
        serde_json::Value::Null => 0,
        _ => 1,
    }
}

proptest! {
    #[test]
    fn no_value_is_lost(records in proptest::collection::vec(value(), 1..6), spaced in any::<bool>()) {
        // A record that is no object is one cell; an empty one has none.
        let leaves_of = |record: &serde_json::Value| match record {
            serde_json::Value::Object(members) => members.values().map(leaves).sum(),
            serde_json::Value::Null => 0,
            _ => 1,
        };
        let whole = serde_json::Value::Array(records.clone());
        let json = if spaced { serde_json::to_string_pretty(&whole) } else { serde_json::to_string(&whole) }.unwrap();
        match read(json.as_bytes(), JsonOptions::default()) {
            Ok(tables) => {
                prop_assert_eq!(tables[0].2.len(), records.len());
                let flat = JsonOptions { unnest: false, ..JsonOptions::default() };
                prop_assert_eq!(read(json.as_bytes(), flat).unwrap()[0].2.len(), records.len());
                let cells: usize = {
                    let mut reader = open(json.as_bytes(), JsonOptions::default()).unwrap();
                    let tables = reader.tables().to_vec();
                    let mut cells = 0;
                    for (index, table) in tables.iter().enumerate() {
                        let made = table.columns.iter().filter(|c| matches!(&*c.original, b"_row" | b"_parent")).count();
                        let (mut rows, mut record) = (reader.rows(index).unwrap(), Record::new());
                        while rows.next(&mut record).unwrap() == Item::Row {
                            cells += record.cells().filter(|cell| !cell.is_null()).count() - made;
                        }
                    }
                    cells
                };
                let expected: usize = records.iter().map(leaves_of).sum();
                // Objects within arrays that are empty are rows without cells.
                prop_assert!(cells <= expected && cells + json.matches("{}").count() >= expected, "{} {}", cells, expected);
            }
            Err(error) => prop_assert!(matches!(error, ReadError::NoRecords { .. }), "{}", error),
        }
    }

    #[test]
    fn any_bytes_are_read_or_refused(
        pieces in proptest::collection::vec(
            prop_oneof![
                proptest::sample::select(&["{", "}", "[", "]", ",", ":", "\"", "\\", "\\u12", "\"a\"", "1", "-", "1e", "null", "tru", "\n", " ", "{\"a\":1}", "[{\"b\":[{}]}]"][..]).prop_map(|s| s.as_bytes().to_vec()),
                proptest::collection::vec(any::<u8>(), 0..4),
            ],
            0..30,
        ),
        lines in any::<bool>(),
        unnest in any::<bool>(),
    ) {
        let bytes = pieces.concat();
        let options = JsonOptions { lines, unnest, ..JsonOptions::default() };
        drop(read(&bytes, options));
    }
}
