//! A source whose rows are in files.

use std::ops::ControlFlow;
use std::path::PathBuf;
use std::sync::Arc;

use manifold_store::{
    DataSources, Layout, NewProject, NewSource, ProjectId, Projects, RowLog, SourceId,
    SqliteManager, StoreOptions, SyncStates, rows,
};
use serde_json::{Value as Json, json};

use crate::export::shown_column;
use crate::import::value;
use crate::jobs::SyncSource;
use crate::sync::{MaxDeletes, SyncMode, SyncRequest, Synced};
use crate::{JobError, Observer, run_foreground};
use manifold_format::ShownColumn;

pub(super) struct Scene {
    pub(super) folder: tempfile::TempDir,
    pub(super) manager: Arc<SqliteManager>,
    pub(super) project: ProjectId,
    pub(super) source: SourceId,
}

impl Scene {
    /// All rows are in the file `all`, those behind a cursor in `since`.
    pub(super) async fn new(key: &[&str], all: &str, since: Option<&str>) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let layout = Layout::new(folder.path().join("data"));
        let manager = SqliteManager::open(layout, StoreOptions::default())
            .await
            .unwrap();
        let project = NewProject {
            name: "p".to_owned(),
            description: None,
        };
        let project = Projects::new(&manager).create(project).await.unwrap();
        let project = Projects::id(&project).unwrap();
        let place = |name: &str| folder.path().join(name);
        let source = NewSource {
            config: json!({"given": {"all": place(all), "since": since.map(place)}}),
            key_columns: key.iter().map(|name| (*name).to_owned()).collect(),
            ..NewSource::file("s")
        };
        let source = DataSources::new(manager.clone())
            .create(&project, source)
            .await
            .unwrap();
        Self {
            folder,
            manager,
            project,
            source: source.id.parse().unwrap(),
        }
    }

    pub(super) fn write(&self, name: &str, bytes: &str) -> PathBuf {
        let path = self.folder.path().join(name);
        #[expect(
            clippy::disallowed_methods,
            reason = "a test's input; no crash is simulated"
        )]
        std::fs::write(&path, bytes).unwrap();
        path
    }

    pub(super) fn request(&self, mode: Option<SyncMode>) -> SyncRequest {
        SyncRequest {
            mode,
            max_deletes: MaxDeletes::ALL,
            ..SyncRequest::new(self.project.clone(), self.source.clone())
        }
    }

    pub(super) async fn run(&self, request: SyncRequest) -> Result<Synced, JobError> {
        self.observed(request, Observer::default()).await
    }

    pub(super) async fn observed(
        &self,
        request: SyncRequest,
        observer: Observer,
    ) -> Result<Synced, JobError> {
        let (job, project) = (SyncSource { request }, Some(self.project.clone()));
        let run = run_foreground(&self.manager, job, project, observer);
        run.await.unwrap().outcome
    }

    pub(super) async fn sync(&self, mode: Option<SyncMode>) -> Synced {
        self.run(self.request(mode)).await.unwrap()
    }

    pub(super) async fn cursor(&self) -> Option<Json> {
        let states = SyncStates::new(self.manager.clone());
        let state = states.find(&self.project, &self.source).await.unwrap();
        state?.cursor
    }

    /// The rows of the latest snapshot as they are shown, cells joined by `|`.
    pub(super) async fn rows(&self) -> Vec<String> {
        let source = self.source.to_string();
        let log = RowLog::new(&self.manager);
        let read = log.read(&self.project, move |connection| {
            let latest = rows::latest(connection, &source)?.unwrap();
            let shown: Vec<ShownColumn> = latest
                .columns
                .iter()
                .map(|column| shown_column(column).unwrap())
                .collect();
            let (mut found, mut scratch) = (Vec::new(), Vec::new());
            rows::read(connection, &latest, None, None, |_, row, _| {
                let cells = shown.iter().enumerate().map(|(index, column)| {
                    let mut text = Vec::new();
                    match column.show(value(row.cell(index)), &mut scratch) {
                        manifold_format::ShownCell::Null => text.push(b'-'),
                        manifold_format::ShownCell::Decimal { value, digits } => {
                            digits.render(manifold_format::Value::Real(value), &mut text);
                        }
                        cell => match cell.value() {
                            manifold_format::Value::Int(number) => {
                                text.extend_from_slice(number.to_string().as_bytes());
                            }
                            manifold_format::Value::Text(bytes) => text.extend_from_slice(bytes),
                            other => panic!("{other:?}"),
                        },
                    }
                    String::from_utf8(text).unwrap()
                });
                found.push(cells.collect::<Vec<_>>().join("|"));
                ControlFlow::Continue(())
            })?;
            Ok(found)
        });
        read.await.unwrap()
    }
}
