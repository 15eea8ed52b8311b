//! What somebody says about the columns of an input, instead of what is found in their cells.

use crate::asked_type::AskedType;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// What somebody says about the columns of an input, by their names. What is not said is found in their cells.
///
/// Names are compared exactly first, then without regard to case.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Typing {
    /// What stands for NULL in every column.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub nulls: Option<Nulls>,
    /// What stands for NULL in one column, beside that.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub column_nulls: BTreeMap<String, Nulls>,
    /// The types of columns.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub types: BTreeMap<String, AskedType>,
    /// The order of day and month in columns that do not tell it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub date_order: Option<DateOrder>,
}

/// What stands for NULL.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Nulls {
    /// These tokens, as they are written.
    pub tokens: Vec<String>,
    /// And the usual ones, where all other cells of a column have a type.
    pub find: bool,
}

impl Default for Nulls {
    /// What is found.
    fn default() -> Self {
        Self {
            tokens: Vec::new(),
            find: true,
        }
    }
}

/// The order of the parts of a date.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DateOrder {
    /// Day, month, year.
    Dmy,
    /// Month, day, year.
    Mdy,
    /// Year, month, day: a column whose dates begin with day and month stays text.
    Ymd,
}

/// What somebody says about one column.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ColumnTyping {
    /// What stands for NULL in it.
    pub nulls: Nulls,
    /// Its type.
    pub asked: Option<AskedType>,
    /// The order of day and month, where it does not tell it.
    pub date_order: Option<DateOrder>,
}

impl Typing {
    /// Whether nothing is said.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// This, and of `remembered` what is not said here: tokens for all columns, tokens and types column by column, and the
    /// order of dates. [`AskedType::Auto`] takes a remembered type away.
    #[must_use]
    pub fn or(&self, remembered: &Self) -> Self {
        let mut types = over(&self.types, &remembered.types);
        types.retain(|_, asked| *asked != AskedType::Auto);
        Self {
            nulls: self.nulls.clone().or_else(|| remembered.nulls.clone()),
            column_nulls: over(&self.column_nulls, &remembered.column_nulls),
            types,
            date_order: self.date_order.or(remembered.date_order),
        }
    }

    /// What is said about the column of this name.
    #[must_use]
    pub fn of(&self, column: &str) -> ColumnTyping {
        let mut nulls = self.nulls.clone().unwrap_or_default();
        if let Some(more) = named(&self.column_nulls, column) {
            nulls.find &= more.find;
            let new = more.tokens.iter();
            let new = new.filter(|token| !nulls.tokens.contains(token));
            let new: Vec<String> = new.cloned().collect();
            nulls.tokens.extend(new);
        }
        ColumnTyping {
            nulls,
            asked: named(&self.types, column).cloned(),
            date_order: self.date_order,
        }
    }

    /// What was said about the column `from` is said about `to`.
    pub fn rename(&mut self, from: &str, to: &str) {
        rename(&mut self.column_nulls, from, to);
        rename(&mut self.types, from, to);
    }

    /// Of this what is said about all columns, and about those that are `wanted`.
    #[must_use]
    pub fn only(&self, wanted: impl Fn(&str) -> bool) -> Self {
        let mut typing = self.clone();
        typing.column_nulls.retain(|name, _| wanted(name));
        typing.types.retain(|name, _| wanted(name));
        typing
    }

    /// Every token that is named, which a reader must count.
    #[must_use]
    pub fn tokens(&self) -> Vec<String> {
        let rules = self.nulls.iter().chain(self.column_nulls.values());
        let mut tokens: Vec<String> = rules.flat_map(|nulls| nulls.tokens.clone()).collect();
        tokens.sort_unstable();
        tokens.dedup();
        tokens
    }

    /// Notes what stands for NULL, in the words of people: a token; `COL=TOKEN` in one column; `=TOKEN` for one that holds an `=` or is
    /// called `none`; `none`, that none are to be found.
    pub fn say_null(&mut self, said: &str) {
        let (nulls, token) = match said.split_once('=') {
            None => (self.nulls.get_or_insert_default(), said),
            // What `none` means is told from the word itself by the sign before it.
            Some(("", token)) => {
                let nulls = self.nulls.get_or_insert_default();
                nulls.tokens.push(token.to_owned());
                return;
            }
            Some((column, token)) => {
                let nulls = self.column_nulls.entry(column.to_owned());
                (nulls.or_default(), token)
            }
        };
        match token {
            "none" => nulls.find = false,
            token => nulls.tokens.push(token.to_owned()),
        }
    }

    /// The columns that are named.
    pub fn columns(&self) -> impl Iterator<Item = &str> {
        let names = self.types.keys().chain(self.column_nulls.keys());
        names.map(String::as_str)
    }
}

/// What is said of each name in `first`, and of other names in `second`.
fn over<T: Clone>(
    first: &BTreeMap<String, T>,
    second: &BTreeMap<String, T>,
) -> BTreeMap<String, T> {
    let mut both = first.clone();
    for (name, said) in second {
        if named(first, name).is_none() {
            both.insert(name.clone(), said.clone());
        }
    }
    both
}

fn rename<T>(said: &mut BTreeMap<String, T>, from: &str, to: &str) {
    let folded = from.to_lowercase();
    let found = said.keys().find(|name| name.to_lowercase() == folded);
    if let Some(found) = found.cloned().and_then(|name| said.remove(&name)) {
        said.entry(to.to_owned()).or_insert(found);
    }
}

/// What is said of the column `name`.
fn named<'a, T>(said: &'a BTreeMap<String, T>, name: &str) -> Option<&'a T> {
    said.get(name).or_else(|| {
        let folded = name.to_lowercase();
        let mut said = said.iter();
        said.find(|(other, _)| other.to_lowercase() == folded)
            .map(|(_, said)| said)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn typing(nulls: &[(&str, &str)], types: &[(&str, &str)]) -> Typing {
        let mut typing = Typing::default();
        for (column, token) in nulls {
            let rule = typing.column_nulls.entry((*column).to_owned());
            rule.or_default().tokens.push((*token).to_owned());
        }
        for (column, asked) in types {
            let asked = asked.parse().unwrap();
            typing.types.insert((*column).to_owned(), asked);
        }
        typing
    }

    #[test]
    fn what_is_said_again_replaces_what_is_remembered_of_the_same_column() {
        let remembered = typing(&[("a", "0"), ("b", "1")], &[("a", "text"), ("b", "date")]);
        let said = typing(&[("B", "2")], &[("B", "real"), ("c", "time")]);
        let both = said.or(&remembered);
        assert_eq!(
            both,
            typing(
                &[("a", "0"), ("B", "2")],
                &[("a", "text"), ("B", "real"), ("c", "time")]
            )
        );
        let back = typing(&[], &[("A", "auto")]).or(&both);
        assert_eq!(back.types.keys().collect::<Vec<_>>(), ["B", "c"]);
        assert_eq!(Typing::default().or(&remembered), remembered);
    }

    #[test]
    fn a_column_has_its_own_tokens_and_those_of_all() {
        let mut said = typing(&[("Speed", "0"), ("speed ", "x")], &[]);
        said.nulls = Some(Nulls {
            tokens: vec!["-999".to_owned()],
            find: true,
        });
        assert_eq!(said.of("speed").nulls.tokens, ["-999", "0"]);
        assert_eq!(said.of("other").nulls.tokens, ["-999"]);
        assert_eq!(said.tokens(), ["-999", "0", "x"]);
        said.column_nulls.get_mut("Speed").unwrap().find = false;
        assert!(!said.of("speed").nulls.find && said.of("other").nulls.find);
    }

    #[test]
    fn its_json_is_read_back() {
        let mut said = typing(&[("a", "0")], &[("b", "date:%d.%m.%Y")]);
        said.date_order = Some(DateOrder::Dmy);
        let json = serde_json::to_string(&said).unwrap();
        let expected = r#"{"column_nulls":{"a":{"tokens":["0"],"find":true}},"types":{"b":"date:%d.%m.%Y"},"date_order":"dmy"}"#;
        assert_eq!(json, expected);
        assert_eq!(serde_json::from_str::<Typing>(&json).unwrap(), said);
        assert_eq!(serde_json::to_string(&Typing::default()).unwrap(), "{}");
    }
}
