//! Files whose rows come in another order.

use super::super::{Change, Effect, ImportOptions, Listing, Position, delete, diff, recover};
use super::csvish::Csvish;
use super::failing::Fussy;
use super::project::{Project, SOURCE};

fn numbers(range: std::ops::Range<usize>) -> Vec<String> {
    range.map(|n| format!("{n},x{n}")).collect()
}

fn file(lines: &[String]) -> Csvish {
    let lines: Vec<&str> = lines.iter().map(String::as_str).collect();
    Csvish::new("id,v", &lines)
}

fn import(project: &Project, lines: &[String]) -> super::super::Counts {
    let input = file(lines);
    let summary = project.import_keyed(&input, &["id"]);
    assert_eq!(project.rows(&project.latest()), input.shown());
    summary.counts
}

fn orders(project: &Project) -> i64 {
    project.number("SELECT count(*) FROM row_orders")
}

fn versions(project: &Project) -> i64 {
    project.number("SELECT count(*) FROM d7")
}

/// A hundred rows, then the same in reverse, then some changes to them.
fn reversed() -> (Project, Vec<Vec<String>>) {
    let project = Project::new();
    let mut files = vec![numbers(0..100)];
    import(&project, &files[0]);
    let mut lines = files[0].clone();
    lines.reverse();
    let counts = import(&project, &lines);
    assert_eq!((counts.changed, counts.moved), (0, 99));
    assert_eq!((versions(&project), orders(&project)), (100, 1));
    files.push(lines.clone());
    // Rows before the first, between and behind the last, one that changes, one that goes and one that moves.
    lines.insert(0, "200,first".to_owned());
    lines.insert(50, "201,between".to_owned());
    lines.push("202,last".to_owned());
    lines[70] = lines[70].replace('x', "changed ");
    lines.remove(20);
    let row = lines.remove(30);
    lines.insert(60, row);
    let counts = import(&project, &lines);
    assert_eq!(
        (counts.added, counts.removed, counts.changed, counts.moved),
        (3, 1, 1, 1)
    );
    assert_eq!((versions(&project), orders(&project)), (105, 1));
    files.push(lines.clone());
    lines.insert(51, "203,next to it".to_owned());
    lines.push("204,last of all".to_owned());
    import(&project, &lines);
    files.push(lines);
    (project, files)
}

#[test]
fn a_file_in_another_order_stores_the_order_and_no_row() {
    let (project, files) = reversed();
    for (number, lines) in (1..).zip(&files) {
        let snapshot = project.snapshot(&format!("snap{number}"));
        assert_eq!(snapshot.order_id.is_some(), number > 1);
        assert_eq!(project.rows(&snapshot), *lines);
        assert_eq!(
            snapshot.order_id,
            [None, Some(32_769)][usize::from(number > 1)]
        );
    }
}

#[test]
fn reading_goes_on_behind_any_row_of_a_stored_order() {
    let (project, files) = reversed();
    for (number, lines) in (1..).zip(&files) {
        let snapshot = project.snapshot(&format!("snap{number}"));
        let mut after: Option<Position> = None;
        for line in lines {
            let page = project.read(&snapshot, after, Some(1));
            assert_eq!(page.len(), 1, "behind {after:?}");
            assert_eq!(page[0].1, *line);
            after = Some(page[0].0.to_string().parse().unwrap());
        }
        assert!(project.read(&snapshot, after, Some(1)).is_empty());
    }
}

#[test]
fn back_in_natural_order_no_order_is_stored() {
    let project = Project::new();
    let lines = numbers(0..40);
    import(&project, &lines);
    let mut other = lines.clone();
    other.rotate_left(20);
    import(&project, &other);
    assert!(project.latest().order_id.is_some());
    let mut longer = lines.clone();
    longer.extend(numbers(40..45));
    assert_eq!(import(&project, &longer).moved, 20);
    assert_eq!(project.latest().order_id, None);
    assert_eq!(versions(&project), 45);
    // With a row that has a position rids alone do not tell the order.
    longer.insert(3, "99,x".to_owned());
    import(&project, &longer);
    longer.rotate_left(20);
    import(&project, &longer);
    longer.rotate_right(20);
    let row = longer.remove(3);
    longer.push(row);
    import(&project, &longer);
    assert!(project.latest().order_id.is_some());
}

#[test]
fn any_snapshots_can_be_deleted_and_orders_go_with_the_last_that_has_them() {
    for chosen in 1_u32..1 << 4 {
        let (project, files) = reversed();
        let mut more = files[0].clone();
        more.rotate_left(30);
        import(&project, &more);
        let files: Vec<_> = files.into_iter().chain([more]).collect();
        // The snapshot with the second order stays or goes by the last bit, for it names what the others do not.
        let chosen = chosen | u32::from(chosen % 3 == 0) << 4;
        let (gone, kept): (Vec<usize>, Vec<usize>) =
            (1..=5).partition(|n| chosen >> (n - 1) & 1 == 1);
        let ids: Vec<_> = gone.iter().map(|n| format!("snap{n}")).collect();
        delete(&project.conn, SOURCE, &ids, Effect::Lasting, &|_| Ok(())).unwrap();
        for n in &kept {
            assert_eq!(
                project.rows(&project.snapshot(&format!("snap{n}"))),
                files[n - 1],
                "{kept:?}"
            );
        }
        let first = kept.iter().any(|n| (2..=4).contains(n));
        let second = kept.contains(&5);
        assert_eq!(
            orders(&project),
            i64::from(first) + i64::from(second),
            "{kept:?}"
        );
        // What comes next is compared with what is the latest now.
        let mut next = files[1].clone();
        next.swap(2, 90);
        import(&project, &next);
        for n in &kept {
            assert_eq!(
                project.rows(&project.snapshot(&format!("snap{n}"))),
                files[n - 1],
                "{kept:?}"
            );
        }
    }
}

#[test]
fn an_import_with_an_order_that_is_stopped_anywhere_leaves_nothing() {
    for refuse in 1.. {
        let (project, files) = reversed();
        let mut next = files[0].clone();
        next.rotate_left(50);
        next.extend(numbers(300..340));
        let before = project.state();
        let options = ImportOptions {
            key_columns: vec!["id".to_owned()],
            batch_rows: 7,
            ..project.options()
        };
        let input = file(&next);
        let outcome = super::super::import(
            &project.conn,
            SOURCE,
            &mut input.records(),
            &options,
            &mut Fussy::refusing(refuse),
        );
        recover(&project.conn, SOURCE, &|_| Ok(())).unwrap();
        if outcome.is_ok() {
            assert!(refuse > 5, "{refuse}");
            assert_eq!(project.rows(&project.latest()), next);
            return;
        }
        assert_eq!(project.state(), before);
        project.import_with(&input, &options);
        assert_eq!(project.rows(&project.latest()), next);
    }
}

#[test]
fn a_diff_tells_which_rows_moved() {
    let (project, files) = reversed();
    let snapshot = |n: usize| project.snapshot(&format!("snap{n}"));
    let key = ["id".to_owned()];
    let compare = |from: usize, to: usize, limit: u64| {
        let found = diff(
            &project.conn,
            &snapshot(from),
            &snapshot(to),
            Listing::first(limit),
            Some(&key),
        )
        .unwrap();
        let counts = (found.added, found.removed, found.changed, found.moved);
        let moved = found
            .changes
            .iter()
            .filter(|c| matches!(c, Change::Moved { .. }))
            .count();
        (counts, moved, found.changes.len())
    };
    assert_eq!(compare(1, 2, u64::MAX), ((0, 0, 0, 99), 99, 99));
    assert_eq!(compare(2, 1, 7), ((0, 0, 0, 99), 7, 7));
    // The row that changed may keep its place or move.
    let ((added, removed, changed, moved), ..) = compare(1, 3, u64::MAX);
    assert_eq!((added, removed, changed), (3, 1, 1));
    assert!((96..=98).contains(&moved), "{moved}");
    // Within one order only what has a new place.
    assert_eq!(compare(2, 3, u64::MAX), ((3, 1, 1, 1), 1, 6));
    assert_eq!(compare(3, 4, u64::MAX), ((2, 0, 0, 0), 0, 2));
    let found = diff(
        &project.conn,
        &snapshot(2),
        &snapshot(3),
        Listing::first(10),
        Some(&key),
    )
    .unwrap();
    let order: Vec<_> = found
        .changes
        .iter()
        .filter_map(|change| match change {
            Change::Added { after } | Change::Moved { after } | Change::Changed { after, .. } => {
                Some(super::csvish::shown(after.cell(0), "int"))
            }
            Change::Removed { .. } => None,
        })
        .collect();
    let place = |id: &String| {
        files[2]
            .iter()
            .position(|line| line.starts_with(&format!("{id},")))
    };
    let places: Vec<_> = order.iter().map(|id| place(id).unwrap()).collect();
    assert!(places.is_sorted(), "{places:?}");
}

#[test]
fn a_row_of_a_stored_order_that_was_put_back_does_not_differ() {
    let (project, files) = reversed();
    let mut lines = files[3].clone();
    lines[33] = lines[33].replace('x', "changed ");
    import(&project, &lines);
    import(&project, &files[3]);
    let (from, to) = (project.snapshot("snap4"), project.snapshot("snap6"));
    let found = diff(
        &project.conn,
        &from,
        &to,
        Listing::ALL,
        Some(&["id".to_owned()]),
    )
    .unwrap();
    assert_eq!((found.changed, found.moved, found.changes.len()), (0, 0, 0));
}

#[test]
fn an_order_that_is_lost_is_an_error_and_not_another_order() {
    let (project, files) = reversed();
    project.conn.execute("DELETE FROM row_orders", []).unwrap();
    let error = super::super::read(&project.conn, &project.latest(), None, None, |_, _, _| {
        std::ops::ControlFlow::Continue(())
    });
    let error = error.unwrap_err().to_string();
    assert!(
        error.contains("the order of the rows of source s1 is not there"),
        "{error}"
    );
    assert_eq!(project.rows(&project.snapshot("snap1")), files[0]);
    // The next import says so too, and changes nothing.
    assert!(
        project
            .try_import(&file(&files[0]), &project.options())
            .is_err()
    );
    assert_eq!(project.latest().number, 4);
}
