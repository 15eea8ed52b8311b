//! Where a query's result goes.

use std::ops::ControlFlow;

use rusqlite::types::ValueRef;

/// Takes a query's result as it is made.
///
/// A sink that fails keeps its error and answers [`ControlFlow::Break`]; the run then ends well.
pub trait RowSink {
    /// The columns, once, before the first row.
    fn columns(&mut self, columns: &[ResultColumn]) -> ControlFlow<()>;

    /// One row, as many values as there are columns. Texts are bytes that need not be UTF-8.
    fn row(&mut self, values: &[ValueRef<'_>]) -> ControlFlow<()>;
}

/// A column of a query's result.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ResultColumn {
    /// Its name: the alias, or what SQLite makes of the expression. Need not be unique.
    pub name: String,
    /// The type it was declared with; row tables declare `ANY`. `None` for an expression.
    pub declared: Option<String>,
    /// The stored column it shows unchanged; `None` for an expression, also for one in the view.
    pub origin: Option<RowColumn>,
}

/// A column of a table of rows.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RowColumn {
    /// The table, such as `d7`.
    pub table: String,
    /// The column, such as `c3`.
    pub column: String,
}
