//! Is a staged project what the live one is already?

use super::Staged;
use crate::freeze::{Frozen, tables};
use crate::{Contents, StoreError};

/// Tables that say who a project is and what was done to it, and nothing of what it holds.
const OF_IDENTITY: [&str; 2] = ["project", "import_history"];

/// What the row of a project says beside who it is.
const OF_CONTENT: &str = "SELECT description, settings, next_row_table FROM project";

impl Staged {
    /// Whether the live project has the same content: everything but its name, how often it was replaced, and the lines of
    /// its import history is equal to the bit. So a restore that was interrupted is told from one that is still to do.
    /// Blocks.
    ///
    /// # Errors
    /// [`StoreError`] by meaning.
    pub fn is_content_of(&self, live: &Frozen) -> Result<bool, StoreError> {
        let connection = super::spoke::open(&self.path())?;
        let ours = tables(&connection, Contents::WithData)?;
        let theirs = live.tables(Contents::WithData)?;
        if live.schema_version() != i64::from(<crate::Project as crate::Kind>::VERSION)
            || ours.len() != theirs.len()
        {
            return Ok(false);
        }
        let content = |connection: &rusqlite::Connection| {
            connection.query_row(OF_CONTENT, [], |row| {
                Ok((
                    row.get::<_, Option<String>>(0)?,
                    row.get::<_, rusqlite::types::Value>(1)?,
                    row.get::<_, i64>(2)?,
                ))
            })
        };
        if content(&connection)? != content(live.connection())? {
            return Ok(false);
        }
        for (ours, theirs) in ours.iter().zip(&theirs) {
            if ours.name != theirs.name || ours.columns != theirs.columns {
                return Ok(false);
            }
            if OF_IDENTITY.contains(&ours.name.as_str()) {
                continue;
            }
            // Where the numbers of rows differ nothing has to be read.
            let number = format!("SELECT count(*) FROM {}", crate::freeze::quoted(&ours.name));
            let number: i64 = connection.query_row(&number, [], |row| row.get(0))?;
            if number.unsigned_abs() != live.count(theirs)?
                || super::check::count(&connection, ours)? != live.hash(theirs)?
            {
                return Ok(false);
            }
        }
        Ok(true)
    }
}
