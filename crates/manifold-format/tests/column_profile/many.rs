//! Columns with more different values than are counted.

use manifold_format::{ColumnProfile, ColumnType, Encoding, JudgedColumn, TableProfiler, Value};
use proptest::prelude::*;

use crate::counted::{Cells, agreed, cells, check_exact, check_top, counts, csv, read};

/// The numbers 0, 1, 2, .. in an order without pattern.
fn mixed(n: u64) -> u64 {
    (n ^ n >> 7).wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 17
}

fn texts(cells: &[Option<Vec<u8>>], columns: usize) -> Vec<ColumnProfile> {
    let mut profiler = TableProfiler::new(&vec![Encoding::Text; columns]);
    for cell in cells {
        let value = cell.as_deref().map_or(Value::Null, Value::Text);
        profiler.count_stored((0..columns).map(|_| value));
    }
    let column = JudgedColumn {
        column_type: ColumnType::Text,
        format: None,
        null_tokens: &[],
    };
    let found = profiler.finish((0..columns).map(|_| column));
    found.into_iter().map(Option::unwrap).collect()
}

fn is_near(profile: &ColumnProfile, exact: usize) {
    let off = profile.distinct.abs_diff(exact as u64) as f64 / exact as f64;
    assert!(off < 0.065, "{} for {exact}", profile.distinct); // four standard errors
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn all_but_the_number_of_values_is_exact(seed: u32, kind in 0..4, spread in 600u64..9_000) {
        let cell = |n: u64| match (mixed(n + u64::from(seed)), kind) {
            (m, _) if m % 19 == 0 => None,
            (m, 0) => Some((m % spread).to_string()),
            (m, 1) => Some(format!("{}.{:02}", m % spread, m % 97)),
            (m, 2) => Some(format!("k{}é", m % spread)),
            (m, _) if m % 3 == 0 => Some("often".to_owned()),
            (m, _) => Some(format!("{}-{}", m % spread, "x".repeat((m % 70) as usize))),
        };
        let column: Vec<Option<String>> = (0..6_000).map(cell).collect();
        let column: Vec<Option<&str>> = column.iter().map(Option::as_deref).collect();
        let read = read(&csv(&column));
        let (profile, cells) = (&agreed(&read), cells(&read));
        check_exact(profile, &cells, read.verdicts[1].column_type);
        check_top(profile, &cells);
        is_near(profile, counts(&cells).len());
        prop_assert!(!profile.distinct_exact);
    }
}

#[test]
fn frequent_values_are_found_however_late_they_come() {
    // Values of their own; from row 150,000 on every tenth cell holds the same.
    let cell = |n: u64| match n {
        150_000.. if mixed(n).is_multiple_of(10) => b"late".to_vec(),
        _ if mixed(n) % 50 == 1 => b"early".to_vec(),
        _ => n.to_string().into_bytes(),
    };
    let cells: Cells = (0..250_000).map(|n| Some(cell(n))).collect();
    let profile = &texts(&cells, 1)[0];
    check_top(profile, &cells);
    is_near(profile, counts(&cells).len());
    let shown: Vec<&[u8]> = profile
        .top
        .iter()
        .map(|top| top.value.bytes.as_slice())
        .collect();
    assert_eq!(shown, [&b"late"[..], b"early"]);
    let early = &profile.top[1];
    assert_eq!(
        (early.error, early.count),
        (0, counts(&cells)[&b"early"[..]])
    );
    assert!(profile.others_at_most < 1_500, "{}", profile.others_at_most);
}

#[test]
fn values_of_their_own_have_no_frequent_ones() {
    let cells: Cells = (0..100_000u64)
        .map(|n| Some(n.to_string().into_bytes()))
        .collect();
    let profile = &texts(&cells, 1)[0];
    assert_eq!(profile.top, []);
    check_exact(profile, &cells, ColumnType::Text);
}

#[test]
fn a_wide_table_is_profiled_in_less_memory() {
    let cells: Cells = (0..300u64)
        .map(|n| Some((mixed(n) % 200).to_string().into_bytes()))
        .collect();
    let profiles = texts(&cells, 600);
    for profile in profiles {
        assert!(!profile.distinct_exact, "only 64 values are counted");
        let off = profile.distinct.abs_diff(counts(&cells).len() as u64) as f64;
        assert!(off < 0.13 * counts(&cells).len() as f64);
        assert!(profile.top.len() <= 8);
    }
}
