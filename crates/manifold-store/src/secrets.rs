//! Secrets: kept in a file that only its owner reads, referred to by name everywhere else.

mod error;
mod resolve;
mod secret;
mod secrets_file;

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

use serde_json::Value as Json;

pub use error::SecretsError;
pub use resolve::ResolvedConfig;
pub use secret::Secret;

use crate::{FileLock, Layout, Share, StoreError, provision};

/// How long a change waits for another process that changes the secrets.
const LOCK_DEADLINE: Duration = Duration::from_secs(10);

/// The longest name of a secret, in bytes.
const LONGEST_NAME: usize = 100;

/// The largest secret, in bytes.
const LARGEST_SECRET: usize = 64 << 10;

/// The secrets of a data folder.
///
/// They are in `secrets.toml`, a table of `NAME = "value"` that may also be edited by hand (comments are not
/// kept when a secret is set). A config refers to one as `${secret:NAME}`, which is replaced in the process that
/// needs it and nowhere else.
#[derive(Debug, Clone)]
pub struct Secrets {
    file: PathBuf,
    lock: PathBuf,
}

impl Secrets {
    /// The secrets of a data folder.
    #[must_use]
    pub fn new(layout: &Layout) -> Self {
        Self {
            file: layout.secrets(),
            lock: layout.secrets_lock(),
        }
    }

    /// Keeps a secret under this name, in place of the one that had it. It is on the disk when this returns;
    /// the file is made with mode 0600 and replaced as a whole.
    ///
    /// # Errors
    /// [`SecretsError::InvalidName`], [`SecretsError::InvalidSecret`]; [`SecretsError::BadFile`] when the file
    /// cannot be read, which is then left alone; [`SecretsError::Store`].
    pub async fn set(&self, name: &str, secret: Secret) -> Result<(), SecretsError> {
        check_name(name)?;
        let reason = match secret.expose() {
            "" => Some("it is empty"),
            text if text.len() > LARGEST_SECRET => Some("it has more than 64 KiB"),
            _ => None,
        };
        if let Some(reason) = reason {
            return Err(SecretsError::InvalidSecret {
                name: name.to_owned(),
                reason,
            });
        }
        let name = name.to_owned();
        self.change(move |secrets| {
            secrets.insert(name, secret);
            Ok(())
        })
        .await
    }

    /// Forgets a secret.
    ///
    /// # Errors
    /// [`SecretsError::NotFound`]; [`SecretsError::BadFile`]; [`SecretsError::Store`].
    pub async fn unset(&self, name: &str) -> Result<(), SecretsError> {
        check_name(name)?;
        let name = name.to_owned();
        self.change(move |secrets| match secrets.remove(&name) {
            Some(_) => Ok(()),
            None => Err(SecretsError::NotFound { name }),
        })
        .await
    }

    /// The names of the secrets, in order; never their values.
    ///
    /// # Errors
    /// [`SecretsError::BadFile`]; [`SecretsError::Store`].
    pub fn names(&self) -> Result<Vec<String>, SecretsError> {
        Ok(secrets_file::read(&self.file)?.into_keys().collect())
    }

    /// A config with every `${env:NAME}` and `${secret:NAME}` in its texts replaced by what it stands for, as it
    /// is: a password inside a URL must be percent-encoded where it is kept. `environment` looks up a variable of
    /// the process that runs the job.
    ///
    /// # Errors
    /// [`SecretsError::BadReference`], [`SecretsError::NoVariable`], [`SecretsError::NoSecret`], naming the key;
    /// [`SecretsError::BadFile`]; [`SecretsError::Store`].
    pub fn resolve(
        &self,
        config: &Json,
        environment: impl FnMut(&str) -> Option<String>,
    ) -> Result<ResolvedConfig, SecretsError> {
        resolve::resolve(config, environment, || secrets_file::read(&self.file))
    }

    /// One process at a time reads, changes and writes.
    async fn change(
        &self,
        change: impl FnOnce(&mut BTreeMap<String, Secret>) -> Result<(), SecretsError> + Send + 'static,
    ) -> Result<(), SecretsError> {
        let alone = FileLock::take(&self.lock, Share::Exclusive, LOCK_DEADLINE, |_| {}).await?;
        let file = self.file.clone();
        let changed = provision::blocking(move || {
            let _alone = alone;
            Ok::<_, StoreError>((|| {
                let mut secrets = secrets_file::read(&file)?;
                change(&mut secrets)?;
                secrets_file::write(&file, &secrets)
            })())
        });
        changed.await?
    }
}

/// What may stand in a reference.
fn check_name(name: &str) -> Result<(), SecretsError> {
    let plain = name
        .bytes()
        .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.'));
    if name.is_empty() || name.len() > LONGEST_NAME || !plain {
        return Err(SecretsError::InvalidName);
    }
    Ok(())
}
