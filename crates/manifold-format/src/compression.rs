//! Compressed input.

use flate2::bufread::MultiGzDecoder;
use std::io::{BufReader, Chain, Cursor, ErrorKind, Read};

/// How an input is compressed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Compression {
    /// Not at all.
    None,
    /// With gzip; several members in a row are read as one.
    Gzip,
}

/// What is wrong with gzip data.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum GzipError {
    /// The data stop in the middle.
    #[error(
        "the gzip data are truncated, they end after {unpacked} unpacked bytes: fetch the file again"
    )]
    Truncated {
        /// Bytes unpacked before.
        unpacked: u64,
    },
    /// The data contradict themselves.
    #[error(
        "the gzip data are damaged behind {unpacked} unpacked bytes: {source}; fetch the file again"
    )]
    Damaged {
        /// Bytes unpacked before.
        unpacked: u64,
        /// What is wrong with them.
        source: std::io::Error,
    },
}

/// An input with its compression taken off. Made by [`open_input`].
pub struct Input<R: Read> {
    reader: Reader<R>,
    unpacked: u64,
}

type Whole<R> = Chain<Cursor<Vec<u8>>, R>;

enum Reader<R: Read> {
    Plain(Whole<R>),
    Gzip(Box<MultiGzDecoder<BufReader<Whole<R>>>>),
}

/// Looks at the first bytes and takes off the compression they show.
///
/// # Errors
///
/// What `reader` fails with.
pub fn open_input<R: Read>(mut reader: R) -> std::io::Result<Input<R>> {
    const MAGIC: [u8; 2] = [0x1f, 0x8b];
    let mut first = Vec::with_capacity(MAGIC.len());
    reader
        .by_ref()
        .take(MAGIC.len() as u64)
        .read_to_end(&mut first)?;
    let gzip = first == MAGIC;
    let whole = Cursor::new(first).chain(reader);
    let reader = if gzip {
        let buffered = BufReader::with_capacity(64 * 1024, whole);
        Reader::Gzip(Box::new(MultiGzDecoder::new(buffered)))
    } else {
        Reader::Plain(whole)
    };
    Ok(Input {
        reader,
        unpacked: 0,
    })
}

impl<R: Read> Input<R> {
    /// The compression that was found.
    pub fn compression(&self) -> Compression {
        match self.reader {
            Reader::Plain(_) => Compression::None,
            Reader::Gzip(_) => Compression::Gzip,
        }
    }
}

impl<R: Read> Read for Input<R> {
    /// Reads unpacked bytes. Damaged gzip data fail with a [`GzipError`] inside the error.
    fn read(&mut self, out: &mut [u8]) -> std::io::Result<usize> {
        let unpacked = self.unpacked;
        let read = match &mut self.reader {
            Reader::Plain(plain) => plain.read(out),
            Reader::Gzip(gzip) => gzip.read(out).map_err(|source| match source.kind() {
                ErrorKind::UnexpectedEof => {
                    std::io::Error::new(source.kind(), GzipError::Truncated { unpacked })
                }
                ErrorKind::InvalidData | ErrorKind::InvalidInput => {
                    std::io::Error::new(source.kind(), GzipError::Damaged { unpacked, source })
                }
                _ => source,
            }),
        };
        self.unpacked += *read.as_ref().unwrap_or(&0) as u64;
        read
    }
}
