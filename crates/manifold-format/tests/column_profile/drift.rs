//! What counts as drift, and what does not.

use manifold_format::{
    Change, ColumnProfile, ColumnType, Drift, Encoding, JudgedColumn, ProfiledColumn,
    TableProfiler, Value, drift,
};
use proptest::prelude::*;

/// A column with what it holds.
#[derive(Clone, Debug)]
struct Column {
    phys: i64,
    name: &'static str,
    column_type: ColumnType,
    profile: ColumnProfile,
}

fn column(column_type: ColumnType, cells: impl IntoIterator<Item = Option<String>>) -> Column {
    let mut profiler = TableProfiler::new(&[Encoding::Text]);
    for cell in cells {
        let value = cell
            .as_ref()
            .map_or(Value::Null, |c| Value::Text(c.as_bytes()));
        profiler.count_stored(std::iter::once(value));
    }
    let judged = JudgedColumn {
        column_type,
        format: None,
        null_tokens: &[],
    };
    let profile = profiler.finish(std::iter::once(judged)).remove(0).unwrap();
    Column {
        phys: 1,
        name: "c",
        column_type,
        profile,
    }
}

fn text(rows: u64, cell: impl Fn(u64) -> Option<String>) -> Column {
    column(ColumnType::Text, (0..rows).map(cell))
}

fn numbers(rows: u64, cell: impl Fn(u64) -> Option<u64>) -> Column {
    let cells = (0..rows).map(|row| cell(row).map(|n| n.to_string()));
    column(ColumnType::Integer, cells)
}

fn profiled(columns: &[Column]) -> Vec<ProfiledColumn<'_>> {
    columns
        .iter()
        .map(|column| ProfiledColumn {
            phys: column.phys,
            name: column.name,
            column_type: column.column_type,
            format: None,
            profile: &column.profile,
        })
        .collect()
}

fn between(from: &[Column], to: &[Column]) -> Vec<Drift> {
    drift(&profiled(from), &profiled(to))
}

fn changes(from: &Column, to: &Column) -> Vec<Change> {
    let found = between(std::slice::from_ref(from), std::slice::from_ref(to));
    found.into_iter().map(|drift| drift.change).collect()
}

/// A number without pattern, below `most`.
fn below(n: u64, seed: u64, most: u64) -> u64 {
    let mixed = (n + seed * 1_000_003).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    ((mixed ^ mixed >> 29).wrapping_mul(0xbf58_476d_1ce4_e5b9) >> 33) % most
}

#[test]
fn columns_come_go_and_get_other_names() {
    let same = numbers(100, Some);
    let of = |phys, name| Column {
        phys,
        name,
        ..same.clone()
    };
    let found = between(&[of(1, "a"), of(2, "b")], &[of(2, "B"), of(3, "c")]);
    let found: Vec<_> = (found.iter())
        .map(|drift| {
            (
                drift.column.as_deref().unwrap(),
                &drift.change,
                drift.is_strong(),
            )
        })
        .collect();
    let renamed = Change::Renamed {
        from: "b".to_owned(),
    };
    let expected = [
        ("a", &Change::Removed, true),
        ("B", &renamed, true),
        ("c", &Change::Appeared, false),
    ];
    assert_eq!(found, expected);
}

#[test]
fn a_column_that_became_null_is_strong_drift() {
    let from = numbers(10_000, |n| Some(below(n, 1, 5)));
    let to = numbers(10_000, |n| (n % 5 > 1).then(|| below(n, 2, 5)));
    let found = between(std::slice::from_ref(&from), std::slice::from_ref(&to));
    assert_eq!(found[0].change, Change::NullRate { from: 0.0, to: 0.4 });
    assert!(found[0].is_strong());
    assert_eq!(found.len(), 1, "{found:?}");
    let to = numbers(10_000, |n| (n % 500 != 1).then(|| below(n, 2, 5)));
    let found = changes(&from, &to);
    assert_eq!(
        found,
        [Change::NullRate {
            from: 0.0,
            to: 0.002
        }]
    );
}

#[test]
fn a_type_that_changed_is_told() {
    let from = numbers(1_000, |n| Some(n % 7));
    let to = Column {
        column_type: ColumnType::Text,
        ..from.clone()
    };
    let (from_type, to_type) = ("integer".to_owned(), "text".to_owned());
    let change = Change::Type {
        from: from_type,
        to: to_type,
    };
    assert_eq!(changes(&from, &to), [change]);
}

#[test]
fn other_numbers_are_no_strong_change_of_type() {
    let from = numbers(1_000, |n| Some(n % 7));
    let to = Column {
        column_type: ColumnType::Decimal,
        ..from.clone()
    };
    let found = between(&[from], &[to]);
    assert!(
        matches!(&found[..], [drift] if !drift.is_strong()),
        "{found:?}"
    );
}

#[test]
fn frequent_values_that_come_and_go_are_told() {
    let from = text(5_000, |n| {
        Some(["A", "B", "C"][below(n, 1, 3) as usize].to_owned())
    });
    let to = text(5_000, |n| {
        Some(["A", "B", "Z"][below(n, 2, 3) as usize].to_owned())
    });
    let found = changes(&from, &to);
    assert!(
        matches!(&found[..], [
        Change::NewValue { value: new, .. },
        Change::VanishedValue { value: vanished, .. },
    ] | [
        Change::VanishedValue { value: vanished, .. },
        Change::NewValue { value: new, .. },
    ] if new.bytes == b"Z" && vanished.bytes == b"C"),
        "{found:?}"
    );
    let to = text(5_000, |n| {
        Some(["A", "B", "C", "A", "A"][below(n, 2, 5) as usize].to_owned())
    });
    let found = changes(&from, &to);
    assert!(
        matches!(&found[0], Change::Share { value, .. } if value.bytes == b"A"),
        "{found:?}"
    );
}

#[test]
fn ids_that_go_on_are_no_drift_and_other_units_are() {
    let from = numbers(10_000, Some);
    assert_eq!(changes(&from, &numbers(10_400, Some)), []);
    let rows = Change::Rows {
        from: 10_000,
        to: 30_000,
    };
    assert_eq!(changes(&from, &numbers(30_000, Some)), [rows]);
    let from = numbers(10_000, |n| Some(below(n, 1, 900) + 100));
    let to = numbers(10_000, |n| Some((below(n, 2, 900) + 100) * 100));
    let found = changes(&from, &to);
    let is_above = |change: &Change| matches!(change, Change::Above { .. });
    assert!(found.iter().any(is_above), "{found:?}");
    let drift = between(&[from], &[to]);
    assert!(drift.iter().any(Drift::is_strong));
}

#[test]
fn codes_instead_of_names_are_another_number_of_values() {
    let from = text(20_000, |n| Some(format!("name {}", below(n, 1, 4_000))));
    let to = text(20_000, |n| Some(format!("code {}", below(n, 2, 300))));
    let found = changes(&from, &to);
    assert!(
        found
            .iter()
            .any(|c| matches!(c, Change::Distinct { to: 300, .. })),
        "{found:?}"
    );
}

/// Two samples of the same rows.
#[test]
fn noise_is_no_drift() {
    for seed in 0..150 {
        for rows in [3, 30, 400] {
            let cell = |n: u64, seed: u64| match below(n, seed, 10) {
                0 => None,
                value @ 1..8 => Some(value),
                _ => Some(below(n, seed + 77, 50)),
            };
            let from = numbers(rows, |n| cell(n, seed));
            let to = numbers(rows + rows / 10, |n| cell(n, seed + 5_000));
            let found = between(&[from], &[to]);
            let strong: Vec<_> = found.iter().filter(|drift| drift.is_strong()).collect();
            assert!(strong.is_empty(), "{rows} rows, {seed}: {strong:?}");
        }
    }
}

fn any_column() -> impl Strategy<Value = Column> {
    let cell = prop_oneof![
        Just(None),
        (-5i64..900).prop_map(|n| Some(n.to_string())),
        "[a-c]{0,2}".prop_map(Some),
        Just(Some("2024-01-31".to_owned())),
    ];
    let types = prop_oneof![
        Just(ColumnType::Text),
        Just(ColumnType::Integer),
        Just(ColumnType::Date),
        Just(ColumnType::Empty),
    ];
    let cells = prop::collection::vec(cell, 0..700);
    (1i64..5, types, cells).prop_map(|(phys, column_type, cells)| Column {
        phys,
        name: ["a", "b", "c", "d", "e"][phys as usize],
        ..column(column_type, cells)
    })
}

fn any_table() -> impl Strategy<Value = Vec<Column>> {
    prop::collection::vec(any_column(), 0..4).prop_map(|mut table| {
        table.sort_by_key(|column| column.phys);
        table.dedup_by_key(|column| column.phys);
        table
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(150))]

    #[test]
    fn what_is_the_same_has_not_drifted(table in any_table()) {
        prop_assert_eq!(between(&table, &table), []);
    }

    #[test]
    fn drift_is_sorted_weighed_and_the_same_backwards(from in any_table(), to in any_table()) {
        let found = between(&from, &to);
        prop_assert!(found.iter().all(|drift| (0.0..=1.0).contains(&drift.weight)));
        prop_assert!(found.is_sorted_by(|a, b| a.weight >= b.weight));
        let back = between(&to, &from);
        let kinds = |found: &[Drift], backwards: bool| {
            let mut counts = [0; 6];
            for drift in found {
                let kind = match (&drift.change, backwards) {
                    (Change::Appeared, false) | (Change::Removed, true) => 0,
                    (Change::Removed, false) | (Change::Appeared, true) => 1,
                    (Change::NullRate { .. }, _) => 2,
                    (Change::Type { .. }, _) => 3,
                    (Change::Rows { .. }, _) => 4,
                    _ => 5,
                };
                counts[kind] += 1;
            }
            [counts[0], counts[1], counts[2], counts[3], counts[4]]
        };
        prop_assert_eq!(kinds(&found, false), kinds(&back, true));
    }
}
