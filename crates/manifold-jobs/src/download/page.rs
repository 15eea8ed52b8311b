//! Web pages in the place of data.

/// How much of an answer is looked at, in bytes.
pub(super) const LOOKED_AT: usize = 4 << 10;

/// The longest title that is told, in characters.
const LONGEST_TITLE: usize = 80;

/// Whether data that begin so are a web page; its title, if it has one in `start`.
pub(super) fn page(start: &[u8]) -> Option<Option<String>> {
    let start = String::from_utf8_lossy(&start[..start.len().min(LOOKED_AT)]);
    let mut text = start.trim_start_matches('\u{feff}').trim_start();
    while let Some(comment) = text.strip_prefix("<!--") {
        text = comment
            .split_once("-->")
            .map_or("", |(_, after)| after)
            .trim_start();
    }
    let lower = text.to_ascii_lowercase();
    if !lower.starts_with("<!doctype html") && !lower.starts_with("<html") {
        return None;
    }
    let title = lower.find("<title").and_then(|at| {
        let from = at + lower[at..].find('>')? + 1;
        let to = from + lower[from..].find('<')?;
        let words: Vec<_> = text.get(from..to)?.split_whitespace().collect();
        Some(words.join(" ").chars().take(LONGEST_TITLE).collect())
    });
    Some(title.filter(|title: &String| !title.is_empty()))
}

#[cfg(test)]
mod tests {
    use super::page;

    #[test]
    fn pages_are_told_from_data() {
        let titled = |title: &str| Some(Some(title.to_owned()));
        assert_eq!(
            page(
                b"\xef\xbb\xbf\n<!DOCTYPE html>\n<html><head><title lang='en'>\n Log  in </title>"
            ),
            titled("Log in")
        );
        assert_eq!(page(b"<!-- x --> <HTML><TITLE>404</TITLE>"), titled("404"));
        assert_eq!(page(b"<html><body>no"), Some(None));
        for data in [
            &b"a,b\n1,<html>\n"[..],
            b"",
            b"<!-- a,b",
            b"<?xml version='1.0'?>",
            b"<htm",
        ] {
            assert_eq!(page(data), None, "{data:?}");
        }
    }
}
