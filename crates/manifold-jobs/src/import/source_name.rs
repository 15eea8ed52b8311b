//! How a source is called that a file goes into.

/// The name of a file without `.gz` or `.zst` and without its extension.
///
/// ```
/// use manifold_jobs::import::source_name;
/// assert_eq!(source_name("planes.2013.csv.gz"), "planes.2013");
/// ```
#[must_use]
pub fn source_name(file_name: &str) -> &str {
    let plain = match file_name.rsplit_once('.') {
        Some((plain, packed)) if ["gz", "zst"].iter().any(|p| packed.eq_ignore_ascii_case(p)) => {
            plain
        }
        _ => file_name,
    };
    match plain.rsplit_once('.') {
        Some((stem, _)) if !stem.is_empty() => stem,
        _ => plain,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_source_is_called_like_its_file() {
        for (file, source) in [
            ("planes.csv", "planes"),
            ("planes.csv.gz", "planes"),
            ("planes.CSV.GZ", "planes"),
            ("planes.csv.zst", "planes"),
            ("a.b.csv", "a.b"),
            ("planes", "planes"),
            (".csv", ".csv"),
            ("gz", "gz"),
        ] {
            assert_eq!(source_name(file), source);
        }
    }
}
