//! The difference of snapshots of two projects is that of all their rows, one by one.

use super::super::{Change, Row, Side, Snapshot, diff_apart, read};
use super::csvish::Csvish;
use super::project::Project;
use proptest::prelude::*;
use std::collections::BTreeMap;
use std::ops::ControlFlow;

type Cells = Vec<String>;

/// The names of the columns and the stored cells of every row.
fn stored(project: &Project, snapshot: &Snapshot) -> (Vec<String>, Vec<Cells>) {
    let names = snapshot.columns.iter().map(|column| column.name.clone());
    let mut rows = Vec::new();
    read(&project.conn, snapshot, None, None, |_, row, _| {
        rows.push(row.cells().map(|cell| format!("{cell:?}")).collect());
        ControlFlow::Continue(())
    })
    .unwrap();
    (names.collect(), rows)
}

/// What a difference comes to: numbers of rows, and the changes in their order, without the cells that only one side has.
#[derive(Debug, PartialEq, Eq)]
struct Told {
    added: usize,
    removed: usize,
    changed: usize,
    changes: Vec<(Option<Cells>, Option<Cells>)>,
}

/// Compares every row with every other.
fn by_force(
    (from_names, from): (Vec<String>, Vec<Cells>),
    (to_names, to): (Vec<String>, Vec<Cells>),
    key: &[String],
) -> Told {
    let common: Vec<&String> = to_names
        .iter()
        .filter(|name| from_names.contains(name))
        .collect();
    let key: Vec<&String> = if key.iter().all(|name| common.contains(&name)) {
        key.iter().collect()
    } else {
        Vec::new()
    };
    let take = |names: &[String], row: &Cells, wanted: &[&String]| -> Cells {
        let place = |name: &String| names.iter().position(|other| other == name);
        let cells = wanted.iter().filter_map(|name| place(name));
        cells.map(|at| row[at].clone()).collect()
    };
    let mut left: Vec<(usize, &Cells)> = from.iter().enumerate().collect();
    let mut right: Vec<(usize, &Cells)> = Vec::new();
    for (at, row) in to.iter().enumerate() {
        let wanted = take(&to_names, row, &common);
        let equal = left
            .iter()
            .position(|(_, row)| !common.is_empty() && take(&from_names, row, &common) == wanted);
        match equal {
            Some(equal) => drop(left.remove(equal)),
            None => right.push((at, row)),
        }
    }
    let mut changes = BTreeMap::new();
    let mut told = Told {
        added: 0,
        removed: 0,
        changed: 0,
        changes: Vec::new(),
    };
    for (at, row) in right {
        let wanted = take(&to_names, row, &key);
        let same_key = left
            .iter()
            .position(|(_, row)| !key.is_empty() && take(&from_names, row, &key) == wanted);
        let after = Some(take(&to_names, row, &common));
        let before = same_key.map(|same_key| left.remove(same_key).1);
        match before {
            Some(_) => told.changed += 1,
            None => told.added += 1,
        }
        let before = before.map(|row| take(&from_names, row, &common));
        changes.insert((at, 0), (before, after));
    }
    for (at, row) in left {
        told.removed += 1;
        changes.insert((at, 1), (Some(take(&from_names, row, &common)), None));
    }
    told.changes = changes.into_values().collect();
    told
}

fn side<'a>((project, snapshot): (&'a Project, &'a Snapshot)) -> Side<'a> {
    Side {
        conn: &project.conn,
        snapshot,
    }
}

fn told(from: (&Project, &Snapshot), to: (&Project, &Snapshot), key: &[String]) -> Told {
    let mut look = || ControlFlow::Continue(());
    let diff = diff_apart(Some(side(from)), Some(side(to)), key, u64::MAX, &mut look)
        .unwrap()
        .unwrap();
    let cells = |row: &Row| {
        let columns = diff.columns.iter().enumerate();
        let common = columns.filter(|(_, column)| column.is_common());
        common
            .map(|(at, _)| format!("{:?}", row.cell(at)))
            .collect()
    };
    let changes = diff.changes.iter().map(|change| match change {
        Change::Added { after } => (None, Some(cells(after))),
        Change::Removed { before } => (Some(cells(before)), None),
        Change::Changed { before, after } => (Some(cells(before)), Some(cells(after))),
        Change::Moved { .. } => panic!("{change:?}"),
    });
    Told {
        added: usize::try_from(diff.added).unwrap(),
        removed: usize::try_from(diff.removed).unwrap(),
        changed: usize::try_from(diff.changed).unwrap(),
        changes: changes.collect(),
    }
}

fn table() -> impl Strategy<Value = (String, Vec<String>)> {
    let header = prop::sample::select(vec!["a,b", "b,a", "a,b,c", "c,b", "b", "d"]);
    let cell = || prop::sample::select(vec!["", "\"\"", "1", "2", "x"]);
    header.prop_flat_map(move |header| {
        let width = header.split(',').count();
        let row = prop::collection::vec(cell(), width).prop_map(|cells| cells.join(","));
        (Just(header.to_owned()), prop::collection::vec(row, 0..12))
    })
}

fn project((header, rows): &(String, Vec<String>)) -> (Project, Snapshot) {
    let project = Project::new();
    let rows: Vec<&str> = rows.iter().map(String::as_str).collect();
    project.import(&Csvish::new(header, &rows));
    let snapshot = project.latest();
    (project, snapshot)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn it_is_what_comparing_every_row_with_every_other_gives(
        from in table(),
        to in table(),
        key in prop::sample::select(vec!["", "a", "b", "a,b", "e"]),
    ) {
        let key: Vec<String> = key.split_terminator(',').map(str::to_owned).collect();
        let ((ours, from), (theirs, to)) = (project(&from), project(&to));
        let wanted = by_force(stored(&ours, &from), stored(&theirs, &to), &key);
        prop_assert_eq!(told((&ours, &from), (&theirs, &to), &key), wanted);
    }
}

#[test]
fn a_side_that_is_missing_is_empty_and_the_limit_leaves_the_counts() {
    let (project, snapshot) = project(&("a".to_owned(), vec!["1".to_owned(); 5]));
    let side = Some(Side {
        conn: &project.conn,
        snapshot: &snapshot,
    });
    let mut look = || ControlFlow::Continue(());
    let none = diff_apart(None, None, &[], 9, &mut look).unwrap().unwrap();
    assert_eq!((none.added, none.removed), (0, 0));
    let gone = diff_apart(side, None, &[], 2, &mut look).unwrap().unwrap();
    assert_eq!((gone.added, gone.removed, gone.changes.len()), (0, 5, 2));
    let back = diff_apart(None, side, &[], 2, &mut look).unwrap().unwrap();
    assert_eq!((back.added, back.removed, back.changes.len()), (5, 0, 2));
    let mut stop = || ControlFlow::Break(());
    assert!(diff_apart(side, side, &[], 2, &mut stop).unwrap().is_none());
}
