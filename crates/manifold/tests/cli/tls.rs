//! Files that are fetched over HTTPS. The certificates in `tls` are made for these tests alone.

use std::io::{BufRead as _, BufReader, Write as _};
use std::net::TcpListener;
use std::path::PathBuf;
use std::sync::Arc;

use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{ServerConfig, ServerConnection, StreamOwned};

use crate::folder::Folder;

fn certificate(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
        .join("tests/cli/tls")
        .join(name)
}

/// Serves one file over HTTPS as `localhost`, and returns the port.
fn serve() -> u16 {
    drop(rustls::crypto::ring::default_provider().install_default());
    let chain = vec![CertificateDer::from_pem_file(certificate("localhost.pem")).unwrap()];
    let key = PrivateKeyDer::from_pem_file(certificate("localhost.key.pem")).unwrap();
    let config = ServerConfig::builder()
        .with_no_client_auth()
        .with_single_cert(chain, key)
        .unwrap();
    let config = Arc::new(config);
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let session = ServerConnection::new(config.clone()).unwrap();
            let mut stream = BufReader::new(StreamOwned::new(session, stream.unwrap()));
            let mut line = String::new();
            // Who does not trust the certificate sends no request.
            while stream.read_line(&mut line).is_ok_and(|read| read > 2) {
                line.clear();
            }
            let body = "id,name\n1,anna\n2,bert\n";
            let answer = format!(
                "HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n{body}",
                body.len()
            );
            drop(stream.get_mut().write_all(answer.as_bytes()));
        }
    });
    port
}

#[test]
fn a_file_comes_over_https_from_whom_is_trusted_alone() {
    let folder = Folder::new();
    let port = serve();
    let import = |host: &str, authority: &str| {
        let address = format!("https://{host}:{port}/people.csv");
        folder
            .command(&[
                "import",
                &address,
                "--project",
                "p",
                "--create-project",
                "--json",
            ])
            .env("SSL_CERT_FILE", certificate(authority))
            .output()
            .unwrap()
    };
    // Its certificate names another host; nobody vouches for it.
    for (host, authority) in [("127.0.0.1", "ca.pem"), ("localhost", "localhost.pem")] {
        let refused = import(host, authority);
        let said = String::from_utf8(refused.stderr).unwrap();
        assert_eq!(refused.status.code(), Some(1), "{said}");
        assert!(said.contains("certificate"), "{said}");
    }
    let taken = import("localhost", "ca.pem");
    let said = String::from_utf8_lossy(&taken.stderr);
    assert_eq!(taken.status.code(), Some(0), "{said}");
    let imported: serde_json::Value = serde_json::from_slice(&taken.stdout).unwrap();
    assert_eq!(imported["snapshots"][0]["row_count"], 2);
}
