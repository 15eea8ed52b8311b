//! The arguments of `manifold import`.

use std::path::PathBuf;

use clap::{Args, ValueEnum};
use manifold_format::{Escape, FileFormat, TextEncoding};
use manifold_jobs::import::{InputFile, Mark, Reading};
use manifold_store::rows::Rename;

use super::typing::TypingArgs;

/// What says nothing where records are taken back: they are read as the source's latest file was.
const READ_FROM_FILES: [&str; 17] = [
    "files",
    "create_project",
    "key",
    "format",
    "tables",
    "no_unnest",
    "encoding",
    "delimiter",
    "quote",
    "escape",
    "header",
    "no_header",
    "skip_lines",
    "comment",
    "all_tables",
    "strict",
    "always",
];

/// What to import, into what, and how to read it.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  manifold import planes.csv --project aviation --create-project
  manifold import flights.csv.gz airlines.csv airports.csv --project aviation
  manifold import orders.csv --project shop --key order_id
  manifold import orders.json --project shop
  manifold import exports/ 'more/*.csv' archive.zip other.zip/planes.csv --project aviation
  manifold import june.txt --project shop --source orders --delimiter ';'
  manifold import orders.csv --project shop --type zip=text --null -999 --date-order dmy
  manifold import orders.csv --project shop --dry-run
  manifold import https://example.org/data/planes.csv --project aviation
  manifold import 'https://me:${secret:example}@example.org/planes.csv.gz' --project aviation
  unzip -p orders.zip | manifold import - --source orders --project shop
  manifold import flights.csv.gz --project aviation --detach
  manifold import --readmit rejects.csv --project aviation

Each file is a source of its own, called like the file without its extension, unless --source names one. \
A source that exists gets its next snapshot; a file that has not changed makes none. Gzip and zstd are recognised. A folder means \
the files in it that can be imported, a zip archive likewise. `-` is stdin.

What has an address is fetched, each time that it is imported, unless the other side says that it is what was fetched before. A password \
or token in an address is kept with `manifold source secret set NAME` and written as ${secret:NAME}, or is a variable, ${env:NAME}.

Of JSON, nested objects become columns like `address.city`, and arrays of objects become sources of their own, such as \
`orders.items`, whose column `_parent` names the record around them. Of an SQLite database each table \
becomes a source, and its foreign keys become relationships.

How a file is written is found in its beginning, and --dry-run says what was found and why. The next file of a source \
is read as the one before, unless it cannot be.

What a column holds is found in all of its cells. Cells such as NA, N/A, null or - among numbers, dates or booleans are shown \
as NULL; a cell that does not fit its column is odd, stays as it is and is counted. --null, --type and --date-order say \
otherwise; a source remembers them, and `manifold source update --no-typing` forgets them. A column with a new name and the \
first values of one that is gone goes on as that one.")]
pub(crate) struct ImportArgs {
    /// The files: delimited text, JSON or JSON Lines, plain or packed with gzip or zstd; SQLite databases; folders, patterns, zip archives; addresses with https or http; `-`
    #[arg(required_unless_present = "readmit", value_name = "FILE")]
    pub(super) files: Vec<PathBuf>,
    /// The project: its id, its name, or the beginning of its id
    #[arg(long)]
    pub(super) project: String,
    /// The source that the files are versions of; made if it does not exist [default: the file's name]
    #[arg(long, value_name = "NAME")]
    pub(super) source: Option<String>,
    /// Make the project if it does not exist
    #[arg(long)]
    pub(super) create_project: bool,
    /// The columns that together identify a row; a new source keeps them
    #[arg(long, value_name = "COL", value_delimiter = ',')]
    pub(super) key: Vec<String>,
    /// The format of the files [default: found in their content]
    #[arg(long, value_enum, value_name = "F")]
    format: Option<FormatArg>,
    /// Import only these tables of a file that has several
    #[arg(long = "table", value_name = "TABLE")]
    tables: Vec<String>,
    /// Keep arrays of objects in JSON as text, instead of making them tables of their own
    #[arg(long)]
    no_unnest: bool,
    /// The encoding of the text: utf-8, utf-16le, windows-1252, shift_jis, ... [default: found]
    #[arg(long, value_name = "E")]
    encoding: Option<TextEncoding>,
    /// What stands between cells: one character, or `tab` [default: found]
    #[arg(long, value_name = "C", value_parser = Mark::character)]
    delimiter: Option<char>,
    /// What stands around cells: one character, or `none` [default: found]
    #[arg(long, value_name = "C", value_parser = Mark::parse)]
    quote: Option<Mark>,
    /// How a quote is written within quotes: twice, behind a backslash, as it is [default: found]
    #[arg(long, value_enum)]
    escape: Option<EscapeArg>,
    /// The first N records name the columns, one if no N is given [default: found]
    #[arg(long, value_name = "N", num_args = 0..=1, require_equals = true, default_missing_value = "1",
          value_parser = clap::value_parser!(u8).range(1..=20))]
    header: Option<u8>,
    /// The first record is a row and does not name the columns
    #[arg(long, conflicts_with = "header")]
    no_header: bool,
    /// Lines before the header that are no part of the table [default: found]
    #[arg(long, value_name = "N")]
    skip_lines: Option<u64>,
    /// The character that begins lines which are comments, or `none` [default: found]
    #[arg(long, value_name = "C", value_parser = Mark::parse)]
    comment: Option<Mark>,
    /// Go on where the header is repeated, instead of rejecting what follows as another table
    #[arg(long)]
    all_tables: bool,
    /// Reject rows that have too few cells, instead of filling them with NULL, and mend none
    #[arg(long)]
    strict: bool,
    /// Take rejected records back into their source that were mended in this list, which `manifold snapshot rejects --format csv` wrote
    #[arg(long, value_name = "FILE", conflicts_with_all = READ_FROM_FILES)]
    pub(super) readmit: Option<PathBuf>,
    #[command(flatten)]
    pub(super) typing: TypingArgs,
    /// The column that the latest snapshot calls OLD goes on under the name NEW that the file has; `OLD=`: as none, whatever they have in common
    #[arg(long = "rename", value_name = "OLD=NEW", value_parser = rename)]
    pub(super) renames: Vec<Rename>,
    /// Make a snapshot even if the file has not changed
    #[arg(long)]
    pub(super) always: bool,
    /// Read the files and say what would be done, without doing it
    #[arg(long)]
    pub(super) dry_run: bool,
    /// For how many seconds the other side of an address may be silent [default: 120]
    #[arg(long, value_name = "SECONDS", value_parser = clap::value_parser!(u32).range(1..=86_400))]
    pub(super) timeout: Option<u32>,
    /// Only write the jobs down, for a worker to do; a project that is made for them stays whatever becomes of them
    #[arg(long, conflicts_with = "dry_run")]
    pub(super) detach: bool,
}

impl ImportArgs {
    /// A file, and how it is to be read.
    pub(super) fn file(&self, path: PathBuf) -> InputFile {
        InputFile {
            path,
            url: None,
            fetched: None,
            member: None,
            format: self.format.map(Into::into),
            reading: self.reading(),
            tables: self.tables.clone(),
            no_unnest: self.no_unnest,
        }
    }

    /// How delimited text is to be read.
    fn reading(&self) -> Reading {
        let header_rows = if self.no_header {
            Some(0)
        } else {
            self.header.map(usize::from)
        };
        Reading {
            encoding: self.encoding,
            delimiter: self.delimiter,
            quote: self.quote,
            escape: self.escape.map(Into::into),
            header_rows,
            skip_lines: self.skip_lines,
            comment: self.comment,
            all_tables: self.all_tables,
            strict: self.strict,
        }
    }
}

/// A format of files.
#[derive(Debug, Clone, Copy, ValueEnum)]
enum FormatArg {
    Csv,
    Tsv,
    Json,
    Jsonl,
    Sqlite,
}

impl From<FormatArg> for FileFormat {
    fn from(format: FormatArg) -> Self {
        match format {
            FormatArg::Csv => Self::Csv,
            FormatArg::Tsv => Self::Tsv,
            FormatArg::Json => Self::Json,
            FormatArg::Jsonl => Self::Jsonl,
            FormatArg::Sqlite => Self::Sqlite,
        }
    }
}

/// How a quote is written within quotes.
#[derive(Debug, Clone, Copy, ValueEnum)]
enum EscapeArg {
    // Twice
    Doubled,
    // Behind a backslash
    Backslash,
    // As it is
    None,
    // As it is, but `"` twice although it is not the quote
    DoubleQuotes,
}

impl From<EscapeArg> for Escape {
    fn from(escape: EscapeArg) -> Self {
        match escape {
            EscapeArg::Doubled => Self::Doubled,
            EscapeArg::Backslash => Self::Backslash,
            EscapeArg::None => Self::None,
            EscapeArg::DoubleQuotes => Self::DoubleQuotes,
        }
    }
}

fn rename(text: &str) -> Result<Rename, String> {
    let (stored, incoming) = text
        .split_once('=')
        .filter(|(stored, _)| !stored.is_empty())
        .ok_or_else(|| {
            "it is the name in the latest snapshot, `=` and the name in the file".to_owned()
        })?;
    Ok(Rename {
        stored: stored.to_owned(),
        incoming: Some(incoming.to_owned()).filter(|name| !name.is_empty()),
    })
}
