//! Servers that speak S3, on this machine, and what a test asks of them behind the command's back.

use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use assert_cmd::Command as Run;
use tempfile::TempDir;

use crate::folder::{Folder, Said};

pub(crate) const KEY_ID: &str = "testkey1";
pub(crate) const SECRET: &str = "hunter2-planted-secret";

/// A server with an empty bucket.
pub(crate) struct Server {
    pub(crate) name: &'static str,
    port: u16,
    child: Child,
    python: PathBuf,
    _scratch: TempDir,
}

/// The programs of the servers, by name: in the folder that `MANIFOLD_S3_TOOLS` names, or on the path.
fn tool(name: &str) -> Option<PathBuf> {
    #[expect(clippy::disallowed_methods, reason = "tests are told where tools are")]
    let (given, path) = (
        std::env::var_os("MANIFOLD_S3_TOOLS"),
        std::env::var_os("PATH"),
    );
    let folders = match &given {
        Some(folder) => vec![PathBuf::from(folder)],
        None => std::env::split_paths(&path?).collect(),
    };
    let found = folders.iter().map(|folder| folder.join(name)).find(|path| {
        // A link that leads to no program, as version managers leave them, says so when it is run.
        let asked = Command::new(path).arg("--help").output();
        asked.is_ok_and(|asked| asked.status.success())
    });
    found.or_else(|| {
        assert!(
            given.is_none(),
            "{name} is not where MANIFOLD_S3_TOOLS says"
        );
        None
    })
}

impl Server {
    /// Every server whose program is there. The rest is told on stderr.
    #[expect(
        clippy::print_stderr,
        reason = "who runs the tests must know what was not tried"
    )]
    pub(crate) fn all() -> Vec<Self> {
        let (moto, juicefs) = (tool("moto_server"), tool("juicefs"));
        let python = moto.as_ref().map(|moto| moto.with_file_name("python"));
        let mut servers = Vec::new();
        for (name, program) in [("moto", moto), ("juicefs", juicefs)] {
            match (program, &python) {
                (Some(program), Some(python)) => {
                    servers.push(Self::start(name, &program, python.clone()));
                }
                _ => eprintln!("skipped: {name} is not installed, so S3 was not tried with it"),
            }
        }
        servers
    }

    /// The one that is started quickly.
    #[expect(
        clippy::print_stderr,
        reason = "who runs the tests must know what was not tried"
    )]
    pub(crate) fn one() -> Option<Self> {
        match tool("moto_server") {
            Some(moto) => Some(Self::start("moto", &moto, moto.with_file_name("python"))),
            None => {
                eprintln!("skipped: moto is not installed, so S3 was not tried");
                None
            }
        }
    }

    fn start(name: &'static str, program: &PathBuf, python: PathBuf) -> Self {
        let scratch = tempfile::tempdir().unwrap();
        let port = TcpListener::bind("127.0.0.1:0")
            .unwrap()
            .local_addr()
            .unwrap()
            .port();
        let mut command = Command::new(program);
        command.env("HOME", scratch.path());
        let meta = format!("sqlite3://{}/meta.db", scratch.path().display());
        if name == "moto" {
            command.args(["-H", "127.0.0.1", "-p", &port.to_string()]);
        } else {
            let bucket = format!("{}/data/", scratch.path().display());
            let format = [
                "format",
                "--storage",
                "file",
                "--bucket",
                &bucket,
                "--trash-days",
                "0",
                &meta,
                "vol",
            ];
            let mut made = Command::new(program);
            let made = made
                .env("HOME", scratch.path())
                .args(format)
                .output()
                .unwrap();
            assert!(made.status.success(), "{made:?}");
            let cache = scratch.path().join("cache").display().to_string();
            let log = scratch.path().join("log").display().to_string();
            let address = format!("127.0.0.1:{port}");
            command
                .env("MINIO_ROOT_USER", KEY_ID)
                .env("MINIO_ROOT_PASSWORD", SECRET)
                .args([
                    "gateway",
                    "--no-usage-report",
                    "--multi-buckets",
                    "--keep-etag",
                    "--no-banner",
                ])
                .args(["--log", &log, "--cache-dir", &cache, &meta, &address]);
        }
        let child = command
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let server = Self {
            name,
            port,
            child,
            python,
            _scratch: scratch,
        };
        let begin = Instant::now();
        while TcpStream::connect(("127.0.0.1", port)).is_err() {
            assert!(
                begin.elapsed() < Duration::from_secs(60),
                "{name} does not start"
            );
            std::thread::sleep(Duration::from_millis(50));
        }
        server.python("c.create_bucket(Bucket='bucket')");
        server
    }

    /// Runs a program with a client `c`; returns what it prints.
    pub(crate) fn python(&self, program: &str) -> String {
        let client = format!(
            "import boto3\nfrom botocore.config import Config\nc = boto3.client('s3', endpoint_url='http://127.0.0.1:{}', \
             region_name='us-east-1', aws_access_key_id='{KEY_ID}', aws_secret_access_key='{SECRET}', \
             config=Config(s3={{'addressing_style': 'path'}}))\n{program}\n",
            self.port
        );
        let ran = Command::new(&self.python)
            .arg("-c")
            .arg(client)
            .output()
            .unwrap();
        assert!(
            ran.status.success(),
            "{}",
            String::from_utf8_lossy(&ran.stderr)
        );
        String::from_utf8(ran.stdout).unwrap()
    }

    /// The names of all files in the bucket.
    pub(crate) fn names(&self) -> Vec<String> {
        let listed = self.python(
            "for o in c.list_objects_v2(Bucket='bucket').get('Contents', []): print(o['Key'])",
        );
        listed.lines().map(str::to_owned).collect()
    }

    /// The size of a file in the bucket, in bytes.
    pub(crate) fn size(&self, name: &str) -> u64 {
        let size = self.python(&format!(
            "print(c.head_object(Bucket='bucket', Key='{name}')['ContentLength'])"
        ));
        size.trim().parse().unwrap()
    }

    /// How many files are begun and not complete.
    pub(crate) fn begun(&self) -> usize {
        let listed =
            self.python("print(len(c.list_multipart_uploads(Bucket='bucket').get('Uploads', [])))");
        listed.trim().parse().unwrap()
    }

    /// The command, with the credentials of the server.
    pub(crate) fn command(&self, folder: &Folder, arguments: &[&str]) -> Run {
        let mut command = folder.command(arguments);
        command.envs(self.variables(self.port));
        command
    }

    pub(crate) fn variables(&self, port: u16) -> [(&'static str, String); 5] {
        [
            ("AWS_ACCESS_KEY_ID", KEY_ID.to_owned()),
            ("AWS_SECRET_ACCESS_KEY", SECRET.to_owned()),
            ("AWS_DEFAULT_REGION", "us-east-1".to_owned()),
            ("AWS_ENDPOINT_URL", format!("http://127.0.0.1:{port}")),
            ("AWS_ALLOW_HTTP", "true".to_owned()),
        ]
    }

    pub(crate) fn run(&self, folder: &Folder, arguments: &[&str]) -> Said {
        Said::from(self.command(folder, arguments).output().unwrap())
    }

    /// As [`Folder::json`].
    pub(crate) fn json(&self, folder: &Folder, arguments: &[&str]) -> serde_json::Value {
        let said = self.run(folder, &[arguments, &["--json"]].concat());
        assert_eq!((said.code, said.stderr.as_str()), (0, ""), "{arguments:?}");
        serde_json::from_str(&said.stdout).unwrap()
    }

    /// A way to the server that counts the bytes which go there.
    pub(crate) fn counted(&self) -> Proxy {
        Proxy::to(self.port)
    }

    pub(crate) fn stop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.stop();
    }
}

/// Passes everything on, and counts what is sent.
pub(crate) struct Proxy {
    pub(crate) port: u16,
    sent: Arc<AtomicU64>,
}

impl Proxy {
    fn to(server: u16) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let sent = Arc::new(AtomicU64::new(0));
        let counter = sent.clone();
        std::thread::spawn(move || {
            for client in listener.incoming() {
                let (Ok(client), Ok(there)) = (client, TcpStream::connect(("127.0.0.1", server)))
                else {
                    return;
                };
                let (back, forth) = (there.try_clone().unwrap(), client.try_clone().unwrap());
                pass(client, there, Some(counter.clone()));
                pass(back, forth, None);
            }
        });
        Self { port, sent }
    }

    /// How many bytes were sent so far.
    pub(crate) fn sent(&self) -> u64 {
        self.sent.load(Ordering::SeqCst)
    }
}

fn pass(mut from: TcpStream, mut to: TcpStream, counter: Option<Arc<AtomicU64>>) {
    std::thread::spawn(move || {
        let mut buffer = vec![0; 64 << 10];
        while let Ok(read @ 1..) = from.read(&mut buffer) {
            if let Some(counter) = &counter {
                counter.fetch_add(read as u64, Ordering::SeqCst);
            }
            if to.write_all(&buffer[..read]).is_err() {
                break;
            }
        }
        drop(to.shutdown(std::net::Shutdown::Both));
    });
}
