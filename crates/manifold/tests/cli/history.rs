//! Every version of one row.

use serde_json::{Value as Json, json};

use crate::folder::{Folder, snapshots};

/// Five versions of planes: N1 changes in the second, is gone in the fourth and back in the fifth.
fn planes() -> Folder {
    let folder = Folder::new();
    for (number, text) in [
        "tailnum,seats,first\nN1,55,31/12/2013\nN2,182,01/02/2014\n",
        "tailnum,seats,first\nN1,56,31/12/2013\nN2,182,01/02/2014\n",
        "first,tailnum,seats\n01/02/2014,N2,2\n31/12/2013,N1,56\n",
        "tailnum,seats,first\nN2,2,01/02/2014\n",
        "tailnum,seats,first,maker\nN1,x,31/12/2013,Boeing\nN2,2,01/02/2014,\n",
    ]
    .iter()
    .enumerate()
    {
        let key: &[&str] = if number == 0 {
            &["--key", "tailnum"]
        } else {
            &[]
        };
        folder.import("planes.csv", text, key);
    }
    folder
}

/// The numbers of the first and last snapshot, the operation and the row, of each version.
fn told(document: &Json) -> Vec<(Json, Json, Json, Json)> {
    let versions = document["versions"].as_array().unwrap();
    let told = versions.iter().map(|version| {
        assert!(version["from"]["taken_at"].is_string());
        (
            version["from"]["number"].clone(),
            version["to"]["number"].clone(),
            version["op"].clone(),
            version["row"].clone(),
        )
    });
    told.collect()
}

#[test]
fn versions_that_are_the_same_are_one() {
    let folder = planes();
    let found = folder.json(&["snapshot", "history", "p", "planes", "N1"]);
    assert_eq!(found["source"], json!("planes"));
    assert_eq!(found["key"], json!({ "tailnum": "N1" }));
    let row = |seats: Json| json!({ "tailnum": "N1", "seats": seats, "first": "2013-12-31" });
    let back = json!({ "tailnum": "N1", "seats": "x", "first": "2013-12-31", "maker": "Boeing" });
    assert_eq!(
        told(&found),
        [
            (json!(1), json!(1), json!("added"), row(json!(55))),
            (json!(2), json!(3), json!("changed"), row(json!(56))),
            (json!(4), json!(4), json!("removed"), Json::Null),
            (json!(5), Json::Null, json!("added"), back),
        ]
    );
    let shown = folder.ok(&["snapshot", "history", "p", "planes", "tailnum=N1"]);
    snapshots(&folder).bind(|| {
        insta::assert_snapshot!(shown, @r"
        snapshots  taken                         tailnum  seats  first       maker
        ─────────────────────────────────────────────────────────────────────────────
        1          [time]  added    N1       55     31/12/2013
        2–3        [time]  changed  N1       56     31/12/2013
        4          [time]  removed
        5–         [time]  added    N1       x      31/12/2013  Boeing
        ");
    });
}

#[test]
fn keys_are_written_as_in_the_file_or_as_sql_shows_them() {
    let folder = Folder::new();
    let prices = "day,shop,price,open\n31/12/2013,7,1.50,yes\n01/01/2014,7,2.25,no\n";
    folder.import("prices.csv", prices, &["--key", "day,shop,price,open"]);
    for key in [
        "day=31/12/2013,shop=7,price=1.50,open=yes",
        "open=1,price=1.5,shop=7,day=2013-12-31",
    ] {
        let found = folder.json(&["snapshot", "history", "p", "prices", key]);
        assert_eq!(told(&found).len(), 1, "{key}");
        assert_eq!(
            found["versions"][0]["row"]["day"],
            json!("2013-12-31"),
            "{key}"
        );
    }
    let history = |key: &str| folder.fails(&["snapshot", "history", "p", "prices", key]);
    assert_eq!(history("7"), (2, "usage".to_owned()));
    let nobody = "day=31/12/2013,shop=7,price=2.25,open=yes";
    assert_eq!(history(nobody), (1, "not_found".to_owned()));
}

#[test]
fn without_a_key_rows_have_no_history() {
    let folder = Folder::new();
    folder.import("a.csv", "x\n1\n", &[]);
    let (code, error) = folder.error(&["snapshot", "history", "p", "a", "1"]);
    assert_eq!((code, &error["code"]), (1, &json!("no_key")));
    assert!(
        error["message"]
            .as_str()
            .unwrap()
            .contains("made with key columns")
    );
    folder.ok(&[
        "source", "create", "p", "empty", "--type", "file", "--key", "x",
    ]);
    let empty = folder.fails(&["snapshot", "history", "p", "empty", "1"]);
    assert_eq!(empty, (1, "no_snapshot".to_owned()));
}
