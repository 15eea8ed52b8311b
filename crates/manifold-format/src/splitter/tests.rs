//! Splitting records.

use super::*;
use proptest::prelude::*;

fn texts(fields: &Fields, raw: &[u8]) -> Vec<Vec<u8>> {
    let text = |field: &Field| {
        let bytes = if field.rewritten {
            &fields.unquoted
        } else {
            raw
        };
        bytes[field.start as usize..field.end as usize].to_vec()
    };
    fields.fields.iter().map(text).collect()
}

/// Records as the csv crate reads them; it skips blank lines.
fn reference(input: &[u8]) -> Vec<Vec<Vec<u8>>> {
    csv::ReaderBuilder::new()
        .has_headers(false)
        .flexible(true)
        .terminator(csv::Terminator::Any(b'\n'))
        .from_reader(input)
        .byte_records()
        .map(|record| record.unwrap().iter().map(<[u8]>::to_vec).collect())
        .collect()
}

fn ours(mut input: &[u8]) -> (Vec<Vec<Vec<u8>>>, bool) {
    let (mut fields, mut records) = (Fields::default(), Vec::new());
    loop {
        match fields.split(input, &Syntax::default(), true, usize::MAX) {
            Split::Record { len, terminator } => {
                if len > terminator.len() {
                    records.push(texts(&fields, &input[..len]));
                }
                input = &input[len..];
            }
            Split::Partial(_) => panic!("partial at the end"),
            Split::Unterminated(_) => return (records, true),
            Split::End => return (records, false),
        }
    }
}

fn input(alphabet: &'static [u8]) -> impl Strategy<Value = Vec<u8>> {
    proptest::collection::vec(proptest::sample::select(alphabet), 0..40)
}

/// Several blocks, in which a mark comes now and then.
fn blocks() -> impl Strategy<Value = Vec<u8>> {
    let part = prop_oneof![
        4 => "[a-z]{0,30}".prop_map(String::into_bytes),
        1 => Just("üü".into()),
        1 => Just(b"\xff".to_vec()),
    ];
    let mark = prop_oneof![
        6 => Just(&b","[..]),
        2 => Just(&b"\n"[..]),
        1 => Just(&b"\r\n"[..]),
        1 => Just(&b"\r"[..]),
        2 => Just(&b"\""[..]),
        2 => Just(&b",\""[..]),
        2 => Just(&b"\","[..]),
        1 => Just(&b"\"\n"[..]),
        1 => Just(&b"\"\""[..]),
    ];
    proptest::collection::vec((part, mark), 0..40).prop_map(|parts| {
        parts
            .into_iter()
            .flat_map(|(part, mark)| [part, mark.to_vec()].concat())
            .collect()
    })
}

/// So many cases, or as many as `PROPTEST_CASES` says.
fn at_least(cases: u32) -> ProptestConfig {
    let asked = ProptestConfig::default();
    ProptestConfig {
        cases: asked.cases.max(cases),
        ..asked
    }
}

proptest! {
    #![proptest_config(at_least(4096))]

    #[test]
    fn fields_are_those_of_the_csv_crate(input in input(b",,\"\"\"\nab1\xff\0")) {
        let (records, unterminated) = ours(&input);
        let mut expected = reference(&input);
        if unterminated {
            expected.pop();
        }
        prop_assert_eq!(records, expected);
    }

    #[test]
    fn blocks_are_those_of_the_csv_crate(mut input in blocks()) {
        input.retain(|byte| *byte != b'\r'); // of a line end it is data there
        let (records, unterminated) = ours(&input);
        let mut expected = reference(&input);
        if unterminated {
            expected.pop();
        }
        prop_assert_eq!(records, expected);
    }

    #[test]
    fn plain_records_are_what_care_makes_of_them(input in blocks(), escape in 0..2usize) {
        let syntax = Syntax {
            escape: [Escape::Doubled, Escape::None][escape],
            ..Syntax::default()
        };
        let (mut rest, mut at_end) = (&input[..], false);
        while !rest.is_empty() {
            let (mut found, mut expected) = (Fields::default(), Fields::default());
            let split = found.split(rest, &syntax, at_end, 3);
            expected.clear(3);
            prop_assert_eq!(split, expected.split_special(rest, &syntax, at_end));
            let Split::Record { len, .. } = split else {
                prop_assert!(!found.plain);
                if at_end {
                    break;
                }
                at_end = true;
                continue;
            };
            let raw = &rest[..len];
            let plain = |fields: &Fields| {
                let fields = fields.fields.iter().map(|f| (f.start, f.end, f.quoted, f.rewritten));
                fields.collect::<Vec<_>>()
            };
            prop_assert_eq!(plain(&found), plain(&expected));
            prop_assert_eq!(found.count, expected.count);
            prop_assert_eq!(found.irregular, expected.irregular);
            prop_assert_eq!(found.bare_return, expected.bare_return);
            prop_assert_eq!(found.stray_quote, expected.stray_quote);
            prop_assert!(!found.ascii || raw.is_ascii());
            prop_assert!(found.multiline || syntax.count_lines(raw) == 1);
            prop_assert!(found.special || raw.iter().all(|byte| *byte != b'"'));
            for field in &found.fields {
                let is_marked = crate::quoting::needs_quotes(found.text(field, raw), &syntax);
                prop_assert!(!(found.plain && !field.quoted && is_marked));
            }
            rest = &rest[len..];
        }
    }

    #[test]
    fn a_prefix_is_partial_or_splits_the_same(
        input in prop_oneof![input(b",,\"\"\n\r\na1").boxed(), blocks().boxed()],
        cut in 0usize..400,
    ) {
        let cut = cut.min(input.len());
        let (mut whole, mut part) = (Fields::default(), Fields::default());
        let expected = whole.split(&input, &Syntax::default(), true, 3);
        match part.split(&input[..cut], &Syntax::default(), false, 3) {
            Split::Partial(open) => {
                prop_assert!(open.start <= cut);
                if let Split::Record { len, .. } = expected {
                    prop_assert!(len >= cut);
                }
            }
            found => {
                prop_assert_eq!(found, expected);
                prop_assert_eq!(texts(&part, &input), texts(&whole, &input));
                prop_assert_eq!(part.count, whole.count);
            }
        }
    }
}
