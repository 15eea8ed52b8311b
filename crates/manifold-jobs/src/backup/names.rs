//! The names of the folders of backups.

use chrono::{DateTime, Utc};
use entity_core::enums::BackupType;

/// The longest part of a file name that comes from a person's name, in bytes.
const LONGEST_NAME: usize = 80;

/// The name of a backup's folder: what it is of, its type, when (UTC), and the end of its id.
pub(super) fn folder_name(
    project: &str,
    backup_type: BackupType,
    at: DateTime<Utc>,
    id: &str,
) -> String {
    let telling_nothing = sealed_name(at, id);
    format!("{}-{backup_type}-{telling_nothing}", file_stem(project))
}

/// The name of the folder of an encrypted backup: when (UTC), and the end of its id.
pub(super) fn sealed_name(at: DateTime<Utc>, id: &str) -> String {
    let end: Vec<char> = id.chars().rev().take(8).collect();
    let end: String = end.into_iter().rev().collect();
    format!("{}-{}", at.format("%Y%m%dT%H%M%SZ"), file_stem(&end))
}

/// Whether a folder may be that of an encrypted backup, by its name.
pub(super) fn is_sealed_name(name: &str) -> bool {
    let time = name.split('-').next().unwrap_or_default();
    chrono::NaiveDateTime::parse_from_str(time, "%Y%m%dT%H%M%SZ").is_ok()
}

/// A person's name as a part of a file name that every system takes.
pub(super) fn file_stem(name: &str) -> String {
    let mut stem = String::new();
    for character in name.chars() {
        if stem.len() + character.len_utf8() > LONGEST_NAME {
            break;
        }
        stem.push(if character.is_alphanumeric() || "-_".contains(character) {
            character
        } else {
            '_'
        });
    }
    if stem.is_empty() {
        "_".to_owned()
    } else {
        stem
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_become_file_names() {
        for (name, stem) in [
            ("aviation", "aviation"),
            ("ça va 日本", "ça_va_日本"),
            ("../../etc", "______etc"),
            ("a\"b'c\\d", "a_b_c_d"),
            ("🚀", "_"),
            ("", "_"),
        ] {
            assert_eq!(file_stem(name), stem);
        }
        assert!(file_stem(&"é".repeat(200)).len() <= LONGEST_NAME);
        let at = "2026-11-22T10:00:00Z".parse().unwrap();
        let name = folder_name("My data", BackupType::Full, at, "0123456789abcdef");
        assert_eq!(name, "My_data-full-20261122T100000Z-89abcdef");
        assert!(!is_sealed_name(&name) && !is_sealed_name("segments"));
        assert!(is_sealed_name(&sealed_name(at, "0123456789abcdef")));
    }
}
