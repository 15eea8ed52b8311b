//! What each mode does.

use manifold_jobs::jobs::SyncTarget;
use manifold_jobs::sync::{Deletes, MaxDeletes, SyncMode};

use super::{Scene, counts};

#[tokio::test(flavor = "multi_thread")]
async fn all_rows_are_written_anew_with_their_types() {
    for scene in Scene::all("full", &[]).await {
        let text = "id,price,on,day,at,note\n1,1.50,true,2024-02-29,2024-02-29T12:00:00Z,\"a\tb\\N\"\n2,2.00,false,2024-01-01,2024-01-01T00:00:00Z,\n";
        scene.store.import(text).await;
        let done = scene.planned(scene.job()).await.unwrap();
        assert_eq!(counts(&done), (2, 0, 0, 0), "{:?}", scene.place.kind);
        assert!(done.created_table && done.base_number.is_none());
        let rows = scene.place.rows().await;
        let expected = match scene.place.kind {
            "postgres" => [
                "1|1.50|t|2024-02-29|2024-02-29 12:00:00+00|a\tb\\N",
                "2|2.00|f|2024-01-01|2024-01-01 00:00:00+00|-",
            ],
            "mysql" => [
                "1|1.50|1|2024-02-29|2024-02-29 12:00:00.000000|a\tb\\N",
                "2|2.00|0|2024-01-01|2024-01-01 00:00:00.000000|-",
            ],
            _ => [
                "1|1.5|1|2024-02-29|2024-02-29T12:00:00Z|a\tb\\N",
                "2|2|0|2024-01-01|2024-01-01T00:00:00Z|-",
            ],
        };
        assert_eq!(rows, expected);
        // A row there that nobody wrote from here goes, and one of the source comes back.
        scene
            .place
            .run("UPDATE {T} SET note = 'edited' WHERE id = 1")
            .await;
        scene.store.import(text.replace("2,2.00", "3,2.00")).await;
        let job = SyncTarget {
            max_deletes: MaxDeletes::ALL,
            ..scene.job()
        };
        let done = scene.planned(job).await.unwrap();
        assert_eq!((done.base_number, done.deleted), (Some(1), 1));
        let rows = scene.place.select("SELECT id, note FROM {T}").await;
        assert_eq!(rows, ["1|a\tb\\N", "3|-"]);
        scene.place.clear().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn new_rows_are_appended_and_new_columns_added() {
    for scene in Scene::all("append", &["id"]).await {
        let append = || SyncTarget {
            mode: SyncMode::Append,
            ..scene.job()
        };
        scene.store.import("id,a\n1,x\n2,y\n").await;
        assert_eq!(
            counts(&scene.planned(append()).await.unwrap()),
            (2, 0, 0, 0)
        );
        let again = scene.planned(append()).await.unwrap();
        assert!(again.unchanged, "{again:?}");
        scene.store.import("id,a,b\n2,z,1\n3,w,2\n").await;
        let done = scene.planned(append()).await.unwrap();
        assert_eq!(
            (counts(&done), done.added_columns),
            ((2, 0, 0, 0), vec!["b".to_owned()]),
            "{:?}",
            scene.place.kind
        );
        assert_eq!(
            scene.place.rows().await,
            ["1|x|-", "2|y|-", "2|z|1", "3|w|2"]
        );
        scene.place.clear().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn rows_are_merged_by_their_key() {
    for scene in Scene::all("merge", &["id"]).await {
        let merge = || SyncTarget {
            mode: SyncMode::Merge,
            max_deletes: "50%".parse().unwrap(),
            ..scene.job()
        };
        scene.store.import("id,a\n1,x\n2,y\n3,z\n").await;
        assert_eq!(counts(&scene.planned(merge()).await.unwrap()), (3, 0, 0, 0));
        // What the target alone has, and what it alone has changed, stays.
        scene.place.run("INSERT INTO {T} (id, a) VALUES (9, 'own'); UPDATE {T} SET a = 'edited' WHERE id = 1").await;
        scene.store.import("id,a\n1,x\n2,Y\n4,new\n").await;
        let done = scene.planned(merge()).await.unwrap();
        assert_eq!(counts(&done), (1, 1, 1, 0), "{:?}", scene.place.kind);
        assert_eq!(
            scene.place.rows().await,
            ["1|edited", "2|Y", "4|new", "9|own"]
        );
        // A new column is filled in rows that are else the same.
        scene.store.import("id,a,b\n1,x,10\n2,Y,20\n4,new,\n").await;
        let done = scene.planned(merge()).await.unwrap();
        assert_eq!(
            (done.updated, done.conflicts, done.added_columns.len()),
            (2, 1, 1),
            "{done:?}"
        );
        assert_eq!(
            scene.place.rows().await,
            ["1|x|10", "2|Y|20", "4|new|-", "9|own|-"]
        );
        scene.place.clear().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn deleted_rows_are_marked_and_come_back() {
    for scene in Scene::all("soft", &["id"]).await {
        let soft = || SyncTarget {
            mode: SyncMode::Merge,
            deletes: Deletes::Soft,
            max_deletes: MaxDeletes::ALL,
            ..scene.job()
        };
        scene.store.import("id,a\n1,x\n2,y\n").await;
        scene.planned(soft()).await.unwrap();
        scene.store.import("id,a\n1,x\n").await;
        assert_eq!(counts(&scene.planned(soft()).await.unwrap()), (0, 0, 1, 0));
        let marked = "SELECT id, CASE WHEN deleted_at IS NULL THEN 'here' ELSE 'gone' END FROM {T}";
        assert_eq!(
            scene.place.select(marked).await,
            ["1|here", "2|gone"],
            "{:?}",
            scene.place.kind
        );
        scene.store.import("id,a\n1,x\n2,back\n").await;
        assert_eq!(counts(&scene.planned(soft()).await.unwrap()), (1, 0, 0, 0));
        assert_eq!(scene.place.select(marked).await, ["1|here", "2|here"]);
        assert_eq!(scene.place.select("SELECT a FROM {T}").await, ["back", "x"]);
        // Without deletions what is gone stays.
        scene.store.import("id,a\n2,back\n").await;
        let none = SyncTarget {
            deletes: Deletes::None,
            ..soft()
        };
        assert_eq!(counts(&scene.planned(none).await.unwrap()), (0, 0, 0, 0));
        assert_eq!(scene.place.rows().await.len(), 2);
        scene.place.clear().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn many_rows_go_through() {
    for scene in Scene::all("many", &["n"]).await {
        let rows: String = (0..60_000).map(|n| format!("{n},row {n}\n")).collect();
        scene.store.import(format!("n,text\n{rows}")).await;
        let merge = || SyncTarget {
            mode: SyncMode::Merge,
            ..scene.job()
        };
        assert_eq!(scene.sync(merge()).await.unwrap().inserted, 60_000);
        scene
            .store
            .import(format!("n,text\n{}", rows.replace("row 5", "ROW 5")))
            .await;
        let done = scene.sync(merge()).await.unwrap();
        assert_eq!(done.updated, 11_111, "{done:?}");
        let changed = scene
            .place
            .select("SELECT count(*) FROM {T} WHERE text LIKE 'ROW%' AND text <> lower(text)")
            .await;
        assert_eq!(changed.len(), 1);
        scene.place.clear().await;
    }
}
