//! Says what was exported.

use manifold_jobs::export::{DATAPACKAGE, Exported};
use serde_json::json;

use super::chosen::Chosen;
use super::destination::Destination;
use crate::session::Session;
use crate::shapes::job::JobShape;
use crate::table::printable;
use crate::units::{count, size};

/// Says what was exported, by which job, if one did it.
pub(super) fn done(
    exported: Exported,
    job: Option<&JobShape>,
    to: &Destination,
    chosen: &Chosen,
    session: &Session,
) -> anyhow::Result<()> {
    let path = to.shown();
    let datapackage = exported
        .datapackage
        .map(|_| format!("{path}.{DATAPACKAGE}"));
    let document = json!({
        "export": {
            "path": path,
            "format": exported.format,
            "original": exported.original,
            "snapshot_id": exported.snapshot_id,
            "snapshot_number": exported.snapshot_number,
            "since_id": exported.since_id,
            "rows": exported.rows,
            "columns": exported.columns,
            "size_bytes": exported.size_bytes,
            "hash": exported.hash,
            "datapackage": datapackage,
            "warnings": exported.warnings,
        },
        "job": job,
    });
    let output = session.output();
    output.confirm(&document, || {
        let rows = count(i64::try_from(exported.rows).unwrap_or(i64::MAX), "row");
        format!(
            "Exported {rows} of {} to {} ({}).",
            chosen.what,
            printable(&path),
            size(exported.size_bytes)
        )
    })?;
    for warning in &exported.warnings {
        output.note(&format!("warning: {}", printable(warning)));
    }
    Ok(())
}
