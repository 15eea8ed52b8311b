//! What came, in one file.

use std::path::{Path, PathBuf};

use manifold_format::{FileFormat, Reader};
use tempfile::NamedTempFile;

use super::config::HttpConfig;
use super::error::{HttpError, has_no_records};
use super::highest::{Highest, NoHighest, higher};
use super::input::RereadInput;
use super::seen::Seen;
use crate::JobError;
use crate::download::Validators;
use crate::import::{Fetching, ImportFileError, InputFile, Opening, only_member};
use crate::origin::{Pulled, Reach};

/// What came, in one file.
pub(super) struct Came {
    pub(super) file: NamedTempFile,
    pub(super) format: FileFormat,
    /// What one answer is called.
    pub(super) validators: Option<Validators>,
    /// Whether there is certainly no record in it.
    pub(super) is_empty: bool,
}

/// Opens what came, and looks for the highest value in it.
pub(super) async fn open(
    came: Came,
    config: &HttpConfig,
    fetching: &Fetching<'_>,
    (seen, sent): (Seen, Option<String>),
    mut opening: Opening,
    url: &str,
) -> Result<Option<Pulled>, JobError> {
    let is_since = config.cursor.is_some();
    let nothing = || match is_since {
        true => Ok(None),
        false => Err(JobError::from(HttpError::NoRecords {
            url: url.to_owned(),
        })),
    };
    if came.is_empty {
        return nothing();
    }
    let input = InputFile {
        path: PathBuf::from(url),
        fetched: Some(came.file.path().to_owned()),
        format: Some(came.format),
        reading: config.reading.clone(),
        // What is nested would be tables of their own, and a sync fills one.
        no_unnest: true,
        ..InputFile::default()
    };
    // A reader lives on behind this, and must not end with it.
    let _stopping = opening.stopping(fetching.cancel);
    let cursor = config.cursor.clone();
    let (cancel, has_records) = (fetching.cancel.clone(), config.records.is_some());
    let work = move || {
        let opened = opened(input, opening, came.file.path());
        let mut reader = match opened {
            Err(error) if has_no_records(&error) => return Ok(None),
            opened => opened?,
        };
        if !has_records {
            one_root(&reader)?;
        }
        let found = match &cursor {
            None => Highest::default(),
            Some(cursor) => {
                let found = Highest::of(&mut reader, &cursor.column, &cancel);
                found.map_err(|error| not_found(&reader.name(), &cursor.column, error))?
            }
        };
        Ok::<_, JobError>(Some((reader, found, came.file.into_temp_path())))
    };
    let Some((reader, found, file)) = manifold_store::blocking(work).await? else {
        return nothing();
    };
    if is_since && found.rows == 0 {
        return Ok(None);
    }
    let highest = match &config.cursor {
        None => None,
        Some(cursor) => higher(seen.highest.clone(), found.value).ok_or_else(|| {
            cursor_error(
                url,
                &cursor.column,
                "its values were numbers before and are times now, or the other way round",
            )
        })?,
    };
    Ok(Some(Pulled {
        reach: if is_since { Reach::Since } else { Reach::Whole },
        cursor: seen.next(config, highest, sent, came.validators),
        name: reader.name(),
        reader: Box::new(reader),
        files: vec![file],
    }))
}

/// Opens a file, or the one in an archive. Blocks.
fn opened(
    mut input: InputFile,
    opening: Opening,
    place: &Path,
) -> Result<RereadInput, ImportFileError> {
    if matches!(input.format, Some(FileFormat::Csv | FileFormat::Tsv)) {
        input.member = only_member(&input, place)?;
        if input.member.is_some() {
            input.format = None;
        }
    }
    RereadInput::open(input, opening)
}

/// Refuses an answer in which several arrays may be the records.
fn one_root(reader: &RereadInput) -> Result<(), JobError> {
    let roots = reader
        .tables()
        .iter()
        .filter(|table| table.references.is_empty());
    let names: Vec<_> = roots
        .filter_map(|table| table.name.as_deref())
        .take(20)
        .collect();
    if names.len() < 2 {
        return Ok(());
    }
    Err(JobError::from(HttpError::Records {
        url: reader.name().display().to_string(),
        page: 1,
        what: format!("there are several, {}", names.join(", ")),
    }))
}

fn not_found(name: &Path, column: &str, error: NoHighest) -> JobError {
    match error {
        NoHighest::Stopped => JobError::Cancelled,
        NoHighest::Read(error) => ImportFileError::read(name, error).into(),
        NoHighest::Column(what) => cursor_error(&name.display().to_string(), column, &what),
    }
}

pub(super) fn cursor_error(url: &str, column: &str, what: &str) -> JobError {
    JobError::from(HttpError::Cursor {
        url: url.to_owned(),
        column: column.to_owned(),
        what: what.to_owned(),
    })
}
