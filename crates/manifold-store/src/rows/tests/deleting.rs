use super::super::{Deleted, Effect, RowsError, delete, latest};
use super::csvish::Csvish;
use super::project::{Project, SOURCE};

fn delete_numbers(project: &Project, numbers: &[i64], effect: Effect) -> Deleted {
    let id =
        |number: &i64| project.text(&format!("SELECT id FROM snapshots WHERE number = {number}"));
    let ids: Vec<String> = numbers.iter().map(id).collect();
    delete(&project.conn, SOURCE, &ids, effect, &|_| Ok(())).unwrap()
}

pub(super) fn delete_latest(project: &Project) -> Deleted {
    let latest = project.latest().number;
    delete_numbers(project, &[latest], Effect::Lasting)
}

#[test]
fn deleting_twice_opens_rows_that_either_snapshot_had_closed() {
    let project = Project::new();
    let first = Csvish::new("a", &["1", "2", "3"]);
    project.import(&first);
    project.import(&Csvish::new("a", &["1", "2"]));
    project.import(&Csvish::new("a", &["1"]));
    let deleted = delete_latest(&project);
    assert_eq!((deleted.numbers, deleted.rows_reopened), (vec![3], 1));
    assert_eq!(deleted.latest.as_deref(), Some("snap2"));
    delete_latest(&project);
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
    delete_latest(&project);
    assert_eq!(project.rows(&project.latest()), first.shown());
}

#[test]
fn an_emptied_source_starts_over_with_new_numbers() {
    let project = Project::new();
    project.import(&Csvish::new("a,b", &["1,x~q", "2,y"]));
    let deleted = delete_latest(&project);
    assert_eq!((deleted.latest, deleted.rows_deleted), (None, 2));
    assert!(latest(&project.conn, SOURCE).unwrap().is_none());
    assert_eq!(
        project.number("SELECT count(*) FROM sqlite_schema WHERE name IN ('d7', 'orders')"),
        0
    );
    let gone = delete(
        &project.conn,
        SOURCE,
        &["snap1".to_owned()],
        Effect::Lasting,
        &|_| Ok(()),
    );
    assert!(matches!(gone, Err(RowsError::NoSnapshot { .. })));
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
    delete_latest(&project);
    project.import(&Csvish::new("a", &["1", "4"]));
    assert_eq!(project.number("SELECT max(_rid) FROM d7"), 4);
}

/// Rows that come, change, go and come again; with quirks.
fn five(project: &Project) -> Vec<Csvish> {
    let versions: Vec<Csvish> = [
        vec!["1,a~q", "2,b", "3,c~q"],
        vec!["1,a~q", "2,B~r", "3,c~s", "4,d~q"],
        vec!["2,B", "3,c~s", "5,e~q"],
        vec!["1,a", "2,b", "3,c~q", "5,e~q", "6,f"],
        vec!["6,f~q", "1,a~t"],
    ]
    .into_iter()
    .map(|lines| Csvish::new("k,v", &lines))
    .collect();
    for version in &versions {
        project.import_keyed(version, &["k"]);
    }
    versions
}

#[test]
fn any_snapshots_can_be_deleted_and_the_others_keep_every_row() {
    for chosen in 1_u32..1 << 5 {
        let project = Project::new();
        let versions = five(&project);
        let (gone, kept): (Vec<i64>, Vec<i64>) = (1..=5).partition(|n| chosen >> (n - 1) & 1 == 1);
        let measured = delete_numbers(&project, &gone, Effect::Measured);
        assert_eq!(project.number("SELECT count(*) FROM snapshots"), 5);
        let deleted = delete_numbers(&project, &gone, Effect::Lasting);
        assert_eq!(deleted, measured);
        for number in &kept {
            let version = usize::try_from(*number).unwrap() - 1;
            let snapshot = project.snapshot(&format!("snap{number}"));
            assert_eq!(
                project.rows(&snapshot),
                versions[version].shown(),
                "{kept:?}"
            );
        }
        // Nothing is stored that no snapshot shows.
        let unseen = "SELECT count(*) FROM d7 WHERE NOT EXISTS \
                      (SELECT 1 FROM snapshots WHERE _rid <= rid_hi AND _to > seq)";
        if let Some(last) = kept.last() {
            assert_eq!(deleted.latest, Some(format!("snap{last}")));
            assert_eq!(project.number(unseen), 0, "{kept:?}");
        } else {
            assert_eq!(deleted.latest, None);
        }
        let more = Csvish::new("k,v", &["2,x~q", "7,y"]);
        project.import_keyed(&more, &["k"]);
        assert_eq!(project.rows(&project.latest()), more.shown());
    }
}

#[test]
fn what_deleting_frees_is_said_before() {
    let project = Project::new();
    let many: Vec<String> = (0..3_000)
        .map(|i| format!("{i},{}", "x".repeat(100)))
        .collect();
    let many: Vec<&str> = many.iter().map(String::as_str).collect();
    project.import(&Csvish::new("k,v", &["1,a"]));
    project.import(&Csvish::new("k,v", &many));
    project.import(&Csvish::new("k,v", &["1,a"]));
    let measured = delete_numbers(&project, &[2], Effect::Measured);
    assert!(measured.bytes_freed > 200_000, "{measured:?}");
    assert_eq!(project.number("PRAGMA freelist_count"), 0);
    assert_eq!(delete_numbers(&project, &[2], Effect::Lasting), measured);
}
