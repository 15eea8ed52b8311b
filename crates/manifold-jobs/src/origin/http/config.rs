//! What the config of a source says about an address.

use manifold_format::{FileFormat, TextEncoding, Typing};
use reqwest::Method;
use reqwest::header::{HeaderName, HeaderValue};
use serde_json::Value as Json;

use super::auth::Auth;
use super::cursor::CursorColumn;
use super::paging::Paging;
use crate::JobError;
use crate::download::Address;
use crate::import::{Mark, Reading};
use crate::origin::section::Section;

/// The keys that there are. The last two are written by the program itself.
const KEYS: [&str; 19] = [
    "url",
    "method",
    "headers",
    "query",
    "body",
    "auth",
    "format",
    "delimiter",
    "quote",
    "encoding",
    "header",
    "null",
    "records",
    "pages",
    "cursor",
    "timeout_seconds",
    "max_bytes",
    "fetched",
    "sync",
];

/// Those that say how delimited text is read.
const READING: [&str; 4] = ["delimiter", "quote", "encoding", "header"];

/// In seconds.
const A_DAY: u64 = 86_400;

/// What the config of a source says about an address, with references in the place of secrets.
#[derive(Debug, Clone)]
pub(super) struct HttpConfig {
    pub(super) address: Address,
    pub(super) method: Method,
    /// Names and values.
    pub(super) headers: Vec<(String, String)>,
    pub(super) query: Vec<(String, String)>,
    pub(super) body: Option<Json>,
    pub(super) auth: Option<Auth>,
    pub(super) format: Option<FileFormat>,
    /// How delimited text is read.
    pub(super) reading: Reading,
    /// What stands for NULL.
    pub(super) typing: Typing,
    /// The members that lead to the array of records in JSON.
    pub(super) records: Option<Vec<String>>,
    pub(super) paging: Option<Paging>,
    pub(super) cursor: Option<CursorColumn>,
    pub(super) timeout_seconds: Option<u64>,
    pub(super) max_bytes: Option<u64>,
}

impl HttpConfig {
    /// # Errors
    /// [`JobError`] with the code `bad_origin`, `invalid_url` or `secret_literal`.
    pub(super) fn of(source: &str, config: &Json) -> Result<Self, JobError> {
        let config = Section::of(source, config)?;
        config.only(&KEYS)?;
        let address = Address::new(config.needed("url")?)?;
        let methods = [("GET", Method::GET), ("POST", Method::POST)];
        let index = config.one_of("method", &[(methods[0].0, 0), (methods[1].0, 1)])?;
        let method = methods[index].1.clone();
        let body = config.value("body").cloned();
        if body.is_some() && method == Method::GET {
            return Err(config.wrong("body", "is sent with \"method\": \"POST\" only"));
        }
        let formats = [
            ("json", FileFormat::Json),
            ("jsonl", FileFormat::Jsonl),
            ("csv", FileFormat::Csv),
            ("tsv", FileFormat::Tsv),
        ];
        let format = match config.has("format") {
            false => None,
            true => Some(config.one_of("format", &formats)?),
        };
        let found = Self {
            address,
            method,
            headers: headers(&config)?,
            query: query(&config)?,
            auth: config.section("auth")?.as_ref().map(Auth::of).transpose()?,
            format,
            reading: reading(&config)?,
            typing: config.nulls("null")?,
            records: config.path("records")?,
            paging: config
                .section("pages")?
                .as_ref()
                .map(Paging::of)
                .transpose()?,
            cursor: config
                .section("cursor")?
                .as_ref()
                .map(CursorColumn::of)
                .transpose()?,
            timeout_seconds: config.number("timeout_seconds", 1)?,
            max_bytes: config.number("max_bytes", 1)?,
            body,
        };
        found.check(&config)?;
        Ok(found)
    }

    /// What goes together.
    fn check(&self, config: &Section<'_>) -> Result<(), JobError> {
        if self.timeout_seconds.is_some_and(|seconds| seconds > A_DAY) {
            return Err(config.wrong("timeout_seconds", "is at most 86400, a day"));
        }
        let is_json = matches!(self.format, None | Some(FileFormat::Json));
        if self.records.is_some() && !is_json {
            return Err(config.wrong("records", "leads into JSON, and the format is another one"));
        }
        let is_delimited = matches!(self.format, None | Some(FileFormat::Csv | FileFormat::Tsv));
        if let (false, Some(key)) = (is_delimited, READING.iter().find(|key| config.has(key))) {
            return Err(config.wrong(key, "is for CSV and TSV, and the format is another one"));
        }
        if self.paging.is_some() {
            let encoding = self.reading.encoding.map(TextEncoding::name);
            if encoding.is_some_and(|name| name.to_lowercase().starts_with("utf-16")) {
                return Err(config.wrong("encoding", "is none of which pages can be put together"));
            }
            if self.reading.header_rows.is_some_and(|rows| rows > 1) {
                return Err(config.wrong("header", "is at most 1 where rows come in pages"));
            }
        }
        if let Some(paging) = &self.paging
            && paging.looks_inside()
            && !is_json
        {
            let what = "looks into JSON for what is next or the total, and the format is another one; by \"link\", \"page\" or \"offset\" works with any";
            return Err(config.wrong("pages", what));
        }
        let parameters = self.paging.iter().flat_map(Paging::parameters);
        let parameters = parameters.chain(self.cursor.iter().map(|cursor| &cursor.parameter));
        for parameter in parameters.filter(|parameter| parameter.is_in_body()) {
            if self.method == Method::GET {
                let what = "is in the body, which only \"method\": \"POST\" has";
                return Err(config.wrong(parameter.name(), what));
            }
            if self.body.as_ref().is_some_and(|body| !body.is_object()) {
                return Err(
                    config.wrong("body", "is an object: {..}, as a parameter is put into it")
                );
            }
        }
        Ok(())
    }

    /// Whether it refers to secrets or variables.
    pub(super) fn refers(&self) -> bool {
        let refers = |text: &String| text.contains("${secret:") || text.contains("${env:");
        let texts = self.headers.iter().chain(&self.query);
        self.address.refers()
            || self.auth.is_some()
            || texts.into_iter().any(|(_, value)| refers(value))
            || self
                .body
                .as_ref()
                .is_some_and(|body| refers(&body.to_string()))
    }
}

/// How delimited text is read, as flags of `manifold import` say it.
fn reading(config: &Section<'_>) -> Result<Reading, JobError> {
    let said = |key: &str| config.text(key);
    let ascii = |key: &str, character: char| match character {
        '\n' | '\r' => Err(config.wrong(key, "is no line end")),
        character if character.is_ascii() => Ok(character),
        _ => Err(config.wrong(key, "is an ASCII character")),
    };
    let character = |key: &str, text: &str| {
        let found = Mark::character(text);
        ascii(
            key,
            found.map_err(|_| config.wrong(key, "is one character, or \"tab\""))?,
        )
    };
    let encoding = said("encoding")?.map(|name| {
        let found = name.parse::<TextEncoding>();
        found.map_err(|_| {
            config.wrong(
                "encoding",
                "is none that is known, such as utf-8 or windows-1252",
            )
        })
    });
    let quote = said("quote")?.map(|text| match text {
        "none" => Ok(Mark::None),
        text => character("quote", text).map(Mark::Char),
    });
    let header_rows = match config.value("header") {
        None => None,
        Some(Json::Bool(header)) => Some(usize::from(*header)),
        Some(rows) => {
            let rows = rows.as_u64().filter(|rows| (1..=20).contains(rows));
            let wrong = || {
                config.wrong(
                    "header",
                    "is true, false, or how many records name the columns: 1 to 20",
                )
            };
            Some(usize::try_from(rows.ok_or_else(wrong)?).unwrap_or(usize::MAX))
        }
    };
    Ok(Reading {
        encoding: encoding.transpose()?,
        delimiter: said("delimiter")?
            .map(|text| character("delimiter", text))
            .transpose()?,
        quote: quote.transpose()?,
        header_rows,
        ..Reading::default()
    })
}

fn headers(config: &Section<'_>) -> Result<Vec<(String, String)>, JobError> {
    let Some(section) = config.section("headers")? else {
        return Ok(Vec::new());
    };
    let mut headers = Vec::new();
    for (name, _) in section.members() {
        let value = section.needed(name)?;
        if HeaderName::from_bytes(name.as_bytes()).is_err() {
            return Err(section.wrong(name, "is no name of a header"));
        }
        if HeaderValue::from_str(value).is_err() {
            return Err(section.wrong(name, "has characters that no header may have"));
        }
        headers.push((name.clone(), value.to_owned()));
    }
    Ok(headers)
}

fn query(config: &Section<'_>) -> Result<Vec<(String, String)>, JobError> {
    let Some(section) = config.section("query")? else {
        return Ok(Vec::new());
    };
    let mut query = Vec::new();
    for (name, value) in section.members() {
        let values = match value {
            Json::Array(values) => values.as_slice(),
            value => std::slice::from_ref(value),
        };
        for value in values {
            let text = match value {
                Json::String(text) => text.clone(),
                Json::Number(number) => number.to_string(),
                Json::Bool(flag) => flag.to_string(),
                _ => {
                    return Err(
                        section.wrong(name, "is text, a number, true or false, or a list of them")
                    );
                }
            };
            query.push((name.clone(), text));
        }
    }
    Ok(query)
}
