//! Where the bytes lie that structure delimited text, found many at a time.

use wide::u8x16;

/// How many bytes are looked at together.
pub(crate) const BLOCK: usize = 64;

/// The delimiter, the quote and both line breaks.
#[derive(Clone, Copy)]
pub(crate) struct Marks {
    delimiter: u8x16,
    quote: u8x16,
}

/// What a block holds; bit `i` stands for byte `i`.
#[derive(Clone, Copy)]
pub(crate) struct Marked {
    /// The bytes that structure.
    pub(crate) marks: u64,
    /// Whether every byte is ASCII.
    pub(crate) ascii: bool,
}

impl Marks {
    #[inline]
    pub(crate) fn new(delimiter: u8, quote: u8) -> Self {
        Self {
            delimiter: u8x16::splat(delimiter),
            quote: u8x16::splat(quote),
        }
    }

    #[inline]
    pub(crate) fn of(&self, block: &[u8; BLOCK]) -> Marked {
        let mut marks = 0;
        let mut all = u8x16::splat(0);
        for (at, part) in block.as_chunks::<16>().0.iter().enumerate() {
            let part = u8x16::new(*part);
            let found = part.simd_eq(self.delimiter)
                | part.simd_eq(self.quote)
                | part.simd_eq(u8x16::splat(b'\n'))
                | part.simd_eq(u8x16::splat(b'\r'));
            marks |= u64::from(found.to_bitmask()) << (16 * at);
            all |= part;
        }
        Marked {
            marks,
            ascii: all.to_bitmask() == 0,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn each_byte_is_looked_at(block in proptest::collection::vec(any::<u8>(), BLOCK), ascii: bool) {
            let mut block: [u8; BLOCK] = block.try_into().unwrap();
            if ascii {
                block = block.map(|byte| byte & 0x7f);
            }
            let found = Marks::new(b';', b'\'').of(&block);
            for (at, byte) in block.iter().enumerate() {
                let is_mark = matches!(byte, b';' | b'\'' | b'\n' | b'\r');
                prop_assert_eq!(found.marks >> at & 1 == 1, is_mark);
            }
            prop_assert_eq!(found.ascii, block.is_ascii());
        }
    }
}
