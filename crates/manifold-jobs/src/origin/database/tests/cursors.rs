//! What comes after what was seen.

use serde_json::json;

use super::Scene;
use super::places::Place;
use crate::database::DatabaseKind;
use crate::origin::Reach;

#[tokio::test(flavor = "multi_thread")]
async fn a_cursor_of_times_with_a_lag_begins_a_little_earlier() {
    for place in Place::all("lag") {
        place.drop_table().await;
        let time = if place.kind == DatabaseKind::Sqlite {
            "TEXT"
        } else {
            "timestamp NULL"
        };
        place
            .run(&format!(
                "CREATE TABLE {{T}} (n int, at {time});
                 INSERT INTO {{T}} VALUES (3, '2024-01-01 12:10:00'), (1, '2024-01-01 12:00:00'), (2, '2024-01-01 12:04:00'), (9, NULL)"
            ))
            .await;
        let scene = Scene::new().await;
        let config = place.config(&json!({"cursor": {"column": "at", "lag": "5m"}}));
        let first = scene.pull(&config, None).await.unwrap();
        assert_eq!((first.rows.len(), first.reach), (4, Reach::Whole));
        place
            .run("INSERT INTO {T} VALUES (4, '2024-01-01 12:06:00'), (5, '2024-01-01 12:20:00'), (6, '2024-01-01 12:00:30')")
            .await;
        let since = first.cursor.unwrap();
        let second = scene.pull(&config, Some(&since)).await.unwrap();
        assert_eq!(second.reach, Reach::Since);
        let mut numbers: Vec<_> = second
            .rows
            .iter()
            .map(|row| row.split('|').next().unwrap().to_owned())
            .collect();
        numbers.sort();
        // Those five minutes before the last one, and that without a time, come again; what is older does not.
        assert_eq!(numbers, ["3", "4", "5", "9"], "{:?} {since}", place.kind);
        let third = scene.pull(&config, second.cursor.as_ref()).await.unwrap();
        assert_eq!(third.rows.len(), 2, "{:?}", third.rows);
        assert_eq!(third.cursor, second.cursor);
        // Another column begins anew.
        let other = place.config(&json!({"cursor": {"column": "n"}}));
        let anew = scene.pull(&other, Some(&since)).await.unwrap();
        assert_eq!((anew.rows.len(), anew.reach), (7, Reach::Whole));
        place.drop_table().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cursor_of_numbers_loses_no_row_of_the_same_number() {
    for place in Place::all("numbers") {
        place.drop_table().await;
        place
            .run("CREATE TABLE {T} (n bigint, x varchar(9)); INSERT INTO {T} VALUES (1, 'a'), (9007199254740993, 'b'), (-5, 'old')")
            .await;
        let scene = Scene::new().await;
        let config = place.config(
            &json!({"query": "SELECT n, x FROM {T};", "cursor": {"column": "n", "start": 0}}),
        );
        let first = scene.pull(&config, None).await.unwrap();
        assert_eq!(
            first.rows,
            ["1|'a'", "9007199254740993|'b'"],
            "{:?}",
            place.kind
        );
        place
            .run("INSERT INTO {T} VALUES (9007199254740993, 'same'), (9007199254740992, 'less')")
            .await;
        let second = scene.pull(&config, first.cursor.as_ref()).await.unwrap();
        let mut rows = second.rows;
        rows.sort();
        assert_eq!(
            rows,
            ["9007199254740993|'b'", "9007199254740993|'same'"],
            "{:?}",
            place.kind
        );
        let lagging = place.config(&json!({"cursor": {"column": "n", "lag": 1}}));
        let third = scene.pull(&lagging, first.cursor.as_ref()).await.unwrap();
        assert_eq!(third.rows.len(), 3);
        place.drop_table().await;
    }
}
