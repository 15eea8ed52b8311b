//! Where an export is written to.

use std::convert::Infallible;
use std::fs::OpenOptions;
use std::io::{self, BufWriter};
use std::path::PathBuf;
use std::str::FromStr;

use manifold_format::WriteError;
use manifold_jobs::export::OriginalError;
use manifold_store::AtomicFile;

use crate::command_error::CommandError;
use crate::output::{OutputError, data_stream};
use crate::results::Sink;
use crate::session::Session;

/// Where an export is written to.
#[derive(Debug, Clone)]
pub(super) enum Destination {
    /// stdout.
    Stdout,
    /// A file that appears complete or not at all.
    File(PathBuf),
}

impl FromStr for Destination {
    type Err = Infallible;

    fn from_str(text: &str) -> Result<Self, Infallible> {
        Ok(if text == "-" {
            Self::Stdout
        } else {
            Self::File(PathBuf::from(text))
        })
    }
}

impl Destination {
    /// Asks before a file is replaced.
    ///
    /// # Errors
    /// As [`Session::confirm`]; [`CommandError::FileIsFolder`].
    pub(super) async fn confirm_replacing(&self, session: &Session) -> Result<(), CommandError> {
        let Self::File(path) = self else {
            return Ok(());
        };
        if path.is_dir() {
            return Err(CommandError::FileIsFolder { path: path.clone() });
        }
        if !path.is_file() {
            return Ok(());
        }
        session
            .confirm(format!("{} exists; replace it", path.display()))
            .await
    }

    /// Opens the destination. A pipe or a device is written to as it is.
    ///
    /// # Errors
    /// [`manifold_store::StoreError::Io`]; [`CommandError::CannotWrite`].
    pub(super) fn open(&self) -> anyhow::Result<(Sink, Option<AtomicFile>)> {
        let Self::File(path) = self else {
            return Ok((data_stream(), None));
        };
        let (file, target) = if path.exists() && !path.is_file() {
            (None, path.clone())
        } else {
            let file = AtomicFile::create(path.clone())?;
            let temporary = file.temporary_path().to_owned();
            (Some(file), temporary)
        };
        let opened = OpenOptions::new().write(true).open(target);
        let opened = opened.map_err(|source| CommandError::CannotWrite {
            path: path.clone(),
            source,
        })?;
        Ok((Box::new(BufWriter::with_capacity(1 << 16, opened)), file))
    }

    /// The error of an export; one of the output names the file, if it is one.
    pub(super) fn named(&self, error: anyhow::Error) -> anyhow::Error {
        let source = match output_error(error) {
            Ok(source) => source,
            Err(other) => return other,
        };
        match self {
            Self::File(path) => CommandError::CannotWrite {
                path: path.clone(),
                source,
            }
            .into(),
            Self::Stdout => OutputError::from(source).into(),
        }
    }
}

/// What the system said when the output failed, or the error if it is another one.
fn output_error(error: anyhow::Error) -> Result<io::Error, anyhow::Error> {
    match error.downcast() {
        Ok(OutputError::Io(source)) => Ok(source),
        Ok(OutputError::Closed) => Ok(io::ErrorKind::BrokenPipe.into()),
        Err(error) => match error.downcast() {
            Ok(WriteError::Io { source, .. }) => Ok(source),
            Ok(other) => Err(other.into()),
            Err(error) => match error.downcast() {
                Ok(OriginalError::Write(WriteError::Io { source, .. })) => Ok(source),
                Ok(other) => Err(other.into()),
                Err(error) => Err(error),
            },
        },
    }
}
