//! The tables of a JSON input, learned from all of its records.

use super::key::Key;
use super::options::JsonOptions;
use super::scalar::{KeyCell, Scalar};
use super::tagged::Tagged;
use super::value::{elements, members, unescaped};
use crate::column::{Column, names};
use crate::error::ReadError;
use crate::reader::{Reference, Table};
use crate::table_evidence::TableEvidence;
use crate::typed_cell::TypedCell;
use crate::verdict::Verdict;
use serde_json::json;
use std::collections::HashMap;
use std::sync::Arc;

/// The most tables within tables.
const MOST_TABLES: usize = 200;

/// The tables of an input. A table is the records at one place: the input itself, a member of its envelope, or an
/// array of objects within the records of another table.
pub(super) struct Schema {
    pub(super) tables: Vec<TableSchema>,
    unnest: bool,
    max_columns: usize,
    null_tokens: Arc<[String]>,
}

/// What the records of one table consist of.
pub(super) struct TableSchema {
    /// Its name in the input; `None` for the one that is called like the input.
    pub(super) name: Option<String>,
    /// The table in whose records it lies.
    pub(super) parent: Option<usize>,
    /// The keys from a record of the parent, or from the envelope, to the array.
    pub(super) path: Vec<Vec<u8>>,
    pub(super) nodes: Vec<Node>,
    pub(super) key: Key,
    evidence: TableEvidence,
    /// What the keys of the parent's records are, one for each record.
    parent_keys: TableEvidence,
    /// The place of each column among the nodes.
    places: Vec<usize>,
    has_children: bool,
}

/// A place in the records of a table.
#[derive(Default)]
pub(super) struct Node {
    pub(super) below: HashMap<Vec<u8>, usize>,
    pub(super) column: Option<usize>,
    /// The table of the objects in the arrays here.
    table: Option<usize>,
    path: Vec<Vec<u8>>,
}

impl Node {
    /// Whether `value`, which is at this place, is the rows of another table.
    pub(super) fn is_table_of(&self, value: &[u8]) -> bool {
        self.table.is_some() && value.starts_with(b"[") && is_table(value)
    }
}

/// What identifies the rows of a table for the rows within them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Identity {
    /// Nothing is within them.
    None,
    /// One of their members.
    Member,
    /// A column that is made: `_row`.
    Made,
}

impl Schema {
    pub(super) fn new(options: &JsonOptions) -> Self {
        Self {
            tables: Vec::new(),
            unnest: options.unnest,
            max_columns: options.max_columns,
            null_tokens: options.null_tokens.clone(),
        }
    }

    /// Adds a table of records that are not within others.
    pub(super) fn add_root(&mut self, path: Vec<Vec<u8>>) -> Result<usize, ReadError> {
        let name = (!path.is_empty()).then(|| dotted(&path));
        self.add(name, None, path)
    }

    fn add(
        &mut self,
        name: Option<String>,
        parent: Option<usize>,
        path: Vec<Vec<u8>>,
    ) -> Result<usize, ReadError> {
        if self.tables.len() == MOST_TABLES {
            return Err(ReadError::TooManyTables { limit: MOST_TABLES });
        }
        self.tables.push(TableSchema {
            name,
            parent,
            path,
            nodes: vec![Node::default()],
            key: Key::default(),
            evidence: TableEvidence::counting(self.null_tokens.clone(), 0),
            parent_keys: TableEvidence::new(1),
            places: Vec::new(),
            has_children: false,
        });
        Ok(self.tables.len() - 1)
    }

    /// Learns from a record, a checked value. `within`: the key of the record that it is within.
    ///
    /// # Errors
    /// [`ReadError::TooManyColumns`], [`ReadError::TooManyTables`].
    pub(super) fn learn(
        &mut self,
        table: usize,
        record: &[u8],
        within: Option<&KeyCell>,
    ) -> Result<(), ReadError> {
        let found = &mut self.tables[table];
        if found.parent.is_some() {
            let key = within.map_or(TypedCell::Null, KeyCell::cell);
            found.parent_keys.count(0, key);
            found.parent_keys.end_row();
        }
        let key = if self.unnest {
            let name = found.path.last().map(|key| String::from_utf8_lossy(key));
            let name = name.unwrap_or_default().into_owned();
            found.key.learn(record, &name)
        } else {
            None
        };
        if record.starts_with(b"{") {
            self.learn_members(table, 0, record, key.as_ref())?;
        } else {
            self.learn_cell(table, 0, record)?;
        }
        self.tables[table].evidence.end_row();
        Ok(())
    }

    fn learn_members(
        &mut self,
        table: usize,
        node: usize,
        object: &[u8],
        key: Option<&KeyCell>,
    ) -> Result<(), ReadError> {
        for (name, value) in members(object) {
            let node = self.node(table, node, &unescaped(name));
            match value[0] {
                b'{' if members(value).next().is_some() && Tagged::of(value).is_none() => {
                    self.learn_members(table, node, value, key)?;
                }
                b'[' if self.unnest && is_table(value) => {
                    let child = self.child(table, node)?;
                    for record in elements(value) {
                        self.learn(child, record, key)?;
                    }
                }
                _ => self.learn_cell(table, node, value)?,
            }
        }
        Ok(())
    }

    fn node(&mut self, table: usize, above: usize, name: &[u8]) -> usize {
        let nodes = &mut self.tables[table].nodes;
        if let Some(found) = nodes[above].below.get(name) {
            return *found;
        }
        let index = nodes.len();
        let mut path = nodes[above].path.clone();
        path.push(name.to_vec());
        nodes[above].below.insert(name.to_vec(), index);
        nodes.push(Node {
            path,
            ..Node::default()
        });
        index
    }

    fn child(&mut self, table: usize, node: usize) -> Result<usize, ReadError> {
        let parent = &self.tables[table];
        if let Some(child) = parent.nodes[node].table {
            return Ok(child);
        }
        let path = parent.nodes[node].path.clone();
        let field = dotted(&path);
        let name = match &parent.name {
            Some(name) => format!("{name}.{field}"),
            None => field,
        };
        let child = self.add(Some(name), Some(table), path)?;
        let parent = &mut self.tables[table];
        parent.nodes[node].table = Some(child);
        parent.has_children = true;
        Ok(child)
    }

    fn learn_cell(&mut self, table: usize, node: usize, value: &[u8]) -> Result<(), ReadError> {
        let limit = self.max_columns;
        let found = &mut self.tables[table];
        let column = match found.nodes[node].column {
            Some(column) => column,
            None => {
                // Two more may be made.
                if found.evidence.columns() + 2 >= limit {
                    let found = limit + 1;
                    return Err(ReadError::TooManyColumns { found, limit });
                }
                let column = found.evidence.add_column();
                found.nodes[node].column = Some(column);
                found.places.push(node);
                column
            }
        };
        found.evidence.count(column, Scalar::of(value).cell());
        Ok(())
    }

    /// Everything was learned.
    pub(super) fn settle(&mut self) {
        for table in &mut self.tables {
            table.key.settle();
        }
        let mut roots = self
            .tables
            .iter_mut()
            .filter(|table| table.parent.is_none());
        // The only table of an envelope is called like the input, and those within it without its name.
        if let (Some(only), None) = (roots.next(), roots.next())
            && let Some(name) = only.name.take()
        {
            let before = format!("{name}.");
            for child in &mut self.tables {
                let within = child.name.as_deref().and_then(|n| n.strip_prefix(&before));
                child.name = within.map(str::to_owned).or(child.name.take());
            }
        }
        let given: Vec<Vec<u8>> = self
            .tables
            .iter()
            .filter_map(|table| table.name.clone().map(String::into_bytes))
            .collect();
        let mut shown = names(&given).into_iter();
        for table in &mut self.tables {
            if table.name.is_some() {
                table.name = shown.next().map(|(name, _)| name);
            }
        }
    }

    /// What identifies the rows of a table for the rows within them.
    pub(super) fn identity(&self, table: usize) -> Identity {
        let table = &self.tables[table];
        match (table.has_children, table.key.member()) {
            (false, _) => Identity::None,
            (true, Some(_)) => Identity::Member,
            (true, None) => Identity::Made,
        }
    }

    /// The evidence over all columns of a table: those that are made, then those of its records.
    fn evidence(&self, index: usize) -> TableEvidence {
        let table = &self.tables[index];
        let mut evidence = table.evidence.clone();
        if let Some(parent) = table.parent {
            let keys = match self.identity(parent) {
                Identity::Member => table.parent_keys.clone(),
                _ => TableEvidence::made(evidence.rows(), self.tables[parent].parent.is_none()),
            };
            evidence.prepend(keys);
        }
        if self.identity(index) == Identity::Made {
            evidence.prepend(TableEvidence::made(evidence.rows(), table.parent.is_none()));
        }
        evidence
    }

    /// What the columns of a table amount to.
    pub(super) fn verdicts(&self, table: usize) -> Vec<Verdict> {
        self.evidence(table).verdicts()
    }

    pub(super) fn rows(&self, table: usize) -> u64 {
        self.tables[table].evidence.rows()
    }

    /// How many columns the records of a table have, without those that are made.
    pub(super) fn width(&self, table: usize) -> usize {
        self.tables[table].places.len()
    }

    fn columns(&self, index: usize) -> Vec<Column> {
        let table = &self.tables[index];
        let mut given = Vec::new();
        if self.identity(index) == Identity::Made {
            given.push(b"_row".to_vec());
        }
        if table.parent.is_some() {
            given.push(b"_parent".to_vec());
        }
        given.extend(table.places.iter().map(|place| {
            let path = &table.nodes[*place].path;
            if path.is_empty() {
                b"value".to_vec()
            } else {
                path.join(&b'.')
            }
        }));
        self.evidence(index).proposed(given)
    }

    /// The tables as readers of every format show them.
    pub(super) fn tables(&self) -> Vec<Table> {
        let unnest = self.unnest;
        let columns: Vec<_> = (0..self.tables.len()).map(|i| self.columns(i)).collect();
        let tables = self.tables.iter().enumerate();
        tables
            .map(|(index, table)| Table {
                name: table.name.clone(),
                references: table
                    .parent
                    .and_then(|parent| self.reference(index, parent, &columns))
                    .into_iter()
                    .collect(),
                columns: columns[index].clone(),
                reading: json!({ "table": table.name, "unnest": unnest }),
            })
            .collect()
    }

    /// How the records of a table refer to those that they are within.
    fn reference(&self, table: usize, parent: usize, columns: &[Vec<Column>]) -> Option<Reference> {
        let (own, to) = (
            usize::from(self.identity(table) == Identity::Made),
            match self.tables[parent].key.member() {
                None => 0,
                Some(member) => {
                    let found = &self.tables[parent];
                    let node = found.nodes[0].below.get(member)?;
                    let made = usize::from(found.parent.is_some());
                    made + found.nodes[*node].column?
                }
            },
        );
        Some(Reference {
            columns: vec![columns[table].get(own)?.name.clone()],
            table: parent,
            to_columns: vec![columns[parent].get(to)?.name.clone()],
        })
    }
}

/// Whether a checked array holds objects and nothing else, at least one.
pub(super) fn is_table(array: &[u8]) -> bool {
    let mut elements = elements(array).peekable();
    elements.peek().is_some() && elements.all(|element| element[0] == b'{')
}

pub(super) fn dotted(path: &[Vec<u8>]) -> String {
    String::from_utf8_lossy(&path.join(&b'.')).into_owned()
}
