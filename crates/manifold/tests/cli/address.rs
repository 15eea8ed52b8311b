//! Imports of what is fetched, and of stdin.

use std::io::{BufRead as _, BufReader, Write as _};
use std::net::TcpListener;

use serde_json::json;

use crate::folder::Folder;

/// Serves one file to everybody, and says where.
fn serve(head: &'static str, body: &'static str) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let lines = BufReader::new(stream.try_clone().unwrap()).lines();
            lines
                .take_while(|line| line.as_ref().is_ok_and(|line| !line.is_empty()))
                .for_each(drop);
            drop(write!(
                stream,
                "HTTP/1.1 {head}Content-Length: {}\r\n\r\n{body}",
                body.len()
            ));
        }
    });
    format!("http://{address}")
}

#[test]
fn an_address_is_a_file() {
    let folder = Folder::new();
    let server = serve("200 OK\r\n", "tailnum,seats\nN1,55\nN2,4\n");
    let address = format!("{server}/data/planes.csv?year=2013&key=${{env:KEY}}");
    let import = [
        "import",
        &address,
        "--project",
        "p",
        "--create-project",
        "--json",
    ];
    let said = folder
        .command(&import)
        .env("KEY", "hunter2")
        .output()
        .unwrap();
    assert_eq!(
        said.status.code(),
        Some(0),
        "{}",
        String::from_utf8_lossy(&said.stderr)
    );
    let imported: serde_json::Value = serde_json::from_slice(&said.stdout).unwrap();
    let snapshot = &imported["snapshots"][0];
    assert_eq!(
        (&snapshot["source_name"], &snapshot["row_count"]),
        (&json!("planes"), &json!(2))
    );
    let unset = folder.fails(&["import", &address, "--project", "p"]);
    assert_eq!(unset, (1, "variable_not_set".to_owned()));

    let plain = format!("{server}/planes.csv");
    let planned = folder.json(&["import", &plain, "--project", "p", "--dry-run"]);
    assert_eq!(planned["plan"]["unchanged"], true);
    let written = folder.json(&[
        "import",
        &plain,
        "--project",
        "p",
        "--source",
        "s",
        "--detach",
    ]);
    assert_eq!(written["job"]["kind"], "import_file");
    folder.ok(&["worker", "--once"]);
    assert_eq!(
        folder.json(&["snapshot", "show", "p", "s@1"])["snapshot"]["row_count"],
        2
    );
    let history = folder.json(&["import-history", "p"]);
    assert_eq!(history["imports"][0]["file_name"], "planes.csv");
}

#[test]
fn addresses_that_cannot_be_used_are_told_before_anything_is_made() {
    let folder = Folder::new();
    folder.ok(&["init"]);
    for (address, code) in [
        ("https://me:hunter2@example.org/x.csv", "secret_literal"),
        (
            "https://example.org/x.csv?api_key=hunter2",
            "secret_literal",
        ),
        ("https://", "invalid_url"),
    ] {
        let import = ["import", address, "--project", "p", "--create-project"];
        let (exit, error) = folder.error(&import);
        assert_eq!((exit, &error["code"]), (1, &json!(code)), "{address}");
        assert!(!error.to_string().contains("hunter2"), "{error}");
    }
    let server = serve("404 Not Found\r\n", "no");
    let missing = folder.run(&[
        "import",
        &format!("{server}/x.csv"),
        "--project",
        "p",
        "--create-project",
    ]);
    assert_eq!(missing.code, 1);
    assert!(
        missing.stderr.contains("404 Not Found"),
        "{}",
        missing.stderr
    );
    assert_eq!(folder.json(&["project", "list"])["projects"], json!([]));
}

#[test]
fn stdin_is_a_file() {
    let folder = Folder::new();
    let mut import = folder.command(&[
        "import",
        "-",
        "--project",
        "p",
        "--create-project",
        "--json",
    ]);
    let said = import.write_stdin("a,b\n1,2\n\"3\",4\n").output().unwrap();
    let imported: serde_json::Value = serde_json::from_slice(&said.stdout).unwrap();
    assert_eq!(imported["snapshots"][0]["source_name"], "stdin");
    let mut import = folder.command(&["import", "-", "--project", "p", "--source", "s", "--json"]);
    let said = import
        .write_stdin("[{\"a\":1},{\"a\":2}]")
        .output()
        .unwrap();
    let imported: serde_json::Value = serde_json::from_slice(&said.stdout).unwrap();
    assert_eq!(
        (
            &imported["snapshots"][0]["source_name"],
            &imported["snapshots"][0]["row_count"]
        ),
        (&json!("s"), &json!(2))
    );
    let exported = folder.ok(&[
        "export",
        "p",
        "--source",
        "stdin",
        "--original",
        "--to",
        "-",
    ]);
    assert_eq!(exported, "a,b\n1,2\n\"3\",4\n");
    let detached = folder.fails(&["import", "-", "--project", "p", "--detach"]);
    assert_eq!(detached, (2, "usage".to_owned()));
}
