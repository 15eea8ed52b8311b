//! Where everything is in a data folder. Nothing else builds a path.

use std::path::{Path, PathBuf};

use crate::{StoreError, WorkerId};

/// The paths of one data folder.
#[derive(Debug, Clone)]
pub struct Layout {
    root: PathBuf,
}

impl Layout {
    /// The layout of a data folder, which need not exist yet.
    #[must_use]
    pub fn new(root: impl Into<PathBuf>) -> Self {
        Self { root: root.into() }
    }

    /// The data folder.
    #[must_use]
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// The hub.
    #[must_use]
    pub fn core(&self) -> PathBuf {
        self.root.join("core.db")
    }

    /// Held while the hub is made or migrated.
    #[must_use]
    pub fn core_lock(&self) -> PathBuf {
        self.root.join("core.lock")
    }

    /// The folder of the spokes.
    #[must_use]
    pub fn projects(&self) -> PathBuf {
        self.root.join("projects")
    }

    /// A spoke.
    #[must_use]
    pub fn spoke(&self, namespace: &str) -> PathBuf {
        self.projects().join(format!("{namespace}.db"))
    }

    /// Held shared while a process has the spoke open, exclusively by who deletes or replaces it.
    #[must_use]
    pub fn spoke_lock(&self, namespace: &str) -> PathBuf {
        self.projects().join(format!("{namespace}.lock"))
    }

    /// Held by who writes to the spoke for long: an import, a restore.
    #[must_use]
    pub fn write_lock(&self, namespace: &str) -> PathBuf {
        self.projects().join(format!("{namespace}.write"))
    }

    /// Projects that were deleted and can be undeleted.
    #[must_use]
    pub fn trash(&self) -> PathBuf {
        self.root.join("trash")
    }

    /// A spoke that was deleted and can be undeleted.
    #[must_use]
    pub fn trashed(&self, namespace: &str) -> PathBuf {
        self.trash().join(format!("{namespace}.db"))
    }

    /// Files that were set aside: damaged ones, and those that belong to nothing.
    #[must_use]
    pub fn quarantine(&self) -> PathBuf {
        self.root.join("quarantine")
    }

    /// Copies of the hub, from which it is rebuilt.
    #[must_use]
    pub fn hub_copies(&self) -> PathBuf {
        self.root.join("hub-copies")
    }

    /// Backups whose place is not chosen.
    #[must_use]
    pub fn backups(&self) -> PathBuf {
        self.root.join("backups")
    }

    /// Backups that are made here and sent elsewhere, each in a folder with its id for a name.
    #[must_use]
    pub fn spools(&self) -> PathBuf {
        self.root.join("spools")
    }

    /// The keys of encrypted backups.
    #[must_use]
    pub fn keys(&self) -> PathBuf {
        self.root.join("keys")
    }

    /// The liveness locks of processes, and their reads that last.
    #[must_use]
    pub fn workers(&self) -> PathBuf {
        self.root.join("workers")
    }

    /// The liveness lock of one process.
    #[must_use]
    pub fn worker_lock(&self, worker: &WorkerId) -> PathBuf {
        self.workers().join(format!("{worker}.lock"))
    }

    /// A read of some process that lasts, with a name of its own.
    #[must_use]
    pub fn held_read(&self, name: &str) -> PathBuf {
        self.workers().join(format!("{name}.read"))
    }

    /// Files that are being made; what is left here by a crash is of no use.
    #[must_use]
    pub fn temporary(&self) -> PathBuf {
        self.root.join("tmp")
    }

    /// A migrated, empty spoke with checksums on its pages, copied to make a new one.
    #[must_use]
    pub fn template(&self, version: u32) -> PathBuf {
        self.temporary().join(format!(
            "project-{version}-{}-sums.template",
            env!("CARGO_PKG_VERSION")
        ))
    }

    /// Locked for a moment by each process that opens the folder, to see whether locks work there.
    #[must_use]
    pub fn lock_check(&self) -> PathBuf {
        self.root.join("check.lock")
    }

    /// Held while a template is made.
    #[must_use]
    pub fn template_lock(&self) -> PathBuf {
        self.root.join("template.lock")
    }

    /// The secrets that configs refer to by name.
    #[must_use]
    pub fn secrets(&self) -> PathBuf {
        self.root.join("secrets.toml")
    }

    /// Held while the secrets are changed.
    #[must_use]
    pub fn secrets_lock(&self) -> PathBuf {
        self.root.join("secrets.lock")
    }

    /// Whether a file is one that the store keeps and may have open: one of the hub, of a project, in the trash or set aside. Backups are
    /// not: they are files like others. Blocks.
    #[must_use]
    pub fn keeps(&self, path: &Path) -> bool {
        let Ok(path) = path.canonicalize() else {
            return false;
        };
        let folders = [
            self.projects(),
            self.trash(),
            self.quarantine(),
            self.hub_copies(),
            self.workers(),
            self.temporary(),
            self.spools(),
            self.keys(),
        ];
        let within = |folder: PathBuf| folder.canonicalize().is_ok_and(|it| path.starts_with(it));
        let Ok(root) = self.root.canonicalize() else {
            return false;
        };
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        let of_hub = path.parent() == Some(&root)
            && (name.starts_with("core.db") || name == "secrets.toml" || name.ends_with(".lock"));
        of_hub || folders.into_iter().any(within)
    }

    /// Makes the folders that are missing; the data folder is readable by its owner only.
    ///
    /// # Errors
    /// [`StoreError::Io`] with the folder.
    pub fn create(&self) -> Result<(), StoreError> {
        let mut builder = std::fs::DirBuilder::new();
        builder.recursive(true);
        #[cfg(unix)]
        std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
        for folder in [
            self.root.clone(),
            self.projects(),
            self.workers(),
            self.temporary(),
        ] {
            builder
                .create(&folder)
                .map_err(StoreError::io("create the folder", &folder))?;
        }
        Ok(())
    }
}
