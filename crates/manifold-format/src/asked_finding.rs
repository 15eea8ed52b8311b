//! What a column is whose type somebody says.

use crate::asked_type::{day_month_format, year_first_format};
use crate::boolean::BoolKind;
use crate::column_type::ColumnType;
use crate::date::Separator;
use crate::encoding::Encoding;
use crate::evidence::{Evidence, TIMESTAMP_SHAPES, time_format, timestamp_format};
use crate::number::MAX_DIGITS;
use crate::typing::DateOrder;
use crate::verdict::{Find, Finding};

/// The column as `column_type`, in `format` or in that of most cells: what does not fit is odd. Dates whose order neither
/// the cells nor `order` tell stay text.
pub(crate) fn asked(
    evidence: &Evidence,
    column_type: ColumnType,
    format: Option<&str>,
    order: Option<DateOrder>,
) -> Find {
    let found = match column_type {
        ColumnType::Empty | ColumnType::Text => Finding::text(evidence),
        ColumnType::Integer => Finding {
            column_type,
            format: None,
            encoding: Encoding::Int,
            conforming: evidence.integers,
        },
        ColumnType::Real => Finding {
            column_type,
            format: None,
            encoding: Encoding::Short,
            conforming: evidence.integers + evidence.shorts,
        },
        ColumnType::Decimal => decimal(evidence, format),
        ColumnType::Boolean => boolean(evidence),
        ColumnType::Date => return date(evidence, format, order),
        ColumnType::Time => most(column_type, format, times(evidence)),
        ColumnType::Timestamp => most(column_type, format, timestamps(evidence)),
    };
    Find::Type(found)
}

fn decimal(evidence: &Evidence, format: Option<&str>) -> Finding {
    let fixed = |digits: u8| evidence.fixed[usize::from(digits)];
    let asked = format.and_then(|digits| digits.parse().ok());
    // Of equally frequent widths the smaller wins.
    let digits = asked
        .or_else(|| (1..=MAX_DIGITS).rev().max_by_key(|digits| fixed(*digits)))
        .unwrap_or(1);
    Finding {
        column_type: ColumnType::Decimal,
        format: Some(digits.to_string()),
        encoding: Encoding::Fixed(digits),
        conforming: evidence.integers + fixed(digits),
    }
}

/// Of the pairs of tokens the one that most cells are, `1` and `0` among them.
fn boolean(evidence: &Evidence) -> Finding {
    let tokens = BoolKind::ALL.into_iter().zip(evidence.booleans);
    let tokens = tokens.map(|(kind, [no, yes])| (no + yes, kind));
    let (conforming, kind) = tokens
        .rev()
        .max_by_key(|(cells, _)| *cells)
        .unwrap_or((0, BoolKind::LowerTrue));
    let (format, encoding, conforming) = if evidence.bits > conforming {
        ("1/0".to_owned(), Encoding::Int, evidence.bits)
    } else {
        let format = format!("{}/{}", kind.token(true), kind.token(false));
        (format, Encoding::Bool(kind), conforming)
    };
    Finding {
        column_type: ColumnType::Boolean,
        format: Some(format),
        encoding,
        conforming,
    }
}

fn date(evidence: &Evidence, format: Option<&str>, order: Option<DateOrder>) -> Find {
    // Of equally frequent formats the first wins, and ISO 8601 is the usual one.
    let year_first = Separator::ALL.into_iter().zip(evidence.dates).rev();
    let year_first = year_first.map(|(separator, cells)| (year_first_format(separator), cells));
    let mut known: Vec<(String, u64)> = year_first.collect();
    let mut undecided = 0;
    for separator in Separator::ALL {
        let seen = evidence.day_months[separator as usize];
        let day_first = match (order, seen.only_day_first, seen.only_month_first) {
            (Some(DateOrder::Dmy), ..) => Some(true),
            (Some(DateOrder::Mdy), ..) => Some(false),
            (_, day, month) if day == month => None,
            (_, day, month) => Some(day > month),
        };
        let cells = |counts: [u64; 2]| counts[0].max(counts[1]);
        let orders = [
            (["d", "m"], seen.day_first, day_first == Some(true)),
            (["m", "d"], seen.month_first, day_first == Some(false)),
        ];
        for (letters, counts, is_decided) in orders {
            if is_decided || format.is_some() {
                for (padded, count) in [true, false].into_iter().zip(counts) {
                    known.push((day_month_format(letters, padded, separator), count));
                }
            } else if day_first.is_none() {
                undecided = undecided.max(cells(counts));
            }
        }
    }
    let best = known.iter().map(|(_, cells)| *cells).max();
    if format.is_none() && undecided > best.unwrap_or_default() {
        return Find::AmbiguousDate;
    }
    Find::Type(most(ColumnType::Date, format, known))
}

fn times(evidence: &Evidence) -> Vec<(String, u64)> {
    let seen = evidence.times.iter().zip([false, true]);
    let both = seen.flat_map(|(times, seconds)| {
        [false, true].map(|fraction| {
            let plain = times.count - times.fractions;
            let cells = if fraction { times.count } else { plain };
            (time_format(seconds, fraction).to_owned(), cells)
        })
    });
    both.collect()
}

fn timestamps(evidence: &Evidence) -> Vec<(String, u64)> {
    let both = (0..TIMESTAMP_SHAPES).flat_map(|index| {
        [false, true].map(|fraction| {
            let times = &evidence.timestamps[index];
            let plain = times.count - times.fractions;
            let cells = if fraction { times.count } else { plain };
            (timestamp_format(index, fraction), cells)
        })
    });
    both.collect()
}

/// The format that is asked for, or else the first that most cells have.
fn most(column_type: ColumnType, format: Option<&str>, known: Vec<(String, u64)>) -> Finding {
    let mut best: Option<(String, u64)> = None;
    for (known, cells) in known {
        let is_better = match format {
            Some(format) => known == format,
            None => best.as_ref().is_none_or(|(_, most)| cells > *most),
        };
        if is_better {
            best = Some((known, cells));
        }
    }
    let (format, conforming) = best.unwrap_or_default();
    Finding::temporal(column_type, format, conforming)
}
