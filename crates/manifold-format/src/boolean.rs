//! Pairs of tokens that stand for false and true.

/// A pair of tokens a boolean column is written with.
///
/// A cell belongs to at most one kind: `true` is not `True`, and `1` is an integer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum BoolKind {
    /// `true` / `false`
    LowerTrue,
    /// `True` / `False`
    TitleTrue,
    /// `TRUE` / `FALSE`
    UpperTrue,
    /// `yes` / `no`
    LowerYes,
    /// `Yes` / `No`
    TitleYes,
    /// `YES` / `NO`
    UpperYes,
    /// `t` / `f`
    LowerT,
    /// `T` / `F`
    UpperT,
    /// `y` / `n`
    LowerY,
    /// `Y` / `N`
    UpperY,
}

impl BoolKind {
    /// Every kind, in the order of its discriminant.
    pub const ALL: [Self; 10] = [
        Self::LowerTrue,
        Self::TitleTrue,
        Self::UpperTrue,
        Self::LowerYes,
        Self::TitleYes,
        Self::UpperYes,
        Self::LowerT,
        Self::UpperT,
        Self::LowerY,
        Self::UpperY,
    ];

    /// The token for `value`.
    #[must_use]
    pub fn token(self, value: bool) -> &'static str {
        let (yes, no) = match self {
            Self::LowerTrue => ("true", "false"),
            Self::TitleTrue => ("True", "False"),
            Self::UpperTrue => ("TRUE", "FALSE"),
            Self::LowerYes => ("yes", "no"),
            Self::TitleYes => ("Yes", "No"),
            Self::UpperYes => ("YES", "NO"),
            Self::LowerT => ("t", "f"),
            Self::UpperT => ("T", "F"),
            Self::LowerY => ("y", "n"),
            Self::UpperY => ("Y", "N"),
        };
        if value { yes } else { no }
    }

    /// The kind `cell` is a token of, and what it stands for.
    #[must_use]
    pub fn scan(cell: &[u8]) -> Option<(Self, bool)> {
        Some(match cell {
            b"true" => (Self::LowerTrue, true),
            b"false" => (Self::LowerTrue, false),
            b"True" => (Self::TitleTrue, true),
            b"False" => (Self::TitleTrue, false),
            b"TRUE" => (Self::UpperTrue, true),
            b"FALSE" => (Self::UpperTrue, false),
            b"yes" => (Self::LowerYes, true),
            b"no" => (Self::LowerYes, false),
            b"Yes" => (Self::TitleYes, true),
            b"No" => (Self::TitleYes, false),
            b"YES" => (Self::UpperYes, true),
            b"NO" => (Self::UpperYes, false),
            b"t" => (Self::LowerT, true),
            b"f" => (Self::LowerT, false),
            b"T" => (Self::UpperT, true),
            b"F" => (Self::UpperT, false),
            b"y" => (Self::LowerY, true),
            b"n" => (Self::LowerY, false),
            b"Y" => (Self::UpperY, true),
            b"N" => (Self::UpperY, false),
            _ => return None,
        })
    }

    /// Whether one of the two tokens alone is proof enough. A column of nothing but `no` is more
    /// likely to hold a country or language code, and one of nothing but `F` an initial.
    pub(crate) fn stands_alone(self) -> bool {
        matches!(self, Self::LowerTrue | Self::TitleTrue | Self::UpperTrue)
    }
}
