//! What the evidence over a column amounts to.

use crate::asked_finding::asked;
use crate::asked_type::{AskedType, day_month_format, year_first_format};
use crate::boolean::BoolKind;
use crate::column_type::ColumnType;
use crate::date::Separator;
use crate::encoding::Encoding;
use crate::evidence::{DayMonths, Evidence, Times, time_format, timestamp_format};
use crate::null_token::NullToken;
use crate::number::MAX_DIGITS;
use crate::quoting::Quoting;
use crate::typing::{ColumnTyping, DateOrder};
use std::sync::Arc;

/// What the cells of one column amount to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verdict {
    /// What at least 95 % of the cells are that are not empty and stand for NULL in no other way either; without a
    /// lookalike such as `007` among them, which makes any column text. Or what somebody says.
    ///
    /// A token such as `NA` says of the other cells as little as an empty one does, so however many there are, it is the
    /// other cells that decide.
    pub column_type: ColumnType,
    /// Digits behind the point of a decimal (`2`), the tokens of a boolean (`true/false`), or the
    /// format of a date, time or timestamp in strftime's letters (`%d/%m/%Y`); else `None`.
    pub format: Option<String>,
    /// How a column of these cells is best stored.
    pub encoding: Encoding,
    /// Which cells the file quotes.
    pub quoting: Quoting,
    /// Cells that are not NULL and do not print back as the type: left in place as text, or as a
    /// blob when not valid UTF-8 (the only odd cells of a text column).
    pub odd_cells: u64,
    /// Cells that are NULL, with those that padded short rows; without those that are tokens.
    pub nulls: u64,
    /// The tokens that stand for NULL, as they were seen: the usual ones in a column that has a type beside them, and those
    /// that somebody named. The cells stay the text that they are.
    pub null_tokens: Vec<NullToken>,
    /// Cells that are as the type says.
    pub conforming: u64,
    /// The column holds dates, but no cell has a part above 12 that would say whether day or
    /// month comes first; its type is text until somebody decides.
    pub ambiguous_date: bool,
    pub(crate) evidence: Arc<Evidence>,
    pub(crate) typing: ColumnTyping,
}

impl Verdict {
    pub(crate) fn of(evidence: Evidence, quoting: Quoting) -> Self {
        Self::judge(Arc::new(evidence), quoting, ColumnTyping::default())
    }

    /// What the same cells amount to when somebody says something about them.
    ///
    /// Of the tokens that are named only those are known that the reader was told to count.
    #[must_use]
    pub fn under(&self, typing: ColumnTyping) -> Self {
        if typing == self.typing {
            return self.clone();
        }
        Self::judge(self.evidence.clone(), self.quoting, typing)
    }

    fn judge(evidence: Arc<Evidence>, quoting: Quoting, typing: ColumnTyping) -> Self {
        let (cells, mut null_tokens) = evidence.without(&typing.nulls);
        let usual = match typing.nulls.find {
            true => cells.usual_tokens.cells(),
            false => 0,
        };
        let found = match &typing.asked {
            Some(AskedType::Type {
                column_type,
                format,
            }) if evidence.filled > 0 => {
                asked(&cells, *column_type, format.as_deref(), typing.date_order)
            }
            _ => find(&cells, usual, typing.date_order),
        };
        let ambiguous_date = matches!(found, Find::AmbiguousDate);
        let found = match found {
            Find::Type(found) => found,
            Find::AmbiguousDate | Find::Nothing => Finding::text(&cells),
        };
        let is_empty = evidence.filled + evidence.empties == 0;
        let (odd_cells, conforming) = if found.column_type == ColumnType::Text {
            (cells.invalid, cells.filled - cells.invalid)
        } else {
            null_tokens.extend(
                cells
                    .usual_nulls()
                    .into_iter()
                    .filter(|_| typing.nulls.find),
            );
            let odd_cells = cells.filled - usual - found.conforming + cells.empties;
            (odd_cells, found.conforming)
        };
        Self {
            column_type: match is_empty {
                true => ColumnType::Empty,
                false => found.column_type,
            },
            format: found.format,
            encoding: found.encoding,
            quoting,
            odd_cells,
            nulls: evidence.nulls,
            null_tokens,
            conforming,
            ambiguous_date,
            evidence,
            typing,
        }
    }
}

pub(crate) struct Finding {
    pub(crate) column_type: ColumnType,
    pub(crate) format: Option<String>,
    pub(crate) encoding: Encoding,
    pub(crate) conforming: u64,
}

pub(crate) enum Find {
    Type(Finding),
    AmbiguousDate,
    Nothing,
}

impl Finding {
    pub(crate) fn text(evidence: &Evidence) -> Self {
        Self {
            column_type: ColumnType::Text,
            format: None,
            encoding: Encoding::Text,
            conforming: evidence.filled,
        }
    }

    pub(crate) fn temporal(
        column_type: ColumnType,
        format: impl Into<String>,
        conforming: u64,
    ) -> Self {
        Self {
            column_type,
            format: Some(format.into()),
            encoding: Encoding::Text,
            conforming,
        }
    }
}

/// What the cells are, of which `usual` usually stand for NULL.
fn find(evidence: &Evidence, usual: u64, order: Option<DateOrder>) -> Find {
    let cells = evidence.filled - usual;
    if cells == 0 || evidence.lookalikes > 0 {
        return Find::Nothing;
    }
    let enough = |finding: &Finding| finding.conforming * 20 >= cells * 19;
    let candidates = candidates(evidence);
    if let Some(found) = candidates.into_iter().flatten().find(enough) {
        return Find::Type(found);
    }
    Separator::ALL
        .into_iter()
        .flat_map(|separator| {
            let found = day_month(evidence, separator);
            [ordered(evidence, separator, order), found].map(|found| (separator, found))
        })
        .find_map(|(separator, found)| match found {
            Find::Type(found) if enough(&found) => Some(Find::Type(found)),
            Find::AmbiguousDate if enough(&ambiguous(evidence, separator)) => {
                Some(Find::AmbiguousDate)
            }
            _ => None,
        })
        .unwrap_or(Find::Nothing)
}

/// What the cells may be, where their order of day and month is not asked.
pub(crate) fn candidates(evidence: &Evidence) -> [Option<Finding>; 3] {
    [boolean(evidence), number(evidence), temporal(evidence)]
}

fn boolean(evidence: &Evidence) -> Option<Finding> {
    let (kind, [no, yes]) = BoolKind::ALL
        .into_iter()
        .zip(evidence.booleans)
        .max_by_key(|(_, [no, yes])| no + yes)?;
    if !kind.stands_alone() && (no == 0 || yes == 0) {
        return None;
    }
    Some(Finding {
        column_type: ColumnType::Boolean,
        format: Some(format!("{}/{}", kind.token(true), kind.token(false))),
        encoding: Encoding::Bool(kind),
        conforming: no + yes,
    })
}

fn number(evidence: &Evidence) -> Option<Finding> {
    // Of equally frequent widths the smaller wins.
    let (digits, fixed) = (1..=MAX_DIGITS)
        .map(|d| (d, evidence.fixed[usize::from(d)]))
        .rev()
        .max_by_key(|d| d.1)?;
    let (column_type, format, encoding) = if fixed.max(evidence.shorts) == 0 {
        (ColumnType::Integer, None, Encoding::Int)
    } else if fixed >= evidence.shorts {
        (
            ColumnType::Decimal,
            Some(digits.to_string()),
            Encoding::Fixed(digits),
        )
    } else {
        (ColumnType::Real, None, Encoding::Short)
    };
    let conforming = evidence.integers + fixed.max(evidence.shorts);
    Some(Finding {
        column_type,
        format,
        encoding,
        conforming,
    })
}

fn temporal(evidence: &Evidence) -> Option<Finding> {
    let dates = Separator::ALL
        .into_iter()
        .zip(evidence.dates)
        .map(|(separator, count)| {
            Finding::temporal(ColumnType::Date, year_first_format(separator), count)
        });
    let timestamps = evidence
        .timestamps
        .iter()
        .enumerate()
        .map(|(index, times)| {
            let format = timestamp_format(index, times.fractions > 0);
            Finding::temporal(ColumnType::Timestamp, format, times.count)
        });
    let times = evidence
        .times
        .iter()
        .zip([false, true])
        .map(|(times, seconds): (&Times, _)| {
            let format = time_format(seconds, times.fractions > 0);
            Finding::temporal(ColumnType::Time, format, times.count)
        });
    dates
        .chain(timestamps)
        .chain(times)
        .max_by_key(|finding| finding.conforming)
}

/// Day and month are told apart by cells that are a date in one order only. Cells of both sorts
/// contradict each other: the column is text, because a stored wrong guess would be sticky.
fn day_month(evidence: &Evidence, separator: Separator) -> Find {
    let seen: DayMonths = evidence.day_months[separator as usize];
    match (seen.only_day_first > 0, seen.only_month_first > 0) {
        (true, false) => in_order(seen, separator, true),
        (false, true) => in_order(seen, separator, false),
        (false, false) => Find::AmbiguousDate,
        (true, true) => Find::Nothing,
    }
}

/// The dates in the order that somebody says.
fn ordered(evidence: &Evidence, separator: Separator, order: Option<DateOrder>) -> Find {
    let seen = evidence.day_months[separator as usize];
    match order {
        Some(DateOrder::Dmy) => in_order(seen, separator, true),
        Some(DateOrder::Mdy) => in_order(seen, separator, false),
        Some(DateOrder::Ymd) | None => Find::Nothing,
    }
}

fn in_order(seen: DayMonths, separator: Separator, day_first: bool) -> Find {
    let (letters, [padded, unpadded]) = match day_first {
        true => (["d", "m"], seen.day_first),
        false => (["m", "d"], seen.month_first),
    };
    Find::Type(Finding::temporal(
        ColumnType::Date,
        day_month_format(letters, padded >= unpadded, separator),
        padded.max(unpadded),
    ))
}

fn ambiguous(evidence: &Evidence, separator: Separator) -> Finding {
    let [padded, unpadded] = evidence.day_months[separator as usize].day_first;
    Finding::temporal(ColumnType::Date, "", padded.max(unpadded))
}
