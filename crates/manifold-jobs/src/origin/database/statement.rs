//! What is asked of a database.

use super::cursor::CursorColumn;
use crate::database::{DatabaseError, DatabaseKind, TableName};

/// What is asked of a database.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Asked {
    /// All columns and rows of a table or view.
    Table(TableName),
    /// The rows of one SELECT.
    Query(String),
}

impl Asked {
    /// The statement for all rows.
    pub(super) fn whole(&self, kind: DatabaseKind) -> String {
        match self {
            Self::Table(table) => format!("SELECT * FROM {}", table.quoted(kind)),
            Self::Query(query) => query.clone(),
        }
    }

    /// The statement for the rows for which `condition` holds, in the order of the cursor. Rows without a value there are always
    /// among them, since nothing tells whether they are new.
    pub(super) fn by_cursor(
        &self,
        kind: DatabaseKind,
        cursor: &CursorColumn,
        condition: Option<&str>,
    ) -> String {
        let column = kind.quoted(&cursor.column);
        let from = match self {
            Self::Table(table) => table.quoted(kind),
            // What ends in a comment must not swallow what comes behind it.
            Self::Query(query) => format!("(\n{query}\n) AS {}", kind.quoted("pulled")),
        };
        let only = condition.map_or_else(String::new, |condition| {
            format!(" WHERE {column} >= {condition} OR {column} IS NULL")
        });
        format!("SELECT * FROM {from}{only} ORDER BY {column}")
    }

    /// Fails for a query that does not begin as one that reads; what it does is then judged by the server.
    ///
    /// # Errors
    /// [`DatabaseError::Writes`].
    pub(super) fn check(&self, url: &str) -> Result<(), DatabaseError> {
        let Self::Query(query) = self else {
            return Ok(());
        };
        let word = first_word(query).to_ascii_lowercase();
        match word.as_str() {
            "select" | "with" | "values" | "table" | "(" => Ok(()),
            _ => Err(DatabaseError::Writes {
                url: url.to_owned(),
                reason: "a query begins with SELECT, WITH, VALUES or TABLE".to_owned(),
            }),
        }
    }
}

/// A query as it was written, without what ends it.
pub(super) fn trimmed(query: &str) -> &str {
    query.trim().trim_end_matches([';', ' ', '\n', '\r', '\t'])
}

/// The first word behind comments.
fn first_word(query: &str) -> &str {
    let mut rest = query.trim_start();
    loop {
        let behind = if rest.starts_with("--") {
            rest.split_once('\n').map(|(_, behind)| behind)
        } else if rest.starts_with("/*") {
            rest.split_once("*/").map(|(_, behind)| behind)
        } else {
            break;
        };
        rest = behind.unwrap_or_default().trim_start();
    }
    if rest.starts_with('(') {
        return "(";
    }
    let end = rest
        .find(|letter: char| !letter.is_ascii_alphabetic())
        .unwrap_or(rest.len());
    &rest[..end]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_reads_is_asked() {
        for (query, reads) in [
            ("select 1", true),
            (
                "-- all\n /* of\n them */ WITH a AS (SELECT 1) SELECT * FROM a",
                true,
            ),
            ("(SELECT 1) UNION (SELECT 2)", true),
            ("DELETE FROM t", false),
            ("/* select */ drop table t", false),
            ("", false),
            ("-- select", false),
        ] {
            let asked = Asked::Query(query.to_owned());
            assert_eq!(asked.check("x").is_ok(), reads, "{query}");
        }
        assert_eq!(trimmed(" SELECT 1 ; \n"), "SELECT 1");
    }
}
