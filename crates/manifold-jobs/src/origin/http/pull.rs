//! Pulling what a config says.

use std::sync::Arc;

use manifold_format::FileFormat;
use manifold_store::{DatabaseManager as _, Scratch, Secrets, Settings};
use serde_json::{Value as Json, json};

use super::came::{Came, cursor_error, open};
use super::config::HttpConfig;
use super::course::{Course, Next};
use super::csv_page::CsvPages;
use super::error::HttpError;
use super::gathered::{Gathered, Paths};
use super::limits::HttpLimits;
use super::page::{Answer, Asking, Page};
use super::parameter::Parameter;
use super::seen::Seen;
use super::template::Template;
use crate::download::{Validators, client};
use crate::import::{Fetching, Opening};
use crate::origin::Pulled;
use crate::{JobError, Progress};

/// Pulls what a config says; `None` when nothing has changed.
pub(super) async fn pull(
    config: &HttpConfig,
    limits: HttpLimits,
    fetching: &Fetching<'_>,
    since: Option<&Json>,
    null_tokens: &Arc<[String]>,
) -> Result<Option<Pulled>, JobError> {
    let layout = fetching.manager.layout();
    let (secrets, scratch) = (Secrets::new(layout), Scratch::of(fetching.manager));
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
        scratch: &scratch,
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
    let opening = Opening {
        null_tokens: null_tokens.clone(),
        temporary: Some(scratch),
        ..Opening::new(max_cell)
    };
    open(came, config, fetching, (seen, sent), opening, &url).await
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
    let how = (paths, CsvPages::of(&config.reading));
    Gathered::new(asking.scratch, page.format, how, limits, url)
}
