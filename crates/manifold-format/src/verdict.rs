//! What the evidence over a column amounts to.

use crate::boolean::BoolKind;
use crate::column_type::ColumnType;
use crate::date::Separator;
use crate::encoding::Encoding;
use crate::evidence::{DayMonths, Evidence, Times, time_format, timestamp_format};
use crate::number::MAX_DIGITS;
use crate::quoting::Quoting;

/// What the cells of one column amount to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verdict {
    /// What at least 95 % of the cells that are not empty are; without a lookalike such as `007`
    /// among them, which makes any column text.
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
    /// Cells that are NULL, with those that padded short rows.
    pub nulls: u64,
    /// The column holds dates, but no cell has a part above 12 that would say whether day or
    /// month comes first; its type is text until somebody decides.
    pub ambiguous_date: bool,
}

impl Verdict {
    pub(crate) fn of(evidence: &Evidence, quoting: Quoting) -> Self {
        let mut ambiguous_date = false;
        let found = match find(evidence) {
            Find::Type(found) => found,
            Find::AmbiguousDate => {
                ambiguous_date = true;
                Finding::text(evidence)
            }
            Find::Nothing => Finding::text(evidence),
        };
        let untyped = matches!(found.column_type, ColumnType::Text | ColumnType::Empty);
        let odd_cells = if untyped {
            evidence.invalid
        } else {
            evidence.filled - found.conforming + evidence.empties
        };
        Self {
            column_type: found.column_type,
            format: found.format,
            encoding: found.encoding,
            quoting,
            odd_cells,
            nulls: evidence.nulls,
            ambiguous_date,
        }
    }
}

struct Finding {
    column_type: ColumnType,
    format: Option<String>,
    encoding: Encoding,
    conforming: u64,
}

enum Find {
    Type(Finding),
    AmbiguousDate,
    Nothing,
}

impl Finding {
    fn text(evidence: &Evidence) -> Self {
        let empty = evidence.filled + evidence.empties == 0;
        let column_type = if empty {
            ColumnType::Empty
        } else {
            ColumnType::Text
        };
        Self {
            column_type,
            format: None,
            encoding: Encoding::Text,
            conforming: evidence.filled,
        }
    }

    fn temporal(column_type: ColumnType, format: impl Into<String>, conforming: u64) -> Self {
        Self {
            column_type,
            format: Some(format.into()),
            encoding: Encoding::Text,
            conforming,
        }
    }
}

fn find(evidence: &Evidence) -> Find {
    if evidence.filled == 0 || evidence.lookalikes > 0 {
        return Find::Nothing;
    }
    let enough = |finding: &Finding| finding.conforming * 20 >= evidence.filled * 19;
    let candidates = [boolean(evidence), number(evidence), temporal(evidence)];
    if let Some(found) = candidates.into_iter().flatten().find(enough) {
        return Find::Type(found);
    }
    Separator::ALL
        .into_iter()
        .find_map(|separator| match day_month(evidence, separator) {
            Find::Type(found) if enough(&found) => Some(Find::Type(found)),
            Find::AmbiguousDate if enough(&ambiguous(evidence, separator)) => {
                Some(Find::AmbiguousDate)
            }
            _ => None,
        })
        .unwrap_or(Find::Nothing)
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
            let s = separator.as_str();
            Finding::temporal(ColumnType::Date, format!("%Y{s}%m{s}%d"), count)
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
    let s = separator.as_str();
    let (letters, counts) = match (seen.only_day_first > 0, seen.only_month_first > 0) {
        (true, false) => (["d", "m"], seen.day_first),
        (false, true) => (["m", "d"], seen.month_first),
        (false, false) => return Find::AmbiguousDate,
        (true, true) => return Find::Nothing,
    };
    let [padded, unpadded] = counts;
    let minus = if padded >= unpadded { "" } else { "-" };
    let [first, second] = letters.map(|letter| format!("%{minus}{letter}"));
    let format = format!("{first}{s}{second}{s}%Y");
    Find::Type(Finding::temporal(
        ColumnType::Date,
        format,
        padded.max(unpadded),
    ))
}

fn ambiguous(evidence: &Evidence, separator: Separator) -> Finding {
    let [padded, unpadded] = evidence.day_months[separator as usize].day_first;
    Finding::temporal(ColumnType::Date, "", padded.max(unpadded))
}
