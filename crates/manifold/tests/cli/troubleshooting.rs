//! Every error code has its entry in `docs/TROUBLESHOOTING.md`.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

fn workspace() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// Every source file below `folder`, but none of tests.
fn sources(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).unwrap().map(Result::unwrap) {
        let path = entry.path();
        let is_test = path.file_stem().is_some_and(|stem| stem == "tests");
        if path.is_dir() && !is_test {
            sources(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "rs") && !is_test {
            found.push(path);
        }
    }
}

/// What stands in quotes and looks like a code: in the bodies of functions called `code` or `.._code`, and where an
/// error is made with its code; and constants that say so.
fn codes(source: &str, found: &mut BTreeSet<String>) {
    let lines: Vec<&str> = source.lines().collect();
    for (index, line) in lines.iter().enumerate() {
        let starts = ["fn code(", "_code(error: &", "fn named(error: &"]
            .iter()
            .any(|start| line.contains(start));
        if starts && line.contains("fn ") {
            let indent = line.len() - line.trim_start().len();
            let end = format!("{}}}", " ".repeat(indent));
            for line in lines[index..].iter().take_while(|line| **line != end) {
                found.extend(quoted(line));
            }
        }
        if line.trim_start().starts_with("/// The error code of") {
            found.extend(
                lines
                    .get(index + 1)
                    .into_iter()
                    .flat_map(|line| quoted(line)),
            );
        }
        for constructor in ["JobError::failed(", "Self::failed(", "code: \""] {
            if let Some(at) = line.find(constructor) {
                found.extend(quoted(&line[at..]).into_iter().take(1));
            }
        }
    }
}

fn quoted(line: &str) -> Vec<String> {
    let all = |text: &str, is: fn(&char) -> bool| text.chars().all(|c| is(&c) || c == '_');
    let is_code = |text: &&str| {
        !text.is_empty() && (all(text, char::is_ascii_lowercase) || *text == "CRASH_LOOP")
    };
    line.split('"')
        .skip(1)
        .step_by(2)
        .filter(is_code)
        .map(str::to_owned)
        .collect()
}

#[test]
fn every_error_code_has_an_entry_and_every_entry_a_code() {
    let mut files = Vec::new();
    for library in ["manifold", "manifold-store", "manifold-jobs"] {
        sources(
            &workspace().join("crates").join(library).join("src"),
            &mut files,
        );
    }
    let mut codes_found = BTreeSet::new();
    for file in files {
        codes(&std::fs::read_to_string(file).unwrap(), &mut codes_found);
    }
    assert!(
        codes_found.contains("not_found") && codes_found.len() > 40,
        "{codes_found:?}"
    );
    let document = std::fs::read_to_string(workspace().join("docs/TROUBLESHOOTING.md")).unwrap();
    let entries: BTreeSet<String> = document
        .lines()
        .filter_map(|line| {
            line.strip_prefix("### `")?
                .strip_suffix('`')
                .map(str::to_owned)
        })
        .collect();
    let missing: Vec<_> = codes_found.difference(&entries).collect();
    assert!(
        missing.is_empty(),
        "docs/TROUBLESHOOTING.md has no entry for {missing:?}"
    );
    let stale: Vec<_> = entries.difference(&codes_found).collect();
    assert!(
        stale.is_empty(),
        "docs/TROUBLESHOOTING.md has entries for codes that do not exist: {stale:?}"
    );
}
