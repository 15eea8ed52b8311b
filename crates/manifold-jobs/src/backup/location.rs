//! Where a place for backups is, or a backup in it.

use std::fmt;
use std::path::{Path, PathBuf};

use reqwest::Url;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::BackupError;

/// The schemes of addresses that are understood, beside `file`.
const SCHEMES: [&str; 8] = ["s3", "s3a", "gs", "az", "azure", "adl", "abfs", "abfss"];

/// A place for backups, or a backup in one: a folder of this machine, or an address such as `s3://bucket/prefix`. As
/// JSON it is a text.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Location {
    /// A folder.
    Folder(PathBuf),
    /// An address, without a slash at its end. It may refer to secrets and variables as `${secret:NAME}` and
    /// `${env:NAME}`.
    Remote(String),
}

impl Location {
    /// Whether a text is meant as an address, and not as a path.
    #[must_use]
    pub fn is_address(text: &str) -> bool {
        text.split_once("://").is_some_and(|(scheme, _)| {
            !scheme.is_empty() && scheme.bytes().all(|byte| byte.is_ascii_alphanumeric())
        })
    }

    /// The same, once it is known that it can be used: a folder is named from the root, and an address has a known
    /// scheme and a bucket, and holds no password and no query, which would be stored and shown.
    ///
    /// # Errors
    /// [`BackupError::Address`].
    pub fn checked(self) -> Result<Self, BackupError> {
        let address = match &self {
            Self::Remote(address) => address,
            Self::Folder(folder) => {
                let absolute = std::path::absolute(folder);
                return Ok(Self::Folder(
                    absolute.map_err(BackupError::io("find", folder))?,
                ));
            }
        };
        let (scheme, rest) = address.split_once("://").unwrap_or_default();
        let scheme = scheme.to_ascii_lowercase();
        let container = rest.split('/').next().unwrap_or_default();
        let reason = if !SCHEMES.contains(&scheme.as_str()) {
            "its scheme is none of s3, gs, az, abfs and file"
        } else if container.is_empty() {
            "it names no bucket"
        } else if rest.contains(['?', '#']) || container.contains(':') && !container.contains("${")
        {
            "it has more than a bucket and a path; credentials go into variables such as AWS_SECRET_ACCESS_KEY"
        } else if container.contains('@') && !scheme.starts_with("abfs") {
            "it has a user; credentials go into variables such as AWS_SECRET_ACCESS_KEY"
        } else if rest.split('/').any(|part| matches!(part, "." | "..")) || rest.contains("//") {
            "its path has parts without a name"
        } else {
            return Ok(self);
        };
        Err(BackupError::Address {
            // What is wrong with it may be a password.
            address: format!(
                "{scheme}://{}",
                if container.contains('@') {
                    ".."
                } else {
                    container
                }
            ),
            reason,
        })
    }

    /// What lies in it under a name.
    #[must_use]
    pub fn join(&self, name: &str) -> Self {
        match self {
            Self::Folder(folder) => Self::Folder(folder.join(name)),
            Self::Remote(address) => Self::Remote(format!("{address}/{name}")),
        }
    }

    /// What it lies in, and its name there. `None` for the root of a file system or a whole bucket.
    #[must_use]
    pub fn split(&self) -> Option<(Self, String)> {
        match self {
            Self::Folder(folder) => {
                let (parent, name) = (folder.parent()?, folder.file_name()?.to_str()?);
                let parent = match parent.as_os_str().is_empty() {
                    true => Path::new("."),
                    false => parent,
                };
                Some((Self::Folder(parent.to_owned()), name.to_owned()))
            }
            Self::Remote(address) => {
                let start = address.find("://")? + 3;
                let slash = start + address[start..].rfind('/')?;
                let parent = Self::Remote(address[..slash].to_owned());
                Some((parent, address[slash + 1..].to_owned()))
            }
        }
    }

    /// The folder, if it is one.
    #[must_use]
    pub fn as_folder(&self) -> Option<&Path> {
        match self {
            Self::Folder(folder) => Some(folder),
            Self::Remote(_) => None,
        }
    }

    /// As the paths of errors name it.
    #[must_use]
    pub fn to_path(&self) -> PathBuf {
        match self {
            Self::Folder(folder) => folder.clone(),
            Self::Remote(address) => PathBuf::from(address),
        }
    }
}

impl From<&str> for Location {
    fn from(text: &str) -> Self {
        if !Self::is_address(text) {
            return Self::Folder(PathBuf::from(text));
        }
        let local = Url::parse(text).ok().filter(|url| url.scheme() == "file");
        match local.and_then(|url| url.to_file_path().ok()) {
            Some(path) => Self::Folder(path),
            None => Self::Remote(text.trim_end_matches('/').to_owned()),
        }
    }
}

impl From<String> for Location {
    fn from(text: String) -> Self {
        Self::from(text.as_str())
    }
}

impl From<PathBuf> for Location {
    fn from(path: PathBuf) -> Self {
        match path.to_str() {
            Some(text) if Self::is_address(text) => Self::from(text),
            _ => Self::Folder(path),
        }
    }
}

impl fmt::Display for Location {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Folder(folder) => folder.display().fmt(f),
            Self::Remote(address) => f.write_str(address),
        }
    }
}

impl Serialize for Location {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Folder(folder) => folder.serialize(serializer),
            Self::Remote(address) => address.serialize(serializer),
        }
    }
}

impl<'de> Deserialize<'de> for Location {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(Self::from(String::deserialize(deserializer)?))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_an_address_and_what_a_folder() {
        for (text, folder) in [
            ("/mnt/usb", Some("/mnt/usb")),
            ("usb", Some("usb")),
            ("file:///mnt/a%20b", Some("/mnt/a b")),
            ("s3://bucket/a/", None),
            ("a://b", None),
        ] {
            let location = Location::from(text);
            assert_eq!(location.as_folder(), folder.map(Path::new), "{text}");
        }
        let backup = Location::from("s3://bucket/a").join("b");
        assert_eq!(backup.to_string(), "s3://bucket/a/b");
        assert_eq!(
            backup.split(),
            Some((Location::from("s3://bucket/a"), "b".to_owned()))
        );
        assert_eq!(Location::from("s3://bucket").split(), None);
    }

    #[test]
    fn an_address_that_would_store_a_secret_is_refused() {
        for text in [
            "ftp://host/a",
            "s3://",
            "s3://key:hunter2@bucket/a",
            "s3://hunter2@bucket/a",
            "s3://bucket/a?token=hunter2",
            "s3://bucket/a/../b",
            "file://host/a",
        ] {
            let error = Location::from(text).checked().unwrap_err().to_string();
            assert!(!error.contains("hunter2"), "{error}");
        }
        for text in [
            "s3://bucket",
            "gs://bucket/a b",
            "abfss://container@account.dfs.core.windows.net/a",
            "s3://${env:BUCKET}/a",
        ] {
            Location::from(text).checked().unwrap();
        }
    }
}
