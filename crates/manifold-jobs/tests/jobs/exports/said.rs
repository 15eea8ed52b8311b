//! What exports of changes and queries hold, and what is said of them.

use super::*;

#[tokio::test(flavor = "multi_thread")]
async fn changes_say_what_happened() {
    let store = Store::with_key(&["id"]).await;
    let folder = tempfile::tempdir().unwrap();
    let first = store.import("id,v,gone\n1,a,x\n2,b,\n3,c,z\n").await;
    let second = store.import("id,v,op\n1,A,\n3,c,1\n4,d,\n").await;
    let changes = |since: &Imported, to: &Imported| ExportedRows::Changes {
        since_id: since.snapshot_id.parse().unwrap(),
        snapshot_id: to.snapshot_id.parse().unwrap(),
    };
    let path = folder.path().join("changes.csv");
    let rows = changes(&first, &second);
    let exported = run(
        &store,
        export(&store, rows.clone(), ExportFormat::Csv, &path),
    )
    .await
    .unwrap();
    let text = std::fs::read_to_string(&path).unwrap();
    let mut lines: Vec<&str> = text.lines().collect();
    assert_eq!(lines.remove(0), "_op,id,v,op,gone");
    lines.sort_unstable();
    assert_eq!(lines, ["+,4,d,,", "-,2,b,,", "~,1,A,,"]);
    assert_eq!(exported.rows, 3);
    assert_eq!(exported.since_id.as_deref(), Some(&*first.snapshot_id));

    let job = export(&store, rows, ExportFormat::Jsonl, &path);
    let plan = Plan::of(&store.manager, &job, None, Observer::default())
        .await
        .unwrap();
    assert_eq!(plan.changes["rows"], 3);
    assert_eq!(plan.changes["columns"].as_array().unwrap().len(), 5);

    let none = export(&store, changes(&second, &second), ExportFormat::Csv, &path);
    assert_eq!(run(&store, none).await.unwrap().rows, 0);
    let newer = export(&store, changes(&second, &first), ExportFormat::Csv, &path);
    assert_eq!(run(&store, newer).await.unwrap_err().code(), "since_newer");
    let mut other = store.import_of(&store.write("other.csv", "id\n1\n"));
    other.target.source = ImportSource::Named("other".to_owned());
    let other = store.run(other).await.outcome.unwrap();
    let apart = export(&store, changes(&other, &second), ExportFormat::Csv, &path);
    assert_eq!(
        run(&store, apart).await.unwrap_err().code(),
        "different_sources"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_query_is_exported_with_what_is_known_of_its_columns() {
    let store = Store::new().await;
    let folder = tempfile::tempdir().unwrap();
    store.import("id,v\n1,a\n2,\n").await;
    let query = |sql: &str| ExportedRows::Query {
        sql: sql.to_owned(),
    };
    let path = folder.path().join("q.json");
    let sql = "SELECT id, v, id * 1.5 AS v, 9e999 AS inf, x'00ff' AS bytes FROM s ORDER BY id";
    let exported = run(
        &store,
        export(&store, query(sql), ExportFormat::Json, &path),
    )
    .await
    .unwrap();
    let types: Vec<_> = exported
        .columns
        .iter()
        .map(|column| column.column_type.as_deref())
        .collect();
    assert_eq!(types, [Some("integer"), Some("text"), None, None, None]);
    let read: Json = serde_json::from_slice(&std::fs::read(&path).unwrap()).unwrap();
    let tagged = (json!({ "$real": "inf" }), json!({ "$blob": "00ff" }));
    assert_eq!(
        read[1],
        json!({ "id": 2, "v": null, "v_2": 3.0, "inf": tagged.0, "bytes": tagged.1 })
    );
    assert_eq!(exported.snapshot_id, None);
    for (sql, code) in [
        ("DELETE FROM s", "not_one_select"),
        ("SELECT no_such FROM s", "unknown_column"),
        ("SELECT json_extract('{', '$') FROM s", "query"),
    ] {
        let failed = run(&store, export(&store, query(sql), ExportFormat::Csv, &path)).await;
        assert_eq!(failed.unwrap_err().code(), code, "{sql}");
    }
    assert!(
        !std::fs::read(&path).unwrap().is_empty(),
        "what was there stays"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_description_says_what_is_in_the_file() {
    let store = Store::with_key(&["id"]).await;
    let folder = tempfile::tempdir().unwrap();
    let imported = store
        .import("id,day,ok,boss\n1,31/12/2024,yes,\n2,30/12/2024,no,1\n")
        .await;
    let path = folder.path().join("My staff.csv");
    let rows = of_snapshot(&imported.snapshot_id);
    let exported = run(
        &store,
        export(&store, rows.clone(), ExportFormat::Csv, &path),
    )
    .await
    .unwrap();
    let beside = folder.path().join("My staff.csv.datapackage.json");
    assert_eq!(exported.datapackage, Some(Location::Folder(beside.clone())));
    let read: Json = serde_json::from_slice(&std::fs::read(&beside).unwrap()).unwrap();
    let resource = &read["resources"][0];
    assert_eq!(
        (&read["name"], &resource["path"]),
        (&json!("my-staff"), &json!("My staff.csv"))
    );
    assert_eq!(resource["bytes"], exported.size_bytes);
    assert_eq!(resource["hash"], exported.hash);
    let mut hasher = blake3::Hasher::new();
    hasher.update(&std::fs::read(&path).unwrap());
    assert_eq!(
        exported.hash,
        format!("blake3:{}", hasher.finalize().to_hex())
    );
    assert_eq!(
        resource["schema"]["fields"],
        json!([
            { "name": "id", "type": "integer" },
            { "name": "day", "type": "date" },
            { "name": "ok", "type": "boolean", "trueValues": ["yes"], "falseValues": ["no"] },
            { "name": "boss", "type": "integer" },
        ])
    );
    assert_eq!(resource["schema"]["primaryKey"], json!(["id"]));
    assert_eq!(read["manifold"]["snapshot"]["number"], 1);
    assert_eq!(read["manifold"]["source"]["name"], "s");

    let bare = ExportData {
        described: false,
        follows: None,
        ..export(
            &store,
            rows,
            ExportFormat::Csv,
            &folder.path().join("bare.csv"),
        )
    };
    assert_eq!(run(&store, bare).await.unwrap().datapackage, None);
    assert!(!folder.path().join("bare.csv.datapackage.json").exists());
}
