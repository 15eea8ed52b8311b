//! Inputs that are kept instead of what is special about their rows.

use super::super::{
    Cell, Finished, ImportError, ImportOptions, IncomingColumn, OriginalParts, Outcome, Records,
    RecordsError, Row, Step, StoredColumn, Unwatched, import, original_parts,
};
use super::csvish::{Csvish, CsvishRecords};
use super::project::{Project, SOURCE};
use std::ops::ControlFlow;

/// An input whose bytes can be had again, or no more.
struct Keeping<'a>(CsvishRecords<'a>, Option<&'static [&'static str]>);

impl Records for Keeping<'_> {
    fn columns(&self) -> &[IncomingColumn] {
        self.0.columns()
    }

    fn adopt(&mut self, column: usize, stored: Option<StoredColumn<'_>>) -> String {
        self.0.adopt(column, stored)
    }

    fn next(&mut self, row: &mut Row) -> Result<Step, RecordsError> {
        self.0.next(row)
    }

    fn finish(&mut self) -> Result<Finished, RecordsError> {
        self.0.finish()
    }

    fn keeps_original(&self) -> bool {
        true
    }

    fn original(&mut self) -> Result<OriginalParts, RecordsError> {
        let parts = self.1.take().ok_or("the file has changed")?;
        Ok(Box::new(
            parts.iter().map(|part| Ok(part.as_bytes().to_vec())),
        ))
    }

    fn reencode<'a>(
        &self,
        cell: Cell<'_>,
        from: &str,
        to: &str,
        buffer: &'a mut Vec<u8>,
    ) -> Cell<'a> {
        self.0.reencode(cell, from, to, buffer)
    }

    fn render(&self, cell: Cell<'_>, encoding: &str, out: &mut Vec<u8>) {
        self.0.render(cell, encoding, out);
    }
}

fn keep(
    project: &Project,
    input: &Csvish,
    parts: Option<&'static [&'static str]>,
    options: &ImportOptions,
) -> Result<Outcome, ImportError> {
    let mut records = Keeping(input.records(), parts);
    import(&project.conn, SOURCE, &mut records, options, &mut Unwatched)
}

fn kept(project: &Project, snapshot: &str) -> Vec<Vec<u8>> {
    let mut parts = Vec::new();
    original_parts(&project.conn, snapshot, |part| {
        parts.push(part.to_vec());
        ControlFlow::Continue(())
    })
    .unwrap();
    parts
}

/// Two of five rows are special.
fn input(last: &str) -> Csvish {
    Csvish::new("a", &["1", "2~q", "!no", "3", "4~r", last])
}

#[test]
fn the_limit_decides_what_is_kept() {
    for (percent, parts, quirks) in [(40, 0, 2), (39, 2, 0)] {
        let project = Project::new();
        for last in ["5", "6"] {
            let options = ImportOptions {
                original_percent: percent,
                ..project.options()
            };
            keep(&project, &input(last), Some(&["one", "two"]), &options).unwrap();
            let id = &options.snapshot_id;
            assert_eq!(kept(&project, id).len(), parts, "{percent} {last}");
            let visible = project.read(&project.snapshot(id), None, None);
            assert_eq!(visible.iter().filter(|row| row.2.is_some()).count(), quirks);
        }
        assert_eq!(
            project.number("SELECT count(*) FROM row_quirks"),
            quirks as i64
        );
    }
}

#[test]
fn bytes_that_cannot_be_had_any_more_leave_nothing() {
    let project = Project::new();
    let failed = keep(&project, &input("5"), None, &project.options());
    assert!(failed.unwrap_err().to_string().contains("has changed"));
    assert_eq!(project.number("SELECT count(*) FROM snapshots"), 0);
    project.import(&input("5"));
    let before = project.state();
    let failed = keep(&project, &input("6"), None, &project.options());
    assert!(failed.unwrap_err().to_string().contains("has changed"));
    assert_eq!(project.state(), before);
    // Nobody asks for them when only a plan is made.
    let planned = ImportOptions {
        dry_run: true,
        ..project.options()
    };
    keep(&project, &input("6"), None, &planned).unwrap();
}

#[test]
fn an_import_for_another_snapshot_is_refused() {
    let project = Project::new();
    let onto = |snapshot: &str| ImportOptions {
        onto: Some(snapshot.to_owned()),
        ..project.options()
    };
    let moved = |outcome| matches!(outcome, Err(ImportError::Moved { .. }));
    assert!(moved(project.try_import(&input("5"), &onto("snap1"))));
    let first = project.import(&input("5")).snapshot_id;
    let second = project.import_with(&input("6"), &onto(&first)).snapshot_id;
    let before = project.state();
    assert!(moved(project.try_import(&input("7"), &onto(&first))));
    assert_eq!(project.state(), before);
    project.import_with(&input("7"), &onto(&second));
}
