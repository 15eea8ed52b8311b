//! A number that stands for a value.

use super::glance::Glance;

const KEYS: [u64; 3] = [
    0x2d35_8dcc_aa6c_78a5,
    0x8bb8_4b93_962e_acc9,
    0x4b33_a62e_d433_d4a3,
];

/// A number that stands for a text: other texts have others, as far as chance goes. It is only counted with, so it need not
/// withstand those who search for collisions.
///
/// This is wyhash (Wang Yi, final version 4) without its unrolled loop. Most cells have at most 16 bytes, for which it takes
/// a third of the instructions of XXH3; and it must stay the same for ever, because what is found in stored rows is to be what
/// their import has found.
#[inline]
pub(super) fn of_text(text: Glance<'_>) -> u64 {
    let folded = if text.bytes.len() > 16 {
        long(text.bytes)
    } else {
        0
    };
    mix(text.first ^ folded, text.last, text.bytes.len() as u64)
}

/// The same for an integer. All that is no text has a length that no text has.
#[inline]
pub(super) fn of_integer(value: i64) -> u64 {
    mix(value.cast_unsigned(), KEYS[2], u64::MAX)
}

/// The same for bytes that are no text.
pub(super) fn of_blob(bytes: &[u8]) -> u64 {
    !of_text(Glance::at(bytes))
}

#[inline]
fn mix(a: u64, b: u64, len: u64) -> u64 {
    let product = u128::from(a ^ KEYS[0]) * u128::from(b ^ KEYS[1]);
    let (low, high) = (product as u64, (product >> 64) as u64);
    fold(low ^ KEYS[0] ^ len, high ^ KEYS[1])
}

/// All but the last 16 bytes, and some of these.
fn long(bytes: &[u8]) -> u64 {
    let mut folded = KEYS[2];
    let mut rest = bytes;
    while let Some((chunk, behind)) = rest.split_first_chunk::<16>() {
        let chunk = u128::from_le_bytes(*chunk);
        folded = fold(chunk as u64 ^ KEYS[1], (chunk >> 64) as u64 ^ folded);
        rest = behind;
    }
    // What is left lies in the last 16, which also holds bytes that were seen.
    let last = bytes.last_chunk::<16>().unwrap_or(&[0; 16]);
    fold(u128::from_le_bytes(*last) as u64 ^ KEYS[1], folded)
}

#[inline]
fn fold(a: u64, b: u64) -> u64 {
    let product = u128::from(a) * u128::from(b);
    product as u64 ^ (product >> 64) as u64
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    fn of(text: &str) -> u64 {
        of_text(Glance::at(text.as_bytes()))
    }

    #[test]
    fn values_that_are_alike_have_other_fingerprints() {
        let mut texts: Vec<String> = (0..20_000).map(|n| n.to_string()).collect();
        texts.extend((0..20_000).map(|n| format!("a long text before {n:05} and behind")));
        texts.extend((0..40).map(|n| "x".repeat(n)));
        texts.push("\0".to_owned());
        let mut found: HashSet<u64> = texts.iter().map(|text| of(text)).collect();
        found.extend((-20_000..20_000).map(of_integer));
        found.extend(texts.iter().map(|text| of_blob(text.as_bytes())));
        assert_eq!(found.len(), 2 * texts.len() + 40_000);
    }

    /// Every bit of a fingerprint depends on every bit of the value.
    #[test]
    fn one_bit_changes_half_of_the_bits() {
        for len in [1, 3, 4, 7, 8, 15, 16, 17, 31, 32, 33, 40] {
            let value = vec![b'a'; len];
            let before = of_text(Glance::at(&value));
            for bit in 0..len * 8 {
                let mut other = value.clone();
                other[bit / 8] ^= 1 << (bit % 8);
                let changed = (of_text(Glance::at(&other)) ^ before).count_ones();
                assert!(
                    (12..=52).contains(&changed),
                    "{changed} bits, {len} bytes, bit {bit}"
                );
            }
        }
    }
}
