//! The columns a header names.

use crate::column_type::ColumnType;
use crate::encoding::Encoding;
use crate::quoting::Quoting;
use crate::typing::ColumnTyping;
use crate::verdict::Verdict;
use std::collections::HashSet;

/// A column of the input.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Column {
    /// The name to show: not empty, and no other column's when case is ignored.
    pub name: String,
    /// The bytes of the header cell, unquoted; empty when there is no header.
    pub original: Vec<u8>,
    /// Why `name` is not `original`.
    pub renamed: Option<Renamed>,
    /// What the sample says about its cells.
    pub proposal: Proposal,
}

/// Why a column is not named as the header says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Renamed {
    /// The header cell is empty or blank; the name is `column_` and the position from 1.
    Empty,
    /// A column before has the same name; the name got a number behind it.
    Duplicate,
    /// A column before has a name that differs only in case; the name got a number behind it.
    CaseEqual,
    /// The header cell is not valid UTF-8; the bytes that are not became U+FFFD.
    InvalidUtf8,
}

/// What a sample of the first rows says about a column.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Proposal {
    /// As [`crate::Verdict::column_type`], over the sample.
    pub column_type: ColumnType,
    /// As [`crate::Verdict::format`], over the sample.
    pub format: Option<String>,
    /// How to store the cells, when nothing else is known about the column.
    pub encoding: Encoding,
    /// Which cells the file quotes. Decided from the sample for the whole file.
    pub quoting: Quoting,
    /// The text of the first cells, at most 256, with the empty ones.
    pub cells: Vec<Vec<u8>>,
    verdict: Verdict,
}

impl Proposal {
    pub(crate) fn new(verdict: Verdict, cells: Vec<Vec<u8>>) -> Self {
        Self {
            column_type: verdict.column_type,
            format: verdict.format.clone(),
            encoding: verdict.encoding,
            quoting: verdict.quoting,
            cells,
            verdict,
        }
    }

    /// What the sample proposes when somebody says something about the column.
    #[must_use]
    pub fn under(&self, typing: ColumnTyping) -> Self {
        Self::new(self.verdict.under(typing), self.cells.clone())
    }
}

/// The names under which columns with these names are read: blank ones get one, and one that was there before, whatever the
/// case of its letters, gets a number.
#[must_use]
pub fn unique_names<'a>(given: impl IntoIterator<Item = &'a [u8]>) -> Vec<String> {
    let given: Vec<Vec<u8>> = given.into_iter().map(<[u8]>::to_vec).collect();
    names(&given).into_iter().map(|(name, _)| name).collect()
}

/// The shown name of each header cell.
pub(crate) fn names(header: &[Vec<u8>]) -> Vec<(String, Option<Renamed>)> {
    let fold = |name: &str| name.to_lowercase();
    let given: Vec<_> = header
        .iter()
        .map(|cell| String::from_utf8_lossy(cell))
        .collect();
    // A suffixed name must not take the name of a column that comes later.
    let reserved: HashSet<String> = given.iter().map(|name| fold(name)).collect();
    let mut taken: HashSet<String> = HashSet::new();
    let mut exact: HashSet<&str> = HashSet::new();
    let mut names = Vec::with_capacity(header.len());
    for (index, given) in given.iter().enumerate() {
        let blank = given.trim().is_empty();
        let base = if blank {
            format!("column_{}", index + 1)
        } else {
            given.to_string()
        };
        let collides = taken.contains(&fold(&base)) || blank && reserved.contains(&fold(&base));
        let renamed = if blank {
            Some(Renamed::Empty)
        } else if exact.contains(&**given) {
            Some(Renamed::Duplicate)
        } else if collides {
            Some(Renamed::CaseEqual)
        } else if given.as_bytes() != header[index] {
            Some(Renamed::InvalidUtf8)
        } else {
            None
        };
        let name = if collides {
            (2u64..)
                .map(|number| format!("{base}_{number}"))
                .find(|name| !taken.contains(&fold(name)) && !reserved.contains(&fold(name)))
                .unwrap_or(base)
        } else {
            base
        };
        taken.insert(fold(&name));
        exact.insert(given);
        names.push((name, renamed));
    }
    names
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(header: &[&str]) -> Vec<(String, Option<Renamed>)> {
        names(
            &header
                .iter()
                .map(|name| name.as_bytes().to_vec())
                .collect::<Vec<_>>(),
        )
    }

    fn expect(header: &[&str], names: &[&str]) {
        let found: Vec<_> = shown(header).into_iter().map(|(name, _)| name).collect();
        assert_eq!(found, names);
    }

    #[test]
    fn names_are_unique_when_case_is_ignored() {
        expect(&["id", "ID", "Id"], &["id", "ID_2", "Id_3"]);
        expect(&["a", "a", "a_2"], &["a", "a_3", "a_2"]);
        expect(&["Ä", "ä"], &["Ä", "ä_2"]);
        expect(&["", "x", " "], &["column_1", "x", "column_3"]);
        expect(&["", "column_1"], &["column_1_2", "column_1"]);
        expect(&["column_2", ""], &["column_2", "column_2_2"]);
    }

    #[test]
    fn reasons_are_told_apart() {
        let reasons: Vec<_> = shown(&["a", "a", "A", "", "b"])
            .into_iter()
            .map(|(_, reason)| reason)
            .collect();
        assert_eq!(
            reasons,
            [
                None,
                Some(Renamed::Duplicate),
                Some(Renamed::CaseEqual),
                Some(Renamed::Empty),
                None
            ]
        );
        let invalid = names(&[b"a\xff".to_vec()]);
        assert_eq!(
            invalid,
            [("a\u{fffd}".to_owned(), Some(Renamed::InvalidUtf8))]
        );
    }
}
