//! The least and the greatest of a column's values, in each of the orders in which they may count.

use super::byte_ends::ByteEnds;
use super::glance::Glance;
use super::moment::{Moment, Writing, writings};
use super::shown_value::ShownValue;
use crate::column_type::ColumnType;
use crate::number::{self, Number, print_int};

/// Ways to write dates and times that are kept apart in one column; others have no least and greatest.
const WRITINGS: usize = 4;

/// The least and the greatest of the values of a column: of its numbers, of its dates and times in each way that
/// they are written, and of all by their bytes. Which of them counts is known at the end.
#[derive(Clone, Debug)]
pub(super) struct Extent {
    /// The first above the second while there is none; so are `lengths`.
    integers: (i64, i64),
    reals: Option<Ends<f64>>,
    bytes: ByteEnds,
    moments: Vec<(Writing, MomentEnds)>,
    lengths: (u32, u32),
}

#[derive(Clone, Debug)]
struct Ends<K> {
    least: (K, Vec<u8>),
    greatest: (K, Vec<u8>),
}

#[derive(Clone, Debug)]
enum MomentEnds {
    ByBytes(ByteEnds),
    ByTime(Ends<Moment>),
}

impl Default for Extent {
    fn default() -> Self {
        Self {
            integers: (i64::MAX, i64::MIN),
            reals: None,
            bytes: ByteEnds::default(),
            moments: Vec::new(),
            lengths: (u32::MAX, 0),
        }
    }
}

impl Extent {
    /// Takes in an integer; not its text.
    #[inline]
    pub(super) fn add_integer(&mut self, number: i64) {
        self.integers.0 = self.integers.0.min(number);
        self.integers.1 = self.integers.1.max(number);
    }

    /// Takes in a decimal; not its text, which is that of `value`.
    #[inline]
    pub(super) fn add_real(&mut self, number: f64, value: &[u8]) {
        match &mut self.reals {
            Some(ends) => ends.add(number, value),
            none => *none = Some(Ends::of(number, value)),
        }
    }

    /// Takes in text that is not empty.
    #[inline]
    pub(super) fn add_text(&mut self, text: Glance<'_>) {
        self.bytes.add(text);
        let bytes = u32::try_from(text.bytes.len()).unwrap_or(u32::MAX);
        // No character has more than four bytes.
        let (least, greatest) = self.lengths;
        if bytes > greatest || bytes / 4 < least && (bytes < least || !text.is_ascii()) {
            self.add_length(characters(text.bytes));
        }
    }

    /// Takes in text that may be a date or a time.
    #[inline]
    pub(super) fn add_moment(&mut self, text: Glance<'_>) {
        if !text.bytes.first().is_some_and(u8::is_ascii_digit) {
            return;
        }
        // What lies within changes nothing, whether it is a date or not.
        if let [(_, MomentEnds::ByBytes(ends))] = &self.moments[..]
            && ends.encloses(text)
        {
            return;
        }
        self.widen_moments(text);
    }

    /// Takes in a value that is held, of which the first bytes are at hand.
    pub(super) fn add_held(&mut self, value: &[u8], length: u32) {
        let text = Glance::at(value);
        match number::scan(value) {
            Number::Int(number) => self.add_integer(number),
            Number::Decimal { value: number, .. } => self.add_real(number, value),
            Number::Lookalike | Number::Other => self.add_moment(text),
        }
        self.bytes.add(text);
        self.add_length(length as usize);
    }

    #[inline]
    fn add_length(&mut self, length: usize) {
        let length = u32::try_from(length).unwrap_or(u32::MAX);
        self.lengths.0 = self.lengths.0.min(length);
        self.lengths.1 = self.lengths.1.max(length);
    }

    #[cold]
    fn widen_moments(&mut self, text: Glance<'_>) {
        let value = text.bytes;
        for writing in writings(value).into_iter().flatten() {
            let full = self.moments.len() == WRITINGS;
            let known = self.moments.iter_mut().find(|(w, _)| *w == writing);
            match known {
                Some((_, MomentEnds::ByBytes(ends))) => ends.add(text),
                Some((_, MomentEnds::ByTime(ends))) => {
                    ends.add(writing.moment(value), value);
                }
                None if full => {}
                None => self.moments.push((writing, MomentEnds::of(writing, value))),
            }
        }
    }

    /// The least and the greatest of the values that are what the column is. Booleans have none.
    pub(super) fn ends(
        &self,
        column_type: ColumnType,
        format: Option<&str>,
    ) -> Option<(ShownValue, ShownValue)> {
        match column_type {
            ColumnType::Empty | ColumnType::Boolean => None,
            ColumnType::Integer | ColumnType::Real | ColumnType::Decimal => self.numbers(),
            ColumnType::Text => self.bytes.shown(),
            ColumnType::Date | ColumnType::Time | ColumnType::Timestamp => {
                let is_wanted = |w: &Writing| w.is(column_type, format.unwrap_or_default());
                let (_, ends) = self.moments.iter().find(|(w, _)| is_wanted(w))?;
                match ends {
                    MomentEnds::ByBytes(ends) => ends.shown(),
                    MomentEnds::ByTime(ends) => Some(ends.shown()),
                }
            }
        }
    }

    fn numbers(&self) -> Option<(ShownValue, ShownValue)> {
        let (least, greatest) = self.integers;
        if least > greatest {
            return self.reals.as_ref().map(Ends::shown);
        }
        let (mut shown_least, mut shown_greatest) = (integer(least), integer(greatest));
        if let Some(reals) = &self.reals {
            let (least_real, greatest_real) = reals.shown();
            if reals.least.0 < least as f64 {
                shown_least = least_real;
            }
            if reals.greatest.0 > greatest as f64 {
                shown_greatest = greatest_real;
            }
        }
        Some((shown_least, shown_greatest))
    }

    /// The fewest and the most characters.
    pub(super) fn lengths(&self) -> Option<(u32, u32)> {
        (self.lengths.0 <= self.lengths.1).then_some(self.lengths)
    }
}

impl<K: Copy + PartialOrd> Ends<K> {
    fn of(key: K, value: &[u8]) -> Self {
        let only = (key, value.to_vec());
        Self {
            least: only.clone(),
            greatest: only,
        }
    }

    /// Of equal ones the first stays.
    #[inline]
    fn add(&mut self, key: K, value: &[u8]) {
        if key < self.least.0 {
            self.least.0 = key;
            value.clone_into(&mut self.least.1);
        } else if key > self.greatest.0 {
            self.greatest.0 = key;
            value.clone_into(&mut self.greatest.1);
        }
    }

    fn shown(&self) -> (ShownValue, ShownValue) {
        let shown = |(_, value): &(K, Vec<u8>)| ShownValue::of(value, false);
        (shown(&self.least), shown(&self.greatest))
    }
}

impl MomentEnds {
    fn of(writing: Writing, value: &[u8]) -> Self {
        if writing.is_sorted_by_bytes() {
            let mut ends = ByteEnds::default();
            ends.add(Glance::at(value));
            Self::ByBytes(ends)
        } else {
            Self::ByTime(Ends::of(writing.moment(value), value))
        }
    }
}

fn integer(value: i64) -> ShownValue {
    let mut printed = Vec::new();
    print_int(value, &mut printed);
    ShownValue::of(&printed, false)
}

/// How many characters text has.
pub(super) fn characters(text: &[u8]) -> usize {
    // Every character has one byte that does not continue another.
    text.iter().filter(|byte| **byte as i8 >= -0x40).count()
}
