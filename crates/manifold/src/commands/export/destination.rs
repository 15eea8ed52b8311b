//! Where an export is written to.

use std::fs::{File, OpenOptions};
use std::path::PathBuf;

use manifold_jobs::backup::Location;
use manifold_jobs::export::{ExportFormat, checked_address, size_at};

use crate::command_error::CommandError;
use crate::session::Session;

/// Where an export is written to.
#[derive(Debug, Clone)]
pub(in crate::commands) enum Destination {
    /// stdout.
    Stdout,
    /// A pipe or a device, which is written to as it is.
    Stream(PathBuf),
    /// A file that appears complete or not at all.
    File(PathBuf),
    /// An object of an object store.
    Remote(Location),
}

impl Destination {
    /// What an argument means.
    ///
    /// # Errors
    /// As [`checked_address`].
    pub(in crate::commands) fn of(text: &str) -> anyhow::Result<Self> {
        if text == "-" {
            return Ok(Self::Stdout);
        }
        if let location @ Location::Remote(_) = Location::from(text) {
            return Ok(Self::Remote(checked_address(location)?));
        }
        let location = Location::from(text);
        let path = location.to_path();
        let is_stream = path.exists() && !path.is_file() && !path.is_dir();
        Ok(if is_stream {
            Self::Stream(path)
        } else {
            Self::File(path)
        })
    }

    /// The format that its name tells.
    ///
    /// # Errors
    /// [`CommandError::Usage`] when it tells none; [`CommandError::FileIsFolder`].
    pub(in crate::commands) fn format(&self) -> Result<ExportFormat, CommandError> {
        let path = match self {
            Self::Stdout | Self::Stream(_) => return Ok(ExportFormat::Csv),
            Self::File(path) if path.is_dir() => {
                return Err(CommandError::FileIsFolder { path: path.clone() });
            }
            Self::File(path) => path.clone(),
            Self::Remote(location) => location.to_path(),
        };
        ExportFormat::of_path(&path).map_err(|error| CommandError::Usage {
            message: format!("{error}; end the name so, or export with --format"),
        })
    }

    /// Whether something would be replaced there.
    ///
    /// # Errors
    /// [`CommandError::FileIsFolder`]; what the place fails with.
    pub(in crate::commands) async fn replaces(&self, session: &Session) -> anyhow::Result<bool> {
        Ok(match self {
            Self::Stdout | Self::Stream(_) => false,
            Self::File(path) if path.is_dir() => {
                return Err(CommandError::FileIsFolder { path: path.clone() }.into());
            }
            Self::File(path) => path.exists(),
            Self::Remote(address) => size_at(&session.places()?, address).await?.is_some(),
        })
    }

    /// Asks before something is replaced.
    ///
    /// # Errors
    /// As [`Session::confirm`] and [`Self::replaces`].
    pub(in crate::commands) async fn confirm_replacing(
        &self,
        session: &Session,
    ) -> anyhow::Result<()> {
        if self.replaces(session).await? {
            session
                .confirm(format!("{} exists; replace it", self.shown()))
                .await?;
        }
        Ok(())
    }

    /// As it was named.
    pub(in crate::commands) fn shown(&self) -> String {
        match self {
            Self::Stdout => "stdout".to_owned(),
            Self::Stream(path) | Self::File(path) => path.display().to_string(),
            Self::Remote(address) => address.to_string(),
        }
    }

    /// The same, wherever the program is started the next time.
    ///
    /// # Errors
    /// [`CommandError::Usage`] for a path that cannot be one.
    pub(in crate::commands) fn location(&self) -> Result<Location, CommandError> {
        match self {
            Self::Remote(address) => Ok(address.clone()),
            _ => {
                let shown = self.shown();
                let path = std::path::absolute(&shown).map_err(|error| CommandError::Usage {
                    message: format!("the file cannot be `{shown}`: {error}"),
                })?;
                Ok(Location::Folder(path))
            }
        }
    }
}

/// Opens a pipe or a device.
///
/// # Errors
/// [`CommandError::CannotWrite`].
pub(in crate::commands) fn open_stream(path: &PathBuf) -> Result<File, CommandError> {
    let opened = OpenOptions::new().write(true).open(path);
    opened.map_err(|source| CommandError::CannotWrite {
        path: path.clone(),
        source,
    })
}
