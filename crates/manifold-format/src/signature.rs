//! Inputs that are not delimited text.

use crate::error::ReadError;

const SIGNATURES: [(&[u8], &str); 12] = [
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
    let signature = SIGNATURES
        .iter()
        .find(|(magic, _)| input.starts_with(magic));
    match signature {
        Some((_, what)) => Err(ReadError::Binary { what }),
        None if is_mostly_controls(&input[..input.len().min(START)]) => Err(ReadError::Binary {
            what: "binary data (many control characters)",
        }),
        None => Ok(()),
    }
}

/// How much of an input is looked at for control characters, in bytes.
const START: usize = 8 * 1024;

/// Whether at least one byte in twenty, and more than a few, are control characters that no text has. Of
/// random bytes one in nine is.
fn is_mostly_controls(start: &[u8]) -> bool {
    let controls = start
        .iter()
        .filter(|byte| byte.is_ascii_control() && !matches!(byte, b'\t' | b'\n' | b'\r' | 0x0c))
        .count();
    controls >= 16 && controls * 20 >= start.len()
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn random_bytes_are_binary_and_a_few_controls_are_data() {
        let mut state = 7_u64;
        let random: Vec<u8> = std::iter::repeat_with(|| {
            state = state
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1);
            (state >> 33) as u8
        })
        .take(3_000)
        .collect();
        assert!(matches!(
            check_start(&random),
            Err(ReadError::Binary { .. })
        ));
        check_start(b"id,name\n1,a\0b\x01\x02\n2,\x1b[0m\n").unwrap();
        check_start(&b"id,name\n1,Z\xfcrich\n".repeat(400)).unwrap();
    }
}
