//! Compressed input.

use crate::error::InputChanged;
use flate2::bufread::MultiGzDecoder;
use std::io::{BufReader, Chain, Cursor, ErrorKind, Read};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// How an input is compressed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Compression {
    /// Not at all.
    None,
    /// With gzip; several members in a row are read as one.
    Gzip,
    /// With zstd; several frames in a row are read as one.
    Zstd,
}

impl Compression {
    /// Its name: `none`, `gzip` or `zstd`.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Gzip => "gzip",
            Self::Zstd => "zstd",
        }
    }
}

/// What is wrong with compressed data.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum UnpackError {
    /// The data stop in the middle.
    #[error(
        "the {compression} data are truncated, they end after {unpacked} unpacked bytes: fetch the file again"
    )]
    Truncated {
        /// `gzip`, `zstd` or `zip`.
        compression: &'static str,
        /// Bytes unpacked before.
        unpacked: u64,
    },
    /// The data contradict themselves.
    #[error(
        "the {compression} data are damaged behind {unpacked} unpacked bytes: {source}; fetch the file again"
    )]
    Damaged {
        /// `gzip`, `zstd` or `zip`.
        compression: &'static str,
        /// Bytes unpacked before.
        unpacked: u64,
        /// What is wrong with them.
        source: std::io::Error,
    },
    /// The data unpack to more than [`MOST_EXPANSION`] times their size, and to more than
    /// [`EXPANSION_FREE`] bytes.
    #[error(
        "{packed} bytes of {compression} data unpack to more than {unpacked} bytes, as hardly a table does: unpack the file first if it is meant"
    )]
    Bomb {
        /// `gzip`, `zstd` or `zip`.
        compression: &'static str,
        /// Bytes read.
        packed: u64,
        /// Bytes unpacked from them.
        unpacked: u64,
    },
}

/// How many times their size compressed data may unpack to. Tables that repeat themselves much come to 100; deflate can come to
/// 1,030, zstd to far more.
pub const MOST_EXPANSION: u64 = 200;

/// So many bytes may be unpacked from data of any size.
pub const EXPANSION_FREE: u64 = 256 * 1024 * 1024;

/// An input with its compression taken off. Made by [`open_input`].
pub struct Input<R: Read> {
    reader: Reader<R>,
    unpacked: u64,
    /// Counts what `reader` was unpacked from, if it was packed itself.
    outer: Option<Arc<AtomicU64>>,
}

type Whole<R> = Counted<Chain<Cursor<Vec<u8>>, R>>;

enum Reader<R: Read> {
    Plain(Whole<R>),
    Gzip(Box<MultiGzDecoder<BufReader<Whole<R>>>>),
    Zstd(Box<zstd::stream::read::Decoder<'static, BufReader<Whole<R>>>>),
}

/// Counts the bytes that are read.
struct Counted<R> {
    inner: R,
    read: u64,
}

impl<R: Read> Read for Counted<R> {
    fn read(&mut self, out: &mut [u8]) -> std::io::Result<usize> {
        let read = self.inner.read(out)?;
        self.read += read as u64;
        Ok(read)
    }
}

/// Looks at the first bytes and takes off the compression they show.
///
/// # Errors
///
/// What `reader` fails with.
pub fn open_input<R: Read>(mut reader: R) -> std::io::Result<Input<R>> {
    const GZIP: &[u8] = &[0x1f, 0x8b];
    const ZSTD: &[u8] = &[0x28, 0xb5, 0x2f, 0xfd];
    let mut first = Vec::with_capacity(ZSTD.len());
    reader
        .by_ref()
        .take(ZSTD.len() as u64)
        .read_to_end(&mut first)?;
    let (is_gzip, is_zstd) = (first.starts_with(GZIP), first == ZSTD);
    let whole = Counted {
        inner: Cursor::new(first).chain(reader),
        read: 0,
    };
    let buffered = |whole| BufReader::with_capacity(64 * 1024, whole);
    let reader = if is_gzip {
        Reader::Gzip(Box::new(MultiGzDecoder::new(buffered(whole))))
    } else if is_zstd {
        let decoder = zstd::stream::read::Decoder::with_buffer(buffered(whole))?;
        Reader::Zstd(Box::new(decoder))
    } else {
        Reader::Plain(whole)
    };
    Ok(Input {
        reader,
        unpacked: 0,
        outer: None,
    })
}

impl<R: Read> Input<R> {
    /// The compression that was found.
    pub fn compression(&self) -> Compression {
        match self.reader {
            Reader::Plain(_) => Compression::None,
            Reader::Gzip(_) => Compression::Gzip,
            Reader::Zstd(_) => Compression::Zstd,
        }
    }

    /// Says that the input comes out of an archive, of which `read` counts the bytes: it may unpack to [`MOST_EXPANSION`] times
    /// those, however often it is packed.
    #[must_use]
    pub fn out_of(mut self, read: Arc<AtomicU64>) -> Self {
        self.outer = Some(read);
        self
    }

    /// Bytes read of the compressed data.
    fn packed(&self) -> u64 {
        let packed = match &self.reader {
            Reader::Plain(plain) => plain.read,
            Reader::Gzip(gzip) => gzip.get_ref().get_ref().read,
            Reader::Zstd(zstd) => zstd.get_ref().get_ref().read,
        };
        match &self.outer {
            Some(outer) => packed.min(outer.load(Ordering::Relaxed)),
            None => packed,
        }
    }
}

impl<R: Read> Read for Input<R> {
    /// Reads unpacked bytes. Damaged data fail with an [`UnpackError`] inside the error.
    fn read(&mut self, out: &mut [u8]) -> std::io::Result<usize> {
        let (unpacked, compression) = (self.unpacked, self.compression().name());
        let read = match &mut self.reader {
            Reader::Plain(plain) => return plain.read(out),
            Reader::Gzip(gzip) => gzip.read(out),
            Reader::Zstd(zstd) => zstd.read(out),
        };
        let read = read.map_err(|source| match source.kind() {
            _ if InputChanged::is_in(&source) => source,
            ErrorKind::UnexpectedEof => {
                let error = UnpackError::Truncated {
                    compression,
                    unpacked,
                };
                std::io::Error::new(source.kind(), error)
            }
            // What zstd says about its data has no kind, what the system says has a number.
            kind if source.raw_os_error().is_none() && kind != ErrorKind::Interrupted => {
                let error = UnpackError::Damaged {
                    compression,
                    unpacked,
                    source,
                };
                std::io::Error::new(ErrorKind::InvalidData, error)
            }
            _ => source,
        })?;
        self.unpacked += read as u64;
        let packed = self.packed();
        if self.unpacked > EXPANSION_FREE && self.unpacked / MOST_EXPANSION > packed {
            let error = UnpackError::Bomb {
                compression,
                packed,
                unpacked: self.unpacked,
            };
            return Err(std::io::Error::new(ErrorKind::InvalidData, error));
        }
        Ok(read)
    }
}
