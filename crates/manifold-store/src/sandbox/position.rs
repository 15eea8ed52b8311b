//! Places in SQL text.

use std::fmt;

/// A place in the SQL text, for people.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Position {
    /// Bytes before it.
    pub offset: usize,
    /// Its line, from 1.
    pub line: usize,
    /// Its character in the line, from 1.
    pub column: usize,
}

impl Position {
    /// The place `offset` bytes into `sql`; the nearest one before it if that is inside a character.
    pub(super) fn of(sql: &str, offset: usize) -> Self {
        let before = &sql[..sql.floor_char_boundary(offset)];
        let line_start = before.rfind('\n').map_or(0, |newline| newline + 1);
        Self {
            offset: before.len(),
            line: before.matches('\n').count() + 1,
            column: before[line_start..].chars().count() + 1,
        }
    }
}

impl fmt::Display for Position {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}, column {}", self.line, self.column)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_and_characters_are_counted_from_one() {
        let sql = "SELECT 'é',\n  fehler";
        assert_eq!(
            Position::of(sql, 0),
            Position {
                offset: 0,
                line: 1,
                column: 1
            }
        );
        assert_eq!(
            Position::of(sql, 10),
            Position {
                offset: 10,
                line: 1,
                column: 10
            }
        );
        assert_eq!(
            Position::of(sql, 15),
            Position {
                offset: 15,
                line: 2,
                column: 3
            }
        );
        assert_eq!(Position::of(sql, 9).column, 9, "inside the é");
        assert_eq!(Position::of(sql, 999).line, 2);
    }
}
