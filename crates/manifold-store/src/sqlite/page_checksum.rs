//! The checksum in the last bytes of a page.
//!
//! It is the one that SQLite's own checksum shim writes (<https://sqlite.org/cksumvfs.html>), so that a `sqlite3` with
//! that extension reads, checks and writes our files.

/// Bytes at the end of each page that SQLite leaves to the checksum.
pub(crate) const LENGTH: u8 = 8;

/// Where the first page says how many bytes at the end of each page SQLite leaves alone.
const RESERVED: usize = 20;

/// Bytes of the header on the first page.
pub(super) const HEADER: usize = 100;

/// What the first page says of all pages.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct PageLayout {
    /// Bytes of a page; 0 while that is not known.
    pub(super) size: usize,
    /// Whether each page ends in a checksum.
    pub(super) checked: bool,
}

impl PageLayout {
    /// Read from the beginning of a file; `None` where no database begins.
    pub(super) fn of(beginning: &[u8]) -> Option<Self> {
        if beginning.len() < HEADER || !beginning.starts_with(b"SQLite format 3\0") {
            return None;
        }
        let size = match u16::from_be_bytes([beginning[16], beginning[17]]) {
            1 => 65_536,
            size => usize::from(size),
        };
        (size >= 512 && size.is_power_of_two()).then_some(Self {
            size,
            checked: beginning[RESERVED] == LENGTH,
        })
    }
}

/// Writes the checksum of a page into its end.
pub(super) fn seal(page: &mut [u8]) {
    if let Some((content, end)) = page.split_last_chunk_mut() {
        *end = checksum(content);
    }
}

/// Whether the checksum at the end of a page is right.
///
/// That of nothing but zeros is zero: SQLite leaves pages that were never written, and the file system reads zeros.
pub(crate) fn is_sound(page: &[u8]) -> bool {
    page.split_last_chunk()
        .is_some_and(|(content, end)| checksum(content) == *end)
}

/// Whether a first page that promises no checksums has one all the same: then that promise is what is damaged.
pub(super) fn denies_its_checksum(first_page: &[u8]) -> bool {
    let mut page = first_page.to_vec();
    if let Some(reserved) = page.get_mut(RESERVED) {
        *reserved = LENGTH;
    }
    is_sound(&page)
}

/// Two sums over the words of the content, each of which carries the other one on. No single changed byte leaves
/// both as they were.
fn checksum(content: &[u8]) -> [u8; LENGTH as usize] {
    let (mut first, mut second) = (0_u32, 0_u32);
    for [a, b, c, d, e, f, g, h] in content.as_chunks().0 {
        first = first
            .wrapping_add(u32::from_le_bytes([*a, *b, *c, *d]))
            .wrapping_add(second);
        second = second
            .wrapping_add(u32::from_le_bytes([*e, *f, *g, *h]))
            .wrapping_add(first);
    }
    let mut sum = [0; LENGTH as usize];
    sum[..4].copy_from_slice(&first.to_le_bytes());
    sum[4..].copy_from_slice(&second.to_le_bytes());
    sum
}

#[cfg(test)]
mod tests {
    use super::*;

    fn page() -> Vec<u8> {
        let mut page: Vec<u8> = (0..4_096_u32)
            .map(|at| (at.wrapping_mul(2_654_435_761) >> 13) as u8)
            .collect();
        seal(&mut page);
        page
    }

    #[test]
    fn every_changed_byte_of_a_page_is_seen() {
        let sound = page();
        assert!(is_sound(&sound));
        for at in 0..sound.len() {
            for change in [0x01, 0x55, 0x80, 0xFF] {
                let mut changed = sound.clone();
                changed[at] ^= change;
                assert!(!is_sound(&changed), "byte {at}, {change:#x}");
            }
        }
    }

    #[test]
    fn the_sums_are_those_of_sqlites_shim() {
        // Words 1, 2, 3 and 4: the first sum is 1, then 1 + 3 + 3; the second 2 + 1, then 3 + 4 + 7.
        let mut page = vec![1, 0, 0, 0, 2, 0, 0, 0, 3, 0, 0, 0, 4, 0, 0, 0];
        page.extend([0; 8]);
        seal(&mut page);
        assert_eq!(page[16..], [7, 0, 0, 0, 14, 0, 0, 0]);
    }

    #[test]
    fn a_page_of_zeros_is_sound() {
        assert!(is_sound(&[0; 4_096]));
    }

    #[test]
    fn the_first_page_tells_what_all_are() {
        let mut page = page();
        page[..16].copy_from_slice(b"SQLite format 3\0");
        page[16..18].copy_from_slice(&[0x10, 0]);
        page[RESERVED] = LENGTH;
        seal(&mut page);
        let layout = |page: &[u8]| PageLayout::of(page).map(|layout| (layout.size, layout.checked));
        assert_eq!(layout(&page), Some((4_096, true)));
        assert_eq!(layout(&page[..HEADER - 1]), None);
        page[RESERVED] = 0;
        assert_eq!(layout(&page), Some((4_096, false)));
        assert!(denies_its_checksum(&page));
        page[200] ^= 1;
        assert!(!denies_its_checksum(&page));
        page[16..18].copy_from_slice(&[0, 1]);
        assert_eq!(layout(&page), Some((65_536, false)));
        page[16..18].copy_from_slice(&[0x11, 0]);
        assert_eq!(layout(&page), None);
    }
}
