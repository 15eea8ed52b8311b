//! The logical hash of a table: what is in it, not where it lies.

use entity_core::TableCount;

use super::Table;
use crate::rows::Cell;

/// Bytes that are gathered before they are hashed.
const BUFFER: usize = 64 << 10;

/// Hashes the rows of a table in key order. Two tables have the same hash if and only if they have the
/// same columns and the same rows to the bit: NULL is not `''`, 1 is not 1.0, 0.0 is not -0.0.
///
/// It does not depend on pages, rowids of catalogue tables, or the order in which rows were written.
pub struct TableDigest {
    name: String,
    hasher: blake3::Hasher,
    buffer: Vec<u8>,
    rows: i64,
}

impl TableDigest {
    /// A digest of no row yet.
    #[must_use]
    pub fn new(table: &Table) -> Self {
        Self::of(&table.name, &table.columns)
    }

    /// A digest of no row yet, of rows with these columns.
    pub(crate) fn of(name: &str, columns: &[String]) -> Self {
        let mut digest = Self {
            name: name.to_owned(),
            hasher: blake3::Hasher::new(),
            buffer: Vec::new(),
            rows: 0,
        };
        digest.buffer.extend_from_slice(b"manifold-table-0");
        digest.length(columns.len());
        for column in columns {
            digest.bytes(column.as_bytes());
        }
        digest
    }

    /// Adds the next row.
    pub fn row(&mut self, cells: &[Cell<'_>]) {
        for cell in cells {
            self.cell(*cell);
        }
        self.end_row();
    }

    /// Adds the next cell of a row.
    #[inline]
    pub(super) fn cell(&mut self, cell: Cell<'_>) {
        match cell {
            Cell::Null => self.buffer.push(0),
            Cell::Int(value) => {
                self.buffer.push(1);
                self.buffer.extend_from_slice(&value.to_le_bytes());
            }
            Cell::Real(value) => {
                self.buffer.push(2);
                self.buffer
                    .extend_from_slice(&value.to_bits().to_le_bytes());
            }
            Cell::Text(bytes) => {
                self.buffer.push(3);
                self.bytes(bytes);
            }
            Cell::Blob(bytes) => {
                self.buffer.push(4);
                self.bytes(bytes);
            }
        }
    }

    /// The row is complete.
    #[inline]
    pub(super) fn end_row(&mut self) {
        self.rows += 1;
        if self.buffer.len() >= BUFFER {
            self.hasher.update(&self.buffer);
            self.buffer.clear();
        }
    }

    /// The table's name, its number of rows and their hash in hex.
    #[must_use]
    pub fn finish(mut self) -> TableCount {
        self.buffer.extend_from_slice(&self.rows.to_le_bytes());
        self.hasher.update(&self.buffer);
        let hash = format!("blake3:{}", self.hasher.finalize().to_hex());
        TableCount {
            name: self.name,
            rows: self.rows,
            hash,
        }
    }

    fn bytes(&mut self, bytes: &[u8]) {
        self.length(bytes.len());
        self.buffer.extend_from_slice(bytes);
    }

    fn length(&mut self, length: usize) {
        self.buffer
            .extend_from_slice(&(length as u64).to_le_bytes());
    }
}

impl std::fmt::Debug for TableDigest {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("TableDigest")
            .field("table", &self.name)
            .field("rows", &self.rows)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::super::TableKind;
    use super::*;

    fn table(columns: &[&str]) -> Table {
        let columns: Vec<String> = columns.iter().map(|&name| name.to_owned()).collect();
        let key = vec![columns[0].clone()];
        Table::new("d1".to_owned(), TableKind::Rows, columns, key)
    }

    fn hash(columns: &[&str], rows: &[&[Cell<'_>]]) -> String {
        let mut digest = TableDigest::new(&table(columns));
        for row in rows {
            digest.row(row);
        }
        digest.finish().hash
    }

    #[test]
    fn different_contents_have_different_hashes() {
        let all = [
            hash(&["a", "b"], &[]),
            hash(&["a", "c"], &[]),
            hash(&["ab"], &[]),
            hash(&["a", "b"], &[&[Cell::Null, Cell::Null]]),
            hash(&["a", "b"], &[&[Cell::Null, Cell::Text(b"")]]),
            hash(&["a", "b"], &[&[Cell::Text(b""), Cell::Null]]),
            hash(&["a", "b"], &[&[Cell::Null, Cell::Blob(b"")]]),
            hash(&["a", "b"], &[&[Cell::Int(1), Cell::Null]]),
            hash(&["a", "b"], &[&[Cell::Real(1.0), Cell::Null]]),
            hash(&["a", "b"], &[&[Cell::Text(b"1"), Cell::Null]]),
            hash(&["a", "b"], &[&[Cell::Real(0.0), Cell::Null]]),
            hash(&["a", "b"], &[&[Cell::Real(-0.0), Cell::Null]]),
            hash(&["a", "b"], &[&[Cell::Text(b"x"), Cell::Text(b"yz")]]),
            hash(&["a", "b"], &[&[Cell::Text(b"xy"), Cell::Text(b"z")]]),
            hash(
                &["a", "b"],
                &[&[Cell::Null, Cell::Null], &[Cell::Null, Cell::Null]],
            ),
        ];
        for (index, one) in all.iter().enumerate() {
            for other in &all[index + 1..] {
                assert_ne!(one, other);
            }
        }
    }

    #[test]
    fn many_rows_are_hashed_as_few_are() {
        let text = vec![b'x'; 1_000];
        let row = [Cell::Int(7), Cell::Text(&text)];
        let rows: Vec<&[Cell<'_>]> = vec![&row; 300];
        let one = hash(&["a", "b"], &rows);
        assert_eq!(one, hash(&["a", "b"], &rows));
        assert_ne!(one, hash(&["a", "b"], &rows[1..]));
    }
}
