//! What is asked of the bytes of every cell.

/// The bytes of a cell that is text, with the first and the last eight as numbers, so that they are loaded once.
#[derive(Clone, Copy, Debug)]
pub(super) struct Glance<'a> {
    pub(super) bytes: &'a [u8],
    /// The first eight bytes, the first one lowest; what is missing is 0.
    pub(super) first: u64,
    /// The last eight of at least eight bytes, else 0.
    pub(super) last: u64,
}

impl<'a> Glance<'a> {
    #[inline]
    pub(super) fn at(bytes: &'a [u8]) -> Self {
        if let (Some(first), Some(last)) = (bytes.first_chunk(), bytes.last_chunk()) {
            return Self {
                bytes,
                first: u64::from_le_bytes(*first),
                last: u64::from_le_bytes(*last),
            };
        }
        let first = match (bytes.first_chunk(), bytes.last_chunk()) {
            // Where the two overlap they are the same bytes at the same place.
            (Some(first), Some(last)) => {
                let last = u64::from(u32::from_le_bytes(*last)) << (8 * (bytes.len() - 4));
                u64::from(u32::from_le_bytes(*first)) | last
            }
            _ => {
                let short = bytes.iter().rev();
                short.fold(0, |all, byte| all << 8 | u64::from(*byte))
            }
        };
        Self {
            bytes,
            first,
            last: 0,
        }
    }

    /// The first eight bytes as a number in their order.
    #[inline]
    pub(super) fn head(self) -> u64 {
        self.first.swap_bytes()
    }

    #[inline]
    pub(super) fn is_ascii(self) -> bool {
        const HIGH: u64 = 0x8080_8080_8080_8080;
        if self.bytes.len() <= 16 {
            (self.first | self.last) & HIGH == 0
        } else {
            self.bytes.is_ascii()
        }
    }

    /// Whether the text may be a number: it begins as one, and is no date with its year first.
    #[inline]
    pub(super) fn may_be_number(self) -> bool {
        let [first, _, _, _, fifth, ..] = self.first.to_le_bytes();
        (first.is_ascii_digit() || first == b'-') && fifth != b'-'
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::number::{self, Number};
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn heads_stand_as_the_bytes_do(a in "[ab]{0,9}", b in "[ab]{0,9}") {
            let (a, b) = (a.as_bytes(), b.as_bytes());
            let cut = |bytes: &[u8]| bytes[..bytes.len().min(8)].to_vec();
            prop_assert_eq!(Glance::at(a).head().cmp(&Glance::at(b).head()), cut(a).cmp(&cut(b)));
        }

        #[test]
        fn text_is_ascii_as_its_bytes_are(text in "[aé]{0,20}") {
            prop_assert_eq!(Glance::at(text.as_bytes()).is_ascii(), text.is_ascii());
        }

        #[test]
        fn every_number_may_be_one(text in "[-+.0-9]{0,12}") {
            let is_number = matches!(number::scan(text.as_bytes()), Number::Int(_) | Number::Decimal { .. });
            prop_assert!(!is_number || Glance::at(text.as_bytes()).may_be_number());
        }
    }
}
