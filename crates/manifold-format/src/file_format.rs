//! Which format a file has.

use crate::json::{JsonProblem, first_value};
use crate::transcoder::decoded_start;
use serde::{Deserialize, Serialize};

/// How a database begins.
const SQLITE: &[u8] = b"SQLite format 3\0";

/// A format of files.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum FileFormat {
    /// Delimited text.
    Csv,
    /// Delimited text with tabs between cells.
    Tsv,
    /// JSON: an array, an object with arrays in it, or values one after the other.
    Json,
    /// JSON Lines: each line is a value.
    Jsonl,
    /// An SQLite database.
    Sqlite,
}

impl FileFormat {
    /// How much of the beginning of a file [`Self::find`] wants to see, in bytes.
    pub const HEAD: usize = 64 * 1024;

    /// All formats.
    pub const ALL: [Self; 5] = [Self::Csv, Self::Tsv, Self::Json, Self::Jsonl, Self::Sqlite];

    /// Its name, as it is written in options and shown.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Csv => "csv",
            Self::Tsv => "tsv",
            Self::Json => "json",
            Self::Jsonl => "jsonl",
            Self::Sqlite => "sqlite",
        }
    }

    /// The format of a file by its first bytes, unpacked, and, where they fit several, by its name. What looks like
    /// nothing else is delimited text.
    #[must_use]
    pub fn find(head: &[u8], name: &str) -> Self {
        if head.starts_with(SQLITE) {
            return Self::Sqlite;
        }
        let named = Self::of_name(name);
        let has_more = head.len() >= Self::HEAD;
        let head = decoded_start(head);
        let text = head
            .strip_prefix(b"\xef\xbb\xbf")
            .unwrap_or(&head)
            .trim_ascii_start();
        if !matches!(text.first(), Some(b'{' | b'[')) {
            // A line that is no JSON may be a bad one among good ones.
            return match named {
                Some(lines @ Self::Jsonl) if has_object_line(text) || is_scalar(text) => lines,
                Some(json @ Self::Json) if is_scalar(text) => json,
                _ => Self::Csv,
            };
        }
        let by_name = named.filter(|named| matches!(named, Self::Json | Self::Jsonl));
        let length = match first_value(text) {
            Ok(length) => length,
            Err((problem, at)) => {
                // At the end of the head a value may be cut, perhaps within a word.
                let is_cut = has_more && at + 16 > text.len();
                let goes_on = match problem {
                    JsonProblem::Truncated => has_more,
                    JsonProblem::Unexpected { .. } => is_cut,
                    _ => true,
                };
                return by_name.unwrap_or(if goes_on { Self::Json } else { Self::Csv });
            }
        };
        let (first, rest) = text.split_at(length);
        match rest.trim_ascii_start().first() {
            None => by_name.unwrap_or(Self::Json),
            Some(b'{' | b'[') => {
                let is_line = memchr::memchr(b'\n', first).is_none();
                let next = rest
                    .iter()
                    .position(|byte| !matches!(byte, b' ' | b'\t' | b'\r'));
                let ends = next.is_some_and(|at| rest[at] == b'\n');
                if is_line && ends {
                    Self::Jsonl
                } else {
                    Self::Json
                }
            }
            Some(_) => by_name.unwrap_or(Self::Csv),
        }
    }

    /// Whether more of the beginning of an input, up to [`Self::HEAD`] bytes, may show another format than `head` does. What is
    /// delimited text shows it early, so that nobody waits for more of a pipe than has come.
    #[must_use]
    pub fn wants_more(head: &[u8]) -> bool {
        if head.len() >= Self::HEAD {
            return false;
        }
        let start = decoded_start(head);
        let text = start.strip_prefix(b"\xef\xbb\xbf").unwrap_or(&start);
        let first = text.trim_ascii_start().first();
        first.is_none_or(|byte| matches!(byte, b'{' | b'[')) || SQLITE.starts_with(head)
    }

    /// The format that a name says, with or without `.gz` or `.zst` behind it.
    fn of_name(name: &str) -> Option<Self> {
        let name = name.to_lowercase();
        let plain = name
            .strip_suffix(".gz")
            .or_else(|| name.strip_suffix(".zst"));
        let (_, extension) = plain.unwrap_or(&name).rsplit_once('.')?;
        match extension {
            "csv" | "txt" => Some(Self::Csv),
            "tsv" | "tab" => Some(Self::Tsv),
            "json" | "geojson" => Some(Self::Json),
            "jsonl" | "ndjson" | "jsonlines" => Some(Self::Jsonl),
            "sqlite" | "sqlite3" | "db" => Some(Self::Sqlite),
            _ => None,
        }
    }
}

/// Whether the first line is one JSON value.
fn is_scalar(text: &[u8]) -> bool {
    let line = text.split(|byte| *byte == b'\n').next().unwrap_or_default();
    first_value(line).is_ok_and(|length| line[length..].trim_ascii().is_empty())
}

/// Whether a line begins as an object does and ends as one.
fn has_object_line(text: &[u8]) -> bool {
    let mut lines = text.split(|byte| *byte == b'\n').map(<[u8]>::trim_ascii);
    lines.any(|line| line.starts_with(b"{") && line.ends_with(b"}"))
}

#[cfg(test)]
mod tests {
    use super::FileFormat::{self, Csv, Json, Jsonl, Sqlite};

    #[test]
    fn the_content_comes_before_the_name() {
        for (head, name, format) in [
            (&b"SQLite format 3\0.."[..], "x.csv", Sqlite),
            (b"[1, 2]", "x", Json),
            (b"\xef\xbb\xbf {\"a\": 1}", "x.csv", Json),
            (b"{\"a\": 1}", "x.ndjson.gz", Jsonl),
            (b"{\"a\": 1}\n{\"a\": 2}\n", "x.json", Jsonl),
            (b"{\"a\": 1} {\"a\": 2}\n", "x", Json),
            (b"{\n\"a\": 1}\n{\"a\": 2}\n", "x", Json),
            (b"[id],[name]\n1,2\n", "x", Csv),
            (b"[1,2],3\n", "x", Csv),
            (b"[1,2],3\n", "x.json", Json),
            (b"[{\"a\": 1, \"a\": 2}]", "x", Json),
            (b"{\"a\": nope}\n", "x.json", Json),
            (b"nope\n{\"a\": 1}\n", "x.jsonl", Jsonl),
            (b"a,b\n1,2\n", "x.jsonl", Csv),
            (b"a,b\n1,2\n", "x.json", Csv),
            (b"1\n2\n", "x.txt", Csv),
            (b"1\n2\n", "x.jsonl", Jsonl),
            (b" null ", "x.json", Json),
            (b"\xff\xfe[\0]\0", "x", Json),
            (b"\0{\0}", "x", Json),
            (b"\xfe\xff\0a\0,\0b", "x", Csv),
            (b"", "x.db", Csv),
        ] {
            let shown = String::from_utf8_lossy(head);
            assert_eq!(FileFormat::find(head, name), format, "{shown:?} {name}");
        }
    }

    #[test]
    fn only_what_may_be_json_or_a_database_wants_more() {
        for head in [
            &b""[..],
            b"[1",
            b"\xef\xbb\xbf",
            b" \n{",
            b"SQLi",
            b"\xff\xfe[\0",
        ] {
            assert!(FileFormat::wants_more(head), "{head:?}");
        }
        for head in [
            &b"a"[..],
            b"\xef\xbb\xbfa,",
            b"SQLx",
            b"\xff\xfea\0",
            b"\x1f\x8b",
        ] {
            assert!(!FileFormat::wants_more(head), "{head:?}");
        }
    }

    #[test]
    fn a_value_may_go_on_behind_the_head() {
        let mut head = b"[{\"a\": \"".to_vec();
        head.resize(FileFormat::HEAD, b'x');
        assert_eq!(FileFormat::find(&head, "x"), Json);
        assert_eq!(FileFormat::find(&head, "x.jsonl"), Jsonl);
    }
}
