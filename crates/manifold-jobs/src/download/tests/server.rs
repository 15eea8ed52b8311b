//! A server that does as it is told, and who asks it.

use std::io::{BufRead, BufReader, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use manifold_store::{Layout, Secrets};
use tokio_util::sync::CancellationToken;

use super::super::{
    Address, Call, Download, DownloadError, DownloadLimits, Downloaded, Validators, client,
};
use crate::Environment;

/// A server that answers each connection once, as `answer` says of the number of the connection and of the request.
pub(crate) struct Server {
    pub(crate) port: u16,
    pub(crate) requests: Arc<Mutex<Vec<String>>>,
}

impl Server {
    pub(crate) fn new(
        answer: impl Fn(usize, &str, &mut TcpStream) + Send + Sync + 'static,
    ) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let requests: Arc<Mutex<Vec<String>>> = Arc::default();
        let (kept, count, answer) = (requests.clone(), AtomicUsize::new(0), Arc::new(answer));
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let (mut stream, answer) = (stream.unwrap(), answer.clone());
                let (kept, number) = (kept.clone(), count.fetch_add(1, Ordering::SeqCst));
                std::thread::spawn(move || {
                    let mut input = BufReader::new(stream.try_clone().unwrap());
                    let request = read_request(&mut input);
                    kept.lock().unwrap().push(request.clone());
                    answer(number, &request, &mut stream);
                });
            }
        });
        Self { port, requests }
    }

    pub(crate) fn text(answer: &'static str) -> Self {
        Self::new(move |_, _, stream| send(stream, answer))
    }

    pub(crate) fn url(&self, path: &str) -> String {
        format!("http://127.0.0.1:{}{path}", self.port)
    }
}

/// The head of a request, and its body behind a blank line.
fn read_request(input: &mut impl BufRead) -> String {
    let (mut request, mut length) = (String::new(), 0);
    while let Some(Ok(line)) = input.by_ref().lines().next() {
        if line.is_empty() {
            break;
        }
        let lower = line.to_ascii_lowercase();
        if let Some(value) = lower.strip_prefix("content-length:") {
            length = value.trim().parse().unwrap();
        }
        request += &(line + "\n");
    }
    let mut body = vec![0; length];
    if length > 0 && input.read_exact(&mut body).is_ok() {
        request = format!("{request}\n{}", String::from_utf8(body).unwrap());
    }
    request
}

/// Who hangs up is no mistake of the server.
pub(crate) fn send(stream: &mut TcpStream, text: &str) {
    drop(stream.write_all(text.as_bytes()));
}

pub(crate) struct Client {
    folder: tempfile::TempDir,
    pub(crate) secrets: Secrets,
    pub(crate) limits: DownloadLimits,
    pub(crate) cancel: CancellationToken,
}

impl Client {
    pub(crate) fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let layout = Layout::new(folder.path());
        layout.create().unwrap();
        Self {
            secrets: Secrets::new(&layout),
            folder,
            limits: DownloadLimits {
                silence: Duration::from_millis(400),
                pause: Duration::from_millis(10),
                ..DownloadLimits::default()
            },
            cancel: CancellationToken::new(),
        }
    }

    pub(crate) async fn get(
        &self,
        url: &str,
        before: Option<&Validators>,
    ) -> Result<Downloaded, DownloadError> {
        let address = Address::new(url).unwrap();
        let environment = Environment::new(|name| (name == "WHERE").then(|| "a&b=c".to_owned()));
        let call = Call::get(
            address.resolve(&self.secrets, environment)?,
            address.shown(),
        );
        let download = Download {
            client: &client(&self.limits, &call.shown)?,
            call: &call,
            scratch: &self.folder.path().into(),
            before,
            limits: self.limits,
            cancel: &self.cancel,
            progress: &|_, _| {},
        };
        download.fetch().await
    }

    /// Fetches a file, and says what it holds.
    pub(crate) async fn bytes(&self, url: &str) -> (Vec<u8>, Option<String>) {
        let Downloaded::File(found) = self.get(url, None).await.unwrap() else {
            panic!("it was fetched");
        };
        (std::fs::read(found.file.path()).unwrap(), found.name)
    }

    pub(crate) async fn error(&self, url: &str) -> DownloadError {
        let error = self.get(url, None).await.unwrap_err();
        let names = |entry: std::io::Result<std::fs::DirEntry>| entry.unwrap().file_name();
        let left = self.folder.path().read_dir().unwrap().map(names);
        let left: Vec<_> = left
            .filter(|name| name.to_string_lossy().starts_with(".tmp"))
            .collect();
        assert!(left.is_empty(), "{left:?}");
        error
    }
}
