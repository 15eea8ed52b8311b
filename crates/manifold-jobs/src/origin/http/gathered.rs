//! The records of all pages in one file.

use std::io::{BufReader, BufWriter, Read, Write};
use std::path::Path;

use manifold_format::{FileFormat, JsonExtract, JsonPlace, ReadError, UnpackError, open_input};
use manifold_store::Scratch;
use tempfile::NamedTempFile;

use super::csv_page::{CsvPage, CsvPages, copy_csv_page};
use super::error::HttpError;
use super::page::Page;
use crate::JobError;
use crate::download::DownloadError;
use crate::import::{ImportFileError, Stoppable};

/// The records of all pages in one file. JSON becomes one array of them as they are written, JSON Lines go on with the lines of
/// the next page, and delimited text loses the headers but the first. It blocks.
pub(super) struct Gathered {
    file: NamedTempFile,
    out: BufWriter<std::fs::File>,
    pub(super) format: FileFormat,
    /// The members that lead to the records, to what is next and to the total.
    paths: Paths,
    csv: CsvPages,
    header: Option<Vec<u8>>,
    pub(super) records: u64,
    bytes: u64,
    most: u64,
    max_cell: u64,
    url: String,
}

/// The members that lead to what is looked for in a page of JSON.
#[derive(Debug, Clone, Default)]
pub(super) struct Paths {
    pub(super) records: Vec<String>,
    pub(super) next: Option<Vec<String>>,
    pub(super) total: Option<Vec<String>>,
}

impl Paths {
    /// Whether something is looked for beside the records.
    pub(super) fn is_wanted(&self) -> bool {
        self.next.is_some() || self.total.is_some()
    }
}

/// What a page holds.
#[derive(Debug)]
pub(super) struct PageRead {
    pub(super) records: u64,
    /// The identity of its records.
    pub(super) hash: blake3::Hash,
    /// What is next, as JSON.
    pub(super) next: Option<Vec<u8>>,
    pub(super) total: Option<u64>,
}

impl Gathered {
    /// Of pages of this format, in a temporary file.
    pub(super) fn new(
        scratch: &Scratch,
        format: FileFormat,
        (paths, csv): (Paths, CsvPages),
        limits: (u64, u64),
        url: &str,
    ) -> Result<Self, JobError> {
        let (most, max_cell) = limits;
        let made = scratch.file().and_then(|file| Ok((file.reopen()?, file)));
        let (out, file) = made.map_err(|source| temporary(url, source))?;
        Ok(Self {
            file,
            out: BufWriter::with_capacity(256 << 10, out),
            format,
            paths,
            csv,
            header: None,
            records: 0,
            bytes: 0,
            most,
            max_cell,
            url: url.to_owned(),
        })
    }

    /// Adds the records of a page.
    ///
    /// # Errors
    /// `http_records`, `http_pages`, `http_too_large`; those of files that are imported.
    pub(super) fn add(&mut self, page: &Page) -> Result<PageRead, JobError> {
        let url = &*self.url;
        let unreadable = |source| JobError::from(temporary(url, source));
        let file = std::fs::File::open(page.file.path()).map_err(unreadable)?;
        let input = Stoppable {
            inner: BufReader::with_capacity(256 << 10, file),
            cancel: page.cancel.clone(),
        };
        let input: Box<dyn Read + Send> = Box::new(open_input(input).map_err(unreadable)?);
        let is_first = self.records == 0;
        let mut out = Counting {
            out: &mut self.out,
            hasher: blake3::Hasher::new(),
            bytes: self.bytes,
            most: self.most,
        };
        let failed = |error: ReadError| failed(url, self.most, error);
        let mut read = PageRead {
            records: 0,
            hash: blake3::Hasher::new().finalize(),
            next: None,
            total: None,
        };
        match self.format {
            _ if page.is_empty => {}
            FileFormat::Json => {
                let values: Vec<&[String]> = [&self.paths.next, &self.paths.total]
                    .into_iter()
                    .map(|path| path.as_deref().unwrap_or_default())
                    .collect();
                let wanted = JsonExtract {
                    records: &self.paths.records,
                    values: &values,
                    max_cell: self.max_cell,
                };
                let mut separator: &[u8] = if is_first { b"[" } else { b",\n" };
                let found = wanted.read(input, &mut |record| {
                    out.out
                        .write_all(std::mem::replace(&mut separator, b",\n"))?;
                    out.put(record, b"\0")
                });
                let found = found.map_err(failed)?;
                if let Some(what) = misplaced(&found.place, &self.paths.records) {
                    return Err(JobError::from(HttpError::Records {
                        url: self.url.clone(),
                        page: page.number,
                        what,
                    }));
                }
                let mut values = found.values.into_iter();
                read.records = found.records;
                read.next = values.next().flatten();
                read.total = values.next().flatten().and_then(|text| {
                    let text = std::str::from_utf8(&text).ok()?;
                    text.trim_matches('"').parse().ok()
                });
            }
            FileFormat::Jsonl => {
                let lines = JsonExtract::lines(input, self.max_cell, &mut |line| {
                    out.put(line, b"\0")?;
                    out.out.write_all(b"\n")
                });
                read.records = lines.map_err(failed)?;
            }
            _ => {
                let mut input = BufReader::with_capacity(256 << 10, input);
                let copied = copy_csv_page(self.csv, &mut input, &mut self.header, &mut out);
                let copied = copied.map_err(|error| failed(ReadError::Other(error.into())))?;
                let what = match copied {
                    CsvPage::Copied(records) => {
                        read.records = records;
                        None
                    }
                    CsvPage::OtherHeader => Some("its header is another one"),
                    CsvPage::OtherEncoding => Some("pages of delimited text must be UTF-8"),
                    CsvPage::NoHeader => Some("it has no header"),
                };
                if let Some(what) = what {
                    return Err(JobError::from(HttpError::Pages {
                        url: self.url.clone(),
                        page: page.number,
                        what: what.to_owned(),
                    }));
                }
            }
        }
        (read.hash, self.bytes) = (out.hasher.finalize(), out.bytes);
        self.records += read.records;
        Ok(read)
    }

    /// The file, when nothing is added any more.
    pub(super) fn finish(mut self) -> Result<NamedTempFile, JobError> {
        let end: &[u8] = match (self.format, self.records) {
            (FileFormat::Json, 0) => b"[]",
            (FileFormat::Json, _) => b"]",
            _ => b"",
        };
        let written = self.out.write_all(end).and_then(|()| self.out.flush());
        written.map_err(|source| temporary(&self.url, source))?;
        Ok(self.file)
    }
}

/// What is wrong with the place where the records should be.
fn misplaced(place: &JsonPlace, path: &[String]) -> Option<String> {
    let names = |names: &[String]| {
        let short = |name: &String| name.chars().take(40).collect::<String>();
        names.iter().map(short).collect::<Vec<_>>().join(", ")
    };
    let path = path.join(".");
    match place {
        JsonPlace::Array => None,
        JsonPlace::Missing(there) if there.is_empty() => {
            Some(format!("there is no `{path}`, but an empty object"))
        }
        JsonPlace::Missing(there) => Some(format!("there is no `{path}`, but {}", names(there))),
        JsonPlace::Other(what) if path.is_empty() => Some(format!("it is {what}")),
        JsonPlace::Other(what) => Some(format!("{what} stands where `{path}` should be")),
        JsonPlace::Object(there) => Some(format!("it is an object with {}", names(there))),
        JsonPlace::Unknown => Some("it has no records".to_owned()),
    }
}

fn temporary(url: &str, source: std::io::Error) -> DownloadError {
    DownloadError::Temporary {
        url: url.to_owned(),
        source,
    }
}

fn failed(url: &str, most: u64, error: ReadError) -> JobError {
    let error = match error {
        ReadError::Other(other) => match other.downcast::<std::io::Error>() {
            Ok(error) if TooMuch::is_in(&error) => {
                let (url, limit) = (url.to_owned(), most);
                return DownloadError::TooMuch { url, limit }.into();
            }
            Ok(error) => match error.downcast::<UnpackError>() {
                Ok(source) => ReadError::Packed { line: 1, source },
                Err(error) => return temporary(url, error).into(),
            },
            Err(other) => ReadError::Other(other),
        },
        error => error,
    };
    ImportFileError::read(Path::new(url), error).into()
}

/// Says that there is more than may be taken.
#[derive(Debug, thiserror::Error)]
#[error("there is more than may be taken")]
struct TooMuch;

impl TooMuch {
    fn is_in(error: &std::io::Error) -> bool {
        let inner = error.get_ref();
        inner
            .and_then(|inner| inner.downcast_ref::<Self>())
            .is_some()
    }
}

/// Hashes and counts what is written.
struct Counting<'a> {
    out: &'a mut BufWriter<std::fs::File>,
    hasher: blake3::Hasher,
    bytes: u64,
    most: u64,
}

impl Counting<'_> {
    /// Writes a record. What ends it is hashed and not written.
    fn put(&mut self, record: &[u8], end: &[u8]) -> std::io::Result<()> {
        self.write_all(record)?;
        self.hasher.update(end);
        Ok(())
    }
}

impl Write for Counting<'_> {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.bytes += bytes.len() as u64;
        if self.bytes > self.most {
            return Err(std::io::Error::other(TooMuch));
        }
        self.hasher.update(bytes);
        self.out.write_all(bytes)?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        self.out.flush()
    }
}
