//! How a view shows dates that were written in another order than ISO 8601.

/// A place in a written date.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Part {
    Year,
    Month { padded: bool },
    Day { padded: bool },
}

/// The SQL expression for `cell`, a date written in `format` (such as `%d/%m/%Y` or `%-d.%-m.%Y`), as
/// ISO 8601, so that dates compare and sort; a cell that is no date in exactly that format is shown as
/// it is stored. `None` when the format is ISO already or not one of these.
pub(super) fn iso(cell: &str, format: &str) -> Option<String> {
    let (parts, separator) = parse(format)?;
    let [first, second, third] = parts[..] else {
        return None;
    };
    if first == Part::Year && separator == '-' {
        return None;
    }
    let head = format!("substr({cell}, 1, instr({cell}, '{separator}') - 1)");
    let tail = format!("substr({cell}, instr({cell}, '{separator}') + 1)");
    let middle = format!("substr({tail}, 1, instr({tail}, '{separator}') - 1)");
    let last = format!("substr({tail}, instr({tail}, '{separator}') + 1)");
    let texts = [(first, head), (second, middle), (third, last)];
    let place = |wanted: fn(Part) -> bool| {
        texts
            .iter()
            .find(|(part, _)| wanted(*part))
            .map(|(_, text)| text.clone())
    };
    let year = place(|part| part == Part::Year)?;
    let month = place(|part| matches!(part, Part::Month { .. }))?;
    let day = place(|part| matches!(part, Part::Day { .. }))?;
    let iso = format!("printf('%04d-%02d-%02d', {year}, {month}, {day})");
    let written: Vec<&str> = parts.iter().map(|part| part.print()).collect();
    let written = written.join(&separator.to_string());
    let values: Vec<&str> = texts.iter().map(|(_, text)| text.as_str()).collect();
    let same = format!("printf('{written}', {}) = {cell}", values.join(", "));
    Some(format!(
        "iif(typeof({cell}) = 'text' AND {same} AND date({iso}) = {iso}, {iso}, {cell})"
    ))
}

/// The parts of a format and the one separator between them.
fn parse(format: &str) -> Option<(Vec<Part>, char)> {
    let mut parts = Vec::new();
    let mut separators = Vec::new();
    let mut rest = format;
    while let Some(specifier) = rest.strip_prefix('%') {
        let (padded, specifier) = match specifier.strip_prefix('-') {
            Some(unpadded) => (false, unpadded),
            None => (true, specifier),
        };
        let mut letters = specifier.chars();
        parts.push(match letters.next()? {
            'Y' => Part::Year,
            'm' => Part::Month { padded },
            'd' => Part::Day { padded },
            _ => return None,
        });
        separators.extend(letters.next());
        rest = letters.as_str();
    }
    let separator = *separators.first()?;
    let known =
        matches!(separator, '/' | '.' | '-') && separators == [separator; 2] && rest.is_empty();
    known.then_some((parts, separator))
}

impl Part {
    fn print(self) -> &'static str {
        match self {
            Self::Year => "%04d",
            Self::Month { padded: true } | Self::Day { padded: true } => "%02d",
            Self::Month { padded: false } | Self::Day { padded: false } => "%d",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(format: &str, cell: &str) -> String {
        let expression = iso("d.c1", format).unwrap_or_else(|| "d.c1".to_owned());
        let conn = rusqlite::Connection::open_in_memory().unwrap();
        conn.query_row(
            &format!("SELECT {expression} FROM (SELECT ?1 AS c1) d"),
            [cell],
            |row| row.get(0),
        )
        .unwrap()
    }

    #[test]
    fn dates_of_any_order_become_iso() {
        for (format, cell, expected) in [
            ("%d/%m/%Y", "31/12/2024", "2024-12-31"),
            ("%m/%d/%Y", "12/31/2024", "2024-12-31"),
            ("%-d.%-m.%Y", "1.2.2024", "2024-02-01"),
            ("%d-%m-%Y", "01-02-2024", "2024-02-01"),
            ("%-m-%-d-%Y", "2-1-2024", "2024-02-01"),
            ("%Y/%m/%d", "2024/02/29", "2024-02-29"),
            ("%Y.%m.%d", "2024.02.29", "2024-02-29"),
            ("%Y-%m-%d", "2024-02-29", "2024-02-29"),
        ] {
            assert_eq!(shown(format, cell), expected, "{format}");
        }
    }

    #[test]
    fn what_is_no_date_in_that_format_is_shown_as_it_is() {
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
        ] {
            assert_eq!(shown("%d/%m/%Y", cell), cell);
        }
    }
}
