//! A query whose rows are looked at where SQLite holds them.
//!
//! Imports look at every cell of every stored row. Through rusqlite a cell costs three calls, with their checks; here it is
//! asked for once, and no text is checked again that was checked when it was stored.

use std::ffi::c_int;
use std::marker::PhantomData;
use std::ptr::NonNull;

use rusqlite::Connection;
use rusqlite::ffi::{
    self, SQLITE_BLOB, SQLITE_DONE, SQLITE_FLOAT, SQLITE_INTEGER, SQLITE_OK, SQLITE_ROW,
    SQLITE_TEXT, sqlite3_stmt,
};
use rusqlite::types::ValueRef;

use super::prepared::{Prepared, error};

/// A prepared query.
pub(crate) struct Scan<'c> {
    prepared: Prepared<'c>,
}

/// What a parameter stands for.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Bound<'a> {
    Int(i64),
    Real(f64),
    Text(&'a str),
}

impl<'c> Scan<'c> {
    /// Prepares the first statement of `sql`.
    pub(crate) fn prepare(connection: &'c Connection, sql: &str) -> rusqlite::Result<Self> {
        let prepared = Prepared::new(connection, sql)?;
        Ok(Self { prepared })
    }

    /// Begins with the first row, for these parameters.
    pub(crate) fn rows(&mut self, parameters: &[Bound<'_>]) -> rusqlite::Result<ScanRows<'_>> {
        for (parameter, index) in parameters.iter().zip(1..) {
            let statement = self.prepared.statement.as_ptr();
            // SAFETY: the statement is not finalized before `self` is dropped, and is reset: whoever steps it borrows
            // `self` and resets it when dropped.
            let code = unsafe {
                match parameter {
                    Bound::Int(value) => ffi::sqlite3_bind_int64(statement, index, *value),
                    Bound::Real(value) => ffi::sqlite3_bind_double(statement, index, *value),
                    Bound::Text(text) => ffi::sqlite3_bind_text64(
                        statement,
                        index,
                        text.as_ptr().cast(),
                        text.len() as u64,
                        ffi::SQLITE_TRANSIENT(), // SQLite makes a copy
                        ffi::SQLITE_UTF8 as u8,
                    ),
                }
            };
            if code != SQLITE_OK {
                return Err(error(self.prepared.connection, code));
            }
        }
        Ok(ScanRows {
            connection: self.prepared.connection,
            statement: self.prepared.statement,
            state: State::Before,
        })
    }

    /// One of SQLite's counters of what the statement did.
    #[cfg(test)]
    pub(crate) fn status(&self, counter: rusqlite::StatementStatus) -> i32 {
        // SAFETY: as in `rows`.
        unsafe { ffi::sqlite3_stmt_status(self.prepared.statement.as_ptr(), counter as c_int, 0) }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Before,
    OnRow,
    Ended,
}

/// The rows of a query, one after the other.
pub(crate) struct ScanRows<'s> {
    connection: &'s Connection,
    statement: NonNull<sqlite3_stmt>,
    state: State,
}

impl ScanRows<'_> {
    /// Goes on to the next row; `None` behind the last and ever after.
    #[inline]
    pub(crate) fn advance(&mut self) -> rusqlite::Result<Option<ScanRow<'_>>> {
        if self.state == State::Ended {
            return Ok(None);
        }
        // SAFETY: the statement outlives `'s`. The rows that were lent out are no longer used: they borrow `self`.
        match unsafe { ffi::sqlite3_step(self.statement.as_ptr()) } {
            SQLITE_ROW => self.state = State::OnRow,
            SQLITE_DONE => self.state = State::Ended,
            code => {
                self.state = State::Ended;
                return Err(error(self.connection, code));
            }
        }
        Ok(self.row())
    }

    /// The row at hand; `None` before the first and behind the last.
    #[inline]
    pub(crate) fn row(&self) -> Option<ScanRow<'_>> {
        (self.state == State::OnRow).then_some(ScanRow {
            statement: self.statement,
            rows: PhantomData,
        })
    }
}

impl Drop for ScanRows<'_> {
    fn drop(&mut self) {
        // SAFETY: the statement outlives `'s`. What it returns is the error of the last step again.
        unsafe { ffi::sqlite3_reset(self.statement.as_ptr()) };
    }
}

/// A row at which a query stands.
#[derive(Debug, Clone, Copy)]
pub(crate) struct ScanRow<'r> {
    statement: NonNull<sqlite3_stmt>,
    rows: PhantomData<&'r ScanRows<'r>>,
}

impl<'r> ScanRow<'r> {
    /// The value of the column at `index`, from 0; NULL where there is no such column.
    ///
    /// # Panics
    /// When SQLite has no memory for it.
    #[inline]
    pub(crate) fn value(self, index: usize) -> ValueRef<'r> {
        let Ok(index) = c_int::try_from(index) else {
            return ValueRef::Null;
        };
        // SAFETY: the statement stands on a row as long as `'r`, since stepping and resetting it need its `ScanRows` for
        // themselves. So the value stays as it is: nothing here makes SQLite convert it, as text is asked for as what it
        // is, in the encoding of our databases. SQLite wants unprotected values, as this one is, to be used by one thread
        // at a time: `Connection` is not `Sync`, and the row borrows it.
        unsafe {
            let value = ffi::sqlite3_column_value(self.statement.as_ptr(), index);
            let bytes = |start: *const u8| {
                let length = usize::try_from(ffi::sqlite3_value_bytes(value)).unwrap_or(0);
                if length == 0 {
                    return &[][..]; // the pointer may be null
                }
                assert!(!start.is_null(), "SQLite has no memory for a value");
                std::slice::from_raw_parts(start, length)
            };
            match ffi::sqlite3_value_type(value) {
                SQLITE_INTEGER => ValueRef::Integer(ffi::sqlite3_value_int64(value)),
                SQLITE_FLOAT => ValueRef::Real(ffi::sqlite3_value_double(value)),
                SQLITE_TEXT => ValueRef::Text(bytes(ffi::sqlite3_value_text(value))),
                SQLITE_BLOB => ValueRef::Blob(bytes(ffi::sqlite3_value_blob(value).cast())),
                _ => ValueRef::Null,
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn connection() -> Connection {
        let connection = Connection::open_in_memory().unwrap();
        let sql = "CREATE TABLE t(a ANY, b ANY) STRICT; \
                   INSERT INTO t VALUES (1, 'x'), (-1.5, ''), (NULL, x''), (x'ff00', 'a' || char(0) || 'ü')";
        connection.execute_batch(sql).unwrap();
        connection
    }

    #[test]
    fn values_are_those_that_were_stored() {
        let connection = connection();
        let mut scan = Scan::prepare(&connection, "SELECT a, b FROM t WHERE rowid > ?").unwrap();
        let stored = [
            [ValueRef::Integer(1), ValueRef::Text(b"x")],
            [ValueRef::Real(-1.5), ValueRef::Text(b"")],
            [ValueRef::Null, ValueRef::Blob(b"")],
            [ValueRef::Blob(b"\xff\0"), ValueRef::Text("a\0ü".as_bytes())],
        ];
        for after in [0, 2] {
            let mut rows = scan.rows(&[Bound::Int(after)]).unwrap();
            assert!(rows.row().is_none());
            for values in &stored[usize::try_from(after).unwrap()..] {
                let row = rows.advance().unwrap().unwrap();
                assert_eq!([row.value(0), row.value(1)], *values);
                assert_eq!(row.value(2), ValueRef::Null);
                assert_eq!(rows.row().unwrap().value(0), values[0]);
            }
            assert!(rows.advance().unwrap().is_none());
            assert!(rows.advance().unwrap().is_none(), "it does not begin again");
        }
    }

    #[test]
    fn long_text_is_whole() {
        let connection = connection();
        let text = "ü".repeat(100_000);
        connection.execute("UPDATE t SET b = ?", [&text]).unwrap();
        let mut scan = Scan::prepare(&connection, "SELECT b FROM t").unwrap();
        let mut rows = scan.rows(&[]).unwrap();
        let row = rows.advance().unwrap().unwrap();
        assert_eq!(row.value(0), ValueRef::Text(text.as_bytes()));
    }

    #[test]
    fn errors_say_what_is_wrong() {
        let connection = connection();
        let error = Scan::prepare(&connection, "SELECT z FROM t").err().unwrap();
        assert!(error.to_string().contains("no such column: z"), "{error}");
        assert!(Scan::prepare(&connection, "").is_err());
        let mut scan = Scan::prepare(&connection, "SELECT abs(?) FROM t").unwrap();
        let mut rows = scan.rows(&[Bound::Int(i64::MIN)]).unwrap();
        let error = rows.advance().err().unwrap();
        assert!(error.to_string().contains("integer overflow"), "{error}");
        assert!(rows.advance().unwrap().is_none());
        drop(rows);
        assert!(scan.rows(&[Bound::Real(1.0), Bound::Int(1)]).is_err());
    }
}
