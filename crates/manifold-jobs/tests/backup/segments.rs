//! Segments: damaged ones, those that nobody needs, and those that come back.

use std::path::Path;

use manifold_jobs::backup::collect;
use manifold_store::SourceTrash;

use crate::increments::{
    back_up, comes_back, csv, delete_snapshot, latest, manifest, published, segments,
};
use crate::store::{Store, as_new, place};

#[tokio::test(flavor = "multi_thread")]
async fn damage_is_told_by_the_name_of_the_segment_and_healed_by_the_next_backup() {
    let store = Store::new().await;
    store.import("a", &csv(0..300, 0, 0)).await;
    store.import("a", &csv(0..300, 1, 10)).await;
    let backup = back_up(&store).await;
    let state = published(&store, &store.project).await;
    let all = segments(&store);
    assert_eq!(all.len(), 3, "{all:?}");
    for path in &all {
        let name = path.file_name().unwrap().to_str().unwrap();
        let sound = std::fs::read(path).unwrap();
        let mut flipped = sound.clone();
        let middle = flipped.len() / 2;
        flipped[middle] ^= 0x10;
        let longer = [&sound[..], b"x"].concat();
        let shorter = &sound[..sound.len() - 3];
        for damaged in [&flipped[..], shorter, &longer[..], &[]] {
            std::fs::write(path, damaged).unwrap();
            let found = store.verify(&backup).await;
            assert!(!found.ok);
            let wrong = found.checks.iter().find(|check| !check.ok).unwrap();
            assert!(wrong.detail.contains(name), "{wrong:?}");
            let restored = store.restore(place(&backup), as_new("none")).await;
            assert!(restored.is_err());
        }
        std::fs::remove_file(path).unwrap();
        let error = store
            .restore(place(&backup), as_new("none"))
            .await
            .unwrap_err();
        assert_eq!(error.code(), "backup_file_missing");
        assert!(error.to_string().contains(name), "{error}");
        // What is missing is written again.
        let next = back_up(&store).await;
        comes_back(&store, &next, &state, name).await;
        std::fs::write(path, &sound).unwrap();
        assert!(store.verify(&backup).await.ok);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn segments_go_with_the_last_backup_that_needs_them() {
    let store = Store::new().await;
    store.import("a", &csv(0..100, 0, 0)).await;
    let one = back_up(&store).await;
    let shared = segments(&store);
    store.import("a", &csv(0..100, 1, 5)).await;
    let (_, last) = latest(&store, "a").await;
    let two = back_up(&store).await;
    delete_snapshot(&store, "a", &last).await;
    store.import("a", &csv(0..100, 2, 9)).await;
    let three = back_up(&store).await;
    assert_eq!(segments(&store).len(), 5);

    store.delete(&two).await;
    let collected = store.collect(&[two]).await.unwrap();
    assert_eq!(collected.segments, 2);
    assert!(collected.bytes > 0);
    assert_eq!(segments(&store).len(), 3);
    assert!(store.verify(&one).await.ok && store.verify(&three).await.ok);

    // Nobody knows what a backup needs whose manifest is damaged.
    let damaged = Path::new(&three.location).join("manifest.json");
    let sound = std::fs::read(&damaged).unwrap();
    std::fs::write(&damaged, b"{}").unwrap();
    store.delete(&one).await;
    let stray = segments(&store)[0].with_file_name("00-stray.db.zst");
    std::fs::write(&stray, b"x").unwrap();
    let error = store.collect(std::slice::from_ref(&one)).await.unwrap_err();
    assert_eq!(error.code(), "backup_damaged");
    assert_eq!(segments(&store).len(), 4);
    std::fs::write(&damaged, sound).unwrap();
    assert_eq!(store.collect(&[one]).await.unwrap().segments, 1);
    assert!(shared.iter().all(|path| path.exists()));
    assert!(store.verify(&three).await.ok);

    store.delete(&three).await;
    store.collect(&[three]).await.unwrap();
    assert!(segments(&store).is_empty());
    let place = store.manager.layout().backups();
    let none = collect(&store.places(), &place.clone().into(), &store.project)
        .await
        .unwrap();
    assert_eq!(none.segments, 0);
    for folder in ["leases", "gc"] {
        let left = crate::store::names(&place.join(folder).join(store.project.namespace()));
        assert!(left.is_empty(), "{folder}: {left:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_source_that_comes_back_from_the_trash_is_read_and_not_written_again() {
    let store = Store::new().await;
    store.import("a", &csv(0..500, 0, 0)).await;
    store.import("b", &csv(500..900, 0, 0)).await;
    let first = back_up(&store).await;
    let trash = SourceTrash::new(&store.manager);
    let source = store.sources().find(&store.project, "a").await.unwrap();
    let source = source.id.parse().unwrap();
    trash.delete(&store.project, &source, |_| {}).await.unwrap();
    let without = back_up(&store).await;
    assert_eq!(manifest(&without).rows.len(), 1);
    let state = published(&store, &store.project).await;
    comes_back(&store, &without, &state, "without").await;
    trash.undelete(&store.project, "a", None).await.unwrap();
    let with = back_up(&store).await;
    assert_eq!(manifest(&with).rows, manifest(&first).rows);
    assert_eq!(segments(&store).len(), 2);
}

/// Rows that no snapshot shows any more are still in the file of their tile, and their closes are nowhere in the project.
#[tokio::test(flavor = "multi_thread")]
async fn rows_that_are_gone_with_their_closes_stay_gone() {
    for is_saved_between in [true, false] {
        let store = Store::new().await;
        store.import("a", &csv(0..200, 0, 0)).await;
        let (_, first) = latest(&store, "a").await;
        back_up(&store).await;
        store.import("a", &csv(0..200, 1, 20)).await;
        if is_saved_between {
            back_up(&store).await;
        }
        delete_snapshot(&store, "a", &first).await;
        for what in ["pruned", "and nothing since", "and imported"] {
            let state = published(&store, &store.project).await;
            let backup = back_up(&store).await;
            comes_back(
                &store,
                &backup,
                &state,
                &format!("{what}, {is_saved_between}"),
            )
            .await;
            if what == "and nothing since" {
                store.import("a", &csv(0..200, 2, 30)).await;
            }
        }
    }
}
