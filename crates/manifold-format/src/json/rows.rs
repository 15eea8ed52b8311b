//! The second pass over a JSON input: the rows of one table.

use super::analysis::{Analysis, Members, next_element, reason, trimmed};
use super::options::Shape;
use super::problem::JsonProblem;
use super::scalar::{KeyCell, Scalar};
use super::schema::{Identity, Schema, TableSchema, is_table};
use super::source::JsonSource;
use super::tagged::Tagged;
use super::value::{self, elements, members, unescaped};
use crate::encoding::Encoding;
use crate::error::ReadError;
use crate::item::Item;
use crate::reader::{Rows, TableSummary, check_encodings};
use crate::record::Record;
use crate::typed_cell::TypedCell;
use serde_json::json;
use std::collections::VecDeque;
use std::sync::Arc;

/// The rows of one table. Holds one record of the input, and its rows within.
pub(super) struct JsonRows {
    analysis: Arc<Analysis>,
    source: JsonSource,
    table: usize,
    /// The tables from that of the records to this one.
    chain: Vec<usize>,
    encodings: Vec<Encoding>,
    state: State,
    record: Vec<u8>,
    line: u64,
    /// Records of the input that were rows, so far.
    records: usize,
    within: VecDeque<Within>,
    rows: u64,
    rejected: u64,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    Before,
    Within,
    Behind,
}

/// A row within a record.
struct Within {
    value: Vec<u8>,
    parent: Option<KeyCell>,
    own: Option<KeyCell>,
}

impl JsonRows {
    pub(super) fn new(analysis: Arc<Analysis>, source: JsonSource, table: usize) -> Self {
        let mut chain = vec![table];
        while let Some(parent) = analysis.schema.tables[chain[0]].parent {
            chain.insert(0, parent);
        }
        let verdicts = analysis.schema.verdicts(table);
        Self {
            encodings: verdicts.iter().map(|verdict| verdict.encoding).collect(),
            analysis,
            source,
            table,
            chain,
            state: State::Before,
            record: Vec::new(),
            line: 1,
            records: 0,
            within: VecDeque::new(),
            rows: 0,
            rejected: 0,
        }
    }

    /// Takes the next record of the input; `false` behind the last.
    fn next_record(&mut self) -> Result<bool, ReadError> {
        let begins = self.state == State::Before;
        if begins {
            self.begin()?;
        }
        if self.state == State::Behind {
            return Ok(false);
        }
        let more = match self.analysis.shape {
            Shape::Lines => {
                if let Some(line) = self.source.next_line(&mut self.record)? {
                    self.line = line;
                    return Ok(true);
                }
                false
            }
            Shape::Values => self.source.peek()?.is_some(),
            Shape::Array | Shape::Envelope if begins => !self.source.take(b']')?,
            Shape::Array | Shape::Envelope => next_element(&mut self.source)?,
        };
        if more {
            self.line = self.source.value(&mut self.record)?;
        } else {
            self.state = State::Behind;
            self.source.drain()?;
        }
        Ok(more)
    }

    /// Goes to the first record.
    fn begin(&mut self) -> Result<(), ReadError> {
        self.state = State::Within;
        match self.analysis.shape {
            Shape::Lines | Shape::Values => return Ok(()),
            Shape::Array => {}
            Shape::Envelope => {
                let analysis = self.analysis.clone();
                for wanted in &analysis.schema.tables[self.chain[0]].path {
                    let mut members = Members::default();
                    loop {
                        match members.next(&mut self.source, &mut self.record)? {
                            None => return Err(ReadError::Changed),
                            Some(key) if key == *wanted => break,
                            Some(_) => {
                                self.source.peek()?;
                                self.source.skip_value()?;
                            }
                        }
                    }
                }
            }
        }
        if self.source.take(b'[')? {
            Ok(())
        } else {
            self.source
                .fault(JsonProblem::Unexpected { expected: "`[`" })
        }
    }

    /// Finds the rows of the table in the record at hand.
    fn look_within(&mut self) {
        let analysis = self.analysis.clone();
        let root = &analysis.schema.tables[self.chain[0]];
        let record = std::mem::take(&mut self.record);
        let number = KeyCell::Number(self.records.to_string().into_bytes());
        let own = match analysis.schema.identity(self.chain[0]) {
            Identity::Member => root.key.of(trimmed(&record)),
            _ => Some(number),
        };
        collect(
            &analysis.schema,
            &self.chain[1..],
            trimmed(&record),
            own.as_ref(),
            &mut self.within,
        );
        self.record = record;
    }

    fn fill(&mut self, record: &mut Record, row: &Within) -> Result<(), ReadError> {
        let schema = &self.analysis.schema;
        let table = &schema.tables[self.table];
        let mut cells: Vec<Option<Scalar<'_>>> = Vec::new();
        cells.resize_with(schema.width(self.table), || None);
        place(table, 0, &row.value, &mut cells)?;
        record.begin(self.line);
        let mut encodings = self.encodings.iter();
        let mut push = |cell: TypedCell<'_>| {
            let encoding = encodings.next().copied().unwrap_or(Encoding::Text);
            record.push(cell, encoding)
        };
        if schema.identity(self.table) == Identity::Made {
            push(row.own.as_ref().map_or(TypedCell::Null, KeyCell::cell))?;
        }
        if table.parent.is_some() {
            push(row.parent.as_ref().map_or(TypedCell::Null, KeyCell::cell))?;
        }
        for cell in &cells {
            push(cell.as_ref().map_or(TypedCell::Null, Scalar::cell))?;
        }
        Ok(())
    }

    fn dialect(&self) -> serde_json::Value {
        let analysis = &self.analysis;
        let table = &analysis.schema.tables[self.table];
        let path: Vec<_> = table
            .path
            .iter()
            .map(|key| String::from_utf8_lossy(key))
            .collect();
        json!({
            "shape": analysis.shape,
            "tables": analysis.schema.tables.len(),
            "path": path,
            "beside": analysis.rest,
            "left_out": analysis.left_out,
        })
    }
}

impl Rows for JsonRows {
    fn set_encodings(&mut self, encodings: &[Encoding]) -> Result<(), ReadError> {
        check_encodings(encodings, self.encodings.len(), self.rows)?;
        self.encodings = encodings.to_vec();
        Ok(())
    }

    fn next(&mut self, record: &mut Record) -> Result<Item, ReadError> {
        loop {
            if let Some(row) = self.within.pop_front() {
                self.fill(record, &row)?;
                self.rows += 1;
                return Ok(Item::Row);
            }
            if !self.next_record()? {
                return Ok(Item::End);
            }
            match value::check(&self.record) {
                Ok(()) => {
                    self.records += 1;
                    self.look_within();
                }
                Err(fault) if self.chain.len() == 1 => {
                    self.rejected += 1;
                    record.reject(self.line, reason(fault), &self.record);
                    return Ok(Item::Rejected);
                }
                // It is rejected where it belongs.
                Err(_) => {}
            }
        }
    }

    fn finish(&mut self) -> Result<TableSummary, ReadError> {
        let mut record = Record::new();
        while self.next(&mut record)? != Item::End {}
        let analysis = &self.analysis;
        let rejected = match self.chain.len() {
            1 => analysis.rejected[self.table],
            _ => 0,
        };
        let is_same = self.source.hash() == analysis.hash
            && self.rows == analysis.schema.rows(self.table)
            && self.rejected == rejected;
        if !is_same {
            return Err(ReadError::Changed);
        }
        let columns = analysis.schema.verdicts(self.table);
        Ok(TableSummary {
            odd_cells: columns.iter().map(|column| column.odd_cells).sum(),
            columns,
            dialect: self.dialect(),
            rows: self.rows,
            rejected: self.rejected,
            padded: 0,
            mended: 0,
            bytes: analysis.bytes,
            hash: analysis.hash,
        })
    }
}

/// Collects the rows of the last table of `chain` in a row of the one before the first.
fn collect(
    schema: &Schema,
    chain: &[usize],
    row: &[u8],
    own: Option<&KeyCell>,
    found: &mut VecDeque<Within>,
) {
    let Some((&next, further)) = chain.split_first() else {
        found.push_back(Within {
            value: row.to_vec(),
            parent: None,
            own: own.cloned(),
        });
        return;
    };
    let table = &schema.tables[next];
    let mut array = row;
    for key in &table.path {
        let below = array.starts_with(b"{").then(|| members(array));
        let Some((_, value)) =
            below.and_then(|mut m| m.find(|(name, _)| *unescaped(name) == **key))
        else {
            return;
        };
        array = value;
    }
    if !array.starts_with(b"[") || !is_table(array) {
        return;
    }
    for (number, row) in (1..).zip(elements(array)) {
        let identity = match schema.identity(next) {
            Identity::Member => table.key.of(row),
            _ => own.map(|own| own.within(number)),
        };
        if further.is_empty() {
            found.push_back(Within {
                value: row.to_vec(),
                parent: own.cloned(),
                own: identity,
            });
        } else {
            collect(schema, further, row, identity.as_ref(), found);
        }
    }
}

/// Puts the values of a row where they belong.
fn place<'a>(
    table: &TableSchema,
    node: usize,
    value: &'a [u8],
    cells: &mut [Option<Scalar<'a>>],
) -> Result<(), ReadError> {
    let is_tagged = node > 0 && Tagged::of(value).is_some();
    let is_nested = value.starts_with(b"{") && members(value).next().is_some() && !is_tagged;
    if !is_nested && (node > 0 || !value.starts_with(b"{")) {
        match table.nodes[node].column {
            Some(column) => cells[column] = Some(Scalar::of(value)),
            None => return Err(ReadError::Changed),
        }
        return Ok(());
    }
    for (name, value) in members(value) {
        let below = table.nodes[node].below.get(&*unescaped(name));
        let below = *below.ok_or(ReadError::Changed)?;
        if !table.nodes[below].is_table_of(value) {
            place(table, below, value, cells)?;
        }
    }
    Ok(())
}
