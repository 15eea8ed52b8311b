//! The files in a zip archive.

use crate::compression::{EXPANSION_FREE, MOST_EXPANSION, UnpackError};
use crate::error::InputChanged;
use flate2::Crc;
use flate2::bufread::DeflateDecoder;
use std::io::{BufReader, Error, ErrorKind, Read, Seek, SeekFrom, Take};
use zip::{CompressionMethod, ZipArchive};

/// What an error calls the data.
const ZIP: &str = "zip";

/// A file in a zip archive.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ZipMember {
    /// Its path in the archive, with `/` between folders.
    pub name: String,
    /// Its size in bytes, as the archive says.
    pub size: u64,
    /// Its size in the archive.
    pub packed: u64,
    start: u64,
    crc: u32,
    packing: Packing,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Packing {
    Stored,
    Deflated,
    Unknown,
    Encrypted,
}

/// Why a zip archive cannot be read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ZipError {
    /// The list of its files is damaged or missing.
    #[error("the zip archive is damaged or cut off ({reason}): fetch the file again")]
    Damaged {
        /// What is wrong with it.
        reason: String,
    },
    /// A file in it is packed in a way that is not known, or with a password.
    #[error("`{member}` in the zip archive is {how}: unpack it first")]
    Unreadable {
        /// The file.
        member: String,
        /// How it is packed.
        how: &'static str,
    },
    /// The archive cannot be read.
    #[error("cannot read the zip archive: {0}")]
    Io(#[from] Error),
}

/// The files in a zip archive, in its order, without those that systems put there for themselves.
///
/// # Errors
/// [`ZipError`].
pub fn zip_members<R: Read + Seek>(archive: R) -> Result<Vec<ZipMember>, ZipError> {
    let damaged = |error: zip::result::ZipError| match error {
        zip::result::ZipError::Io(error) if error.kind() != ErrorKind::UnexpectedEof => {
            ZipError::Io(error)
        }
        error => ZipError::Damaged {
            reason: error.to_string(),
        },
    };
    let mut archive = ZipArchive::new(archive).map_err(damaged)?;
    let mut members = Vec::with_capacity(archive.len());
    for index in 0..archive.len() {
        let file = archive.by_index_raw(index).map_err(damaged)?;
        let name = file.name().to_owned();
        let own = name.starts_with("__MACOSX/") || name.ends_with(".DS_Store");
        if file.is_dir() || own {
            continue;
        }
        let start = file.data_start().ok_or_else(|| ZipError::Damaged {
            reason: format!("`{name}` is nowhere"),
        })?;
        members.push(ZipMember {
            size: file.size(),
            packed: file.compressed_size(),
            start,
            crc: file.crc32(),
            packing: match file.compression() {
                _ if file.encrypted() => Packing::Encrypted,
                CompressionMethod::Stored => Packing::Stored,
                CompressionMethod::Deflated => Packing::Deflated,
                _ => Packing::Unknown,
            },
            name,
        });
    }
    check_apart(&members)?;
    Ok(members)
}

/// Refuses files that share bytes of the archive: only bombs are packed so.
fn check_apart(members: &[ZipMember]) -> Result<(), ZipError> {
    let mut sorted: Vec<&ZipMember> = members.iter().filter(|m| m.packed > 0).collect();
    sorted.sort_by_key(|member| member.start);
    for pair in sorted.windows(2) {
        if pair[1].start - pair[0].start < pair[0].packed {
            let reason = format!("`{}` and `{}` overlap", pair[0].name, pair[1].name);
            return Err(ZipError::Damaged { reason });
        }
    }
    Ok(())
}

/// The bytes of a file in a zip archive, unpacked as they are read. Its checksum is compared at its end.
pub struct ZipReader<R> {
    packing: Unpacking<R>,
    member: ZipMember,
    crc: Crc,
    unpacked: u64,
}

enum Unpacking<R> {
    Stored(Take<R>),
    Deflated(Box<DeflateDecoder<BufReader<Take<R>>>>),
}

impl<R: Read + Seek> ZipReader<R> {
    /// Goes to a file of the archive.
    ///
    /// # Errors
    /// [`ZipError::Unreadable`], [`ZipError::Io`].
    pub fn open(mut archive: R, member: &ZipMember) -> Result<Self, ZipError> {
        let unreadable = |how| ZipError::Unreadable {
            member: member.name.clone(),
            how,
        };
        archive.seek(SeekFrom::Start(member.start))?;
        let packed = archive.take(member.packed);
        let packing = match member.packing {
            Packing::Stored => Unpacking::Stored(packed),
            Packing::Deflated => {
                let packed = BufReader::with_capacity(64 * 1024, packed);
                Unpacking::Deflated(Box::new(DeflateDecoder::new(packed)))
            }
            Packing::Unknown => return Err(unreadable("packed in a way that is not known")),
            Packing::Encrypted => return Err(unreadable("encrypted")),
        };
        Ok(Self {
            packing,
            member: member.clone(),
            crc: Crc::new(),
            unpacked: 0,
        })
    }
}

impl<R: Read> Read for ZipReader<R> {
    /// Reads unpacked bytes. Damaged data fail with an [`UnpackError`] inside the error.
    fn read(&mut self, out: &mut [u8]) -> std::io::Result<usize> {
        if out.is_empty() {
            return Ok(0);
        }
        let read = match &mut self.packing {
            Unpacking::Stored(stored) => stored.read(out),
            Unpacking::Deflated(deflated) => deflated.read(out),
        };
        let (compression, unpacked) = (ZIP, self.unpacked);
        let read = read.map_err(|source| match source.kind() {
            _ if InputChanged::is_in(&source) => source,
            ErrorKind::UnexpectedEof => truncated(unpacked),
            kind if source.raw_os_error().is_none() && kind != ErrorKind::Interrupted => {
                let error = UnpackError::Damaged {
                    compression,
                    unpacked,
                    source,
                };
                Error::new(ErrorKind::InvalidData, error)
            }
            _ => source,
        })?;
        if read == 0 {
            return self.check_end().map(|()| 0);
        }
        self.crc.update(&out[..read]);
        self.unpacked += read as u64;
        let (unpacked, packed) = (self.unpacked, self.member.packed);
        if unpacked > EXPANSION_FREE && unpacked / MOST_EXPANSION > packed {
            let error = UnpackError::Bomb {
                compression,
                packed,
                unpacked,
            };
            return Err(Error::new(ErrorKind::InvalidData, error));
        }
        Ok(read)
    }
}

impl<R> ZipReader<R> {
    fn check_end(&self) -> std::io::Result<()> {
        let unpacked = self.unpacked;
        if unpacked < self.member.size {
            return Err(truncated(unpacked));
        }
        if unpacked > self.member.size || self.crc.sum() != self.member.crc {
            let source = Error::other("its size or checksum is another");
            let error = UnpackError::Damaged {
                compression: ZIP,
                unpacked,
                source,
            };
            return Err(Error::new(ErrorKind::InvalidData, error));
        }
        Ok(())
    }
}

fn truncated(unpacked: u64) -> Error {
    let error = UnpackError::Truncated {
        compression: ZIP,
        unpacked,
    };
    Error::new(ErrorKind::UnexpectedEof, error)
}
