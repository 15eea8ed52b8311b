//! Inputs that are not delimited text.

use crate::error::ReadError;

const SIGNATURES: [(&[u8], &str); 13] = [
    (b"PK\x03\x04", "a ZIP archive (or xlsx, ods)"),
    (b"PK\x05\x06", "an empty ZIP archive"),
    (
        b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1",
        "an old Office document (xls)",
    ),
    (b"SQLite format 3\0", "an SQLite database"),
    (b"PAR1", "a Parquet file"),
    (b"ARROW1\0\0", "an Arrow file"),
    (b"\x1f\x8b", "gzip data"),
    (b"\x28\xb5\x2f\xfd", "zstd data"),
    (b"BZh9", "bzip2 data"),
    (b"\xfd7zXZ\0", "xz data"),
    (b"%PDF-", "a PDF document"),
    (b"\x89PNG\r\n\x1a\n", "a PNG image"),
    (b"\xff\xd8\xff", "a JPEG image"),
];

/// Refuses an input that begins like another format.
///
/// # Errors
///
/// [`ReadError::Encoding`], [`ReadError::Binary`].
pub(crate) fn check_start(input: &[u8]) -> Result<(), ReadError> {
    let encoding = match input {
        [0xff, 0xfe, 0, 0, ..] => Some("UTF-32LE"),
        [0, 0, 0xfe, 0xff, ..] => Some("UTF-32BE"),
        [0xff, 0xfe, ..] => Some("UTF-16LE"),
        [0xfe, 0xff, ..] => Some("UTF-16BE"),
        _ => None,
    };
    if let Some(encoding) = encoding {
        return Err(ReadError::Encoding { encoding });
    }
    match SIGNATURES
        .iter()
        .find(|(magic, _)| input.starts_with(magic))
    {
        Some((_, what)) => Err(ReadError::Binary { what }),
        None => Ok(()),
    }
}

/// Refuses a first record with NUL bytes in it; behind it they are data.
///
/// # Errors
///
/// [`ReadError::Encoding`], [`ReadError::Binary`].
pub(crate) fn check_first_record(record: &[u8]) -> Result<(), ReadError> {
    if memchr::memchr(0, record).is_none() {
        return Ok(());
    }
    let every_other_is_nul = |offset: usize| {
        record.len() >= 4
            && record
                .iter()
                .skip(offset)
                .step_by(2)
                .take(32)
                .all(|byte| *byte == 0)
    };
    if every_other_is_nul(1) {
        Err(ReadError::Encoding {
            encoding: "UTF-16LE",
        })
    } else if every_other_is_nul(0) {
        Err(ReadError::Encoding {
            encoding: "UTF-16BE",
        })
    } else {
        Err(ReadError::Binary {
            what: "binary data (NUL bytes in the first record)",
        })
    }
}
