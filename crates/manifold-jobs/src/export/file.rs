//! An export as a file of this machine.

use std::ffi::OsString;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use manifold_store::{AtomicFile, SqliteManager, blocking, fail_point, refuse_harm};

use super::datapackage::{self, DATAPACKAGE};
use super::subject::Subject;
use super::write::write_file;
use super::{Course, ExportError, ExportRequest, Exported};
use crate::backup::Location;

/// A file that is complete under a temporary name, with its description. Dropping it removes both.
#[derive(Debug)]
pub struct FileExport {
    file: AtomicFile,
    description: Option<AtomicFile>,
    exported: Exported,
}

impl FileExport {
    /// Writes what is exported beside `path`, and, if `described`, what it is.
    ///
    /// # Errors
    /// [`ExportError`]; nothing is left then. A crash leaves files whose names begin with `.tmp-`.
    pub async fn make(
        manager: &Arc<SqliteManager>,
        request: &ExportRequest,
        path: &Path,
        described: bool,
        course: Course,
    ) -> Result<Self, ExportError> {
        let subject = Subject::of(manager, request).await?;
        let (target, root) = (path.to_owned(), manager.layout().root().to_owned());
        let file = blocking(move || {
            if target.is_dir() {
                return Err(ExportError::FileIsFolder { path: target });
            }
            refuse_harm(&target, &root)?;
            Ok(AtomicFile::create(target)?)
        });
        let file = file.await?;
        let shown = path.display().to_string();
        let temporary = file.temporary_path().to_owned();
        let written = write_file(manager, request, &subject, &temporary, &shown, course);
        let written = written.await?;
        let description = described.then(|| beside(path));
        let location = description.clone().map(Location::from);
        let exported = Exported::new(request, &subject, written, path.to_owned().into(), location);
        let description = match description {
            Some(path) => {
                let text = datapackage::describe(request, &subject, &exported);
                Some(blocking(move || keep(&path, &text)).await?)
            }
            None => None,
        };
        fail_point!("export-data-written");
        Ok(Self {
            file,
            description,
            exported,
        })
    }

    /// Makes the file appear, then its description; files of these names are replaced. Blocks.
    ///
    /// # Errors
    /// [`ExportError::Store`]; what was there before is there still, or the file and not yet its description.
    pub fn publish(self) -> Result<Exported, ExportError> {
        self.file.commit()?;
        fail_point!("export-data-published");
        if let Some(description) = self.description {
            description.commit()?;
        }
        Ok(self.exported)
    }

    /// Removes what crashes left of earlier files for `path`. Only who keeps others from making it may call this. Blocks.
    ///
    /// # Errors
    /// [`ExportError::Store`].
    pub(crate) fn clear(path: &Path) -> Result<(), ExportError> {
        if path.parent().is_some_and(|folder| !folder.is_dir()) {
            return Ok(()); // then there is nothing in it
        }
        AtomicFile::clear(path)?;
        Ok(AtomicFile::clear(&beside(path))?)
    }
}

/// The name of the description of a file.
fn beside(path: &Path) -> PathBuf {
    let mut name = OsString::from(path.file_name().unwrap_or_default());
    name.push(".");
    name.push(DATAPACKAGE);
    path.with_file_name(name)
}

fn keep(path: &Path, text: &str) -> Result<AtomicFile, ExportError> {
    let mut file = AtomicFile::create(path)?;
    let written = file.write_all(text.as_bytes()).and_then(|()| file.flush());
    written.map_err(|source| ExportError::of_output(&path.display().to_string(), source))?;
    Ok(file)
}
