//! The first pass over a JSON input: its tables, columns and types, in memory that does not grow with the input.

use super::options::{JsonOptions, Shape};
use super::problem::JsonProblem;
use super::schema::{Schema, dotted};
use super::source::JsonSource;
use super::value::{self, unescaped};
use crate::error::ReadError;
use crate::reader::OpenInput;
use crate::record::RejectReason;
use crate::text_encoding::TextEncoding;
use std::collections::{BTreeMap, HashSet};

/// How deep the arrays of an envelope may lie.
const MOST_DEPTH: usize = 4;

/// The most members an envelope may have, and how many bytes of those that are no tables are kept.
const MOST_MEMBERS: usize = 10_000;
const KEPT_BYTES: usize = 64 * 1024;

/// What the first pass has shown.
pub(super) struct Analysis {
    pub(super) schema: Schema,
    pub(super) shape: Shape,
    /// The members of an envelope that are no tables, as they are written.
    pub(super) rest: BTreeMap<String, String>,
    /// Those of them that were too large to keep.
    pub(super) left_out: Vec<String>,
    /// For each table: records that are no rows.
    pub(super) rejected: Vec<u64>,
    pub(super) bytes: u64,
    pub(super) hash: blake3::Hash,
    /// The encoding of the input.
    pub(super) encoding: TextEncoding,
}

/// Reads the whole input.
pub(super) fn analyse(open: &OpenInput, options: &JsonOptions) -> Result<Analysis, ReadError> {
    let open = || {
        let input = open().map_err(|source| ReadError::Io {
            offset: 0,
            line: 1,
            source,
        })?;
        JsonSource::new(input, options.record_limit())
    };
    let mut pass = Pass::new(open()?, options);
    if options.lines {
        pass.lines()?;
        return pass.finish(Shape::Lines);
    }
    match pass.source.peek()? {
        Some(b'[') => {
            pass.source.take(b'[')?;
            let table = pass.schema.add_root(Vec::new())?;
            pass.elements(table)?;
            if pass.source.peek()?.is_some() {
                return pass.source.fault(JsonProblem::Trailing);
            }
            pass.finish(Shape::Array)
        }
        Some(b'{') => {
            pass.envelope(&mut Vec::new())?;
            let is_envelope = !pass.schema.tables.is_empty() && pass.source.peek()?.is_none();
            if is_envelope {
                return pass.finish(Shape::Envelope);
            }
            let mut pass = Pass::new(open()?, options);
            pass.values()?;
            pass.finish(Shape::Values)
        }
        _ => pass.source.fault(JsonProblem::Unexpected {
            expected: "`[` or `{`",
        }),
    }
}

struct Pass {
    source: JsonSource,
    schema: Schema,
    rest: BTreeMap<String, String>,
    kept: usize,
    left_out: Vec<String>,
    rejected: Vec<u64>,
    first_reject: Option<(u64, RejectReason)>,
    record: Vec<u8>,
}

impl Pass {
    fn new(source: JsonSource, options: &JsonOptions) -> Self {
        Self {
            source,
            schema: Schema::new(options),
            rest: BTreeMap::new(),
            kept: 0,
            left_out: Vec::new(),
            rejected: Vec::new(),
            first_reject: None,
            record: Vec::new(),
        }
    }

    /// Learns from the record at hand.
    fn learn(&mut self, table: usize, line: u64) -> Result<(), ReadError> {
        self.rejected.resize(self.rejected.len().max(table + 1), 0);
        match value::check(&self.record) {
            Ok(()) => self.schema.learn(table, trimmed(&self.record), None),
            Err(fault) => {
                self.rejected[table] += 1;
                self.first_reject.get_or_insert((line, reason(fault)));
                Ok(())
            }
        }
    }

    fn lines(&mut self) -> Result<(), ReadError> {
        let table = self.schema.add_root(Vec::new())?;
        while let Some(line) = self.source.next_line(&mut self.record)? {
            self.learn(table, line)?;
        }
        Ok(())
    }

    fn values(&mut self) -> Result<(), ReadError> {
        let table = self.schema.add_root(Vec::new())?;
        while self.source.peek()?.is_some() {
            let line = self.source.value(&mut self.record)?;
            self.learn(table, line)?;
        }
        Ok(())
    }

    /// Learns from the elements of an array whose bracket was taken.
    fn elements(&mut self, table: usize) -> Result<(), ReadError> {
        if self.source.take(b']')? {
            return Ok(());
        }
        loop {
            let line = self.source.value(&mut self.record)?;
            self.learn(table, line)?;
            if !next_element(&mut self.source)? {
                return Ok(());
            }
        }
    }

    /// Looks for tables in an object.
    fn envelope(&mut self, path: &mut Vec<Vec<u8>>) -> Result<(), ReadError> {
        let mut keys = HashSet::new();
        let mut members = Members::default();
        while let Some(key) = members.next(&mut self.source, &mut self.record)? {
            if !keys.insert(key.clone()) {
                return self.source.fault(JsonProblem::DuplicateKey);
            }
            if keys.len() > MOST_MEMBERS {
                let (found, limit) = (keys.len(), MOST_MEMBERS);
                return Err(ReadError::TooManyColumns { found, limit });
            }
            path.push(key);
            match self.source.peek()? {
                Some(b'[') => {
                    self.source.take(b'[')?;
                    if self.source.peek()? == Some(b'{') {
                        let table = self.schema.add_root(path.clone())?;
                        self.elements(table)?;
                    } else {
                        self.keep_array(path)?;
                    }
                }
                Some(b'{') if path.len() < MOST_DEPTH => self.envelope(path)?,
                _ => match self.source.value(&mut self.record) {
                    Ok(_) => {
                        let text = std::mem::take(&mut self.record);
                        self.keep(path, &text);
                    }
                    Err(error) => return Err(error),
                },
            }
            path.pop();
        }
        Ok(())
    }

    /// Keeps an array, whose bracket was taken, as it is.
    fn keep_array(&mut self, path: &[Vec<u8>]) -> Result<(), ReadError> {
        let mut text = b"[".to_vec();
        if !self.source.take(b']')? {
            loop {
                if text.len() <= KEPT_BYTES {
                    self.source.value(&mut self.record)?;
                    text.extend_from_slice(&self.record);
                    text.push(b',');
                } else {
                    self.source.skip_value()?;
                }
                if !next_element(&mut self.source)? {
                    break;
                }
            }
            text.pop();
        }
        text.push(b']');
        self.keep(path, &text);
        Ok(())
    }

    fn keep(&mut self, path: &[Vec<u8>], text: &[u8]) {
        const NAMED: usize = 100;
        let name = dotted(path);
        self.kept += name.len() + text.len();
        if self.kept <= KEPT_BYTES {
            let text = String::from_utf8_lossy(text).into_owned();
            self.rest.insert(name, text);
        } else if self.left_out.len() < NAMED {
            self.left_out.push(name);
        }
    }

    fn finish(mut self, shape: Shape) -> Result<Analysis, ReadError> {
        self.source.drain()?;
        self.schema.settle();
        let tables = self.schema.tables.len();
        if (0..tables).all(|table| self.schema.width(table) == 0) {
            return Err(ReadError::NoRecords {
                first: self.first_reject,
            });
        }
        self.rejected.resize(tables, 0);
        Ok(Analysis {
            schema: self.schema,
            shape,
            rest: self.rest,
            left_out: self.left_out,
            rejected: self.rejected,
            bytes: self.source.bytes(),
            hash: self.source.hash(),
            encoding: self.source.encoding(),
        })
    }
}

/// The members of an object in the input, one by one.
#[derive(Default)]
pub(super) struct Members {
    begun: bool,
}

impl Members {
    /// The key of the next member, whose value follows; `None` behind the object.
    pub(super) fn next(
        &mut self,
        source: &mut JsonSource,
        scratch: &mut Vec<u8>,
    ) -> Result<Option<Vec<u8>>, ReadError> {
        let unexpected = |expected| JsonProblem::Unexpected { expected };
        if self.begun {
            if source.take(b'}')? {
                return Ok(None);
            }
            if !source.take(b',')? {
                return source.fault(unexpected("`,` or `}` behind a member"));
            }
        } else {
            self.begun = true;
            source.take(b'{')?;
            if source.take(b'}')? {
                return Ok(None);
            }
        }
        if source.peek()? != Some(b'"') {
            return source.fault(unexpected("a key in double quotes"));
        }
        source.value(scratch)?;
        if let Err((problem, _)) = value::check(scratch) {
            return source.fault(problem);
        }
        let key = unescaped(scratch).into_owned();
        if !source.take(b':')? {
            return source.fault(unexpected("`:` behind a key"));
        }
        Ok(Some(key))
    }
}

/// Goes on behind an element of an array; `false` behind the array.
pub(super) fn next_element(source: &mut JsonSource) -> Result<bool, ReadError> {
    if source.take(b',')? {
        return Ok(true);
    }
    if source.take(b']')? {
        return Ok(false);
    }
    let expected = "`,` or `]` behind an element";
    match source.peek()? {
        None => source.fault(JsonProblem::Truncated),
        Some(_) => source.fault(JsonProblem::Unexpected { expected }),
    }
}

/// A checked record without the blanks around it.
pub(super) fn trimmed(record: &[u8]) -> &[u8] {
    record.trim_ascii()
}

pub(super) fn reason((problem, at): value::Fault) -> RejectReason {
    let at = at as u64;
    RejectReason::Json { problem, at }
}
