//! The columns of merged rows.

use manifold_store::name::fold;

use super::SyncError;
use super::incoming::Identity;

/// The column that says when a row was deleted where it came from.
pub(crate) const DELETED_AT: &str = "deleted_at";

/// The columns of merged rows: those of the latest snapshot, and behind them those that are new.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Columns {
    pub(super) names: Vec<String>,
    /// Where a column of the snapshot's rows is.
    pub(super) stored: Vec<Option<usize>>,
    /// Where a column of the rows that came is.
    pub(super) incoming: Vec<Option<usize>>,
    /// Where the cells of the rows that came, by which they are compared, are in the snapshot's rows.
    pub(super) of_incoming: Vec<Option<usize>>,
    /// What identifies a row of the snapshot.
    pub(super) identity: Vec<Option<usize>>,
    /// The column that says when a row was deleted, where rows are marked; always the last one if the snapshot has none.
    pub(super) deleted_at: Option<usize>,
}

impl Columns {
    /// `marks`: whether deleted rows are marked.
    pub(super) fn new(
        stored: &[String],
        incoming: &[String],
        identity: &Identity,
        marks: bool,
    ) -> Result<Self, SyncError> {
        let place = column_place;
        let mut columns = Self {
            names: stored.to_vec(),
            stored: (0..stored.len()).map(Some).collect(),
            incoming: stored.iter().map(|name| place(incoming, name)).collect(),
            of_incoming: incoming.iter().map(|name| place(stored, name)).collect(),
            identity: Vec::new(),
            deleted_at: None,
        };
        for (index, name) in incoming.iter().enumerate() {
            if columns.of_incoming[index].is_none() {
                columns.add(name, Some(index));
            }
        }
        columns.identity = match identity {
            Identity::Content => columns.of_incoming.clone(),
            Identity::Key(of) => of.iter().map(|index| columns.of_incoming[*index]).collect(),
        };
        if let (Identity::Key(of), false) = (identity, stored.is_empty()) {
            let missing = of
                .iter()
                .find(|index| columns.of_incoming[**index].is_none());
            if let Some(&missing) = missing {
                return Err(SyncError::MissingKeyColumn {
                    key: incoming[missing].clone(),
                    columns: stored.to_vec(),
                });
            }
        }
        if marks {
            if place(incoming, DELETED_AT).is_some() {
                return Err(SyncError::DeletedAtTaken {
                    column: DELETED_AT.to_owned(),
                });
            }
            columns.deleted_at = place(stored, DELETED_AT);
            if columns.deleted_at.is_none() {
                columns.deleted_at = Some(columns.names.len());
                columns.add(DELETED_AT, None);
            }
        }
        Ok(columns)
    }

    fn add(&mut self, name: &str, incoming: Option<usize>) {
        self.names.push(name.to_owned());
        self.stored.push(None);
        self.incoming.push(incoming);
    }
}

/// Where a column of this name is, whatever the case of its letters.
pub(super) fn column_place(names: &[String], name: &str) -> Option<usize> {
    let folded = fold(name);
    names.iter().position(|other| fold(other) == folded)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(names: &[&str]) -> Vec<String> {
        names.iter().map(|name| (*name).to_owned()).collect()
    }

    #[test]
    fn new_columns_stand_behind_those_that_were_there() {
        let (stored, incoming) = (names(&["id", "old", "v"]), names(&["V", "new", "ID"]));
        let key = Identity::Key(vec![2]);
        let columns = Columns::new(&stored, &incoming, &key, true).unwrap();
        assert_eq!(columns.names, ["id", "old", "v", "new", "deleted_at"]);
        assert_eq!(columns.incoming, [Some(2), None, Some(0), Some(1), None]);
        assert_eq!(columns.of_incoming, [Some(2), None, Some(0)]);
        assert_eq!(
            (columns.identity, columns.deleted_at),
            (vec![Some(0)], Some(4))
        );
    }

    #[test]
    fn what_would_be_mistaken_is_refused() {
        let key = Identity::Key(vec![0]);
        let missing = Columns::new(&names(&["a"]), &names(&["b"]), &key, false);
        assert_eq!(missing.unwrap_err().code(), "missing_key_column");
        let taken = Columns::new(&names(&["a"]), &names(&["a", "Deleted_At"]), &key, true);
        assert_eq!(taken.unwrap_err().code(), "deleted_at_taken");
    }
}
