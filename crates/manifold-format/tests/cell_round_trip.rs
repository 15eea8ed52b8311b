//! Every cell prints back under every encoding.
#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs)]

use manifold_format::{BoolKind, Encoding, Value};
use proptest::prelude::*;

const ODD: [&str; 62] = [
    "",
    "0",
    "-0",
    "+5",
    "1e3",
    "1_000",
    " 5",
    "5 ",
    "007",
    "00",
    "1.",
    ".5",
    "-.5",
    "-",
    "+",
    "NULL",
    "0.1",
    "0.10",
    "0.0",
    "-0.0",
    "-0.00",
    "0.00",
    "00.5",
    "1.0",
    "1.00",
    "10.0",
    "-1.5",
    "0.05",
    "0.00001",
    "0.0001",
    "0.000000000000000001",
    "0.100000000000000005",
    "0.30000000000000004",
    "3.141592653589793",
    "2.675",
    "1.005",
    "9007199254740993.0",
    "9007199254740993.5",
    "100000000000000000000000.0",
    "123456789012345678.25",
    "999999999999999.9",
    "9999999999999999.9",
    "99999999999999.999",
    "0.999999999999999999",
    "9223372036854775807",
    "9223372036854775808",
    "-9223372036854775808",
    "-9223372036854775809",
    "1e999",
    "NaN",
    "inf",
    "true",
    "True",
    "TRUE",
    "false",
    "yes",
    "No",
    "t",
    "N",
    "2024-01-31",
    "31/12/2024",
    "1",
];

fn encodings() -> Vec<Encoding> {
    let mut all = vec![Encoding::Text, Encoding::Int, Encoding::Short];
    all.extend((1..=18).map(Encoding::Fixed));
    all.extend(BoolKind::ALL.map(Encoding::Bool));
    all
}

fn check(cell: &[u8]) {
    let mut values = Vec::new();
    for from in encodings() {
        let value = from.encode(cell);
        let mut text = Vec::new();
        from.render(value, &mut text);
        assert_eq!(text, cell, "{from}: {value:?}");
        match value {
            Value::Text(_) => assert!(std::str::from_utf8(cell).is_ok()),
            Value::Blob(_) => assert!(std::str::from_utf8(cell).is_err()),
            Value::Real(value) => assert!(value.is_finite()),
            Value::Int(_) => {}
            Value::Null => panic!("a cell that is present is not NULL"),
        }
        values.push((from, value));
    }
    for (from, value) in &values {
        for (to, expected) in &values {
            let mut scratch = b"left over".to_vec();
            assert_eq!(
                from.reencode(*value, *to, &mut scratch),
                *expected,
                "{from} to {to}"
            );
        }
    }
}

fn cell() -> impl Strategy<Value = Vec<u8>> {
    let digits = |range| proptest::collection::vec(b'0'..=b'9', range);
    let decimal = (any::<bool>(), digits(1..20), digits(0..20)).prop_map(|(minus, whole, rest)| {
        let mut cell = if minus { b"-".to_vec() } else { Vec::new() };
        cell.extend(whole);
        if !rest.is_empty() {
            cell.push(b'.');
            cell.extend(rest);
        }
        cell
    });
    let like_number =
        proptest::collection::vec(proptest::sample::select(&b"0159.-+_eE "[..]), 0..12);
    prop_oneof![
        decimal,
        any::<f64>().prop_map(|value| format!("{value}").into_bytes()),
        (-1e6f64..1e6).prop_map(|value| format!("{value:?}").into_bytes()),
        (any::<i64>(), 0i32..19).prop_map(|(m, d)| format!(
            "{:.*}",
            d as usize,
            m as f64 / 10f64.powi(d)
        )
        .into_bytes()),
        any::<i64>().prop_map(|value| value.to_string().into_bytes()),
        like_number,
        proptest::collection::vec(any::<u8>(), 0..12),
        proptest::sample::select(&ODD[..]).prop_map(|cell| cell.as_bytes().to_vec()),
    ]
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
    #![proptest_config(at_least(2000))]

    #[test]
    fn every_cell_prints_back(cell in cell()) {
        check(&cell);
    }
}

#[test]
fn odd_cells_print_back() {
    for cell in ODD {
        check(cell.as_bytes());
    }
    check(b"\xff\xfe");
    check(&[b'1'; 400]);
}

#[test]
fn what_is_stored_as_a_number() {
    let real = |value| Value::Real(value);
    assert_eq!(Encoding::Int.encode(b"-7"), Value::Int(-7));
    assert_eq!(Encoding::Int.encode(b"007"), Value::Text(b"007"));
    assert_eq!(Encoding::Fixed(2).encode(b"12.50"), real(12.5));
    assert_eq!(Encoding::Fixed(2).encode(b"12"), Value::Int(12));
    assert_eq!(Encoding::Fixed(2).encode(b"12.5"), Value::Text(b"12.5"));
    assert_eq!(Encoding::Fixed(2).encode(b"-0.00"), real(-0.0));
    assert_eq!(Encoding::Short.encode(b"12.5"), real(12.5));
    assert_eq!(Encoding::Short.encode(b"12.50"), Value::Text(b"12.50"));
    assert_eq!(
        Encoding::Short.encode(b"0.30000000000000004"),
        real(0.1 + 0.2)
    );
    assert_eq!(
        Encoding::Bool(BoolKind::LowerYes).encode(b"yes"),
        Value::Int(1)
    );
    assert_eq!(
        Encoding::Bool(BoolKind::LowerYes).encode(b"no"),
        Value::Int(0)
    );
    assert_eq!(
        Encoding::Bool(BoolKind::LowerYes).encode(b"1"),
        Value::Text(b"1")
    );
}

#[test]
fn codes_are_stable() {
    let codes: Vec<String> = encodings().iter().map(Encoding::code).collect();
    let expected = "text int short fixed1 fixed2 fixed3 fixed4 fixed5 fixed6 fixed7 fixed8 fixed9 \
        fixed10 fixed11 fixed12 fixed13 fixed14 fixed15 fixed16 fixed17 fixed18 bool:true/false \
        bool:True/False bool:TRUE/FALSE bool:yes/no bool:Yes/No bool:YES/NO bool:t/f bool:T/F \
        bool:y/n bool:Y/N";
    assert_eq!(codes.join(" "), expected);
    for encoding in encodings() {
        assert_eq!(encoding.code().parse(), Ok(encoding));
    }
    for code in [
        "", "fixed", "fixed0", "fixed19", "fixed02", "fixed+2", "Int", "bool:", "bool:1/0",
    ] {
        assert!(code.parse::<Encoding>().is_err(), "{code}");
    }
}

#[test]
fn encodings_are_sticky() {
    use Encoding::{Fixed, Int, Short, Text};
    let bool = Encoding::Bool(BoolKind::LowerTrue);
    for (stored, proposed, adopted) in [
        (Text, Int, Text),
        (Int, Text, Int),
        (bool, Text, bool),
        (Int, Fixed(2), Fixed(2)),
        (Int, Short, Short),
        (Int, bool, bool),
        (bool, Int, Int),
        (Fixed(2), Int, Fixed(2)),
        (Short, Int, Short),
        (Fixed(2), Fixed(3), Fixed(3)),
        (Fixed(2), Short, Short),
        (Short, Fixed(1), Fixed(1)),
    ] {
        assert_eq!(
            Encoding::adopt(stored, false, proposed),
            adopted,
            "{stored} {proposed}"
        );
        assert_eq!(Encoding::adopt(stored, true, proposed), proposed);
    }
}
