//! A statement that takes values where they lie.
//!
//! Through rusqlite SQLite copies each text that is bound, into memory of its own: of a load that is a twentieth of the time.

use std::ffi::c_int;

use rusqlite::Connection;
use rusqlite::ffi::{self, SQLITE_DONE, SQLITE_OK, SQLITE_ROW};
use rusqlite::types::ValueRef;

use super::prepared::{Prepared, error};

/// A prepared statement that returns no row.
pub(crate) struct Append<'c> {
    prepared: Prepared<'c>,
}

impl<'c> Append<'c> {
    /// Prepares the first statement of `sql`.
    pub(crate) fn prepare(connection: &'c Connection, sql: &str) -> rusqlite::Result<Self> {
        let prepared = Prepared::new(connection, sql)?;
        Ok(Self { prepared })
    }

    /// Runs the statement with these values for its parameters, in order; parameters without one are NULL. Text must be valid
    /// UTF-8. A NaN is NULL.
    pub(crate) fn run<'v>(
        &mut self,
        values: impl IntoIterator<Item = ValueRef<'v>>,
    ) -> rusqlite::Result<()> {
        // Dropped on every way out of here, so that no value is known to SQLite for longer than it is borrowed.
        let bound = BoundValues(&self.prepared);
        for (value, index) in values.into_iter().zip(1..) {
            let code = bound.bind(index, value);
            if code != SQLITE_OK {
                return Err(error(self.prepared.connection, code));
            }
        }
        // SAFETY: the statement is not finalized before `self.prepared` is dropped. What is bound is borrowed for longer than
        // `bound` lives.
        match unsafe { ffi::sqlite3_step(self.prepared.statement.as_ptr()) } {
            SQLITE_DONE => Ok(()),
            SQLITE_ROW => Err(rusqlite::Error::ExecuteReturnedResults),
            code => Err(error(self.prepared.connection, code)),
        }
    }
}

/// The values that are bound to a statement; none when dropped.
struct BoundValues<'s, 'c>(&'s Prepared<'c>);

impl BoundValues<'_, '_> {
    #[inline]
    fn bind(&self, index: c_int, value: ValueRef<'_>) -> c_int {
        let statement = self.0.statement.as_ptr();
        // SAFETY: the statement is not finalized before the borrowed `Prepared` is dropped, and is reset: who steps it holds a
        // `BoundValues`, which resets it when dropped. Of text and bytes SQLite keeps the address (`SQLITE_STATIC`), which is
        // forgotten when `self` is dropped, in the call of `run` that borrows the values. An empty slice's address is not null.
        unsafe {
            match value {
                ValueRef::Null => SQLITE_OK, // as it is since the values before were cleared
                ValueRef::Integer(value) => ffi::sqlite3_bind_int64(statement, index, value),
                ValueRef::Real(value) => ffi::sqlite3_bind_double(statement, index, value),
                ValueRef::Text(text) => ffi::sqlite3_bind_text64(
                    statement,
                    index,
                    text.as_ptr().cast(),
                    text.len() as u64,
                    ffi::SQLITE_STATIC(),
                    ffi::SQLITE_UTF8 as u8,
                ),
                ValueRef::Blob(bytes) => ffi::sqlite3_bind_blob64(
                    statement,
                    index,
                    bytes.as_ptr().cast(),
                    bytes.len() as u64,
                    ffi::SQLITE_STATIC(),
                ),
            }
        }
    }
}

impl Drop for BoundValues<'_, '_> {
    fn drop(&mut self) {
        let statement = self.0.statement.as_ptr();
        // SAFETY: as in `bind`. What resetting returns is the error of the last step again; clearing never fails.
        unsafe {
            ffi::sqlite3_reset(statement);
            ffi::sqlite3_clear_bindings(statement);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn connection() -> Connection {
        let connection = Connection::open_in_memory().unwrap();
        let sql = "CREATE TABLE t(a ANY, b ANY) STRICT";
        connection.execute_batch(sql).unwrap();
        connection
    }

    fn stored(connection: &Connection) -> String {
        let sql = "SELECT group_concat(quote(a) || ' ' || quote(b), '; ') FROM t";
        connection.query_row(sql, [], |row| row.get(0)).unwrap()
    }

    #[test]
    fn values_are_stored_as_they_are() {
        let connection = connection();
        let mut append = Append::prepare(&connection, "INSERT INTO t VALUES (?, ?)").unwrap();
        {
            let text = String::from("a\0ü");
            let values = [ValueRef::Text(text.as_bytes()), ValueRef::Text(b"")];
            append.run(values).unwrap();
        }
        append.run([ValueRef::Integer(i64::MIN)]).unwrap();
        append
            .run([ValueRef::Real(-1.5), ValueRef::Blob(b"\xff")])
            .unwrap();
        append
            .run([ValueRef::Real(f64::NAN), ValueRef::Blob(b"")])
            .unwrap();
        let sql = "SELECT a, b FROM t";
        let mut statement = connection.prepare(sql).unwrap();
        let mut rows = statement.query([]).unwrap();
        let wanted = [
            [ValueRef::Text("a\0ü".as_bytes()), ValueRef::Text(b"")],
            [ValueRef::Integer(i64::MIN), ValueRef::Null],
            [ValueRef::Real(-1.5), ValueRef::Blob(b"\xff")],
            [ValueRef::Null, ValueRef::Blob(b"")],
        ];
        for values in wanted {
            let row = rows.next().unwrap().unwrap();
            assert_eq!([0, 1].map(|at| row.get_ref(at).unwrap()), values);
        }
        assert!(rows.next().unwrap().is_none());
    }

    #[test]
    fn nothing_stays_bound() {
        let connection = connection();
        let mut append = Append::prepare(&connection, "INSERT INTO t VALUES (?, ?)").unwrap();
        let both = [ValueRef::Integer(1), ValueRef::Text(b"x")];
        append.run(both).unwrap();
        append.run([]).unwrap();
        assert_eq!(stored(&connection), "1 'x'; NULL NULL");
    }

    #[test]
    fn errors_say_what_is_wrong_and_nothing_of_them_stays() {
        let connection = connection();
        let unique = "CREATE UNIQUE INDEX once ON t(a)";
        connection.execute_batch(unique).unwrap();
        let mut append = Append::prepare(&connection, "INSERT INTO t VALUES (?, ?)").unwrap();
        append.run([ValueRef::Integer(1)]).unwrap();
        let again = [ValueRef::Integer(1), ValueRef::Text(b"x")];
        let error = append.run(again).unwrap_err();
        assert!(error.to_string().contains("UNIQUE"), "{error}");
        let more = [ValueRef::Null, ValueRef::Null, ValueRef::Integer(3)];
        assert!(append.run(more).is_err());
        append.run([ValueRef::Integer(2)]).unwrap();
        assert_eq!(stored(&connection), "1 NULL; 2 NULL");
        let mut select = Append::prepare(&connection, "SELECT 1").unwrap();
        assert!(select.run([]).is_err());
    }
}
