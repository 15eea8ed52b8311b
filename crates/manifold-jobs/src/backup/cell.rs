//! A cell on its way between a file and a table.

use manifold_store::rows::Cell;

/// A stored value that owns its bytes. Kept from row to row, so that its buffer is used again.
#[derive(Debug, Default)]
pub(super) struct CellBuffer {
    class: Class,
    pub(super) bytes: Vec<u8>,
}

#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(super) enum Class {
    #[default]
    Null,
    Int(i64),
    Real(f64),
    Text,
    Blob,
}

impl CellBuffer {
    /// Says what the value is; the bytes of texts and blobs are in [`Self::bytes`].
    pub(super) fn set(&mut self, class: Class) {
        self.class = class;
    }

    pub(super) fn cell(&self) -> Cell<'_> {
        match self.class {
            Class::Null => Cell::Null,
            Class::Int(value) => Cell::Int(value),
            Class::Real(value) => Cell::Real(value),
            Class::Text => Cell::Text(&self.bytes),
            Class::Blob => Cell::Blob(&self.bytes),
        }
    }
}

/// Appends bytes as lower-case hex digits.
pub(super) fn push_hex(bytes: &[u8], out: &mut Vec<u8>) {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    for byte in bytes {
        out.push(DIGITS[usize::from(byte >> 4)]);
        out.push(DIGITS[usize::from(byte & 15)]);
    }
}

/// Turns hex digits in `bytes` into what they stand for; `None` when they are none.
pub(super) fn unhex(bytes: &mut Vec<u8>) -> Option<()> {
    if !bytes.len().is_multiple_of(2) {
        return None;
    }
    let digit = |byte: u8| {
        char::from(byte)
            .to_digit(16)
            .and_then(|digit| u8::try_from(digit).ok())
    };
    for place in 0..bytes.len() / 2 {
        bytes[place] = digit(bytes[2 * place])? << 4 | digit(bytes[2 * place + 1])?;
    }
    bytes.truncate(bytes.len() / 2);
    Some(())
}

/// A double as the shortest text that reads back to the same bits: it always has a point, an exponent or a
/// letter, so that it is never taken for an integer.
pub(super) fn real_text(value: f64) -> String {
    format!("{value:?}")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn every_double_reads_back(bits in any::<u64>()) {
            let value = f64::from_bits(bits);
            prop_assume!(!value.is_nan());
            let text = real_text(value);
            prop_assert_eq!(text.parse::<f64>().unwrap().to_bits(), bits, "{}", text);
            prop_assert!(text.parse::<i64>().is_err(), "{} reads as an integer", text);
        }

        #[test]
        fn hex_reads_back(bytes in prop::collection::vec(any::<u8>(), 0..50)) {
            let mut hex = Vec::new();
            push_hex(&bytes, &mut hex);
            unhex(&mut hex).unwrap();
            prop_assert_eq!(hex, bytes);
        }
    }

    #[test]
    fn what_is_no_hex_is_refused() {
        for text in ["a", "0g", "ä0"] {
            assert!(unhex(&mut text.as_bytes().to_vec()).is_none(), "{text}");
        }
    }
}
