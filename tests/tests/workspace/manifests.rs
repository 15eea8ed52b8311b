//! What every member's manifest says.

use std::fs;

use crate::members::{Member, root};

/// Header and lines of each section of a manifest, without comments.
fn sections(manifest: &str) -> Vec<(&str, Vec<&str>)> {
    let mut sections = vec![("", Vec::new())];
    for line in manifest
        .lines()
        .map(str::trim)
        .filter(|line| !line.is_empty() && !line.starts_with('#'))
    {
        match line
            .strip_prefix('[')
            .and_then(|line| line.strip_suffix(']'))
        {
            Some(header) => sections.push((header, Vec::new())),
            None => sections.last_mut().unwrap().1.push(line),
        }
    }
    sections
}

/// Whether an entry takes version and features from the workspace; it may be optional.
fn is_inherited(entry: &str) -> bool {
    match entry.split_once('=') {
        Some((name, "  true" | " true")) => name.trim_end().ends_with(".workspace"),
        Some((_, table)) => {
            let inside = table
                .trim()
                .strip_prefix('{')
                .and_then(|table| table.strip_suffix('}'));
            let keys: Vec<_> = inside
                .unwrap_or_default()
                .split(',')
                .map(str::trim)
                .collect();
            keys.contains(&"workspace = true")
                && keys
                    .iter()
                    .all(|key| matches!(*key, "workspace = true" | "optional = true"))
        }
        None => false,
    }
}

#[test]
fn every_member_has_the_lints_and_the_package_keys_of_the_workspace() {
    for member in Member::all() {
        let text = fs::read_to_string(root().join(&member.folder).join("Cargo.toml")).unwrap();
        let sections = sections(&text);
        let section = |header: &str| {
            let found = sections.iter().find(|(name, _)| *name == header);
            &found
                .unwrap_or_else(|| panic!("{} has no [{header}]", member.name))
                .1
        };
        assert_eq!(section("lints"), &["workspace = true"], "{}", member.name);
        for key in ["version", "edition", "rust-version", "license", "publish"] {
            let line = format!("{key}.workspace = true");
            assert!(
                section("package").contains(&&*line),
                "{}: {line}",
                member.name
            );
        }
    }
}

/// An entry with features of its own would give a lone build of that member another feature set.
#[test]
fn every_dependency_comes_from_the_workspace() {
    let mut own = Vec::new();
    for member in Member::all() {
        let text = fs::read_to_string(root().join(&member.folder).join("Cargo.toml")).unwrap();
        for (header, lines) in sections(&text)
            .into_iter()
            .filter(|(header, _)| header.contains("dependencies"))
        {
            assert!(
                header.ends_with("dependencies"),
                "{}: write [{header}] as one line",
                member.name
            );
            let entries = lines.into_iter().filter(|line| !is_inherited(line));
            own.extend(entries.map(|line| format!("{}: {line}", member.name)));
        }
    }
    assert!(
        own.is_empty(),
        "not taken from [workspace.dependencies]:\n{}",
        own.join("\n")
    );
}

#[test]
fn inherited_entries_are_told_from_others() {
    for inherited in [
        "x.workspace = true",
        "x = { workspace = true }",
        "x = { workspace = true, optional = true }",
    ] {
        assert!(is_inherited(inherited), "{inherited}");
    }
    for own in [
        "x = \"1\"",
        "x = { workspace = true, features = [\"y\"] }",
        "x = { path = \"../x\" }",
        "x.workspace = 1",
    ] {
        assert!(!is_inherited(own), "{own}");
    }
}
