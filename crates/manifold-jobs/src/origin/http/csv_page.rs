//! A page of delimited text.

use std::io::{BufRead, Write};

use crate::import::{Mark, Reading};

/// The longest header, in bytes.
const LONGEST_HEADER: u64 = 1 << 20;

/// How pages of delimited text are told into records.
#[derive(Debug, Clone, Copy)]
pub(super) struct CsvPages {
    /// What stands around cells.
    pub(super) quote: Option<u8>,
    /// Whether the first record of each page names the columns.
    pub(super) has_header: bool,
}

impl CsvPages {
    /// As a config says it; of what it does not say, as most write it.
    pub(super) fn of(reading: &Reading) -> Self {
        Self {
            quote: match reading.quote {
                None => Some(b'"'),
                Some(Mark::None) => None,
                Some(Mark::Char(quote)) => u8::try_from(quote).ok(),
            },
            has_header: reading.header_rows != Some(0),
        }
    }
}

/// What became of a page.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum CsvPage {
    /// So many records were copied.
    Copied(u64),
    /// Its header is another one than that of the first page.
    OtherHeader,
    /// It is text in another encoding than UTF-8, of which the lines cannot be told.
    OtherEncoding,
    /// Its header does not end.
    NoHeader,
}

/// Copies the records of a page of delimited text: of the first page with its header, if pages have one, which is then kept in `header`,
/// of others without. Each record ends with its line.
pub(super) fn copy_csv_page(
    how: CsvPages,
    page: &mut dyn BufRead,
    header: &mut Option<Vec<u8>>,
    out: &mut dyn Write,
) -> std::io::Result<CsvPage> {
    let first = loop {
        let mut lines = Lines::of(how);
        let mut record = Vec::new();
        let end = lines.copy(page, &mut record, true, LONGEST_HEADER)?;
        let text = record.strip_prefix(b"\xef\xbb\xbf").unwrap_or(&record);
        if record.starts_with(b"\xff\xfe") || record.starts_with(b"\xfe\xff") || text.contains(&0) {
            return Ok(CsvPage::OtherEncoding);
        }
        match end {
            End::TooLong => return Ok(CsvPage::NoHeader),
            End::Input if text.trim_ascii().is_empty() => return Ok(CsvPage::Copied(0)),
            _ if text.trim_ascii().is_empty() => {}
            _ => break text.to_vec(),
        }
    };
    let mut lines = Lines::of(how);
    match header {
        _ if !how.has_header => {
            lines.records += 1;
            out.write_all(&first)?;
            if !first.ends_with(b"\n") {
                out.write_all(b"\n")?;
            }
        }
        Some(header) if *header != without_end(&first) => return Ok(CsvPage::OtherHeader),
        Some(_) => {}
        None => {
            *header = Some(without_end(&first).to_vec());
            out.write_all(&first)?;
            if !first.ends_with(b"\n") {
                out.write_all(b"\n")?;
            }
        }
    }
    lines.copy(page, out, false, u64::MAX)?;
    if lines.is_within {
        out.write_all(b"\n")?;
        lines.records += 1;
    }
    Ok(CsvPage::Copied(lines.records))
}

fn without_end(line: &[u8]) -> &[u8] {
    let line = line.strip_suffix(b"\n").unwrap_or(line);
    line.strip_suffix(b"\r").unwrap_or(line)
}

/// Tells records by line ends that are not in quotes.
struct Lines {
    quote: Option<u8>,
    is_quoted: bool,
    /// Whether a record has begun that has not ended.
    is_within: bool,
    records: u64,
}

#[derive(PartialEq, Eq)]
enum End {
    Record,
    Input,
    TooLong,
}

impl Lines {
    fn of(how: CsvPages) -> Self {
        Self {
            quote: how.quote,
            is_quoted: false,
            is_within: false,
            records: 0,
        }
    }

    /// Copies what there is, or one record with its end.
    fn copy(
        &mut self,
        input: &mut dyn BufRead,
        out: &mut dyn Write,
        one: bool,
        most: u64,
    ) -> std::io::Result<End> {
        let mut copied = 0;
        loop {
            let piece = match input.fill_buf() {
                Err(error) if error.kind() == std::io::ErrorKind::Interrupted => continue,
                piece => piece?,
            };
            if piece.is_empty() {
                return Ok(End::Input);
            }
            let mut length = piece.len();
            let mut ended = false;
            for (at, byte) in piece.iter().enumerate() {
                match byte {
                    byte if Some(*byte) == self.quote => {
                        (self.is_quoted, self.is_within) = (!self.is_quoted, true);
                    }
                    b'\n' if !self.is_quoted => {
                        self.records += u64::from(self.is_within);
                        self.is_within = false;
                        if one {
                            (length, ended) = (at + 1, true);
                            break;
                        }
                    }
                    b'\r' | b'\n' => {}
                    _ => self.is_within = true,
                }
            }
            out.write_all(&piece[..length])?;
            input.consume(length);
            copied += length as u64;
            if ended {
                return Ok(End::Record);
            }
            if copied > most {
                return Ok(End::TooLong);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn joined(pages: &[&str]) -> (String, Vec<CsvPage>) {
        joined_as(&Reading::default(), pages)
    }

    fn joined_as(reading: &Reading, pages: &[&str]) -> (String, Vec<CsvPage>) {
        let how = CsvPages::of(reading);
        let (mut header, mut out) = (None, Vec::new());
        let copy = |page: &&str| copy_csv_page(how, &mut page.as_bytes(), &mut header, &mut out);
        let told = pages.iter().map(copy).collect::<Result<_, _>>().unwrap();
        (String::from_utf8(out).unwrap(), told)
    }

    #[test]
    fn pages_become_one_text_with_one_header() {
        use CsvPage::{Copied, NoHeader, OtherEncoding, OtherHeader};
        let (text, told) = joined(&[
            "\u{feff}a,\"b\nc\"\r\n1,\"x\n\"\"y\"\r\n\r\n2,z",
            "\n\u{feff}a,\"b\nc\"\n3,z\n",
            "a,\"b\nc\"",
            "",
            "  \n",
        ]);
        assert_eq!(text, "a,\"b\nc\"\r\n1,\"x\n\"\"y\"\r\n\r\n2,z\n3,z\n");
        assert_eq!(
            told,
            [Copied(2), Copied(1), Copied(0), Copied(0), Copied(0)]
        );
        assert_eq!(joined(&["a\n1\n", "b\n1\n"]).1, [Copied(1), OtherHeader]);
        assert_eq!(joined(&["a\0\n"]).1, [OtherEncoding]);
        let endless = "x".repeat(3 << 20);
        assert_eq!(joined(&[&endless]).1, [NoHeader]);
    }

    #[test]
    fn pages_are_read_as_is_said() {
        let reading = Reading {
            quote: Some(Mark::Char('\'')),
            header_rows: Some(0),
            ..Reading::default()
        };
        let (text, told) = joined_as(&reading, &["1;'a\nb'\n2;\"\n", "3;x"]);
        assert_eq!(text, "1;'a\nb'\n2;\"\n3;x\n");
        assert_eq!(told, [CsvPage::Copied(2), CsvPage::Copied(1)]);
        let none = Reading {
            quote: Some(Mark::None),
            ..Reading::default()
        };
        let (text, _) = joined_as(&none, &["a\n\"\n", "a\n1\n"]);
        assert_eq!(text, "a\n\"\n1\n");
    }

    proptest! {
        #[test]
        fn no_record_is_lost(pages in prop::collection::vec(prop::collection::vec("[a-z\n,\"]{1,8}", 0..5), 1..5)) {
            let texts: Vec<String> = pages
                .iter()
                .map(|records| {
                    let mut writer = csv::WriterBuilder::new().quote_style(csv::QuoteStyle::Always).from_writer(Vec::new());
                    writer.write_record(["h"]).unwrap();
                    for record in records {
                        writer.write_record([record]).unwrap();
                    }
                    String::from_utf8(writer.into_inner().unwrap()).unwrap()
                })
                .collect();
            let (text, told) = joined(&texts.iter().map(String::as_str).collect::<Vec<_>>());
            let read: Vec<String> = csv::Reader::from_reader(text.as_bytes())
                .records()
                .map(|record| record.unwrap()[0].to_owned())
                .collect();
            prop_assert_eq!(read, pages.concat());
            let counts: Vec<_> = pages.iter().map(|page| CsvPage::Copied(page.len() as u64)).collect();
            prop_assert_eq!(told, counts);
        }
    }
}
