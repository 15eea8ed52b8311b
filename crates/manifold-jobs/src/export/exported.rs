//! What was exported.

use serde::{Deserialize, Serialize};

use super::subject::Subject;
use super::write::Written;
use super::{ExportFormat, ExportRequest, ExportedColumn};
use crate::backup::Location;

/// What was exported.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Exported {
    /// The file, or its address.
    pub path: Location,
    /// Its format; that of the import when it is what was imported.
    pub format: ExportFormat,
    /// Whether it is the very bytes that were imported.
    pub original: bool,
    /// The snapshot; `None` for a query.
    pub snapshot_id: Option<String>,
    /// Its number.
    pub snapshot_number: Option<i64>,
    /// The snapshot from which changes are counted.
    pub since_id: Option<String>,
    /// How many rows there are.
    pub rows: u64,
    /// The columns; none when it is what was imported.
    pub columns: Vec<ExportedColumn>,
    /// The size of the file, in bytes.
    pub size_bytes: u64,
    /// The identity of its bytes: `blake3:..`.
    pub hash: String,
    /// Its description.
    pub datapackage: Option<Location>,
    /// What people should know of the rows.
    pub warnings: Vec<String>,
}

impl Exported {
    pub(super) fn new(
        request: &ExportRequest,
        subject: &Subject,
        written: Written,
        path: Location,
        datapackage: Option<Location>,
    ) -> Self {
        let snapshot = subject.snapshot.as_ref().map(|(_, snapshot)| snapshot);
        Self {
            path,
            format: request.format,
            original: request.rows.is_original(),
            snapshot_id: snapshot.map(|snapshot| snapshot.id.clone()),
            snapshot_number: snapshot.map(|snapshot| snapshot.number),
            since_id: subject.since.as_ref().map(|since| since.id.clone()),
            rows: written.flown.rows,
            columns: written.flown.columns,
            size_bytes: written.bytes,
            hash: written.hash,
            datapackage,
            warnings: written.flown.warnings,
        }
    }
}
