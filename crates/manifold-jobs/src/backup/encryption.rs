//! For whom backups are encrypted, and who opens them.

use std::io::{BufReader, Read as _, Write as _};
use std::path::{Path, PathBuf};

use age::secrecy::SecretString;
use age::{Decryptor, Encryptor, scrypt, x25519};
use serde::{Deserialize, Serialize};

use super::key::RepositoryKey;
use super::repository::Repository;
use super::stored::Stored;
use super::{BackupError, Location, Places};

/// How much work a passphrase takes: 2 to this power rounds of scrypt, which take 128 MB and half a second.
const WORK: u8 = 17;
/// The most work that is done for a passphrase.
const MOST_WORK: u8 = 20;

/// The largest file with a passphrase, an identity or a key, in bytes.
const LARGEST: u64 = 64 << 10;

/// What stands for the readers of a key that opens with a passphrase.
const WITH_PASSPHRASE: &str = "a passphrase";
/// What stands for the readers of a key that somebody opened.
const OPENED: &str = "whoever opened it";

/// For whom backups are encrypted. It holds no secret.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Encryption {
    /// For who has the identity of one of these recipients of age.
    Recipients(Vec<String>),
    /// For who knows the passphrase on the first line of this file. The file is read where the backup is made.
    PassphraseFile(PathBuf),
}

/// With what a person opens encrypted backups.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Unlock {
    /// The identities of age in this file.
    IdentityFile(PathBuf),
    /// The passphrase on the first line of this file.
    PassphraseFile(PathBuf),
}

impl Encryption {
    /// The same, once it is known that each recipient is one.
    ///
    /// # Errors
    /// [`BackupError::Recipient`].
    pub fn checked(self) -> Result<Self, BackupError> {
        self.recipients()?;
        Ok(self)
    }

    fn recipients(&self) -> Result<Vec<x25519::Recipient>, BackupError> {
        let Self::Recipients(texts) = self else {
            return Ok(Vec::new());
        };
        let parse = |text: &String| {
            text.parse().map_err(|_| BackupError::Recipient {
                // A secret key that was given in its place is not repeated.
                recipient: if text.starts_with("age1") {
                    text.clone()
                } else {
                    "it".to_owned()
                },
            })
        };
        texts.iter().map(parse).collect()
    }

    /// The key for backups in a place: the one that was made for it and these readers, or a new one, which the place then
    /// keeps for them. Blocks.
    pub(super) fn key(
        &self,
        places: &Places,
        place: &Location,
        repository: &dyn Repository,
    ) -> Result<RepositoryKey, BackupError> {
        let ring = places.keys();
        let (named, readers) = (place.to_string(), self.readers());
        let known = ring.made_for(&named, &readers)?;
        if let Some(key) = &known {
            let kept = RepositoryKey::kept_as(key.id());
            let is_there = repository.size(&kept)?.is_some();
            if let (true, Self::PassphraseFile(file)) = (is_there, self) {
                let unlock = Unlock::PassphraseFile(file.clone());
                unlock.open(place, repository, key.id())?;
            }
            if is_there {
                return Ok(key.clone());
            }
        }
        let key = known.unwrap_or_else(RepositoryKey::generate);
        let wrapped = self.wrap(&key)?;
        ring.keep(&key, &named, &readers)?;
        repository.write(&RepositoryKey::kept_as(key.id()), wrapped)?;
        Ok(key)
    }

    fn readers(&self) -> String {
        match self {
            Self::PassphraseFile(_) => WITH_PASSPHRASE.to_owned(),
            Self::Recipients(recipients) => {
                let mut recipients = recipients.clone();
                recipients.sort_unstable();
                recipients.dedup();
                recipients.join(" ")
            }
        }
    }

    /// The key as a file of age that its readers can open.
    fn wrap(&self, key: &RepositoryKey) -> Result<Vec<u8>, BackupError> {
        let recipients: Vec<Box<dyn age::Recipient>> = match self {
            Self::PassphraseFile(file) => {
                let mut recipient = scrypt::Recipient::new(passphrase(file)?);
                recipient.set_work_factor(WORK);
                vec![Box::new(recipient)]
            }
            Self::Recipients(_) => {
                let recipients = self.recipients()?.into_iter();
                recipients
                    .map(|recipient| Box::new(recipient) as Box<dyn age::Recipient>)
                    .collect()
            }
        };
        let failed = |error: String| BackupError::Recipient { recipient: error };
        let each = recipients
            .iter()
            .map(|recipient| &**recipient as &dyn age::Recipient);
        let encryptor =
            Encryptor::with_recipients(each).map_err(|error| failed(error.to_string()))?;
        let mut wrapped = Vec::new();
        let text = format!("# Key {} of backups\n{}", key.id(), key.line());
        let write = || {
            let mut sink = encryptor.wrap_output(&mut wrapped)?;
            sink.write_all(text.as_bytes())?;
            sink.finish().map(drop)
        };
        write().map_err(|error: std::io::Error| failed(error.to_string()))?;
        Ok(wrapped)
    }
}

impl Unlock {
    /// Opens the key of an encrypted backup, and keeps it in the data folder: from then on backups with that key open by
    /// themselves. Nothing happens for a backup that is not encrypted. Blocks, within a runtime.
    ///
    /// # Errors
    /// [`BackupError::WrongKey`]; [`BackupError::MissingFile`] when the place does not have the key; those of reading.
    pub fn unlock(&self, places: &Places, backup: &Location) -> Result<(), BackupError> {
        let Some((place, name)) = backup.split() else {
            return Ok(());
        };
        let repository = places.repository(&place)?;
        let Stored::Sealed(header) = Stored::read(&*repository, &name)? else {
            return Ok(());
        };
        let ring = places.keys();
        if ring.find(&header.key)?.is_none() {
            let key = match (self.open(&place, &*repository, &header.key), place.split()) {
                // That of a part of a whole store lies where the whole lies.
                (Err(missing @ BackupError::MissingFile { .. }), Some((above, _))) => {
                    match self.open(&above, &*places.repository(&above)?, &header.key) {
                        Err(BackupError::MissingFile { .. }) => return Err(missing),
                        key => key?,
                    }
                }
                (key, _) => key?,
            };
            ring.keep(&key, &place.to_string(), OPENED)?;
        }
        Ok(())
    }

    fn file(&self) -> &Path {
        match self {
            Self::IdentityFile(file) | Self::PassphraseFile(file) => file,
        }
    }

    /// The key with this id, as the place keeps it.
    fn open(
        &self,
        place: &Location,
        repository: &dyn Repository,
        id: &str,
    ) -> Result<RepositoryKey, BackupError> {
        let wrong = || BackupError::WrongKey {
            file: self.file().to_owned(),
            key: id.to_owned(),
            place: place.to_string(),
        };
        let identities: Vec<Box<dyn age::Identity>> = match self {
            Self::PassphraseFile(file) => {
                let mut identity = scrypt::Identity::new(passphrase(file)?);
                identity.set_max_work_factor(MOST_WORK);
                vec![Box::new(identity)]
            }
            Self::IdentityFile(file) => {
                let text = small_file(file)?;
                let keys = RepositoryKey::read_all(text.as_bytes()).unwrap_or_default();
                // Who has opened the key already may name it.
                if let Some(key) = keys.iter().find(|key| key.id() == id) {
                    return Ok(key.clone());
                }
                let identities = keys.into_iter();
                identities
                    .map(|key| Box::new(key.identity().clone()) as Box<dyn age::Identity>)
                    .collect()
            }
        };
        let kept = RepositoryKey::kept_as(id);
        let mut sealed = Vec::new();
        let path = place.join(&kept).to_path();
        repository
            .open(&kept)?
            .take(LARGEST)
            .read_to_end(&mut sealed)
            .map_err(BackupError::io("read", &path))?;
        let opened = Decryptor::new(sealed.as_slice()).and_then(|sealed| {
            let each = identities.iter();
            sealed.decrypt(each.map(|identity| &**identity as &dyn age::Identity))
        });
        let opened = opened.map_err(|_| wrong())?;
        let keys = RepositoryKey::read_all(BufReader::new(opened));
        let keys = keys.map_err(|_| BackupError::damaged(&path, "it is cut short or changed"))?;
        let key = keys.into_iter().find(|key| key.id() == id);
        key.ok_or_else(|| BackupError::damaged(&path, format!("it does not hold key {id}")))
    }
}

/// The first line of a file.
fn passphrase(file: &Path) -> Result<SecretString, BackupError> {
    let text = small_file(file)?;
    let line = text.lines().next().unwrap_or_default();
    if line.is_empty() {
        return Err(BackupError::NoPassphrase {
            path: file.to_owned(),
        });
    }
    Ok(SecretString::from(line.to_owned()))
}

fn small_file(path: &Path) -> Result<String, BackupError> {
    let file = std::fs::File::open(path).map_err(BackupError::io("read", path))?;
    let mut text = String::new();
    file.take(LARGEST)
        .read_to_string(&mut text)
        .map_err(BackupError::io("read", path))?;
    Ok(text)
}
