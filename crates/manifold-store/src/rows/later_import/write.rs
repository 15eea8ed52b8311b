//! Writing the rows of a plan.

use super::super::cell::Cell;
use super::super::error::{Doing, ImportError, RowsError};
use super::super::sorter::Sorted;
use super::super::source::{END, RowTable, Source, column_list};
use super::super::spool::{Spool, damaged_spool};
use super::batches::Batches;
use super::changed_rids::ChangedRids;
use super::columns::Columns;
use super::item::{Item, Place, What};
use super::plan::Plan;
use rusqlite::{Connection, Statement, params};

/// Writes new row versions, fills new columns, and closes the versions that end.
pub(super) struct Write<'w, 'c, 'i, 'a> {
    conn: &'c Connection,
    batches: &'w mut Batches<'c, 'i, 'a>,
    source: &'w Source,
    columns: &'w Columns,
    next_rid: i64,
    changed: ChangedRids,
}

impl<'w, 'c, 'i, 'a> Write<'w, 'c, 'i, 'a> {
    pub(super) fn new(
        batches: &'w mut Batches<'c, 'i, 'a>,
        source: &'w Source,
        columns: &'w Columns,
    ) -> Self {
        Self {
            conn: batches.conn(),
            batches,
            source,
            columns,
            next_rid: source.next_rid,
            changed: ChangedRids::default(),
        }
    }

    /// The next free rid.
    pub(super) fn next_rid(&self) -> i64 {
        self.next_rid
    }

    /// The rows that were published before and that were filled.
    pub(super) fn into_changed(self) -> ChangedRids {
        self.changed
    }

    /// Fills the new columns of shared rows. That changes rows in place, which no older snapshot
    /// shows: none of them lists the columns.
    pub(super) fn fill(&mut self, fills: Spool) -> Result<(), ImportError> {
        if fills.len() == 0 {
            return Ok(());
        }
        let mut fill = self.prepare_fill()?;
        let mut reader = fills.into_reader()?;
        while let Some(mut packed) = reader.next()? {
            let rid = Cell::unpack(&mut packed).ok_or_else(damaged_spool)?;
            if let Cell::Int(rid) = rid {
                self.changed.add(rid);
            }
            let mut at = 1;
            while !packed.is_empty() {
                let cell = Cell::unpack(&mut packed).ok_or_else(damaged_spool)?;
                fill.raw_bind_parameter(at, cell)
                    .doing("filling a new column")?;
                at += 1;
            }
            fill.raw_bind_parameter(at, rid)
                .doing("filling a new column")?;
            fill.raw_execute().doing("filling a new column")?;
            self.batches.wrote()?;
        }
        Ok(())
    }

    fn prepare_fill(&self) -> Result<Statement<'c>, RowsError> {
        let set: Vec<_> = self
            .columns
            .new_ones()
            .into_iter()
            .map(|at| format!("c{} = ?", self.columns.phys[at]))
            .collect();
        let sql = format!(
            "UPDATE {} SET {} WHERE _rid = ?",
            self.source.table,
            set.join(", ")
        );
        self.conn.prepare(&sql).doing("filling a new column")
    }

    /// Writes the items of the plan, with rids that no row ever had: the ones that were planned.
    pub(super) fn items(&mut self, plan: &mut Plan, contents: Spool) -> Result<(), ImportError> {
        let mut statements = Statements::prepare(self.conn, self.source.table, self.columns)?;
        let mut contents = contents.into_reader()?;
        let (mut items, mut places) = (plan.items.reader(), plan.gaps.places());
        while let Some(item) = items.next()?.map(Item::unpack) {
            let place = match item.place {
                Place::Between => places.next()?,
                place => place,
            };
            match item.what {
                What::Insert { content } => {
                    statements.insert(self.next_rid, place, contents.at(content)?)?;
                    self.next_rid += 1;
                }
                What::Copy { rid } => {
                    statements.copy(self.next_rid, place, rid)?;
                    self.next_rid += 1;
                }
                What::Fill { content, rid } => self.fill_one(rid, contents.at(content)?)?,
            }
            self.batches.wrote()?;
        }
        self.close(&mut plan.closes)
    }

    /// Fills the new columns of one row from its whole content.
    fn fill_one(&mut self, rid: i64, mut content: &[u8]) -> Result<(), RowsError> {
        let mut cells = Vec::new();
        while !content.is_empty() {
            cells.push(Cell::unpack(&mut content).ok_or_else(damaged_spool)?);
        }
        for at in self.columns.new_ones() {
            if !cells[at].is_null() {
                let phys = self.columns.phys[at];
                self.changed.add(rid);
                self.conn
                    .prepare_cached(&format!(
                        "UPDATE {} SET c{phys} = ? WHERE _rid = ?",
                        self.source.table
                    ))
                    .and_then(|mut fill| fill.execute(params![cells[at], rid]))
                    .doing("filling a new column")?;
            }
        }
        Ok(())
    }

    fn close(&mut self, rids: &mut Sorted<1>) -> Result<(), ImportError> {
        let sql = format!(
            "UPDATE {} SET _to = ? WHERE _rid = ? AND _to = {END}",
            self.source.table
        );
        let mut close = self.conn.prepare(&sql).doing("closing rows")?;
        while let Some([rid]) = rids.next()? {
            close
                .execute(params![self.source.next_seq, rid.cast_signed()])
                .doing("closing rows")?;
            self.batches.wrote()?;
        }
        Ok(())
    }
}

struct Statements<'c> {
    insert: Statement<'c>,
    copy: Statement<'c>,
}

impl<'c> Statements<'c> {
    fn prepare(
        conn: &'c Connection,
        table: RowTable,
        columns: &Columns,
    ) -> Result<Self, RowsError> {
        let list = column_list(columns.phys.iter().copied());
        let marks = ", ?".repeat(columns.phys.len());
        let insert = format!("INSERT INTO {table}(_rid, _pos{list}) VALUES (?, ?{marks})");
        let copy = format!(
            "INSERT INTO {table}(_rid, _pos{list}) SELECT ?, ?{list} FROM {table} WHERE _rid = ?"
        );
        Ok(Self {
            insert: conn.prepare(&insert).doing("storing rows")?,
            copy: conn.prepare(&copy).doing("storing rows")?,
        })
    }

    fn insert(&mut self, rid: i64, place: Place, mut content: &[u8]) -> Result<(), RowsError> {
        self.insert
            .raw_bind_parameter(1, rid)
            .doing("storing rows")?;
        self.insert
            .raw_bind_parameter(2, place.stored())
            .doing("storing rows")?;
        let mut at = 3;
        while !content.is_empty() {
            let cell = Cell::unpack(&mut content).ok_or_else(damaged_spool)?;
            self.insert
                .raw_bind_parameter(at, cell)
                .doing("storing rows")?;
            at += 1;
        }
        self.insert.raw_execute().doing("storing rows")?;
        Ok(())
    }

    fn copy(&mut self, rid: i64, place: Place, from: i64) -> Result<(), RowsError> {
        self.copy
            .execute(params![rid, place.stored(), from])
            .doing("storing rows")?;
        Ok(())
    }
}

impl Place {
    /// What `_pos` holds.
    fn stored(self) -> Option<f64> {
        match self {
            Place::At(place) => Some(place),
            Place::Natural | Place::Between => None,
        }
    }
}
