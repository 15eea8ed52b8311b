//! A file and how it is to be read.

use std::borrow::Cow;
use std::io::Read as _;
use std::path::{Path, PathBuf};

use manifold_format::{ByteProgress, Compression, FileFormat, InputChanged, ReadError, Typing};
use manifold_store::Layout;
use serde::{Deserialize, Serialize};
use serde_json::Value as Json;
use tokio_util::sync::CancellationToken;

use super::opened_file::{Unpacked, open_unpacked};
use super::opened_input::{OpenedInput, Opening};
use super::{FoundColumn, ImportFileError, InputUrl, Reading, check_typing};
use crate::JobError;

/// How many bytes are hashed between two looks at whether to stop.
const HASHED_AT_ONCE: u64 = 16 << 20;

/// A file and how it is to be read. Gzip and zstd are recognised by their first bytes.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct InputFile {
    /// The absolute path; of what is fetched, its address as people may see it.
    pub path: PathBuf,
    /// Where it is fetched from, unless it is a file.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub url: Option<InputUrl>,
    /// Where its bytes are, if they were fetched.
    #[serde(skip)]
    pub fetched: Option<PathBuf>,
    /// The file in it, where it is a zip archive.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub member: Option<String>,
    /// Its format; found in its content when it is not said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub format: Option<FileFormat>,
    /// How delimited text is read.
    #[serde(flatten)]
    pub reading: Reading,
    /// The tables that are wanted; none: all.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tables: Vec<String>,
    /// Whether arrays of objects stay JSON text, instead of becoming tables of their own.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub no_unnest: bool,
}

/// What a file shows before it is imported.
#[derive(Debug, Clone)]
pub struct Header {
    /// Its format.
    pub format: FileFormat,
    /// The columns of delimited text; their types are those of the first rows. Other formats show them when they were
    /// read.
    pub columns: Vec<FoundColumn>,
    /// Its size in bytes; `None` for a pipe or device.
    pub size_bytes: Option<u64>,
}

impl InputFile {
    /// Looks at the beginning of the file, on a blocking thread, so that what is wrong with it is known before anything
    /// is made for it. Of a pipe this takes the beginning away.
    ///
    /// # Errors
    /// [`JobError::Failed`] with the code of an [`ImportFileError`].
    pub async fn check(
        &self,
        key_columns: &[String],
        typing: &Typing,
        max_cell: u64,
    ) -> Result<Header, JobError> {
        let (file, keys, typing) = (self.clone(), key_columns.to_owned(), typing.clone());
        blocking(move || {
            let format = file.find_format()?;
            let mut header = Header {
                format,
                columns: Vec::new(),
                size_bytes: std::fs::metadata(file.place())
                    .ok()
                    .filter(std::fs::Metadata::is_file)
                    .map(|found| found.len()),
            };
            if is_delimited(format) {
                let opened = file.open(&Opening::new(max_cell))?;
                let table = &opened.reader.tables()[0];
                check_typing(&typing, &std::iter::once(table), &file.path)?;
                let columns = table.columns.iter();
                header.columns = columns.map(FoundColumn::proposed).collect();
                file.check_keys(&keys, &header.columns)?;
            }
            Ok(header)
        })
        .await
    }

    /// Refuses a file of the store in `layout`: to open and close one beside SQLite would take its locks away.
    ///
    /// # Errors
    /// [`ImportFileError::OfStore`].
    pub fn refuse_of_store(&self, layout: &Layout) -> Result<(), ImportFileError> {
        if layout.keeps(&self.path) {
            let path = self.path.clone();
            return Err(ImportFileError::OfStore { path });
        }
        // What is not there is told where it is opened.
        Ok(())
    }

    /// Every key column must be in the file, by its exact name or without regard to case.
    pub(super) fn check_keys(
        &self,
        keys: &[String],
        columns: &[FoundColumn],
    ) -> Result<(), ImportFileError> {
        let missing = |key: &&String| {
            !columns
                .iter()
                .any(|column| column.name.to_lowercase() == key.to_lowercase())
        };
        match keys.iter().find(missing) {
            None => Ok(()),
            Some(key) => Err(ImportFileError::MissingKeyColumn {
                path: self.path.clone(),
                key: key.clone(),
                columns: columns.iter().map(|column| column.name.clone()).collect(),
            }),
        }
    }

    /// Whether its tables are known only when all of it was read, so that this comes before anything is made for it. The
    /// content of a pipe is looked at later.
    pub(crate) async fn has_tables(&self) -> Result<bool, JobError> {
        if let Some(format) = self.format {
            return Ok(!is_delimited(format));
        }
        let file = self.clone();
        let format = blocking(move || {
            let is_stream = std::fs::metadata(file.place())
                .is_ok_and(|found| !found.is_file() && !found.is_dir());
            if is_stream {
                return Ok(FileFormat::Csv);
            }
            file.find_format()
        });
        match format.await {
            Ok(format) => Ok(!is_delimited(format)),
            // That it cannot be read is said where it is read.
            Err(JobError::Failed { .. }) => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// The format that was asked for, or that the first bytes show. Blocks.
    fn find_format(&self) -> Result<FileFormat, ImportFileError> {
        if let Some(format) = self.format {
            return Ok(format);
        }
        let input = self.unpacked()?;
        let mut head = Vec::new();
        // Damaged data are found again, and told better, where they are read.
        drop(input.take(FileFormat::HEAD as u64).read_to_end(&mut head));
        Ok(FileFormat::find(&head, &self.name()))
    }

    fn unpacked(&self) -> Result<Unpacked, ImportFileError> {
        let (input, _) = open_unpacked(self, &ByteProgress::default())?;
        Ok(input)
    }

    /// Where its bytes are.
    pub(crate) fn place(&self) -> &Path {
        self.fetched.as_deref().unwrap_or(&self.path)
    }

    /// The name that tells its format.
    pub(super) fn name(&self) -> Cow<'_, str> {
        match &self.member {
            Some(member) => member.into(),
            None => self.path.to_string_lossy(),
        }
    }

    pub(super) fn unreadable(&self, source: std::io::Error) -> ImportFileError {
        let path = self.path.clone();
        if InputChanged::is_in(&source) {
            let source = ReadError::Changed;
            return ImportFileError::Format { path, source };
        }
        ImportFileError::Unreadable { path, source }
    }

    /// Whether a snapshot with this recorded dialect was read as is asked now.
    pub(crate) fn made(&self, dialect: &Json) -> bool {
        self.format.is_none_or(is_delimited) && self.reading().made(dialect)
    }

    /// How delimited text is read, with the tabs of its format.
    pub(super) fn reading(&self) -> Reading {
        let mut reading = self.reading.clone();
        if self.format == Some(FileFormat::Tsv) {
            reading.delimiter.get_or_insert('\t');
        }
        reading
    }

    /// Opens the file and finds its tables. Delimited text is looked at from its beginning, of other formats all is read.
    /// Blocks.
    pub(crate) fn open(&self, opening: &Opening) -> Result<OpenedInput, ImportFileError> {
        OpenedInput::open(self, opening)
    }

    /// The identity of the file's bytes, if it has `size_bytes` of them and is not compressed; read on a
    /// blocking thread. A pipe is not touched.
    pub(crate) async fn hash_if_size(
        &self,
        size_bytes: u64,
        cancel: &CancellationToken,
    ) -> Result<Option<String>, JobError> {
        let (file, cancel) = (self.clone(), cancel.clone());
        blocking(move || {
            let is_candidate = std::fs::metadata(file.place())
                .is_ok_and(|found| found.is_file() && found.len() == size_bytes);
            if !is_candidate || file.member.is_some() {
                return Ok(None);
            }
            let unreadable = |source| file.unreadable(source);
            let mut input = file.unpacked()?;
            if input.compression() != Compression::None {
                return Ok(None);
            }
            let mut hasher = blake3::Hasher::new();
            loop {
                let before = hasher.count();
                let part = input.by_ref().take(HASHED_AT_ONCE);
                hasher.update_reader(part).map_err(unreadable)?;
                if hasher.count() == before {
                    return Ok(Some(hash_text(&hasher.finalize())));
                }
                if cancel.is_cancelled() {
                    return Ok(None);
                }
            }
        })
        .await
    }
}

pub(super) fn is_delimited(format: FileFormat) -> bool {
    matches!(format, FileFormat::Csv | FileFormat::Tsv)
}

/// A hash as snapshots record it.
pub(crate) fn hash_text(hash: &blake3::Hash) -> String {
    format!("blake3:{}", hash.to_hex())
}

/// Runs `work` on a blocking thread.
pub(crate) async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, ImportFileError> + Send + 'static,
) -> Result<T, JobError> {
    Ok(manifold_store::blocking(work).await?)
}
