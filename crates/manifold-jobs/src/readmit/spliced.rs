//! Bytes with other ones in some places.

use std::collections::VecDeque;
use std::io::{Cursor, Read};

/// Bytes that stand in the place of others.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Patch {
    /// Where the others begin.
    pub(super) at: u64,
    /// How many they are.
    pub(super) len: u64,
    pub(super) bytes: Vec<u8>,
}

/// Bytes with others in the places of some.
#[derive(Debug)]
pub(super) struct Spliced<R> {
    whole: R,
    at: u64,
    /// In the order of their places, which do not overlap.
    patches: VecDeque<Patch>,
    open: Cursor<Vec<u8>>,
}

impl<R: Read> Spliced<R> {
    /// `whole`, which is read from its beginning, with `patches`, in the order of their places.
    pub(super) fn new(whole: R, patches: Vec<Patch>) -> Self {
        Self {
            whole,
            at: 0,
            patches: patches.into(),
            open: Cursor::default(),
        }
    }
}

/// How many bytes `len` become.
pub(super) fn spliced_len(len: u64, patches: &[Patch]) -> u64 {
    patches.iter().fold(len, |len, patch| {
        (len + patch.bytes.len() as u64).saturating_sub(patch.len)
    })
}

impl<R: Read> Read for Spliced<R> {
    fn read(&mut self, out: &mut [u8]) -> std::io::Result<usize> {
        loop {
            let read = self.open.read(out)?;
            if read > 0 || out.is_empty() {
                return Ok(read);
            }
            let before = self.patches.front().map(|patch| patch.at - self.at);
            if before == Some(0)
                && let Some(patch) = self.patches.pop_front()
            {
                self.at += std::io::copy(
                    &mut self.whole.by_ref().take(patch.len),
                    &mut std::io::sink(),
                )?;
                self.open = Cursor::new(patch.bytes);
                continue;
            }
            let most = before.map_or(out.len(), |before| {
                usize::try_from(before).map_or(out.len(), |before| before.min(out.len()))
            });
            let read = self.whole.read(&mut out[..most])?;
            self.at += read as u64;
            return Ok(read);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn patches_come_in_their_places(
            parts in proptest::collection::vec(("[a-z]{0,5}", "[A-Z]{0,4}", "[0-9]{0,6}"), 0..6),
            tail in "[a-z]{0,5}",
            piece in 1..7_usize,
        ) {
            let (mut whole, mut expected, mut patches) = (String::new(), String::new(), Vec::new());
            for (kept, gone, new) in parts {
                whole += &kept;
                expected += &kept;
                patches.push(Patch {
                    at: whole.len() as u64,
                    len: gone.len() as u64,
                    bytes: new.clone().into_bytes(),
                });
                whole += &gone;
                expected += &new;
            }
            whole += &tail;
            expected += &tail;
            prop_assert_eq!(spliced_len(whole.len() as u64, &patches), expected.len() as u64);
            let mut spliced = Spliced::new(Cursor::new(whole.into_bytes()), patches);
            let mut found = Vec::new();
            let mut buffer = vec![0; piece];
            loop {
                match spliced.read(&mut buffer).unwrap() {
                    0 => break,
                    read => found.extend_from_slice(&buffer[..read]),
                }
            }
            prop_assert_eq!(String::from_utf8(found).unwrap(), expected);
        }
    }
}
