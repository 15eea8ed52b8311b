//! Names that people give: what may be one, and when two are the same.

use crate::StoreError;

/// The longest name, in characters.
pub const LONGEST_NAME: usize = 200;

/// The name without regard to case: two names with the same fold are the same name.
#[must_use]
pub fn fold(name: &str) -> String {
    name.to_lowercase()
}

/// Checks a name of a `project`, `source` or `model`; spaces at either end are cut off.
///
/// Any script, quotes and emoji are fine; what cannot be seen, or reads as a path, is not.
///
/// # Errors
/// [`StoreError::InvalidName`] with the reason.
pub fn check(what: &'static str, name: &str) -> Result<String, StoreError> {
    let name = name.trim();
    let reason = if name.is_empty() {
        "it is empty"
    } else if name.chars().count() > LONGEST_NAME {
        "it has more than 200 characters"
    } else if name.chars().any(char::is_control) {
        "it has control characters"
    } else if name.contains(['/', '\\']) {
        "it has a path separator"
    } else if name == "." || name == ".." {
        "it names a folder"
    } else {
        return Ok(name.to_owned());
    };
    let name = name
        .chars()
        .take(60)
        .map(|c| if c.is_control() { '\u{fffd}' } else { c })
        .collect();
    Err(StoreError::InvalidName { what, name, reason })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keeps_what_people_write() {
        for name in [
            "Flights",
            "ça va",
            "日本 \"quoted\"",
            "🚀",
            "o'brien",
            "a.b",
            " padded ",
        ] {
            assert_eq!(check("project", name).unwrap(), name.trim());
        }
        assert_eq!(fold("ÄRGER"), fold("ärger"));
    }

    #[test]
    fn says_why_not() {
        for (name, reason) in [
            ("", "empty"),
            ("   ", "empty"),
            ("a/b", "separator"),
            ("a\\b", "separator"),
            ("..", "folder"),
            ("a\nb", "control"),
            (&"x".repeat(10_000), "200"),
        ] {
            let error = check("project", name).unwrap_err().to_string();
            assert!(error.contains(reason) && error.len() < 200, "{error}");
        }
    }
}
