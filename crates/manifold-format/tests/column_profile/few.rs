//! Columns with few different values.

use manifold_format::{ColumnType, JudgedColumn, TableProfiler, Value};
use proptest::prelude::*;

use crate::counted::{agreed, cells, check_exact, check_top, counts, csv, read};

fn cell() -> impl Strategy<Value = Option<String>> {
    let text = prop_oneof![
        3 => Just(None),
        4 => (-30i64..400).prop_map(|n| Some(n.to_string())),
        3 => (0u32..900).prop_map(|n| Some(format!("{}.{:02}", n / 100, n % 100))),
        2 => (0u32..40).prop_map(|n| Some(format!("2024-01-{:02}", n % 31 + 1))),
        1 => (0u32..40).prop_map(|n| Some(format!("{:02}/02/2024", n % 28 + 1))),
        1 => "[a-zé,\" ]{0,6}".prop_map(Some),
        1 => Just(Some("007".to_owned())),
        1 => Just(Some("true".to_owned())),
        1 => "[ab]{62,67}".prop_map(Some),
    ];
    text.boxed()
}

/// Columns of one kind of cells, with others among them.
fn column() -> impl Strategy<Value = Vec<Option<String>>> {
    let pure = |strategy: BoxedStrategy<String>| {
        let cell = prop_oneof![30 => strategy.prop_map(Some), 1 => Just(None), 1 => cell()];
        prop::collection::vec(cell, 1..300).boxed()
    };
    prop_oneof![
        prop::collection::vec(cell(), 1..300),
        pure((-1000i64..1000).prop_map(|n| n.to_string()).boxed()),
        pure(
            (0u32..9000)
                .prop_map(|n| format!("{}.{:02}", n / 100, n % 100))
                .boxed()
        ),
        pure(
            (1u32..28, 1u32..12)
                .prop_map(|(d, m)| format!("{d:02}/{m:02}/2024"))
                .boxed()
        ),
        pure("[a-d]{0,3}".boxed()),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn few_values_are_counted_exactly(column in column()) {
        let texts: Vec<Option<&str>> = column.iter().map(Option::as_deref).collect();
        let read = read(&csv(&texts));
        let (profile, cells) = (read.profiles[1].as_ref().unwrap(), cells(&read));
        check_exact(profile, &cells, read.verdicts[1].column_type);
        check_top(profile, &cells);
        prop_assert_eq!(profile.distinct, counts(&cells).len() as u64);
        prop_assert!(profile.distinct_exact && profile.top.iter().all(|top| top.error == 0));
        prop_assert_eq!(profile.others_at_most == 0, profile.distinct <= 20);
    }

    #[test]
    fn stored_rows_show_what_reading_has_shown(column in column()) {
        let texts: Vec<Option<&str>> = column.iter().map(Option::as_deref).collect();
        let read = read(&csv(&texts));
        agreed(&read);
    }
}

#[test]
fn dates_stand_in_the_order_of_time() {
    let cells = ["31/01/2023", "01/02/2023", "30/12/2021", "02/11/2022"].map(Some);
    let read = read(&csv(&cells));
    let profile = read.profiles[1].as_ref().unwrap();
    assert_eq!(read.verdicts[1].column_type, ColumnType::Date);
    assert_eq!(profile.min.clone().unwrap().bytes, b"30/12/2021");
    assert_eq!(profile.max.clone().unwrap().bytes, b"01/02/2023");
}

#[test]
fn offsets_count_for_the_order_of_times() {
    let cells = [
        "2024-01-01T10:00:00+00:00",
        "2024-01-01T09:00:00-03:00",
        "2024-01-01T11:00:00+05:00",
    ];
    let read = read(&csv(&cells.map(Some)));
    let profile = read.profiles[1].as_ref().unwrap();
    assert_eq!(profile.min.clone().unwrap().bytes, cells[2].as_bytes());
    assert_eq!(profile.max.clone().unwrap().bytes, cells[1].as_bytes());
}

#[test]
fn a_table_without_rows_has_profiles() {
    let read = read("n,c\n");
    let profile = read.profiles[1].as_ref().unwrap();
    assert_eq!(
        (profile.rows, profile.distinct, profile.null_rate()),
        (0, 0, 0.0)
    );
    assert_eq!((&profile.min, &profile.mean), (&None, &None));
}

#[test]
fn null_tokens_count_as_null() {
    let mut profiler = TableProfiler::new(&[manifold_format::Encoding::Int]);
    for value in [
        Value::Int(3),
        Value::Text(b"n/a"),
        Value::Null,
        Value::Text(b"n/a"),
    ] {
        profiler.count_stored(std::iter::once(value));
    }
    let column = JudgedColumn {
        column_type: ColumnType::Integer,
        format: None,
        null_tokens: &[b"n/a".to_vec()],
    };
    let profile = profiler.finish(std::iter::once(column)).remove(0).unwrap();
    assert_eq!((profile.rows, profile.nulls, profile.distinct), (4, 3, 1));
    assert_eq!((profile.mean, profile.top.len()), (Some(3.0), 1));
}

#[test]
fn blobs_are_no_text() {
    let mut profiler = TableProfiler::new(&[manifold_format::Encoding::Text]);
    for value in [Value::Blob(b"a"), Value::Text(b"a"), Value::Text(b"b")] {
        profiler.count_stored(std::iter::once(value));
    }
    let column = JudgedColumn {
        column_type: ColumnType::Text,
        format: None,
        null_tokens: &[],
    };
    let profile = profiler.finish(std::iter::once(column)).remove(0).unwrap();
    assert_eq!((profile.distinct, profile.top.len()), (3, 3));
    assert_eq!(profile.min.clone().unwrap().bytes, b"a");
    assert_eq!(profile.top.iter().filter(|top| top.value.blob).count(), 1);
}
