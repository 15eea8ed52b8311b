//! Accepts exactly one SELECT statement.

use std::borrow::Cow;

use super::error::QueryError;
use super::excess::Excess;
use super::limits::MAX_SQL;
use super::tokenizer::{Token, tokens};

/// Statements that are not a SELECT, and why they are not run.
const REFUSED: &[(&str, &str)] = &[
    ("ALTER", "it changes a table"),
    ("ANALYZE", "it writes statistics"),
    ("ATTACH", "it opens another file"),
    ("BEGIN", "every query already sees one state of the project"),
    (
        "COMMIT",
        "every query already sees one state of the project",
    ),
    ("CREATE", "it makes a table, view, index or trigger"),
    ("DELETE", "it changes data"),
    ("DETACH", "it closes a file"),
    ("DROP", "it deletes a table, view, index or trigger"),
    ("END", "every query already sees one state of the project"),
    ("EXPLAIN", "it shows SQLite's program and no data"),
    ("INSERT", "it changes data"),
    (
        "PRAGMA",
        "it reads or changes settings; columns are listed by SELECT * FROM pragma_table_info('name')",
    ),
    ("REINDEX", "it rewrites indexes"),
    (
        "RELEASE",
        "every query already sees one state of the project",
    ),
    ("REPLACE", "it changes data"),
    (
        "ROLLBACK",
        "every query already sees one state of the project",
    ),
    (
        "SAVEPOINT",
        "every query already sees one state of the project",
    ),
    ("UPDATE", "it changes data"),
    ("VACUUM", "it rewrites the file or writes a copy"),
];

/// One statement that SQLite may be asked to prepare.
#[derive(Debug)]
pub(super) struct Statement<'a> {
    /// The whole text it was taken from; offsets of its tokens count from here.
    pub(super) sql: &'a str,
    /// Its tokens, without separators.
    tokens: Vec<Token<'a>>,
}

impl<'a> Statement<'a> {
    /// Finds the one statement in `sql`; semicolons and comments around it are fine.
    ///
    /// # Errors
    ///
    /// [`QueryError::TooBig`] beyond [`MAX_SQL`] bytes, [`QueryError::Syntax`] for a NUL,
    /// [`QueryError::NoStatement`], [`QueryError::SeveralStatements`], [`QueryError::NotSelect`].
    pub(super) fn parse(sql: &'a str) -> Result<Self, QueryError> {
        if sql.len() > MAX_SQL {
            let detail = format!("its text has {} bytes, {MAX_SQL} are allowed", sql.len());
            return Err(Excess::Statement { detail }.into());
        }
        // SQLite would stop reading here and run what stands before it.
        if let Some(offset) = sql.find('\0') {
            return Err(QueryError::syntax(
                "NUL character in the SQL",
                sql,
                Some(offset),
            ));
        }
        let all = tokens(sql);
        let mut statements = all
            .split(|token| token.is(b';'))
            .filter(|part| !part.is_empty());
        let first = statements.next().ok_or(QueryError::NoStatement)?;
        if let Some((keyword, why)) = REFUSED
            .iter()
            .find(|(keyword, _)| first[0].is_keyword(keyword))
        {
            return Err(QueryError::NotSelect { keyword, why });
        }
        if let Some(second) = statements.next() {
            return Err(QueryError::SeveralStatements {
                second: second[0].text.chars().take(40).collect(),
                offset: second[0].start,
            });
        }
        Ok(Self {
            sql,
            tokens: first.to_vec(),
        })
    }

    /// Its tokens, in order; at least one.
    pub(super) fn tokens(&self) -> &[Token<'a>] {
        &self.tokens
    }

    /// Where its text starts in the whole text, in bytes.
    pub(super) fn start(&self) -> usize {
        self.tokens[0].start
    }

    /// Its text, from its first token to its last.
    pub(super) fn text(&self) -> &'a str {
        let end = self.tokens.last().map_or(self.start(), Token::end);
        &self.sql[self.start()..end]
    }

    /// The names that WITH clauses anywhere in it define: `name [(columns)] AS [[NOT] MATERIALIZED] (`.
    ///
    /// May also name a `WINDOW name AS (`, which has the same shape.
    pub(super) fn with_names(&self) -> impl Iterator<Item = Cow<'a, str>> {
        self.tokens.iter().enumerate().filter_map(|(index, token)| {
            let name = token.name()?;
            let mut rest = self.tokens.get(index + 1..)?;
            if rest.first()?.is(b'(') {
                rest = behind_parentheses(rest)?;
            }
            rest = behind_keyword(rest, "AS")?;
            rest = behind_keyword(rest, "NOT").unwrap_or(rest);
            rest = behind_keyword(rest, "MATERIALIZED").unwrap_or(rest);
            rest.first()?.is(b'(').then_some(name)
        })
    }
}

/// The tokens behind a leading `keyword`; `None` if they do not start with it.
fn behind_keyword<'t, 'a>(tokens: &'t [Token<'a>], keyword: &str) -> Option<&'t [Token<'a>]> {
    let (first, rest) = tokens.split_first()?;
    first.is_keyword(keyword).then_some(rest)
}

/// The tokens behind the parenthesis that closes the one `tokens` starts with.
///
/// Only a column list is looked for, so a nested parenthesis ends the search.
fn behind_parentheses<'t, 'a>(tokens: &'t [Token<'a>]) -> Option<&'t [Token<'a>]> {
    let close = 1 + tokens[1..]
        .iter()
        .position(|token| token.is(b')') || token.is(b'('))?;
    if tokens[close].is(b'(') {
        None
    } else {
        Some(&tokens[close + 1..])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with_names(sql: &str) -> Vec<String> {
        Statement::parse(sql)
            .unwrap()
            .with_names()
            .map(Cow::into_owned)
            .collect()
    }

    #[test]
    fn the_statement_is_cut_out_of_separators_and_comments() {
        let statement = Statement::parse(" ;; /* a; */ SELECT ';' ; -- b;\n;").unwrap();
        assert_eq!(statement.text(), "SELECT ';'");
        assert_eq!(statement.start(), 13);
    }

    #[test]
    fn with_names_are_found_in_every_spelling() {
        assert_eq!(
            with_names(
                "WITH a AS (SELECT 1), \"b c\"(x, y) as not materialized (SELECT 2) SELECT 1"
            ),
            ["a", "b c"]
        );
        assert_eq!(
            with_names("SELECT * FROM (WITH [q]/**/AS MATERIALIZED(SELECT 1) SELECT 1)"),
            ["q"]
        );
        assert_eq!(
            with_names("WITH 'orders' ( x ) AS (SELECT 1) SELECT 1"),
            ["orders"]
        );
        assert_eq!(
            with_names("SELECT max(a) AS b, (c) AS d, CAST(e AS text) FROM f AS g"),
            Vec::<String>::new()
        );
    }
}
