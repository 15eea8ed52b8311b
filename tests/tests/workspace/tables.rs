//! A table belongs to the hub or to a spoke.

use std::collections::BTreeSet;
use std::fs;

use crate::members::root;

/// Tables of a spoke whose rows the hub keeps a copy of, to list them without opening every spoke.
const MIRRORED: [&str; 2] = ["data_sources", "import_history"];

/// The tables of an entity crate, by the file that routes each entity.
fn tables(entities: &str) -> BTreeSet<String> {
    let routing = fs::read_to_string(root().join(entities).join("src/routing.rs")).unwrap();
    let modules = routing
        .split("for crate::")
        .skip(1)
        .filter_map(|rest| rest.split_once("::Entity"));
    let tables: BTreeSet<String> = modules.map(|(module, _)| module.to_owned()).collect();
    assert!(tables.len() > 5, "{entities} has only {tables:?}");
    tables
}

#[test]
fn no_table_is_in_both_databases_but_the_mirrored_ones() {
    let (hub, spoke) = (tables("entity-core"), tables("entity-project"));
    let both: Vec<&String> = hub.intersection(&spoke).collect();
    assert_eq!(both, MIRRORED);
}
