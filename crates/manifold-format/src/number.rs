//! What a cell is as a number, and how numbers are printed.

/// Most digits behind the point that a fixed-point column keeps.
pub(crate) const MAX_DIGITS: u8 = 18;

/// Longer cells are never numbers, so that a scan needs no heap.
const MAX_LEN: usize = 48;

const POWERS: [f64; 19] = [
    1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16,
    1e17, 1e18,
];

/// What a cell is as a number.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Number {
    /// A canonical integer in the range of `i64`.
    Int(i64),
    /// A canonical decimal that prints back in at least one of two ways.
    Decimal {
        value: f64,
        /// Digits behind the point, at least 1.
        digits: u8,
        /// Prints back with `digits` digits, at most [`MAX_DIGITS`].
        fixed: bool,
        /// Prints back in the fewest digits that identify the value.
        short: bool,
    },
    /// Reads as a number to people and lenient parsers but does not print back as one: `007`,
    /// `+5`, `1_000`, an integer beyond `i64`. One such cell proves that the column is text.
    Lookalike,
    /// Not a number.
    Other,
}

/// Classifies a cell.
#[inline]
pub(crate) fn scan(cell: &[u8]) -> Number {
    let (negative, digits) = match cell.first() {
        Some(b'-') => (true, &cell[1..]),
        Some(c) if c.is_ascii_digit() => (false, cell),
        Some(b'+') => return lookalike(&cell[1..]),
        _ => return Number::Other,
    };
    let mut mantissa = 0u64;
    let mut whole = 0;
    while let Some(c) = digits.get(whole)
        && c.is_ascii_digit()
    {
        mantissa = mantissa.wrapping_mul(10).wrapping_add(u64::from(c - b'0'));
        whole += 1;
    }
    if whole == 0 {
        return Number::Other;
    }
    let leading_zero = digits[0] == b'0' && whole > 1;
    if whole == digits.len() {
        if leading_zero {
            return Number::Lookalike;
        }
        if negative && mantissa == 0 && whole == 1 {
            return Number::Other;
        }
        if whole <= 18 {
            let value = mantissa.cast_signed();
            return Number::Int(if negative { -value } else { value });
        }
        return parse::<i64>(cell).map_or(Number::Lookalike, Number::Int);
    }
    if leading_zero || digits[whole] == b'_' {
        return lookalike(digits);
    }
    if digits[whole] != b'.' {
        return Number::Other;
    }
    let mut end = whole + 1;
    while let Some(c) = digits.get(end)
        && c.is_ascii_digit()
    {
        mantissa = mantissa.wrapping_mul(10).wrapping_add(u64::from(c - b'0'));
        end += 1;
    }
    let places = end - whole - 1;
    if end != digits.len() || places == 0 || cell.len() > MAX_LEN {
        return Number::Other;
    }
    let exact = (whole + places <= 19 && mantissa < 1_000_000_000_000_000).then_some(mantissa);
    decimal(cell, negative, exact, places)
}

/// `exact` are the digits of `cell` without the point, if they are at most 15 without leading
/// zeros and at most 19 with them.
#[inline]
fn decimal(cell: &[u8], negative: bool, exact: Option<u64>, places: usize) -> Number {
    // Not longer than `MAX_LEN`.
    let digits = places as u8;
    if let Some(mantissa) = exact {
        // Mantissa and power of ten are exact, so the quotient is the nearest double, and 15
        // digits identify it: both ways of printing are known without printing.
        let value = mantissa as f64 / POWERS[places];
        return Number::Decimal {
            value: if negative { -value } else { value },
            digits,
            fixed: true,
            short: !cell.ends_with(b"0") || places == 1,
        };
    }
    let Some(value) = parse::<f64>(cell).filter(|v| v.is_finite()) else {
        return Number::Other;
    };
    let fixed = digits <= MAX_DIGITS && prints_as(cell, |out| print_fixed(value, digits, out));
    let short = prints_as(cell, |out| print_short(value, out));
    if fixed || short {
        Number::Decimal {
            value,
            digits,
            fixed,
            short,
        }
    } else {
        Number::Other
    }
}

/// `rest` is what follows a plus sign, or begins with zeros or digits and an underscore.
fn lookalike(rest: &[u8]) -> Number {
    let number = rest.first().is_some_and(u8::is_ascii_digit)
        && rest.iter().filter(|c| **c == b'.').count() <= 1
        && rest
            .iter()
            .all(|c| c.is_ascii_digit() || matches!(c, b'_' | b'.'))
        && !rest.ends_with(b"_")
        && !rest.windows(2).any(|w| w == b"__");
    if number {
        Number::Lookalike
    } else {
        Number::Other
    }
}

fn parse<T: std::str::FromStr>(cell: &[u8]) -> Option<T> {
    std::str::from_utf8(cell).ok()?.parse().ok()
}

/// Whether `print` yields exactly `cell`, without a heap allocation.
fn prints_as(cell: &[u8], print: impl FnOnce(&mut &mut [u8]) -> std::io::Result<()>) -> bool {
    let mut buffer = [0u8; MAX_LEN];
    let mut rest = &mut buffer[..];
    let fits = print(&mut rest).is_ok();
    let written = MAX_LEN - rest.len();
    fits && &buffer[..written] == cell
}

/// Prints an integer.
pub(crate) fn print_int(value: i64, out: &mut Vec<u8>) {
    out.extend_from_slice(itoa::Buffer::new().format(value).as_bytes());
}

/// Prints `value` with exactly `digits` digits behind the point.
pub(crate) fn print_fixed<W: std::io::Write>(
    value: f64,
    digits: u8,
    out: &mut W,
) -> std::io::Result<()> {
    let scaled = POWERS.get(usize::from(digits)).map(|p| value.abs() * p);
    let Some(scaled) = scaled.filter(|s| *s < 1e15) else {
        return write!(out, "{value:.*}", usize::from(digits));
    };
    // Below 10^15 the error of the product is under a quarter, so rounding finds the integer.
    let scaled = scaled.round() as u64;
    let unit = 10u64.pow(digits.into());
    let mut buffer = itoa::Buffer::new();
    if value.is_sign_negative() {
        out.write_all(b"-")?;
    }
    out.write_all(buffer.format(scaled / unit).as_bytes())?;
    out.write_all(b".")?;
    let fraction = buffer.format(scaled % unit).as_bytes();
    const ZEROS: [u8; MAX_DIGITS as usize] = [b'0'; MAX_DIGITS as usize];
    out.write_all(&ZEROS[..usize::from(digits) - fraction.len()])?;
    out.write_all(fraction)
}

/// Prints `value` in the fewest digits that identify it, never with an exponent and always with a
/// point: `0.1`, `3.0`, `-0.0`.
pub(crate) fn print_short<W: std::io::Write>(value: f64, out: &mut W) -> std::io::Result<()> {
    if value.fract() == 0.0 {
        write!(out, "{value}.0")
    } else {
        write!(out, "{value}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn decimal(cell: &str) -> (u8, bool, bool) {
        match scan(cell.as_bytes()) {
            Number::Decimal {
                digits,
                fixed,
                short,
                ..
            } => (digits, fixed, short),
            other => panic!("{cell}: {other:?}"),
        }
    }

    #[test]
    fn integers() {
        for (cell, value) in [("0", 0), ("-1", -1), ("9223372036854775807", i64::MAX)] {
            assert_eq!(scan(cell.as_bytes()), Number::Int(value));
        }
        assert_eq!(scan(b"-9223372036854775808"), Number::Int(i64::MIN));
    }

    #[test]
    fn lookalikes_prove_text_and_others_do_not() {
        for cell in [
            "007",
            "00",
            "-01",
            "+5",
            "+4.5",
            "1_000",
            "007.5",
            "9223372036854775808",
        ] {
            assert_eq!(scan(cell.as_bytes()), Number::Lookalike, "{cell}");
        }
        for cell in [
            "-0",
            " 5",
            "5 ",
            "1e3",
            ".5",
            "1.",
            "-",
            "+",
            "",
            "NaN",
            "1,5",
            "01.02.2024",
            "1__0",
            "1_",
            "2024-01-31",
        ] {
            assert_eq!(scan(cell.as_bytes()), Number::Other, "{cell}");
        }
    }

    #[test]
    fn decimals_know_how_they_print_back() {
        assert_eq!(decimal("1.5"), (1, true, true));
        assert_eq!(decimal("1.50"), (2, true, false));
        assert_eq!(decimal("-0.0"), (1, true, true));
        assert_eq!(decimal("-0.00"), (2, true, false));
        assert_eq!(decimal("0.00001"), (5, true, true));
        assert_eq!(decimal("0.30000000000000004"), (17, true, true));
        assert_eq!(decimal("0.000345678901234567"), (18, true, true));
        assert_eq!(decimal("0.0003333333333333333"), (19, false, true));
        assert_eq!(scan(b"0.5000000000000000000"), Number::Other);
        assert_eq!(scan(b"123456789012345678.25"), Number::Other);
    }
}
