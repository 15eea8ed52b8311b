//! The least and the greatest of values by their bytes.

use super::glance::Glance;
use super::shown_value::{KEPT, ShownValue};

/// The least and the greatest by bytes; both empty while there is none.
#[derive(Clone, Debug)]
pub(super) struct ByteEnds {
    /// The first eight bytes of either, which decide nearly always.
    heads: (u64, u64),
    least: Vec<u8>,
    greatest: Vec<u8>,
}

impl Default for ByteEnds {
    fn default() -> Self {
        Self {
            heads: (u64::MAX, 0),
            least: Vec::new(),
            greatest: Vec::new(),
        }
    }
}

impl ByteEnds {
    #[inline]
    pub(super) fn add(&mut self, value: Glance<'_>) {
        let head = value.head();
        if head <= self.heads.0 || head >= self.heads.1 {
            self.widen(head, value.bytes);
        }
    }

    #[inline]
    pub(super) fn encloses(&self, value: Glance<'_>) -> bool {
        let (head, bytes) = (value.head(), value.bytes);
        self.heads.0 < head && head < self.heads.1
            || self.least.as_slice() <= bytes && bytes <= self.greatest.as_slice()
    }

    #[cold]
    fn widen(&mut self, head: u64, value: &[u8]) {
        let value = &value[..value.len().min(KEPT + 1)];
        if self.least.is_empty() || *value < *self.least {
            self.heads.0 = head;
            value.clone_into(&mut self.least);
        }
        if *value > *self.greatest {
            self.heads.1 = head;
            value.clone_into(&mut self.greatest);
        }
    }

    pub(super) fn shown(&self) -> Option<(ShownValue, ShownValue)> {
        let shown = |value: &[u8]| ShownValue::of(value, false);
        (!self.least.is_empty()).then(|| (shown(&self.least), shown(&self.greatest)))
    }
}
