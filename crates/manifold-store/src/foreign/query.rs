//! The rows of one statement on a database of another program.

use std::ops::ControlFlow;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use rusqlite::config::DbConfig;
use rusqlite::hooks::{AuthAction, AuthContext, Authorization};
use rusqlite::types::ValueRef;
use rusqlite::{Statement, params_from_iter};

use super::{ForeignColumn, ForeignError, ForeignValue, decide, harden};
use crate::outside::Outside;

/// One statement that reads a database of another program, in one state. It sees tables and views, and may do nothing but read.
#[derive(Debug, Clone)]
pub struct ForeignQuery<'a> {
    /// The file.
    pub path: &'a Path,
    /// One SELECT.
    pub sql: &'a str,
    /// What stands for its `?`, in order.
    pub bound: &'a [ForeignValue],
    /// The largest row that may be read, in bytes.
    pub max_value: u64,
}

impl ForeignQuery<'_> {
    /// Tells `columns` which columns the rows have, and then `each` of every row, until it breaks. Ends with an error once `stop` is
    /// set. Blocks.
    ///
    /// # Errors
    /// [`ForeignError::Writes`] when it would do anything but read; [`ForeignError::Statement`] when it is not understood;
    /// others by meaning.
    pub fn run(
        &self,
        stop: &Arc<AtomicBool>,
        columns: impl FnOnce(Vec<ForeignColumn>),
        mut each: impl FnMut(&[ForeignValue]) -> ControlFlow<()>,
    ) -> Result<(), ForeignError> {
        let path = self.path;
        let failed = |error| ForeignError::of_statement(path, error);
        let outside = Outside::open(path).map_err(ForeignError::open)?;
        let connection = outside.connection();
        harden(connection, self.max_value, stop)
            .and_then(|()| connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_VIEW, true))
            .and_then(|_| {
                connection.authorizer(Some(|context: AuthContext<'_>| match context.action {
                    AuthAction::Recursive => Authorization::Allow,
                    action => decide(action),
                }))
            })
            .map_err(|error| ForeignError::read(path, None, error))?;
        let mut statement = connection.prepare(self.sql).map_err(failed)?;
        if !statement.readonly() || statement.column_count() == 0 {
            return Err(ForeignError::Writes {
                path: path.to_owned(),
            });
        }
        columns(columns_of(&statement));
        let width = statement.column_count();
        let mut rows = statement
            .query(params_from_iter(self.bound))
            .map_err(failed)?;
        let mut values = Vec::with_capacity(width);
        while let Some(row) = rows.next().map_err(failed)? {
            values.clear();
            for index in 0..width {
                values.push(value(row.get_ref(index).map_err(failed)?));
            }
            if each(&values).is_break() {
                return Ok(());
            }
        }
        outside
            .check_unchanged()
            .map_err(|_| ForeignError::Changed {
                path: path.to_owned(),
            })
    }
}

fn columns_of(statement: &Statement<'_>) -> Vec<ForeignColumn> {
    let columns = statement.columns().into_iter().map(|column| ForeignColumn {
        name: column.name().to_owned(),
        declared: column.decl_type().unwrap_or_default().to_owned(),
    });
    columns.collect()
}

/// A value, apart from the row it stands in.
pub(super) fn value(value: ValueRef<'_>) -> ForeignValue {
    match value {
        ValueRef::Null => ForeignValue::Null,
        ValueRef::Integer(value) => ForeignValue::Integer(value),
        ValueRef::Real(value) => ForeignValue::Real(value),
        ValueRef::Text(text) => ForeignValue::Text(text.to_vec()),
        ValueRef::Blob(blob) => ForeignValue::Blob(blob.to_vec()),
    }
}
