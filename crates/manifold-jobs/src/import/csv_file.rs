//! A delimited file and how it is to be read.

use std::io::Read as _;
use std::path::PathBuf;

use manifold_format::{Compression, CsvOptions, CsvReader, Input, Remembered, open_input};
use serde::{Deserialize, Serialize};
use tokio_util::sync::CancellationToken;

use super::opened_file::{FileSize, OpenedFile};
use super::{FoundColumn, ImportFileError, Reading};
use crate::JobError;

/// How many bytes are hashed between two looks at whether to stop.
const HASHED_AT_ONCE: u64 = 16 << 20;

/// A delimited file and how it is to be read. Gzip and zstd are recognised by their first bytes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CsvFile {
    /// The absolute path.
    pub path: PathBuf,
    /// How its bytes are read.
    #[serde(flatten)]
    pub reading: Reading,
}

/// What the beginning of a file shows.
#[derive(Debug, Clone)]
pub struct Header {
    /// The columns; their types are those of the first rows.
    pub columns: Vec<FoundColumn>,
    /// Its size in bytes; `None` for a pipe or device.
    pub size_bytes: Option<u64>,
}

/// A file whose header was read.
pub(crate) struct OpenedCsv {
    pub(crate) reader: CsvReader<Input<OpenedFile>>,
    pub(crate) size: FileSize,
    pub(crate) compression: Compression,
}

impl CsvFile {
    /// Opens the file and reads its header and first rows, on a blocking thread, so that what is
    /// wrong with them is known before anything is made for the file. Of a pipe this takes the beginning away.
    ///
    /// # Errors
    /// [`JobError::Failed`] with the code of an [`ImportFileError`].
    pub async fn check(&self, key_columns: &[String], max_cell: u64) -> Result<Header, JobError> {
        let (file, keys) = (self.clone(), key_columns.to_owned());
        blocking(move || {
            let opened = file.open(max_cell, None)?;
            let columns: Vec<_> = opened
                .reader
                .columns()
                .iter()
                .map(FoundColumn::proposed)
                .collect();
            file.check_keys(&keys, &columns)?;
            Ok(Header {
                columns,
                size_bytes: opened.size.total,
            })
        })
        .await
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

    /// Opens the file, finds out how it is to be read, and reads its header and first rows;
    /// `remembered`: how the source's latest file was read. Blocks.
    pub(crate) fn open(
        &self,
        max_cell: u64,
        remembered: Option<Remembered>,
    ) -> Result<OpenedCsv, ImportFileError> {
        let unreadable = |source| ImportFileError::read(&self.path, source);
        let asked = self.reading.asked(remembered).map_err(unreadable)?;
        let (file, size) = OpenedFile::open(&self.path)?;
        let input = open_input(file).map_err(|source| ImportFileError::Unreadable {
            path: self.path.clone(),
            source,
        })?;
        let compression = input.compression();
        let options = CsvOptions {
            strict: self.reading.strict,
            all_tables: self.reading.all_tables,
            max_cell,
            ..CsvOptions::default()
        };
        let reader = CsvReader::detect(input, &asked, options).map_err(unreadable)?;
        Ok(OpenedCsv {
            reader,
            size,
            compression,
        })
    }

    /// The identity of the file's bytes, if it has `size_bytes` of them and is not compressed; read on a
    /// blocking thread. A pipe is not touched.
    pub(crate) async fn hash_if_size(
        &self,
        size_bytes: u64,
        cancel: &CancellationToken,
    ) -> Result<Option<String>, JobError> {
        let (path, cancel) = (self.path.clone(), cancel.clone());
        blocking(move || {
            let is_candidate = std::fs::metadata(&path)
                .is_ok_and(|found| found.is_file() && found.len() == size_bytes);
            if !is_candidate {
                return Ok(None);
            }
            let unreadable = |source| ImportFileError::Unreadable {
                path: path.clone(),
                source,
            };
            let mut input = open_input(OpenedFile::open(&path)?.0).map_err(unreadable)?;
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
