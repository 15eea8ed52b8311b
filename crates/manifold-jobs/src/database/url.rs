//! Where a database is.

use std::path::PathBuf;

use manifold_store::{Layout, Secrets, refuse_secrets};
use reqwest::Url;
use serde_json::json;

use super::{DatabaseError, DatabaseKind};
use crate::Environment;

/// The address of a database: `postgres://`, `mysql://` or `sqlite:`, which may refer to secrets as `${env:NAME}` and
/// `${secret:NAME}`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct DatabaseUrl {
    /// As it was written.
    text: String,
    kind: DatabaseKind,
    /// What stands in the place of each reference, and the references.
    marked: String,
    references: Vec<String>,
}

/// An address with its secrets in place.
pub(crate) struct ResolvedUrl {
    /// What the driver takes.
    pub(super) url: String,
    /// What must not be shown.
    pub(super) secrets: Vec<String>,
}

impl DatabaseUrl {
    /// Looks at an address.
    ///
    /// # Errors
    /// [`DatabaseError::Address`]; [`DatabaseError::SecretLiteral`] for a password that is no reference.
    pub(crate) fn new(text: &str) -> Result<Self, DatabaseError> {
        let text = text.trim().to_owned();
        let scheme = text.split(':').next().unwrap_or_default();
        let kind = DatabaseKind::of_scheme(scheme).ok_or_else(|| DatabaseError::Address {
            url: "the address".to_owned(),
            reason: "it begins with postgres://, mysql:// or sqlite:".to_owned(),
        })?;
        let (marked, references) = mark(&text);
        let url = Self {
            text,
            kind,
            marked,
            references,
        };
        let invalid = |reason: &str| DatabaseError::Address {
            url: url.shown(),
            reason: reason.to_owned(),
        };
        if kind == DatabaseKind::Sqlite {
            let path = url.path().ok_or_else(|| invalid("it names no file"))?;
            return match path.is_absolute() && url.references.is_empty() {
                true => Ok(url),
                false => Err(invalid("it is sqlite: and the absolute path of a file")),
            };
        }
        let literal = |what: &str| {
            let what = what.to_owned();
            move |_| DatabaseError::SecretLiteral { what }
        };
        refuse_secrets(&[("url".to_owned(), url.text.clone())]).map_err(literal("a password"))?;
        let parsed = Url::parse(&url.marked).map_err(|error| invalid(&error.to_string()))?;
        for (name, value) in parsed.query_pairs() {
            let value = url.unmark(&value);
            let refused = refuse_secrets(&[(name.to_string(), value)]);
            refused.map_err(literal(&format!("the value of `{name}`")))?;
        }
        if parsed.host_str().is_none_or(str::is_empty) {
            return Err(invalid("it has no host"));
        }
        if parsed.username().is_empty() {
            return Err(invalid(
                "it names no user: postgres://USER:${secret:NAME}@HOST/DATABASE",
            ));
        }
        if parsed.path().trim_start_matches('/').is_empty() {
            return Err(invalid("it names no database: ..://USER@HOST/DATABASE"));
        }
        Ok(url)
    }

    /// The address of an SQLite file.
    ///
    /// # Errors
    /// As [`DatabaseUrl::new`].
    pub(crate) fn of_path(path: &str) -> Result<Self, DatabaseError> {
        Self::new(&format!("sqlite:{path}"))
    }

    pub(crate) fn kind(&self) -> DatabaseKind {
        self.kind
    }

    /// The address as people may see it: without user, password and parameters.
    #[must_use]
    pub(crate) fn shown(&self) -> String {
        if self.kind == DatabaseKind::Sqlite {
            return self.text.clone();
        }
        let Some((scheme, behind)) = self.marked.split_once("://") else {
            return format!("{}:", self.kind.name());
        };
        let end = behind.find(['?', '#']).unwrap_or(behind.len());
        let path = behind[..end].find('/').unwrap_or(end);
        let host = behind[..path].rfind('@').map_or(0, |at| at + 1);
        self.unmark(&format!("{scheme}://{}", &behind[host..end]))
    }

    /// The file, of an SQLite database.
    pub(crate) fn path(&self) -> Option<PathBuf> {
        let (_, path) = self.text.split_once(':')?;
        let path = path.strip_prefix("//").unwrap_or(path);
        (self.kind == DatabaseKind::Sqlite && !path.is_empty()).then(|| PathBuf::from(path))
    }

    /// Fails for an SQLite file of the store in `layout`: to open and close one beside SQLite would take its locks away.
    ///
    /// # Errors
    /// [`DatabaseError::OfStore`].
    pub(crate) async fn refuse_of_store(&self, layout: &Layout) -> Result<(), DatabaseError> {
        let Some(path) = self.path() else {
            return Ok(());
        };
        let layout = layout.clone();
        match manifold_store::blocking(move || layout.keeps(&path)).await {
            true => Err(DatabaseError::OfStore { url: self.shown() }),
            false => Ok(()),
        }
    }

    /// The address with the secrets in their places. Blocks.
    ///
    /// # Errors
    /// [`DatabaseError::Secrets`]; [`DatabaseError::Address`] when it is none with them.
    pub(super) fn resolve(
        &self,
        secrets: &Secrets,
        environment: Environment,
    ) -> Result<ResolvedUrl, DatabaseError> {
        let asked = json!({ "url": self.references });
        let resolved = secrets.resolve(&asked, |name| environment.value(name))?;
        let values: Vec<String> = resolved.expose()["url"]
            .as_array()
            .into_iter()
            .flatten()
            .map(|value| value.as_str().unwrap_or_default().to_owned())
            .collect();
        let mut url = self.marked.clone();
        for (index, value) in values.iter().enumerate() {
            let mut encoded = String::new();
            encode(value, &mut encoded);
            url = url.replace(&marker(index), &encoded);
        }
        // The driver knows `mysql` alone.
        if let Some((_, behind)) = url.split_once("://")
            && self.kind == DatabaseKind::MySql
        {
            url = format!("mysql://{behind}");
        }
        // What is wrong with it may hold a secret, so it is not told.
        Url::parse(&url).map_err(|_| DatabaseError::Address {
            url: self.shown(),
            reason: "with what it refers to it is none".to_owned(),
        })?;
        Ok(ResolvedUrl {
            url,
            secrets: values,
        })
    }

    fn unmark(&self, text: &str) -> String {
        let references = self.references.iter().enumerate();
        references.fold(text.to_owned(), |text, (index, reference)| {
            text.replace(&marker(index), reference)
        })
    }
}

/// What stands for a reference while an address is taken apart: no part of an address ends at it.
fn marker(index: usize) -> String {
    format!("zqreference{index}qz")
}

/// The text with its references marked, and the references.
fn mark(text: &str) -> (String, Vec<String>) {
    let (mut marked, mut references, mut rest) = (String::new(), Vec::new(), text);
    while let Some(at) = ["${env:", "${secret:"]
        .iter()
        .filter_map(|start| rest.find(start))
        .min()
    {
        let Some(end) = rest[at..].find('}') else {
            break;
        };
        marked.push_str(&rest[..at]);
        marked.push_str(&marker(references.len()));
        references.push(rest[at..=at + end].to_owned());
        rest = &rest[at + end + 1..];
    }
    marked.push_str(rest);
    (marked, references)
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_shown_has_no_secret() {
        for (text, shown) in [
            (
                "postgres://me:${secret:pw}@h:5432/db?sslmode=require",
                "postgres://h:5432/db",
            ),
            ("postgresql://me@h/db", "postgresql://h/db"),
            (
                "mysql://${env:USER}:${secret:pw}@${env:HOST}/db",
                "mysql://${env:HOST}/db",
            ),
            (
                "mariadb://root@127.0.0.1:3306/test",
                "mariadb://127.0.0.1:3306/test",
            ),
            ("sqlite:/a/b.db", "sqlite:/a/b.db"),
            ("sqlite:///a/b.db", "sqlite:///a/b.db"),
        ] {
            assert_eq!(DatabaseUrl::new(text).unwrap().shown(), shown);
        }
    }

    #[test]
    fn secrets_and_nonsense_are_refused() {
        for (text, code) in [
            ("postgres://me:hunter2@h/db", "secret_literal"),
            ("postgres://me@h/db?password=hunter2", "secret_literal"),
            ("mysql://me:${secret:a}hunter2@h/db", "secret_literal"),
            ("oracle://h/db", "invalid_database_url"),
            ("postgres://h/db", "invalid_database_url"),
            ("postgres://me@h", "invalid_database_url"),
            ("postgres:///db", "invalid_database_url"),
            ("sqlite:", "invalid_database_url"),
            ("sqlite:a.db", "invalid_database_url"),
        ] {
            let error = DatabaseUrl::new(text).unwrap_err();
            assert_eq!(error.code(), code, "{text}");
            assert!(!error.to_string().contains("hunter2"), "{error}");
        }
    }

    #[test]
    fn secrets_stay_in_their_part_of_the_address() {
        let (marked, references) = mark("postgres://u:${secret:p}@h/${env:D}");
        assert_eq!(references, ["${secret:p}", "${env:D}"]);
        assert_eq!(marked, "postgres://u:zqreference0qz@h/zqreference1qz");
        let mut encoded = String::new();
        encode("a@b/c:d", &mut encoded);
        assert_eq!(encoded, "a%40b%2Fc%3Ad");
    }
}
