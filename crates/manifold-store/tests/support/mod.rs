//! A store in a temporary folder.
#![allow(dead_code, reason = "not every test uses all of it")]

pub(crate) mod wal;

use std::sync::Arc;

use manifold_store::{Layout, NewProject, ProjectId, Projects, SqliteManager, StoreOptions};

pub(crate) struct Store {
    pub(crate) folder: tempfile::TempDir,
    pub(crate) manager: Arc<SqliteManager>,
}

pub(crate) async fn store() -> Store {
    store_with(StoreOptions::default()).await
}

pub(crate) async fn store_with(options: StoreOptions) -> Store {
    let folder = tempfile::tempdir().unwrap();
    let manager = SqliteManager::open(Layout::new(folder.path()), options)
        .await
        .unwrap();
    Store { folder, manager }
}

impl Store {
    pub(crate) async fn project(&self, name: &str) -> ProjectId {
        let new = NewProject {
            name: name.to_owned(),
            description: None,
        };
        Projects::new(&self.manager)
            .create(new)
            .await
            .unwrap()
            .id
            .parse()
            .unwrap()
    }

    /// A second process's view of the same folder.
    pub(crate) async fn reopen(&self) -> Arc<SqliteManager> {
        SqliteManager::open(Layout::new(self.folder.path()), StoreOptions::default())
            .await
            .unwrap()
    }
}
