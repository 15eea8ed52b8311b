//! Lengths of time as people write them.

/// The seconds that `90`, `90s`, `5m`, `2h` or `1d` stand for.
pub(crate) fn seconds_of(text: &str) -> Option<u64> {
    let text = text.trim();
    let digits = text.trim_end_matches(|letter: char| letter.is_ascii_alphabetic());
    let factor = match &text[digits.len()..] {
        "" | "s" => 1,
        "m" => 60,
        "h" => 3_600,
        "d" => 86_400,
        _ => return None,
    };
    digits.parse::<u64>().ok()?.checked_mul(factor)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_of_time_are_read() {
        for (text, seconds) in [
            ("5m", Some(300)),
            ("90", Some(90)),
            ("2h", Some(7_200)),
            ("1d", Some(86_400)),
            ("m", None),
            ("5 weeks", None),
            ("-5m", None),
        ] {
            assert_eq!(seconds_of(text), seconds, "{text}");
        }
    }
}
