//! Values for the parameters of a statement.

use rusqlite::types::Value;

use super::tokenizer::{Token, TokenKind};

/// Values by parameter name: `from` binds `:from`, `@from` and `$from`; `2` binds `?2` and the
/// second `?`.
///
/// Values are given as text. A text that prints back byte for byte as an integer (64 bits) or a
/// decimal number (`1.5`, `1.0`, `1e300`) is bound as that, any other (`007`, `+5`, `12.50`) as text.
/// Stored cells have no affinity, so `2013 = '2013'` is false in both directions: compare a text
/// column with `CAST(:id AS TEXT)` and a column of decimals with `CAST(:price AS REAL)`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Parameters {
    values: Vec<(String, Value)>,
}

/// Why the values given do not fit the statement's parameters.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ParameterError {
    /// A parameter has no value.
    #[error("the parameter {parameter} has no value; give one for each of: {}", .parameters.join(", "))]
    Missing {
        /// The parameter as the statement writes it.
        parameter: String,
        /// All parameters of the statement, in order.
        parameters: Vec<String>,
    },
    /// A value fits no parameter.
    #[error("the statement has no parameter `{name}`; {}", parameter_list(.parameters))]
    Unknown {
        /// The name given.
        name: String,
        /// All parameters of the statement, in order.
        parameters: Vec<String>,
    },
    /// A value was given twice.
    #[error("the parameter `{name}` has two values; give one")]
    Duplicate {
        /// The name given.
        name: String,
    },
}

fn parameter_list(parameters: &[String]) -> String {
    if parameters.is_empty() {
        "it has none".to_owned()
    } else {
        format!("it has: {}", parameters.join(", "))
    }
}

/// A parameter of a statement.
struct Slot<'a> {
    /// Its index for SQLite, from 1.
    index: usize,
    /// As the statement writes it, numbered if it is a bare `?`.
    written: String,
    /// What values are given under.
    name: &'a str,
}

impl Slot<'_> {
    fn takes(&self, name: &str) -> bool {
        if self.name.is_empty() {
            name.parse() == Ok(self.index)
        } else {
            self.name == name
        }
    }
}

impl Parameters {
    /// Adds a value for the parameter `name`, with or without its `:`, `@`, `$` or `?`.
    ///
    /// # Errors
    ///
    /// [`ParameterError::Duplicate`] if it has one.
    pub fn insert(&mut self, name: &str, text: &str) -> Result<(), ParameterError> {
        let name = name.strip_prefix([':', '@', '$', '?']).unwrap_or(name);
        if self.values.iter().any(|(known, _)| known == name) {
            return Err(ParameterError::Duplicate {
                name: name.to_owned(),
            });
        }
        self.values.push((name.to_owned(), value_of(text)));
        Ok(())
    }

    /// The value for each parameter in `tokens`, by SQLite's index.
    ///
    /// # Errors
    ///
    /// [`ParameterError::Missing`], [`ParameterError::Unknown`].
    pub(super) fn resolve(
        &self,
        tokens: &[Token<'_>],
    ) -> Result<Vec<(usize, &Value)>, ParameterError> {
        let slots = slots(tokens);
        let written = || {
            slots
                .iter()
                .map(|slot| slot.written.clone())
                .collect::<Vec<_>>()
        };
        if let Some((name, _)) = self
            .values
            .iter()
            .find(|(name, _)| !slots.iter().any(|slot| slot.takes(name)))
        {
            return Err(ParameterError::Unknown {
                name: name.clone(),
                parameters: written(),
            });
        }
        slots
            .iter()
            .map(
                |slot| match self.values.iter().find(|(name, _)| slot.takes(name)) {
                    Some((_, value)) => Ok((slot.index, value)),
                    None => Err(ParameterError::Missing {
                        parameter: slot.written.clone(),
                        parameters: written(),
                    }),
                },
            )
            .collect()
    }
}

/// The parameters in `tokens`, each once, numbered as SQLite does.
fn slots<'a>(tokens: &[Token<'a>]) -> Vec<Slot<'a>> {
    let mut slots: Vec<Slot<'a>> = Vec::new();
    let mut highest = 0;
    for token in tokens
        .iter()
        .filter(|token| token.kind == TokenKind::Parameter)
    {
        let slot = match token.text.strip_prefix('?') {
            Some("") => Slot {
                index: highest + 1,
                written: format!("?{}", highest + 1),
                name: "",
            },
            // SQLite refuses a number beyond its limit, so the statement never gets here with one.
            Some(number) => Slot {
                index: number.parse().unwrap_or(usize::MAX),
                written: token.text.to_owned(),
                name: "",
            },
            None => Slot {
                index: highest + 1,
                written: token.text.to_owned(),
                name: &token.text[1..],
            },
        };
        let known = slots.iter().any(|other| {
            if slot.name.is_empty() {
                other.index == slot.index
            } else {
                other.written == slot.written
            }
        });
        if !known {
            highest = highest.max(slot.index);
            slots.push(slot);
        }
    }
    slots
}

/// The number that prints back as `text`, or the text.
fn value_of(text: &str) -> Value {
    if let Ok(integer) = text.parse::<i64>()
        && integer.to_string() == text
    {
        return Value::Integer(integer);
    }
    if let Ok(real) = text.parse::<f64>()
        && real.is_finite()
        && text.contains(['.', 'e'])
        && (format!("{real}") == text || format!("{real:?}") == text)
    {
        return Value::Real(real);
    }
    Value::Text(text.to_owned())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use rusqlite::Connection;

    use super::super::tokenizer::tokens;
    use super::*;

    fn resolve(sql: &str, given: &[(&str, &str)]) -> Result<Vec<(usize, Value)>, ParameterError> {
        let mut parameters = Parameters::default();
        for (name, text) in given {
            parameters.insert(name, text)?;
        }
        Ok(parameters
            .resolve(&tokens(sql))?
            .into_iter()
            .map(|(index, value)| (index, value.clone()))
            .collect())
    }

    #[test]
    fn only_what_prints_back_is_a_number() {
        for (text, integer) in [
            ("0", 0),
            ("-7", -7),
            ("2013", 2013),
            ("9223372036854775807", i64::MAX),
        ] {
            assert_eq!(value_of(text), Value::Integer(integer));
        }
        for (text, real) in [("1.5", 1.5), ("1.0", 1.0), ("-0.0", -0.0), ("1e300", 1e300)] {
            assert_eq!(value_of(text), Value::Real(real));
        }
        for text in [
            "",
            "007",
            "+5",
            "12.50",
            "1_000",
            "-0",
            "inf",
            "NaN",
            "1e5",
            " 1",
            "9223372036854775808",
        ] {
            assert_eq!(value_of(text), Value::Text(text.to_owned()), "{text}");
        }
    }

    #[test]
    fn one_name_binds_all_its_spellings() {
        let one = Value::Integer(1);
        assert_eq!(
            resolve("SELECT :a, @a, $a, :a", &[("a", "1")]),
            Ok(vec![(1, one.clone()), (2, one.clone()), (3, one)])
        );
    }

    #[test]
    fn numbers_are_sqlites() {
        let sql = "SELECT ?3, :x, ?, ?3, ?, ':y'";
        let bound = resolve(sql, &[("3", "c"), ("x", "d"), ("?5", "e"), ("6", "f")]).unwrap();
        let connection = Connection::open_in_memory().unwrap();
        let mut statement = connection.prepare(sql).unwrap();
        for (index, value) in &bound {
            statement.raw_bind_parameter(*index, value).unwrap();
        }
        let mut rows = statement.raw_query();
        let row = rows.next().unwrap().unwrap();
        let cells: Vec<String> = (0..6).map(|index| row.get(index).unwrap()).collect();
        assert_eq!(cells, ["c", "d", "e", "c", "f", ":y"]);
    }

    proptest! {
        /// Whatever SQLite compiles has the parameters that are found in its tokens.
        #[test]
        fn slots_are_those_that_sqlite_finds(pieces in prop::collection::vec(prop::sample::select(PIECES), 1..12)) {
            let sql = format!("SELECT {}", pieces.concat());
            let connection = Connection::open_in_memory().unwrap();
            if let Ok(statement) = connection.prepare(&sql) {
                let all = tokens(&sql);
                let slots = slots(&all);
                let highest = slots.iter().map(|slot| slot.index).max().unwrap_or(0);
                prop_assert_eq!(highest, statement.parameter_count(), "{}", sql);
                for slot in slots.iter().filter(|slot| !slot.name.is_empty()) {
                    prop_assert_eq!(statement.parameter_name(slot.index), Some(slot.written.as_str()), "{}", sql);
                }
            }
        }
    }

    const PIECES: &[&str] = &[
        "?", "?", "?3", "?7", ":a", "@a", "$a", ":a", "$b::c", "$::d", "$e(f)", "$g::(h)", ":i:",
        ":1", ",", ",", ",", ",", "+", "||", " ", "\n", "\u{b}", "\u{feff}", "'?'", "':a'''",
        "\"?\"", "`?`", "[?]", "x'00'", "'", "1", "1.5", "1e-3", "0x1f", "1_0", ".5", ".", "e",
        "x", "AS z", "--?\n", "/*?*/", "/*/?*/", "->", "(", ")", "é",
    ];

    #[test]
    fn missing_unknown_and_repeated_values_are_errors_that_list_the_parameters() {
        let sql = "SELECT :from, ?, '@no'";
        let message = |given| resolve(sql, given).unwrap_err().to_string();
        assert_eq!(
            message(&[("from", "1")]),
            "the parameter ?2 has no value; give one for each of: :from, ?2"
        );
        assert_eq!(
            message(&[("no", "1")]),
            "the statement has no parameter `no`; it has: :from, ?2"
        );
        assert_eq!(
            message(&[("from", "1"), (":from", "2")]),
            "the parameter `from` has two values; give one"
        );
        assert_eq!(
            resolve("SELECT 1", &[("a", "1")]).unwrap_err().to_string(),
            "the statement has no parameter `a`; it has none"
        );
    }
}
