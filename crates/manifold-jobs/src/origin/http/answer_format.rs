//! Which format an answer has.

use std::io::{BufReader, Read as _};

use manifold_format::{FileFormat, open_input};
use reqwest::header::{CONTENT_ENCODING, CONTENT_TYPE};

use super::error::HttpError;
use super::template::Template;
use crate::JobError;
use crate::download::{DownloadError, FetchedFile, header};

/// The format that is asked for, or that the other side says, or that the bytes show. Blocks.
///
/// # Errors
/// `http_format` for bytes that are something else.
pub(super) fn answer_format(
    fetched: &FetchedFile,
    asked: Option<FileFormat>,
    template: &Template,
) -> Result<FileFormat, JobError> {
    let url = || template.shown().to_owned();
    let packed = header(&fetched.headers, &CONTENT_ENCODING).unwrap_or_default();
    let packed = packed.trim().to_ascii_lowercase();
    if !matches!(&*packed, "" | "identity" | "gzip" | "x-gzip" | "zstd") {
        // Letters, or the name of something that nobody asked for.
        let name: String = packed
            .chars()
            .filter(char::is_ascii_alphanumeric)
            .take(20)
            .collect();
        return Err(JobError::from(HttpError::Format {
            url: url(),
            wanted: "bytes as they are, or packed with gzip or zstd".to_owned(),
            found: format!("bytes packed with {name}"),
        }));
    }
    let head = head(fetched).map_err(|source| DownloadError::Temporary { url: url(), source })?;
    let media = header(&fetched.headers, &CONTENT_TYPE).unwrap_or_default();
    let media = media
        .split(';')
        .next()
        .unwrap_or_default()
        .trim()
        .to_ascii_lowercase();
    let said = of_media_type(&media);
    let first = head
        .iter()
        .find(|byte| !byte.is_ascii_whitespace() && **byte != 0)
        .copied();
    let shown = fetched.name.clone().unwrap_or_else(url);
    let format = asked
        .or(said)
        .unwrap_or_else(|| FileFormat::find(&head, &shown));
    let is_wanted = match format {
        _ if head.is_empty() => true,
        FileFormat::Json | FileFormat::Jsonl => is_json(&head),
        // Somebody says that it is another one.
        FileFormat::Csv | FileFormat::Tsv => match said {
            Some(FileFormat::Json | FileFormat::Jsonl) => false,
            Some(_) => true,
            None => asked.is_some() || first != Some(b'<') && media != "text/html",
        },
        _ => false,
    };
    if is_wanted {
        return Ok(format);
    }
    let wanted = match asked.or(said) {
        Some(format) => format.name().to_uppercase(),
        None => "JSON, JSON Lines, CSV or TSV".to_owned(),
    };
    Err(JobError::from(HttpError::Format {
        url: url(),
        wanted,
        found: found(&media, said, &head, template),
    }))
}

/// What was answered, in words.
fn found(media: &str, said: Option<FileFormat>, head: &[u8], template: &Template) -> String {
    let is_name = |c: char| c.is_ascii_alphanumeric() || matches!(c, '/' | '+' | '-' | '.' | '_');
    let media = match media {
        "" => "something without a type".to_owned(),
        media if media.len() <= 80 && media.chars().all(is_name) => media.to_owned(),
        _ => "something of a type that is none".to_owned(),
    };
    // What may be rows is not shown.
    let may_be_rows = is_json(head) || matches!(said, Some(FileFormat::Csv | FileFormat::Tsv));
    match template.beginning(head).filter(|_| !may_be_rows) {
        Some(beginning) => format!("{media} that begins with `{beginning}`"),
        None => media,
    }
}

fn head(fetched: &FetchedFile) -> std::io::Result<Vec<u8>> {
    let file = std::fs::File::open(fetched.file.path())?;
    let mut head = Vec::new();
    // Damaged data are told better where they are read.
    drop(
        open_input(BufReader::new(file))?
            .take(FileFormat::HEAD as u64)
            .read_to_end(&mut head),
    );
    Ok(head)
}

/// Whether bytes begin as an object or array does, whatever their encoding.
fn is_json(head: &[u8]) -> bool {
    let marks = [&b"\xef\xbb\xbf"[..], b"\xff\xfe", b"\xfe\xff"];
    let text = marks
        .iter()
        .find_map(|mark| head.strip_prefix(*mark))
        .unwrap_or(head);
    let mut bytes = text
        .iter()
        .filter(|byte| !byte.is_ascii_whitespace() && **byte != 0);
    // Of an answer that is nothing but blanks it is told otherwise what is wrong.
    bytes.next().is_none_or(|byte| matches!(byte, b'{' | b'['))
}

fn of_media_type(media: &str) -> Option<FileFormat> {
    match media {
        "application/json" | "text/json" => Some(FileFormat::Json),
        "application/x-ndjson"
        | "application/ndjson"
        | "application/jsonl"
        | "application/x-jsonlines"
        | "application/jsonlines"
        | "application/json-lines"
        | "application/stream+json" => Some(FileFormat::Jsonl),
        "text/csv" | "application/csv" => Some(FileFormat::Csv),
        "text/tab-separated-values" => Some(FileFormat::Tsv),
        media if media.starts_with("application/") && media.ends_with("+json") => {
            Some(FileFormat::Json)
        }
        _ => None,
    }
}
