//! Which columns of an input go on as which stored ones.

use super::super::error::{Doing, ImportError, RowsError};
use super::super::input::Input;
use super::super::records::{IncomingColumn, StoredColumn};
use super::super::rename::{self, Rename, RenamedColumn};
use super::super::snapshot::{Column, Snapshot};
use super::super::source::{MAX_COLUMNS, Source};
use super::renamed::Renamed;
use rusqlite::{Connection, OptionalExtension, params};

/// The stored column of every column of an input, in the input's order.
pub(super) struct Columns {
    pub(super) phys: Vec<i64>,
    pub(super) encodings: Vec<String>,
    new: Vec<bool>,
    pub(super) next_phys: i64,
    /// Those that go on under another name.
    pub(super) renamed: Vec<RenamedColumn>,
}

/// What a column goes on as.
struct Continued {
    phys: i64,
    encoding: String,
    was_empty: bool,
}

impl Columns {
    /// Finds the stored column of each column of the input: the one of the same name in the latest
    /// snapshot, or the one that `renames` says, or the one whose first values are the same, or the one that had the name in an
    /// older snapshot. What is left is new and gets the next free numbers.
    ///
    /// # Errors
    /// [`ImportError::TooManyColumns`]; [`ImportError::NoStoredColumn`] and others about renames.
    pub(super) fn find(
        conn: &Connection,
        source: &Source,
        previous: &Snapshot,
        input: &mut Input<'_>,
        renames: &[Rename],
    ) -> Result<Self, ImportError> {
        let incoming = input.records.columns();
        let mut found = same_names(previous, incoming);
        let (mut renamed, ended) = rename::apply(renames, previous, incoming, &mut found)?;
        if found.iter().any(Option::is_none) {
            let free = (0..previous.columns.len())
                .filter(|at| !found.contains(&Some(*at)) && !ended.contains(at));
            let candidates =
                Renamed::read(conn, previous, &free.collect::<Vec<_>>(), &*input.records)?;
            renamed.extend(candidates.find(incoming, previous, &mut found));
        }
        let mut continued: Vec<Option<Continued>> = found
            .iter()
            .map(|at| at.map(|at| Continued::from(&previous.columns[at])))
            .collect();
        for (at, column) in incoming.iter().enumerate() {
            if continued[at].is_none() {
                continued[at] = reappearing(conn, previous, &column.name, &continued)?;
            }
        }
        Ok(Self {
            renamed,
            ..Self::settle(conn, source, input, &continued)?
        })
    }

    fn settle(
        conn: &Connection,
        source: &Source,
        input: &mut Input<'_>,
        continued: &[Option<Continued>],
    ) -> Result<Self, ImportError> {
        let stored = source.stored_columns(conn)?;
        let mut columns = Self {
            phys: Vec::new(),
            encodings: Vec::new(),
            new: Vec::new(),
            next_phys: source.next_phys,
            renamed: Vec::new(),
        };
        for (at, continued) in continued.iter().enumerate() {
            columns.new.push(continued.is_none());
            let (phys, from) = match continued {
                Some(Continued {
                    phys,
                    encoding,
                    was_empty,
                }) => (
                    *phys,
                    Some(StoredColumn {
                        encoding,
                        was_empty: *was_empty,
                    }),
                ),
                None => {
                    columns.next_phys += 1;
                    (columns.next_phys - 1, None)
                }
            };
            columns.phys.push(phys);
            columns.encodings.push(input.records.adopt(at, from));
        }
        let needed = stored + columns.next_phys - source.next_phys;
        if needed > MAX_COLUMNS {
            return Err(ImportError::TooManyColumns {
                needed,
                stored,
                limit: MAX_COLUMNS,
            });
        }
        Ok(columns)
    }

    /// Columns that are stored already, by their index in the input.
    pub(super) fn stored(&self) -> Vec<usize> {
        (0..self.new.len()).filter(|&at| !self.new[at]).collect()
    }

    /// Columns that are new, by their index in the input.
    pub(super) fn new_ones(&self) -> Vec<usize> {
        (0..self.new.len()).filter(|&at| self.new[at]).collect()
    }

    /// Adds the new columns to the row table.
    pub(super) fn add(&self, conn: &Connection, source: &Source) -> Result<(), RowsError> {
        for at in self.new_ones() {
            let phys = self.phys[at];
            conn.execute_batch(&format!(
                "ALTER TABLE {} ADD COLUMN c{phys} ANY",
                source.table
            ))
            .doing("adding a column")?;
            conn.execute(
                "INSERT INTO source_columns(source_id, phys, encoding) VALUES (?, ?, ?)",
                params![source.id, phys, self.encodings[at]],
            )
            .doing("adding a column")?;
        }
        Ok(())
    }
}

impl From<&Column> for Continued {
    fn from(column: &Column) -> Self {
        Self {
            phys: column.phys,
            encoding: column.encoding.clone(),
            was_empty: column.column_type == "empty",
        }
    }
}

/// For each incoming column, the index of the column of the same name in `previous`: first names
/// that are exactly the same, then names that differ by case.
fn same_names(previous: &Snapshot, incoming: &[IncomingColumn]) -> Vec<Option<usize>> {
    let mut found: Vec<Option<usize>> = vec![None; incoming.len()];
    let equal: [fn(&str, &str) -> bool; 2] =
        [|a, b| a == b, |a, b| a.to_lowercase() == b.to_lowercase()];
    for equal in equal {
        for (at, column) in incoming.iter().enumerate() {
            if found[at].is_none() {
                found[at] = (0..previous.columns.len()).find(|&stored| {
                    equal(&previous.columns[stored].name, &column.name)
                        && !found.contains(&Some(stored))
                });
            }
        }
    }
    found
}

/// The column that an older snapshot lists under `name`, unless it is in use.
fn reappearing(
    conn: &Connection,
    previous: &Snapshot,
    name: &str,
    continued: &[Option<Continued>],
) -> Result<Option<Continued>, RowsError> {
    let in_use: Vec<i64> = previous
        .columns
        .iter()
        .map(|column| column.phys)
        .chain(continued.iter().flatten().map(|continued| continued.phys))
        .collect();
    let in_use = in_use
        .iter()
        .map(i64::to_string)
        .collect::<Vec<_>>()
        .join(",");
    conn.query_row(
        &format!(
            "SELECT c.phys, c.encoding, c.type = 'empty' FROM snapshot_columns c \
             JOIN snapshots s ON s.id = c.snapshot_id \
             WHERE s.source_id = ? AND c.name = ? AND c.phys NOT IN ({in_use}) \
             ORDER BY s.seq DESC LIMIT 1"
        ),
        params![previous.source_id, name],
        |row| {
            Ok(Continued {
                phys: row.get(0)?,
                encoding: row.get(1)?,
                was_empty: row.get(2)?,
            })
        },
    )
    .optional()
    .doing("looking for columns of older snapshots")
}
