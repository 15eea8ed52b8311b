//! What is refused, with nothing changed.

use manifold_jobs::jobs::SyncTarget;
use manifold_jobs::sync::{Deletes, MaxDeletes, OnConflict, SyncMode};
use manifold_store::rows::Effect;
use manifold_store::{RowLog, Secret, Secrets};

use super::Scene;

#[tokio::test(flavor = "multi_thread")]
async fn no_more_rows_are_deleted_than_is_allowed() {
    for scene in Scene::all("bound", &["id"]).await {
        let rows = |from: u32| (from..100).map(|n| format!("{n},x\n")).collect::<String>();
        scene.store.import(format!("id,a\n{}", rows(0))).await;
        for mode in [SyncMode::Merge, SyncMode::Full] {
            scene
                .sync(SyncTarget {
                    mode,
                    max_deletes: MaxDeletes::ALL,
                    ..scene.job()
                })
                .await
                .unwrap();
        }
        scene.store.import(format!("id,a\n{}", rows(6))).await;
        for mode in [SyncMode::Merge, SyncMode::Full] {
            let refused = scene
                .planned(SyncTarget {
                    mode,
                    ..scene.job()
                })
                .await
                .unwrap_err();
            assert_eq!(refused.code(), "too_many_deletions", "{refused}");
            assert!(refused.to_string().contains("6 of 100"), "{refused}");
            assert_eq!(scene.place.rows().await.len(), 100);
        }
        let allowed = SyncTarget {
            mode: SyncMode::Merge,
            max_deletes: "6%".parse().unwrap(),
            ..scene.job()
        };
        assert_eq!(scene.planned(allowed).await.unwrap().deleted, 6);
        scene.place.clear().await;
        // Rows that nobody wrote from here are not deleted unasked.
        let other = Scene {
            store: crate::store::Store::new().await,
            place: scene.place,
        };
        other.store.import("id,a\n1,x\n").await;
        other
            .place
            .run("CREATE TABLE {T} (id int, a varchar(9)); INSERT INTO {T} VALUES (7, 'precious')")
            .await;
        let refused = other.planned(other.job()).await.unwrap_err();
        assert_eq!(refused.code(), "too_many_deletions");
        assert_eq!(other.place.rows().await, ["7|precious"]);
        other.place.clear().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cell_that_does_not_fit_changes_nothing() {
    for scene in Scene::all("fit", &["id"]).await {
        if scene.place.kind == "sqlite" {
            continue; // whose columns take everything
        }
        scene.store.import("id,n\n1,10\n2,20\n").await;
        for mode in [SyncMode::Merge, SyncMode::Append, SyncMode::Full] {
            scene.place.clear().await;
            scene
                .place
                .run("CREATE TABLE {T} (id int PRIMARY KEY, n int); INSERT INTO {T} VALUES (7, 7)")
                .await;
            let job = || SyncTarget {
                mode,
                max_deletes: MaxDeletes::ALL,
                ..scene.job()
            };
            scene.sync(job()).await.unwrap();
            let before = scene.place.rows().await;
            let next = format!("id,n\n1,10\n2,20\n3,nothing {mode:?}\n");
            scene.store.import(next).await;
            let refused = scene.sync(job()).await.unwrap_err();
            assert_eq!(refused.code(), "database_value", "{mode:?}: {refused}");
            assert_eq!(scene.place.rows().await, before);
            scene.store.import("id,n\n1,10\n2,20\n").await;
        }
        scene.place.clear().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_does_not_go_together_is_told() {
    for scene in Scene::all("options", &[]).await {
        let nothing = scene.planned(scene.job()).await.unwrap_err();
        assert_eq!(nothing.code(), "no_snapshot");
        scene.store.import("id,deleted_at\n1,x\n").await;
        for (job, code) in [
            (
                SyncTarget {
                    mode: SyncMode::Merge,
                    ..scene.job()
                },
                "no_key",
            ),
            (
                SyncTarget {
                    deletes: Deletes::Soft,
                    ..scene.job()
                },
                "sync_options",
            ),
            (
                SyncTarget {
                    mode: SyncMode::Append,
                    deletes: Deletes::Soft,
                    ..scene.job()
                },
                "sync_options",
            ),
            (
                SyncTarget {
                    on_conflict: OnConflict::Newest {
                        column: "no".to_owned(),
                    },
                    ..scene.job()
                },
                "sync_options",
            ),
            (
                SyncTarget {
                    table: "a.b.c".to_owned(),
                    ..scene.job()
                },
                "target_name",
            ),
            (
                SyncTarget {
                    url: "mysql://me:hunter2@h/db".to_owned(),
                    ..scene.job()
                },
                "secret_literal",
            ),
        ] {
            let refused = scene.planned(job).await.unwrap_err();
            assert_eq!(refused.code(), code, "{refused}");
            assert!(!refused.to_string().contains("hunter2"));
        }
        assert!(scene.place.rows().await.is_empty());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn without_what_was_written_last_nothing_is_guessed() {
    for scene in Scene::all("base", &["id"]).await {
        let merge = || SyncTarget {
            mode: SyncMode::Merge,
            ..scene.job()
        };
        let first = scene.store.import("id,a\n1,x\n").await;
        scene.sync(merge()).await.unwrap();
        scene.store.import("id,a\n1,y\n").await;
        let ids = vec![first.snapshot_id.parse().unwrap()];
        RowLog::new(&scene.store.manager)
            .delete(
                &scene.store.project,
                &scene.store.source,
                &ids,
                Effect::Lasting,
                |_| {},
            )
            .await
            .unwrap();
        let refused = scene.planned(merge()).await.unwrap_err();
        assert_eq!(refused.code(), "sync_base_gone", "{refused}");
        scene.planned(scene.job()).await.unwrap();
        assert_eq!(scene.place.rows().await, ["1|y"]);
        scene.place.clear().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn no_secret_is_told() {
    for scene in Scene::all("secret", &[]).await {
        if scene.place.kind == "sqlite" {
            continue;
        }
        let secrets = Secrets::new(scene.store.manager.layout());
        secrets
            .set("pw", Secret::from("hunter2".to_owned()))
            .await
            .unwrap();
        let (scheme, behind) = scene.place.url.split_once("://").unwrap();
        let host = behind.rsplit_once('@').unwrap().1;
        scene.store.import("id\n1\n").await;
        let job = SyncTarget {
            url: format!("{scheme}://manifold_nobody:${{secret:pw}}@{host}"),
            ..scene.job()
        };
        let refused = scene.planned(job).await.unwrap_err();
        assert_eq!(refused.code(), "database_login");
        assert!(!refused.to_string().contains("hunter2"), "{refused}");
        for job in scene.store.jobs().list(&Default::default()).await.unwrap() {
            assert!(!format!("{job:?}").contains("hunter2"));
        }
    }
}
