//! A part of a backup's files.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// One of several parts into which the files of a backup are divided: each file is in exactly one, and always in the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Part {
    /// Which part, from 1.
    pub number: u32,
    /// Of how many.
    pub of: u32,
}

/// A text that names no part.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{text}` is no part; write it as 2/7: the second of seven")]
pub struct PartError {
    text: String,
}

impl Part {
    /// Whether it has the file at this place in the manifest, from 0.
    #[must_use]
    pub fn has(self, place: usize) -> bool {
        let (number, of) = (self.number as usize, self.of as usize);
        place % of == number - 1
    }
}

impl FromStr for Part {
    type Err = PartError;

    fn from_str(text: &str) -> Result<Self, PartError> {
        let wrong = || PartError {
            text: text.to_owned(),
        };
        let count = |digits: &str| {
            let plain = digits.bytes().all(|byte| byte.is_ascii_digit());
            digits.parse::<u32>().ok().filter(|_| plain)
        };
        let (number, of) = text.split_once('/').ok_or_else(wrong)?;
        match (count(number), count(of)) {
            (Some(number), Some(of)) if (1..=of).contains(&number) => Ok(Self { number, of }),
            _ => Err(wrong()),
        }
    }
}

impl fmt::Display for Part {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.number, self.of)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn every_file_is_in_exactly_one_part(of in 1_u32..50, place in 0_usize..1_000) {
            let having = (1..=of).filter(|&number| Part { number, of }.has(place)).count();
            prop_assert_eq!(having, 1);
        }

        #[test]
        fn parts_are_read_as_they_are_written(of in 1_u32.., number in 1_u32..) {
            let part = Part { number, of };
            let read = part.to_string().parse();
            prop_assert_eq!(read.ok(), (number <= of).then_some(part));
        }
    }

    #[test]
    fn what_names_no_part_is_refused() {
        for text in [
            "",
            "1",
            "/",
            "1/",
            "/2",
            "0/3",
            "4/3",
            "0/0",
            "+1/2",
            "1/+2",
            "-1/2",
            " 1/2",
            "1/2/3",
            "a/b",
            "1/99999999999",
        ] {
            assert!(text.parse::<Part>().is_err(), "{text}");
        }
    }
}
