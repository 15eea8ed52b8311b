//! Files that cannot be imported: each is named with what is wrong and the way out, and nothing changes.

use std::path::PathBuf;

use entity_core::enums::JobState;
use manifold_jobs::import::Reading;
use manifold_jobs::jobs::ImportFile;
use manifold_store::{ImportSource, SourceId};

use crate::store::Store;

async fn refused(store: &Store, job: ImportFile, code: &str, parts: &[&str]) {
    let before = store.dump();
    let shown = job.file.path.display().to_string();
    let checked = job
        .file
        .check(&job.target.key_columns, &job.target.typing, 64 << 20)
        .await;
    let finished = store.run(job).await;
    let error = finished.outcome.unwrap_err();
    let message = error.to_string();
    assert_eq!(error.code(), code, "{message}");
    for part in parts.iter().chain([&shown.as_str()]) {
        assert!(message.contains(part), "`{part}` in `{message}`");
    }
    assert_eq!(finished.job.state, JobState::Failed);
    assert_eq!(finished.job.error_code.as_deref(), Some(code));
    assert_eq!(
        checked.unwrap_err().to_string(),
        message,
        "a look at the file says the same"
    );
    assert_eq!(store.dump(), before);
    let line = store.history().await.pop().unwrap();
    assert_eq!(
        (line.state, line.error.as_deref()),
        (entity_project::enums::ImportState::Failed, Some(&*message))
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_opened() {
    let store = Store::new().await;
    let job = |path: PathBuf| store.import_of(&path);
    refused(
        &store,
        job(store.folder.path().join("none.csv")),
        "file_missing",
        &["check the path"],
    )
    .await;
    let file = store.write("file.csv", "a\n");
    refused(
        &store,
        job(file.join("below.csv")),
        "file_missing",
        &["check the path"],
    )
    .await;
    refused(
        &store,
        job(store.folder.path().to_owned()),
        "file_is_folder",
        &["name a file in it"],
    )
    .await;
}

#[cfg(unix)]
#[tokio::test(flavor = "multi_thread")]
async fn what_may_not_be_read() {
    use std::os::unix::fs::PermissionsExt as _;
    let store = Store::new().await;
    let path = store.write("secret.csv", "a\n1\n");
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o000)).unwrap();
    if std::fs::File::open(&path).is_ok() {
        return; // an administrator may read everything
    }
    refused(
        &store,
        store.import_of(&path),
        "file_unreadable",
        &["check who may read it"],
    )
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_no_delimited_text() {
    let store = Store::new().await;
    let wide = (0..2_500)
        .map(|n| format!("c{n}"))
        .collect::<Vec<_>>()
        .join(",");
    let files: [(&str, Vec<u8>, &str, &[&str]); 6] = [
        ("empty.csv", Vec::new(), "empty_file", &["0 bytes"]),
        (
            "image.csv",
            b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0".to_vec(),
            "binary_file",
            &["convert"],
        ),
        (
            "wide.csv",
            b"\xff\xfe\0\0a\0\0\0,\0\0\0b\0\0\0\n\0\0\0".to_vec(),
            "unsupported_encoding",
            &["UTF-32LE", "iconv"],
        ),
        (
            "quote.csv",
            b"\"a,b\n1,2\n".to_vec(),
            "not_a_header",
            &["line 1", "--no-header"],
        ),
        (
            "columns.csv",
            wide.into_bytes(),
            "too_many_columns",
            &["2500", "1990"],
        ),
        (
            "cut.csv.gz",
            b"\x1f\x8b\x08\0\0\0\0\0\0\x03\x4b".to_vec(),
            "damaged_gzip",
            &["truncated"],
        ),
    ];
    for (name, bytes, code, parts) in files {
        let path = store.write(name, bytes);
        refused(&store, store.import_of(&path), code, parts).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_asked_for_wrongly() {
    let store = Store::new().await;
    let path = store.write("a.csv", "id,name\n1,x\n");
    let mut job = store.import_of(&path);
    job.target.key_columns = vec!["ID".to_owned(), "nr".to_owned()];
    refused(&store, job, "missing_key_column", &["`nr`", "id, name"]).await;
    for delimiter in ['ß', '"', '☃'] {
        let mut job = store.import_of(&path);
        job.file.reading = Reading {
            delimiter: Some(delimiter),
            ..Reading::default()
        };
        refused(&store, job, "invalid_delimiter", &["ASCII"]).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_source_that_is_not_there() {
    let store = Store::new().await;
    let mut job = store.import_of(&store.write("a.csv", "a\n1\n"));
    job.target.source = ImportSource::Id(SourceId::new());
    let finished = store.run(job).await;
    assert_eq!(finished.outcome.unwrap_err().code(), "not_found");
    assert!(store.history().await.is_empty());
}
