//! Pulls from real servers and files.

mod cursors;
mod failures;
mod places;
mod types;

use std::sync::Arc;

use manifold_format::{Item, Record, Value};
use manifold_store::{Layout, Secret, Secrets, SqliteManager, StoreOptions};
use serde_json::Value as Json;
use tokio_util::sync::CancellationToken;

use crate::import::Fetching;
use crate::origin::{DatabaseOrigin, Reach};
use crate::{Environment, JobError};

/// A store that pulls.
pub(super) struct Scene {
    _folder: tempfile::TempDir,
    pub(super) manager: Arc<SqliteManager>,
    pub(super) cancel: CancellationToken,
}

/// What came of a pull.
#[derive(Debug)]
pub(super) struct Came {
    /// `name:type` of each column.
    pub(super) columns: Vec<String>,
    /// Cells joined by `|`, NULL as `-`, text in quotes, bytes as hexadecimal digits.
    pub(super) rows: Vec<String>,
    pub(super) reach: Reach,
    pub(super) cursor: Option<Json>,
}

impl Scene {
    pub(super) async fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let layout = Layout::new(folder.path().join("data"));
        let manager = SqliteManager::open(layout, StoreOptions::default())
            .await
            .unwrap();
        Self {
            _folder: folder,
            manager,
            cancel: CancellationToken::new(),
        }
    }

    pub(super) async fn keep_secret(&self, name: &str, value: &str) {
        let secrets = Secrets::new(self.manager.layout());
        secrets
            .set(name, Secret::from(value.to_owned()))
            .await
            .unwrap();
    }

    pub(super) async fn pull(&self, config: &Json, since: Option<&Json>) -> Result<Came, JobError> {
        let r#type = match config.get("path") {
            Some(_) => entity_project::enums::SourceType::Sqlite,
            None => entity_project::enums::SourceType::Database,
        };
        let origin = DatabaseOrigin::of("s", r#type, config)?;
        let fetching = Fetching {
            manager: &self.manager,
            environment: Environment::none(),
            cancel: &self.cancel,
            report: &|_| {},
        };
        let mut pulled = origin.pull(&fetching, since, &[].into()).await?.unwrap();
        let table = &pulled.reader.tables()[0];
        let names: Vec<_> = table
            .columns
            .iter()
            .map(|column| column.name.clone())
            .collect();
        let mut rows = pulled.reader.rows(0).unwrap();
        let (mut record, mut found) = (Record::new(), Vec::new());
        while rows.next(&mut record).unwrap() == Item::Row {
            let cells: Vec<_> = record.cells().map(shown).collect();
            found.push(cells.join("|"));
        }
        let summary = rows.finish().unwrap();
        assert_eq!(summary.rows, found.len() as u64);
        let types = summary
            .columns
            .iter()
            .map(|verdict| verdict.column_type.code());
        let columns = names.iter().zip(types);
        let files: Vec<_> = pulled.files.iter().map(|file| file.to_path_buf()).collect();
        drop(pulled.files);
        assert!(files.iter().all(|file| !file.exists()), "{files:?}");
        Ok(Came {
            columns: columns
                .map(|(name, code)| format!("{name}:{code}"))
                .collect(),
            rows: found,
            reach: pulled.reach,
            cursor: pulled.cursor,
        })
    }

    /// The code and the message of what a pull fails with.
    pub(super) async fn failure(&self, config: &Json) -> (String, String, bool) {
        let error = self.pull(config, None).await.unwrap_err();
        (
            error.code().to_owned(),
            error.to_string(),
            error.is_retryable(),
        )
    }

    /// That nothing is left among the temporary files.
    pub(super) fn assert_tidy(&self) {
        let left = std::fs::read_dir(self.manager.layout().temporary());
        let left: Vec<_> = left
            .into_iter()
            .flatten()
            .map(|entry| entry.unwrap().path())
            .collect();
        let left = left.iter().filter(|path| {
            path.file_name()
                .unwrap()
                .to_string_lossy()
                .starts_with(".tmp")
        });
        assert_eq!(left.count(), 0);
    }
}

fn shown(value: Value<'_>) -> String {
    match value {
        Value::Null => "-".to_owned(),
        Value::Int(number) => number.to_string(),
        Value::Real(number) => format!("{number:?}"),
        Value::Text(bytes) => format!("'{}'", String::from_utf8_lossy(bytes)),
        Value::Blob(bytes) => bytes.iter().map(|byte| format!("{byte:02x}")).collect(),
    }
}
