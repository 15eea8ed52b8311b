//! What a restore in place would change, before it does.

use entity_core::enums::BackupType;
use manifold_jobs::Observer;
use manifold_jobs::backup::{Compared, compare};
use manifold_store::rows::Change;
use manifold_store::{DifferentDefinition, SourceTrash};
use tokio_util::sync::CancellationToken;

use crate::store::{Store, TYPES, place};

async fn compared(store: &Store, backup: &entity_core::backups::Model) -> Compared {
    compare(&store.manager, &place(backup), 10, Observer::default())
        .await
        .unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_project_that_was_just_saved_is_the_same() {
    let store = Store::rich().await;
    for backup_type in TYPES {
        let backup = store.back_up(backup_type).await;
        let compared = compared(&store, &backup).await;
        assert!(compared.difference.is_empty(), "{compared:?}");
        assert_eq!(compared.difference.same_sources, 3);
        assert!(store.staged().is_empty());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_would_go_come_back_and_change_is_told() {
    let store = Store::rich().await;
    store.import("plain", "a,b\n1,x\n1,x\n2,y\n").await;
    store.import("later gone", "k\n1\n").await;
    let backup = store.back_up(BackupType::Csv).await;
    let before = store.tables(&store.project).await;
    store.import("plain", "b,a\nx,1\nz,3\ny,2\n").await;
    store.import("new", "k\n1\n2\n").await;
    let source = store
        .sources()
        .find(&store.project, "later gone")
        .await
        .unwrap();
    SourceTrash::new(&store.manager)
        .delete(&store.project, &source.id.parse().unwrap(), |_| {})
        .await
        .unwrap();
    store.sql(
        "UPDATE project SET settings = '{}'; DELETE FROM relationships; \
         UPDATE consolidated_models SET spec = '[]'; UPDATE data_sources SET description = 'x' WHERE name = 'empty'",
    );
    let found = compared(&store, &backup).await.difference;
    let names: Vec<_> = found
        .sources
        .iter()
        .map(|source| source.name.as_str())
        .collect();
    assert_eq!(names, ["empty", "later gone", "new", "plain"]);
    assert_eq!(found.same_sources, 2);

    let empty = &found.sources[0];
    let description = DifferentDefinition {
        field: "description",
        present: "x".to_owned(),
        other: String::new(),
    };
    assert_eq!(empty.definition, [description]);
    let (back, new, plain) = (&found.sources[1], &found.sources[2], &found.sources[3]);
    assert_eq!(
        (back.is_present, back.is_other, back.rows.added),
        (false, true, 1)
    );
    assert_eq!(
        (new.is_present, new.is_other, new.rows.removed),
        (true, false, 2)
    );
    assert_eq!(
        (&plain.snapshots_gone[..], &plain.snapshots_back[..]),
        (&[2][..], &[][..])
    );
    assert_eq!(
        (plain.rows.added, plain.rows.removed, plain.rows.changed),
        (1, 1, 0),
        "one of two equal rows is gone, and another row is there"
    );
    assert!(matches!(
        plain.rows.changes[..],
        [Change::Added { .. }, Change::Removed { .. }]
    ));
    assert_eq!(found.project[0].field, "settings");
    let tables: Vec<_> = found.tables.iter().map(|table| table.table).collect();
    assert_eq!(tables, ["relationships", "consolidated_models"]);
    assert_eq!(found.tables[0].back, ["one to another"]);
    assert_eq!(found.tables[1].changed, ["Model"]);
    assert_ne!(store.tables(&store.project).await, before);
    assert!(store.staged().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn it_can_be_stopped() {
    let store = Store::rich().await;
    let backup = store.back_up(BackupType::Sqlite).await;
    let cancel = CancellationToken::new();
    cancel.cancel();
    let (observer, _latest) = Observer::new(cancel);
    let error = compare(&store.manager, &place(&backup), 10, observer)
        .await
        .unwrap_err();
    assert_eq!(error.code(), "cancelled", "{error}");
    assert!(store.staged().is_empty());
}
