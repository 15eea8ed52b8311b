//! The tables of an SQLite database, behind the trait that every format has.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use manifold_format::{
    ByteProgress, Decision, Encoding, Item, ReadError, Reader, Record, Reference, Rows, Table,
    TableEvidence, TableSummary, TypedCell, Verdict, check_encodings,
};
use manifold_store::{
    ForeignDatabase, ForeignError, ForeignRows, ForeignTable, ForeignValue, name,
};
use serde_json::{Value as Json, json};

use super::opened_input::Opening;
use super::{ImportFileError, InputFile};

/// The tables of a database. Each was read once, to find what its columns hold, and is read once more for its rows.
pub(super) struct SqliteReader {
    database: ForeignDatabase,
    /// For each table: its index in the database, and what was found.
    found: Vec<(usize, Arc<Found>)>,
    tables: Vec<Table>,
    decisions: Vec<Decision>,
    progress: ByteProgress,
}

/// What reading a table has shown.
struct Found {
    verdicts: Vec<Verdict>,
    declared: Json,
    rows: u64,
    bytes: u64,
    hash: blake3::Hash,
}

impl SqliteReader {
    /// Reads the tables that are wanted. Blocks.
    pub(super) fn open(
        file: &InputFile,
        opening: &Opening,
        progress: ByteProgress,
    ) -> Result<Self, ImportFileError> {
        let failed = |error| ImportFileError::Database(Box::new(error));
        let largest = opening.max_cell.saturating_mul(4);
        let database =
            ForeignDatabase::open(file.place(), largest, &opening.stop).map_err(failed)?;
        let all = database.tables();
        let is =
            |table: &ForeignTable, wanted: &String| name::fold(&table.name) == name::fold(wanted);
        for wanted in &file.tables {
            if !all.iter().any(|table| is(table, wanted)) {
                return Err(ImportFileError::NoTable {
                    path: file.path.clone(),
                    table: wanted.clone(),
                    tables: all.iter().map(|table| table.name.clone()).collect(),
                });
            }
        }
        let is_wanted = |table: &ForeignTable| {
            file.tables.is_empty() || file.tables.iter().any(|wanted| is(table, wanted))
        };
        let wanted: Vec<usize> = (0..all.len())
            .filter(|index| is_wanted(&all[*index]))
            .collect();
        if wanted.is_empty() {
            return Err(ImportFileError::NoTables {
                path: file.path.clone(),
            });
        }
        let (mut tables, mut found) = (Vec::new(), Vec::new());
        for &index in &wanted {
            progress.read.store(0, Ordering::Relaxed);
            let table = &all[index];
            let tokens = &opening.null_tokens;
            let looked = look(&database, index, tokens, &progress);
            let (evidence, shown) = looked.map_err(failed)?;
            let names = table
                .columns
                .iter()
                .map(|column| column.name.clone().into_bytes());
            tables.push(Table {
                name: Some(table.name.clone()),
                columns: evidence.proposed(names.collect()),
                references: Vec::new(),
                reading: json!({ "table": table.name }),
            });
            found.push((index, Arc::new(shown)));
        }
        for (position, &index) in wanted.iter().enumerate() {
            tables[position].references = references(&all[index], &wanted, all, &tables, position);
        }
        let decisions = decisions(&database);
        Ok(Self {
            database,
            found,
            tables,
            decisions,
            progress: ByteProgress {
                total: None,
                ..progress
            },
        })
    }
}

impl Reader for SqliteReader {
    fn format(&self) -> &'static str {
        "sqlite"
    }

    fn tables(&self) -> &[Table] {
        &self.tables
    }

    fn decisions(&self) -> &[Decision] {
        &self.decisions
    }

    fn progress(&self) -> ByteProgress {
        self.progress.clone()
    }

    fn rows(&mut self, table: usize) -> Result<Box<dyn Rows>, ReadError> {
        let (index, found) = self.found.get(table).ok_or(ReadError::NoTable { table })?;
        self.progress.read.store(0, Ordering::Relaxed);
        Ok(Box::new(SqliteRows {
            rows: self.database.rows(*index),
            found: found.clone(),
            encodings: found
                .verdicts
                .iter()
                .map(|verdict| verdict.encoding)
                .collect(),
            read: 0,
            at_end: false,
            progress: self.progress.clone(),
        }))
    }
}

/// The rows of one table.
struct SqliteRows {
    rows: ForeignRows,
    found: Arc<Found>,
    encodings: Vec<Encoding>,
    read: u64,
    at_end: bool,
    progress: ByteProgress,
}

impl Rows for SqliteRows {
    fn set_encodings(&mut self, encodings: &[Encoding]) -> Result<(), ReadError> {
        check_encodings(encodings, self.encodings.len(), self.read)?;
        self.encodings = encodings.to_vec();
        Ok(())
    }

    fn next(&mut self, record: &mut Record) -> Result<Item, ReadError> {
        let row = if self.at_end {
            None
        } else {
            self.rows.next_row().map_err(other)?
        };
        let Some(row) = row else {
            self.at_end = true;
            return Ok(Item::End);
        };
        self.read += 1;
        record.begin(self.read);
        let (mut text, mut bytes) = (String::new(), 0);
        for (value, encoding) in row.iter().zip(&self.encodings) {
            let cell = cell(value, &mut text);
            bytes += cell.bytes().len() as u64;
            record.push(cell, *encoding)?;
        }
        self.progress.read.fetch_add(bytes, Ordering::Relaxed);
        Ok(Item::Row)
    }

    fn finish(&mut self) -> Result<TableSummary, ReadError> {
        let mut record = Record::new();
        while self.next(&mut record)? != Item::End {}
        let found = &self.found;
        if self.read != found.rows {
            return Err(ReadError::Changed);
        }
        Ok(TableSummary {
            odd_cells: found.verdicts.iter().map(|verdict| verdict.odd_cells).sum(),
            columns: found.verdicts.clone(),
            dialect: json!({ "declared": found.declared }),
            rows: self.read,
            rejected: 0,
            padded: 0,
            mended: 0,
            bytes: found.bytes,
            hash: found.hash,
        })
    }
}

fn other(error: ForeignError) -> ReadError {
    ReadError::Other(Box::new(error))
}

/// A value as a cell; `text` is scratch space.
fn cell<'a>(value: &'a ForeignValue, text: &'a mut String) -> TypedCell<'a> {
    match value {
        ForeignValue::Null => TypedCell::Null,
        ForeignValue::Integer(number) => {
            *text = number.to_string();
            TypedCell::Number(text.as_bytes())
        }
        ForeignValue::Real(number) => {
            *text = format!("{number:?}");
            TypedCell::Number(text.as_bytes())
        }
        ForeignValue::Text(bytes) => TypedCell::Text(bytes),
        ForeignValue::Blob(bytes) => TypedCell::Blob(bytes),
    }
}

/// Reads a table to find what its columns hold.
fn look(
    database: &ForeignDatabase,
    index: usize,
    null_tokens: &Arc<[String]>,
    progress: &ByteProgress,
) -> Result<(TableEvidence, Found), ForeignError> {
    let table = &database.tables()[index];
    let mut evidence = TableEvidence::counting(null_tokens.clone(), table.columns.len());
    let mut hasher = blake3::Hasher::new();
    let mut hash = |tag: u8, bytes: &[u8]| {
        hasher.update(&[tag]);
        hasher.update(&(bytes.len() as u64).to_le_bytes());
        hasher.update(bytes);
    };
    for column in &table.columns {
        hash(b'c', column.name.as_bytes());
        hash(b'd', column.declared.as_bytes());
    }
    let (mut rows, mut text, mut total) = (database.rows(index), String::new(), 0);
    while let Some(row) = rows.next_row()? {
        let mut bytes = 0;
        for (column, value) in row.iter().enumerate() {
            let cell = cell(value, &mut text);
            evidence.count(column, cell);
            let tag = match cell {
                TypedCell::Null => b'0',
                TypedCell::Text(_) => b't',
                TypedCell::Blob(_) => b'b',
                _ => b'n',
            };
            hash(tag, cell.bytes());
            bytes += cell.bytes().len() as u64;
        }
        evidence.end_row();
        total += bytes;
        progress.read.fetch_add(bytes, Ordering::Relaxed);
    }
    let declared = table.columns.iter();
    let declared = declared.map(|column| (column.name.clone(), Json::from(&*column.declared)));
    let found = Found {
        verdicts: evidence.verdicts(),
        declared: Json::Object(declared.collect()),
        rows: evidence.rows(),
        bytes: total,
        hash: hasher.finalize(),
    };
    Ok((evidence, found))
}

/// How the table at `position` among those that are wanted refers to others of them.
fn references(
    table: &ForeignTable,
    wanted: &[usize],
    all: &[ForeignTable],
    shown: &[Table],
    position: usize,
) -> Vec<Reference> {
    let shown_names = |at: usize, names: &[String]| -> Option<Vec<String>> {
        let given = &all[wanted[at]].columns;
        let place = |name: &String| {
            let found = given
                .iter()
                .position(|column| name::fold(&column.name) == name::fold(name));
            found.map(|found| shown[at].columns[found].name.clone())
        };
        names.iter().map(place).collect()
    };
    let keys = table.foreign_keys.iter().filter_map(|key| {
        let is_target = |index: &usize| name::fold(&all[*index].name) == name::fold(&key.table);
        let to = wanted.iter().position(is_target)?;
        Some(Reference {
            columns: shown_names(position, &key.columns)?,
            table: to,
            to_columns: shown_names(to, &key.to_columns)?,
        })
    });
    keys.collect()
}

fn decisions(database: &ForeignDatabase) -> Vec<Decision> {
    let skipped = database.skipped();
    if skipped.is_empty() {
        return Vec::new();
    }
    let named = skipped
        .iter()
        .map(|table| format!("{} ({})", table.name, table.kind));
    vec![Decision {
        what: "skipped".to_owned(),
        found: named.collect::<Vec<_>>().join(", "),
        why: "only tables have rows of their own".to_owned(),
        sure: 100,
    }]
}
