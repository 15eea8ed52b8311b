//! `examples/sync.sh` does what it says, and the README's second transcript is what it prints.

use std::io::{BufRead as _, BufReader, Write as _};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Serves the files of a folder until the process ends; returns the address.
fn serve(folder: PathBuf) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let mut request = BufReader::new(stream.try_clone().unwrap()).lines();
            let first = request.next().unwrap().unwrap();
            while request.next().is_some_and(|line| !line.unwrap().is_empty()) {}
            let path = first.split(' ').nth(1).unwrap().trim_start_matches('/');
            let answer = match std::fs::read(folder.join(path)) {
                Ok(body) => {
                    let mut answer = format!(
                        "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nConnection: close\r\nContent-Length: {}\r\n\r\n",
                        body.len()
                    )
                    .into_bytes();
                    answer.extend(body);
                    answer
                }
                Err(_) => {
                    b"HTTP/1.1 404 Not Found\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"
                        .to_vec()
                }
            };
            drop(stream.write_all(&answer));
        }
    });
    format!("http://127.0.0.1:{port}/api")
}

/// Runs the script; returns what it printed and its folder.
fn run(into: &Path, reports: Option<&str>) -> (String, PathBuf) {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let folder = into.join("shop");
    let mut script = Command::new("sh");
    script
        .arg(root.join("examples/sync.sh"))
        .arg(&folder)
        .env("MANIFOLD", env!("CARGO_BIN_EXE_manifold"))
        .env("API", serve(folder.clone()));
    if let Some(reports) = reports {
        script.env("REPORTS", reports);
    }
    let output = script.output().unwrap();
    let printed = String::from_utf8(output.stdout).unwrap();
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{printed}\n{errors}");
    (printed, folder)
}

/// What is left of the third version of every side.
const REVENUE: &str =
    "city,revenue\nGhent,3754.5\nGraz,1773.55\nLyon,1536.15\nTurku,1127.35\nPorto,783.4\n";

#[test]
fn the_example_ends_with_the_right_rows() {
    let into = tempfile::tempdir().unwrap();
    let (printed, folder) = run(into.path(), None);
    let revenue = std::fs::read_to_string(folder.join("revenue.csv")).unwrap();
    assert_eq!(revenue, REVENUE);
    let commands = printed.lines().filter(|line| line.starts_with("$ "));
    assert!(commands.count() < 15);
    let reports = rusqlite::Connection::open(folder.join("reports.sqlite")).unwrap();
    let sql = "SELECT count(*), sum(quantity), sum(id) FROM orders";
    let found = reports.query_row(sql, [], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)));
    assert_eq!(found.unwrap(), totals());
    in_order(&readme(), &printed);
}

/// Rows, and the sums of `quantity` and `id`, of the orders in the files that the other side has in the end.
fn totals() -> (i64, i64, i64) {
    let pages = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples/data/shop/api-3");
    let mut totals = (0, 0, 0);
    for page in std::fs::read_dir(pages).unwrap() {
        let text = std::fs::read_to_string(page.unwrap().path()).unwrap();
        let page: serde_json::Value = serde_json::from_str(&text).unwrap();
        for order in page["data"].as_array().unwrap() {
            totals.0 += 1;
            totals.1 += order["quantity"].as_i64().unwrap();
            totals.2 += order["id"].as_i64().unwrap();
        }
    }
    totals
}

/// The lines of the README's transcript of the script.
fn readme() -> Vec<String> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../README.md");
    let text = std::fs::read_to_string(path).unwrap();
    let (_, transcript) = text.split_once("```text\n$ examples/sync.sh").unwrap();
    let (transcript, _) = transcript.split_once("```").unwrap();
    let lines = transcript.lines().skip(1);
    lines
        .filter(|line| !line.is_empty())
        .map(str::to_owned)
        .collect()
}

/// Every line is printed, one after the other; `[..]` stands for anything.
fn in_order(lines: &[String], printed: &str) {
    assert!(lines.len() > 5);
    let mut left = printed.lines();
    for line in lines {
        let parts: Vec<&str> = line.split("[..]").collect();
        let fits = |found: &str| {
            let mut rest = found;
            found.starts_with(parts[0])
                && found.ends_with(parts[parts.len() - 1])
                && parts.iter().all(|part| match rest.split_once(part) {
                    Some((_, behind)) => {
                        rest = behind;
                        true
                    }
                    None => false,
                })
        };
        assert!(
            left.any(fits),
            "the README says `{line}`, printed was\n{printed}"
        );
    }
}
