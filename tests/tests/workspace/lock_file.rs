//! What the lock file may hold.

use crate::members::root;

/// Name and version of every package.
fn packages() -> Vec<(String, String)> {
    let text = std::fs::read_to_string(root().join("Cargo.lock")).unwrap();
    let value = |package: &str, key: &str| {
        let line = package
            .lines()
            .find_map(|line| line.strip_prefix(&format!("{key} = \"")));
        line.unwrap().trim_end_matches('"').to_owned()
    };
    text.split("[[package]]")
        .skip(1)
        .map(|package| (value(package, "name"), value(package, "version")))
        .collect()
}

fn major_minor(version: &str) -> (u64, u64) {
    let mut numbers = version.split('.').map(|number| number.parse().unwrap());
    (numbers.next().unwrap(), numbers.next().unwrap())
}

/// Before 3.51.3, which libsqlite3-sys 0.37 brings, SQLite can lose commits; two copies of it in one process drop each
/// other's locks.
#[test]
fn there_is_one_sqlite_and_it_loses_no_commits() {
    let packages = packages();
    let copies: Vec<&str> = packages
        .iter()
        .filter(|(name, _)| name == "libsqlite3-sys")
        .map(|(_, version)| &**version)
        .collect();
    let [version] = copies[..] else {
        panic!("libsqlite3-sys is there as {copies:?}")
    };
    assert!(major_minor(version) >= (0, 37), "libsqlite3-sys {version}");

    // The last two are for WebAssembly only.
    let known = [
        "libsqlite3-sys",
        "rusqlite",
        "sqlx-sqlite",
        "rsqlite-vfs",
        "sqlite-wasm-rs",
    ];
    for (name, version) in &packages {
        let is_sqlite =
            name.contains("sqlite") || name.starts_with("libsql") || name.contains("turso");
        assert!(
            !is_sqlite || known.contains(&&**name),
            "{name} {version} may be another SQLite"
        );
    }
}

#[test]
fn packages_that_were_decided_against_stay_out() {
    for (name, version) in packages() {
        let refused = match &*name {
            "rusqlite" => major_minor(&version) >= (0, 40), // it links another libsqlite3-sys than sqlx does
            "seaography" | "openssl-sys" => true,
            _ => name.starts_with("apalis"),
        };
        assert!(!refused, "{name} {version}");
    }
}
