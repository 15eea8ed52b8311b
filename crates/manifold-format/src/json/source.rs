//! JSON values one after the other from an input of any size.

use super::problem::JsonProblem;
use crate::error::ReadError;
use crate::text_encoding::TextEncoding;
use crate::transcoder::{Transcoder, json_encoding};
use std::io::{Cursor, ErrorKind, Read};

/// How much is read at once.
const CHUNK: usize = 256 * 1024;

/// Splits an input into JSON values without looking into them. Holds one piece of the input; what is read is hashed, and
/// its lines are counted.
pub(super) struct JsonSource {
    input: Box<dyn Read + Send>,
    buffer: Vec<u8>,
    at: usize,
    end: usize,
    at_end: bool,
    line: u64,
    bytes: u64,
    hasher: blake3::Hasher,
    /// The longest value that is kept, in bytes.
    limit: u64,
    encoding: TextEncoding,
}

impl JsonSource {
    /// # Errors
    /// [`ReadError::Encoding`] for UTF-32, [`ReadError::Empty`], and what the input fails with.
    pub(super) fn new(input: Box<dyn Read + Send>, limit: u64) -> Result<Self, ReadError> {
        let mut source = Self {
            input,
            buffer: vec![0; CHUNK],
            at: 0,
            end: 0,
            at_end: false,
            line: 1,
            bytes: 0,
            hasher: blake3::Hasher::new(),
            limit,
            encoding: TextEncoding::UTF_8,
        };
        while source.end < 4 && source.fill_more()? {}
        source.encoding = json_encoding(&source.buffer[..source.end])
            .map_err(|encoding| ReadError::Encoding { encoding })?;
        if source.encoding != TextEncoding::UTF_8 {
            source.transcode()?;
        }
        if source.end == 0 {
            return Err(ReadError::Empty);
        }
        if source.buffer[..source.end].starts_with(b"\xef\xbb\xbf") {
            source.at = 3;
        }
        Ok(source)
    }

    /// Reads what was read, and what follows, as UTF-8.
    fn transcode(&mut self) -> Result<(), ReadError> {
        let start = Cursor::new(self.buffer[..self.end].to_vec());
        let rest = std::mem::replace(&mut self.input, Box::new(std::io::empty()));
        self.input = Box::new(Transcoder::new(start.chain(rest), self.encoding));
        self.hasher.reset();
        (self.end, self.bytes, self.at_end) = (0, 0, false);
        while self.end < 4 && self.fill_more()? {}
        Ok(())
    }

    /// The encoding of the input, which is read as UTF-8.
    pub(super) fn encoding(&self) -> TextEncoding {
        self.encoding
    }

    /// Bytes read, as UTF-8.
    pub(super) fn bytes(&self) -> u64 {
        self.bytes
    }

    /// The hash of the bytes read.
    pub(super) fn hash(&self) -> blake3::Hash {
        self.hasher.finalize()
    }

    pub(super) fn fault<T>(&self, problem: JsonProblem) -> Result<T, ReadError> {
        Err(ReadError::Json {
            line: self.line,
            problem,
        })
    }

    /// Reads more behind what is in the buffer, which has room; `false` at the end.
    fn fill_more(&mut self) -> Result<bool, ReadError> {
        if self.at_end {
            return Ok(false);
        }
        loop {
            match self.input.read(&mut self.buffer[self.end..]) {
                Ok(0) => {
                    self.at_end = true;
                    return Ok(false);
                }
                Ok(read) => {
                    self.hasher.update(&self.buffer[self.end..self.end + read]);
                    self.end += read;
                    self.bytes += read as u64;
                    return Ok(true);
                }
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return Err(self.failed(error)),
            }
        }
    }

    fn failed(&self, error: std::io::Error) -> ReadError {
        ReadError::of_input(error, self.bytes, self.line)
    }

    /// The bytes at hand, at least one unless the input has ended.
    fn window(&mut self) -> Result<&[u8], ReadError> {
        if self.at == self.end {
            (self.at, self.end) = (0, 0);
            self.fill_more()?;
        }
        Ok(&self.buffer[self.at..self.end])
    }

    fn consume(&mut self, length: usize) {
        let consumed = &self.buffer[self.at..self.at + length];
        self.line += memchr::memchr_iter(b'\n', consumed).count() as u64;
        self.at += length;
    }

    /// The next byte that is no blank, which stays.
    pub(super) fn peek(&mut self) -> Result<Option<u8>, ReadError> {
        loop {
            let window = self.window()?;
            if window.is_empty() {
                return Ok(None);
            }
            let blanks = super::value::blanks(window);
            let found = window.get(blanks).copied();
            self.consume(blanks);
            if found.is_some() {
                return Ok(found);
            }
        }
    }

    /// Takes the next byte that is no blank, if it is this one.
    pub(super) fn take(&mut self, byte: u8) -> Result<bool, ReadError> {
        let found = self.peek()? == Some(byte);
        if found {
            self.consume(1);
        }
        Ok(found)
    }

    /// Takes the next value, as far as brackets and quotes tell, into `out`. Returns its line.
    ///
    /// # Errors
    /// [`ReadError::RecordTooLarge`]; [`ReadError::Json`] when the input ends in it, or something else stands there.
    pub(super) fn value(&mut self, out: &mut Vec<u8>) -> Result<u64, ReadError> {
        self.peek()?;
        let line = self.line;
        out.clear();
        let limit = self.limit;
        self.split(|part| {
            out.extend_from_slice(part);
            out.len() as u64 <= limit
        })?;
        Ok(line)
    }

    /// Passes over the next value.
    ///
    /// # Errors
    /// As [`Self::value`], but not for its size.
    pub(super) fn skip_value(&mut self) -> Result<(), ReadError> {
        self.peek()?;
        self.split(|_| true)
    }

    fn split(&mut self, mut take: impl FnMut(&[u8]) -> bool) -> Result<(), ReadError> {
        let (line, limit) = (self.line, self.limit);
        let mut splitter = Splitter::default();
        loop {
            let window = self.window()?;
            if window.is_empty() {
                return if splitter.state == State::Scalar {
                    Ok(())
                } else {
                    Err(ReadError::Json {
                        line,
                        problem: JsonProblem::Truncated,
                    })
                };
            }
            let (length, done) = splitter.feed(window);
            if !take(&window[..length]) {
                return Err(ReadError::RecordTooLarge { line, limit });
            }
            let nothing = done && length == 0 && splitter.state == State::Start;
            self.consume(length);
            if nothing {
                return self.fault(JsonProblem::Unexpected {
                    expected: "a value",
                });
            }
            if done {
                return Ok(());
            }
        }
    }

    /// Takes the next line that is not blank, without its line end, into `out`. Returns its line number, or `None` at the
    /// end.
    ///
    /// # Errors
    /// [`ReadError::RecordTooLarge`].
    pub(super) fn next_line(&mut self, out: &mut Vec<u8>) -> Result<Option<u64>, ReadError> {
        if self.peek()?.is_none() {
            return Ok(None);
        }
        let (line, limit) = (self.line, self.limit);
        out.clear();
        loop {
            let window = self.window()?;
            let found = memchr::memchr(b'\n', window);
            let length = found.unwrap_or(window.len());
            out.extend_from_slice(&window[..length]);
            let ended = found.is_some() || window.is_empty();
            self.consume(length + usize::from(found.is_some()));
            if out.len() as u64 > limit {
                return Err(ReadError::RecordTooLarge { line, limit });
            }
            if ended {
                let blank = out.iter().rev().take_while(|b| b.is_ascii_whitespace());
                out.truncate(out.len() - blank.count());
                return Ok(Some(line));
            }
        }
    }

    /// Reads what is left, so that the hash is that of the whole input.
    pub(super) fn drain(&mut self) -> Result<(), ReadError> {
        loop {
            let length = self.window()?.len();
            if length == 0 {
                return Ok(());
            }
            self.consume(length);
        }
    }
}

/// Finds the end of a value that comes in pieces.
#[derive(Default)]
struct Splitter {
    state: State,
    depth: u64,
}

#[derive(Clone, Copy, Default, PartialEq, Eq)]
enum State {
    #[default]
    Start,
    /// Between the strings of an object or array.
    Within,
    String,
    Escape,
    Scalar,
}

impl Splitter {
    /// How many bytes of the piece belong to the value, and whether it ends with them.
    fn feed(&mut self, piece: &[u8]) -> (usize, bool) {
        let mut at = 0;
        while at < piece.len() {
            let byte = piece[at];
            match self.state {
                State::Start | State::Within => match byte {
                    b'{' | b'[' => {
                        self.state = State::Within;
                        self.depth += 1;
                    }
                    b'"' => self.state = State::String,
                    b'}' | b']' if self.depth > 0 => {
                        self.depth -= 1;
                        if self.depth == 0 {
                            return (at + 1, true);
                        }
                    }
                    b',' | b'}' | b']' | b':' if self.state == State::Start => return (at, true),
                    _ if self.state == State::Start => self.state = State::Scalar,
                    _ => {}
                },
                State::String => match memchr::memchr2(b'"', b'\\', &piece[at..]) {
                    None => return (piece.len(), false),
                    Some(found) => {
                        at += found;
                        if piece[at] == b'\\' {
                            self.state = State::Escape;
                        } else if self.depth == 0 {
                            return (at + 1, true);
                        } else {
                            self.state = State::Within;
                        }
                    }
                },
                State::Escape => self.state = State::String,
                State::Scalar => {
                    if matches!(byte, b' ' | b'\t' | b'\n' | b'\r' | b',' | b']' | b'}') {
                        return (at, true);
                    }
                }
            }
            at += 1;
        }
        (at, false)
    }
}
