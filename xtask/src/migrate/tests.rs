use std::path::{Path, PathBuf};
use std::sync::Arc;

use entity_core::data_sources;
use manifold_store::{
    Core, DataSources, DatabaseManager, Layout, NewProject, NewSource, Project, ProjectId,
    Projects, SqliteManager, StoreOptions, migration_status,
};
use sea_orm::EntityTrait;

use super::{Migrate, Word};

const ALL_OF_CORE: usize = migration_core::VERSION as usize;
const ALL_OF_PROJECT: usize = migration_project::VERSION as usize;

/// A data folder with two projects, each with one source.
struct Store {
    folder: tempfile::TempDir,
    projects: [ProjectId; 2],
}

impl Store {
    async fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let manager = open(folder.path()).await;
        let projects = [
            project(&manager, "planes").await,
            project(&manager, "trains").await,
        ];
        Self { folder, projects }
    }

    fn path(&self) -> &Path {
        self.folder.path()
    }

    fn spoke(&self, number: usize) -> PathBuf {
        Layout::new(self.path()).spoke(&self.projects[number].namespace())
    }

    fn command(&self, words: &[Word]) -> Migrate {
        command(self.path(), words)
    }

    /// How many migrations the hub and the two projects have.
    async fn applied(&self) -> [usize; 3] {
        let hub = Layout::new(self.path()).core();
        [
            migration_status::<Core>(&hub).await.unwrap(),
            migration_status::<Project>(&self.spoke(0)).await.unwrap(),
            migration_status::<Project>(&self.spoke(1)).await.unwrap(),
        ]
        .map(|status| {
            let stamped = usize::try_from(status.version).unwrap();
            assert_eq!(status.applied.len(), stamped, "{status:?}");
            stamped
        })
    }
}

async fn open(folder: &Path) -> Arc<SqliteManager> {
    SqliteManager::open(Layout::new(folder), StoreOptions::default())
        .await
        .unwrap()
}

async fn project(manager: &Arc<SqliteManager>, name: &str) -> ProjectId {
    let new = NewProject {
        name: name.to_owned(),
        description: None,
    };
    let project = Projects::new(manager).create(new).await.unwrap();
    let id = project.id.parse().unwrap();
    DataSources::new(manager.clone())
        .create(&id, NewSource::file("timetable"))
        .await
        .unwrap();
    id
}

fn command(folder: &Path, words: &[Word]) -> Migrate {
    Migrate {
        words: words.to_vec(),
        data_dir: folder.to_owned(),
        project: None,
        steps: 1,
        wait: 0,
        yes: true,
    }
}

#[tokio::test]
async fn every_database_of_the_folder_is_migrated() {
    let store = Store::new().await;
    let all = [ALL_OF_CORE, ALL_OF_PROJECT, ALL_OF_PROJECT];
    assert_eq!(store.applied().await, all);
    store.command(&[Word::Down]).run().await.unwrap();
    assert_eq!(store.applied().await, all.map(|version| version - 1));
    store.command(&[Word::Up]).run().await.unwrap();
    assert_eq!(store.applied().await, all);
}

#[tokio::test]
async fn one_schema_or_one_project_leaves_the_others_alone() {
    let store = Store::new().await;
    let mut one = store.command(&[Word::Down, Word::Project]);
    (one.project, one.steps) = (Some(store.projects[1].namespace()), 2);
    one.run().await.unwrap();
    let left = [ALL_OF_CORE, ALL_OF_PROJECT, ALL_OF_PROJECT - 2];
    assert_eq!(store.applied().await, left);

    store
        .command(&[Word::Core, Word::Down])
        .run()
        .await
        .unwrap();
    let left = [ALL_OF_CORE - 1, ALL_OF_PROJECT, ALL_OF_PROJECT - 2];
    assert_eq!(store.applied().await, left);

    store
        .command(&[Word::Project, Word::Up])
        .run()
        .await
        .unwrap();
    let left = [ALL_OF_CORE - 1, ALL_OF_PROJECT, ALL_OF_PROJECT];
    assert_eq!(store.applied().await, left);
}

#[tokio::test]
async fn status_changes_nothing() {
    let store = Store::new().await;
    store.command(&[Word::Down]).run().await.unwrap();
    let before = (
        store.applied().await,
        std::fs::read(store.spoke(0)).unwrap(),
    );
    store.command(&[]).run().await.unwrap();
    let after = (
        store.applied().await,
        std::fs::read(store.spoke(0)).unwrap(),
    );
    assert_eq!(after, before);
}

#[tokio::test]
async fn what_deletes_data_needs_consent() {
    let store = Store::new().await;
    for word in [Word::Down, Word::Refresh, Word::Fresh] {
        let mut without = store.command(&[Word::Core, word]);
        without.yes = false;
        let refused = without.run().await.unwrap_err();
        assert!(refused.to_string().contains("--yes"), "{refused}");
        assert_eq!(store.applied().await[0], ALL_OF_CORE);
        assert_eq!(sources_in_the_hub(store.path()).await, 2);
    }
}

async fn sources_in_the_hub(folder: &Path) -> usize {
    let manager = open(folder).await;
    let found = manager.core().all(data_sources::Entity::find()).await;
    found.unwrap().len()
}

#[tokio::test]
async fn a_project_made_empty_is_still_that_project_and_the_hub_knows() {
    for word in [Word::Refresh, Word::Fresh] {
        let store = Store::new().await;
        store.command(&[Word::Project, word]).run().await.unwrap();
        assert_eq!(
            sources_in_the_hub(store.path()).await,
            2,
            "{word:?}: seen before it is opened"
        );

        let manager = open(store.path()).await;
        for (id, name) in store.projects.iter().zip(["planes", "trains"]) {
            let sources = DataSources::new(manager.clone());
            assert!(sources.list(id).await.unwrap().is_empty(), "{word:?}");
            let row = Projects::new(&manager).find(id.as_str()).await.unwrap();
            assert_eq!((row.name.as_str(), row.source_count), (name, 0));
            sources
                .create(id, NewSource::file("timetable"))
                .await
                .unwrap();
        }
    }
}

#[tokio::test]
async fn what_deletes_data_waits_for_who_uses_the_file() {
    let store = Store::new().await;
    let manager = open(store.path()).await;
    let used = manager.project(&store.projects[0]).await.unwrap();
    for word in [Word::Down, Word::Refresh, Word::Fresh] {
        let refused = store.command(&[Word::Project, word]).run().await;
        let refused = format!("{:#}", refused.unwrap_err());
        assert!(refused.contains("in use"), "{refused}");
    }
    store
        .command(&[Word::Project, Word::Up])
        .run()
        .await
        .unwrap();
    assert_eq!(
        DataSources::new(manager.clone())
            .list(&store.projects[0])
            .await
            .unwrap()
            .len(),
        1
    );

    drop(used);
    manager.close(&store.projects[0]).await.unwrap();
    store
        .command(&[Word::Project, Word::Fresh])
        .run()
        .await
        .unwrap();
}

#[tokio::test]
async fn a_file_that_is_not_ours_stops_the_command() {
    let store = Store::new().await;
    let foreign = store.spoke(1);
    std::fs::copy(Layout::new(store.path()).core(), &foreign).unwrap();
    let refused = store.command(&[Word::Up]).run().await.unwrap_err();
    let refused = format!("{refused:#}");
    assert!(refused.contains(foreign.to_str().unwrap()), "{refused}");
}

#[tokio::test]
async fn a_missing_database_is_named_and_not_created() {
    let folder = tempfile::tempdir().unwrap();
    let refused = command(folder.path(), &[Word::Up]).run().await.unwrap_err();
    assert!(refused.to_string().contains("core.db"), "{refused}");
    assert!(!folder.path().join("core.db").exists());

    let mut one = command(folder.path(), &[Word::Up, Word::Project]);
    one.project = Some("nobody".to_owned());
    let refused = one.run().await.unwrap_err();
    assert!(refused.to_string().contains("nobody.db"), "{refused}");
}

#[tokio::test]
async fn two_words_of_a_kind_are_refused() {
    let store = Store::new().await;
    for words in [[Word::Core, Word::Project], [Word::Up, Word::Down]] {
        assert!(store.command(&words).run().await.is_err());
    }
}
