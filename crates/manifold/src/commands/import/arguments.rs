//! The arguments of `manifold import`.

use std::path::PathBuf;

use clap::Args;
use manifold_jobs::import::Reading;

/// What to import, into what, and how to read it.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  manifold import planes.csv --project aviation --create-project
  manifold import flights.csv.gz airlines.csv airports.csv --project aviation
  manifold import orders.csv --project shop --key order_id
  manifold import june.txt --project shop --source orders --delimiter ';'
  manifold import orders.csv --project shop --dry-run

Each file is a source of its own, called like the file without its extension, unless --source names one. \
A source that exists gets its next snapshot; a file that has not changed makes none. Gzip is recognised.")]
pub(crate) struct ImportArgs {
    /// The files: delimited text in UTF-8, plain or gzipped
    #[arg(required = true, value_name = "FILE")]
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
    /// What stands between cells: one character, or `tab`
    #[arg(long, value_name = "C", value_parser = delimiter, default_value = ",")]
    delimiter: char,
    /// The first line is a row and does not name the columns
    #[arg(long)]
    no_header: bool,
    /// Reject rows that have too few cells, instead of filling them with NULL
    #[arg(long)]
    strict: bool,
    /// Make a snapshot even if the file has not changed
    #[arg(long)]
    pub(super) always: bool,
    /// Read the files and say what would be done, without doing it
    #[arg(long)]
    pub(super) dry_run: bool,
}

impl ImportArgs {
    /// How the files are to be read.
    pub(super) fn reading(&self) -> Reading {
        Reading {
            delimiter: self.delimiter,
            header: !self.no_header,
            strict: self.strict,
        }
    }
}

fn delimiter(text: &str) -> Result<char, String> {
    let mut characters = text.chars();
    match (text, characters.next(), characters.next()) {
        ("tab" | "\\t", ..) => Ok('\t'),
        (_, Some(one), None) => Ok(one),
        _ => Err("it is one character, or `tab`".to_owned()),
    }
}
