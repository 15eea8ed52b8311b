//! Imports that fail, are cancelled, or die.

use super::super::{
    GuardError, ImportError, ImportOptions, Outcome, Recovered, RowsError, Unwatched, Watch,
    import, recover,
};
use super::csvish::Csvish;
use super::project::{Project, SOURCE};
use rusqlite::Connection;
use std::cell::Cell;
use std::ops::ControlFlow;

/// Refuses the write transactions from the `refuse`th on, or cancels after some rows.
pub(super) struct Fussy {
    begun: Cell<u32>,
    refuse: u32,
    cancel_at: u64,
}

impl Fussy {
    pub(super) fn refusing(refuse: u32) -> Self {
        Self {
            begun: Cell::new(0),
            refuse,
            cancel_at: u64::MAX,
        }
    }
}

impl Watch for Fussy {
    fn rows(&mut self, done: u64) -> ControlFlow<()> {
        if done >= self.cancel_at {
            ControlFlow::Break(())
        } else {
            ControlFlow::Continue(())
        }
    }

    fn guard(&self, conn: &Connection) -> Result<(), GuardError> {
        assert!(!conn.is_autocommit(), "asked outside a transaction");
        self.begun.set(self.begun.get() + 1);
        if self.begun.get() >= self.refuse {
            Err("the lease is lost".into())
        } else {
            Ok(())
        }
    }
}

fn inputs() -> (Csvish, Csvish) {
    let lines = |change: i32| {
        (0..60)
            .map(|i| format!("{i},{}~q{i}", if i % 7 == 3 { i * change } else { i }))
            .collect::<Vec<_>>()
    };
    let (one, two) = (lines(1), lines(2));
    let one: Vec<&str> = one.iter().map(String::as_str).collect();
    let mut two: Vec<&str> = two.iter().map(String::as_str).collect();
    two.rotate_left(5);
    (
        Csvish::new("id,v", &one),
        Csvish::new("id,v,w", &[]).with_rows(&two, ",1"),
    )
}

impl Csvish {
    fn with_rows(self, lines: &[&str], more: &str) -> Self {
        let lines: Vec<String> = lines
            .iter()
            .map(|line| line.replacen('~', &format!("{more}~"), 1))
            .collect();
        let lines: Vec<&str> = lines.iter().map(String::as_str).collect();
        Self {
            records: Self::new("", &lines).records,
            ..self
        }
    }
}

/// All that anybody sees or starts from. A failure may use up column numbers, and leave columns in the row table that nobody
/// will ever see.
fn visible(project: &Project) -> Vec<String> {
    let hidden = ["data_sources", "source_columns", "sqlite_schema", "d7"];
    let mut visible = project.state();
    visible.retain(|line| {
        hidden
            .iter()
            .all(|table| !line.contains(&format!("FROM {table} ")))
    });
    let counters = "SELECT printf('%d %d %d %d', next_rid, next_seq, next_number, next_quirk) FROM data_sources";
    visible.push(project.text(counters));
    if super::super::latest(&project.conn, SOURCE)
        .unwrap()
        .is_some()
    {
        visible.extend(project.rows(&project.latest()));
        let stored = "SELECT group_concat(_rid || ' ' || _to || ' ' || ifnull(_pos, '')) FROM d7";
        visible.push(project.text(stored));
    } else {
        assert_eq!(project.number("SELECT count(*) FROM source_columns"), 0);
        assert!(project.conn.prepare("SELECT * FROM d7").is_err());
    }
    visible
}

/// Every way to fail leaves what was there before, and the import succeeds when repeated.
fn fails_cleanly(
    prepare: impl Fn(&Project),
    input: &Csvish,
    fail: impl Fn(&Project, &ImportOptions) -> ImportError,
) {
    let project = Project::new();
    prepare(&project);
    let before = visible(&project);
    let options = ImportOptions {
        batch_rows: 7,
        ..project.options()
    };
    fail(&project, &options);
    recover(&project.conn, SOURCE, &|_| Ok(())).unwrap();
    assert_eq!(visible(&project), before);
    project.import_with(input, &options);
    assert_eq!(project.rows(&project.latest()), input.shown());
}

#[test]
fn a_guard_that_refuses_any_transaction_leaves_nothing() {
    let (first, second) = inputs();
    for later in [false, true] {
        let input = if later { &second } else { &first };
        let mut refused = 0;
        for refuse in 1.. {
            let project = Project::new();
            if later {
                project.import(&first);
            }
            let before = visible(&project);
            let options = ImportOptions {
                batch_rows: 7,
                ..project.options()
            };
            let mut watch = Fussy::refusing(refuse);
            let outcome = import(
                &project.conn,
                SOURCE,
                &mut input.records(),
                &options,
                &mut watch,
            );
            let Err(error) = outcome else { break };
            refused += 1;
            assert!(
                matches!(error, ImportError::Rows(RowsError::Guard(_))),
                "{error}"
            );
            assert!(project.conn.is_autocommit());
            if later {
                // The guard let nobody take anything back.
                assert_eq!(project.rows(&project.latest()), first.shown());
                assert_eq!(project.number("SELECT count(*) FROM orders"), 60);
            }
            recover(&project.conn, SOURCE, &|_| Ok(())).unwrap();
            assert_eq!(visible(&project), before, "refused at {refuse}");
            project.import_with(input, &options);
            assert_eq!(project.rows(&project.latest()), input.shown());
        }
        assert!(refused >= 4, "{refused}");
    }
}

#[test]
fn an_input_that_breaks_off_leaves_nothing() {
    let (first, second) = inputs();
    for at in [0, 1, 30, 59, 60] {
        for later in [false, true] {
            let input = if later { &second } else { &first };
            let prepare = |project: &Project| {
                if later {
                    project.import(&first);
                }
            };
            fails_cleanly(prepare, input, |project, options| {
                let broken = Csvish {
                    fail_at: Some(at),
                    ..input.clone()
                };
                let error = project.try_import(&broken, options).unwrap_err();
                assert!(error.to_string().ends_with("the disk is gone"), "{error}");
                error
            });
        }
    }
}

#[test]
fn a_cancelled_import_takes_itself_back() {
    let lines: Vec<String> = (0..9000).map(|i| i.to_string()).collect();
    let lines: Vec<&str> = lines.iter().map(String::as_str).collect();
    let input = Csvish::new("a", &lines);
    for later in [false, true] {
        let project = Project::new();
        if later {
            project.import(&Csvish::new("a", &["7"]));
        }
        let before = visible(&project);
        let options = ImportOptions {
            batch_rows: 1000,
            ..project.options()
        };
        let mut watch = Fussy {
            begun: Cell::new(0),
            refuse: u32::MAX,
            cancel_at: 8000,
        };
        let outcome = import(
            &project.conn,
            SOURCE,
            &mut input.records(),
            &options,
            &mut watch,
        );
        assert!(matches!(outcome, Err(ImportError::Cancelled)));
        assert_eq!(visible(&project), before);
    }
}

#[test]
fn a_first_import_that_died_is_invisible_and_is_dropped() {
    // The process dies when the third batch begins: nobody takes anything back.
    let project = Project::new();
    let (first, _) = inputs();
    let options = ImportOptions {
        batch_rows: 7,
        ..project.options()
    };
    let mut watch = Fussy::refusing(4);
    import(
        &project.conn,
        SOURCE,
        &mut first.records(),
        &options,
        &mut watch,
    )
    .unwrap_err();
    assert!(project.number("SELECT count(*) FROM d7") > 0);
    assert!(
        super::super::latest(&project.conn, SOURCE)
            .unwrap()
            .is_none()
    );
    assert!(project.conn.prepare("SELECT * FROM orders").is_err());
    let recovered = recover(&project.conn, SOURCE, &|_| Ok(())).unwrap();
    assert!(
        recovered.table_dropped && recovered.quirks_deleted > 0,
        "{recovered:?}"
    );
    project.import(&first);
    assert_eq!(project.rows(&project.latest()), first.shown());
}

#[test]
fn leftovers_above_a_published_snapshot_are_invisible_and_are_undone() {
    let kinds = [
        "INSERT INTO d7(_rid, c1) VALUES (61, 'x'), (62, 'y')",
        "UPDATE d7 SET _to = 32769 WHERE _rid IN (3, 4)",
        "INSERT INTO row_quirks VALUES ('s1', 61, 61, 8388607, x'00')",
        "UPDATE row_quirks SET closed_seq = 32769 WHERE quirk_id = 5",
    ];
    for leftovers in kinds
        .iter()
        .map(|kind| (*kind).to_owned())
        .chain([kinds.join(";")])
    {
        let project = Project::new();
        let (first, second) = inputs();
        project.import(&first);
        let before = project.state();
        project.conn.execute_batch(&leftovers).unwrap();
        assert_eq!(project.rows(&project.latest()), first.shown());
        assert_eq!(project.number("SELECT count(*) FROM orders"), 60);
        let recovered = recover(&project.conn, SOURCE, &|_| Ok(())).unwrap();
        assert_ne!(recovered, Recovered::default());
        assert_eq!(project.state(), before, "{leftovers}");
        project.import(&second);
        assert_eq!(project.rows(&project.latest()), second.shown());
    }
}

#[test]
fn another_writer_in_between_is_noticed() {
    /// Imports something else when the first write transaction is about to begin.
    struct Meddling<'a>(&'a Project, &'a str, Cell<bool>);
    impl Watch for Meddling<'_> {
        fn rows(&mut self, _done: u64) -> ControlFlow<()> {
            if !self.2.replace(true) {
                let other = Connection::open(self.0.conn.path().unwrap()).unwrap();
                other.execute_batch(self.1).unwrap();
            }
            ControlFlow::Continue(())
        }
        fn guard(&self, _conn: &Connection) -> Result<(), GuardError> {
            Ok(())
        }
    }
    for change in [
        "UPDATE data_sources SET next_rid = next_rid + 1",
        "UPDATE data_sources SET next_seq = next_seq + 1",
        "DELETE FROM published",
    ] {
        let project = Project::new();
        let (first, second) = inputs();
        project.import(&first);
        let options = project.options();
        let mut watch = Meddling(&project, change, Cell::new(false));
        let outcome = import(
            &project.conn,
            SOURCE,
            &mut second.records(),
            &options,
            &mut watch,
        );
        assert!(
            matches!(outcome, Err(ImportError::Moved { .. })),
            "{outcome:?}"
        );
    }
    let project = Project::new();
    let options = project.options();
    let (first, _) = inputs();
    let change = "UPDATE data_sources SET next_phys = next_phys + 1";
    let mut watch = Meddling(&project, change, Cell::new(false));
    let outcome = import(
        &project.conn,
        SOURCE,
        &mut first.records(),
        &options,
        &mut watch,
    );
    assert!(
        matches!(outcome, Err(ImportError::Moved { .. })),
        "{outcome:?}"
    );
}

#[test]
fn a_step_that_has_published_answers_again_without_reading() {
    let project = Project::new();
    let (first, second) = inputs();
    let step = super::super::JobStep {
        job_id: "j".into(),
        step: "load".into(),
    };
    let options = ImportOptions {
        step: Some(step),
        ..project.options()
    };
    let done = project.import_with(&first, &options);
    let again = import(
        &project.conn,
        SOURCE,
        &mut second.records(),
        &options,
        &mut Unwatched,
    );
    let Outcome::Published(again) = again.unwrap() else {
        panic!()
    };
    assert_eq!(
        (again.snapshot_id, again.counts),
        (done.snapshot_id, done.counts)
    );
}

#[test]
fn a_newer_row_format_and_used_up_numbers_are_refused() {
    let project = Project::new();
    let (first, _) = inputs();
    project
        .conn
        .execute("UPDATE data_sources SET row_format = 2", [])
        .unwrap();
    let error = project.try_import(&first, &project.options()).unwrap_err();
    assert!(matches!(
        error,
        ImportError::Rows(RowsError::NewerFormat { found: 2, .. })
    ));
    project
        .conn
        .execute(
            "UPDATE data_sources SET row_format = 1, next_seq = 8388607",
            [],
        )
        .unwrap();
    let error = project.try_import(&first, &project.options()).unwrap_err();
    assert!(matches!(
        error,
        ImportError::Rows(RowsError::NoSnapshotNumbers { .. })
    ));
}
