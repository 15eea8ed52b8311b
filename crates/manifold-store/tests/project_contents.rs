//! Relationships, consolidated models and the import history.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    missing_docs,
    clippy::disallowed_methods
)]

mod support;
#[path = "support/text_records.rs"]
mod text_records;

use entity_core::{import_history, projects};
use entity_project::enums::Cardinality;
use manifold_store::rows::{ImportOptions, Unwatched};
use manifold_store::{
    ConsolidatedModels, DataSources, DatabaseManager as _, Doctor, ImportFilter, ImportHistory,
    ModelDefinition, NewSource, ProjectId, Projects, RelationshipDefinition, RelationshipEnd,
    Relationships, RowLog, SnapshotId, SourceId, StoreError, Timestamp,
};
use sea_orm::{ActiveValue::Set, EntityTrait as _};
use serde_json::json;
use support::Store;
use text_records::TextRecords;

async fn source(store: &Store, project: &ProjectId, name: &str) -> SourceId {
    let sources = DataSources::new(store.manager.clone());
    sources
        .create(project, NewSource::file(name))
        .await
        .unwrap()
        .id
        .parse()
        .unwrap()
}

async fn import(store: &Store, project: &ProjectId, source: &SourceId, columns: &[&str]) {
    let options = ImportOptions::new(SnapshotId::new().to_string(), Timestamp::now());
    let row: Vec<&str> = columns.iter().map(|_| "1").collect();
    let records = TextRecords::new(columns, &[&row]);
    RowLog::new(&store.manager)
        .import(project, source, records, options, Unwatched, |_| {})
        .await
        .unwrap();
}

async fn revision(store: &Store, project: &ProjectId) -> i64 {
    let row = store
        .manager
        .core()
        .one(projects::Entity::find_by_id(project.as_str()))
        .await
        .unwrap();
    row.unwrap().revision
}

async fn assert_in_step(store: &Store) {
    assert_eq!(
        Doctor::new(&store.manager)
            .examine()
            .await
            .unwrap()
            .findings,
        []
    );
}

fn end(source: &SourceId, columns: &[&str]) -> RelationshipEnd {
    RelationshipEnd {
        source: source.clone(),
        columns: columns.iter().map(|name| (*name).to_owned()).collect(),
    }
}

fn relationship(name: &str, from: RelationshipEnd, to: RelationshipEnd) -> RelationshipDefinition {
    RelationshipDefinition {
        name: name.to_owned(),
        from,
        to,
        cardinality: None,
    }
}

#[tokio::test]
async fn relationships_are_made_found_changed_and_removed() {
    let store = support::store().await;
    let project = store.project("flights").await;
    let relationships = Relationships::new(store.manager.clone());
    let (flights, planes) = (
        source(&store, &project, "flights").await,
        source(&store, &project, "planes").await,
    );
    import(&store, &project, &flights, &["Year", "TailNum"]).await;
    let before = revision(&store, &project).await;

    let definition = RelationshipDefinition {
        cardinality: Some(Cardinality::ManyToOne),
        ..relationship(
            " by plane ",
            end(&flights, &["tailnum"]),
            end(&planes, &["anything"]),
        )
    };
    let made = relationships
        .create(&project, definition.clone())
        .await
        .unwrap();
    assert_eq!(
        (made.name.as_str(), made.cardinality),
        ("by plane", Some(Cardinality::ManyToOne))
    );
    assert_eq!(
        made.from_columns.0,
        ["TailNum"],
        "as the snapshot spells it"
    );
    assert_eq!(
        made.to_columns.0,
        ["anything"],
        "nothing is known of a source without snapshots"
    );
    assert_eq!(revision(&store, &project).await, before + 1);
    assert_in_step(&store).await;

    import(&store, &project, &planes, &["tail", "seats"]).await;
    let id = made.id.parse().unwrap();
    let error = relationships
        .update(&project, &id, definition.clone())
        .await
        .unwrap_err()
        .to_string();
    assert!(
        error.contains("`planes` has the columns tail, seats"),
        "{error}"
    );
    let changed = relationship(
        "By Plane",
        end(&flights, &["TailNum", "Year"]),
        end(&planes, &["tail", "SEATS"]),
    );
    let changed = relationships.update(&project, &id, changed).await.unwrap();
    assert_eq!(
        (
            changed.name.as_str(),
            changed.cardinality,
            changed.created_at
        ),
        ("By Plane", None, made.created_at)
    );
    assert_eq!(changed.to_columns.0, ["tail", "seats"]);
    assert!(changed.updated_at > made.updated_at);

    assert_eq!(
        relationships.find(&project, "by plane").await.unwrap(),
        changed
    );
    assert_eq!(
        relationships.find(&project, &changed.id).await.unwrap(),
        changed
    );
    assert_eq!(
        relationships
            .find(&project, &changed.id[..30])
            .await
            .unwrap(),
        changed
    );
    assert!(matches!(
        relationships.find(&project, "nope").await,
        Err(StoreError::NotFound { .. })
    ));
    let own = relationship("a self", end(&planes, &["tail"]), end(&planes, &["seats"]));
    let own = relationships.create(&project, own).await.unwrap();
    let listed = relationships.list(&project, None).await.unwrap();
    assert_eq!(
        listed
            .iter()
            .map(|row| row.name.as_str())
            .collect::<Vec<_>>(),
        ["a self", "By Plane"]
    );
    assert_eq!(
        relationships.list(&project, Some(&flights)).await.unwrap(),
        std::slice::from_ref(&changed)
    );
    assert_eq!(
        relationships
            .list(&project, Some(&planes))
            .await
            .unwrap()
            .len(),
        2
    );

    let before = revision(&store, &project).await;
    relationships
        .delete(&project, &own.id.parse().unwrap())
        .await
        .unwrap();
    assert_eq!(revision(&store, &project).await, before + 1);
    assert!(matches!(
        relationships
            .delete(&project, &own.id.parse().unwrap())
            .await,
        Err(StoreError::NotFound { .. })
    ));
    assert!(matches!(
        relationships
            .update(&project, &own.id.parse().unwrap(), definition)
            .await,
        Err(StoreError::NotFound { .. })
    ));
    assert_eq!(relationships.list(&project, None).await.unwrap(), [changed]);
    assert_in_step(&store).await;

    // Another process sees the same.
    let other = Relationships::new(store.reopen().await);
    assert_eq!(other.list(&project, None).await.unwrap().len(), 1);
}

#[tokio::test]
async fn what_is_no_relationship_is_refused_and_nothing_is_written() {
    let store = support::store().await;
    let project = store.project("flights").await;
    let elsewhere = store.project("elsewhere").await;
    let relationships = Relationships::new(store.manager.clone());
    let (a, b) = (
        source(&store, &project, "a").await,
        source(&store, &project, "b").await,
    );
    let foreign = source(&store, &elsewhere, "a").await;
    import(&store, &project, &a, &["x", "y"]).await;
    relationships
        .create(
            &project,
            relationship("first", end(&a, &["x"]), end(&b, &["z"])),
        )
        .await
        .unwrap();
    let before = revision(&store, &project).await;

    let refused = async |definition| {
        relationships
            .create(&project, definition)
            .await
            .unwrap_err()
    };
    for (definition, words) in [
        (
            relationship("r", end(&a, &["x", "y"]), end(&b, &["z"])),
            "the number of columns cannot be `2`",
        ),
        (
            relationship("r", end(&a, &[]), end(&b, &[])),
            "at least one column of `a`",
        ),
        (
            relationship("r", end(&a, &["q"]), end(&b, &["z"])),
            "has the columns x, y",
        ),
        (
            relationship("r", end(&a, &["x", "X"]), end(&b, &["z", "w"])),
            "named twice for `a`",
        ),
        (
            relationship("r", end(&a, &["x", "y"]), end(&b, &["z", "Z"])),
            "named twice for `b`",
        ),
        (
            relationship("r", end(&a, &["x"]), end(&b, &[""])),
            "name a column of `b`",
        ),
    ] {
        let error = refused(definition).await;
        assert!(
            matches!(error, StoreError::InvalidValue { .. }) && error.to_string().contains(words),
            "{error}"
        );
    }
    let error = refused(relationship("r", end(&a, &["x"]), end(&foreign, &["x"]))).await;
    assert!(
        matches!(&error, StoreError::NotFound { what: "source", name } if *name == foreign.to_string()),
        "{error}"
    );
    let error = refused(relationship("FIRST", end(&a, &["x"]), end(&b, &["z"]))).await;
    assert!(matches!(error, StoreError::NameTaken { .. }), "{error}");
    let error = refused(relationship("a/b", end(&a, &["x"]), end(&b, &["z"]))).await;
    assert!(matches!(error, StoreError::InvalidName { .. }), "{error}");

    assert_eq!(revision(&store, &project).await, before);
    assert_eq!(relationships.list(&project, None).await.unwrap().len(), 1);
}

#[tokio::test]
async fn models_are_made_found_changed_and_removed() {
    let store = support::store().await;
    let project = store.project("flights").await;
    let models = ConsolidatedModels::new(store.manager.clone());
    let definition = |name: &str, spec| ModelDefinition {
        name: name.to_owned(),
        description: None,
        spec,
    };
    let before = revision(&store, &project).await;
    let spec = json!({"sources": ["a", "b"], "join": {"on": "x"}, "password": "${env:PW}"});
    let made = models
        .create(&project, definition("Fleet", spec.clone()))
        .await
        .unwrap();
    assert_eq!((made.name.as_str(), &made.spec), ("Fleet", &spec));
    assert_eq!(revision(&store, &project).await, before + 1);

    let error = models
        .create(&project, definition("FLEET", spec.clone()))
        .await
        .unwrap_err();
    assert!(
        matches!(error, StoreError::NameTaken { what: "model", .. }),
        "{error}"
    );
    for spec in [json!([1]), json!("x"), json!(null), json!(7)] {
        let error = models
            .create(&project, definition("m", spec))
            .await
            .unwrap_err();
        assert!(
            error.to_string().contains("must be a JSON object"),
            "{error}"
        );
    }
    let error = models
        .create(&project, definition("m", json!({"a": {"token": "t"}})))
        .await
        .unwrap_err();
    assert!(
        matches!(&error, StoreError::SecretLiteral { key } if key == "a.token"),
        "{error}"
    );
    assert!(matches!(
        models.create(&project, definition("", spec.clone())).await,
        Err(StoreError::InvalidName { .. })
    ));
    assert_eq!(revision(&store, &project).await, before + 1);

    let id = made.id.parse().unwrap();
    let renamed = ModelDefinition {
        description: Some("all".into()),
        ..definition("fleet", json!({}))
    };
    let changed = models.update(&project, &id, renamed).await.unwrap();
    assert_eq!(
        (changed.name.as_str(), &changed.spec, changed.created_at),
        ("fleet", &json!({}), made.created_at)
    );
    let other = models
        .create(&project, definition("another", json!({"a": 1})))
        .await
        .unwrap();
    let error = models
        .update(&project, &id, definition("Another", json!({})))
        .await
        .unwrap_err();
    assert!(matches!(error, StoreError::NameTaken { .. }), "{error}");
    let listed = models.list(&project).await.unwrap();
    assert_eq!(listed, [other.clone(), changed.clone()]);
    assert_eq!(models.find(&project, "FLEET").await.unwrap(), changed);
    assert_eq!(models.find(&project, &other.id).await.unwrap(), other);
    assert_eq!(models.find(&project, &other.id[..30]).await.unwrap(), other);
    assert!(matches!(
        models.find(&project, "x").await,
        Err(StoreError::NotFound { what: "model", .. })
    ));

    models.delete(&project, &id).await.unwrap();
    assert!(matches!(
        models.delete(&project, &id).await,
        Err(StoreError::NotFound { .. })
    ));
    assert!(matches!(
        models
            .update(&project, &id, definition("z", json!({})))
            .await,
        Err(StoreError::NotFound { .. })
    ));
    assert_eq!(models.list(&project).await.unwrap(), [other]);
    assert_in_step(&store).await;
}

#[tokio::test]
async fn the_import_history_is_read_from_the_hub() {
    let store = support::store().await;
    let history = ImportHistory::new(store.manager.clone());
    let (one, two) = (store.project("one").await, store.project("two").await);
    let start = Timestamp::now();
    let line = |project: &ProjectId, number: i64, source: Option<&str>, name: &str| {
        import_history::ActiveModel {
            project_id: Set(project.to_string()),
            id: Set(format!("i{number}")),
            source_id: Set(source.map(str::to_owned)),
            source_name: Set(name.to_owned()),
            snapshot_id: Set(None),
            job_id: Set(None),
            file_name: Set(format!("{name}.csv")),
            format: Set("csv".to_owned()),
            rows: Set(number),
            rejected: Set(0),
            state: Set(entity_core::enums::ImportState::Completed),
            error: Set(None),
            started_at: Set(start + std::time::Duration::from_secs(number.unsigned_abs())),
            finished_at: Set(None),
        }
    };
    for row in [
        line(&one, 3, Some("s1"), "orders"),
        line(&one, 1, Some("s2"), "items"),
        line(&two, 2, Some("s1"), "other"),
        line(&one, 4, None, "orders"),
    ] {
        store.manager.core().insert(row).await.unwrap();
    }
    let ids = async |filter: ImportFilter| -> Vec<String> {
        history
            .list(&filter)
            .await
            .unwrap()
            .into_iter()
            .map(|line| line.id)
            .collect()
    };
    let all = ImportFilter::default;
    assert_eq!(ids(all()).await, ["i4", "i3", "i2", "i1"]);
    assert_eq!(
        ids(ImportFilter {
            limit: Some(2),
            ..all()
        })
        .await,
        ["i4", "i3"]
    );
    assert_eq!(
        ids(ImportFilter {
            project: Some(one.clone()),
            ..all()
        })
        .await,
        ["i4", "i3", "i1"]
    );
    assert_eq!(
        ids(ImportFilter {
            source: Some("orders".into()),
            ..all()
        })
        .await,
        ["i4", "i3"]
    );
    assert_eq!(
        ids(ImportFilter {
            source: Some("s1".into()),
            ..all()
        })
        .await,
        ["i3", "i2"]
    );
    let both = ImportFilter {
        project: Some(two.clone()),
        source: Some("s1".into()),
        limit: Some(5),
    };
    assert_eq!(ids(both).await, ["i2"]);

    Projects::new(&store.manager).delete(&two).await.unwrap();
    assert_eq!(
        ids(all()).await,
        ["i4", "i3", "i1"],
        "what is in the trash is not shown"
    );
    assert_eq!(
        ids(ImportFilter {
            project: Some(two),
            ..all()
        })
        .await,
        ["i2"]
    );
}
