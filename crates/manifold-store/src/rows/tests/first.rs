use super::super::Position;
use super::csvish::Csvish;
use super::project::Project;
use proptest::prelude::*;

#[test]
fn a_first_import_reads_back_in_order_with_types_and_counts() {
    let project = Project::new();
    let input = Csvish::new(
        "id,price,note",
        &[
            "3,1.50,\"\"",
            "!broken",
            "1,2.00,x~Q1",
            "2,,",
            "n/a,10.25,y~Q2",
            "!last",
        ],
    );
    let summary = project.import(&input);
    assert_eq!((summary.number, summary.seq), (1, 32768));
    assert_eq!(
        (
            summary.counts.row_count,
            summary.counts.added,
            summary.counts.rejected
        ),
        (4, 4, 2)
    );
    assert_eq!(summary.counts.odd_cells, 1);
    let snapshot = project.latest();
    assert_eq!(
        project.rows(&snapshot),
        ["3,1.50,", "1,2.00,x", "2,NULL,NULL", "n/a,10.25,y"]
    );
    let quirks: Vec<_> = project
        .read(&snapshot, None, None)
        .into_iter()
        .map(|r| r.2)
        .collect();
    assert_eq!(
        quirks,
        [None, Some(b"Q1".to_vec()), None, Some(b"Q2".to_vec())]
    );
    assert_eq!(snapshot.columns[1].column_type, "decimal");
    assert_eq!(
        project.number("SELECT CAST(sum(price) * 100 AS INTEGER) FROM orders"),
        1375
    );
    assert_eq!(project.number("SELECT count(*) FROM d7 WHERE _rid > 4"), 0);
    let rejects = project.text(
        "SELECT group_concat(line || ':' || coalesce(before_rid, '-') || ':' || raw) FROM rejected_rows",
    );
    assert_eq!(rejects, "3:2:broken,7:-:last");
    assert_eq!(project.text("SELECT status FROM data_sources"), "ok");
    assert_eq!(project.number("SELECT revision FROM project"), 2);
}

#[test]
fn cells_that_contradict_the_first_rows_are_stored_anew() {
    let project = Project::new();
    let mut lines: Vec<String> = (0..1500).map(|i| format!("{i},{i}.50,x{i}")).collect();
    lines.push("007,1,y".to_owned());
    let lines: Vec<&str> = lines.iter().map(String::as_str).collect();
    let mut input = Csvish::new("a,b,c", &lines);
    input.sample = 10;
    let mut options = project.options();
    options.batch_rows = 600;
    project.import_with(&input, &options);
    let snapshot = project.latest();
    assert_eq!(snapshot.columns[0].encoding, "text");
    assert_eq!(
        project.number("SELECT count(*) FROM d7 WHERE typeof(c1) <> 'text'"),
        0
    );
    assert_eq!(project.rows(&snapshot), input.shown());
}

#[test]
fn reading_goes_on_behind_a_position() {
    let project = Project::new();
    project.import(&Csvish::new("a", &["1~q", "2", "3~r", "4"]));
    let snapshot = project.latest();
    let page = project.read(&snapshot, None, Some(2));
    let text = page[1].0.to_string();
    let rest = project.read(&snapshot, Some(text.parse().unwrap()), None);
    let rows: Vec<_> = rest.iter().map(|r| (r.1.as_str(), r.2.is_some())).collect();
    assert_eq!(rows, [("3", true), ("4", false)]);
    assert!("1:".parse::<Position>().is_err() && "nan:1".parse::<Position>().is_err());
}

proptest! {
    #[test]
    fn a_position_survives_as_text(place in proptest::num::f64::NORMAL, rid in any::<i64>()) {
        let position = Position { place, rid };
        prop_assert_eq!(position.to_string().parse::<Position>().unwrap(), position);
    }
}
