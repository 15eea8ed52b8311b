//! A cell of a format that knows numbers from text.

use crate::encoding::Encoding;
use crate::value::Value;

/// A cell of a format that knows numbers from text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TypedCell<'a> {
    /// Nothing.
    Null,
    /// Text, which stays text whatever it looks like. Bytes that are not UTF-8 become a blob.
    Text(&'a [u8]),
    /// A number in the digits in which it is written, all of which are kept.
    Number(&'a [u8]),
    /// True or false.
    Bool(bool),
    /// Bytes that are no text.
    Blob(&'a [u8]),
}

impl<'a> TypedCell<'a> {
    /// The bytes that the cell stands for; nothing for NULL.
    #[must_use]
    pub fn bytes(self) -> &'a [u8] {
        match self {
            Self::Null => b"",
            Self::Text(bytes) | Self::Number(bytes) | Self::Blob(bytes) => bytes,
            Self::Bool(true) => b"true",
            Self::Bool(false) => b"false",
        }
    }

    /// The cell as it is stored under an encoding.
    #[must_use]
    pub fn encode(self, encoding: Encoding) -> Value<'a> {
        match self {
            Self::Null => Value::Null,
            Self::Text(bytes) => Value::text(bytes),
            Self::Number(_) | Self::Bool(_) => encoding.encode(self.bytes()),
            Self::Blob(bytes) => Value::Blob(bytes),
        }
    }
}
