//! A JSON value as the cell of a row.

use super::tagged::Tagged;
use super::value::unescaped;
use crate::typed_cell::TypedCell;
use std::borrow::Cow;

/// A JSON value as the cell of a row.
pub(super) enum Scalar<'a> {
    Null,
    Bool(bool),
    Number(&'a [u8]),
    Text(Cow<'a, [u8]>),
    /// A value that JSON does not know.
    Tagged(Tagged),
    /// An array or object that stays the text it is.
    Json(&'a [u8]),
}

impl<'a> Scalar<'a> {
    /// What a checked value is.
    pub(super) fn of(value: &'a [u8]) -> Self {
        match value {
            b"null" => Self::Null,
            b"true" => Self::Bool(true),
            b"false" => Self::Bool(false),
            [b'"', ..] => Self::Text(unescaped(value)),
            [b'{' | b'[', ..] => match Tagged::of(value) {
                Some(tagged) => Self::Tagged(tagged),
                None => Self::Json(value),
            },
            _ => Self::Number(value),
        }
    }

    pub(super) fn cell(&self) -> TypedCell<'_> {
        match self {
            Self::Null => TypedCell::Null,
            Self::Bool(value) => TypedCell::Bool(*value),
            Self::Number(digits) => TypedCell::Number(digits),
            Self::Text(text) => TypedCell::Text(text),
            Self::Tagged(Tagged::Blob(bytes)) => TypedCell::Blob(bytes),
            Self::Tagged(Tagged::Real(text)) => TypedCell::Number(text),
            Self::Json(text) => TypedCell::Text(text),
        }
    }
}

/// The cell that identifies a row for the rows within it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum KeyCell {
    Number(Vec<u8>),
    Text(Vec<u8>),
}

impl KeyCell {
    /// What a member identifies its row by, if it can.
    pub(super) fn of(value: &[u8]) -> Option<Self> {
        match Scalar::of(value) {
            Scalar::Number(digits) => Some(Self::Number(digits.to_vec())),
            Scalar::Text(text) if !text.is_empty() => Some(Self::Text(text.into_owned())),
            _ => None,
        }
    }

    pub(super) fn cell(&self) -> TypedCell<'_> {
        match self {
            Self::Number(digits) => TypedCell::Number(digits),
            Self::Text(text) => TypedCell::Text(text),
        }
    }

    /// The key of the row with this number, from 1, among those within the row that this identifies.
    pub(super) fn within(&self, number: usize) -> Self {
        let mut text = self.cell().bytes().to_vec();
        text.extend_from_slice(format!(".{number}").as_bytes());
        Self::Text(text)
    }
}
