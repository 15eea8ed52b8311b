//! One development build: `cargo run`, `cargo xtask` and `cargo test --workspace` build every package with the same
//! features, so that none of them builds SeaORM, SQLite and the rest again for itself.
//!
//! Cargo gives a package the features that the members being built ask for. `manifold` and `xtask` therefore list a few
//! packages that their code does not use, each only because something else in the workspace asks it for more:
//!
//! | package | asked for more by |
//! |---|---|
//! | `age`, `object_store`, `reqwest`, `rustls` (all that they ask of others) | `manifold-jobs` |
//! | `cc` (parallel) | `zstd`, which `xtask` does not have |
//! | `crossbeam-utils` (default) | `trycmd`, through `rayon` |
//! | `digest` (mac) | `sqlx` for servers, through `hmac` |
//! | `darling` (default) | `croner`, through `derive_builder` |
//! | `futures-channel` (default) | `reqwest`, through `hyper-util` |
//! | `getrandom` (std, sys_rng) | `proptest`, through `rand` |
//! | `regex` (default) | `insta` and the entity generator |
//! | `serde_core` (default) | `csv` |
//! | `smallvec` (const_new) | `reqwest`, through `idna` |
//! | `tracing-subscriber` (default, json) | `manifold` |

use std::collections::{BTreeMap, BTreeSet};
use std::fs;

use crate::members::{cargo, root};

/// Package and version, and the feature sets it is built with.
type Features = BTreeMap<String, BTreeSet<String>>;

fn features(arguments: &[&str]) -> Features {
    let mut found = Features::new();
    let tree = cargo(
        &[
            &["tree", "--prefix", "none", "--format", "{p}|{f}"],
            arguments,
        ]
        .concat(),
    );
    for line in tree.lines() {
        let Some((package, features)) = line.split_once('|') else {
            continue;
        };
        let name_and_version = package.split(' ').take(2).collect::<Vec<_>>().join(" ");
        let features = features.trim_end_matches(" (*)").to_owned();
        found.entry(name_and_version).or_default().insert(features);
    }
    assert!(found.len() > 100, "only {} packages", found.len());
    found
}

/// What `member` alone builds otherwise than the workspace does, one line for each package.
fn differences(member: &str, alone: &str, together: &str) -> Vec<String> {
    let together = features(&["--workspace", "--edges", together]);
    let alone = features(&["--package", member, "--edges", alone]);
    let mut differences = Vec::new();
    for (package, ours) in alone
        .into_iter()
        .filter(|(package, _)| !package.starts_with(member))
    {
        let theirs = together.get(&package).cloned().unwrap_or_default();
        differences.extend(ours.difference(&theirs).map(|features| {
            format!("{package}: [{features}] for `{member}` alone, {theirs:?} for the workspace")
        }));
    }
    differences
}

#[test]
fn a_member_built_alone_has_the_features_of_the_workspace() {
    let mut all = Vec::new();
    for member in ["manifold", "xtask"] {
        // Once what ends up in the program, once also what builds it: macros and build scripts.
        all.extend(differences(
            member,
            "normal,no-proc-macro",
            "normal,dev,no-proc-macro",
        ));
        all.extend(differences(member, "normal,build", "normal,build,dev"));
    }
    all.sort();
    all.dedup();
    assert!(
        all.is_empty(),
        "built twice, with different features; list the package in the member's Cargo.toml, beside the others that its \
         code does not use, with the features of the workspace:\n{}",
        all.join("\n")
    );
}

/// Without the setting Cargo leaves the debug information out of a package that only macros and build scripts use. Which
/// packages those are depends on the members being built: `xtask` uses `syn`, so with it every macro was built again.
#[test]
fn macros_are_built_alike_for_every_member() {
    let manifest = fs::read_to_string(root().join("Cargo.toml")).unwrap();
    let setting = |header: &str| {
        let (_, section) = manifest
            .split_once(&format!("\n[{header}]\n"))
            .unwrap_or_else(|| panic!("no [{header}]"));
        section
            .lines()
            .find(|line| line.starts_with("debug = "))
            .map(str::to_owned)
            .unwrap()
    };
    assert_eq!(
        setting("profile.dev.build-override"),
        setting("profile.dev")
    );
}
