//! Dependencies point one way.

use std::collections::BTreeMap;

use crate::members::Member;

/// Each member, and the members it may depend on; its tests and benchmarks too.
const MAY_DEPEND_ON: &[(&str, &[&str])] = &[
    ("migration-core", &[]),
    ("migration-project", &[]),
    ("entity-core", &[]),
    ("entity-project", &[]),
    ("manifold-format", &[]),
    (
        "manifold-store",
        &[
            "entity-core",
            "entity-project",
            "migration-core",
            "migration-project",
        ],
    ),
    (
        "manifold-jobs",
        &[
            "entity-core",
            "entity-project",
            "manifold-format",
            "manifold-store",
        ],
    ),
    (
        "manifold",
        &[
            "entity-core",
            "entity-project",
            "manifold-format",
            "manifold-jobs",
            "manifold-store",
        ],
    ),
    (
        "xtask",
        &[
            "entity-core",
            "entity-project",
            "manifold-jobs",
            "manifold-store",
            "migration-core",
            "migration-project",
        ],
    ),
    (
        "manifold-tests",
        &[
            "entity-core",
            "entity-project",
            "manifold-format",
            "manifold-jobs",
            "manifold-store",
        ],
    ),
];

/// What only the tests of a member may depend on: an entity is what its migrations make.
const TESTS_MAY_DEPEND_ON: &[(&str, &str)] = &[
    ("entity-core", "migration-core"),
    ("entity-project", "migration-project"),
];

/// Only `manifold-store` opens a database file.
const DATABASE_DRIVERS: [&str; 4] = ["libsqlite3-sys", "rusqlite", "sqlx", "sqlx-core"];

/// Who else has a driver: jobs speak to servers elsewhere.
const SPEAKS_TO_SERVERS: (&str, &str) = ("manifold-jobs", "sqlx");

#[test]
fn nothing_knows_what_is_above_it() {
    let layers: BTreeMap<&str, &[&str]> = MAY_DEPEND_ON.iter().copied().collect();
    let members = Member::all();
    for member in &members {
        let name = &*member.name;
        let below = layers
            .get(name)
            .unwrap_or_else(|| panic!("say in MAY_DEPEND_ON what `{name}` may depend on"));
        for dependency in &member.dependencies {
            let other = &*dependency.name;
            let is_allowed = members.iter().all(|member| member.name != other)
                || below.contains(&other)
                || (dependency.is_for_tests && TESTS_MAY_DEPEND_ON.contains(&(name, other)));
            assert!(is_allowed, "`{name}` may not depend on `{other}`");
        }
    }
}

#[test]
fn only_the_store_has_a_database_driver() {
    for member in Member::all()
        .iter()
        .filter(|member| member.name != "manifold-store")
    {
        for dependency in member
            .dependencies
            .iter()
            .filter(|dependency| !dependency.is_for_tests)
        {
            let (name, driver) = (&*member.name, &*dependency.name);
            let is_allowed =
                !DATABASE_DRIVERS.contains(&driver) || (name, driver) == SPEAKS_TO_SERVERS;
            assert!(is_allowed, "`{name}` may not depend on `{driver}`");
        }
    }
}

#[test]
fn the_formats_know_no_database() {
    let members = Member::all();
    let format = members
        .iter()
        .find(|member| member.name == "manifold-format")
        .unwrap();
    for dependency in &format.dependencies {
        assert!(
            !dependency.name.starts_with("sea-"),
            "`manifold-format` may not depend on `{}`",
            dependency.name
        );
    }
}
