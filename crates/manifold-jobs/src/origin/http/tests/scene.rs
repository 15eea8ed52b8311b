//! A store, and who pulls into it.

use std::net::TcpStream;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use manifold_format::{Encoding, Item, Record, Value};
use manifold_store::{Layout, Secret, Secrets, SqliteManager, StoreOptions};
use serde_json::Value as Json;
use tokio_util::sync::CancellationToken;

use super::super::HttpOrigin;
use crate::download::tests::server::send;
use crate::import::Fetching;
use crate::origin::Pulled;
use crate::{Backoff, Environment, JobError, Progress};

/// What nobody may see, as `${secret:key}`.
pub(super) const SECRET: &str = "hunter2 @/:";

pub(super) struct Scene {
    folder: tempfile::TempDir,
    manager: Arc<SqliteManager>,
    pub(super) cancel: CancellationToken,
    pub(super) reports: Arc<Mutex<Vec<Progress>>>,
    /// Changes limits behind the shortened ones.
    pub(super) limit: fn(&mut super::super::HttpLimits),
}

impl Scene {
    pub(super) async fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let layout = Layout::new(folder.path());
        let manager = SqliteManager::open(layout, StoreOptions::default())
            .await
            .unwrap();
        Secrets::new(manager.layout())
            .set("key", Secret::from(SECRET.to_owned()))
            .await
            .unwrap();
        Self {
            folder,
            manager,
            cancel: CancellationToken::new(),
            reports: Arc::default(),
            limit: |_| {},
        }
    }

    pub(super) async fn pull(
        &self,
        config: &Json,
        since: Option<&Json>,
    ) -> Result<Option<Pulled>, JobError> {
        let mut origin = HttpOrigin::of("s", config).unwrap();
        origin.limits.download.silence = Duration::from_millis(400);
        origin.limits.download.connect = Duration::from_millis(800);
        origin.limits.download.pause = Duration::from_millis(10);
        origin.limits.tries = 4;
        origin.limits.longest_wait = Duration::from_secs(3);
        origin.limits.backoff = Backoff {
            first: Duration::from_millis(5),
            most: Duration::from_millis(20),
        };
        (self.limit)(&mut origin.limits);
        let reports = self.reports.clone();
        let fetching = Fetching {
            manager: &self.manager,
            environment: Environment::new(|name| (name == "USER").then(|| "me".to_owned())),
            cancel: &self.cancel,
            report: &move |progress| reports.lock().unwrap().push(progress),
        };
        let pulled = origin.pull(&fetching, since, &[].into()).await;
        if let Err(error) = &pulled {
            let told = format!("{error} {error:?}");
            assert!(!told.contains("hunter2"), "{told}");
        }
        if !matches!(pulled, Ok(Some(_))) {
            assert_eq!(self.left(), Vec::<String>::new());
        }
        pulled
    }

    /// The temporary files that are there.
    pub(super) fn left(&self) -> Vec<String> {
        let entries = self.manager.layout().temporary().read_dir().unwrap();
        let names = entries.map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned());
        names.filter(|name| name.starts_with(".tmp")).collect()
    }

    pub(super) fn folder(&self) -> &std::path::Path {
        self.folder.path()
    }

    /// Pulls, and says the columns and the rows.
    pub(super) async fn rows(&self, config: &Json) -> Vec<String> {
        rows(&mut self.pull(config, None).await.unwrap().unwrap())
    }

    /// Pulls, and says what is to be kept of it.
    pub(super) async fn cursor(&self, config: &Json) -> Json {
        let pulled = self.pull(config, None).await.unwrap().unwrap();
        pulled.cursor.unwrap()
    }

    /// Pulls, and says why that fails.
    pub(super) async fn error(&self, config: &Json) -> JobError {
        match self.pull(config, None).await {
            Err(error) => error,
            Ok(None) => panic!("nothing has changed"),
            Ok(Some(mut pulled)) => panic!("{:?}", rows(&mut pulled)),
        }
    }

    /// Pulls, and expects an error with this code and these words.
    pub(super) async fn fails(&self, config: &Json, code: &str, words: &str) -> JobError {
        let error = self.error(config).await;
        let told = error.to_string();
        assert_eq!(error.code(), code, "{told}");
        assert!(told.contains(words), "{told}");
        error
    }
}

/// The names of the columns, and the rows, of the first table.
pub(super) fn rows(pulled: &mut Pulled) -> Vec<String> {
    let columns: Vec<_> = pulled.reader.tables()[0]
        .columns
        .iter()
        .map(|column| column.name.clone())
        .collect();
    let mut rows = pulled.reader.rows(0).unwrap();
    rows.set_encodings(&vec![Encoding::Text; columns.len()])
        .unwrap();
    let (mut found, mut record) = (vec![columns.join("|")], Record::new());
    loop {
        match rows.next(&mut record).unwrap() {
            Item::End => break,
            Item::Row => {
                let cells = record.cells().map(|cell| match cell {
                    Value::Text(text) => String::from_utf8(text.to_vec()).unwrap(),
                    Value::Null => "-".to_owned(),
                    other => panic!("{other:?}"),
                });
                found.push(cells.collect::<Vec<_>>().join("|"));
            }
            _ => found.push(format!("rejected {}", record.line())),
        }
    }
    rows.finish().unwrap();
    found
}

/// Answers with a body of this type, and these further header lines.
pub(super) fn answer(stream: &mut TcpStream, media: &str, more: &str, body: &str) {
    let length = body.len();
    send(
        stream,
        &format!(
            "HTTP/1.1 200 OK\r\nContent-Type: {media}\r\n{more}Content-Length: {length}\r\n\r\n{body}"
        ),
    );
}

pub(super) fn json(stream: &mut TcpStream, body: &str) {
    answer(stream, "application/json; charset=utf-8", "", body);
}

pub(super) fn status(stream: &mut TcpStream, status: &str, more: &str) {
    send(
        stream,
        &format!("HTTP/1.1 {status}\r\n{more}Content-Length: 0\r\n\r\n"),
    );
}

/// The value of a parameter in the first line of a request, as it is written.
pub(super) fn asked(request: &str, name: &str) -> Option<String> {
    let target = request.split(' ').nth(1)?;
    let query = target.split_once('?')?.1;
    let mut pairs = query.split('&').filter_map(|pair| pair.split_once('='));
    pairs.find_map(|(key, value)| (key == name).then(|| value.to_owned()))
}
