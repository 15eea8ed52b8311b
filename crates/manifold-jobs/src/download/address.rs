//! Where a file is fetched from.

use manifold_store::{Secrets, StoreError, refuse_secrets};
use reqwest::Url;
use serde_json::json;

use super::DownloadError;
use crate::Environment;

/// An address with `http` or `https`, which may refer to secrets as `${env:NAME}` and `${secret:NAME}`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Address {
    /// As it was written.
    text: String,
    /// Where the parts begin behind `scheme://`: the host, the path, the query.
    host: usize,
    path: usize,
    query: usize,
    end: usize,
}

/// A piece of an address.
struct Piece<'a> {
    text: &'a str,
    at: usize,
    refers: bool,
}

impl Address {
    /// Whether a text is meant as an address, and not as the name of a file.
    #[must_use]
    pub fn is_meant(text: &str) -> bool {
        let scheme = text.split_once("://").map(|(scheme, _)| scheme);
        scheme.is_some_and(|scheme| {
            ["http", "https"]
                .iter()
                .any(|s| scheme.eq_ignore_ascii_case(s))
        })
    }

    /// Looks at an address.
    ///
    /// # Errors
    /// [`DownloadError::Address`]; [`DownloadError::SecretLiteral`] for a password, or a parameter that looks like a
    /// secret, that is no reference.
    pub fn new(text: &str) -> Result<Self, DownloadError> {
        let text = text.trim();
        let start = text.find("://").map_or(0, |at| at + 3);
        let behind = &text[start..];
        let find = |from: usize, marks: &[char]| {
            let found = text[from..].find(marks);
            found.map_or(text.len(), |at| from + at)
        };
        let path = find(start, &['/', '?', '#']);
        let user = text[start..path].rfind('@').map_or(0, |at| at + 1);
        let query = find(path, &['?', '#']);
        let end = find(query, &['#']);
        let address = Self {
            text: text.to_owned(),
            host: start + user,
            path,
            query,
            end,
        };
        let invalid = |reason: &str| DownloadError::Address {
            url: address.shown(),
            reason: reason.to_owned(),
        };
        if !Self::is_meant(text) || behind.is_empty() {
            return Err(invalid("it begins with https:// or http:// and a host"));
        }
        if address.host == address.path {
            return Err(invalid("it has no host"));
        }
        address.refuse_secrets()?;
        let mut example = String::new();
        for piece in address.pieces() {
            // What a reference stands for is not known here.
            example.push_str(if piece.refers { "x" } else { piece.text });
        }
        match Url::parse(&example) {
            Ok(url) if url.has_host() => Ok(address),
            Ok(_) => Err(invalid("it has no host")),
            Err(error) => Err(invalid(&error.to_string())),
        }
    }

    fn refuse_secrets(&self) -> Result<(), DownloadError> {
        let refused = |what: String| move |_: StoreError| DownloadError::SecretLiteral { what };
        let one = |key: &str, text: &str| refuse_secrets(&[(key.to_owned(), text.to_owned())]);
        one("url", &self.text).map_err(refused("a password".to_owned()))?;
        let query = self.text[self.query..self.end].trim_start_matches('?');
        for parameter in query.split(['&', ';']) {
            let (name, value) = parameter.split_once('=').unwrap_or((parameter, ""));
            one(name, value).map_err(refused(format!("the value of `{name}`")))?;
        }
        Ok(())
    }

    /// The address as people may see it: without user, password and query.
    #[must_use]
    pub fn shown(&self) -> String {
        let scheme = self.text.find("://").map_or("", |at| &self.text[..at + 3]);
        format!("{scheme}{}", &self.text[self.host..self.query])
    }

    /// The address as it was written, with references in the place of secrets.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Whether it refers to secrets or variables.
    #[must_use]
    pub fn refers(&self) -> bool {
        self.pieces().iter().any(|piece| piece.refers)
    }

    /// The host, with its port.
    #[must_use]
    pub fn host(&self) -> String {
        self.text[self.host..self.path].to_owned()
    }

    /// The last part of its path: the name of a file, most often.
    #[must_use]
    pub fn file_name(&self) -> Option<String> {
        let last = self.text[self.path..self.query].rsplit('/').next()?;
        let name = decoded(last);
        (!name.is_empty() && name != "." && name != "..").then_some(name)
    }

    /// The address with the secrets in their places. Blocks.
    pub(crate) fn resolve(
        &self,
        secrets: &Secrets,
        environment: Environment,
    ) -> Result<Url, DownloadError> {
        let pieces = self.pieces();
        let references: Vec<_> = pieces.iter().filter(|piece| piece.refers).collect();
        let texts: Vec<_> = references.iter().map(|piece| piece.text).collect();
        let resolved = secrets.resolve(&json!({ "url": texts }), |name| environment.value(name))?;
        let mut values = resolved.expose()["url"]
            .as_array()
            .into_iter()
            .flatten()
            .map(|value| value.as_str().unwrap_or_default());
        let mut whole = String::with_capacity(self.text.len());
        for piece in &pieces {
            match piece.refers.then(|| values.next()).flatten() {
                None => whole.push_str(piece.text),
                // A name of a host or a path stands for itself; elsewhere a value must not end its part.
                Some(value) if (self.host..self.query).contains(&piece.at) => whole.push_str(value),
                Some(value) => encode(value, &mut whole),
            }
        }
        // What is wrong with it may hold a secret, so it is not told.
        Url::parse(&whole).map_err(|_| DownloadError::Address {
            url: self.shown(),
            reason: "with what it refers to it is none".to_owned(),
        })
    }

    fn pieces(&self) -> Vec<Piece<'_>> {
        let (mut pieces, mut at) = (Vec::new(), 0);
        let text = &self.text[..self.end];
        while at < text.len() {
            let refers = text[at..].starts_with("${env:") || text[at..].starts_with("${secret:");
            let next = if refers {
                text[at..].find('}').map(|end| at + end + 1)
            } else {
                text[at + 1..]
                    .match_indices("${")
                    .map(|(found, _)| at + 1 + found)
                    .find(|found| {
                        text[*found..].starts_with("${env:")
                            || text[*found..].starts_with("${secret:")
                    })
            };
            let end = next.unwrap_or(text.len());
            pieces.push(Piece {
                text: &text[at..end],
                at,
                refers,
            });
            at = end;
        }
        pieces
    }
}

/// Writes text so that it stays within its part of an address.
fn encode(text: &str, out: &mut String) {
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~') {
            out.push(char::from(byte));
        } else {
            out.push_str(&format!("%{byte:02X}"));
        }
    }
}

/// The text of an encoded part of an address.
pub(crate) fn decoded(text: &str) -> String {
    let (mut bytes, mut rest) = (Vec::new(), text.as_bytes());
    while let Some((&byte, behind)) = rest.split_first() {
        let code = match (byte, behind) {
            (b'%', [high, low, ..]) => {
                let digit = |byte: u8| char::from(byte).to_digit(16);
                digit(*high)
                    .zip(digit(*low))
                    .map(|(high, low)| (high * 16 + low) as u8)
            }
            _ => None,
        };
        bytes.push(code.unwrap_or(byte));
        rest = if code.is_some() { &behind[2..] } else { behind };
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_shown_has_no_secret() {
        for (text, shown, name) in [
            (
                "https://h.example/a/b.csv?x=1#y",
                "https://h.example/a/b.csv",
                Some("b.csv"),
            ),
            (
                "http://me@h:8080/a%20b.csv",
                "http://h:8080/a%20b.csv",
                Some("a b.csv"),
            ),
            ("https://u:${secret:PW}@h/x/", "https://h/x/", None),
            ("HTTPS://h?token=${env:T}", "HTTPS://h", None),
            (
                "https://${env:HOST}/${env:DIR}/x.csv",
                "https://${env:HOST}/${env:DIR}/x.csv",
                Some("x.csv"),
            ),
        ] {
            let address = Address::new(text).unwrap();
            assert_eq!(
                (address.shown().as_str(), address.file_name().as_deref()),
                (shown, name)
            );
        }
    }

    #[test]
    fn secrets_and_nonsense_are_refused() {
        for (text, code) in [
            ("https://u:hunter2@h/x.csv", "secret_literal"),
            ("https://h/x.csv?api_key=hunter2", "secret_literal"),
            ("https://h/x.csv?a=1&Access-Token=hunter2", "secret_literal"),
            ("ftp://h/x.csv", "invalid_url"),
            ("https://", "invalid_url"),
            ("https:///x.csv", "invalid_url"),
            ("http://h:99999/x", "invalid_url"),
        ] {
            let error = Address::new(text).unwrap_err();
            assert_eq!(error.code(), code, "{text}");
            assert!(!error.to_string().contains("hunter2"), "{error}");
        }
        assert!(
            !Address::is_meant("a.csv")
                && !Address::is_meant("C://x")
                && Address::is_meant("Http://x")
        );
    }
}
