//! The flags that say for whom backups are encrypted, and who opens them.

use std::path::{Path, PathBuf};

use clap::Args;
use manifold_jobs::backup::{BackupError, Encryption, Location, Places, Unlock};

/// For whom a backup is encrypted.
#[derive(Debug, Args)]
pub(crate) struct EncryptionFlags {
    /// Encrypt it for who has the identity of this recipient of age, such as age1..; may be given again
    #[arg(long, value_name = "RECIPIENT")]
    encrypt_to: Vec<String>,
    /// Encrypt it for who knows the passphrase on the first line of this file
    #[arg(long, value_name = "FILE", conflicts_with = "encrypt_to")]
    passphrase_file: Option<PathBuf>,
}

impl EncryptionFlags {
    /// For whom, if a flag was given.
    ///
    /// # Errors
    /// [`BackupError::Recipient`].
    pub(crate) fn encryption(&self) -> Result<Option<Encryption>, BackupError> {
        let encryption = match &self.passphrase_file {
            Some(file) => Some(Encryption::PassphraseFile(absolute(file))),
            None if self.encrypt_to.is_empty() => None,
            None => Some(Encryption::Recipients(self.encrypt_to.clone())),
        };
        encryption.map(Encryption::checked).transpose()
    }

    /// Whether any flag was given.
    pub(crate) fn is_given(&self) -> bool {
        self.passphrase_file.is_some() || !self.encrypt_to.is_empty()
    }
}

/// Who opens an encrypted backup.
#[derive(Debug, Args)]
pub(crate) struct UnlockFlags {
    /// Open an encrypted backup with the identity of age in this file; the data folder keeps the key from then on
    #[arg(long, value_name = "FILE", conflicts_with = "passphrase_file")]
    identity_file: Option<PathBuf>,
    /// Open an encrypted backup with the passphrase on the first line of this file; the data folder keeps the key from then on
    #[arg(long, value_name = "FILE")]
    passphrase_file: Option<PathBuf>,
}

impl UnlockFlags {
    /// With what, if a flag was given.
    pub(crate) fn unlock(&self) -> Option<Unlock> {
        let identity = self.identity_file.clone().map(Unlock::IdentityFile);
        identity.or_else(|| self.passphrase_file.clone().map(Unlock::PassphraseFile))
    }
}

/// Opens a backup, if it is encrypted and something is given for it.
///
/// # Errors
/// As [`Unlock::unlock`].
pub(crate) async fn open(
    places: &Places,
    backup: &Location,
    unlock: Option<Unlock>,
) -> Result<(), BackupError> {
    let Some(unlock) = unlock else {
        return Ok(());
    };
    let (places, backup) = (places.clone(), backup.clone());
    manifold_store::blocking(move || unlock.unlock(&places, &backup)).await
}

fn absolute(file: &Path) -> PathBuf {
    std::path::absolute(file).unwrap_or_else(|_| file.to_owned())
}
