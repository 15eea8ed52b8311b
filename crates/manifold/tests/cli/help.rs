//! What `--help` says, of every command there is.

use crate::folder::{Folder, snapshots};

/// The commands below `parents`, as its help lists them.
fn commands(help: &str) -> Vec<String> {
    let listed = help.lines().skip_while(|line| *line != "Commands:").skip(1);
    let listed = listed.take_while(|line| line.starts_with("  "));
    let names = listed.filter_map(|line| {
        line.strip_prefix("  ")?
            .split_whitespace()
            .next()
            .map(str::to_owned)
    });
    names.filter(|name| name != "help").collect()
}

fn every_help(folder: &Folder, path: &mut Vec<String>, found: &mut Vec<(String, String)>) {
    let mut arguments: Vec<&str> = path.iter().map(String::as_str).collect();
    arguments.push("--help");
    let help = folder.ok(&arguments);
    let below = commands(&help);
    found.push((
        ["manifold"]
            .iter()
            .copied()
            .chain(path.iter().map(String::as_str))
            .collect::<Vec<_>>()
            .join("-"),
        help,
    ));
    for command in below {
        path.push(command);
        every_help(folder, path, found);
        path.pop();
    }
}

#[test]
fn every_command_explains_itself() {
    let folder = Folder::new();
    let mut found = Vec::new();
    every_help(&folder, &mut Vec::new(), &mut found);
    assert!(found.len() > 25, "only {} commands", found.len());
    snapshots(&folder).bind(|| {
        for (name, help) in &found {
            insta::assert_snapshot!(format!("help-{name}"), help);
        }
    });
    assert!(
        !folder.path("data").exists(),
        "asking for help makes nothing"
    );
}

#[test]
fn completions_name_every_noun() {
    let folder = Folder::new();
    let nouns = commands(&folder.ok(&["--help"]));
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let script = folder.ok(&["completions", shell]);
        for noun in &nouns {
            assert!(script.contains(noun), "{shell} does not complete {noun}");
        }
    }
    assert!(!folder.path("data").exists());
}

#[test]
fn the_version_is_told() {
    assert_eq!(
        Folder::new().ok(&["--version"]),
        format!("manifold {}\n", env!("CARGO_PKG_VERSION"))
    );
}
