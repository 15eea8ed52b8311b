//! What a cell is as a date, a time of day or both.

/// Where the digits of a day and a month that come first in a date are split.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Separator {
    Slash,
    Dot,
    Dash,
}

impl Separator {
    pub(crate) const ALL: [Self; 3] = [Self::Slash, Self::Dot, Self::Dash];

    fn of(byte: u8) -> Option<Self> {
        match byte {
            b'/' => Some(Self::Slash),
            b'.' => Some(Self::Dot),
            b'-' => Some(Self::Dash),
            _ => None,
        }
    }

    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Slash => "/",
            Self::Dot => ".",
            Self::Dash => "-",
        }
    }
}

/// The offset from UTC behind a time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Offset {
    None,
    Zulu,
    Colon,
    Plain,
}

/// How a time of day is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct TimeShape {
    pub(crate) seconds: bool,
    pub(crate) fraction: bool,
    pub(crate) offset: Offset,
}

/// A date whose day and month come first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct DayMonth {
    pub(crate) separator: Separator,
    /// Is a date if the day comes first.
    pub(crate) day_first: bool,
    /// Is a date if the month comes first.
    pub(crate) month_first: bool,
    /// Prints back with two digits for day and month.
    pub(crate) padded: bool,
    /// Prints back without leading zeros.
    pub(crate) unpadded: bool,
}

/// What a cell is as a date or time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Temporal {
    /// Year, month, day.
    Date(Separator),
    /// Day and month in either order, then the year.
    DayMonth(DayMonth),
    /// An ISO date and a time, with `T` (true) or a space between them.
    Timestamp(bool, TimeShape),
    /// A time of day.
    Time(TimeShape),
}

/// Classifies a cell. Dates must exist in the Gregorian calendar, years 1 to 9999.
pub(crate) fn scan(cell: &[u8]) -> Option<Temporal> {
    if !(5..=40).contains(&cell.len()) || !cell[0].is_ascii_digit() {
        return None;
    }
    if let Ok(cell) = cell.try_into()
        && is_plain_timestamp(cell)
    {
        let shape = TimeShape {
            seconds: true,
            fraction: false,
            offset: Offset::None,
        };
        return Some(Temporal::Timestamp(cell[10] == b'T', shape));
    }
    if cell[2] == b':' {
        return time(cell)
            .filter(|t| t.offset == Offset::None)
            .map(Temporal::Time);
    }
    if !cell[4].is_ascii_digit()
        && let Some((date, rest)) = cell.split_at_checked(10)
        && let Some(separator) = year_first(date)
    {
        return match rest.split_first() {
            None => Some(Temporal::Date(separator)),
            Some((between @ (b'T' | b' '), rest)) if separator == Separator::Dash => {
                time(rest).map(|shape| Temporal::Timestamp(*between == b'T', shape))
            }
            Some(_) => None,
        };
    }
    day_month(cell).map(Temporal::DayMonth)
}

/// Whether a cell is a timestamp as most are written, `2024-01-31 10:00:00` or with a `T`. It says no more than the
/// code below, and sooner.
fn is_plain_timestamp(cell: &[u8; 19]) -> bool {
    let [y1, y2, y3, y4, m0, m1, m2, d0, d1, d2, t, rest @ ..] = *cell;
    let Some([century, _, year, _, _, month, ..]) =
        Shape::new(b"0000-00-").pairs([y1, y2, y3, y4, m0, m1, m2, d0])
    else {
        return false;
    };
    let Some([hour, _, _, minute, _, _, second, _]) = Shape::new(b"00:00:00").pairs(rest) else {
        return false;
    };
    let Some(day) = number(&[d1, d2]) else {
        return false;
    };
    matches!(t, b'T' | b' ')
        && hour <= 23
        && minute <= 59
        && second <= 60
        && exists(
            u32::from(century) * 100 + u32::from(year),
            month.into(),
            day,
        )
}

/// Where eight bytes are digits, and what is between them.
struct Shape {
    bytes: u64,
    /// Added to a byte that differs from `bytes` by more than it may, it sets the highest bit.
    bias: u64,
}

impl Shape {
    /// `0` stands for any digit, everything else for itself.
    const fn new(shape: &[u8; 8]) -> Self {
        let (mut bias, mut at) = (0, 0);
        while at < 8 {
            let most = if shape[at] == b'0' { 9 } else { 0 };
            bias |= (0x7f - most) << (8 * at);
            at += 1;
        }
        Self {
            bytes: u64::from_le_bytes(*shape),
            bias,
        }
    }

    /// The numbers that the digits at each place and the next one make, if the bytes have this shape.
    fn pairs(&self, bytes: [u8; 8]) -> Option<[u8; 8]> {
        const HIGHEST: u64 = 0x8080_8080_8080_8080;
        let digits = u64::from_le_bytes(bytes) ^ self.bytes;
        // A carry from one byte to the next is no matter: the byte it comes from has its highest bit set already.
        if (digits | digits.wrapping_add(self.bias)) & HIGHEST != 0 {
            return None;
        }
        // Every byte is at most 9, so no sum is above 99.
        Some((digits * 10 + (digits >> 8)).to_le_bytes())
    }
}

fn year_first(date: &[u8]) -> Option<Separator> {
    let separator = Separator::of(date[4])?;
    if date[7] != date[4] {
        return None;
    }
    let (year, month, day) = (
        number(&date[..4])?,
        number(&date[5..7])?,
        number(&date[8..])?,
    );
    exists(year, month, day).then_some(separator)
}

fn day_month(cell: &[u8]) -> Option<DayMonth> {
    let first_len = 1 + usize::from(cell[1].is_ascii_digit());
    let separator = Separator::of(cell[first_len])?;
    let rest = &cell[first_len + 1..];
    let second_len = 1 + usize::from(rest.get(1)?.is_ascii_digit());
    if rest.get(second_len) != Some(&cell[first_len]) || rest.len() != second_len + 5 {
        return None;
    }
    let (first, second) = (&cell[..first_len], &rest[..second_len]);
    let year = number(&rest[second_len + 1..])?;
    let (a, b) = (number(first)?, number(second)?);
    let found = DayMonth {
        separator,
        day_first: exists(year, b, a),
        month_first: exists(year, a, b),
        padded: first_len == 2 && second_len == 2,
        unpadded: first[0] != b'0' && second[0] != b'0',
    };
    let prints_back = found.padded || found.unpadded;
    (prints_back && (found.day_first || found.month_first)).then_some(found)
}

fn time(cell: &[u8]) -> Option<TimeShape> {
    let (clock, mut rest) = cell.split_at_checked(5)?;
    if clock[2] != b':' || number(&clock[..2])? > 23 || number(&clock[3..])? > 59 {
        return None;
    }
    let mut shape = TimeShape {
        seconds: false,
        fraction: false,
        offset: Offset::None,
    };
    if let Some((b':', after)) = rest.split_first().map(|(c, r)| (*c, r)) {
        // 60 is a leap second.
        if number(after.get(..2)?)? > 60 {
            return None;
        }
        shape.seconds = true;
        rest = &after[2..];
        if let Some((b'.', after)) = rest.split_first().map(|(c, r)| (*c, r)) {
            let digits = after.iter().take_while(|c| c.is_ascii_digit()).count();
            if digits == 0 || digits > 9 {
                return None;
            }
            shape.fraction = true;
            rest = &after[digits..];
        }
    }
    shape.offset = offset(rest)?;
    Some(shape)
}

fn offset(text: &[u8]) -> Option<Offset> {
    let (minutes, offset) = match text {
        b"" => return Some(Offset::None),
        b"Z" => return Some(Offset::Zulu),
        [b'+' | b'-', _, _, b':', m @ ..] => (m, Offset::Colon),
        [b'+' | b'-', _, _, m @ ..] => (m, Offset::Plain),
        _ => return None,
    };
    let valid = minutes.len() == 2 && number(&text[1..3])? <= 23 && number(minutes)? <= 59;
    valid.then_some(offset)
}

/// The value of at most four digits.
fn number(digits: &[u8]) -> Option<u32> {
    let mut value = 0;
    for c in digits {
        if !c.is_ascii_digit() {
            return None;
        }
        value = value * 10 + u32::from(c - b'0');
    }
    Some(value)
}

pub(crate) fn exists(year: u32, month: u32, day: u32) -> bool {
    let leap = year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400));
    let days = match month {
        1 | 3 | 5 | 7 | 8 | 10 | 12 => 31,
        4 | 6 | 9 | 11 => 30,
        2 if leap => 29,
        2 => 28,
        _ => 0,
    };
    year >= 1 && (1..=days).contains(&day)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shape(seconds: bool, fraction: bool, offset: Offset) -> TimeShape {
        TimeShape {
            seconds,
            fraction,
            offset,
        }
    }

    #[test]
    fn dates_must_exist() {
        assert_eq!(scan(b"2024-02-29"), Some(Temporal::Date(Separator::Dash)));
        assert_eq!(scan(b"2023-02-29"), None);
        assert_eq!(scan(b"1900-02-29"), None);
        assert_eq!(scan(b"0000-01-01"), None);
        assert_eq!(scan(b"2024/01/31"), Some(Temporal::Date(Separator::Slash)));
        assert_eq!(scan(b"2024-01/31"), None);
        assert_eq!(scan(b"31/02/2024"), None);
    }

    #[test]
    fn day_and_month_in_either_order() {
        let found = |cell: &[u8]| match scan(cell) {
            Some(Temporal::DayMonth(d)) => (d.day_first, d.month_first, d.padded, d.unpadded),
            other => panic!("{other:?}"),
        };
        assert_eq!(found(b"31/12/2024"), (true, false, true, true));
        assert_eq!(found(b"12/31/2024"), (false, true, true, true));
        assert_eq!(found(b"01.02.2024"), (true, true, true, false));
        assert_eq!(found(b"1-2-2024"), (true, true, false, true));
        assert_eq!(scan(b"01/2/2024"), None);
        assert_eq!(scan(b"1/2/24"), None);
        assert_eq!(scan(b"1/2.2024"), None);
    }

    #[test]
    fn a_plain_timestamp_is_what_the_parts_say() {
        let plain = *b"2024-02-29 23:59:60";
        let bytes = *b"\0 /012369:-T\x7f\x80\xb0\xff";
        for (at, one) in (0..19).flat_map(|at| bytes.map(|byte| (at, byte))) {
            for (and, two) in (at..19).flat_map(|at| bytes.map(|byte| (at, byte))) {
                let mut cell = plain;
                (cell[at], cell[and]) = (one, two);
                let parts = year_first(&cell[..10]) == Some(Separator::Dash)
                    && matches!(cell[10], b'T' | b' ')
                    && time(&cell[11..]) == Some(shape(true, false, Offset::None));
                assert_eq!(is_plain_timestamp(&cell), parts, "{}", cell.escape_ascii());
            }
        }
    }

    #[test]
    fn times_with_and_without_date() {
        let stamp = |t, s| Some(Temporal::Timestamp(t, s));
        assert_eq!(
            scan(b"2024-01-31 10:00"),
            stamp(false, shape(false, false, Offset::None))
        );
        assert_eq!(
            scan(b"2024-01-31T10:00:00.5Z"),
            stamp(true, shape(true, true, Offset::Zulu))
        );
        assert_eq!(
            scan(b"2024-01-31T10:00+05:30"),
            stamp(true, shape(false, false, Offset::Colon))
        );
        assert_eq!(
            scan(b"2024-01-31 10:00:01-0800"),
            stamp(false, shape(true, false, Offset::Plain))
        );
        assert_eq!(scan(b"2024-01-31 10:00:01."), None);
        assert_eq!(scan(b"2024-01-31 24:00"), None);
        assert_eq!(scan(b"2024-01-31x10:00"), None);
        assert_eq!(
            scan(b"23:59:59"),
            Some(Temporal::Time(shape(true, false, Offset::None)))
        );
        assert_eq!(scan(b"23:59Z"), None);
        assert_eq!(scan(b"12:3"), None);
    }
}
