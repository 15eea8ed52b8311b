//! A number of things in words.

use std::fmt;

/// A number of things: `1 column`, `2 columns`.
pub(crate) struct Count(pub(crate) u64, pub(crate) &'static str);

impl fmt::Display for Count {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self(number, one) = self;
        let plural = if *number == 1 { "" } else { "s" };
        write!(f, "{number} {one}{plural}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_is_not_many() {
        let words = [0, 1, 2].map(|number| Count(number, "field").to_string());
        assert_eq!(words, ["0 fields", "1 field", "2 fields"]);
    }
}
