//! Rows as JSON Lines.

use std::collections::HashSet;
use std::io::{self, Write as _};

use manifold_format::Value;
use serde_json::{Map, Value as Json};

use super::value::JsonValue;
use super::{Heading, RowWriter, Sink};
use crate::output::OutputError;

/// Writes a JSON object for each row. Columns of the same name get `_2`, `_3` and so on.
pub(super) struct JsonLinesWriter {
    out: Sink,
    /// The names as JSON, with the colon.
    keys: Vec<String>,
}

impl JsonLinesWriter {
    pub(super) fn new(out: Sink) -> Self {
        Self {
            out,
            keys: Vec::new(),
        }
    }
}

impl RowWriter for JsonLinesWriter {
    fn columns(&mut self, columns: Vec<Heading>) -> Result<(), OutputError> {
        let names = columns.into_iter().map(|column| column.name).collect();
        self.keys = unique(names)
            .into_iter()
            .map(|name| format!("{}:", Json::from(name)))
            .collect();
        Ok(())
    }

    fn row(&mut self, values: &[Value<'_>]) -> Result<(), OutputError> {
        self.out.write_all(b"{")?;
        for (index, (key, value)) in self.keys.iter().zip(values).enumerate() {
            if index > 0 {
                self.out.write_all(b",")?;
            }
            self.out.write_all(key.as_bytes())?;
            serde_json::to_writer(&mut self.out, &JsonValue(*value)).map_err(io::Error::from)?;
        }
        Ok(self.out.write_all(b"}\n")?)
    }

    fn finish(mut self: Box<Self>, _trailer: Map<String, Json>) -> Result<(), OutputError> {
        Ok(self.out.flush()?)
    }
}

/// The names, each once: later ones of the same name are numbered.
pub(crate) fn unique(names: Vec<String>) -> Vec<String> {
    let given: HashSet<String> = names.iter().cloned().collect();
    let mut taken: HashSet<String> = HashSet::new();
    let mut unique = Vec::with_capacity(names.len());
    for name in names {
        let mut candidate = name.clone();
        let mut number = 1_u64;
        while taken.contains(&candidate) || (number > 1 && given.contains(&candidate)) {
            number += 1;
            candidate = format!("{name}_{number}");
        }
        taken.insert(candidate.clone());
        unique.push(candidate);
    }
    unique
}

#[cfg(test)]
mod tests {
    use super::unique;

    #[test]
    fn equal_names_are_numbered_and_no_given_name_is_taken() {
        let names = |names: &[&str]| {
            names
                .iter()
                .map(|&name| name.to_owned())
                .collect::<Vec<_>>()
        };
        assert_eq!(
            unique(names(&["a", "a", "a_2", "a"])),
            ["a", "a_3", "a_2", "a_4"]
        );
        assert_eq!(unique(names(&["a", "b"])), ["a", "b"]);
    }
}
