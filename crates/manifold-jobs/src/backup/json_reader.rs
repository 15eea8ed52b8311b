//! Reads the document of a full backup piece by piece: one cell is in memory at a time, a real comes back to
//! the bit, and an error says the line.

use std::io::Read as _;

use super::BackupError;
use super::cell::{CellBuffer, Class, unhex};
use super::source::SourceFile;

/// Bytes that are read at once.
const BUFFER: usize = 64 << 10;

/// Reads JSON whose shape is known. White space may be anywhere.
pub(super) struct JsonReader {
    file: SourceFile,
    buffer: Vec<u8>,
    /// The next byte in the buffer.
    at: usize,
    scratch: Vec<u8>,
    line: u64,
}

impl JsonReader {
    pub(super) fn new(file: SourceFile) -> Self {
        Self {
            file,
            buffer: Vec::with_capacity(BUFFER),
            at: 0,
            scratch: Vec::new(),
            line: 1,
        }
    }

    /// Expects one of `{ } [ ] , :`.
    pub(super) fn punctuation(&mut self, expected: u8) -> Result<(), BackupError> {
        self.skip_space()?;
        if self.next()? == Some(expected) {
            return Ok(());
        }
        Err(self.damaged(format!("`{}` is expected", char::from(expected))))
    }

    /// Expects the key `name` of an object.
    pub(super) fn key(&mut self, name: &str) -> Result<(), BackupError> {
        if self.text()? != name {
            return Err(self.damaged(format!("the key `{name}` is expected")));
        }
        self.punctuation(b':')
    }

    /// Whether another element of the array follows; its end is read.
    pub(super) fn element(&mut self, first: &mut bool) -> Result<bool, BackupError> {
        self.skip_space()?;
        match self.peek()? {
            Some(b']') => {
                self.next()?;
                return Ok(false);
            }
            Some(b',') if !*first => {
                self.next()?;
            }
            Some(_) if *first => {}
            _ => return Err(self.damaged("`,` or `]` is expected")),
        }
        *first = false;
        Ok(true)
    }

    /// Expects a string.
    pub(super) fn text(&mut self) -> Result<String, BackupError> {
        let mut bytes = Vec::new();
        self.string(&mut bytes)?;
        String::from_utf8(bytes).map_err(|_| self.damaged("a string is not UTF-8"))
    }

    /// Expects an array of as many cells.
    pub(super) fn row(&mut self, cells: &mut [CellBuffer]) -> Result<(), BackupError> {
        self.punctuation(b'[')?;
        let mut first = true;
        for cell in cells {
            if !self.element(&mut first)? {
                return Err(self.damaged("a row has fewer cells than the table has columns"));
            }
            self.cell(cell)?;
        }
        if self.element(&mut first)? {
            return Err(self.damaged("a row has more cells than the table has columns"));
        }
        Ok(())
    }

    /// Expects the end of the file.
    pub(super) fn end(&mut self) -> Result<(), BackupError> {
        self.skip_space()?;
        match self.peek()? {
            None => Ok(()),
            Some(_) => Err(self.damaged("something follows the document")),
        }
    }

    fn cell(&mut self, cell: &mut CellBuffer) -> Result<(), BackupError> {
        self.skip_space()?;
        match self.peek()? {
            Some(b'"') => {
                self.string(&mut cell.bytes)?;
                cell.set(Class::Text);
                Ok(())
            }
            Some(b'{') => self.object(cell),
            Some(b'n') => {
                for expected in b"null" {
                    if self.next()? != Some(*expected) {
                        return Err(self.damaged("a cell is expected"));
                    }
                }
                cell.set(Class::Null);
                Ok(())
            }
            _ => self.number(cell),
        }
    }

    fn number(&mut self, cell: &mut CellBuffer) -> Result<(), BackupError> {
        let mut digits = std::mem::take(&mut self.scratch);
        digits.clear();
        self.take_while(&mut digits, |byte| {
            matches!(byte, b'0'..=b'9' | b'+' | b'-' | b'.' | b'e' | b'E')
        })?;
        let text = std::str::from_utf8(&digits).unwrap_or_default();
        let class = if text.contains(['.', 'e', 'E']) {
            text.parse().ok().map(Class::Real)
        } else {
            text.parse().ok().map(Class::Int)
        };
        self.scratch = digits;
        cell.set(class.ok_or_else(|| self.damaged("a cell is expected"))?);
        Ok(())
    }

    /// `{"$blob": ..}`, `{"$real": ..}` or `{"$text": ..}`.
    fn object(&mut self, cell: &mut CellBuffer) -> Result<(), BackupError> {
        self.punctuation(b'{')?;
        let key = self.text()?;
        self.punctuation(b':')?;
        self.string(&mut cell.bytes)?;
        self.punctuation(b'}')?;
        let class = match (key.as_str(), cell.bytes.as_slice()) {
            ("$blob", _) => unhex(&mut cell.bytes).map(|()| Class::Blob),
            ("$text", _) => unhex(&mut cell.bytes).map(|()| Class::Text),
            ("$real", b"inf") => Some(Class::Real(f64::INFINITY)),
            ("$real", b"-inf") => Some(Class::Real(f64::NEG_INFINITY)),
            _ => None,
        };
        cell.set(class.ok_or_else(|| self.damaged("a cell is expected"))?);
        Ok(())
    }

    fn string(&mut self, out: &mut Vec<u8>) -> Result<(), BackupError> {
        out.clear();
        self.punctuation(b'"')?;
        loop {
            self.take_while(out, |byte| byte > 0x1f && byte != b'"' && byte != b'\\')?;
            match self.next()? {
                Some(b'"') => return Ok(()),
                Some(b'\\') => self.escape(out)?,
                Some(_) => return Err(self.damaged("a string has a bare control character")),
                None => return Err(self.damaged("a string does not end")),
            }
        }
    }

    fn escape(&mut self, out: &mut Vec<u8>) -> Result<(), BackupError> {
        let plain = match self.next()? {
            Some(byte @ (b'"' | b'\\' | b'/')) => byte,
            Some(b'b') => 8,
            Some(b'f') => 12,
            Some(b'n') => b'\n',
            Some(b'r') => b'\r',
            Some(b't') => b'\t',
            Some(b'u') => {
                let mut unit = self.unit()?;
                if (0xd800..0xdc00).contains(&unit)
                    && self.next()? == Some(b'\\')
                    && self.next()? == Some(b'u')
                {
                    let low = self.unit()?.wrapping_sub(0xdc00);
                    // Not the second half of a pair: what stays is the first, which is no character.
                    unit = if low < 0x400 {
                        0x10000 + ((unit - 0xd800) << 10) + low
                    } else {
                        unit
                    };
                }
                let character = char::from_u32(unit)
                    .ok_or_else(|| self.damaged("an escape is no character"))?;
                out.extend_from_slice(character.encode_utf8(&mut [0; 4]).as_bytes());
                return Ok(());
            }
            _ => return Err(self.damaged("a string has an unknown escape")),
        };
        out.push(plain);
        Ok(())
    }

    /// The four digits of an escape.
    fn unit(&mut self) -> Result<u32, BackupError> {
        let mut unit = 0;
        for _ in 0..4 {
            let digit = self.next()?.and_then(|byte| char::from(byte).to_digit(16));
            unit =
                unit << 4 | digit.ok_or_else(|| self.damaged("an escape needs four hex digits"))?;
        }
        Ok(unit)
    }

    fn skip_space(&mut self) -> Result<(), BackupError> {
        while let Some(byte @ (b' ' | b'\n' | b'\r' | b'\t')) = self.peek()? {
            self.line += u64::from(byte == b'\n');
            self.next()?;
        }
        Ok(())
    }

    /// Moves the bytes that are `wanted` to `out`.
    fn take_while(
        &mut self,
        out: &mut Vec<u8>,
        wanted: impl Fn(u8) -> bool,
    ) -> Result<(), BackupError> {
        while self.peek()?.is_some_and(&wanted) {
            let rest = &self.buffer[self.at..];
            let end = rest.iter().position(|byte| !wanted(*byte));
            let end = end.unwrap_or(rest.len());
            out.extend_from_slice(&rest[..end]);
            self.at += end;
        }
        Ok(())
    }

    fn peek(&mut self) -> Result<Option<u8>, BackupError> {
        if self.at == self.buffer.len() {
            self.at = 0;
            self.buffer.clear();
            let mut part = (&mut self.file.content).take(BUFFER as u64);
            let read = part.read_to_end(&mut self.buffer);
            read.map_err(BackupError::io("read", &self.file.path))?;
        }
        Ok(self.buffer.get(self.at).copied())
    }

    fn next(&mut self) -> Result<Option<u8>, BackupError> {
        let byte = self.peek()?;
        self.at += usize::from(byte.is_some());
        Ok(byte)
    }

    fn damaged(&self, reason: impl std::fmt::Display) -> BackupError {
        self.file.damaged(format!("line {}: {reason}", self.line))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reader(text: &str) -> JsonReader {
        let content = Box::new(std::io::Cursor::new(text.as_bytes().to_vec()));
        JsonReader::new(SourceFile {
            path: "full.json".into(),
            content,
        })
    }

    #[test]
    fn cells_come_back_as_they_were() {
        let mut cells: Vec<CellBuffer> = (0..10).map(|_| CellBuffer::default()).collect();
        let text = r#" [ null, -9223372036854775808, 1.0, -0.0, 5e-324, {"$real": "-inf"},
            "a\"\\\/\b\f\n\r\t\u0000\u00e4\ud83d\ude80é", {"$blob":"00ff"}, {"$text":"ff"}, 9223372036854775807 ]"#;
        reader(text).row(&mut cells).unwrap();
        let shown: Vec<String> = cells
            .iter()
            .map(|cell| format!("{:?}", cell.cell()))
            .collect();
        let rocket = "a\"\\/\u{8}\u{c}\n\r\t\0ä🚀é".as_bytes();
        assert_eq!(
            shown[..6],
            [
                "Null",
                "Int(-9223372036854775808)",
                "Real(1.0)",
                "Real(-0.0)",
                "Real(5e-324)",
                "Real(-inf)"
            ]
        );
        assert_eq!(shown[6], format!("Text({rocket:?})"));
        assert_eq!(
            shown[7..],
            ["Blob([0, 255])", "Text([255])", "Int(9223372036854775807)"]
        );
    }

    #[test]
    fn damage_is_named_with_its_line() {
        for text in [
            "[\n1",
            "[\n1 2]",
            "[\n\"a]",
            "[\n\"\\x\"]",
            "[\n\"\\ud800\"]",
            "[\n\"\\ud800\\u0041\"]",
            "[\nnul]",
            "[\n99999999999999999999]",
            "[\n1.2.3]",
            "[\n{\"$blob\":\"0\"}]",
            "[\n{\"$real\":\"nan\"}]",
            "[\n1,2]",
            "[\n\"a\u{1}\"]",
            "[\n]",
            "[\n,1]",
        ] {
            let error = reader(text)
                .row(&mut [CellBuffer::default()])
                .unwrap_err()
                .to_string();
            assert!(
                error.contains("full.json") && error.contains("line 2"),
                "{text:?}: {error}"
            );
        }
    }
}
