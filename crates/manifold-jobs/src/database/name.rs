//! The name of a table elsewhere.

use std::fmt;

use super::DatabaseKind;

/// The name of a table, with that of its schema where one is given.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct TableName {
    pub(crate) schema: Option<String>,
    pub(crate) table: String,
}

impl TableName {
    /// What `schema.table` or `table` names; a part in double quotes may have a point in it. `None` when it names no table.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let mut parts = vec![String::new()];
        let (mut quoted, mut letters) = (false, text.trim().chars().peekable());
        while let Some(letter) = letters.next() {
            match letter {
                '"' if quoted && letters.peek() == Some(&'"') => {
                    letters.next();
                    parts.last_mut()?.push('"');
                }
                '"' => quoted = !quoted,
                '.' if !quoted => parts.push(String::new()),
                letter if letter.is_control() => return None,
                letter => parts.last_mut()?.push(letter),
            }
        }
        let table = parts.pop()?;
        let schema = parts.pop();
        let is_name = |name: &String| !name.is_empty();
        let fits = !quoted && parts.is_empty() && is_name(&table);
        (fits && schema.as_ref().is_none_or(is_name)).then_some(Self { schema, table })
    }

    /// The name as the database takes it.
    pub(crate) fn quoted(&self, kind: DatabaseKind) -> String {
        let table = kind.quoted(&self.table);
        match &self.schema {
            Some(schema) => format!("{}.{table}", kind.quoted(schema)),
            None => table,
        }
    }

    /// Another table beside this one.
    pub(crate) fn beside(&self, table: &str) -> Self {
        Self {
            schema: self.schema.clone(),
            table: table.to_owned(),
        }
    }
}

impl fmt::Display for TableName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let part = |f: &mut fmt::Formatter<'_>, name: &str| {
            if name.contains(['.', '"']) {
                write!(f, "\"{}\"", name.replace('"', "\"\""))
            } else {
                f.write_str(name)
            }
        };
        if let Some(schema) = &self.schema {
            part(f, schema)?;
            f.write_str(".")?;
        }
        part(f, &self.table)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn what_names_no_table_is_refused() {
        for text in ["", ".", "a.", ".b", "a.b.c", "\"a", "a\nb"] {
            assert_eq!(TableName::parse(text), None, "{text}");
        }
    }

    proptest! {
        #[test]
        fn a_name_is_read_as_it_is_shown(schema in prop::option::of("[a-z.\" ]*[a-z]"), table in "[A-Za-z.\"]*[a-z]") {
            let schema = schema.map(|schema| schema.trim().to_owned());
            let name = TableName { schema, table };
            prop_assert_eq!(TableName::parse(&name.to_string()), Some(name));
        }
    }
}
