//! Copies of a project: a clone beside it, a file to take along, a project made of such a file.

use std::path::Path;

use entity_core::projects;

use super::Projects;
use crate::{
    AtomicFile, CopyWatch, DatabaseId, DatabaseManager as _, ProjectId, StoreError, fail_point,
    provision, saga,
};

pub use crate::saga::{AdoptOptions, Adopted};

impl Projects {
    /// Makes a project named `name` with everything that this one holds at this moment: sources, snapshots, import
    /// history, but not its trash. Secrets that configs refer to are shared, since they belong to the data folder. Others may read and
    /// write the project meanwhile.
    ///
    /// # Errors
    /// [`StoreError::InvalidName`], [`StoreError::NameTaken`]; [`StoreError::NotFound`]; [`StoreError::Interrupted`] when
    /// `watch` says so; others by meaning, and nothing is left behind. A crash leaves the new project or nothing.
    pub async fn clone_project(
        &self,
        id: &ProjectId,
        name: &str,
        watch: CopyWatch,
    ) -> Result<projects::Model, StoreError> {
        saga::clone_active(&self.manager, id, name, watch).await
    }

    /// Writes the project as one database file at `path`, which needs nothing beside it; an existing file is replaced. Sources
    /// in the trash are not in it.
    /// Others may read and write the project meanwhile. Returns the size of the file, in bytes.
    ///
    /// # Errors
    /// [`StoreError::InvalidValue`] for a path in the data folder or beside the log of another database;
    /// [`StoreError::NotFound`]; [`StoreError::DiskFull`], [`StoreError::Io`]; [`StoreError::Interrupted`] when `watch`
    /// says so; others by meaning. `path` is then as it
    /// was. A crash leaves it as it was or the whole file, and a file whose name begins with `.tmp-` at worst.
    pub async fn export_file(
        &self,
        id: &ProjectId,
        path: &Path,
        watch: CopyWatch,
    ) -> Result<u64, StoreError> {
        let file = self.copy_beside(id, path, watch).await?;
        let path = path.to_owned();
        provision::blocking(move || {
            file.commit()?;
            let written = std::fs::metadata(&path).map_err(StoreError::io("look at", path))?;
            Ok(written.len())
        })
        .await
    }

    /// As [`Projects::export_file`], up to the point where the file is complete under a temporary name.
    ///
    /// # Errors
    /// As [`Projects::export_file`].
    pub async fn copy_beside(
        &self,
        id: &ProjectId,
        path: &Path,
        watch: CopyWatch,
    ) -> Result<AtomicFile, StoreError> {
        let (path, root) = (path.to_owned(), self.manager.layout().root().to_owned());
        let target = path.clone();
        provision::blocking(move || refuse_harm(&target, &root)).await?;
        let frozen = self.manager.freeze(DatabaseId::Project(id.clone())).await?;
        provision::blocking(move || {
            let file = AtomicFile::create(&path)?;
            frozen.copy_into(file.temporary_path(), &watch)?;
            drop(frozen);
            watch.look(0, 0)?; // the last point at which nothing of it is visible
            fail_point!("export-file-written");
            Ok(file)
        })
        .await
    }

    /// Makes a copy of the file at `path` a project: one that [`Projects::export_file`] wrote, or a project's file from
    /// another data folder, with the write-ahead log beside it. The file stays as it is. The project keeps the id in
    /// the file unless one of this store has it; without a name it gets the one in the file. Sources in the trash of the
    /// file are left behind.
    ///
    /// # Errors
    /// [`StoreError::NotOurs`], [`StoreError::NewerSchema`], [`StoreError::Corrupt`] for a file that is no sound project;
    /// [`StoreError::NameTaken`], [`StoreError::InvalidName`]; [`StoreError::SecretInFile`] unless secrets are to be
    /// redacted; [`StoreError::Busy`] when somebody writes to the file; [`StoreError::Interrupted`] when `watch` says so;
    /// others by meaning, and nothing is left behind. A crash leaves the new project or nothing.
    pub async fn adopt(
        &self,
        path: &Path,
        options: &AdoptOptions,
        watch: CopyWatch,
    ) -> Result<Adopted, StoreError> {
        saga::adopt(&self.manager, path, options, watch).await
    }
}

/// Refuses a place where a new file would harm others: in the data folder, or beside the log of another database.
/// Blocks.
///
/// # Errors
/// [`StoreError::InvalidValue`]; [`StoreError::Io`] when the folder is not there.
pub fn refuse_harm(path: &Path, data_folder: &Path) -> Result<(), StoreError> {
    let invalid = |reason: &str| StoreError::InvalidValue {
        what: "the file".to_owned(),
        value: path.display().to_string(),
        reason: reason.to_owned(),
    };
    let folder = match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    };
    let folder = folder
        .canonicalize()
        .map_err(StoreError::io("find the folder", folder))?;
    let data_folder = data_folder
        .canonicalize()
        .map_err(StoreError::io("find the folder", data_folder))?;
    if folder.starts_with(data_folder) {
        return Err(invalid(
            "it would be in the data folder; choose another folder",
        ));
    }
    for suffix in ["-wal", "-journal"] {
        let mut beside = path.as_os_str().to_owned();
        beside.push(suffix);
        if Path::new(&beside).exists() {
            return Err(invalid(
                "the log of another database lies beside it and would be taken for its own; choose another name",
            ));
        }
    }
    Ok(())
}
