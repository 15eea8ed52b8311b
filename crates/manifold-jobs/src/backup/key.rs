//! The key with which the backups of a place are encrypted.

use std::fmt;
use std::io::{self, BufRead, Read, Write};

use age::secrecy::ExposeSecret as _;
use age::stream::{StreamReader, StreamWriter};
use age::x25519::Identity;
use age::{DecryptError, Decryptor, EncryptError, Encryptor};

/// What the id of a key is derived for; see [`blake3::derive_key`].
const ID: &str = "manifold 2026-11-29 id of a key of backups";
/// What names of files are derived for.
const NAMES: &str = "manifold 2026-11-29 names of files in backups";

/// How the line with a key begins.
const LINE: &str = "AGE-SECRET-KEY-1";

/// A key with which backups are encrypted: an identity of age. It is kept in the data folder, and beside the backups as
/// `keys/ID.age`, encrypted for people.
#[derive(Clone)]
pub(crate) struct RepositoryKey {
    identity: Identity,
    id: String,
}

impl RepositoryKey {
    /// A new one.
    pub(crate) fn generate() -> Self {
        Self::of(Identity::generate())
    }

    fn of(identity: Identity) -> Self {
        let secret = identity.to_string();
        let hash = blake3::derive_key(ID, secret.expose_secret().as_bytes());
        let id = hash[..8].iter().map(|byte| format!("{byte:02x}")).collect();
        Self { identity, id }
    }

    /// The keys in a text: each stands on a line of its own.
    pub(super) fn read_all(text: impl BufRead) -> io::Result<Vec<Self>> {
        let mut keys = Vec::new();
        for line in text.lines() {
            if let Ok(identity) = line?.trim().parse() {
                keys.push(Self::of(identity));
            }
        }
        Ok(keys)
    }

    /// The line of the key. It is the secret itself.
    pub(super) fn line(&self) -> String {
        let secret = self.identity.to_string();
        debug_assert!(secret.expose_secret().starts_with(LINE));
        format!("{}\n", secret.expose_secret())
    }

    /// Its name, which tells nothing of it.
    pub(crate) fn id(&self) -> &str {
        &self.id
    }

    /// The file in which a place keeps it, encrypted.
    pub(super) fn kept_as(id: &str) -> String {
        format!("keys/{id}.age")
    }

    /// The key for hashes that become names of files, so that nobody without it can tell what they name.
    pub(crate) fn name_key(&self) -> [u8; 32] {
        let secret = self.identity.to_string();
        blake3::derive_key(NAMES, secret.expose_secret().as_bytes())
    }

    /// As one that can be asked by age to decrypt.
    pub(super) fn identity(&self) -> &Identity {
        &self.identity
    }

    /// Encrypts what is written; it must be finished. What comes out is a file of age.
    pub(crate) fn seal<W: Write>(&self, output: W) -> io::Result<StreamWriter<W>> {
        let recipient = self.identity.to_public();
        let recipients = std::iter::once(&recipient as &dyn age::Recipient);
        let encryptor = Encryptor::with_recipients(recipients)
            .map_err(|error: EncryptError| io::Error::other(error))?;
        encryptor.wrap_output(output)
    }

    /// Decrypts what was sealed.
    ///
    /// # Errors
    /// `InvalidData` that says why not.
    pub(crate) fn open<R: Read>(&self, input: R) -> io::Result<StreamReader<R>> {
        let wrong = |error: DecryptError| match error {
            DecryptError::Io(error) => error,
            DecryptError::NoMatchingKeys => {
                let reason = format!("it is not encrypted with key {}", self.id);
                io::Error::new(io::ErrorKind::InvalidData, reason)
            }
            _ => io::Error::new(io::ErrorKind::InvalidData, "it is no file of age"),
        };
        let identity = std::iter::once(&self.identity as &dyn age::Identity);
        Decryptor::new(input)
            .and_then(|decryptor| decryptor.decrypt(identity))
            .map_err(wrong)
    }
}

impl fmt::Debug for RepositoryKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("RepositoryKey").field(&self.id).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_sealed_opens_with_its_key_and_no_other() {
        let (key, other) = (RepositoryKey::generate(), RepositoryKey::generate());
        let mut sealed = Vec::new();
        let mut sink = key.seal(&mut sealed).unwrap();
        sink.write_all(b"hello").unwrap();
        sink.finish().unwrap();
        assert!(!sealed.windows(5).any(|window| window == b"hello"));
        let mut text = String::new();
        key.open(sealed.as_slice())
            .unwrap()
            .read_to_string(&mut text)
            .unwrap();
        assert_eq!(text, "hello");
        let wrong = other.open(sealed.as_slice()).err().unwrap().to_string();
        assert!(wrong.contains(other.id()), "{wrong}");
        let cut = &sealed[..sealed.len() - 1];
        let cut = key.open(cut).unwrap().read_to_string(&mut text);
        assert!(cut.is_err());
    }

    #[test]
    fn a_key_is_read_as_it_was_written() {
        let key = RepositoryKey::generate();
        let text = format!("# a note\n\n{}", key.line());
        let read = RepositoryKey::read_all(text.as_bytes()).unwrap();
        let [read] = read.as_slice() else {
            panic!("{read:?}")
        };
        assert_eq!((read.id(), read.name_key()), (key.id(), key.name_key()));
        assert!(!format!("{key:?}").contains(LINE));
        assert_eq!(key.id().len(), 16);
    }
}
