//! Remembers the SQL that was run, for the test that looks at every query plan. Debug builds only.

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::{Mutex, PoisonError};

use rusqlite::Connection;
use rusqlite::trace::{TraceEvent, TraceEventCodes};

/// In which kind of database a statement was run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Place {
    /// The hub.
    Hub,
    /// Some spoke.
    Spoke,
}

static RECORDED: Mutex<Option<BTreeSet<(Place, String)>>> = Mutex::new(None);

/// Begins to remember, on connections that are opened from now on, in the whole process.
pub fn start() {
    *RECORDED.lock().unwrap_or_else(PoisonError::into_inner) = Some(BTreeSet::new());
}

/// The texts that were run since [`start`], each once, with their parameters' places instead of values.
#[must_use]
pub fn recorded() -> BTreeSet<(Place, String)> {
    RECORDED
        .lock()
        .unwrap_or_else(PoisonError::into_inner)
        .clone()
        .unwrap_or_default()
}

/// Remembers what runs on this connection, if remembering has begun.
pub(crate) fn watch(connection: &Connection, file: &Path) {
    let begun = RECORDED
        .lock()
        .unwrap_or_else(PoisonError::into_inner)
        .is_some();
    if begun {
        // SQLite calls a plain function, which knows its database only by being another one.
        let hub = file.file_name().is_some_and(|name| name == "core.db");
        let remember = if hub { in_hub } else { in_spoke };
        connection.trace_v2(TraceEventCodes::SQLITE_TRACE_STMT, Some(remember));
    }
}

#[expect(clippy::needless_pass_by_value, reason = "the type of the callback")]
fn in_hub(event: TraceEvent<'_>) {
    remember(Place::Hub, &event);
}

#[expect(clippy::needless_pass_by_value, reason = "the type of the callback")]
fn in_spoke(event: TraceEvent<'_>) {
    remember(Place::Spoke, &event);
}

fn remember(place: Place, event: &TraceEvent<'_>) {
    let mut recorded = RECORDED.lock().unwrap_or_else(PoisonError::into_inner);
    if let TraceEvent::Stmt(statement, _) = event
        && let Some(recorded) = recorded.as_mut()
    {
        recorded.insert((place, statement.sql().into_owned()));
    }
}
