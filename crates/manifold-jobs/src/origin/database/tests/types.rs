//! Every type comes as it is.

use serde_json::json;

use super::Scene;
use super::places::Place;
use crate::database::DatabaseKind;
use crate::origin::Reach;

#[tokio::test(flavor = "multi_thread")]
async fn every_type_of_postgresql_comes_without_loss() {
    let Some(place) = Place::server(DatabaseKind::Postgres, "types") else {
        return;
    };
    place.drop_table().await;
    place
        .run(
            "CREATE TABLE {T} (i2 int2, i8 int8, n numeric, n2 numeric(12,2), f4 float4, f8 float8, b bool, d date, t time,
                 ts timestamp, tz timestamptz, u uuid, j jsonb, by bytea, a int[], iv interval, m money, ip inet, r int4range, c char(3), x text);
             INSERT INTO {T} VALUES
               (-1, 9223372036854775807, 12345678901234567890.123456789012345678901, 1.50, 0.1, 1e300, true, '2024-02-29', '12:30',
                '2024-02-29 12:30:00.25', '2024-02-29 12:30:00+05', 'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11', '{\"a\": [1, 2]}', '\\x00ff', '{1,NULL,3}',
                '1 day 02:03:04', '12.34', '10.0.0.1', '[1,5)', 'ab', ''),
               (2, -9223372036854775808, 0.10, -0.01, 16777216, 0.1, false, '1999-12-31', '00:00:00.5',
                '1999-12-31 00:00:00', '1999-12-31 00:00:00+00', NULL, 'null', '', '{}', '-00:00:01', '-1', '::1', 'empty', 'c', 'it''s'),
               (NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL)",
        )
        .await;
    let came = Scene::new()
        .await
        .pull(&place.config(&json!({})), None)
        .await
        .unwrap();
    assert_eq!(
        came.columns.join(" "),
        "i2:integer i8:integer n:text n2:decimal f4:decimal f8:text b:boolean d:date t:text ts:timestamp tz:timestamp u:text j:text by:text a:text \
         iv:text m:text ip:text r:text c:text x:text"
            .replace("t:text", "t:time"),
        "{came:#?}"
    );
    assert_eq!(
        came.rows,
        [
            "-1|9223372036854775807|'12345678901234567890.123456789012345678901'|1.5|0.1|'1e300'|1|'2024-02-29'|'12:30:00'|\
             '2024-02-29T12:30:00.25'|'2024-02-29T07:30:00Z'|'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11'|'{\"a\": [1, 2]}'|00ff|'{1,NULL,3}'|\
             '1 day 02:03:04'|'$12.34'|'10.0.0.1'|'[1,5)'|'ab '|''",
            "2|-9223372036854775808|'0.10'|-0.01|16777216.0|'0.1'|0|'1999-12-31'|'00:00:00.5'|\
             '1999-12-31T00:00:00'|'1999-12-31T00:00:00Z'|-|'null'||'{}'|'-00:00:01'|'-$1.00'|'::1'|'empty'|'c  '|'it's'",
            "-|-|-|-|-|-|-|-|-|-|-|-|-|-|-|-|-|-|-|-|-",
        ]
    );
    assert_eq!(came.reach, Reach::Whole);
    place.drop_table().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn every_type_of_mysql_comes_without_loss() {
    let Some(place) = Place::server(DatabaseKind::MySql, "types") else {
        return;
    };
    place.drop_table().await;
    place
        .run(
            "CREATE TABLE {T} (t1 TINYINT(1), tu TINYINT UNSIGNED, bu BIGINT UNSIGNED, z INT(5) ZEROFILL, n DECIMAL(65,30), n2 DECIMAL(10,2),
                 f FLOAT, g DOUBLE, bi BIT(9), d DATE, t TIME, dt DATETIME(3), ts TIMESTAMP NULL, y YEAR, e ENUM('a','b'), s SET('a','b'),
                 j JSON, bl BLOB, vb VARBINARY(4), x TEXT CHARACTER SET latin1, xb VARCHAR(9) COLLATE utf8mb4_bin);
             SET sql_mode = '';
             INSERT INTO {T} VALUES
               (5, 255, 18446744073709551615, 7, 12345678901234567890.123456789012345678901234567890, 1.50, 0.1, 1e300, b'100000001', '2024-02-29',
                '-838:59:59', '2024-02-29 12:30:00.250', '2024-02-29 12:30:00', 2024, 'b', 'a,b', '{\"a\": 1}', x'00ff', x'01', 'é', 'ß'),
               (0, 0, 0, 12345, 0, -0.01, 16777216, 0.1, b'0', '0000-00-00',
                '12:00:00', '1999-12-31 00:00:00', '2024-01-01 00:00:00', 0, 'a', '', '[]', '', '', '', ''),
               (NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL)",
        )
        .await;
    let came = Scene::new()
        .await
        .pull(&place.config(&json!({})), None)
        .await
        .unwrap();
    let types: Vec<_> = came
        .columns
        .iter()
        .map(|column| column.split_once(':').unwrap().1)
        .collect();
    assert_eq!(types[..3], ["integer", "integer", "text"], "{came:#?}");
    assert_eq!(types[3], "integer");
    assert_eq!((types[5], types[6]), ("decimal", "decimal"));
    assert_eq!(
        came.rows,
        [
            "5|255|'18446744073709551615'|7|'12345678901234567890.123456789012345678901234567890'|1.5|0.1|'1e300'|257|'2024-02-29'|\
             '-838:59:59'|'2024-02-29T12:30:00.25'|'2024-02-29T12:30:00Z'|2024|'b'|'a,b'|'{\"a\": 1}'|00ff|01|'é'|'ß'",
            "0|0|'0'|12345|'0.000000000000000000000000000000'|-0.01|16777216.0|'0.1'|0|'0000-00-00'|\
             '12:00:00'|'1999-12-31T00:00:00'|'2024-01-01T00:00:00Z'|0|'a'|''|'[]'|||''|''",
            "-|-|-|-|-|-|-|-|-|-|-|-|-|-|-|-|-|-|-|-|-",
        ]
    );
    place.drop_table().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_query_of_each_database_may_have_columns_of_one_name() {
    for place in Place::all("names") {
        place.drop_table().await;
        place
            .run("CREATE TABLE {T} (a int); INSERT INTO {T} VALUES (1), (NULL)")
            .await;
        let config = place.config(
            &json!({"query": "SELECT a, a, 'x' AS a FROM {T} ORDER BY a IS NULL -- and all;"}),
        );
        let came = Scene::new().await.pull(&config, None).await.unwrap();
        let names: Vec<_> = came
            .columns
            .iter()
            .map(|column| column.split(':').next().unwrap())
            .collect();
        assert_eq!(names.len(), 3);
        assert!(names[0] != names[1] && names[1] != names[2], "{names:?}");
        assert_eq!(came.rows, ["1|1|'x'", "-|-|'x'"], "{:?}", place.kind);
        // Columns are known without a row.
        let none = place.config(&json!({"query": "SELECT a, 1 AS b FROM {T} WHERE a > 5"}));
        let came = Scene::new().await.pull(&none, None).await.unwrap();
        assert_eq!(came.columns, ["a:empty", "b:empty"], "{:?}", place.kind);
        assert!(came.rows.is_empty());
        place.drop_table().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn many_rows_come_through_little_memory() {
    const ROWS: usize = 200_000;
    for place in Place::all("many") {
        place.drop_table().await;
        place.run("CREATE TABLE {T} (a int)").await;
        let query = match place.kind {
            DatabaseKind::Postgres => {
                "SELECT n, 'a long text' AS x FROM generate_series(1, 200000) AS s(n)"
            }
            DatabaseKind::MySql => "SELECT seq AS n, 'a long text' AS x FROM seq_1_to_200000",
            DatabaseKind::Sqlite => {
                "WITH RECURSIVE s(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM s WHERE n < 200000) SELECT n, 'a long text' AS x FROM s"
            }
        };
        let config = place.config(&json!({ "query": query }));
        let came = Scene::new().await.pull(&config, None).await.unwrap();
        assert_eq!(came.rows.len(), ROWS, "{:?}", place.kind);
        assert_eq!(came.rows[ROWS - 1], "200000|'a long text'");
        place.drop_table().await;
    }
}
