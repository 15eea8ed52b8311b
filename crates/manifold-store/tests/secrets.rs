//! Secrets stay in their file.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    missing_docs,
    clippy::disallowed_methods
)]

mod support;
#[path = "support/text_records.rs"]
mod text_records;

use std::path::Path;

use manifold_store::rows::{ImportOptions, Unwatched};
use manifold_store::{
    DataSources, Doctor, Layout, ModelDefinition, NewSource, Projects, RowLog, Secret, Secrets,
    SecretsError, SnapshotId, Timestamp,
};
use proptest::prelude::*;
use serde_json::json;

const PLANTED: &str = "pl4nted-S3cret";

fn secret(text: &str) -> Secret {
    Secret::from(text.to_owned())
}

#[cfg(unix)]
fn mode(path: &Path) -> u32 {
    std::os::unix::fs::MetadataExt::mode(&std::fs::metadata(path).unwrap()) & 0o777
}

/// The files of a folder that hold these bytes.
fn holding(folder: &Path, needle: &[u8]) -> Vec<String> {
    let mut found = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if std::fs::read(&path)
                .unwrap()
                .windows(needle.len())
                .any(|window| window == needle)
            {
                found.push(path.file_name().unwrap().to_str().unwrap().to_owned());
            }
        }
    }
    found
}

#[tokio::test]
async fn a_planted_secret_is_in_no_other_file() {
    let store = support::store().await;
    let secrets = Secrets::new(store.manager.layout());
    let id = store.project("sales").await;
    let sources = DataSources::new(store.manager.clone());
    secrets.set("db", secret(PLANTED)).await.unwrap();
    let config = json!({"url": "postgres://me:${secret:db}@host/db", "token": "${env:TOKEN}"});
    let source = sources
        .create(
            &id,
            NewSource {
                config,
                ..NewSource::file("orders")
            },
        )
        .await
        .unwrap();

    let resolved = secrets
        .resolve(&source.config, |name| {
            (name == "TOKEN").then(|| PLANTED.to_owned())
        })
        .unwrap();
    assert_eq!(
        resolved.expose()["url"],
        format!("postgres://me:{PLANTED}@host/db")
    );
    assert_eq!(resolved.expose()["token"], PLANTED);
    assert!(
        !format!(
            "{resolved:?} {secrets:?} {:?} {}",
            secret(PLANTED),
            secret(PLANTED)
        )
        .contains(PLANTED)
    );

    // Everything that goes on meanwhile.
    let options = ImportOptions::new(SnapshotId::new().to_string(), Timestamp::now());
    let records = text_records::TextRecords::new(&["a"], &[&["1"]]);
    let source_id = source.id.parse().unwrap();
    RowLog::new(&store.manager)
        .import(&id, &source_id, records, options, Unwatched, |_| {})
        .await
        .unwrap();
    let models = manifold_store::ConsolidatedModels::new(store.manager.clone());
    let model = |spec| ModelDefinition {
        name: "m".to_owned(),
        description: None,
        spec,
    };
    let error = models
        .create(&id, model(json!({"token": PLANTED})))
        .await
        .unwrap_err();
    assert!(!format!("{error:?} {error}").contains(PLANTED), "{error}");
    models
        .create(&id, model(json!({"token": "${secret:db}"})))
        .await
        .unwrap();
    let refused = NewSource {
        config: json!({"password": PLANTED}),
        ..NewSource::file("refused")
    };
    sources.create(&id, refused).await.unwrap_err();
    Projects::new(&store.manager).delete(&id).await.unwrap();
    Projects::new(&store.manager)
        .undelete("sales", None)
        .await
        .unwrap();
    let examination = Doctor::new(&store.manager).examine().await.unwrap();
    assert!(!format!("{examination:?}").contains(PLANTED));

    assert_eq!(
        holding(store.folder.path(), PLANTED.as_bytes()),
        ["secrets.toml"]
    );
    secrets.unset("db").await.unwrap();
    assert!(holding(store.folder.path(), PLANTED.as_bytes()).is_empty());
}

#[tokio::test]
async fn secrets_are_set_listed_and_forgotten() {
    let folder = tempfile::tempdir().unwrap();
    let layout = Layout::new(folder.path());
    let secrets = Secrets::new(&layout);
    assert!(secrets.names().unwrap().is_empty());
    assert!(!layout.secrets().exists());
    secrets.set("b.x", secret("two\nlines")).await.unwrap();
    secrets.set("a-y_1", secret("1")).await.unwrap();
    secrets.set("b.x", secret("other")).await.unwrap();
    assert_eq!(secrets.names().unwrap(), ["a-y_1", "b.x"]);
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        assert_eq!(mode(&layout.secrets()), 0o600);
        std::fs::set_permissions(layout.secrets(), std::fs::Permissions::from_mode(0o644)).unwrap();
        secrets.set("c", secret("3")).await.unwrap();
        assert_eq!(
            mode(&layout.secrets()),
            0o600,
            "a file that others could read was kept so"
        );
        secrets.unset("c").await.unwrap();
        assert_eq!(mode(&layout.secrets()), 0o600);
    }
    assert_eq!(
        secrets
            .resolve(&json!("${secret:b.x}"), |_| None)
            .unwrap()
            .expose(),
        "other"
    );
    secrets.unset("b.x").await.unwrap();
    assert!(matches!(
        secrets.unset("b.x").await,
        Err(SecretsError::NotFound { .. })
    ));
    assert_eq!(secrets.names().unwrap(), ["a-y_1"]);
    for name in ["", "a b", "a}", "ä", PLANTED.repeat(20).as_str()] {
        let error = secrets.set(name, secret("x")).await.unwrap_err();
        assert!(
            matches!(error, SecretsError::InvalidName) && !error.to_string().contains("pl4"),
            "{error}"
        );
    }
    for text in [String::new(), "x".repeat((64 << 10) + 1)] {
        assert!(matches!(
            secrets.set("a", Secret::from(text)).await,
            Err(SecretsError::InvalidSecret { .. })
        ));
    }
    let error = secrets
        .resolve(&json!({"k": "${secret:gone}"}), |_| None)
        .unwrap_err();
    assert_eq!(
        (
            error.code(),
            error
                .to_string()
                .contains("manifold source secret set gone")
        ),
        ("secret_not_set", true)
    );
}

#[tokio::test]
async fn a_bad_file_is_named_by_line_quoting_nothing_and_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    let layout = Layout::new(folder.path());
    let secrets = Secrets::new(&layout);
    for (text, line) in [
        (format!("a = \"x\"\nb = {PLANTED}\n"), Some(2)),
        ("a = \"x\"\n\n\nb = 48151623\n".to_owned(), Some(4)),
        (format!("a = \"{PLANTED}\nb = \"y\"\n"), Some(1)),
        (format!("[{PLANTED}]\nx = \"y\"\n"), None),
        (format!("a = \"x\"\na = \"{PLANTED}\"\n"), Some(2)),
    ] {
        std::fs::write(layout.secrets(), &text).unwrap();
        for error in [
            secrets.names().unwrap_err(),
            secrets.set("c", secret("1")).await.unwrap_err(),
            secrets.unset("a").await.unwrap_err(),
            secrets
                .resolve(&json!("${secret:a}"), |_| None)
                .unwrap_err(),
        ] {
            let SecretsError::BadFile { line: found, .. } = &error else {
                panic!("{text}: {error:?}")
            };
            assert!(line.is_none() || *found == line, "{text}: {found:?}");
            let said = format!(
                "{error} {error:?} {:?}",
                std::error::Error::source(&error).map(ToString::to_string)
            );
            assert!(
                said.contains("secrets.toml")
                    && !said.contains(PLANTED)
                    && !said.contains("48151623"),
                "{said}"
            );
        }
        assert_eq!(std::fs::read_to_string(layout.secrets()).unwrap(), text);
    }
    std::fs::write(layout.secrets(), b"a = \"\xff\"").unwrap();
    assert!(matches!(secrets.names(), Err(SecretsError::BadFile { .. })));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn processes_that_set_secrets_at_once_lose_none() {
    let folder = tempfile::tempdir().unwrap();
    let layout = Layout::new(folder.path());
    let mut tasks = Vec::new();
    for process in 0..4 {
        let secrets = Secrets::new(&layout);
        tasks.push(tokio::spawn(async move {
            for number in 0..10 {
                secrets
                    .set(&format!("s{process}-{number}"), secret("x"))
                    .await
                    .unwrap();
            }
        }));
    }
    for task in tasks {
        task.await.unwrap();
    }
    assert_eq!(Secrets::new(&layout).names().unwrap().len(), 40);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

    #[test]
    fn any_text_is_kept_as_it_is(texts in proptest::collection::btree_map("[A-Za-z0-9_.-]{1,12}", any::<String>(), 1..5)) {
        let folder = tempfile::tempdir().unwrap();
        let secrets = Secrets::new(&Layout::new(folder.path()));
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        for (name, text) in &texts {
            prop_assume!(!text.is_empty());
            runtime.block_on(secrets.set(name, secret(text))).unwrap();
        }
        for (name, text) in &texts {
            let resolved = secrets.resolve(&json!(format!("${{secret:{name}}}")), |_| None).unwrap();
            prop_assert_eq!(resolved.expose(), &json!(text));
        }
        prop_assert_eq!(secrets.names().unwrap(), texts.keys().cloned().collect::<Vec<_>>());
    }
}
