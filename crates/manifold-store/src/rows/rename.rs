//! A column that goes on under another name.

use super::error::ImportError;
use super::records::IncomingColumn;
use super::snapshot::Snapshot;
use crate::name;
use serde::{Deserialize, Serialize};

/// What somebody says of a stored column whose name the input may not have.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rename {
    /// Its name in the latest snapshot, without regard to case if no name is exactly this.
    pub stored: String,
    /// The column of the input that it goes on as; `None`: as none, whatever they have in common.
    pub incoming: Option<String>,
}

impl Rename {
    /// `names` of stored columns, with those that are renamed under their new names.
    #[must_use]
    pub fn follow(renames: &[Self], names: &[String]) -> Vec<String> {
        let new = |name: &String| {
            let is = |rename: &&Self| name::fold(&rename.stored) == name::fold(name);
            let to = renames.iter().find(is);
            let to = to.and_then(|rename| rename.incoming.clone());
            to.unwrap_or_else(|| name.clone())
        };
        names.iter().map(new).collect()
    }
}

/// A stored column that goes on under another name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RenamedColumn {
    /// Its name in the snapshot before.
    pub from: String,
    /// Its name now.
    pub to: String,
    /// Why.
    pub why: RenameReason,
}

/// Why a column is another one under a new name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RenameReason {
    /// Somebody says so.
    Asked,
    /// Of its first values.
    SameValues {
        /// so many are the same, each as often as both have it,
        same: usize,
        /// of so many.
        of: usize,
    },
}

/// Gives each column of the input that is named in `renames` the stored column that it is, and returns these, and the stored
/// columns that go on as none.
///
/// # Errors
/// [`ImportError::NoStoredColumn`], [`ImportError::NoIncomingColumn`], [`ImportError::BothColumns`].
pub(super) fn apply(
    renames: &[Rename],
    previous: &Snapshot,
    incoming: &[IncomingColumn],
    found: &mut [Option<usize>],
) -> Result<(Vec<RenamedColumn>, Vec<usize>), ImportError> {
    let (mut renamed, mut ended) = (Vec::new(), Vec::new());
    let stored_names = || previous.columns.iter().map(|column| column.name.as_str());
    let incoming_names = || incoming.iter().map(|column| column.name.as_str());
    for rename in renames {
        let stored = place(&stored_names(), &rename.stored);
        let stored = stored.ok_or_else(|| ImportError::NoStoredColumn {
            column: rename.stored.clone(),
            columns: stored_names().map(str::to_owned).collect(),
        })?;
        let Some(to) = &rename.incoming else {
            ended.push(stored);
            continue;
        };
        let at = place(&incoming_names(), to).ok_or_else(|| ImportError::NoIncomingColumn {
            column: to.clone(),
            columns: incoming_names().map(str::to_owned).collect(),
        })?;
        if found[at] == Some(stored) {
            continue; // they differ by case only
        }
        let both = |which| ImportError::BothColumns {
            stored: rename.stored.clone(),
            incoming: to.clone(),
            which,
        };
        if found.contains(&Some(stored)) {
            return Err(both("the input"));
        }
        if found[at].is_some() {
            return Err(both("the latest snapshot"));
        }
        found[at] = Some(stored);
        renamed.push(RenamedColumn {
            from: previous.columns[stored].name.clone(),
            to: incoming[at].name.clone(),
            why: RenameReason::Asked,
        });
    }
    Ok((renamed, ended))
}

/// The place of the column that `wanted` means.
fn place<'a>(names: &(impl Iterator<Item = &'a str> + Clone), wanted: &str) -> Option<usize> {
    let folded = wanted.to_lowercase();
    let exact = names.clone().position(|name| name == wanted);
    exact.or_else(|| names.clone().position(|name| name.to_lowercase() == folded))
}
