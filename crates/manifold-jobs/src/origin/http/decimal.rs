//! A number with all its digits.

use std::cmp::Ordering;
use std::fmt;

/// How many digits a number may have, so that two of them can be brought to the same power of ten.
const MOST_DIGITS: usize = 18;

/// A number with all its digits: `digits` divided by ten to the power of `scale`.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Decimal {
    digits: i128,
    scale: u32,
}

impl Decimal {
    /// A number as JSON and CSV write it, without an exponent, of at most 18 digits before and behind the point.
    pub(super) fn of(text: &str) -> Option<Self> {
        let (is_negative, rest) = match text.strip_prefix('-') {
            Some(rest) => (true, rest),
            None => (false, text),
        };
        let (whole, fraction) = rest.split_once('.').unwrap_or((rest, "0"));
        let are_digits = |text: &str| {
            (1..=MOST_DIGITS).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_digit())
        };
        // 19 digits are those of the nanoseconds since 1970.
        let is_long = whole.len() == MOST_DIGITS + 1 && are_digits(&whole[1..]);
        if !(are_digits(whole) || is_long && whole.as_bytes()[0].is_ascii_digit())
            || !are_digits(fraction)
        {
            return None;
        }
        let (fraction, scale) = match rest.contains('.') {
            true => (fraction, fraction.len()),
            false => ("", 0),
        };
        let digits: i128 = format!("{whole}{fraction}").parse().ok()?;
        Some(Self {
            digits: if is_negative { -digits } else { digits },
            scale: u32::try_from(scale).ok()?,
        })
    }

    pub(super) fn is_negative(self) -> bool {
        self.digits < 0
    }

    /// Both at the same power of ten. 37 digits at most, and an `i128` has 38.
    fn aligned(self, other: Self) -> (i128, i128, u32) {
        let scale = self.scale.max(other.scale);
        let at = |number: Self| number.digits * 10_i128.pow(scale - number.scale);
        (at(self), at(other), scale)
    }

    pub(super) fn minus(self, other: Self) -> Self {
        let (one, other, scale) = self.aligned(other);
        Self {
            digits: one - other,
            scale,
        }
    }
}

impl PartialEq for Decimal {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for Decimal {}

impl PartialOrd for Decimal {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Decimal {
    fn cmp(&self, other: &Self) -> Ordering {
        let (one, other, _) = self.aligned(*other);
        one.cmp(&other)
    }
}

impl fmt::Display for Decimal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sign = if self.digits < 0 { "-" } else { "" };
        let scale = self.scale as usize;
        let digits = format!("{:0>1$}", self.digits.unsigned_abs(), scale + 1);
        let (whole, fraction) = digits.split_at(digits.len() - scale);
        match fraction {
            "" => write!(f, "{sign}{whole}"),
            fraction => write!(f, "{sign}{whole}.{fraction}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn numbers_are_read_with_all_digits_or_not_at_all() {
        for text in [
            "0",
            "-1",
            "10.50",
            "9223372036854775807",
            "0.000000000000000001",
        ] {
            assert_eq!(Decimal::of(text).unwrap().to_string(), text);
        }
        for text in [
            "",
            "-",
            "1e5",
            "1.",
            ".5",
            "+1",
            "0x1",
            " 1",
            "1-",
            "12345678901234567890",
            "x123456789012345678",
        ] {
            assert!(Decimal::of(text).is_none(), "{text}");
        }
        let minus = |a, b| (Decimal::of(a).unwrap().minus(Decimal::of(b).unwrap())).to_string();
        assert_eq!(minus("5", "0.25"), "4.75");
        assert_eq!(minus("0.05", "1"), "-0.95");
        assert!(Decimal::of("2").unwrap() == Decimal::of("2.00").unwrap());
        assert!(
            Decimal::of("9007199254740993").unwrap() > Decimal::of("9007199254740992.5").unwrap()
        );
    }

    proptest! {
        #[test]
        fn they_compare_as_integers_do(a in -(10_i64.pow(17))..10_i64.pow(17), b in any::<i32>()) {
            let (x, y) = (Decimal::of(&a.to_string()).unwrap(), Decimal::of(&b.to_string()).unwrap());
            prop_assert_eq!(x.cmp(&y), a.cmp(&i64::from(b)));
            prop_assert_eq!(x.minus(y).to_string(), (a - i64::from(b)).to_string());
        }
    }
}
