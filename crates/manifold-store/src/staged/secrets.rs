//! Secrets in the configs of a staged project's sources.

use std::path::Path;

use rusqlite::Connection;
use serde::{Deserialize, Serialize};
use serde_json::Value as Json;

use super::{Staged, spoke};
use crate::freeze::settle_file;
use crate::{StoreError, config_secrets};

/// The longest name that is made, in characters; a number may follow. The name of a secret has 100 at most.
const MOST_CHARACTERS: usize = 90;

/// A secret that stood in the config of a source as a literal.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RedactedSecret {
    /// The name of the source.
    pub source: String,
    /// The path of the key in its config.
    pub key: String,
    /// The name of the secret to which the config refers now. It is to be set.
    pub secret: String,
}

struct Config {
    id: String,
    source: String,
    config: Json,
}

impl Staged {
    /// Refuses a project in which a secret stands as a literal. The error names `original`.
    pub(crate) fn refuse_secrets(&self, original: &Path) -> Result<(), StoreError> {
        let mut found = Vec::new();
        for config in configs(&spoke::open(&self.path())?)? {
            let literals = config_secrets::literals(&config.config).into_iter();
            found.extend(literals.map(|key| (config.source.clone(), key)));
        }
        let more = found.len().saturating_sub(1);
        match found.into_iter().next() {
            None => Ok(()),
            Some((source_name, key)) => Err(StoreError::SecretInFile {
                path: original.to_owned(),
                source_name,
                key,
                more,
            }),
        }
    }

    /// Puts references in the place of secrets that are literals. Where they stood in the file is overwritten.
    pub(crate) fn redact_secrets(&self) -> Result<Vec<RedactedSecret>, StoreError> {
        let path = self.path();
        let connection = spoke::open(&path)?;
        connection.query_row("PRAGMA secure_delete = ON", [], |_| Ok(()))?;
        let mut redacted: Vec<RedactedSecret> = Vec::new();
        for Config {
            id,
            source,
            mut config,
        } in configs(&connection)?
        {
            let before = redacted.len();
            config_secrets::redact(&mut config, |key| {
                let secret = free_name(&format!("{source}.{key}"), &redacted);
                redacted.push(RedactedSecret {
                    source: source.clone(),
                    key: key.to_owned(),
                    secret: secret.clone(),
                });
                secret
            });
            if redacted.len() > before {
                connection.execute(
                    "UPDATE data_sources SET config = ? WHERE id = ?",
                    (config.to_string(), id),
                )?;
            }
        }
        connection
            .close()
            .map_err(|(_, error)| StoreError::from(error))?;
        settle_file(&path)?;
        Ok(redacted)
    }
}

/// The config of each source, by the name of the source.
fn configs(connection: &Connection) -> Result<Vec<Config>, StoreError> {
    let mut statement =
        connection.prepare("SELECT id, name, config FROM data_sources ORDER BY name_fold, id")?;
    let mut rows = statement.query([])?;
    let mut found = Vec::new();
    while let Some(row) = rows.next()? {
        let (source, text): (String, String) = (row.get(1)?, row.get(2)?);
        let config = serde_json::from_str(&text).map_err(|error| {
            StoreError::Decode(format!("the config of source `{source}`: {error}"))
        })?;
        let id = row.get(0)?;
        found.push(Config { id, source, config });
    }
    Ok(found)
}

/// A name that a secret can have, made of `wanted`.
fn free_name(wanted: &str, taken: &[RedactedSecret]) -> String {
    let plain: String = wanted
        .chars()
        .map(|c| {
            if c.is_ascii_alphanumeric() || matches!(c, '.' | '-') {
                c
            } else {
                '_'
            }
        })
        .take(MOST_CHARACTERS)
        .collect();
    let is_taken = |name: &str| taken.iter().any(|redacted| redacted.secret == name);
    let mut name = plain.clone();
    let mut number = 2_u64;
    while is_taken(&name) {
        name = format!("{plain}_{number}");
        number += 1;
    }
    name
}
