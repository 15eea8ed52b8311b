//! Files that are fetched from a server.

use std::io::{BufRead as _, BufReader, Write as _};
use std::net::TcpListener;
use std::sync::{Arc, Mutex};

use entity_project::enums::ImportState;
use manifold_jobs::import::{InputFile, InputUrl, PlanTarget, TableNaming, import_plan};
use manifold_jobs::jobs::{ImportFile, Imported};
use manifold_jobs::{Environment, JobError, Observer, run_foreground};
use manifold_store::{DataSources, ImportSource, Secret, Secrets};

use crate::store::Store;

/// A server that answers with what it is given: the head without the length, and the body.
pub struct Server {
    port: u16,
    answer: Arc<Mutex<(String, Vec<u8>)>>,
    requests: Arc<Mutex<Vec<String>>>,
}

impl Server {
    pub fn new(head: &str, body: impl Into<Vec<u8>>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let server = Self {
            port: listener.local_addr().unwrap().port(),
            answer: Arc::new(Mutex::new((head.to_owned(), body.into()))),
            requests: Arc::default(),
        };
        let (answer, requests) = (server.answer.clone(), server.requests.clone());
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let mut stream = stream.unwrap();
                let mut request = String::new();
                for line in BufReader::new(stream.try_clone().unwrap()).lines() {
                    match line {
                        Ok(line) if !line.is_empty() => request += &(line + "\n"),
                        _ => break,
                    }
                }
                let (head, body) = answer.lock().unwrap().clone();
                let tag = head
                    .split_once("ETag: ")
                    .and_then(|(_, rest)| rest.lines().next());
                let known = tag.is_some_and(|tag| request.contains(tag));
                requests.lock().unwrap().push(request);
                let length = body.len();
                if known {
                    drop(stream.write_all(b"HTTP/1.1 304 Not Modified\r\n\r\n"));
                } else {
                    drop(write!(
                        stream,
                        "HTTP/1.1 {head}Content-Length: {length}\r\n\r\n"
                    ));
                    drop(stream.write_all(&body));
                }
            }
        });
        server
    }

    pub fn set(&self, head: &str, body: impl Into<Vec<u8>>) {
        *self.answer.lock().unwrap() = (head.to_owned(), body.into());
    }

    pub fn url(&self, path: &str) -> String {
        format!("http://127.0.0.1:{}{path}", self.port)
    }

    fn requests(&self) -> usize {
        self.requests.lock().unwrap().len()
    }
}

fn job(store: &Store, url: &str) -> ImportFile {
    let mut job = store.import_of("http://127.0.0.1/x.csv".as_ref());
    job.file.url = Some(InputUrl {
        url: url.to_owned(),
        timeout_seconds: Some(5),
        named_by_answer: false,
    });
    job
}

async fn run(store: &Store, job: ImportFile) -> Result<Imported, JobError> {
    let environment = Environment::new(|name| (name == "KEY").then(|| "hunter2".to_owned()));
    let observer = Observer::default().with_environment(environment);
    run_foreground(&store.manager, job, Some(store.project.clone()), observer)
        .await
        .unwrap()
        .outcome
}

#[tokio::test(flavor = "multi_thread")]
async fn a_fetched_file_becomes_a_snapshot_and_is_not_fetched_again() {
    let store = Store::new().await;
    let server = Server::new("200 OK\r\nETag: \"v1\"\r\n", "a,b\n1,x\n2,y\n");
    let url = server.url("/x.csv");
    let first = run(&store, job(&store, &url)).await.unwrap();
    assert_eq!(store.rows(&first.snapshot_id).await, ["1|x", "2|y"]);

    let again = run(&store, job(&store, &url)).await.unwrap();
    assert!(again.unchanged && again.snapshot_id == first.snapshot_id);
    let last = server
        .requests
        .lock()
        .unwrap()
        .last()
        .unwrap()
        .to_lowercase();
    assert!(last.contains("if-none-match: \"v1\""), "{last}");
    let states: Vec<_> = store
        .history()
        .await
        .into_iter()
        .map(|line| line.state)
        .collect();
    assert_eq!(states, [ImportState::Completed, ImportState::Unchanged]);

    // Read in another way it is fetched, and so it is when another snapshot is the latest.
    let mut other = job(&store, &url);
    other.file.reading.header_rows = Some(0);
    assert_eq!(run(&store, other).await.unwrap().row_count, 3);
    store.import("a,b\n9,z\n").await;
    let back = run(&store, job(&store, &url)).await.unwrap();
    assert_eq!((back.unchanged, back.row_count), (false, 2));

    server.set("200 OK\r\nETag: \"v2\"\r\n", "a,b\n1,x\n2,y\n");
    let same = run(&store, job(&store, &url)).await.unwrap();
    assert!(same.unchanged, "the bytes are known");
    let requests = server.requests();
    assert!(run(&store, job(&store, &url)).await.unwrap().unchanged);
    assert_eq!(server.requests(), requests + 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_fetched_leaves_the_last_snapshot() {
    let store = Store::new().await;
    let server = Server::new("200 OK\r\n", "a\n1\n");
    let url = server.url("/x.csv");
    let first = run(&store, job(&store, &url)).await.unwrap();
    let before = store.dump();
    for (head, body, code) in [
        ("404 Not Found\r\n", "gone", "http_status"),
        ("500 Oops\r\n", "", "http_status"),
        (
            "200 OK\r\nContent-Type: text/csv\r\n",
            "<html><title>Sorry</title>",
            "http_page",
        ),
        ("200 OK\r\n", "", "empty_file"),
        (
            "200 OK\r\n",
            "\x7fELF\x02\x01\x01\0\0\0\0\0\0\0\0\0\0\x03\0\x3e\0",
            "binary_file",
        ),
    ] {
        server.set(head, body);
        let error = run(&store, job(&store, &url)).await.unwrap_err();
        assert_eq!(error.code(), code, "{error}");
        let told = error.to_string();
        assert!(
            !told.contains(store.folder.path().to_str().unwrap()),
            "{told}"
        );
    }
    assert_eq!(store.dump(), before);
    let history = store.history().await;
    assert_eq!(history.len(), 6);
    assert!(
        history[1..]
            .iter()
            .all(|line| line.state == ImportState::Failed)
    );
    let left = store.manager.layout().temporary().read_dir().unwrap();
    let left: Vec<_> = left.map(|entry| entry.unwrap().file_name()).collect();
    assert!(
        !left
            .iter()
            .any(|name| name.to_string_lossy().starts_with(".tmp")),
        "{left:?}"
    );
    server.set("200 OK\r\n", "a\n1\n");
    assert_eq!(
        run(&store, job(&store, &url)).await.unwrap().snapshot_id,
        first.snapshot_id
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_packed_file_a_document_and_an_archive_are_known_by_their_content() {
    let store = Store::new().await;
    let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    packed.write_all(b"a\n1\n").unwrap();
    let server = Server::new("200 OK\r\n", packed.finish().unwrap());
    let url = server.url("/download");
    let first = run(&store, job(&store, &url)).await.unwrap();
    assert_eq!(store.rows(&first.snapshot_id).await, ["1"]);
    server.set("200 OK\r\n", "[{\"a\": 2}, {\"a\": 3}]");
    let second = run(&store, job(&store, &url)).await.unwrap();
    assert_eq!(store.rows(&second.snapshot_id).await, ["2", "3"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_other_side_names_what_has_no_name() {
    let store = Store::new().await;
    let head = "200 OK\r\nContent-Disposition: attachment; filename=\"planes 2013.csv\"\r\n";
    let server = Server::new(head, "a\n1\n");
    let mut named = job(&store, &server.url("/export?id=7"));
    named.target.source = ImportSource::Named("export".to_owned());
    named.file.url.as_mut().unwrap().named_by_answer = true;
    let target = PlanTarget {
        project_id: Some(store.project.clone()),
        source: named.target.source.clone(),
        naming: TableNaming::default(),
        key_columns: Vec::new(),
        always: false,
        typing: Default::default(),
        renames: Vec::new(),
    };
    let file: InputFile = named.file.clone();
    let plans = import_plan(&store.manager, &file, &target, Observer::default())
        .await
        .unwrap();
    assert_eq!(
        (
            plans[0].source_name.as_str(),
            plans[0].new_source,
            plans[0].rows
        ),
        ("planes 2013", true, 1)
    );
    run(&store, named).await.unwrap();
    let sources = DataSources::new(store.manager.clone());
    let found = sources.find(&store.project, "planes 2013").await.unwrap();
    assert!(sources.find(&store.project, "export").await.is_err());
    assert_eq!(store.history().await[0].source_id, Some(found.id));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_secret_in_an_address_is_nowhere_kept() {
    let store = Store::new().await;
    let secrets = Secrets::new(store.manager.layout());
    secrets
        .set("token", Secret::from("swordfish".to_owned()))
        .await
        .unwrap();
    let server = Server::new("200 OK\r\nETag: \"v1\"\r\n", "a\n1\n");
    let url = format!(
        "http://me:${{env:KEY}}@127.0.0.1:{}/x.csv?token=${{secret:token}}",
        server.port
    );
    run(&store, job(&store, &url)).await.unwrap();
    assert!(server.requests.lock().unwrap()[0].starts_with("GET /x.csv?token=swordfish "));
    run(&store, job(&store, &url)).await.unwrap();
    let last = server
        .requests
        .lock()
        .unwrap()
        .last()
        .unwrap()
        .to_lowercase();
    assert!(
        !last.contains("if-none-match"),
        "what it refers to may be another thing: {last}"
    );
    server.set("403 Forbidden\r\n", "no");
    run(&store, job(&store, &url)).await.unwrap_err();
    store.manager.shut_down().await.unwrap();
    let mut folders = vec![store.folder.path().join("data")];
    let mut looked_at = 0;
    while let Some(folder) = folders.pop() {
        for entry in folder.read_dir().unwrap().map(Result::unwrap) {
            if entry.path().is_dir() {
                folders.push(entry.path());
            } else if entry.file_name() != "secrets.toml" {
                looked_at += 1;
                let bytes = std::fs::read(entry.path()).unwrap();
                for secret in [&b"hunter2"[..], b"swordfish"] {
                    let found = bytes.windows(secret.len()).any(|part| part == secret);
                    assert!(!found, "{:?}", entry.path());
                }
            }
        }
    }
    assert!(looked_at > 3);
}
