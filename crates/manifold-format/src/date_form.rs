//! The form in which the dates of a column are written.

use crate::date::exists;

/// The form in which the dates of a column are written: year, month and day in some order, with one separator.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DateForm {
    parts: [Part; 3],
    separator: u8,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Part {
    Year,
    Month { padded: bool },
    Day { padded: bool },
}

impl DateForm {
    /// The form that a format in strftime's letters means, such as `%d/%m/%Y` or `%-d.%-m.%Y`; `None` for another.
    #[must_use]
    pub fn of(format: &str) -> Option<Self> {
        let mut parts = format.split('%').skip(1).map(|text| {
            let (padded, text) = match text.strip_prefix('-') {
                Some(text) => (false, text),
                None => (true, text),
            };
            let part = match text.as_bytes().first()? {
                b'Y' => Part::Year,
                b'm' => Part::Month { padded },
                b'd' => Part::Day { padded },
                _ => return None,
            };
            Some((part, &text.as_bytes()[1..]))
        });
        let (first, between) = parts.next()??;
        let (second, again) = parts.next()??;
        let (third, rest) = parts.next()??;
        let [separator @ (b'/' | b'.' | b'-')] = *between else {
            return None;
        };
        let form = Self {
            parts: [first, second, third],
            separator,
        };
        let has = |is: fn(&Part) -> bool| form.parts.iter().any(is);
        let is_whole = has(|part| *part == Part::Year)
            && has(|part| matches!(part, Part::Month { .. }))
            && has(|part| matches!(part, Part::Day { .. }));
        (again == between && rest.is_empty() && parts.next().is_none() && is_whole).then_some(form)
    }

    /// A date that is written in exactly this form, as ISO 8601.
    #[must_use]
    pub fn iso(&self, cell: &[u8]) -> Option<[u8; 10]> {
        let (mut year, mut month, mut day) = (0, 0, 0);
        let mut rest = cell;
        for (index, part) in self.parts.iter().enumerate() {
            let end = match index {
                2 => rest.len(),
                _ => rest.iter().position(|byte| *byte == self.separator)?,
            };
            let digits = &rest[..end];
            rest = rest.get(end + 1..).unwrap_or_default();
            *match part {
                Part::Year => &mut year,
                Part::Month { .. } => &mut month,
                Part::Day { .. } => &mut day,
            } = part.read(digits)?;
        }
        exists(year, month, day).then(|| {
            let mut iso = *b"0000-00-00";
            for (start, end, mut number) in [(0, 4, year), (5, 7, month), (8, 10, day)] {
                for at in (start..end).rev() {
                    // Below ten.
                    iso[at] += (number % 10) as u8;
                    number /= 10;
                }
            }
            iso
        })
    }
}

impl Part {
    fn read(self, digits: &[u8]) -> Option<u32> {
        let is_written = match self {
            Self::Year => digits.len() == 4,
            Self::Month { padded: true } | Self::Day { padded: true } => digits.len() == 2,
            Self::Month { padded: false } | Self::Day { padded: false } => {
                matches!(digits.len(), 1 | 2) && digits[0] != b'0'
            }
        };
        let number = |value: u32, byte: &u8| {
            byte.is_ascii_digit()
                .then(|| value * 10 + u32::from(byte - b'0'))
        };
        is_written
            .then(|| digits.iter().try_fold(0, number))
            .flatten()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn iso(format: &str, cell: &str) -> Option<String> {
        let iso = DateForm::of(format)?.iso(cell.as_bytes())?;
        Some(String::from_utf8(iso.to_vec()).unwrap())
    }

    #[test]
    fn dates_of_any_form_become_iso() {
        for (format, cell, expected) in [
            ("%d/%m/%Y", "31/12/2024", "2024-12-31"),
            ("%m/%d/%Y", "12/31/2024", "2024-12-31"),
            ("%-d.%-m.%Y", "1.12.0024", "0024-12-01"),
            ("%-m-%-d-%Y", "2-1-2024", "2024-02-01"),
            ("%Y/%m/%d", "2024/02/29", "2024-02-29"),
            ("%Y-%m-%d", "2024-02-29", "2024-02-29"),
        ] {
            assert_eq!(iso(format, cell).as_deref(), Some(expected), "{format}");
        }
    }

    #[test]
    fn what_is_no_date_in_the_form_is_none() {
        for cell in [
            "31/02/2024",
            "1/2/2024",
            "n/a",
            "2024-01-02",
            "",
            "01/02/2024 ",
            "01/02/24",
            "//",
            "aa/bb/cccc",
            "01/02/2024/1",
        ] {
            assert_eq!(iso("%d/%m/%Y", cell), None, "{cell}");
        }
        for cell in ["01.2.2024", "1.02.2024", "0.1.2024", ".1.2024"] {
            assert_eq!(iso("%-d.%-m.%Y", cell), None, "{cell}");
        }
        for format in [
            "",
            "%d",
            "%d/%m",
            "%d/%m.%Y",
            "%d/%m/%d",
            "%d/%m/%y",
            "%d %m %Y",
            "%d/%m/%Y/",
        ] {
            assert_eq!(DateForm::of(format), None, "{format}");
        }
    }
}
