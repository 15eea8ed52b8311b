//! A restore point of a project.

use std::path::PathBuf;

use chrono::{DateTime, Utc};
use manifold_store::{ImportedSnapshot, RestorePoint, UserAction};
use serde::Serialize;

use crate::table::{self, Align, printable};
use crate::units::{self, count};

/// Something that was done to a project and can be undone.
#[derive(Debug, Serialize)]
pub(crate) struct RestorePointShape {
    id: String,
    action: &'static str,
    at: DateTime<Utc>,
    file_name: Option<String>,
    snapshots: Vec<Imported>,
    source_name: Option<String>,
    safety_copy: Option<PathBuf>,
    #[serde(skip)]
    what: String,
}

/// A snapshot that an import made.
#[derive(Debug, Serialize)]
struct Imported {
    id: String,
    source_id: String,
    source_name: String,
    number: i64,
    row_count: i64,
}

impl RestorePointShape {
    /// The shape of a restore point.
    pub(crate) fn new(point: &RestorePoint) -> Self {
        let mut shape = Self {
            id: point.id.clone(),
            action: "",
            at: point.at,
            file_name: None,
            snapshots: Vec::new(),
            source_name: None,
            safety_copy: None,
            what: String::new(),
        };
        match &point.action {
            UserAction::Import {
                file_name,
                snapshots,
            } => {
                shape.action = "import";
                shape.what = import(file_name.as_deref(), snapshots);
                shape.file_name.clone_from(file_name);
                shape.snapshots = snapshots.iter().map(Imported::from).collect();
            }
            UserAction::SourceDeleted {
                name,
                snapshot_count,
            } => {
                shape.action = "source_delete";
                shape.what = format!(
                    "deletion of the source {} with {}",
                    printable(name),
                    count(*snapshot_count, "snapshot")
                );
                shape.source_name = Some(name.clone());
            }
            UserAction::Restored(copy) => {
                shape.action = "restore";
                shape.what = "restore in place, and all that was done since".to_owned();
                shape.safety_copy = Some(copy.path.clone());
            }
            UserAction::Undone(copy) => {
                shape.action = "undo";
                shape.what = "undo of a restore in place, and all that was done since".to_owned();
                shape.safety_copy = Some(copy.path.clone());
            }
        }
        shape
    }

    /// What was done, and when.
    pub(crate) fn sentence(&self) -> String {
        format!("{} ({})", self.what, units::time(self.at))
    }

    /// A line for each restore point.
    pub(crate) fn table(points: &[Self]) -> String {
        let header = [
            ("id", Align::Left),
            ("done", Align::Left),
            ("what", Align::Left),
        ];
        let rows = points
            .iter()
            .map(|point| vec![point.id.clone(), units::time(point.at), point.what.clone()]);
        table::table(&header, rows)
    }
}

fn import(file_name: Option<&str>, snapshots: &[ImportedSnapshot]) -> String {
    let names: Vec<_> = snapshots
        .iter()
        .map(|snapshot| {
            format!(
                "{}@{} with {}",
                printable(&snapshot.source_name),
                snapshot.number,
                count(snapshot.row_count, "row")
            )
        })
        .collect();
    let of = file_name.map_or_else(String::new, |name| format!(" of {}", printable(name)));
    format!("import{of}: {}", names.join(", "))
}

impl From<&ImportedSnapshot> for Imported {
    fn from(snapshot: &ImportedSnapshot) -> Self {
        Self {
            id: snapshot.id.clone(),
            source_id: snapshot.source_id.clone(),
            source_name: snapshot.source_name.clone(),
            number: snapshot.number,
            row_count: snapshot.row_count,
        }
    }
}
