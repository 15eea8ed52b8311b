//! What was seen last, and what comes after it.

use serde_json::{Value as Json, json};

/// The column whose highest value says what was seen.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct CursorColumn {
    pub(super) column: String,
    /// How far before what was seen last the next pull begins.
    pub(super) lag: Option<Lag>,
    /// Where the first pull begins.
    pub(super) start: Option<Seen>,
}

/// How far before what was seen last a pull begins: rows that were being written then may have lower values.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Lag {
    Seconds(u64),
    /// In the units of the column; a decimal number.
    Number(String),
}

/// A value of the column.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Seen {
    Text(String),
    Number(String),
}

impl CursorColumn {
    /// What an earlier pull has kept, if it was of this column.
    pub(super) fn before(&self, since: Option<&Json>) -> Option<Seen> {
        let since = since?;
        let same = since["column"].as_str() == Some(&self.column);
        same.then(|| Seen::of(&since["value"])).flatten()
    }

    pub(super) fn start(&self) -> Option<Seen> {
        self.start.clone()
    }

    /// What is kept for the next pull.
    pub(super) fn kept(&self, seen: Seen) -> Json {
        let value = match seen {
            Seen::Text(text) => Json::String(text),
            // An exponent or digits beyond a double's stay what they are in a text.
            Seen::Number(digits) => match digits.parse::<i64>() {
                Ok(number) => number.into(),
                Err(_) => json!({ "number": digits }),
            },
        };
        json!({ "column": self.column, "value": value })
    }
}

impl Seen {
    /// What a config or an earlier pull says.
    pub(super) fn of(value: &Json) -> Option<Self> {
        match value {
            Json::String(text) => Some(Self::Text(text.clone())),
            Json::Number(number) => Some(Self::Number(number.to_string())),
            Json::Object(_) => {
                let digits = value["number"].as_str()?;
                Some(Self::Number(digits.to_owned()))
            }
            _ => None,
        }
    }

    pub(super) fn text(&self) -> &str {
        match self {
            Self::Text(text) | Self::Number(text) => text,
        }
    }
}

/// Remembers the highest value, of rows that come in the order of the column.
#[derive(Debug, Default)]
pub(super) struct Highest {
    seen: Option<Seen>,
}

impl Highest {
    /// Values behind which nothing comes are not remembered: every later row would be missed.
    pub(super) fn text(&mut self, bytes: &[u8]) {
        const ENDLESS: [&str; 5] = ["infinity", "-infinity", "Infinity", "-Infinity", "NaN"];
        if let Ok(text) = std::str::from_utf8(bytes)
            && !ENDLESS.contains(&text)
        {
            match &mut self.seen {
                Some(Seen::Text(seen)) => text.clone_into(seen),
                seen => *seen = Some(Seen::Text(text.to_owned())),
            }
        }
    }

    pub(super) fn number(&mut self, digits: &str) {
        self.seen = Some(Seen::Number(digits.to_owned()));
    }

    pub(super) fn seen(self) -> Option<Seen> {
        self.seen
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_kept_is_read_again() {
        let column = CursorColumn {
            column: "n".to_owned(),
            lag: None,
            start: None,
        };
        for seen in [
            Seen::Text("2024-01-01".to_owned()),
            Seen::Number("-7".to_owned()),
            Seen::Number("18446744073709551615".to_owned()),
            Seen::Number("1.50".to_owned()),
        ] {
            let kept = column.kept(seen.clone());
            assert_eq!(column.before(Some(&kept)), Some(seen));
        }
        let other = CursorColumn {
            column: "m".to_owned(),
            ..column.clone()
        };
        let kept = other.kept(Seen::Text("x".to_owned()));
        assert_eq!(column.before(Some(&kept)), None);
    }
}
