//! What the cells of a column were seen to be.

use crate::boolean::BoolKind;
use crate::date::{self, DayMonth, Offset, Separator, Temporal, TimeShape};
use crate::null_token::{CountedTokens, UsualTokens, usual};
use crate::number::{MAX_DIGITS, Number};

/// Counts over the cells of one column; each cell that is not empty counts as at most one of
/// integer, decimal, lookalike, boolean, date, time or usual null token.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Evidence {
    pub(crate) nulls: u64,
    /// Quoted empty cells that are not NULL.
    pub(crate) empties: u64,
    /// Cells that are not empty.
    pub(crate) filled: u64,
    /// Cells that are not valid UTF-8.
    pub(crate) invalid: u64,
    pub(crate) integers: u64,
    /// Integers that are 0 or 1.
    pub(crate) bits: u64,
    /// Decimals that print back with this many digits behind the point.
    pub(crate) fixed: [u64; MAX_DIGITS as usize + 1],
    pub(crate) shorts: u64,
    pub(crate) lookalikes: u64,
    /// False and true tokens by kind.
    pub(crate) booleans: [[u64; 2]; BoolKind::ALL.len()],
    /// Dates with the year first, by separator.
    pub(crate) dates: [u64; Separator::ALL.len()],
    pub(crate) day_months: [DayMonths; Separator::ALL.len()],
    pub(crate) timestamps: [Times; TIMESTAMP_SHAPES],
    pub(crate) times: [Times; 2],
    /// Cells that usually stand for NULL.
    pub(crate) usual_tokens: UsualTokens,
    /// Cells that somebody says stand for NULL; they are counted as what they look like, too.
    pub(crate) counted_tokens: Option<Box<CountedTokens>>,
}

/// Ways to write a timestamp: with or without `T`, with or without seconds, four offsets.
pub(crate) const TIMESTAMP_SHAPES: usize = 2 * 2 * 4;

/// Times written in one shape, whose seconds may have a fraction.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Times {
    pub(crate) count: u64,
    pub(crate) fractions: u64,
}

/// Dates with day and month first, by padding (two digits, no leading zeros).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct DayMonths {
    pub(crate) day_first: [u64; 2],
    pub(crate) month_first: [u64; 2],
    /// Cells that are a date only with the day first.
    pub(crate) only_day_first: u64,
    pub(crate) only_month_first: u64,
}

impl Evidence {
    /// Counts a cell that is not empty and scans as `number`.
    #[inline]
    pub(crate) fn count(&mut self, cell: &[u8], number: Number) {
        self.filled += 1;
        if let Some(tokens) = &mut self.counted_tokens {
            tokens.count(cell, false);
        }
        match number {
            Number::Int(value) => {
                self.integers += 1;
                self.bits += u64::from(matches!(value, 0 | 1));
            }
            Number::Decimal {
                digits,
                fixed,
                short,
                ..
            } => {
                if fixed {
                    self.fixed[usize::from(digits)] += 1;
                }
                self.shorts += u64::from(short);
            }
            Number::Lookalike => self.lookalikes += 1,
            Number::Other => self.count_other(cell),
        }
    }

    /// Counts text that is not empty and no number, whatever it looks like.
    pub(crate) fn count_text(&mut self, cell: &[u8]) {
        if std::str::from_utf8(cell).is_err() {
            return self.count_invalid();
        }
        self.filled += 1;
        if let Some(tokens) = &mut self.counted_tokens {
            tokens.count(cell, true);
        }
        if cell[0].is_ascii_digit() {
            self.count_temporal(cell);
        } else if let Some(token) = usual(cell) {
            self.usual_tokens.0[token] += 1;
        }
    }

    /// Counts bytes that are no text.
    pub(crate) fn count_invalid(&mut self) {
        self.filled += 1;
        self.invalid += 1;
    }

    fn count_temporal(&mut self, cell: &[u8]) {
        match date::scan(cell) {
            Some(Temporal::Date(separator)) => self.dates[separator as usize] += 1,
            Some(Temporal::DayMonth(date)) => {
                self.day_months[date.separator as usize].count(date);
            }
            Some(Temporal::Timestamp(t, shape)) => {
                self.timestamps[timestamp_index(t, shape)].count(shape);
            }
            Some(Temporal::Time(shape)) => self.times[usize::from(shape.seconds)].count(shape),
            None => {}
        }
    }

    fn count_other(&mut self, cell: &[u8]) {
        if cell[0].is_ascii_digit() {
            self.count_temporal(cell);
        } else if cell.len() <= 5
            && let Some((kind, value)) = BoolKind::scan(cell)
        {
            self.booleans[kind as usize][usize::from(value)] += 1;
        } else if let Some(token) = usual(cell) {
            self.usual_tokens.0[token] += 1;
        }
    }
}

impl Times {
    fn count(&mut self, shape: TimeShape) {
        self.count += 1;
        self.fractions += u64::from(shape.fraction);
    }
}

impl DayMonths {
    fn count(&mut self, date: DayMonth) {
        for (padding, prints_back) in [date.padded, date.unpadded].into_iter().enumerate() {
            self.day_first[padding] += u64::from(prints_back && date.day_first);
            self.month_first[padding] += u64::from(prints_back && date.month_first);
        }
        self.only_day_first += u64::from(!date.month_first);
        self.only_month_first += u64::from(!date.day_first);
    }
}

pub(crate) fn timestamp_index(t: bool, shape: TimeShape) -> usize {
    let offset = match shape.offset {
        Offset::None => 0,
        Offset::Zulu => 1,
        Offset::Colon => 2,
        Offset::Plain => 3,
    };
    offset * 4 + usize::from(shape.seconds) * 2 + usize::from(t)
}

/// The format of the timestamps counted at `index`.
pub(crate) fn timestamp_format(index: usize, fraction: bool) -> String {
    let between = if index & 1 == 1 { "T" } else { " " };
    let offset = ["", "Z", "%:z", "%z"][index / 4];
    format!(
        "%Y-%m-%d{between}{}{offset}",
        time_format(index & 2 == 2, fraction)
    )
}

/// The format of a time of day.
pub(crate) fn time_format(seconds: bool, fraction: bool) -> &'static str {
    match (seconds, fraction) {
        (false, _) => "%H:%M",
        (true, false) => "%H:%M:%S",
        (true, true) => "%H:%M:%S%.f",
    }
}
