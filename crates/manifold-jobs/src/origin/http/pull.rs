//! Pulling what a config says.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use manifold_format::{FileFormat, Reader};
use manifold_store::{DatabaseManager as _, Secrets, Settings};
use serde_json::{Value as Json, json};
use tempfile::NamedTempFile;

use super::config::HttpConfig;
use super::course::{Course, Next};
use super::error::{HttpError, has_no_records};
use super::gathered::{Gathered, Paths};
use super::highest::{Highest, NoHighest, higher};
use super::input::RereadInput;
use super::limits::HttpLimits;
use super::page::{Answer, Asking, Page};
use super::parameter::Parameter;
use super::seen::Seen;
use super::template::Template;
use crate::download::{Validators, client};
use crate::import::{Fetching, ImportFileError, InputFile, Opening, only_member};
use crate::origin::{Pulled, Reach};
use crate::{JobError, Progress};

/// What came, in one file.
struct Came {
    file: NamedTempFile,
    format: FileFormat,
    /// What one answer is called.
    validators: Option<Validators>,
    /// Whether there is certainly no record in it.
    is_empty: bool,
}

/// Pulls what a config says; `None` when nothing has changed.
pub(super) async fn pull(
    config: &HttpConfig,
    limits: HttpLimits,
    fetching: &Fetching<'_>,
    since: Option<&Json>,
) -> Result<Option<Pulled>, JobError> {
    let layout = fetching.manager.layout();
    let (secrets, folder) = (Secrets::new(layout), layout.temporary());
    let (resolved, environment) = (config.clone(), fetching.environment);
    let resolve = move || Template::of(&resolved, &secrets, environment);
    let template = Arc::new(manifold_store::blocking(resolve).await?);
    let seen = Seen::of(since, config);
    let url = template.shown().to_owned();
    let sent = match &config.cursor {
        None => None,
        Some(cursor) => cursor.asked(seen.highest.as_deref()).ok_or_else(|| {
            cursor_error(
                &url,
                &cursor.column,
                "`lag` is of another kind than its values",
            )
        })?,
    };
    let asking = Asking {
        fetching,
        client: client(&limits.download, &url)?,
        template,
        limits,
        format: config.format,
        folder: &folder,
        pages: 0,
        bytes: 0,
        records: 0,
    };
    let max_cell = Settings::new(fetching.manager.core())
        .import_max_cell()
        .await?;
    let said: Vec<(&Parameter, Json)> = match (&config.cursor, &sent) {
        (Some(cursor), Some(sent)) => vec![(&cursor.parameter, said_value(sent))],
        _ => Vec::new(),
    };
    let came = match &config.paging {
        None => {
            let before = seen.validators(sent.as_deref()).cloned();
            one_answer(asking, config, &said, before, max_cell).await?
        }
        Some(_) => Some(pages(asking, config, &said, max_cell).await?),
    };
    let Some(came) = came else {
        return Ok(None);
    };
    (fetching.report)(Progress::step("looking"));
    open(config, fetching, came, (seen, sent), max_cell, &url).await
}

/// A whole number as such, which a body tells from text.
fn said_value(text: &str) -> Json {
    let number = text.parse::<i64>().ok();
    let number = number.filter(|number| number.to_string() == text);
    number.map_or_else(|| json!(text), Json::from)
}

/// Pulls one answer; `None` when it is the one that came `before`.
async fn one_answer(
    mut asking: Asking<'_>,
    config: &HttpConfig,
    said: &[(&Parameter, Json)],
    before: Option<Validators>,
    max_cell: u64,
) -> Result<Option<Came>, JobError> {
    let call = asking.template.call(None, said);
    let page = match asking.page(&call, before.as_ref(), false).await? {
        Answer::Page(page) => page,
        Answer::NotModified | Answer::Missing => return Ok(None),
    };
    let validators = Some(page.validators.clone());
    let (format, is_empty) = (page.format, page.is_empty);
    if config.records.is_none() {
        let file = page.file;
        return Ok(Some(Came {
            file,
            format,
            validators,
            is_empty,
        }));
    }
    let mut gathered = begin(&asking, config, &page, max_cell)?;
    let added = move || {
        gathered
            .add(&page)
            .and_then(|read| Ok((read, gathered.finish()?)))
    };
    let (read, file) = manifold_store::blocking(added).await?;
    Ok(Some(Came {
        file,
        format,
        validators,
        is_empty: read.records == 0,
    }))
}

/// Pulls all pages.
async fn pages(
    mut asking: Asking<'_>,
    config: &HttpConfig,
    always: &[(&Parameter, Json)],
    max_cell: u64,
) -> Result<Came, JobError> {
    let Some(paging) = &config.paging else {
        return Err(JobError::failed(
            "defect",
            &"pages that are none are asked for",
        ));
    };
    let template = asking.template.clone();
    let mut course = Course::new(paging, template.url(), template.shown());
    let mut gathered: Option<Gathered> = None;
    let mut next = Some(Next::Said(course.begin()));
    while let Some(step) = next {
        let call = match step {
            Next::Said(said) => template.call(None, &[always, &said].concat()),
            Next::At(url) => {
                // What stands in the address the other side has put there.
                let in_body = always
                    .iter()
                    .filter(|(parameter, _)| parameter.is_in_body());
                template.call(Some(url), &in_body.cloned().collect::<Vec<_>>())
            }
        };
        let page = match asking.page(&call, None, course.may_be_missing()).await? {
            Answer::Page(page) => page,
            Answer::NotModified | Answer::Missing => break,
        };
        let mut all = match gathered.take() {
            Some(gathered) => gathered,
            None => begin(&asking, config, &page, max_cell)?,
        };
        let added = move || all.add(&page).map(|read| (all, page, read));
        let (all, page, read) = manifold_store::blocking(added).await?;
        asking.records = all.records;
        gathered = Some(all);
        next = course.next(&page, &read)?;
    }
    course.end()?;
    let Some(gathered) = gathered else {
        return Err(JobError::failed("defect", &"no page was asked for"));
    };
    let (format, is_empty) = (gathered.format, gathered.records == 0);
    let file = manifold_store::blocking(move || gathered.finish()).await?;
    Ok(Came {
        file,
        format,
        validators: None,
        is_empty: is_empty && format != FileFormat::Csv && format != FileFormat::Tsv,
    })
}

fn begin(
    asking: &Asking<'_>,
    config: &HttpConfig,
    page: &Page,
    max_cell: u64,
) -> Result<Gathered, JobError> {
    let paging = config.paging.as_ref();
    let paths = Paths {
        records: config.records.clone().unwrap_or_default(),
        next: paging
            .and_then(|paging| paging.next())
            .map(<[String]>::to_vec),
        total: paging.and_then(|paging| paging.total.clone()),
    };
    let url = asking.template.shown();
    if page.format != FileFormat::Json && (config.records.is_some() || paths.is_wanted()) {
        return Err(JobError::from(HttpError::Format {
            url: url.to_owned(),
            wanted: "JSON, which `records` and `pages` lead into".to_owned(),
            found: page.format.name().to_uppercase(),
        }));
    }
    let limits = (asking.limits.bytes, max_cell);
    Gathered::new(asking.folder, page.format, paths, limits, url)
}

/// Opens what came, and looks for the highest value in it.
async fn open(
    config: &HttpConfig,
    fetching: &Fetching<'_>,
    came: Came,
    (seen, sent): (Seen, Option<String>),
    max_cell: u64,
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
        no_unnest: !config.unnest,
        ..InputFile::default()
    };
    let mut opening = Opening {
        temporary: Some(fetching.manager.layout().temporary()),
        ..Opening::new(max_cell)
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

fn cursor_error(url: &str, column: &str, what: &str) -> JobError {
    JobError::from(HttpError::Cursor {
        url: url.to_owned(),
        column: column.to_owned(),
        what: what.to_owned(),
    })
}
