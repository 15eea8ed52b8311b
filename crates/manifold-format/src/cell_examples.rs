//! Some cells of each kind, so that those can be shown that are odd.

use crate::asked_finding::asked;
use crate::boolean::BoolKind;
use crate::column_type::ColumnType;
use crate::date::{self, Temporal};
use crate::evidence::Evidence;
use crate::null_token::usual;
use crate::number::{self, Number};
use crate::verdict::{Find, Verdict};

/// Cells of each kind that are kept, and how much of one, in bytes.
const KEPT: usize = 3;
const LENGTH: usize = 60;

/// Some cells of each kind. Which of them are odd is known when all cells were read.
#[derive(Clone, Debug)]
pub struct CellExamples {
    columns: Vec<Vec<(Kind, Vec<CellExample>)>>,
}

/// A cell that is shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CellExample {
    /// The line of the input where its record starts, from 1.
    pub line: u64,
    /// The beginning of its text.
    pub cell: String,
    /// The whole cell.
    bytes: Vec<u8>,
    is_text: bool,
}

/// What a cell looks like. All cells of a kind fit a type, or none does.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Kind {
    Empty,
    Invalid,
    Int {
        is_bit: bool,
    },
    Decimal {
        digits: u8,
        fixed: bool,
        short: bool,
    },
    Lookalike,
    Temporal(Temporal),
    Boolean(BoolKind),
    Token(usize),
    Other,
}

impl Kind {
    fn of(cell: &[u8], is_text: bool) -> Self {
        if cell.is_empty() {
            return Self::Empty;
        }
        if std::str::from_utf8(cell).is_err() {
            return Self::Invalid;
        }
        let number = match is_text {
            true => Number::Other,
            false => number::scan(cell),
        };
        match number {
            Number::Int(value) => Self::Int {
                is_bit: matches!(value, 0 | 1),
            },
            Number::Decimal {
                digits,
                fixed,
                short,
                ..
            } => Self::Decimal {
                digits,
                fixed,
                short,
            },
            Number::Lookalike => Self::Lookalike,
            Number::Other => {
                if let Some(temporal) = date::scan(cell) {
                    Self::Temporal(temporal)
                } else if let Some((kind, _)) = BoolKind::scan(cell).filter(|_| !is_text) {
                    Self::Boolean(kind)
                } else {
                    usual(cell).map_or(Self::Other, Self::Token)
                }
            }
        }
    }
}

impl CellExamples {
    /// None yet, of so many columns.
    #[must_use]
    pub fn new(columns: usize) -> Self {
        Self {
            columns: vec![Vec::new(); columns],
        }
    }

    /// Keeps a cell if there are few of its kind; `is_text`: it is text whatever it looks like.
    ///
    /// # Panics
    /// When there is no such column.
    pub fn note(&mut self, column: usize, line: u64, cell: &[u8], is_text: bool) {
        let kind = Kind::of(cell, is_text);
        let kinds = &mut self.columns[column];
        let at = kinds.iter().position(|(known, _)| *known == kind);
        let at = at.unwrap_or_else(|| {
            kinds.push((kind, Vec::new()));
            kinds.len() - 1
        });
        let kept = &mut kinds[at].1;
        if kept.len() < KEPT {
            let shown = &cell[..cell.len().min(LENGTH)];
            let mut text = String::from_utf8_lossy(shown).into_owned();
            if shown.len() < cell.len() {
                // The end may be the beginning of a character.
                text.truncate(text.trim_end_matches(char::REPLACEMENT_CHARACTER).len());
                text.push('…');
            }
            kept.push(CellExample {
                line,
                cell: text,
                bytes: cell.to_vec(),
                is_text,
            });
        }
    }

    /// The first of those that are odd in a column with this verdict, at most three.
    ///
    /// # Panics
    /// When there is no such column.
    #[must_use]
    pub fn odd(&self, column: usize, verdict: &Verdict) -> Vec<CellExample> {
        if verdict.odd_cells == 0 {
            return Vec::new();
        }
        let is_odd = |example: &&CellExample| {
            let nulls = &verdict.null_tokens;
            !nulls
                .iter()
                .any(|null| null.token.as_bytes() == example.bytes)
                && !example.conforms(verdict)
        };
        let kept = self.columns[column].iter().flat_map(|(_, kept)| kept);
        let mut odd: Vec<CellExample> = kept.filter(is_odd).cloned().collect();
        odd.sort_by_key(|example| example.line);
        odd.truncate(KEPT);
        odd
    }
}

impl CellExample {
    fn conforms(&self, verdict: &Verdict) -> bool {
        let mut one = Evidence::default();
        if std::str::from_utf8(&self.bytes).is_err() {
            return false;
        }
        if matches!(verdict.column_type, ColumnType::Text | ColumnType::Empty) {
            return true;
        }
        if self.bytes.is_empty() {
            return false;
        }
        if self.is_text {
            one.count_text(&self.bytes);
        } else {
            one.count(&self.bytes, number::scan(&self.bytes));
        }
        let format = verdict.format.as_deref();
        match asked(&one, verdict.column_type, format, None) {
            Find::Type(found) => found.conforming == 1 && found.format == verdict.format,
            Find::AmbiguousDate | Find::Nothing => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::quoting::Quoting;

    #[test]
    fn those_are_shown_that_do_not_fit_what_the_column_is_in_the_end() {
        let cells = ["7", "5O", "NA", "8", "2024-01-31", "x", "9", "y", "z"];
        let mut cells: Vec<&str> = cells.to_vec();
        cells.extend(vec!["1"; 200]);
        let (mut evidence, mut examples) = (Evidence::default(), CellExamples::new(1));
        for (line, cell) in (2..).zip(&cells) {
            evidence.count(cell.as_bytes(), number::scan(cell.as_bytes()));
            examples.note(0, line, cell.as_bytes(), false);
        }
        let verdict = Verdict::of(evidence, Quoting::Minimal);
        assert_eq!(
            (verdict.column_type.code(), verdict.odd_cells),
            ("integer", 5)
        );
        let odd = examples.odd(0, &verdict);
        let odd: Vec<_> = odd.iter().map(|e| (e.line, e.cell.as_str())).collect();
        assert_eq!(odd, [(3, "5O"), (6, "2024-01-31"), (7, "x")]);
    }

    #[test]
    fn long_cells_are_shortened_between_characters() {
        let mut examples = CellExamples::new(1);
        examples.note(0, 1, "ä".repeat(100).as_bytes(), false);
        examples.note(0, 2, &[b"x".repeat(59), "ä".into()].concat(), false);
        let kept: Vec<_> = examples.columns[0][0]
            .1
            .iter()
            .map(|e| e.cell.clone())
            .collect();
        assert_eq!(
            kept,
            [
                format!("{}…", "ä".repeat(30)),
                format!("{}…", "x".repeat(59))
            ]
        );
    }
}
