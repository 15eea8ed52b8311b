//! Finding what one column holds.

use super::cardinality::Cardinality;
use super::extent::{Extent, characters};
use super::filled::Filled;
use super::fingerprint::{of_blob, of_integer, of_text};
use super::glance::Glance;
use super::scale::Scale;
use super::shown_value::ShownValue;
use super::tally::{Held, NewValue, Place, Tally};
use super::{ColumnProfile, HELD_AT_ONCE, HELD_ONE_IN, JudgedColumn, MISSED, TopValue};
use crate::column_type::ColumnType;

/// Finds what one column holds, cell by cell.
///
/// While there are few different values they are counted, and all else follows from them at the end. From the
/// first value on that is one too many, each value that is not among the frequent ones is looked at.
#[derive(Clone, Debug)]
pub(super) struct ColumnProfiler {
    scale: Scale,
    nulls: u64,
    /// Cells that are not NULL.
    filled: u64,
    empties: u64,
    tally: Tally,
    /// The value of the cell before, if it is held: columns are often sorted, or nearly.
    last: Option<(u64, Place)>,
    /// There are more different values than the tally holds.
    many: Option<Box<Many>>,
    /// What was dropped while every row could make the column hold a value.
    dropped_early: u64,
}

#[derive(Clone, Debug)]
struct Many {
    cardinality: Cardinality,
    extent: Extent,
    numbers: Numbers,
    /// There were numbers whose texts were not compared.
    has_numbers: bool,
}

/// The sum of numbers.
#[derive(Clone, Copy, Debug, Default)]
struct Numbers {
    count: u64,
    sum: f64,
}

impl ColumnProfiler {
    pub(super) fn new(scale: Scale) -> Self {
        Self {
            scale,
            nulls: 0,
            filled: 0,
            empties: 0,
            tally: Tally::new(scale.values()),
            last: None,
            many: None,
            dropped_early: 0,
        }
    }

    #[inline]
    pub(super) fn count_null(&mut self) {
        self.nulls += 1;
    }

    /// Counts an integer; `text` is what was read. `hold`: whether a value that is not held may be held from now on, now that there
    /// are many. Of integers and decimals among many values the texts are not compared: see [`Self::finish`].
    #[inline]
    pub(super) fn count_integer<'a>(
        &mut self,
        value: i64,
        hold: bool,
        text: impl FnOnce() -> &'a [u8],
    ) {
        let hash = of_integer(value);
        if self.count_held(hash) {
            return;
        }
        let Some(many) = &mut self.many else {
            return self.count_new(text(), Filled::Int(value), hash);
        };
        many.cardinality.add(hash);
        many.extent.add_integer(value);
        many.numbers.add(value as f64, 1);
        many.has_numbers = true;
        if hold {
            self.hold(text(), Filled::Int(value), hash);
        }
    }

    /// Counts a decimal of which this was read.
    #[inline]
    pub(super) fn count_real(&mut self, value: f64, hold: bool, text: &[u8]) {
        let hash = of_text(Glance::at(text));
        if self.count_held(hash) {
            return;
        }
        let Some(many) = &mut self.many else {
            return self.count_new(text, Filled::Real(value), hash);
        };
        many.cardinality.add(hash);
        many.extent.add_real(value, text);
        many.numbers.add(value, 1);
        many.has_numbers = true;
        if hold {
            self.hold(text, Filled::Real(value), hash);
        }
    }

    /// Counts text. What looks like a number is one, however its column is stored.
    #[inline]
    pub(super) fn count_text(&mut self, bytes: &[u8], hold: bool) {
        let text = Glance::at(bytes);
        let kind = if text.may_be_number() {
            Filled::scanned(bytes)
        } else {
            Filled::Text
        };
        let hash = match kind {
            Filled::Int(value) => of_integer(value),
            _ => of_text(text),
        };
        if self.count_held(hash) {
            self.empties += u64::from(bytes.is_empty());
            return;
        }
        let Some(many) = &mut self.many else {
            self.empties += u64::from(bytes.is_empty());
            return self.count_new(bytes, kind, hash);
        };
        many.add_text(text, kind, hash);
        if bytes.is_empty() {
            self.empties += 1;
        }
        if hold {
            self.hold(bytes, kind, hash);
        }
    }

    /// Counts bytes that are no text.
    pub(super) fn count_blob(&mut self, bytes: &[u8], hold: bool) {
        let hash = of_blob(bytes);
        if self.count_held(hash) {
            return;
        }
        let Some(many) = &mut self.many else {
            return self.count_new(bytes, Filled::Blob, hash);
        };
        many.cardinality.add(hash);
        if hold {
            self.hold(bytes, Filled::Blob, hash);
        }
    }

    /// Counts a value if it is held.
    #[inline]
    fn count_held(&mut self, hash: u64) -> bool {
        self.filled += 1;
        let place = match self.last {
            Some((last, place)) if last == hash => place,
            _ => match self.tally.find(hash) {
                Some(place) => {
                    self.last = Some((hash, place));
                    place
                }
                None => return false,
            },
        };
        let number = self.tally.count(place).number;
        if let Some(many) = &mut self.many {
            many.numbers.add(number, 1);
        }
        true
    }

    /// Counts a new value, while there are few.
    #[cold]
    fn count_new(&mut self, bytes: &[u8], kind: Filled, hash: u64) {
        if self.tally.is_full() {
            let mut many = self.begin_many();
            match kind {
                Filled::Blob => many.cardinality.add(hash),
                _ => many.add_text(Glance::at(bytes), kind, hash),
            }
            self.many = Some(Box::new(many));
            if self.rows() > HELD_AT_ONCE {
                return;
            }
        }
        self.hold(bytes, kind, hash);
    }

    /// From now on the value is held.
    #[cold]
    fn hold(&mut self, bytes: &[u8], kind: Filled, hash: u64) {
        if self.tally.is_full() {
            self.tally.drop_rare();
            self.last = None;
            if self.rows() <= HELD_AT_ONCE {
                self.dropped_early = self.tally.dropped();
            }
        }
        let blob = matches!(kind, Filled::Blob);
        let length = if blob { bytes.len() } else { characters(bytes) };
        let new = NewValue {
            number: kind.number(),
            length: u32::try_from(length).unwrap_or(u32::MAX),
            blob,
            late: self.many.is_some() && self.rows() > HELD_AT_ONCE,
        };
        self.tally.hold(hash, bytes, new);
    }

    fn rows(&self) -> u64 {
        self.nulls + self.filled
    }

    /// What the values that are held come to.
    fn begin_many(&self) -> Many {
        let mut cardinality = Cardinality::new(self.scale.register_bits());
        self.tally.hashes().for_each(|hash| cardinality.add(hash));
        Many {
            cardinality,
            extent: self.extent(&|_| false),
            numbers: self.numbers(),
            has_numbers: false,
        }
    }

    fn extent(&self, is_null: &dyn Fn(&[u8]) -> bool) -> Extent {
        let mut extent = Extent::default();
        for (held, bytes) in self.tally.values() {
            if !bytes.is_empty() && !held.blob && !is_null(bytes) {
                extent.add_held(bytes, held.length);
            }
        }
        extent
    }

    fn numbers(&self) -> Numbers {
        let mut numbers = Numbers::default();
        for (held, _) in self.tally.values() {
            numbers.add(held.number, self.tally.counted(held));
        }
        numbers
    }

    /// What the column holds, given what it has turned out to be; `None` when it is text after all, and the texts of numbers in it
    /// were not compared.
    pub(super) fn finish(&self, judged: JudgedColumn<'_>) -> Option<ColumnProfile> {
        let is_text = judged.column_type == ColumnType::Text;
        if is_text && self.many.as_ref().is_some_and(|many| many.has_numbers) {
            return None;
        }
        let is_null = |bytes: &[u8]| judged.null_tokens.iter().any(|token| token == bytes);
        let tokens = self.tally.values().filter(|(_, bytes)| is_null(bytes));
        let (tokens, token_cells) = tokens.fold((0, 0), |(tokens, cells), (held, _)| {
            (tokens + 1, cells + self.tally.counted(held))
        });
        let few = self.many.is_none();
        let (extent, numbers, distinct) = match &self.many {
            Some(many) => {
                let estimate = many.cardinality.estimate();
                // There is one more than the tally holds, and not more than cells.
                let distinct = estimate.clamp(self.scale.values() as u64 + 1, self.filled);
                (&many.extent, many.numbers, distinct)
            }
            None => {
                let distinct = self.tally.values().len() as u64;
                (&self.extent(&is_null), self.numbers(), distinct)
            }
        };
        let JudgedColumn {
            column_type,
            format,
            ..
        } = judged;
        let (min, max) = extent.ends(column_type, format).unzip();
        let is_number = matches!(
            column_type,
            ColumnType::Integer | ColumnType::Real | ColumnType::Decimal
        );
        let lengths = extent.lengths().filter(|_| is_text);
        let (top, others_at_most) = self.top(&is_null);
        Some(ColumnProfile {
            rows: self.rows(),
            nulls: self.nulls + token_cells,
            empties: self.empties,
            distinct: distinct - tokens,
            distinct_exact: few,
            min,
            max,
            mean: numbers.mean().filter(|_| is_number),
            min_length: lengths.map(|lengths| lengths.0),
            max_length: lengths.map(|lengths| lengths.1),
            others_at_most,
            top,
        })
    }

    /// How often a value can have been there without being held, when `dropped` was dropped until then.
    ///
    /// It was counted and dropped again: then it was counted at most as often as was dropped. Once only one in
    /// [`HELD_ONE_IN`] rows makes the column hold a value, it was passed over before each of these times too, seven
    /// times in the mean, with a variance of 56: six standard deviations more, or [`MISSED`], are not exceeded.
    fn unheld(&self, dropped: u64, late: bool) -> u64 {
        if !late {
            return dropped;
        }
        let times = dropped - self.dropped_early.min(dropped);
        let spread = 45 * times.isqrt();
        dropped + (HELD_ONE_IN - 1) * times + spread + MISSED
    }

    /// The most frequent values, the first more frequent than the next, and in how many cells any other is at most. Of those that may
    /// have been there before they were held only such are told that were seen more often since.
    fn top(&self, is_null: &dyn Fn(&[u8]) -> bool) -> (Vec<TopValue>, u64) {
        let value = |(held, bytes): (&Held, &[u8])| TopValue {
            value: ShownValue::of(bytes, held.blob),
            count: self.tally.counted(held),
            error: self.unheld(held.since, held.late),
        };
        let held = self.tally.values();
        let held = held.filter(|(_, bytes)| !is_null(bytes));
        let (mut top, mut others): (Vec<_>, Vec<_>) =
            held.map(value).partition(|value| value.count > value.error);
        top.sort_by(|a, b| {
            let frequent = b.count.cmp(&a.count);
            frequent.then_with(|| a.value.bytes.cmp(&b.value.bytes))
        });
        others.extend(top.drain(self.scale.top().min(top.len())..));
        let others = others.iter().map(|value| value.count + value.error);
        let unheld = match &self.many {
            Some(_) => self.unheld(self.tally.dropped(), self.rows() > HELD_AT_ONCE),
            None => 0,
        };
        (top, others.max().unwrap_or(0).max(unheld))
    }
}

impl Numbers {
    #[inline]
    fn add(&mut self, number: f64, times: u64) {
        if !number.is_nan() {
            self.count += times;
            self.sum += number * times as f64;
        }
    }

    fn mean(self) -> Option<f64> {
        let mean = self.sum / self.count as f64;
        mean.is_finite().then_some(mean)
    }
}

impl Many {
    /// Takes in text that is not held.
    #[inline]
    fn add_text(&mut self, text: Glance<'_>, kind: Filled, hash: u64) {
        self.cardinality.add(hash);
        if text.bytes.is_empty() {
            return;
        }
        match kind {
            Filled::Int(number) => {
                self.extent.add_integer(number);
                self.numbers.add(number as f64, 1);
            }
            Filled::Real(number) => {
                self.extent.add_real(number, text.bytes);
                self.numbers.add(number, 1);
            }
            Filled::Text | Filled::Blob => self.extent.add_moment(text),
        }
        self.extent.add_text(text);
    }
}
