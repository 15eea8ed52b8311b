//! How much of a project a backup holds.

use std::collections::BTreeSet;

use entity_core::{TableCount, backups};

/// How much of a project a backup holds, as far as the hub knows it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Extent {
    /// All of it.
    Whole,
    /// The catalogue, and the rows of the sources with these tables, such as `d1`. Without any: the catalogue alone.
    Tables(BTreeSet<String>),
}

impl Extent {
    /// Of a backup that holds these tables. One that was not completed holds none yet.
    #[must_use]
    pub fn new(with_data: bool, tables: &[TableCount]) -> Self {
        if with_data {
            return Self::Whole;
        }
        let names = tables.iter().map(|table| table.name.clone());
        Self::Tables(names.filter(|name| holds_rows(name)).collect())
    }

    /// Of a backup as the hub lists it.
    #[must_use]
    pub fn of(backup: &backups::Model) -> Self {
        let tables = backup.tables.as_ref().map(|tables| tables.0.as_slice());
        Self::new(backup.with_data, tables.unwrap_or_default())
    }
}

/// Whether a table of a project holds the rows of a source: then its name is `d` and a number.
fn holds_rows(name: &str) -> bool {
    let number = name.strip_prefix('d').unwrap_or_default();
    !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_tables_of_rows_tell_which_sources_a_backup_holds() {
        let names = ["data_sources", "d1", "d", "d12", "dx", "snapshots"];
        let tables = names.map(|name| TableCount {
            name: name.to_owned(),
            rows: 0,
            hash: String::new(),
        });
        let of_sources = BTreeSet::from(["d1", "d12"].map(str::to_owned));
        assert_eq!(Extent::new(false, &tables), Extent::Tables(of_sources));
        assert_eq!(Extent::new(true, &tables), Extent::Whole);
    }
}
