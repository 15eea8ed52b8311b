//! Which stored records a list means, and which of them were mended.

use std::collections::{BTreeMap, HashMap};
use std::ops::ControlFlow;
use std::path::Path;

use manifold_format::{CsvReading, EditError, RejectedText, TextEncoding};
use manifold_store::rows::{self, RowsError, Snapshot, StoredReject};
use manifold_store::{ProjectId, RowLog, RowLogError, SourceId};
use serde::Deserialize as _;
use serde_json::Value as Json;

use super::list::ListedReject;
use super::{ReadmitError, StillRejected};
use crate::JobError;

/// What tells the bytes of a record from those of another one.
type Mark = blake3::Hash;

/// Which records of the latest snapshot were mended.
#[derive(Debug)]
pub(super) struct Chosen {
    pub(super) latest: Snapshot,
    /// All of its rejected records, in order.
    pub(super) marks: Vec<Mark>,
    /// The mended ones, by their place among all.
    pub(super) mended: BTreeMap<usize, Mended>,
    pub(super) still_rejected: Vec<StillRejected>,
    /// Listed as they are stored.
    pub(super) unedited: u64,
    /// Mended records that the latest snapshot does not reject any more.
    pub(super) gone: u64,
}

/// A mended record.
#[derive(Debug)]
pub(super) struct Mended {
    pub(super) id: i64,
    pub(super) line: i64,
    pub(super) bytes: Vec<u8>,
}

/// A record that was edited, as the snapshot has it that it is listed from.
struct Edited {
    id: i64,
    line: i64,
    mark: Mark,
    text: RejectedText,
    record: String,
}

/// A snapshot of which records are listed.
struct Listed {
    snapshot: Snapshot,
    /// All of its rejected records, in order.
    marks: Vec<(i64, Mark)>,
    edited: Vec<Edited>,
    unedited: u64,
    /// A record that it does not have.
    missing: Option<i64>,
}

/// Finds the listed records. `wanted`: the source that they must be of.
pub(super) async fn choose(
    rows: &RowLog,
    project: &ProjectId,
    path: &Path,
    listed: Vec<ListedReject>,
    wanted: Option<&SourceId>,
) -> Result<Chosen, JobError> {
    let mut source = wanted.map(ToString::to_string);
    let mut found: Vec<Listed> = Vec::new();
    for (snapshot_id, records) in by_snapshot(listed) {
        let not_stored = |id| ReadmitError::NotStored {
            path: path.to_owned(),
            id,
            snapshot: snapshot_id.clone(),
        };
        let first = records.keys().min().copied().unwrap_or_default();
        let of_snapshot = match look_up(rows, project, &snapshot_id, records).await {
            Err(RowLogError::Rows(RowsError::NoSnapshot { .. })) => {
                return Err(not_stored(first).into());
            }
            looked => looked?,
        };
        let source = source.get_or_insert_with(|| of_snapshot.snapshot.source_id.clone());
        if *source != of_snapshot.snapshot.source_id {
            let error = ReadmitError::OtherSource {
                path: path.to_owned(),
                found: of_snapshot.snapshot.source_id,
                wanted: source.clone(),
            };
            return Err(error.into());
        }
        if let Some(id) = of_snapshot.missing {
            return Err(not_stored(id).into());
        }
        found.push(of_snapshot);
    }
    let Some(source) = source else {
        let error = ReadmitError::NoList {
            path: path.to_owned(),
            reason: "it lists no record, and no source is named".to_owned(),
        };
        return Err(error.into());
    };
    let (latest, marks) = latest_of(rows, project, source).await?;
    let mut places: HashMap<Mark, Vec<usize>> = HashMap::new();
    for (place, mark) in marks.iter().enumerate() {
        places.entry(*mark).or_default().push(place);
    }
    let mut chosen = Chosen {
        latest,
        marks,
        mended: BTreeMap::new(),
        still_rejected: Vec::new(),
        unedited: 0,
        gone: 0,
    };
    for listed in found {
        chosen.unedited += listed.unedited;
        chosen.add(&listed.marks, listed.edited, &places);
    }
    Ok(chosen)
}

/// The listed records of a snapshot.
async fn look_up(
    rows: &RowLog,
    project: &ProjectId,
    snapshot_id: &str,
    mut records: HashMap<i64, ListedReject>,
) -> Result<Listed, RowLogError> {
    let id = snapshot_id.to_owned();
    let read = rows.read(project, move |connection| {
        let snapshot = rows::snapshot(connection, &id)?;
        let encoding = encoding_of(&snapshot);
        let returns = snapshot.dialect["line_end"] == "crlf";
        let mut listed = Listed {
            snapshot,
            marks: Vec::new(),
            edited: Vec::new(),
            unedited: 0,
            missing: None,
        };
        rows::rejects(connection, &id, |stored| {
            listed.marks.push((stored.id, blake3::hash(stored.raw)));
            if let Some(record) = records.remove(&stored.id) {
                match edited_of(stored, record, encoding, returns) {
                    Some(edited) => listed.edited.push(edited),
                    None => listed.unedited += 1,
                }
            }
            ControlFlow::Continue(())
        })?;
        listed.missing = records.into_keys().min();
        Ok(listed)
    });
    read.await
}

/// The latest snapshot of a source, with what tells its rejected records.
async fn latest_of(
    rows: &RowLog,
    project: &ProjectId,
    source_id: String,
) -> Result<(Snapshot, Vec<Mark>), RowLogError> {
    let read = rows.read(project, move |connection| {
        let latest = rows::latest(connection, &source_id)?;
        let latest = latest.ok_or(RowsError::NothingPublished { source_id })?;
        let mut marks = Vec::new();
        rows::rejects(connection, &latest.id, |stored| {
            marks.push(blake3::hash(stored.raw));
            ControlFlow::Continue(())
        })?;
        Ok((latest, marks))
    });
    read.await
}

impl Chosen {
    /// Finds the records that were edited in a list of a snapshot, whose records are `before`, among those of the latest,
    /// which stand at `places`.
    fn add(
        &mut self,
        before: &[(i64, Mark)],
        edited: Vec<Edited>,
        places: &HashMap<Mark, Vec<usize>>,
    ) {
        let mut then: HashMap<Mark, Vec<i64>> = HashMap::new();
        for (id, mark) in before {
            then.entry(*mark).or_default().push(*id);
        }
        for Edited {
            id,
            line,
            mark,
            text,
            record,
        } in edited
        {
            let Some(now) = places.get(&mark) else {
                self.gone += 1;
                continue;
            };
            let then = then.get(&mark).map_or(&[][..], Vec::as_slice);
            // The n-th of equal records is the n-th as long as there are as many.
            let nth = then.iter().position(|other| *other == id);
            let bytes = match nth.filter(|_| now.len() == then.len()) {
                Some(nth) => text.bytes(&record).map(|bytes| (now[nth], bytes)),
                None => Err(EditError::NoRow {
                    reason: "others are equal to it, and some of them were taken back: list the rejects of the latest snapshot".to_owned(),
                }),
            };
            match bytes {
                Ok((place, bytes)) => {
                    self.mended.insert(place, Mended { id, line, bytes });
                }
                Err(error) => self.still_rejected.push(StillRejected {
                    id,
                    line,
                    reason: error.to_string(),
                }),
            }
        }
    }
}

fn by_snapshot(listed: Vec<ListedReject>) -> BTreeMap<String, HashMap<i64, ListedReject>> {
    let mut by_snapshot: BTreeMap<String, HashMap<i64, ListedReject>> = BTreeMap::new();
    for one in listed {
        let of_snapshot = by_snapshot.entry(one.snapshot_id.clone()).or_default();
        of_snapshot.insert(one.id, one);
    }
    by_snapshot
}

/// The record, if it was edited; `returns` says that the lines of its input end in `\r\n`.
fn edited_of(
    stored: StoredReject<'_>,
    listed: ListedReject,
    encoding: TextEncoding,
    returns: bool,
) -> Option<Edited> {
    let text = RejectedText::new(stored.raw, encoding).in_lines(returns);
    text.is_changed(&listed.record).then(|| Edited {
        id: stored.id,
        line: stored.line,
        mark: blake3::hash(stored.raw),
        text,
        record: listed.record,
    })
}

fn encoding_of(snapshot: &Snapshot) -> TextEncoding {
    recorded_encoding(&snapshot.dialect)
}

/// The encoding in which a snapshot with this recorded dialect keeps its rejected records.
pub(super) fn recorded_encoding(dialect: &Json) -> TextEncoding {
    CsvReading::deserialize(dialect).map_or(TextEncoding::UTF_8, |read| read.encoding)
}
