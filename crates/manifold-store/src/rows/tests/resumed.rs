//! First imports that go on where an earlier attempt was stopped.

use super::super::ImportOptions;
use super::csvish::Csvish;
use super::project::{Project, SOURCE};
use proptest::prelude::*;

const ROWS: usize = 2_000;

fn input(lines: &[String]) -> Csvish {
    let lines: Vec<&str> = lines.iter().map(String::as_str).collect();
    Csvish {
        sample: 8,
        ..Csvish::new("id,v", &lines)
    }
}

/// Every seventh row has a quirk, and before every eleventh stands a record that is no row.
fn lines() -> Vec<String> {
    let line = |i: usize| {
        let reject = (i % 11 == 5).then(|| format!("!bad{i}"));
        let quirk = if i % 7 == 3 {
            format!("~q{i}")
        } else {
            String::new()
        };
        reject.into_iter().chain([format!("{i},v{i}{quirk}")])
    };
    (0..ROWS).flat_map(line).collect()
}

fn options(project: &Project) -> ImportOptions {
    ImportOptions {
        batch_rows: 7,
        resumable: true,
        ..project.options()
    }
}

/// Stops an import when it reads this record.
fn stop(project: &Project, input: &Csvish, at: usize) -> i64 {
    let broken = Csvish {
        fail_at: Some(at),
        ..input.clone()
    };
    project.try_import(&broken, &options(project)).unwrap_err();
    project.number("SELECT count(*) FROM d7")
}

/// How many rows of all tables an import writes.
fn written(project: &Project, import: impl FnOnce()) -> u64 {
    let before = project.conn.total_changes();
    import();
    project.conn.total_changes() - before
}

#[test]
fn the_stored_rows_are_not_stored_again() {
    let input = input(&lines());
    let whole = Project::new();
    let all = written(&whole, || drop(whole.import_with(&input, &options(&whole))));
    let project = Project::new();
    let stored = stop(&project, &input, input.records.len() * 4 / 5);
    assert!(stored >= ROWS as i64 / 2, "{stored}");
    let rest = written(&project, || {
        drop(project.import_with(&input, &options(&project)));
    });
    let quirks = stored / 7;
    assert!(
        rest + (stored + quirks).cast_unsigned() <= all + 2,
        "{rest} of {all}, {stored} were stored"
    );
    assert_eq!(project.rows(&project.latest()), input.shown());
    let texts = "SELECT group_concat(raw || before_rid) FROM rejected_rows";
    assert_eq!(project.text(texts), whole.text(texts));
    // What counts up goes on as if nothing had been: a later import adds to it.
    let more: Vec<String> = lines().into_iter().chain(["x,y~q".to_owned()]).collect();
    let more = self::input(&more);
    assert_eq!(project.import(&more).counts.added, 1);
    assert_eq!(project.rows(&project.latest()), more.shown());
}

#[test]
fn behind_four_fifths_less_than_a_quarter_is_left_to_store() {
    for rows in [
        2_560_usize,
        2_600,
        3_839,
        4_000,
        4_500,
        10_001,
        60_000,
        200_000,
    ] {
        let lines: Vec<String> = (0..rows).map(|i| format!("{i},v{i}")).collect();
        let input = input(&lines);
        let project = Project::new();
        let usual = ImportOptions {
            resumable: true,
            ..project.options()
        };
        let broken = Csvish {
            fail_at: Some(rows * 4 / 5),
            ..input.clone()
        };
        project.try_import(&broken, &usual).unwrap_err();
        let stored = project.number("SELECT count(*) FROM d7");
        let rest = written(&project, || drop(project.import_with(&input, &usual)));
        // Beside the rows there are their columns and the snapshot.
        let left = rows as u64 - stored.cast_unsigned();
        assert!(rest <= left + 12, "{rest} writes for {left} rows");
        assert!(rest * 4 <= rows as u64, "{rest} of {rows}");
        assert_eq!(project.rows(&project.latest()).len(), rows);
    }
}

#[test]
fn all_rows_stored_and_only_the_end_missing_is_a_resumption_too() {
    let input = input(&lines());
    let project = Project::new();
    let stored = stop(&project, &input, input.records.len());
    assert_eq!(stored, ROWS as i64 - (ROWS as i64 % 64)); // the last statement was not full
    project.import_with(&input, &options(&project));
    assert_eq!(project.rows(&project.latest()), input.shown());
}

#[test]
fn another_reading_of_the_columns_begins_anew() {
    let project = Project::new();
    stop(&project, &input(&lines()), 1_500);
    let texts: Vec<String> = (0..ROWS).map(|i| format!("a{i},v{i}")).collect();
    let texts = input(&texts);
    project.import_with(&texts, &options(&project));
    assert_eq!(project.rows(&project.latest()), texts.shown());
    assert_eq!(project.number("SELECT count(*) FROM source_columns"), 2);
}

#[test]
fn who_was_stopped_and_wakes_up_has_lost_its_right() {
    let project = Project::new();
    stop(&project, &input(&lines()), 1_500);
    let before = project.number("SELECT next_phys FROM data_sources");
    let broken = Csvish {
        fail_at: Some(1_600),
        ..input(&lines())
    };
    project.try_import(&broken, &options(&project)).unwrap_err();
    let columns = project.number(&format!(
        "SELECT next_phys FROM data_sources WHERE id = '{SOURCE}'"
    ));
    assert_eq!(columns, before + 1);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(40))]

    /// However often it is stopped, and however the file changes meanwhile, the snapshot is the last file.
    #[test]
    fn the_snapshot_is_the_file(
        stops in prop::collection::vec((0..ROWS, prop::option::of((0..ROWS, "[0-9a-z]{0,3}(~[a-z])?"))), 1..4),
    ) {
        let project = Project::new();
        let mut lines = lines();
        for (at, change) in stops {
            stop(&project, &input(&lines), at.min(lines.len()));
            if let Some((line, to)) = change {
                lines[line] = format!("{line},{to}");
            }
        }
        let input = input(&lines);
        let made = project.import_with(&input, &options(&project));
        let rows = project.rows(&project.latest());
        prop_assert_eq!(made.counts.added, rows.len() as i64);
        prop_assert_eq!(rows, input.shown());
    }
}
