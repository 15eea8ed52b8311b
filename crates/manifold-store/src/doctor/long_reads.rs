//! Reads that go on for long: while one does, the log of its database cannot be written back whole and grows with every
//! commit.

use std::time::Duration;

use super::databases::DatabaseState;
use super::{Finding, FindingClass};
use crate::{HeldRead, Timestamp};

/// From when on a read is long.
pub(super) const LONG: Duration = Duration::from_secs(60);

pub(super) fn examine(databases: &[DatabaseState], long: Duration) -> Vec<Finding> {
    let now = Timestamp::now();
    let is_long = |read: &HeldRead| (now - read.since).to_std().is_ok_and(|age| age >= long);
    let mut found = Vec::new();
    for database in databases {
        for read in database.held_reads.iter().filter(|read| is_long(read)) {
            found.push(explain(database, read));
        }
    }
    found
}

fn explain(database: &DatabaseState, read: &HeldRead) -> Finding {
    let HeldRead {
        pid,
        command,
        purpose,
        since,
        ..
    } = read;
    let explanation = format!(
        "process {pid} ({command}) reads one state of {} for {purpose} since {}: what is written since stays in its log, \
         which has {} now and grows with each commit",
        named(database),
        since.format("%Y-%m-%d %H:%M:%S UTC"),
        megabytes(database.log_bytes),
    );
    let repair = format!(
        "wait until it is done, or end process {pid}; then the log is used anew by the next writes"
    );
    let finding = Finding::new(FindingClass::LongReader, explanation, repair).at(&database.path);
    match &database.project_id {
        Some(project) => finding.of(project),
        None => finding,
    }
}

/// The database as a person calls it.
pub(super) fn named(database: &DatabaseState) -> String {
    match database.project_id {
        Some(_) => format!("project `{}`", database.name),
        None => "the hub".to_owned(),
    }
}

pub(super) fn megabytes(bytes: u64) -> String {
    format!("{:.1} MB", bytes as f64 / 1e6)
}
