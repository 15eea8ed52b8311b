//! The records of a JSON document, taken out as they are written.

use super::analysis::{Members, next_element};
use super::options::JsonOptions;
use super::problem::JsonProblem;
use super::source::JsonSource;
use super::value;
use crate::error::ReadError;
use std::io::Read;

/// How many names of members are told where the records are missing.
const NAMED: usize = 20;

/// Takes the records out of a JSON document, and a few values that stand beside them, in one pass and in memory that does
/// not grow with the document. Not a byte of a record is changed, and none is looked into.
#[derive(Clone, Copy, Debug)]
pub struct JsonExtract<'a> {
    /// The members that lead to the array of records; none: the document is that array.
    pub records: &'a [String],
    /// The members that lead to each of the values.
    pub values: &'a [&'a [String]],
    /// The longest cell in bytes; a record or value is limited to four times as much.
    pub max_cell: u64,
}

/// What was taken out of a JSON document.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct JsonExtracted {
    /// What stands where the records should be.
    pub place: JsonPlace,
    /// How many records there are.
    pub records: u64,
    /// The values as they are written; `None` for those that are not there.
    pub values: Vec<Option<Vec<u8>>>,
}

/// What stands where records should be.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum JsonPlace {
    /// An array, or `null`, which stands for an empty one.
    Array,
    /// Nothing: the object that is reached last has only these members, of which the first are told.
    Missing(Vec<String>),
    /// Something else.
    Other(&'static str),
    /// The document is an object, and no path leads into it. It has these members, of which the first are told.
    Object(Vec<String>),
    /// Not looked at.
    #[default]
    Unknown,
}

impl JsonExtract<'_> {
    /// Reads a document to its end and hands each record to `take`.
    ///
    /// # Errors
    /// [`ReadError::Empty`], [`ReadError::Json`], [`ReadError::RecordTooLarge`], what the input fails with, and as
    /// [`ReadError::Other`] what `take` fails with.
    pub fn read(
        &self,
        input: Box<dyn Read + Send>,
        take: &mut dyn FnMut(&[u8]) -> std::io::Result<()>,
    ) -> Result<JsonExtracted, ReadError> {
        let mut walk = Walk {
            source: source(input, self.max_cell)?,
            wanted: self,
            take,
            scratch: Vec::new(),
            found: JsonExtracted {
                values: vec![None; self.values.len()],
                ..JsonExtracted::default()
            },
        };
        match walk.source.peek()? {
            Some(b'[') if self.records.is_empty() => walk.records()?,
            Some(b'{') => {
                let names = walk.object(&mut Vec::new())?;
                if self.records.is_empty() {
                    walk.found.place = JsonPlace::Object(names);
                }
            }
            None => {
                return walk.source.fault(JsonProblem::Unexpected {
                    expected: "`[` or `{`",
                });
            }
            Some(_) => {
                walk.found.place = walk.other()?;
                walk.source.skip_value()?;
            }
        }
        if walk.source.peek()?.is_some() {
            return walk.source.fault(JsonProblem::Trailing);
        }
        Ok(walk.found)
    }

    /// Hands each line of JSON Lines that is not blank to `take`, and counts them.
    ///
    /// # Errors
    /// As [`Self::read`], [`ReadError::Json`] excepted.
    pub fn lines(
        input: Box<dyn Read + Send>,
        max_cell: u64,
        take: &mut dyn FnMut(&[u8]) -> std::io::Result<()>,
    ) -> Result<u64, ReadError> {
        let (mut source, mut line, mut lines) = (source(input, max_cell)?, Vec::new(), 0);
        while source.next_line(&mut line)?.is_some() {
            take(&line).map_err(|error| ReadError::Other(error.into()))?;
            lines += 1;
        }
        Ok(lines)
    }
}

fn source(input: Box<dyn Read + Send>, max_cell: u64) -> Result<JsonSource, ReadError> {
    let options = JsonOptions {
        max_cell,
        ..JsonOptions::default()
    };
    JsonSource::new(input, options.record_limit())
}

struct Walk<'a, 'b> {
    source: JsonSource,
    wanted: &'a JsonExtract<'a>,
    take: &'b mut dyn FnMut(&[u8]) -> std::io::Result<()>,
    scratch: Vec<u8>,
    found: JsonExtracted,
}

impl Walk<'_, '_> {
    /// Looks through an object that `path` leads to; the names of its first members.
    fn object(&mut self, path: &mut Vec<String>) -> Result<Vec<String>, ReadError> {
        let (mut members, mut names) = (Members::default(), Vec::new());
        let leads = path.len() < self.wanted.records.len() && self.wanted.records.starts_with(path);
        if leads {
            self.found.place = JsonPlace::Unknown;
        }
        while let Some(key) = members.next(&mut self.source, &mut self.scratch)? {
            let key = String::from_utf8_lossy(&key).into_owned();
            if names.len() < NAMED {
                names.push(key.clone());
            }
            path.push(key);
            self.member(path)?;
            path.pop();
        }
        if leads && self.found.place == JsonPlace::Unknown {
            self.found.place = JsonPlace::Missing(names.clone());
        }
        Ok(names)
    }

    /// The value that `path` leads to.
    fn member(&mut self, path: &mut Vec<String>) -> Result<(), ReadError> {
        let wanted = self.wanted;
        let first = self.source.peek()?;
        let at: &[String] = path;
        let is_way = |to: &[String]| at.len() < to.len() && to.starts_with(at);
        if !at.is_empty() && at == wanted.records {
            if self.found.place != JsonPlace::Unknown {
                return self.source.fault(JsonProblem::DuplicateKey);
            }
            if first == Some(b'[') {
                return self.records();
            }
            self.found.place = self.other()?;
            return self.source.skip_value();
        }
        let is_value = |to: &&[String]| *to == at;
        if let Some(first) = wanted.values.iter().position(is_value) {
            if self.found.values[first].is_some() {
                return self.source.fault(JsonProblem::DuplicateKey);
            }
            self.source.value(&mut self.scratch)?;
            if let Err((problem, _)) = value::check(&self.scratch) {
                return self.source.fault(problem);
            }
            let text = self.scratch.trim_ascii().to_vec();
            for (value, to) in self.found.values.iter_mut().zip(wanted.values) {
                if is_value(to) {
                    *value = Some(text.clone());
                }
            }
            return Ok(());
        }
        let leads_to_records = is_way(wanted.records);
        if leads_to_records || wanted.values.iter().any(|to| is_way(to)) {
            if leads_to_records && self.found.place != JsonPlace::Unknown {
                return self.source.fault(JsonProblem::DuplicateKey);
            }
            if first == Some(b'{') {
                self.object(path)?;
                return Ok(());
            }
            if leads_to_records {
                self.found.place = self.other()?;
            }
        }
        self.source.skip_value()
    }

    /// What stands next, which is no array of records.
    fn other(&mut self) -> Result<JsonPlace, ReadError> {
        Ok(match self.source.peek()? {
            Some(b'n') => JsonPlace::Array,
            Some(b'{') => JsonPlace::Other("an object"),
            Some(b'[') => JsonPlace::Other("an array"),
            Some(b'"') => JsonPlace::Other("text"),
            Some(b't' | b'f') => JsonPlace::Other("true or false"),
            _ => JsonPlace::Other("a number"),
        })
    }

    /// Hands out the elements of the array that begins here.
    fn records(&mut self) -> Result<(), ReadError> {
        self.found.place = JsonPlace::Array;
        self.source.take(b'[')?;
        if self.source.take(b']')? {
            return Ok(());
        }
        loop {
            self.source.value(&mut self.scratch)?;
            let taken = (self.take)(&self.scratch);
            taken.map_err(|error| ReadError::Other(error.into()))?;
            self.found.records += 1;
            if !next_element(&mut self.source)? {
                return Ok(());
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::io::Cursor;

    fn extract(text: &str, records: &str, values: &[&str]) -> (Vec<String>, JsonExtracted) {
        let path = |text: &str| -> Vec<String> {
            let names = text.split('.').filter(|name| !name.is_empty());
            names.map(str::to_owned).collect()
        };
        let (records, values): (_, Vec<_>) = (
            path(records),
            values.iter().map(|value| path(value)).collect(),
        );
        let values: Vec<&[String]> = values.iter().map(Vec::as_slice).collect();
        let wanted = JsonExtract {
            records: &records,
            values: &values,
            max_cell: 1 << 20,
        };
        let mut taken = Vec::new();
        let found = wanted.read(Box::new(Cursor::new(text.to_owned())), &mut |record| {
            taken.push(String::from_utf8(record.to_vec()).unwrap());
            Ok(())
        });
        (taken, found.unwrap())
    }

    #[test]
    fn records_and_values_are_taken_as_they_are_written() {
        let text = r#" {"meta": {"total": 2.0, "next" : "a\"b"}, "data": {"more": [{"x":1}],
            "items": [ {"n": 1.50e2, "n": 1,
              "t": "a
b"}, 7 ]}, "items": []} "#;
        let (records, found) = extract(text, "data.items", &["meta.next", "meta.total", "meta.no"]);
        assert_eq!(
            records,
            [
                "{\"n\": 1.50e2, \"n\": 1,\n              \"t\": \"a\nb\"}",
                "7"
            ]
        );
        assert_eq!((found.records, found.place), (2, JsonPlace::Array));
        assert_eq!(
            found.values,
            [Some(b"\"a\\\"b\"".to_vec()), Some(b"2.0".to_vec()), None]
        );
        assert_eq!(extract("[1,[2]]", "", &[]).0, ["1", "[2]"]);
    }

    #[test]
    fn what_stands_in_the_place_of_records_is_told() {
        let names = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
        for (text, place) in [
            (
                r#"{"a": {"c": 1, "d": 2}}"#,
                JsonPlace::Missing(names(&["c", "d"])),
            ),
            (r#"{"error": "no"}"#, JsonPlace::Missing(names(&["error"]))),
            (r#"{"a": {"b": {}}}"#, JsonPlace::Other("an object")),
            (r#"{"a": {"b": 5}}"#, JsonPlace::Other("a number")),
            (r#"{"a": {"b": null}}"#, JsonPlace::Array),
            (r#"{"a": [1]}"#, JsonPlace::Other("an array")),
            ("[]", JsonPlace::Other("an array")),
            ("\"x\"", JsonPlace::Other("text")),
        ] {
            assert_eq!(extract(text, "a.b", &[]).1.place, place, "{text}");
        }
        assert_eq!(
            extract(r#"{"a": [], "b": 1}"#, "", &[]).1.place,
            JsonPlace::Object(names(&["a", "b"]))
        );
    }

    #[test]
    fn what_is_no_document_is_refused() {
        let path = ["a".to_owned()];
        let wanted = JsonExtract {
            records: &path,
            values: &[],
            max_cell: 1024,
        };
        let long = format!(r#"{{"a": ["{}"]}}"#, "x".repeat(5000));
        for (text, words) in [
            (r#"{"a": [1, 2"#, "ends in the middle"),
            (r#"{"a": [1]} x"#, "something follows"),
            (r#"{"a": [1], "a": [2]}"#, "same key twice"),
            (r#"{"a": [1 2]}"#, "`,` or `]`"),
            ("", "empty"),
            ("   ", "`[` or `{`"),
            (&long, "longer than 4096"),
        ] {
            let input = Box::new(Cursor::new(text.to_owned()));
            let error = wanted.read(input, &mut |_| Ok(())).unwrap_err();
            assert!(error.to_string().contains(words), "{text}: {error}");
        }
    }

    proptest! {
        #[test]
        fn every_record_comes_out(
            records in prop::collection::vec(any::<(i64, String)>(), 0..20),
            before in any::<String>(),
        ) {
            let records: Vec<String> =
                records.iter().map(|record| serde_json::to_string(record).unwrap()).collect();
            let before = serde_json::to_string(&before).unwrap();
            let text = format!(r#"{{"x": [{before}], "a": {{"b": [{}]}}, "y": {before}}}"#, records.join(", "));
            let (taken, found) = extract(&text, "a.b", &["y"]);
            prop_assert_eq!(found.records, records.len() as u64);
            prop_assert_eq!(&found.values[0], &Some(before.into_bytes()));
            prop_assert_eq!(taken, records);
        }
    }
}
