//! `instr`, `replace` and `trim` that can be stopped.
//!
//! SQLite's own compare at every position: two texts of 64 MiB keep one call busy for hours, and
//! SQLite asks nobody during a call. These give the same results and ask after every mebibyte
//! compared.

use std::borrow::Cow;
use std::sync::{Arc, Mutex, PoisonError};

use rusqlite::functions::{Context, FunctionFlags};
use rusqlite::types::{ToSql, ToSqlOutput, ValueRef};
use rusqlite::{Connection, Error, ffi};

use super::effort::Effort;
use super::limits::MAX_VALUE;
use super::stop::Stop;

/// Registers the functions in place of the built-in ones.
///
/// # Errors
///
/// SQLite's error.
pub(super) fn replace(connection: &Connection, stop: &Arc<Stop>) -> rusqlite::Result<()> {
    let flags = FunctionFlags::SQLITE_UTF8
        | FunctionFlags::SQLITE_DETERMINISTIC
        | FunctionFlags::SQLITE_INNOCUOUS;
    let texts = Arc::new(Texts::new()?);
    let (own, due) = (Arc::clone(&texts), Arc::clone(stop));
    connection.create_scalar_function("instr", 2, flags, move |call| {
        position(call, &own, Effort::new(&due))
    })?;
    let (own, due) = (Arc::clone(&texts), Arc::clone(stop));
    connection.create_scalar_function("replace", 3, flags, move |call| {
        replaced(call, &own, Effort::new(&due))
    })?;
    for (name, left, right) in [
        ("ltrim", true, false),
        ("rtrim", false, true),
        ("trim", true, true),
    ] {
        let (own, due) = (Arc::clone(&texts), Arc::clone(stop));
        connection.create_scalar_function(name, 2, flags, move |call| {
            trimmed(call, &own, Effort::new(&due), left, right)
        })?;
    }
    Ok(())
}

/// Values as texts, as SQLite makes them.
struct Texts {
    /// SQLite's way of writing real numbers is its own, so it is asked.
    reals: Mutex<Connection>,
}

impl Texts {
    fn new() -> rusqlite::Result<Self> {
        Ok(Self {
            reals: Mutex::new(Connection::open_in_memory()?),
        })
    }

    /// The bytes of a value's text; `None` for NULL.
    fn of<'v>(&self, value: ValueRef<'v>) -> rusqlite::Result<Option<Cow<'v, [u8]>>> {
        Ok(match value {
            ValueRef::Null => None,
            ValueRef::Integer(integer) => Some(Cow::Owned(integer.to_string().into_bytes())),
            ValueRef::Real(real) => {
                let reals = self.reals.lock().unwrap_or_else(PoisonError::into_inner);
                let mut cast = reals.prepare_cached("SELECT CAST(?1 AS TEXT)")?;
                Some(Cow::Owned(
                    cast.query_row([real], |row| row.get::<_, String>(0))?
                        .into_bytes(),
                ))
            }
            ValueRef::Text(bytes) | ValueRef::Blob(bytes) => Some(Cow::Borrowed(bytes)),
        })
    }
}

/// A text that need not be UTF-8.
struct Text(Vec<u8>);

impl ToSql for Text {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(ToSqlOutput::Borrowed(ValueRef::Text(&self.0)))
    }
}

/// `instr(X, Y)`: the character of X, from 1, where Y starts, or the byte if both are blobs.
fn position(
    call: &Context<'_>,
    texts: &Texts,
    mut effort: Effort<'_>,
) -> rusqlite::Result<Option<i64>> {
    let (haystack, needle) = (call.get_raw(0), call.get_raw(1));
    let bytewise = matches!((haystack, needle), (ValueRef::Blob(_), ValueRef::Blob(_)));
    let (Some(haystack), Some(needle)) = (texts.of(haystack)?, texts.of(needle)?) else {
        return Ok(None);
    };
    if needle.is_empty() {
        return Ok(Some(1));
    }
    let mut rest = &*haystack;
    let mut position = 1;
    while needle.len() <= rest.len() {
        if starts_with(rest, &needle, &mut effort)? {
            return Ok(Some(position));
        }
        position += 1;
        rest = &rest[if bytewise { 1 } else { character(rest, 0) }..];
    }
    Ok(Some(0))
}

/// The length in bytes of the character at `at`: it and every continuation byte behind it.
fn character(text: &[u8], at: usize) -> usize {
    1 + text[at + 1..]
        .iter()
        .take_while(|&&byte| byte & 0xc0 == 0x80)
        .count()
}

/// Whether `text` starts with `part`, which is not empty.
fn starts_with(text: &[u8], part: &[u8], effort: &mut Effort<'_>) -> rusqlite::Result<bool> {
    if text.first() != part.first() {
        effort.spend(1)?;
        return Ok(false);
    }
    effort.spend(part.len().min(text.len()))?;
    Ok(text.starts_with(part))
}

/// `replace(X, Y, Z)`: X with every Y replaced by Z.
fn replaced(
    call: &Context<'_>,
    texts: &Texts,
    mut effort: Effort<'_>,
) -> rusqlite::Result<Option<Text>> {
    let Some(text) = texts.of(call.get_raw(0))? else {
        return Ok(None);
    };
    let Some(pattern) = texts.of(call.get_raw(1))? else {
        return Ok(None);
    };
    // SQLite takes a pattern that starts with a NUL for an empty one.
    if pattern.first().is_none_or(|&byte| byte == 0) {
        return Ok(Some(Text(text.into_owned())));
    }
    let Some(replacement) = texts.of(call.get_raw(2))? else {
        return Ok(None);
    };
    let mut out = Vec::with_capacity(text.len());
    let mut at = 0;
    while at + pattern.len() <= text.len() {
        if starts_with(&text[at..], &pattern, &mut effort)? {
            out.extend_from_slice(&replacement);
            at += pattern.len();
        } else {
            out.push(text[at]);
            at += 1;
        }
        if out.len() > MAX_VALUE {
            return Err(Error::SqliteFailure(
                ffi::Error::new(ffi::SQLITE_TOOBIG),
                None,
            ));
        }
    }
    out.extend_from_slice(&text[at..]);
    Ok(Some(Text(out)))
}

/// `trim(X, Y)`: X without the characters of Y at its ends.
fn trimmed(
    call: &Context<'_>,
    texts: &Texts,
    mut effort: Effort<'_>,
    left: bool,
    right: bool,
) -> rusqlite::Result<Option<Text>> {
    let Some(text) = texts.of(call.get_raw(0))? else {
        return Ok(None);
    };
    let Some(set) = texts.of(call.get_raw(1))? else {
        return Ok(None);
    };
    let set = characters(&set);
    let mut rest = &*text;
    while left && !rest.is_empty() {
        let Some(length) = first_that(&set, &mut effort, |part| rest.starts_with(part))? else {
            break;
        };
        rest = &rest[length..];
    }
    while right && !rest.is_empty() {
        let Some(length) = first_that(&set, &mut effort, |part| rest.ends_with(part))? else {
            break;
        };
        rest = &rest[..rest.len() - length];
    }
    Ok(Some(Text(rest.to_vec())))
}

/// The characters of a set, which ends at its first NUL as in SQLite.
fn characters(set: &[u8]) -> Vec<&[u8]> {
    let mut found = Vec::new();
    let mut at = 0;
    while at < set.len() && set[at] != 0 {
        let length = if set[at] >= 0xc0 {
            character(set, at)
        } else {
            1
        };
        found.push(&set[at..at + length]);
        at += length;
    }
    found
}

/// The length of the first character in `set` that `matches`.
fn first_that(
    set: &[&[u8]],
    effort: &mut Effort<'_>,
    matches: impl Fn(&[u8]) -> bool,
) -> rusqlite::Result<Option<usize>> {
    for part in set {
        effort.spend(part.len())?;
        if matches(part) {
            return Ok(Some(part.len()));
        }
    }
    Ok(None)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use rusqlite::types::Value;

    use super::super::temp_space::TempSpace;
    use super::*;

    fn value() -> impl Strategy<Value = Value> {
        prop_oneof![
            Just(Value::Null),
            (-20i64..2000).prop_map(Value::Integer),
            (-3000i64..3000).prop_map(|number| Value::Real(number as f64 / 7.0)),
            any::<f64>().prop_map(Value::Real),
            "[ab.1é€]{0,12}".prop_map(Value::Text),
            "[ab0]{0,2}".prop_map(Value::Text),
            prop::collection::vec(
                prop::sample::select(vec![b'a', b'b', 0, 0xc3, 0xa9, 0x80]),
                0..6
            )
            .prop_map(Value::Blob),
        ]
    }

    /// Asserts that each function gives what the built-in one gives.
    fn assert_equal(x: &Value, y: &Value, z: &Value) {
        let stop = Arc::new(Stop::new(Arc::default(), TempSpace::new(0)));
        let own = Connection::open_in_memory().unwrap();
        let built_in = Connection::open_in_memory().unwrap();
        replace(&own, &stop).unwrap();
        for call in [
            "instr(?1, ?2)",
            "replace(?1, ?2, ?3)",
            "trim(?1, ?2)",
            "ltrim(?1, ?2)",
            "rtrim(?1, ?2)",
        ] {
            let sql = format!("SELECT typeof({call}), CAST({call} AS BLOB) WHERE ?3 IS ?3");
            let run = |connection: &Connection| {
                connection
                    .query_row(&sql, [x, y, z], |row| {
                        Ok((row.get::<_, String>(0)?, row.get::<_, Option<Vec<u8>>>(1)?))
                    })
                    .unwrap()
            };
            assert_eq!(run(&own), run(&built_in), "{call} of {x:?}, {y:?}, {z:?}");
        }
    }

    #[test]
    fn corner_cases_are_those_of_the_built_in_functions() {
        let values: Vec<Value> = [
            Value::Null,
            Value::Integer(-10),
            Value::Real(1e15),
            Value::Real(-0.0),
            Value::Real(f64::INFINITY),
            Value::Text(String::new()),
            Value::Text("a\0b".to_owned()),
            Value::Text("ééa".to_owned()),
            Value::Text("é".to_owned()),
            Value::Blob(Vec::new()),
            Value::Blob(vec![0]),
            Value::Blob(b"a\0b".to_vec()),
            Value::Blob(vec![0xa9, 0xc3, 0xa9, 0xa9, b'a', 0xc3]),
            Value::Blob(vec![0xa9]),
            Value::Blob(vec![0xa9, 0xa9]),
        ]
        .into();
        for x in &values {
            for y in &values {
                for z in &values[..7] {
                    assert_equal(x, y, z);
                }
            }
        }
    }

    proptest! {
        #[test]
        fn results_are_those_of_the_built_in_functions(x in value(), y in value(), z in value()) {
            assert_equal(&x, &y, &z);
        }
    }
}
