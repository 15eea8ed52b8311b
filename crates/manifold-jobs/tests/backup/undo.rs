//! What was done to a project is undone, the newest first.

use std::path::PathBuf;

use entity_core::TableCount;
use entity_core::enums::BackupType;
use manifold_jobs::JobError;
use manifold_jobs::jobs::{RestoreTarget, UndoProject, Undone};
use manifold_store::{RestorePoint, RestorePoints, SourceTrash, StoreError, UserAction};

use crate::store::{Store, names, place};

impl Store {
    async fn points(&self) -> Vec<RestorePoint> {
        RestorePoints::new(&self.manager)
            .list(&self.project)
            .await
            .unwrap()
    }

    async fn undo_job(&self, to: Option<&str>) -> UndoProject {
        let points = RestorePoints::new(&self.manager);
        let way = points.way_to(&self.project, to).await.unwrap();
        UndoProject {
            project_id: self.project.clone(),
            points: way.into_iter().map(|point| point.id).collect(),
            newest: self.points().await[0].id.clone(),
        }
    }

    async fn undo(&self, to: Option<&str>) -> Result<Undone, JobError> {
        self.run(self.undo_job(to).await).await
    }

    /// What the snapshots and their rows are: not what counters and times say.
    async fn content(&self) -> Vec<TableCount> {
        let mut tables = self.tables(&self.project).await;
        let changing = [
            "project",
            "data_sources",
            "job_cursors",
            "import_history",
            "row_epochs",
            "source_columns",
        ];
        tables.retain(|table| !changing.contains(&table.name.as_str()));
        tables
    }

    async fn trash(&self, source: &str) {
        let source = self.sources().find(&self.project, source).await.unwrap();
        let trash = SourceTrash::new(&self.manager);
        trash
            .delete(&self.project, &source.id.parse().unwrap(), |_| {})
            .await
            .unwrap();
    }

    fn safety_copies(&self) -> Vec<String> {
        names(&self.manager.layout().trash().join("before-restore"))
    }
}

/// What was done, in a word each.
fn words(points: &[RestorePoint]) -> Vec<String> {
    let word = |point: &RestorePoint| match &point.action {
        UserAction::Import { snapshots, .. } => {
            format!("{}@{}", snapshots[0].source_name, snapshots[0].number)
        }
        UserAction::SourceDeleted { name, .. } => format!("deleted {name}"),
        UserAction::Restored(_) => "restored".to_owned(),
        UserAction::Undone(_) => "undone".to_owned(),
    };
    points.iter().map(word).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn imports_and_deletions_are_undone_the_newest_first() {
    let store = Store::new().await;
    let mut states = vec![store.content().await];
    store.import("a", "id,v\n1,x\n2,y\n").await;
    states.push(store.content().await);
    store.import("a", "id,v\n1,x\n3,z\n").await;
    states.push(store.content().await);
    store.import("b", "k\n1\n").await;
    states.push(store.content().await);
    store.trash("a").await;
    let all = ["deleted a", "b@1", "a@2", "a@1"];
    assert_eq!(
        words(&store.points().await),
        all[..2],
        "of a deleted source nothing is listed"
    );
    for done in 1..=4 {
        let undone = store.undo(None).await.unwrap();
        assert_eq!((undone.points.len(), undone.safety_copy), (1, None));
        assert_eq!(words(&store.points().await), all[done..]);
        let state = store.content().await;
        let wanted = &states[4 - done];
        // An empty source stays.
        let wanted: Vec<_> = wanted.iter().filter(|table| table.rows > 0).collect();
        let state: Vec<_> = state.iter().filter(|table| table.rows > 0).collect();
        assert_eq!(state, wanted, "{done}");
    }
    let way = RestorePoints::new(&store.manager)
        .way_to(&store.project, None)
        .await
        .unwrap();
    assert_eq!(way, []);
}

#[tokio::test(flavor = "multi_thread")]
async fn everything_newer_than_a_restore_point_is_undone_with_it() {
    let store = Store::new().await;
    store.import("a", "id,v\n1,x\n").await;
    let wanted = store.content().await;
    store.import("a", "id,v\n2,x\n").await;
    let to = store.points().await[0].id.clone();
    store.import("b", "k\n1\n").await;
    store.trash("b").await;
    store.import("a", "id,v\n3,x\n").await;
    let undone = store.undo(Some(&to)).await.unwrap();
    assert_eq!(undone.points.len(), 4);
    let state = store.content().await;
    let of_a = |tables: &[TableCount]| {
        let rows = tables.iter().find(|table| table.name == "d1");
        rows.cloned()
    };
    assert_eq!(of_a(&state), of_a(&wanted));
    assert_eq!(words(&store.points().await), ["a@1"]);
    let gone = RestorePoints::new(&store.manager)
        .way_to(&store.project, Some(&to))
        .await
        .unwrap_err();
    assert!(matches!(gone, StoreError::NotFound { .. }), "{gone}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_restore_in_place_is_undone_and_done_again() {
    let store = Store::rich().await;
    let saved = store.content().await;
    let backup = store.back_up(BackupType::Sqlite).await;
    store
        .import("orders", "id,name,price,note\n9,later,1.00,\n")
        .await;
    store.import("gone", "k\n1\n").await;
    store.trash("gone").await;
    let before = store.content().await;
    let listed = words(&store.points().await);
    store
        .restore(place(&backup), RestoreTarget::InPlace)
        .await
        .unwrap();
    assert_eq!(store.content().await, saved);
    assert_eq!(words(&store.points().await), ["restored"]);
    store.import("since", "k\n1\n").await;
    assert_eq!(words(&store.points().await), ["since@1", "restored"]);

    let to = store.points().await[1].id.clone();
    let undone = store.undo(Some(&to)).await.unwrap();
    assert_eq!(undone.points, [to]);
    assert_eq!(store.content().await, before, "with the trash");
    let now = words(&store.points().await);
    assert_eq!(now[0], "undone");
    assert_eq!(now[1..], listed, "what was done before can be undone now");
    assert_eq!(
        store.safety_copies().len(),
        1,
        "{:?}",
        store.safety_copies()
    );

    // What is undone next is not the undo.
    store.undo(None).await.unwrap();
    let now = words(&store.points().await);
    assert_eq!(now[..2], ["undone", "gone@1"], "it came out of the trash");
    assert_eq!(now[2..], listed[1..]);

    let again = store.points().await[0].id.clone();
    store.undo(Some(&again)).await.unwrap();
    let now = words(&store.points().await);
    assert_eq!(now, ["since@1", "restored"][1..], "the undo was undone");
    assert!(store.sources().find(&store.project, "since").await.is_ok());
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_done_meanwhile_is_not_undone() {
    let store = Store::new().await;
    store.import("a", "id,v\n1,x\n").await;
    let agreed = store.undo_job(None).await;
    store.import("a", "id,v\n2,x\n").await;
    let before = store.content().await;
    let error = store.run(agreed).await.unwrap_err();
    assert_eq!(error.code(), "plan_outdated", "{error}");
    assert_eq!(store.content().await, before);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_import_that_died_is_no_restore_point_and_goes_with_the_next_undo() {
    let store = Store::new().await;
    store.import("a", "id,v\n1,x\n2,y\n").await;
    let wanted = store.content().await;
    store.import("a", "id,v\n1,x\n3,z\n").await;
    // What an import writes before it publishes: rows, and the end of others.
    store.sql(
        "INSERT INTO d1(_rid, c1) VALUES (77, 'half'); UPDATE d1 SET _to = 32770 WHERE _rid = 1",
    );
    assert_eq!(words(&store.points().await), ["a@2", "a@1"]);
    store.undo(None).await.unwrap();
    assert_eq!(store.content().await, wanted);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_last_three_of_each_kind_of_safety_copies_are_kept() {
    let store = Store::rich().await;
    let backup = store.back_up(BackupType::Sqlite).await;
    for _ in 0..5 {
        store
            .restore(place(&backup), RestoreTarget::InPlace)
            .await
            .unwrap();
    }
    assert_eq!(words(&store.points().await), ["restored"; 3]);
    for left in [2, 1, 0] {
        store.undo(None).await.unwrap();
        let now = words(&store.points().await);
        assert_eq!(now.iter().filter(|word| *word == "restored").count(), left);
    }
    let undone: Vec<PathBuf> = store
        .points()
        .await
        .iter()
        .filter(|point| point.is_undo())
        .filter_map(|point| Some(point.safety_copy()?.path.clone()))
        .collect();
    assert_eq!(undone.len(), 3);
}
