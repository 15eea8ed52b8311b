//! How a delimited file is to be read.

use manifold_format::{Asked, CsvReading, Escape, ReadError, Remembered, TextEncoding};
use serde::{Deserialize, Serialize};
use serde_json::Value as Json;

/// How the bytes of a delimited file are to be read. What is not said is found in the file, or is
/// as in the source's latest file. The same bytes read otherwise give other rows.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Reading {
    /// The encoding of the text.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub encoding: Option<TextEncoding>,
    /// Between cells: one ASCII character.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub delimiter: Option<char>,
    /// Around cells.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub quote: Option<Mark>,
    /// How a quoted cell contains a quote.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub escape: Option<Escape>,
    /// How many records name the columns; 0: the first record is a row.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub header_rows: Option<usize>,
    /// Lines before the header that are not looked at.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub skip_lines: Option<u64>,
    /// What begins a line that is a comment.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub comment: Option<Mark>,
    /// Whether a repeated header is passed over, instead of beginning another table.
    pub all_tables: bool,
    /// Whether rows with too few cells are rejected instead of being filled with NULL, and none is
    /// mended.
    pub strict: bool,
}

/// A character that marks something, or that there is none.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Mark {
    /// Nothing is marked.
    #[serde(rename = "none")]
    None,
    /// This character: ASCII, and no line break.
    #[serde(untagged)]
    Char(char),
}

impl Mark {
    /// What people write: one character, `tab`, `space`, or `none`.
    ///
    /// # Errors
    /// What it may be, in words.
    pub fn parse(text: &str) -> Result<Self, String> {
        match text {
            "none" => Ok(Self::None),
            _ => Self::character(text).map(Self::Char),
        }
    }

    /// What people write where there must be a character: one, `tab` or `space`.
    ///
    /// # Errors
    /// What it may be, in words.
    pub fn character(text: &str) -> Result<char, String> {
        let mut characters = text.chars();
        match (text, characters.next(), characters.next()) {
            ("tab" | "\\t", ..) => Ok('\t'),
            ("space", ..) => Ok(' '),
            (_, Some(one), None) => Ok(one),
            _ => Err("it is one character, `tab` or `space`".to_owned()),
        }
    }
}

impl Reading {
    /// What is asked of the reader.
    pub(super) fn asked(&self, remembered: Option<Remembered>) -> Result<Asked, ReadError> {
        let byte = |c: char| {
            u8::try_from(c)
                .ok()
                .filter(u8::is_ascii)
                .ok_or(ReadError::Delimiter { delimiter: c })
        };
        let mark = |mark: Mark| match mark {
            Mark::None => Ok(None),
            Mark::Char(c) => byte(c).map(Some),
        };
        Ok(Asked {
            encoding: self.encoding,
            delimiter: self.delimiter.map(byte).transpose()?,
            quote: self.quote.map(mark).transpose()?,
            escape: self.escape,
            header_rows: self.header_rows,
            skip_lines: self.skip_lines,
            comment: self.comment.map(mark).transpose()?,
            remembered,
        })
    }

    /// Whether the snapshot with this recorded dialect was read as is asked now.
    pub(crate) fn made(&self, dialect: &Json) -> bool {
        let Ok(read) = CsvReading::deserialize(dialect) else {
            return false;
        };
        let syntax = read.syntax;
        let mark = |character: Option<char>| character.map_or(Mark::None, Mark::Char);
        let quote = mark(syntax.quote.map(char::from));
        self.encoding.is_none_or(|asked| asked == read.encoding)
            && self
                .delimiter
                .is_none_or(|asked| asked == char::from(syntax.delimiter))
            && self.quote.is_none_or(|asked| asked == quote)
            && self.escape.is_none_or(|asked| asked == syntax.escape)
            && self
                .header_rows
                .is_none_or(|asked| asked == read.header_rows())
            && self
                .skip_lines
                .is_none_or(|asked| asked == read.skip_lines())
            && self
                .comment
                .is_none_or(|asked| asked == mark(read.comment()))
            && self.strict == read.is_strict()
            && self.all_tables == read.has_all_tables()
    }
}

/// How the snapshot with this recorded dialect was read, if it was delimited text and that is understood.
pub(crate) fn remembered(dialect: &Json) -> Option<Remembered> {
    let read = CsvReading::deserialize(dialect).ok()?;
    Some(read.remembered())
}
