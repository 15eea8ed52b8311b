//! What the other side says of the file.

use std::time::Duration;

use chrono::DateTime;
use manifold_store::Timestamp;
use reqwest::header::{
    ACCEPT_RANGES, CONTENT_DISPOSITION, CONTENT_RANGE, ETAG, HeaderMap, HeaderName, LAST_MODIFIED,
    RETRY_AFTER,
};
use serde::{Deserialize, Serialize};

use super::address::decoded;

/// What tells a version of a file from another one.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Validators {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) etag: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) last_modified: Option<String>,
}

impl Validators {
    pub(super) fn of(headers: &HeaderMap) -> Self {
        Self {
            etag: header(headers, &ETAG),
            last_modified: header(headers, &LAST_MODIFIED),
        }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.etag.is_none() && self.last_modified.is_none()
    }

    /// What says that bytes are of the same file: a strong tag, or else a time.
    pub(super) fn for_range(&self) -> Option<&str> {
        match &self.etag {
            Some(tag) if !tag.starts_with("W/") => Some(tag),
            Some(_) => None,
            None => self.last_modified.as_deref(),
        }
    }
}

/// Whether the rest of the file can be had alone, should the connection drop.
pub(super) fn gives_ranges(headers: &HeaderMap) -> bool {
    let ranges = header(headers, &ACCEPT_RANGES);
    ranges.is_some_and(|ranges| ranges.to_ascii_lowercase().contains("bytes"))
        && Validators::of(headers).for_range().is_some()
}

/// Where the bytes of a partial answer begin.
pub(super) fn range_start(headers: &HeaderMap) -> Option<u64> {
    let range = header(headers, &CONTENT_RANGE)?;
    let range = range.strip_prefix("bytes ")?;
    range.split_once('-')?.0.trim().parse().ok()
}

/// Who asks to wait for longer is asked sooner.
const LONGEST_WAIT: Duration = Duration::from_secs(7 * 86_400);

/// How long is asked to wait: so many seconds, or until a time; a week at most.
pub(crate) fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    let text = header(headers, &RETRY_AFTER)?;
    let text = text.trim();
    if let Ok(seconds) = text.parse() {
        return Some(Duration::from_secs(seconds).min(LONGEST_WAIT));
    }
    let until = DateTime::parse_from_rfc2822(text).ok()?;
    let wait = until.to_utc() - Timestamp::now();
    Some(wait.to_std().unwrap_or_default().min(LONGEST_WAIT))
}

/// The name of the file: without folders, and with nothing in it that a name cannot hold.
pub(super) fn file_name(headers: &HeaderMap) -> Option<String> {
    let disposition = headers.get(CONTENT_DISPOSITION)?.as_bytes();
    let disposition = String::from_utf8_lossy(disposition);
    let mut plain = None;
    for (name, value) in parameters(&disposition) {
        match name.as_str() {
            "filename*" => {
                let encoded = value.splitn(3, '\'').nth(2);
                if let Some(name) = encoded.and_then(|encoded| base_name(&decoded(encoded))) {
                    return Some(name);
                }
            }
            "filename" => plain = base_name(&value),
            _ => {}
        }
    }
    plain
}

fn base_name(name: &str) -> Option<String> {
    let last = name.rsplit(['/', '\\']).next().unwrap_or_default().trim();
    let kept: String = last.chars().filter(|c| !c.is_control()).collect();
    (!kept.is_empty() && kept != "." && kept != "..").then_some(kept)
}

/// The parameters of `attachment; name=value; name="quoted; value"`.
fn parameters(text: &str) -> Vec<(String, String)> {
    let mut parameters = Vec::new();
    let mut rest = text.split_once(';').map_or("", |(_, rest)| rest);
    while let Some((name, behind)) = rest.split_once('=') {
        let name = name.trim_matches([' ', '\t', ';']).to_ascii_lowercase();
        let behind = behind.trim_start();
        let mut value = String::new();
        if let Some(quoted) = behind.strip_prefix('"') {
            let mut characters = quoted.char_indices();
            rest = "";
            while let Some((at, character)) = characters.next() {
                match character {
                    '"' => {
                        rest = &quoted[at + 1..];
                        break;
                    }
                    '\\' => value.extend(characters.next().map(|(_, escaped)| escaped)),
                    character => value.push(character),
                }
            }
        } else {
            let (plain, after) = behind.split_once(';').unwrap_or((behind, ""));
            plain.trim().clone_into(&mut value);
            rest = after;
        }
        parameters.push((name, value));
    }
    parameters
}

/// The text of a header.
pub(crate) fn header(headers: &HeaderMap, name: &HeaderName) -> Option<String> {
    Some(headers.get(name)?.to_str().ok()?.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use reqwest::header::HeaderValue;

    #[test]
    fn how_long_to_wait_is_seconds_or_a_time() {
        let wait = |text: String| {
            let mut headers = HeaderMap::new();
            headers.insert(RETRY_AFTER, HeaderValue::from_str(&text).unwrap());
            retry_after(&headers)
        };
        let at = |seconds| {
            let at = Timestamp::now() + chrono::TimeDelta::seconds(seconds);
            at.format("%a, %d %b %Y %H:%M:%S GMT").to_string()
        };
        assert_eq!(wait(" 120 ".to_owned()), Some(Duration::from_secs(120)));
        let until = wait(at(3600)).unwrap();
        assert!(until <= Duration::from_secs(3600) && until > Duration::from_secs(3000));
        assert_eq!(wait(at(-60)), Some(Duration::ZERO));
        assert_eq!(wait("soon".to_owned()), None);
        for endless in [
            u64::MAX.to_string(),
            "Fri, 31 Dec 9999 23:59:59 GMT".to_owned(),
        ] {
            assert_eq!(wait(endless), Some(LONGEST_WAIT));
        }
    }

    #[test]
    fn names_are_read_and_lead_nowhere() {
        for (header, name) in [
            ("attachment; filename=planes.csv", Some("planes.csv")),
            (
                r#"attachment; size=3; filename="a \"b\"; c.csv"; x=y"#,
                Some(r#"a "b"; c.csv"#),
            ),
            (
                "attachment; filename=x.csv; filename*=UTF-8''fl%C3%BCge.csv",
                Some("flüge.csv"),
            ),
            ("inline; FILENAME=../../etc/passwd", Some("passwd")),
            (r"attachment; filename=..\..\x.csv", Some("x.csv")),
            ("attachment; filename=..", None),
            ("attachment", None),
            ("attachment; filename=\"open", Some("open")),
        ] {
            let mut headers = HeaderMap::new();
            headers.insert(CONTENT_DISPOSITION, HeaderValue::from_str(header).unwrap());
            assert_eq!(file_name(&headers).as_deref(), name, "{header}");
        }
    }
}
