//! A snapshot.

use chrono::{DateTime, Utc};
use entity_project::enums::ColumnType;
use manifold_store::SnapshotDetails;
use serde::Serialize;

use crate::table::{self, Align};
use crate::units;

/// A snapshot: one version of a source.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct SnapshotShape {
    pub(crate) id: String,
    pub(crate) source_id: String,
    pub(crate) source_name: String,
    pub(crate) number: i64,
    pub(crate) row_count: i64,
    pub(crate) added: i64,
    pub(crate) removed: i64,
    pub(crate) changed: i64,
    pub(crate) moved: i64,
    pub(crate) rejected: i64,
    pub(crate) padded: i64,
    pub(crate) odd_cells: i64,
    pub(crate) columns: Vec<ColumnShape>,
    pub(crate) taken_at: DateTime<Utc>,
    pub(crate) input_hash: String,
    input_bytes: i64,
}

/// A column of a snapshot.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct ColumnShape {
    pub(crate) name: String,
    #[serde(rename = "type")]
    pub(crate) column_type: ColumnType,
    format: Option<String>,
    odd_cells: i64,
    null_tokens: Vec<String>,
}

impl From<SnapshotDetails> for SnapshotShape {
    fn from(details: SnapshotDetails) -> Self {
        let SnapshotDetails {
            snapshot,
            source,
            columns,
        } = details;
        Self {
            id: snapshot.id,
            source_id: snapshot.source_id,
            source_name: source.name,
            number: snapshot.number,
            row_count: snapshot.row_count,
            added: snapshot.added,
            removed: snapshot.removed,
            changed: snapshot.changed,
            moved: snapshot.moved,
            rejected: snapshot.rejected,
            padded: snapshot.padded,
            odd_cells: snapshot.odd_cells,
            columns: columns
                .into_iter()
                .map(|column| ColumnShape {
                    name: column.name,
                    column_type: column.r#type,
                    format: column.format,
                    odd_cells: column.odd_cells,
                    null_tokens: column.null_tokens.map_or_else(Vec::new, |tokens| tokens.0),
                })
                .collect(),
            taken_at: snapshot.taken_at,
            input_hash: snapshot.input_hash,
            input_bytes: snapshot.input_bytes,
        }
    }
}

impl SnapshotShape {
    /// How people write it: `planes@1`.
    pub(crate) fn reference(&self) -> String {
        format!("{}@{}", self.source_name, self.number)
    }

    /// A line for each snapshot.
    pub(crate) fn table(snapshots: &[Self]) -> String {
        let header = [
            ("snapshot", Align::Left),
            ("rows", Align::Right),
            ("added", Align::Right),
            ("removed", Align::Right),
            ("changed", Align::Right),
            ("moved", Align::Right),
            ("rejected", Align::Right),
            ("taken", Align::Left),
            ("id", Align::Left),
        ];
        let rows = snapshots.iter().map(|snapshot| {
            let counts = [
                snapshot.row_count,
                snapshot.added,
                snapshot.removed,
                snapshot.changed,
                snapshot.moved,
                snapshot.rejected,
            ];
            let mut row = vec![snapshot.reference()];
            row.extend(counts.map(units::number));
            row.extend([units::time(snapshot.taken_at), snapshot.id.clone()]);
            row
        });
        table::table(&header, rows)
    }

    /// A line for each field, and one for each column.
    pub(crate) fn fields(&self) -> String {
        let fields = table::fields(&[
            ("snapshot", self.reference()),
            ("id", self.id.clone()),
            ("taken", units::time(self.taken_at)),
            ("rows", units::number(self.row_count)),
            ("added", units::number(self.added)),
            ("removed", units::number(self.removed)),
            ("changed", units::number(self.changed)),
            ("moved", units::number(self.moved)),
            ("rejected", units::number(self.rejected)),
            ("padded", units::number(self.padded)),
            ("odd cells", units::number(self.odd_cells)),
            (
                "input",
                format!(
                    "{}, {}",
                    units::size(self.input_bytes.unsigned_abs()),
                    self.input_hash
                ),
            ),
        ]);
        let header = [
            ("column", Align::Left),
            ("type", Align::Left),
            ("format", Align::Left),
            ("odd cells", Align::Right),
            ("shown as NULL", Align::Left),
        ];
        let columns = table::table(&header, self.columns.iter().map(ColumnShape::line));
        format!("{fields}\n\n{columns}")
    }
}

impl ColumnShape {
    fn line(&self) -> Vec<String> {
        vec![
            self.name.clone(),
            self.column_type.to_string(),
            self.format.clone().unwrap_or_default(),
            units::number(self.odd_cells),
            self.null_tokens.join(" "),
        ]
    }
}
