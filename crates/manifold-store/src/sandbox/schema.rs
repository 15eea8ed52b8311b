//! What the project file contains, read at the start of a run.

use std::collections::{HashMap, HashSet};

use rusqlite::Connection;

/// Names and root pages of the file's tables, views and indexes. Names are folded to lower case.
#[derive(Debug, Default)]
pub(super) struct Schema {
    /// Views: what can be read.
    views: HashSet<String>,
    /// The views' names as they were created.
    view_names: Vec<String>,
    /// Tables, and indexes with the table they belong to, by root page.
    roots: HashMap<i64, Root>,
    tables: HashSet<String>,
}

/// What a root page belongs to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Root {
    /// A table.
    Table(String),
    /// An index.
    Index {
        /// Its name.
        name: String,
        /// The table it is on.
        table: String,
    },
}

/// The case in which SQLite compares names: ASCII letters only.
pub(super) fn fold(name: &str) -> String {
    name.to_ascii_lowercase()
}

/// Whether this is the name of a table of rows: `d` and a number.
pub(super) fn is_row_table(name: &str) -> bool {
    name.strip_prefix(['d', 'D']).is_some_and(|number| {
        !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit())
    })
}

impl Schema {
    /// Reads the schema of the connection's main database, in its open transaction.
    ///
    /// # Errors
    ///
    /// SQLite's error.
    pub(super) fn read(connection: &Connection) -> rusqlite::Result<Self> {
        let mut schema = Self::default();
        let mut statement =
            connection.prepare("SELECT type, name, tbl_name, rootpage FROM main.sqlite_schema")?;
        let mut rows = statement.query([])?;
        while let Some(row) = rows.next()? {
            let (kind, name): (String, String) = (row.get(0)?, row.get(1)?);
            match kind.as_str() {
                "view" => schema.add_view(&name),
                "table" => {
                    schema.tables.insert(fold(&name));
                    // A virtual table has root page 0.
                    schema.roots.insert(row.get(3)?, Root::Table(name));
                }
                "index" => {
                    schema.roots.insert(
                        row.get(3)?,
                        Root::Index {
                            name,
                            table: row.get(2)?,
                        },
                    );
                }
                _ => {}
            }
        }
        schema.view_names.sort_unstable();
        Ok(schema)
    }

    /// Makes one more view readable.
    pub(super) fn add_view(&mut self, name: &str) {
        if self.views.insert(fold(name)) {
            self.view_names.push(name.to_owned());
        }
    }

    /// Whether a view of this name can be read.
    pub(super) fn is_view(&self, name: &str) -> bool {
        self.views.contains(&fold(name))
    }

    /// Whether a table or view has this name.
    pub(super) fn contains(&self, name: &str) -> bool {
        let name = fold(name);
        self.views.contains(&name) || self.tables.contains(&name)
    }

    /// The names of the readable views, sorted.
    pub(super) fn view_names(&self) -> &[String] {
        &self.view_names
    }

    /// What the root page belongs to.
    pub(super) fn root(&self, page: i64) -> Option<&Root> {
        self.roots.get(&page)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn row_tables_are_told_by_their_names() {
        assert!(is_row_table("d7") && is_row_table("D12"));
        assert!(
            !is_row_table("d")
                && !is_row_table("data_sources")
                && !is_row_table("d7_to")
                && !is_row_table("7")
        );
    }
}
