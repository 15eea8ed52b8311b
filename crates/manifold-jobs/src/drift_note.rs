//! Drift in words that may be logged.

use manifold_format::{Change, Drift};

/// One change in words, without any value of a cell: it goes into results and logs of jobs.
pub(crate) fn drift_note(drift: &Drift) -> String {
    let name = drift.column.as_deref().unwrap_or_default();
    match &drift.change {
        Change::Rows { from, to } => format!("there are {to} rows, before {from}"),
        Change::Appeared => format!("column `{name}` is new"),
        Change::Removed => format!("column `{name}` is gone"),
        Change::Renamed { from } => format!("column `{name}` was called `{from}`"),
        Change::Type { from, to } => format!("`{name}` is {to}, before {from}"),
        Change::NullRate { from, to } => {
            let (from, to) = (percent(*from), percent(*to));
            format!("`{name}` is NULL in {to} of the rows, before in {from}")
        }
        Change::Distinct { from, to } => {
            format!("`{name}` has {to} different values, before {from}")
        }
        Change::Below { .. } => format!("`{name}` has values far below all former ones"),
        Change::Above { .. } => format!("`{name}` has values far above all former ones"),
        Change::Mean { .. } => format!("the mean of `{name}` is far from the former one"),
        Change::NewValue { to, .. } => {
            format!("a value that is new fills {} of `{name}`", percent(*to))
        }
        Change::VanishedValue { from, .. } => {
            format!("a value that filled {} of `{name}` is gone", percent(*from))
        }
        Change::Share { from, to, .. } => {
            let (from, to) = (percent(*from), percent(*to));
            format!("a value fills {to} of `{name}`, before {from}")
        }
    }
}

/// A part of something, with two digits below 10 %: `40 %`, `2.3 %`, `0.04 %`.
#[must_use]
pub fn percent(part: f64) -> String {
    let percent = part * 100.0;
    let digits = match percent {
        _ if percent == 0.0 || percent >= 9.95 => 0,
        _ if percent >= 0.0995 => 1,
        _ => 2,
    };
    let shown = format!("{percent:.digits$}");
    match shown.as_str() {
        "0.00" => "<0.01 %".to_owned(),
        "100" if part < 1.0 => ">99 %".to_owned(),
        _ => format!("{shown} %"),
    }
}

#[cfg(test)]
mod tests {
    use super::percent;

    #[test]
    fn parts_are_told_to_two_digits_and_never_as_nothing_or_all() {
        for (part, shown) in [
            (0.0, "0 %"),
            (0.000_01, "<0.01 %"),
            (0.0004, "0.04 %"),
            (0.023, "2.3 %"),
            (0.0996, "10 %"),
            (0.4, "40 %"),
            (0.999, ">99 %"),
            (1.0, "100 %"),
        ] {
            assert_eq!(percent(part), shown);
        }
    }
}
