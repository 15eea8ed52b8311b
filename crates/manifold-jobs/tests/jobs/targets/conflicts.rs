//! Rows that were changed on both sides.

use manifold_jobs::jobs::SyncTarget;
use manifold_jobs::sync::{MaxDeletes, OnConflict, SyncMode};

use super::{Scene, counts};

#[tokio::test(flavor = "multi_thread")]
async fn each_policy_does_what_it_says() {
    let newest = OnConflict::Newest {
        column: "at".to_owned(),
    };
    // What stays of each of five rows: changed on both sides with the source later, the target later; changed here and gone there; gone
    // here and changed there; new on both sides.
    let policies = [
        (
            OnConflict::Source,
            ["1|ours|5", "2|ours|5", "3|ours|5", "5|ours|5"].as_slice(),
        ),
        (
            OnConflict::Target,
            &["1|theirs|4", "2|theirs|6", "4|theirs|6", "5|theirs|9"],
        ),
        (
            OnConflict::List,
            &["1|theirs|4", "2|theirs|6", "4|theirs|6", "5|theirs|9"],
        ),
        (
            newest,
            &[
                "1|ours|5",
                "2|theirs|6",
                "3|ours|5",
                "4|theirs|6",
                "5|theirs|9",
            ],
        ),
    ];
    for (index, (policy, expected)) in policies.into_iter().enumerate() {
        for scene in Scene::all(&format!("conflicts{index}"), &["id"]).await {
            let merge = || SyncTarget {
                mode: SyncMode::Merge,
                max_deletes: MaxDeletes::ALL,
                on_conflict: policy.clone(),
                ..scene.job()
            };
            scene
                .store
                .import("id,a,at\n1,x,1\n2,x,1\n3,x,1\n4,x,1\n")
                .await;
            scene.sync(merge()).await.unwrap();
            scene
                .place
                .run("UPDATE {T} SET a = 'theirs', at = 4 WHERE id = 1; UPDATE {T} SET a = 'theirs', at = 6 WHERE id IN (2, 4); \
                      DELETE FROM {T} WHERE id = 3; INSERT INTO {T} (id, a, at) VALUES (5, 'theirs', 9)")
                .await;
            scene
                .store
                .import("id,a,at\n1,ours,5\n2,ours,5\n3,ours,5\n5,ours,5\n")
                .await;
            let done = scene.planned(merge()).await.unwrap();
            assert_eq!(done.conflicts, 5, "{:?} {policy:?}", scene.place.kind);
            let mut keys: Vec<_> = done
                .conflict_keys
                .iter()
                .map(|key| key[0].clone().unwrap())
                .collect();
            keys.sort();
            assert_eq!(keys, ["1", "2", "3", "4", "5"]);
            assert_eq!(
                scene.place.rows().await,
                expected,
                "{:?} {policy:?}",
                scene.place.kind
            );
            // They are told once.
            let again = scene.planned(merge()).await.unwrap();
            assert_eq!(counts(&again), (0, 0, 0, 0));
            scene.place.clear().await;
        }
    }
}
