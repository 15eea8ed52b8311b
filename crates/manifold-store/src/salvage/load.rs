//! Fills a new spoke with what can be read of a damaged one.

use std::path::Path;

use entity_core::{data_sources, projects};
use serde::Serialize;

use super::SalvageError;
use super::damaged_pages;
use super::range::Walk;
use super::schema;
use super::working_copy::WorkingCopy;
use crate::freeze::row_table_number;
use crate::{StagedBuilder, StagedError};

/// What became of a table.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct SalvagedTable {
    /// The table; rows of a source are in `d` and a number.
    pub name: String,
    /// Rows that are in the new project.
    pub saved: u64,
    /// Rows that are lost, at most; `None` where that cannot be told.
    pub lost: Option<u64>,
}

/// A spoke that was filled.
#[derive(Debug)]
pub(super) struct Loaded {
    pub(super) builder: StagedBuilder,
    pub(super) tables: Vec<SalvagedTable>,
    pub(super) damaged_pages: Option<u64>,
}

/// Reads the damaged file and fills the new one; what refers to lost rows is mended.
pub(super) fn load(
    damaged: &Path,
    mut builder: StagedBuilder,
    row: &projects::Model,
    sources: &[data_sources::Model],
) -> Result<Loaded, SalvageError> {
    let copy = WorkingCopy::make(damaged, &builder.blank()?)?;
    let mut tables = Vec::new();
    for (name, columns) in schema::tables(&copy.connection)? {
        match load_table(&copy, &mut builder, &name, &columns) {
            Ok(table) => tables.push(table),
            // A table that no project of this program has, or whose definition is damaged.
            Err(SalvageError::Staged(StagedError::Table { .. })) => tables.push(SalvagedTable {
                name,
                saved: 0,
                lost: None,
            }),
            Err(error) => return Err(error),
        }
    }
    let incomplete: Vec<String> = tables
        .iter()
        .filter(|table| table.lost != Some(0))
        .map(|table| table.name.clone())
        .collect();
    for (name, removed) in builder.mend(row, sources, &incomplete)? {
        if let Some(table) = tables.iter_mut().find(|table| table.name == name) {
            table.saved = table.saved.saturating_sub(removed);
            table.lost = table.lost.map(|lost| lost + removed);
        }
    }
    if tables.iter().all(|table| table.saved == 0) {
        return Err(SalvageError::Nothing {
            path: damaged.to_owned(),
        });
    }
    Ok(Loaded {
        builder,
        tables,
        damaged_pages: damaged_pages::count(damaged)?,
    })
}

fn load_table(
    copy: &WorkingCopy,
    builder: &mut StagedBuilder,
    name: &str,
    columns: &[String],
) -> Result<SalvagedTable, SalvageError> {
    let mut load = builder.table(name, columns)?;
    let Ok(mut walk) = Walk::new(&copy.connection, name, columns) else {
        return Ok(SalvagedTable {
            name: name.to_owned(),
            saved: 0,
            lost: None,
        });
    };
    let (mut saved, mut refused) = (0, 0);
    let unread = walk.run(&mut |cells| -> Result<(), SalvageError> {
        match load.insert(cells) {
            Ok(()) => saved += 1,
            Err(StagedError::Table { .. }) => refused += 1, // a value that the table does not allow
            Err(error) => return Err(error.into()),
        }
        Ok(())
    })?;
    // Ids of rows leave no gaps between them; those of the catalogue may.
    let unread_ids = || -> u64 {
        unread
            .ranges
            .iter()
            .map(|range| range.end().abs_diff(*range.start()) + 1)
            .sum()
    };
    let lost = match (unread.ranges.is_empty(), row_table_number(name)) {
        _ if unread.is_open => None,
        (true, _) => Some(refused),
        (false, Some(_)) => Some(refused + unread_ids()),
        (false, None) => None,
    };
    Ok(SalvagedTable {
        name: name.to_owned(),
        saved,
        lost,
    })
}
