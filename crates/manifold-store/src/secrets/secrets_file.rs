//! `secrets.toml`: a table of names and texts.

use std::collections::BTreeMap;
use std::io::{ErrorKind, Write as _};
use std::path::Path;

use super::{Secret, SecretsError};
use crate::{AtomicFile, StoreError};

const HEAD: &str =
    "# Secrets that configs refer to as ${secret:NAME}. Keep this file to yourself.\n\n";

/// The secrets in the file; none when there is no file.
pub(super) fn read(path: &Path) -> Result<BTreeMap<String, Secret>, SecretsError> {
    let bad = |line| SecretsError::BadFile {
        path: path.to_owned(),
        line,
    };
    let text = match std::fs::read_to_string(path) {
        Ok(text) => text,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(BTreeMap::new()),
        Err(error) if error.kind() == ErrorKind::InvalidData => return Err(bad(None)),
        Err(error) => return Err(StoreError::io("read", path)(error).into()),
    };
    // What the parser says quotes the line, and with it the secret.
    let secrets: BTreeMap<String, String> = toml::from_str(&text)
        .map_err(|error| bad(error.span().map(|span| line_at(&text, span.start))))?;
    Ok(secrets
        .into_iter()
        .map(|(name, secret)| (name, Secret::from(secret)))
        .collect())
}

/// Replaces the file. A crash leaves the old one or the new one; only its owner may read it.
pub(super) fn write(path: &Path, secrets: &BTreeMap<String, Secret>) -> Result<(), SecretsError> {
    let plain: BTreeMap<&str, &str> = secrets
        .iter()
        .map(|(name, secret)| (name.as_str(), secret.expose()))
        .collect();
    // The error of the serializer may quote a value; a table of texts has no other way to fail.
    let table = toml::to_string(&plain).map_err(|_| SecretsError::BadFile {
        path: path.to_owned(),
        line: None,
    })?;
    let mut file = AtomicFile::create(path)?; // with mode 0600
    let written = file
        .write_all(HEAD.as_bytes())
        .and_then(|()| file.write_all(table.as_bytes()));
    written.map_err(StoreError::io("write", path))?;
    Ok(file.commit()?)
}

fn line_at(text: &str, offset: usize) -> usize {
    let before = text.get(..offset).unwrap_or(text);
    1 + before.bytes().filter(|byte| *byte == b'\n').count()
}
