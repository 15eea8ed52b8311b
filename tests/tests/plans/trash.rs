//! Projects and sources go into the trash, come back, and are removed for good.

use std::path::Path;
use std::sync::Arc;

use manifold_store::{
    AdoptOptions, CopyWatch, DataSources, NewProject, ProjectId, Projects, RestorePoints,
    SourceChange, SourceId, SourceTrash, SqliteManager, Trash,
};

/// Sources go into the trash, and one comes back.
pub(crate) async fn source_trash(manager: &Arc<SqliteManager>, project: &ProjectId) {
    let (trash, sources) = (SourceTrash::new(manager), DataSources::new(manager.clone()));
    let keyed = sources.find(project, "keyed").await.unwrap().id;
    let keyed: SourceId = keyed.parse().unwrap();
    for enabled in [false, true] {
        let change = SourceChange {
            enabled: Some(enabled),
            key_columns: Some(vec!["name".to_owned()]),
            ..SourceChange::default()
        };
        sources.update(project, &keyed, change).await.unwrap();
    }
    let renamed = sources.find(project, "renamed").await.unwrap().id;
    for source in [&keyed, &renamed.parse().unwrap()] {
        trash.delete(project, source, |_| {}).await.unwrap();
    }
    trash.list(project).await.unwrap();
    RestorePoints::new(manager).list(project).await.unwrap();
    for reference in [keyed.as_str(), "keyed", &keyed.as_str()[..31]] {
        trash.find(project, reference).await.unwrap();
    }
    trash.undelete(project, "keyed", None).await.unwrap();
    trash.purge(project, &renamed).await.unwrap();
}

/// A project goes into the trash, comes back, is copied, and is removed for good.
pub(crate) async fn trash(manager: &Arc<SqliteManager>, folder: &Path) {
    let projects = Projects::new(manager);
    let made = projects
        .create(NewProject {
            name: "old".into(),
            description: None,
        })
        .await
        .unwrap();
    projects
        .delete(&Projects::id(&made).unwrap())
        .await
        .unwrap();
    let trash = Trash::new(manager);
    trash.list().await.unwrap();
    trash.clone_project("old", Some("clone")).await.unwrap();
    projects.undelete("nothing", None).await.unwrap_err();
    let undeleted = projects.undelete("old", Some("older")).await.unwrap();
    let id = Projects::id(&undeleted).unwrap();
    projects
        .clone_project(&id, "another", CopyWatch::unwatched())
        .await
        .unwrap();
    let file = folder.join("older.db");
    projects
        .export_file(&id, &file, CopyWatch::unwatched())
        .await
        .unwrap();
    projects.delete(&id).await.unwrap();
    let trashed = trash.find("older").await.unwrap();
    trash.purge(&trashed.project).await.unwrap();
    projects
        .adopt(&file, &AdoptOptions::default(), CopyWatch::unwatched())
        .await
        .unwrap();
}
