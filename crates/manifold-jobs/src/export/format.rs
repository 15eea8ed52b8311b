//! The formats that are written.

use std::fmt;
use std::path::Path;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// A format that is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ExportFormat {
    /// Comma-separated text.
    Csv,
    /// Text with tabs between cells, quoted as CSV is.
    Tsv,
    /// One JSON array of objects.
    Json,
    /// A JSON object on each line.
    Jsonl,
    /// An SQLite database with one table.
    Sqlite,
}

/// A name that is no format, or that tells none.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{what}: the formats are csv, tsv, json, jsonl and sqlite")]
pub struct UnknownFormat {
    what: String,
}

impl ExportFormat {
    /// All of them.
    pub const ALL: [Self; 5] = [Self::Csv, Self::Tsv, Self::Json, Self::Jsonl, Self::Sqlite];

    /// Its name.
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

    /// The format that the extension of a file tells.
    ///
    /// # Errors
    /// [`UnknownFormat`] when it has none, or that of another format.
    pub fn of_path(path: &Path) -> Result<Self, UnknownFormat> {
        let extension = path.extension().unwrap_or_default().to_string_lossy();
        Ok(match extension.to_lowercase().as_str() {
            "csv" => Self::Csv,
            "tsv" | "tab" => Self::Tsv,
            "json" => Self::Json,
            "jsonl" | "ndjson" | "jsonlines" => Self::Jsonl,
            "sqlite" | "sqlite3" | "db" => Self::Sqlite,
            "" => {
                let what = format!("{} has no extension that tells its format", path.display());
                return Err(UnknownFormat { what });
            }
            _ => {
                let what = format!(
                    "the extension `.{extension}` of {} tells no format that is written",
                    path.display()
                );
                return Err(UnknownFormat { what });
            }
        })
    }

    /// The media type of its files.
    pub(super) fn media_type(self) -> &'static str {
        match self {
            Self::Csv => "text/csv",
            Self::Tsv => "text/tab-separated-values",
            Self::Json => "application/json",
            Self::Jsonl => "application/x-ndjson",
            Self::Sqlite => "application/vnd.sqlite3",
        }
    }
}

impl fmt::Display for ExportFormat {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for ExportFormat {
    type Err = UnknownFormat;

    fn from_str(name: &str) -> Result<Self, UnknownFormat> {
        let found = Self::ALL.into_iter().find(|format| format.name() == name);
        found.ok_or_else(|| UnknownFormat {
            what: format!("`{name}` is no format that is written"),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_what_its_extension_says() {
        for (path, format) in [
            ("a.csv", ExportFormat::Csv),
            ("a.b/c.TAB", ExportFormat::Tsv),
            ("a.json", ExportFormat::Json),
            ("a.csv.ndjson", ExportFormat::Jsonl),
            ("a.db", ExportFormat::Sqlite),
        ] {
            assert_eq!(ExportFormat::of_path(Path::new(path)), Ok(format), "{path}");
        }
        for path in ["a", ".csv", "a.csv.gz", "a.parquet", "a.csv/b"] {
            let error = ExportFormat::of_path(Path::new(path)).unwrap_err();
            assert!(
                error
                    .to_string()
                    .contains("csv, tsv, json, jsonl and sqlite")
            );
        }
        assert_eq!("jsonl".parse(), Ok(ExportFormat::Jsonl));
        assert!("xlsx".parse::<ExportFormat>().is_err());
    }
}
