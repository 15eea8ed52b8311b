//! Where mended records go.

use std::collections::BTreeMap;
use std::io::Read;

use manifold_format::{CsvOptions, CsvReader, EditError, Item, Record, RejectReason, rows_of};
use manifold_store::rows::Snapshot;
use tokio_util::sync::CancellationToken;

use super::chosen::{Chosen, Mended};
use super::spliced::Patch;
use super::{ReadmitError, StillRejected};
use crate::import::ImportFileError;

/// Between two looks at whether to stop, in records.
const LOOK_EVERY: u64 = 4_096;

/// Reads the bytes that the latest snapshot was imported from, and finds the places of the mended records in them; those
/// that are no rows yet stay rejected. Blocks.
pub(super) fn find_places(
    input: impl Read,
    header: &[u8],
    options: &CsvOptions,
    chosen: &mut Chosen,
    cancel: &CancellationToken,
) -> Result<Vec<Patch>, ReadmitError> {
    let unreadable = |error| match cancel.is_cancelled() {
        true => ReadmitError::Stopped,
        false => ReadmitError::File(ImportFileError::read(
            format!("snapshot {}", chosen.latest.id).as_ref(),
            error,
        )),
    };
    let mended = &mut chosen.mended;
    let mut still_rejected = Vec::new();
    let mut reader = CsvReader::open(input, options.clone()).map_err(unreadable)?;
    let columns = Some(reader.columns().len());
    let alone = CsvOptions {
        columns,
        ..options.clone()
    };
    let (mut record, mut patches) = (Record::new(), Vec::new());
    let (mut place, mut records) = (0, 0_u64);
    loop {
        records += 1;
        if records.is_multiple_of(LOOK_EVERY) && cancel.is_cancelled() {
            return Err(ReadmitError::Stopped);
        }
        match reader.next(&mut record).map_err(unreadable)? {
            Item::Row => continue,
            Item::End => break,
            Item::Rejected => {}
        }
        if chosen.marks.get(place) != Some(&blake3::hash(record.raw())) {
            return Err(read_otherwise(&chosen.latest, record.line()));
        }
        if let Some(mend) = mended.remove(&place) {
            match check(&mend, record.reason(), header, &alone) {
                Ok(()) => patches.push(Patch {
                    at: reader.bytes_behind() - record.raw().len() as u64,
                    len: record.raw().len() as u64,
                    bytes: mend.bytes,
                }),
                Err(error) => still_rejected.push(StillRejected {
                    id: mend.id,
                    line: mend.line,
                    reason: error.to_string(),
                }),
            }
        }
        place += 1;
    }
    if place != chosen.marks.len() {
        return Err(read_otherwise(&chosen.latest, record.line()));
    }
    *mended = BTreeMap::new();
    chosen.still_rejected.append(&mut still_rejected);
    chosen.still_rejected.sort_by_key(|record| record.id);
    Ok(patches)
}

/// Whether a mended record would be a row in its place.
fn check(
    mend: &Mended,
    reason: Option<RejectReason>,
    header: &[u8],
    alone: &CsvOptions,
) -> Result<(), EditError> {
    if let Some(other_table @ RejectReason::OtherTable { .. }) = reason {
        // What is behind another header is rejected whatever it is.
        return Err(EditError::NoRow {
            reason: format!("{other_table}: import the file with --all-tables to have its rows"),
        });
    }
    rows_of(header, &mend.bytes, alone).map(drop)
}

fn read_otherwise(latest: &Snapshot, line: u64) -> ReadmitError {
    ReadmitError::ReadOtherwise {
        snapshot: latest.id.clone(),
        reason: format!("other records are rejected in or behind line {line}"),
    }
}
