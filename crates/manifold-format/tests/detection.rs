//! How a file is to be read is found in its beginning.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::disallowed_methods,
    missing_docs
)]

mod round_trip;

use manifold_format::{
    Asked, CsvOptions, CsvReader, Escape, ReadError, Remembered, Syntax, TextEncoding,
};
use proptest::prelude::*;
use proptest::sample::select;
use round_trip::{Pieces, Whole};

fn detect<'a>(input: &'a [u8], asked: &Asked) -> CsvReader<&'a [u8]> {
    CsvReader::detect(input, asked, CsvOptions::default()).unwrap()
}

/// The options that are found for a file, which comes back byte for byte.
fn found(input: &[u8]) -> (CsvOptions, Whole) {
    let reader = detect(input, &Asked::default());
    let options = reader.options().clone();
    let whole = Whole::read_from(reader).unwrap();
    assert_eq!(whole.write_back(), input);
    (options, whole)
}

fn encode(text: &str, encoding: &str) -> Vec<u8> {
    let units = || text.encode_utf16();
    match encoding {
        "utf-16le" => units().flat_map(u16::to_le_bytes).collect(),
        "utf-16be" => units().flat_map(u16::to_be_bytes).collect(),
        "windows-1252" => text.chars().map(|c| u8::try_from(c).unwrap()).collect(),
        _ => text.as_bytes().to_vec(),
    }
}

#[test]
fn delimiters_and_quotes_are_found() {
    for (input, delimiter, quote) in [
        ("a,b\n1,x y\n2,z; w\n", b',', Some(b'"')),
        ("a;b\n1,5;2,5\n3,5;4,5\n", b';', Some(b'"')),
        ("a\tb\n1\tx, y\n2\tz, w, v\n", b'\t', Some(b'"')),
        ("a|b|c\n1|2|3\n", b'|', Some(b'"')),
        ("x y z\n1 2 3\n4 5 6\n", b' ', Some(b'"')),
        ("root:x:0:/root\nbin:x:1:/bin\n", b':', Some(b'"')),
        ("a;'b'\n1;'x; y'\n2;'it is'\n", b';', Some(b'\'')),
        ("a\tb\n1\t\"half\n2\t7\n3\t\"8\n4\t9\n", b'\t', None),
        ("name\nAnn Lee\nBob Roy\nCy Poe\n", b',', Some(b'"')),
        (
            "when\n2024-01-01 10:00:00\n2024-01-02 11:00:00\n",
            b',',
            Some(b'"'),
        ),
    ] {
        let (options, whole) = found(input.as_bytes());
        assert_eq!(options.syntax.delimiter, delimiter, "{input:?}");
        assert_eq!(options.syntax.quote, quote, "{input:?}");
        assert_eq!((whole.summary.rejected, whole.summary.padded), (0, 0));
    }
}

#[test]
fn an_open_quote_is_a_fault_and_not_data() {
    for input in [
        "a,b\n1,x\n\"4\",w\n5,\"open\n6,v\n",
        "a,b\n1,x\n5,\"open\n6,v\n",
    ] {
        let (options, whole) = found(input.as_bytes());
        assert_eq!(options.syntax.quote, Some(b'"'));
        assert_eq!(whole.summary.rejected, 1, "{input:?}");
    }
}

#[test]
fn escapes_and_spaces_are_found() {
    let (options, whole) = found(b"a,b\n1,\"x \\\"y\\\", z\"\n2,\"p \\\"q\\\"\"\n");
    assert_eq!(options.syntax.escape, Escape::Backslash);
    assert_eq!(whole.rows[0].raw_cell(1), b"x \"y\", z");
    let (options, whole) = found(b"a, b\n1, \"x, y\"\n2, \n");
    assert!(options.syntax.delimiter_space);
    assert_eq!(whole.cells(), [["1", "\"x, y\""], ["2", "NULL"]]);
    assert_eq!(whole.summary.quirks, 0);
}

#[test]
fn line_ends_are_found() {
    for (input, quirks) in [
        (&b"a,b\r1,2\r3,4\r"[..], 0),
        (b"a,b\r\n1,2\r\n3,4\r\n", 0),
        (b"a,b\n1,2\r\n3,4\r5,6\n7,8\n", 2),
    ] {
        let (_, whole) = found(input);
        assert_eq!(whole.cells()[0], ["1", "2"]);
        assert_eq!(whole.summary.quirks, quirks, "{input:?}");
    }
}

#[test]
fn headers_preambles_and_comments_are_found() {
    for (input, names, rows) in [
        ("a,b\n1,2\n", &["a", "b"][..], 1),
        ("1,x\n2,y\n3,z\n", &["column_1", "column_2"], 3),
        (
            "name,2019,2020\nx,5,7\ny,6,8\n",
            &["name", "2019", "2020"],
            2,
        ),
        (
            "Report of May\n\na,b,c\n1,2,3\n4,5,6\n",
            &["a", "b", "c"],
            2,
        ),
        ("Report,,\n,,\na,b,c\n1,2,3\n4,5,6\n", &["a", "b", "c"], 2),
        ("# made today\na,b\n1,2\n#3\n4,5\n", &["a", "b"], 2),
        ("#id,b\n1,2\n3,4\n", &["#id", "b"], 2),
        ("a,b\na,b\n1,2\n", &["a a", "b b"], 1),
        ("a,b\n1,2,3\n4,5,6\n7,8,9\n", &["a", "b", "column_3"], 3),
        (",a,b\n1,2\n4,5\n7,8\n", &["a", "b"], 3),
        (
            "id,b,c,d,\n1,2\n4,5\n7,8\n",
            &["id", "b", "c", "d", "column_5"],
            3,
        ),
        ("a\n1\n2\n", &["a"], 2),
    ] {
        let (_, whole) = found(input.as_bytes());
        assert_eq!(whole.names, names, "{input:?}");
        assert_eq!(whole.rows.len(), rows, "{input:?}");
        assert_eq!(whole.summary.rejected, 0);
    }
}

#[test]
fn what_is_asked_is_done() {
    let asked = Asked {
        delimiter: Some(b';'),
        quote: Some(None),
        encoding: Some(TextEncoding::WINDOWS_1252),
        header_rows: Some(0),
        skip_lines: Some(1),
        comment: Some(Some(b'%')),
        ..Asked::default()
    };
    let reader = detect(b"a,b\n%c\n1,2;\"\xfc\n", &asked);
    let decided = |what| reader.decisions().iter().find(|d| d.what == what).unwrap();
    for what in [
        "delimiter",
        "quote",
        "encoding",
        "header",
        "skip_lines",
        "comment",
    ] {
        assert_eq!(decided(what).why, "asked");
    }
    let whole = Whole::read_from(reader).unwrap();
    assert_eq!(whole.cells(), [["\"1,2\"", "\"\\\"ü\""]]);
    assert_eq!(whole.write_back(), b"a,b\n%c\n1,2;\"\xfc\n");
}

#[test]
fn a_quote_is_no_delimiter_unless_that_is_said() {
    let mut asked = Asked {
        delimiter: Some(b'"'),
        ..Asked::default()
    };
    let input = &b"a\"b\n'1'\"2\n"[..];
    let refused = CsvReader::detect(input, &asked, CsvOptions::default()).err();
    assert!(matches!(
        refused,
        Some(ReadError::Delimiter { delimiter: '"' })
    ));
    asked.quote = Some(None);
    assert_eq!(detect(input, &asked).columns().len(), 2);
}

#[test]
fn encodings_are_found() {
    let text = "id;name\n1;Zürich\n2;\"M\u{e4}rz; \u{e9}t\u{e9}\"\n3;Gro\u{df}\n4;ni\u{f1}o\n";
    for encoding in ["utf-8", "utf-16le", "utf-16be", "windows-1252"] {
        for mark in ["", "\u{feff}"] {
            if encoding == "windows-1252" && !mark.is_empty() {
                continue;
            }
            let input = encode(&format!("{mark}{text}"), encoding);
            let (options, whole) = found(&input);
            assert_eq!(options.encoding.name(), encoding);
            assert_eq!(whole.names, ["id", "name"]);
            assert_eq!(whole.rows[0].raw_cell(1), "Zürich".as_bytes());
            assert_eq!(whole.summary.quirks, 0);
            assert_eq!(whole.summary.hash, blake3::hash(&input));
        }
    }
}

#[test]
fn bytes_invalid_in_the_encoding_stay_as_a_blob() {
    let (options, whole) = found(
        "id,name\n1,Zürich\n2,\u{1}\n"
            .replace('\u{1}', "x")
            .as_bytes(),
    );
    assert_eq!(
        (options.encoding, whole.summary.odd_cells),
        (TextEncoding::UTF_8, 0)
    );
    let (options, whole) = found(b"id,name\n1,\xff\xfe\n2,ok\n");
    assert_eq!(
        (options.encoding, whole.summary.odd_cells),
        (TextEncoding::UTF_8, 1)
    );
    assert_eq!(whole.cells()[0], ["1", "x'fffe'"]);
    // A lone surrogate, and a rejected record, in UTF-16.
    let mut input = encode("\u{feff}a,b\n1,x\n2,\u{1}\n3,4,5\n6,7\n", "utf-16le");
    let at = input.windows(2).position(|unit| unit == [1, 0]).unwrap();
    input[at..at + 2].copy_from_slice(&[0, 0xd8]);
    let (_, whole) = found(&input);
    assert_eq!((whole.summary.odd_cells, whole.summary.rejected), (1, 1));
    assert_eq!(whole.rejects[0].raw(), encode("3,4,5\n", "utf-16le"));
}

#[test]
fn what_the_sample_does_not_show_is_data() {
    let mut input = b"id,name\n".to_vec();
    for id in 0..20_000 {
        input.extend(format!("{id},plain text\n").bytes());
    }
    input.extend(b"20000,Z\xfcrich\nlate;\n");
    let (options, whole) = found(&input);
    assert_eq!(options.encoding, TextEncoding::UTF_8);
    let summary = whole.summary;
    assert_eq!(
        (summary.odd_cells, summary.padded, summary.rows),
        (2, 1, 20_002)
    );
}

#[test]
fn the_dialect_of_an_earlier_file_is_tried_first() {
    let remembered = Remembered {
        syntax: Syntax::delimited_by(b';'),
        encoding: TextEncoding::UTF_8,
        comment: None,
        header_rows: 1,
    };
    let asked = Asked {
        remembered: Some(remembered),
        ..Asked::default()
    };
    for (input, delimiter, kept) in [
        ("a;b\n1;2\n", b';', "kept"),
        // A comma would do as well.
        ("a,1;b,2\n1,1;2,2\n3,1;4,2\n", b';', "kept"),
        ("a,b\n1,2\n3,4\n", b',', "left"),
    ] {
        let reader = detect(input.as_bytes(), &asked);
        assert_eq!(reader.options().syntax.delimiter, delimiter, "{input:?}");
        let decision = reader.decisions().iter().find(|d| d.what == "remembered");
        assert_eq!(decision.unwrap().found, kept, "{input:?}");
    }
}

fn cell() -> impl Strategy<Value = String> {
    const WORDS: [&str; 13] = [
        "", "a", "Zürich", "l1\nl2", "5\" x", "x;y", "p,q", "it's", "12", "1.50", " b", "#c", "\\",
    ];
    prop_oneof![
        3 => (0..2000u32).prop_map(|n| n.to_string()),
        2 => select(&WORDS[..]).prop_map(str::to_owned),
    ]
}

/// A file in one of many dialects.
fn file() -> impl Strategy<Value = Vec<u8>> {
    let row = proptest::collection::vec((cell(), any::<bool>()), 1..6);
    let rows =
        proptest::collection::vec((row, select(&["\n", "\n", "\n", "\r\n", "\r"][..])), 0..30);
    let dialect = (
        select(&[",", ";", "\t", "|", ", ", " "][..]),
        select(&["\"", "'", ""][..]),
        select(&["utf-8", "utf-16le", "utf-16be", "windows-1252"][..]),
        select(&["", "\u{feff}", "Title\n\n", "# c\n"][..]),
    );
    (dialect, rows).prop_map(|((delimiter, quote, encoding, start), rows)| {
        let mut text = start.to_owned();
        for (cells, line_end) in rows {
            let cells: Vec<String> = cells
                .iter()
                .map(|(cell, quoted)| match *quoted {
                    true if !quote.is_empty() => {
                        format!("{quote}{}{quote}", cell.replace(quote, &quote.repeat(2)))
                    }
                    _ => cell.clone(),
                })
                .collect();
            text.push_str(&cells.join(delimiter));
            text.push_str(line_end);
        }
        let encodable = encoding != "windows-1252" || !text.contains('\u{feff}');
        encode(&text, if encodable { encoding } else { "utf-8" })
    })
}

fn read_back(input: &[u8], piece: usize) -> Result<(), TestCaseError> {
    let options = CsvOptions {
        sample_rows: 5,
        ..CsvOptions::default()
    };
    let reader = CsvReader::detect(Pieces::new(input, piece), &Asked::default(), options);
    match reader {
        Ok(reader) => {
            let whole = Whole::read_from(reader).unwrap();
            prop_assert_eq!(whole.write_back(), input);
            prop_assert_eq!(whole.summary.bytes, input.len() as u64);
            prop_assert_eq!(whole.summary.hash, blake3::hash(input));
        }
        Err(ReadError::Empty) => prop_assert!(input.is_empty()),
        Err(
            ReadError::NotAHeader { .. } | ReadError::Binary { .. } | ReadError::Encoding { .. },
        ) => {}
        Err(error) => prop_assert!(false, "{}", error),
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: ProptestConfig::default().cases.max(1500), ..ProptestConfig::default() })]

    #[test]
    fn files_in_any_dialect_come_back(input in file(), piece in 1usize..5000) {
        read_back(&input, piece)?;
    }

    #[test]
    fn any_bytes_come_back_or_are_refused(
        input in proptest::collection::vec(select(&b",,;;\t\"\"''\n\n\n\r\r\\ #aab17.0:|\xff\xc3\xbc\0\xd8\x81"[..]), 0..150),
        piece in 1usize..50,
    ) {
        read_back(&input, piece)?;
    }

    #[test]
    fn random_bytes_are_read_or_refused(input in proptest::collection::vec(any::<u8>(), 0..3000)) {
        read_back(&input, 4096)?;
    }
}
