//! How a view shows the cells that stand for NULL.

use super::view::literal;
use super::view_cell::Stored;

/// The SQL expression that is NULL where `cell`, stored in this way, is one of `tokens`, and `shown` elsewhere.
pub(super) fn without_nulls(
    cell: &str,
    tokens: &[String],
    stored: Option<&Stored<'_>>,
    shown: String,
) -> String {
    if tokens.is_empty() {
        return shown;
    }
    let mut integers = Vec::new();
    let mut reals = Vec::new();
    for token in tokens {
        match stored.and_then(|stored| stored.number(token)) {
            Some(Number::Integer(value)) => integers.push(value.to_string()),
            Some(Number::Real) => reals.push(token.clone()),
            None => {}
        }
    }
    let mut shown = shown;
    for (class, values) in [("integer", integers), ("real", reals)] {
        if !values.is_empty() {
            let values = values.join(", ");
            shown =
                format!("iif(typeof({cell}) = '{class}' AND {cell} IN ({values}), NULL, {shown})");
        }
    }
    let texts = tokens.iter().map(|token| literal(token));
    let texts: Vec<_> = texts.map(|text| format!("WHEN {text} THEN NULL")).collect();
    format!("CASE {cell} {} ELSE {shown} END", texts.join(" "))
}

/// The number that a text is stored as.
enum Number {
    Integer(i64),
    /// The one that the text is in SQL, too.
    Real,
}

impl Stored<'_> {
    fn number(&self, text: &str) -> Option<Number> {
        if let Self::Bool { yes, no } = self {
            let values = [(yes, 1), (no, 0)];
            let found = values.iter().find(|(token, _)| **token == text);
            return found.map(|(_, value)| Number::Integer(*value));
        }
        if matches!(self, Self::Text) {
            return None;
        }
        let integer = text.parse::<i64>().ok();
        if let Some(value) = integer.filter(|value| value.to_string() == text) {
            return Some(Number::Integer(value));
        }
        if !text
            .bytes()
            .all(|c| c.is_ascii_digit() || matches!(c, b'-' | b'.'))
        {
            return None;
        }
        let real: f64 = text.parse().ok()?;
        let printed = match self {
            Self::Fixed(digits) => format!("{real:.*}", usize::from(*digits)),
            Self::Short => format!("{real:?}"),
            Self::Text | Self::Int | Self::Bool { .. } => return None,
        };
        (printed == text).then_some(Number::Real)
    }
}
