//! Cells on their way into a target.

use manifold_format::ShownCell;

/// A cell on its way into a target.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum TargetCell {
    Null,
    Int(i64),
    /// A number, and the digits that somebody wrote.
    Number(f64, String),
    Bool(bool),
    Text(String),
    Blob(Vec<u8>),
}

impl TargetCell {
    /// A cell as its column shows it.
    pub(super) fn of(cell: ShownCell<'_>) -> Self {
        match cell {
            ShownCell::Null => Self::Null,
            ShownCell::Int(value) => Self::Int(value),
            ShownCell::Decimal { value, .. } | ShownCell::Real(value) => {
                let mut digits = Vec::new();
                cell.print(&mut digits);
                Self::Number(value, String::from_utf8_lossy(&digits).into_owned())
            }
            ShownCell::Bool { value, .. } => Self::Bool(value),
            ShownCell::Text(bytes) => match std::str::from_utf8(bytes) {
                Ok(text) => Self::Text(text.to_owned()),
                Err(_) => Self::Blob(bytes.to_vec()),
            },
            ShownCell::Blob(bytes) => Self::Blob(bytes.to_vec()),
        }
    }

    /// About how many bytes it takes.
    pub(super) fn size(&self) -> usize {
        match self {
            Self::Text(text) | Self::Number(_, text) => text.len() + 8,
            Self::Blob(bytes) => 2 * bytes.len() + 8,
            Self::Null | Self::Int(_) | Self::Bool(_) => 8,
        }
    }

    /// The cell in a column of bytes.
    pub(super) fn into_bytes(self) -> Self {
        match self {
            Self::Text(text) => Self::Blob(text.into_bytes()),
            Self::Number(_, digits) => Self::Blob(digits.into_bytes()),
            Self::Int(value) => Self::Blob(value.to_string().into_bytes()),
            Self::Bool(value) => Self::Blob(value.to_string().into_bytes()),
            other => other,
        }
    }

    /// A moment with an offset in UTC, without it; what is none stays as it is.
    pub(super) fn into_utc(self) -> Self {
        let Self::Text(text) = &self else {
            return self;
        };
        let read = chrono::DateTime::parse_from_rfc3339(&text.replacen(' ', "T", 1));
        match read {
            Ok(moment) => {
                let utc = moment.naive_utc();
                Self::Text(utc.format("%Y-%m-%d %H:%M:%S%.f").to_string())
            }
            Err(_) => self,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_become_utc() {
        for (text, expected) in [
            ("2024-01-01T00:30:00+02:00", "2023-12-31 22:30:00"),
            ("2024-01-01 00:30:00.250Z", "2024-01-01 00:30:00.250"),
            ("soon", "soon"),
        ] {
            let cell = TargetCell::Text(text.to_owned());
            assert_eq!(cell.into_utc(), TargetCell::Text(expected.to_owned()));
        }
    }
}
