//! Runs one statement.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use rusqlite::types::ValueRef;
use rusqlite::{Connection, Transaction};

use super::authorizer::Scope;
use super::classify::{Context, classify, file_error};
use super::effort::Effort;
use super::error::QueryError;
use super::open::Sandbox;
use super::params::Parameters;
use super::schema::{Schema, fold, is_row_table};
use super::sink::{ResultColumn, RowColumn, RowSink};
use super::statement::Statement;
use super::temp_views::{self, ViewResolver};
use super::touched;

/// How a run ended well.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finished {
    /// Rows the sink took.
    pub rows: u64,
    /// Whether there was a row beyond the limit, or may have been one after the sink's break.
    pub truncated: bool,
    /// Time from the start of the run to its end.
    pub elapsed: Duration,
    /// The stored columns that the statement reads, anywhere in it, sorted.
    pub touched: Vec<RowColumn>,
}

impl Sandbox {
    /// Runs the one SELECT in `sql` and gives its rows to `sink`, at most `limit` of them.
    ///
    /// Rows are delivered as they are found, so an error may come after some of them. A break of the
    /// sink ends the run well. Nothing is changed in any case, and the sandbox can run the next
    /// statement.
    ///
    /// # Errors
    ///
    /// Every variant of [`QueryError`] but [`QueryError::Open`].
    pub fn run(
        &mut self,
        sql: &str,
        parameters: &Parameters,
        snapshots: &ViewResolver<'_>,
        sink: &mut dyn RowSink,
        limit: Option<u64>,
    ) -> Result<Finished, QueryError> {
        let statement = Statement::parse(sql)?;
        self.stop.start(self.timeout);
        // TEMP views cannot be made while it is on; the file itself is open for reading only.
        self.connection
            .pragma_update(None, "query_only", false)
            .map_err(file_error)?;
        let transaction = self
            .connection
            .unchecked_transaction()
            .map_err(file_error)?;
        let schema = self.readable(&transaction, &statement, snapshots);
        transaction
            .pragma_update(None, "query_only", true)
            .map_err(file_error)?;
        let finished = schema.and_then(|schema| {
            self.run_guarded(&transaction, &statement, schema, parameters, sink, limit)
        });
        // Rolling back ends the read and drops the TEMP views; if it fails the connection is lost,
        // which the next run would say.
        let ended = transaction.rollback().map_err(file_error);
        finished.and_then(|finished| ended.map(|()| finished))
    }

    /// What `statement` may read: the stored views and TEMP views for the snapshots it names.
    fn readable(
        &self,
        transaction: &Transaction<'_>,
        statement: &Statement<'_>,
        snapshots: &ViewResolver<'_>,
    ) -> Result<Schema, QueryError> {
        let mut schema =
            Schema::read(transaction).map_err(|error| self.stopped_or(file_error(error)))?;
        temp_views::create(transaction, statement, &mut schema, snapshots, &self.stop)?;
        // SQLite names a WITH clause to the authorizer as it names a view, so one that is called
        // like a view could read what only the view may.
        if let Some(name) = statement.with_names().find(|name| schema.contains(name)) {
            return Err(QueryError::Denied {
                what: format!("the name `{name}` for a WITH clause"),
                why: "a source or table of the project has it; choose another".to_owned(),
            });
        }
        Ok(schema)
    }

    fn run_guarded(
        &self,
        connection: &Connection,
        statement: &Statement<'_>,
        schema: Schema,
        parameters: &Parameters,
        sink: &mut dyn RowSink,
        limit: Option<u64>,
    ) -> Result<Finished, QueryError> {
        let with_names = statement
            .with_names()
            .map(|name| fold(&name))
            .collect::<HashSet<_>>();
        let scope = Arc::new(Scope { schema, with_names });
        let context = Context {
            sql: statement.sql,
            start: statement.start(),
            compiling: true,
            available: scope.schema.view_names(),
            heap_limit: self.heap_limit,
        };
        let failed = |error, compiling| {
            self.stopped_or(self.gate.error().unwrap_or_else(|| {
                classify(
                    error,
                    &Context {
                        compiling,
                        ..context
                    },
                )
            }))
        };

        let guarded = self.gate.guard(Arc::clone(&scope));
        let mut prepared = connection
            .prepare(statement.text())
            .map_err(|error| failed(error, true))?;
        let reads =
            touched::reads(connection, statement.text()).map_err(|error| failed(error, true))?;
        drop(guarded);
        let touched = reads
            .columns(connection, &scope.schema)
            .map_err(|error| failed(error, true))?;
        for (index, value) in parameters.resolve(statement.tokens())? {
            prepared
                .raw_bind_parameter(index, value)
                .map_err(|error| failed(error, false))?;
        }

        let _guarded = self.gate.guard(Arc::clone(&scope));
        let columns = result_columns(&prepared);
        let finished = |rows, truncated| Finished {
            rows,
            truncated,
            elapsed: self.stop.elapsed(),
            touched,
        };
        if sink.columns(&columns).is_break() {
            return Ok(finished(0, true));
        }
        let mut effort = Effort::new(&self.stop);
        effort.check().map_err(|error| failed(error, false))?;
        let mut rows = prepared.raw_query();
        let mut delivered = 0;
        loop {
            let Some(row) = rows.next().map_err(|error| failed(error, false))? else {
                return Ok(finished(delivered, false));
            };
            if limit.is_some_and(|limit| delivered >= limit) {
                return Ok(finished(delivered, true));
            }
            let values = (0..columns.len())
                .map(|index| row.get_ref(index))
                .collect::<rusqlite::Result<Vec<ValueRef<'_>>>>()
                .map_err(|error| failed(error, false))?;
            // A row of few instructions but long values passes without SQLite asking.
            effort
                .spend(values.iter().map(length).sum())
                .map_err(|error| failed(error, false))?;
            delivered += 1;
            if sink.row(&values).is_break() {
                return Ok(finished(delivered, true));
            }
        }
    }

    /// Why the run was stopped, or else `error`.
    fn stopped_or(&self, error: QueryError) -> QueryError {
        self.stop.error().unwrap_or(error)
    }
}

/// The bytes of a value that SQLite had to copy.
fn length(value: &ValueRef<'_>) -> usize {
    match value {
        ValueRef::Text(bytes) | ValueRef::Blob(bytes) => bytes.len(),
        ValueRef::Null | ValueRef::Integer(_) | ValueRef::Real(_) => 0,
    }
}

fn result_columns(prepared: &rusqlite::Statement<'_>) -> Vec<ResultColumn> {
    let declared = prepared
        .columns()
        .into_iter()
        .map(|column| column.decl_type().map(str::to_owned));
    prepared
        .columns_with_metadata()
        .into_iter()
        .zip(declared.collect::<Vec<_>>())
        .map(|(column, declared)| ResultColumn {
            name: column.name().to_owned(),
            declared,
            origin: column
                .table_name()
                .zip(column.origin_name())
                .filter(|(table, _)| is_row_table(table))
                .map(|(table, column)| RowColumn {
                    table: table.to_owned(),
                    column: column.to_owned(),
                }),
        })
        .collect()
}
