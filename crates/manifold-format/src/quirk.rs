//! What is special about the bytes of one row.

/// What the dialect does not say about one row's bytes.
///
/// Serialized: one byte for the form (0 as the dialect says, 1 mask, 2 raw), the number of lead
/// bytes as a little-endian base-128 integer, the lead bytes, then the mask or the raw record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Quirk {
    /// Bytes between the row before (or the header) and this row: blank lines, rejected records.
    pub lead: Vec<u8>,
    /// How the row itself is written.
    pub form: RowForm,
}

/// How a row with a [`Quirk`] is written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RowForm {
    /// As the dialect says.
    Conforming,
    /// With quotes where the dialect has none and the other way round, for each set bit: column
    /// `i` is bit `i % 8` of byte `i / 8`. Columns beyond the last byte conform.
    Mask(Vec<u8>),
    /// As these bytes, which include the line end, if any.
    Raw(Vec<u8>),
}

/// Bytes that are no serialized [`Quirk`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "damaged row quirk of {len} bytes: the row cannot be exported byte for byte; export it as plain csv"
)]
pub struct QuirkError {
    /// How many bytes there are.
    pub len: usize,
}

impl Quirk {
    /// The persisted form.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = Vec::new();
        QuirkView {
            lead: &self.lead,
            form: self.form.view(),
        }
        .write(&mut bytes);
        bytes
    }

    /// Reads the persisted form.
    ///
    /// # Errors
    ///
    /// [`QuirkError`] when `bytes` are not what [`Quirk::to_bytes`] writes.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, QuirkError> {
        let view = QuirkView::read(bytes)?;
        let form = match view.form {
            FormView::Conforming => RowForm::Conforming,
            FormView::Mask(mask) => RowForm::Mask(mask.to_vec()),
            FormView::Raw(raw) => RowForm::Raw(raw.to_vec()),
        };
        Ok(Self {
            lead: view.lead.to_vec(),
            form,
        })
    }
}

impl RowForm {
    fn view(&self) -> FormView<'_> {
        match self {
            Self::Conforming => FormView::Conforming,
            Self::Mask(mask) => FormView::Mask(mask),
            Self::Raw(raw) => FormView::Raw(raw),
        }
    }
}

/// A [`Quirk`] that borrows its bytes.
#[derive(Clone, Copy)]
pub(crate) struct QuirkView<'a> {
    pub(crate) lead: &'a [u8],
    pub(crate) form: FormView<'a>,
}

#[derive(Clone, Copy)]
pub(crate) enum FormView<'a> {
    Conforming,
    Mask(&'a [u8]),
    Raw(&'a [u8]),
}

impl<'a> QuirkView<'a> {
    pub(crate) fn write(self, out: &mut Vec<u8>) {
        let (code, rest) = match self.form {
            FormView::Conforming => (0, &[][..]),
            FormView::Mask(mask) => (1, mask),
            FormView::Raw(raw) => (2, raw),
        };
        out.push(code);
        let mut len = self.lead.len();
        while len >= 0x80 {
            out.push(len as u8 | 0x80);
            len >>= 7;
        }
        out.push(len as u8);
        out.extend_from_slice(self.lead);
        out.extend_from_slice(rest);
    }

    pub(crate) fn read(bytes: &'a [u8]) -> Result<Self, QuirkError> {
        let damaged = QuirkError { len: bytes.len() };
        let (code, mut rest) = bytes.split_first().ok_or(damaged)?;
        let (mut len, mut shift) = (0usize, 0u32);
        loop {
            let (byte, after) = rest.split_first().ok_or(damaged)?;
            rest = after;
            let part = usize::from(byte & 0x7f);
            len |= part
                .checked_shl(shift)
                .filter(|p| p >> shift == part)
                .ok_or(damaged)?;
            if byte & 0x80 == 0 {
                break;
            }
            shift += 7;
        }
        let (lead, rest) = rest.split_at_checked(len).ok_or(damaged)?;
        let form = match code {
            0 if rest.is_empty() => FormView::Conforming,
            1 => FormView::Mask(rest),
            2 => FormView::Raw(rest),
            _ => return Err(damaged),
        };
        Ok(Self { lead, form })
    }
}

/// Whether column `index` is quoted otherwise than the dialect says.
#[inline]
pub(crate) fn deviates(mask: &[u8], index: usize) -> bool {
    mask.get(index / 8)
        .is_some_and(|byte| byte >> (index % 8) & 1 == 1)
}

/// Marks column `index` as quoted otherwise than the dialect says.
pub(crate) fn set_deviation(mask: &mut Vec<u8>, index: usize) {
    if mask.len() <= index / 8 {
        mask.resize(index / 8 + 1, 0);
    }
    mask[index / 8] |= 1 << (index % 8);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn damaged_bytes_are_refused() {
        for bytes in [
            &[][..],
            &[0],
            &[3, 0],
            &[0, 0, 1],
            &[1, 5, b'x'],
            &[0, 0x80],
            &[0xff; 20],
        ] {
            assert!(Quirk::from_bytes(bytes).is_err(), "{bytes:?}");
        }
    }

    #[test]
    fn a_long_lead_survives() {
        for len in [0, 1, 127, 128, 20_000] {
            let quirk = Quirk {
                lead: vec![b'\n'; len],
                form: RowForm::Mask(vec![5, 1]),
            };
            assert_eq!(Quirk::from_bytes(&quirk.to_bytes()), Ok(quirk));
        }
    }
}
