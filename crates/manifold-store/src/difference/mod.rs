//! What differs between a project and another state of it, such as a backup.

mod catalogue;

use std::collections::{BTreeMap, BTreeSet};
use std::ops::ControlFlow;

use rusqlite::Connection;

pub use self::catalogue::{DifferentDefinition, DifferentTable};
use crate::rows::{self, Diff, Side, Snapshot};
use crate::{Frozen, RowLogError, StoreError};

/// What a project would gain and lose if it came into the other state.
#[derive(Debug)]
pub struct ProjectDifference {
    /// The sources that differ, by their names.
    pub sources: Vec<SourceDifference>,
    /// Sources that are the same, with every snapshot and row.
    pub same_sources: u64,
    /// What is set of the project itself and differs.
    pub project: Vec<DifferentDefinition>,
    /// Relationships and models that come, go or change.
    pub tables: Vec<DifferentTable>,
}

/// A source that differs.
#[derive(Debug)]
pub struct SourceDifference {
    /// Its id.
    pub id: String,
    /// Its name in the other state, or in the present one if only that has it.
    pub name: String,
    /// Whether the present state has it.
    pub is_present: bool,
    /// Whether the other state has it.
    pub is_other: bool,
    /// What is set of it and differs.
    pub definition: Vec<DifferentDefinition>,
    /// The numbers of the snapshots that only the present state has.
    pub snapshots_gone: Vec<i64>,
    /// The numbers of the snapshots that only the other state has.
    pub snapshots_back: Vec<i64>,
    /// How the rows of the latest snapshots differ: from the present to the other.
    pub rows: Diff,
}

/// A source as one of the states has it.
struct Source {
    name: String,
    key: Vec<String>,
    definition: BTreeMap<&'static str, String>,
    /// Ids and numbers.
    snapshots: BTreeMap<String, i64>,
}

impl ProjectDifference {
    /// Compares the present state of a project with another one of it, and lists at most `limit` rows of each source. Rows are paired
    /// by the key that the source has in the present state. Sources are the same that have the same id.
    ///
    /// Reads all rows of the latest snapshots, and sorts in temporary files. `look` is called now and then and ends it by
    /// `Break`: then nothing is returned. Blocks.
    ///
    /// # Errors
    /// [`RowLogError`] by meaning.
    pub fn between(
        present: &Frozen,
        other: &Frozen,
        limit: u64,
        look: &mut dyn FnMut() -> ControlFlow<()>,
    ) -> Result<Option<Self>, RowLogError> {
        let (here, there) = (present.connection(), other.connection());
        let (ours, theirs) = (catalogue::sources(here)?, catalogue::sources(there)?);
        let ids: BTreeSet<&String> = ours.keys().chain(theirs.keys()).collect();
        let mut difference = Self {
            sources: Vec::new(),
            same_sources: 0,
            project: catalogue::project(here, there)?,
            tables: catalogue::tables(here, there)?,
        };
        for id in ids {
            let (our, their) = (ours.get(id), theirs.get(id));
            let key = our
                .or(their)
                .map_or(&[][..], |source| source.key.as_slice());
            let (from, to) = (latest(here, id)?, latest(there, id)?);
            let from = from.as_ref().map(|snapshot| Side {
                conn: here,
                snapshot,
            });
            let to = to.as_ref().map(|snapshot| Side {
                conn: there,
                snapshot,
            });
            let Some(rows) = rows::diff_apart(from, to, key, limit, look)? else {
                return Ok(None);
            };
            let source = SourceDifference::of(id, our, their, rows);
            if source.is_none() {
                difference.same_sources += 1;
            }
            difference.sources.extend(source);
        }
        difference
            .sources
            .sort_by(|one, other| (&one.name, &one.id).cmp(&(&other.name, &other.id)));
        Ok(Some(difference))
    }

    /// Whether nothing differs.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.sources.is_empty() && self.project.is_empty() && self.tables.is_empty()
    }
}

impl SourceDifference {
    fn of(id: &str, our: Option<&Source>, their: Option<&Source>, rows: Diff) -> Option<Self> {
        let numbers = |of: Option<&Source>, not_in: Option<&Source>| {
            let is_known =
                |id: &String| not_in.is_some_and(|other| other.snapshots.contains_key(id));
            let snapshots = of.iter().flat_map(|source| &source.snapshots);
            let mut numbers: Vec<i64> = snapshots
                .filter(|(id, _)| !is_known(id))
                .map(|(_, number)| *number)
                .collect();
            numbers.sort_unstable();
            numbers
        };
        let definition = match (our, their) {
            (Some(our), Some(their)) => catalogue::different(&our.definition, &their.definition),
            _ => Vec::new(),
        };
        let source = Self {
            id: id.to_owned(),
            name: their.or(our)?.name.clone(),
            is_present: our.is_some(),
            is_other: their.is_some(),
            definition,
            snapshots_gone: numbers(our, their),
            snapshots_back: numbers(their, our),
            rows,
        };
        let is_same = source.is_present
            && source.is_other
            && source.definition.is_empty()
            && source.snapshots_gone.is_empty()
            && source.snapshots_back.is_empty()
            && source.rows.added + source.rows.removed + source.rows.changed == 0
            && source.rows.columns.iter().all(rows::DiffColumn::is_common);
        (!is_same).then_some(source)
    }
}

fn latest(connection: &Connection, source: &str) -> Result<Option<Snapshot>, RowLogError> {
    rows::latest(connection, source).map_err(RowLogError::from)
}

fn decode(what: &str, error: &serde_json::Error) -> StoreError {
    StoreError::Decode(format!("{what}: {error}"))
}
