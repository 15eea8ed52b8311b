//! The transcripts of the README are what the command prints.
#![allow(clippy::unwrap_used, missing_docs)]

use std::path::Path;

#[test]
fn the_readme_tells_the_truth() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    std::env::set_current_dir(&root).unwrap();
    let data = tempfile::tempdir().unwrap();
    trycmd::TestCases::new()
        .env("MANIFOLD_DATA_DIR", data.path().to_str().unwrap())
        .case("README.md")
        .run();
}
