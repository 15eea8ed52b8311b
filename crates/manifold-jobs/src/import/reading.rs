//! How a delimited file is to be read.

use manifold_format::{
    Asked, CsvOptions, CsvReader, Dialect, Escape, ReadError, Remembered, Syntax, TextEncoding,
};
use serde::{Deserialize, Serialize};
use serde_json::Value as Json;
use std::io::Read;

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

/// The part of a recorded dialect that says how the file was read.
#[derive(Deserialize)]
struct Recorded {
    #[serde(flatten)]
    syntax: Syntax,
    #[serde(default)]
    encoding: TextEncoding,
    reading: RecordedReading,
}

#[derive(Serialize, Deserialize)]
struct RecordedReading {
    /// The delimiter, for versions that know nothing else.
    delimiter: char,
    header: bool,
    strict: bool,
    header_rows: Option<usize>,
    #[serde(default)]
    skip_lines: u64,
    #[serde(default)]
    comment: Option<char>,
    #[serde(default)]
    columns: Option<usize>,
    #[serde(default)]
    all_tables: bool,
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
        let Ok(recorded) = Recorded::deserialize(dialect) else {
            return false;
        };
        let (syntax, reading) = (recorded.syntax, &recorded.reading);
        let mark = |byte: Option<char>| byte.map_or(Mark::None, Mark::Char);
        let quote = mark(syntax.quote.map(char::from));
        self.encoding.is_none_or(|asked| asked == recorded.encoding)
            && self
                .delimiter
                .is_none_or(|asked| asked == reading.delimiter)
            && self.quote.is_none_or(|asked| asked == quote)
            && self.escape.is_none_or(|asked| asked == syntax.escape)
            && self
                .header_rows
                .is_none_or(|asked| asked == reading.header_rows())
            && self
                .skip_lines
                .is_none_or(|asked| asked == reading.skip_lines)
            && self
                .comment
                .is_none_or(|asked| asked == mark(reading.comment))
            && self.strict == reading.strict
            && self.all_tables == reading.all_tables
    }
}

impl RecordedReading {
    fn header_rows(&self) -> usize {
        self.header_rows.unwrap_or(usize::from(self.header))
    }
}

/// How the snapshot with this recorded dialect was read, if that is understood.
pub(crate) fn remembered(dialect: &Json) -> Option<Remembered> {
    let recorded = Recorded::deserialize(dialect).ok()?;
    Some(Remembered {
        syntax: recorded.syntax,
        encoding: recorded.encoding,
        comment: recorded.reading.comment.and_then(|c| u8::try_from(c).ok()),
        header_rows: recorded.reading.header_rows(),
    })
}

/// The dialect to record with a snapshot: what was found in the file, and how it was read.
pub(crate) fn recorded<R: Read>(
    reader: &CsvReader<R>,
    dialect: &Dialect,
) -> serde_json::Result<Json> {
    let options: &CsvOptions = reader.options();
    let mut json = serde_json::to_value(dialect)?;
    json["reading"] = serde_json::to_value(RecordedReading {
        delimiter: char::from(options.syntax.delimiter),
        header: options.header_rows > 0,
        strict: options.strict,
        header_rows: Some(options.header_rows),
        skip_lines: options.skip_lines,
        comment: options.comment.map(char::from),
        columns: options.columns,
        all_tables: options.all_tables,
    })?;
    Ok(json)
}
