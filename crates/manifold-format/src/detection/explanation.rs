//! Says why a file is split as it is.

use super::score::{Found, Trial, as_asked};
use super::{Asked, Decisions, Remembered, percent, quote_shown, records, shown};
use crate::syntax::{Escape, Syntax};

/// Whether the file can be read as an earlier one was; why, and how sure that is.
pub(crate) fn still_fits(
    text: &[u8],
    at_end: bool,
    remembered: &Remembered,
    found: &Found,
    asked: &Asked,
) -> (bool, String, f64) {
    let syntax = as_asked(remembered.syntax, asked);
    let trial = Trial::of(text, at_end, syntax, 1.0);
    let fits = |trial: &Trial| trial.regular as f64 / trial.records.max(1) as f64;
    let delimiter = shown(syntax.delimiter);
    if trial.syntax == found.best.syntax {
        return (true, "read as the snapshot before".to_owned(), 1.0);
    }
    let is_single = trial.width < 2 && found.best.width < 2;
    if is_single || trial.width > 1 && fits(&trial) >= 0.9 && trial.score > 0.5 * found.best.score {
        let why = format!(
            "read as the snapshot before: {} of {} have {} cells with {delimiter} between them",
            percent(trial.regular, trial.records),
            records(trial.records),
            trial.width
        );
        return (true, why, fits(&trial));
    }
    let why = format!(
        "the snapshot before was read with {delimiter} and quote {}, which gives {} to {} cells here",
        quote_shown(syntax.quote),
        trial.range.0,
        trial.range.1
    );
    (false, why, 1.0 - fits(&trial) * trial.score)
}

impl Found {
    /// Says why the file is read with `syntax`.
    pub(crate) fn explain(&self, syntax: &Syntax, asked: &Asked, decisions: &mut Decisions) {
        let best = &self.best;
        let delimiter = match syntax.delimiter_space {
            true => format!("{} and a space", shown(syntax.delimiter)),
            false => shown(syntax.delimiter),
        };
        if asked.delimiter.is_some() {
            decisions.asked("delimiter", delimiter);
        } else if syntax.delimiter != best.syntax.delimiter {
            decisions.add("delimiter", delimiter, "remembered", 0.9);
        } else if best.width < 2 {
            decisions.add("delimiter", delimiter, "there is one column", 0.5);
        } else {
            let mut why = format!(
                "{} of {} have {} cells",
                percent(best.regular, best.records),
                records(best.records),
                best.width
            );
            let mut sure = best.regular as f64 / best.records.max(1) as f64;
            if let Some(other) = &self.runner_up {
                why.push_str(&format!(
                    "; {} would give {} to {}",
                    shown(other.syntax.delimiter),
                    other.range.0,
                    other.range.1
                ));
                sure *= 1.0 - 0.5 * (other.score / best.score.max(1e-9)).min(1.0);
            }
            if best.records < 3 {
                sure *= 0.6;
            }
            decisions.add("delimiter", delimiter, why, sure);
        }
        self.explain_quote(syntax, asked, decisions);
        let [lf, crlf, cr] = self.line_ends;
        let kinds = [(lf, "lf"), (crlf, "crlf"), (cr, "cr")];
        let used: Vec<_> = kinds.iter().filter(|(count, _)| *count > 0).collect();
        let ends: Vec<String> = used
            .iter()
            .map(|(count, name)| format!("{count} {name}"))
            .collect();
        let line_end = match used.as_slice() {
            [] => "lf",
            [(_, only)] => only,
            _ => "mixed",
        };
        let why = match ends.is_empty() {
            true => "there is one line".to_owned(),
            false => ends.join(", "),
        };
        decisions.add(
            "line_end",
            line_end,
            why,
            if ends.len() > 1 { 0.8 } else { 1.0 },
        );
    }

    fn explain_quote(&self, syntax: &Syntax, asked: &Asked, decisions: &mut Decisions) {
        let Trial {
            quoted, misquoted, ..
        } = self.best;
        if asked.quote.is_some() {
            decisions.asked("quote", quote_shown(syntax.quote));
        } else {
            let (why, sure) = match quoted {
                0 => ("no cell is quoted".to_owned(), 0.5),
                _ => (
                    format!("{quoted} cells are quoted, {misquoted} oddly"),
                    quoted as f64 / (quoted + misquoted) as f64,
                ),
            };
            decisions.add("quote", quote_shown(syntax.quote), why, sure);
        }
        let escape = match syntax.escape {
            Escape::Doubled => "doubled",
            Escape::Backslash => "backslash",
            Escape::None => "none",
            Escape::DoubleQuotes => "double-quotes",
        };
        if asked.escape.is_some() {
            decisions.asked("escape", escape);
        } else if syntax.quote.is_some() && quoted > 0 {
            let why = match syntax.escape {
                Escape::Doubled => "quotes within cells are doubled, or there are none",
                Escape::Backslash => "quotes within cells follow a backslash",
                Escape::None => "quotes within cells are not escaped",
                Escape::DoubleQuotes => "quotes within cells are not escaped, and `\"` is doubled",
            };
            decisions.add("escape", escape, why, 0.8);
        }
    }
}
