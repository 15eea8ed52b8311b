//! One file, one noun: long files are split.

use crate::sources::Source;

/// The most lines of a file; 130 are usual.
const MOST_LINES: usize = 400;

#[test]
fn no_file_is_longer_than_can_be_read_at_once() {
    let mut long = Vec::new();
    for source in Source::rust() {
        let lines = source.text.lines().count();
        if lines > MOST_LINES && !source.is_test() && !source.is_generated() {
            long.push(format!("{}: {lines} lines", source.path));
        }
    }
    assert!(long.is_empty(), "split by noun:\n{}", long.join("\n"));
}
