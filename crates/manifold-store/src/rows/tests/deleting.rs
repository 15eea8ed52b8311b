use super::super::{RowsError, delete_latest, latest};
use super::csvish::Csvish;
use super::project::{Project, SOURCE};

fn delete(project: &Project) -> super::super::Deleted {
    delete_latest(&project.conn, SOURCE, &|_| Ok(())).unwrap()
}

#[test]
fn deleting_twice_opens_rows_that_either_snapshot_had_closed() {
    let project = Project::new();
    let first = Csvish::new("a", &["1", "2", "3"]);
    project.import(&first);
    project.import(&Csvish::new("a", &["1", "2"]));
    project.import(&Csvish::new("a", &["1"]));
    let deleted = delete(&project);
    assert_eq!((deleted.number, deleted.rows_reopened), (3, 1));
    assert_eq!(deleted.latest.as_deref(), Some("snap2"));
    delete(&project);
    assert_eq!(project.rows(&project.latest()), first.shown());
    assert_eq!(project.number("SELECT count(*) FROM orders"), 3);
}

#[test]
fn a_row_that_a_deleted_snapshot_closed_is_opened_by_the_next_deletion() {
    // The snapshot that closed the row and the one that is deleted last are not the same.
    let project = Project::new();
    let first = Csvish::new("a", &["1", "2"]);
    project.import(&first);
    project.import(&Csvish::new("a", &["1"]));
    project.import(&Csvish::new("a", &["1", "9"]));
    // What deleting a snapshot in the middle leaves: rows closed by a seq that no snapshot has.
    project
        .conn
        .execute("DELETE FROM snapshots WHERE number = 2", [])
        .unwrap();
    delete(&project);
    assert_eq!(project.rows(&project.latest()), first.shown());
}

#[test]
fn an_emptied_source_starts_over_with_new_numbers() {
    let project = Project::new();
    project.import(&Csvish::new("a,b", &["1,x~q", "2,y"]));
    let deleted = delete(&project);
    assert_eq!((deleted.latest, deleted.rows_deleted), (None, 2));
    assert!(latest(&project.conn, SOURCE).unwrap().is_none());
    assert_eq!(
        project.number("SELECT count(*) FROM sqlite_schema WHERE name IN ('d7', 'orders')"),
        0
    );
    assert!(matches!(
        delete_latest(&project.conn, SOURCE, &|_| Ok(())),
        Err(RowsError::NothingPublished { .. })
    ));
    let lines: Vec<String> = (0..200).map(|i| format!("{i}~q{i}")).collect();
    let lines: Vec<&str> = lines.iter().map(String::as_str).collect();
    let summary = project.import(&Csvish::new("a", &lines));
    assert_eq!(
        (summary.number, summary.seq, summary.columns[0].phys),
        (2, 32769, 3)
    );
    assert_eq!(project.number("SELECT min(_rid) FROM d7"), 3);
    assert_eq!(project.number("SELECT max(_rid) FROM d7"), 202);
    assert_eq!(project.number("SELECT min(quirk_id) FROM row_quirks"), 2);
}

#[test]
fn rids_of_a_deleted_snapshot_are_not_given_again() {
    let project = Project::new();
    project.import(&Csvish::new("a", &["1"]));
    project.import(&Csvish::new("a", &["1", "2", "3"]));
    delete(&project);
    project.import(&Csvish::new("a", &["1", "4"]));
    assert_eq!(project.number("SELECT max(_rid) FROM d7"), 4);
}
