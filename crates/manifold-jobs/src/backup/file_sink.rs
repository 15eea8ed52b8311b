//! Writes one file of a backup: compressed if asked for, then encrypted if asked for, hashed as it lies on the disk.

use std::fs::File;
use std::io::{self, BufWriter, Read, Write};
use std::path::Path;

use age::stream::StreamWriter;

use super::key::RepositoryKey;
use super::{BackupError, ManifestFile};

/// The level of compression: the default of zstd, about 300 MB/s.
const LEVEL: i32 = 3;

/// A file that is being written.
pub(super) struct FileSink {
    output: Output,
}

enum Output {
    Plain(Locked),
    Compressed(zstd::stream::write::Encoder<'static, Locked>),
}

/// Encrypts the bytes on their way, or leaves them as they are.
enum Locked {
    Open(Box<Hashed>),
    Sealed(Box<StreamWriter<Hashed>>),
}

/// Counts and hashes the bytes on their way to the disk.
struct Hashed {
    file: BufWriter<File>,
    hasher: blake3::Hasher,
    size: u64,
}

impl FileSink {
    /// Makes a file that must not exist, readable by its owner only.
    pub(super) fn create(
        path: &Path,
        compress: bool,
        key: Option<&RepositoryKey>,
    ) -> io::Result<Self> {
        let mut options = File::options();
        options.write(true).create_new(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let file = BufWriter::with_capacity(256 << 10, options.open(path)?);
        let hashed = Hashed {
            file,
            hasher: blake3::Hasher::new(),
            size: 0,
        };
        let locked = match key {
            Some(key) => Locked::Sealed(Box::new(key.seal(hashed)?)),
            None => Locked::Open(Box::new(hashed)),
        };
        let output = if compress {
            let mut encoder = zstd::stream::write::Encoder::new(locked, LEVEL)?;
            encoder.include_checksum(true)?;
            Output::Compressed(encoder)
        } else {
            Output::Plain(locked)
        };
        Ok(Self { output })
    }

    /// Presses the file onto the disk.
    pub(super) fn finish(self, name: String) -> io::Result<ManifestFile> {
        let locked = match self.output {
            Output::Plain(locked) => locked,
            Output::Compressed(encoder) => encoder.finish()?,
        };
        let mut hashed = match locked {
            Locked::Open(hashed) => *hashed,
            Locked::Sealed(sealed) => sealed.finish()?,
        };
        hashed.file.flush()?;
        hashed.file.get_ref().sync_all()?;
        Ok(ManifestFile {
            name,
            size: hashed.size,
            hash: hash_text(&hashed.hasher),
        })
    }
}

impl Write for FileSink {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match &mut self.output {
            Output::Plain(locked) => locked.write(bytes),
            Output::Compressed(encoder) => encoder.write(bytes),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match &mut self.output {
            Output::Plain(locked) => locked.flush(),
            Output::Compressed(encoder) => encoder.flush(),
        }
    }
}

impl Write for Locked {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            Self::Open(hashed) => hashed.write(bytes),
            Self::Sealed(sealed) => sealed.write(bytes),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match self {
            Self::Open(hashed) => hashed.flush(),
            Self::Sealed(sealed) => sealed.flush(),
        }
    }
}

impl Write for Hashed {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.file.write(bytes)?;
        self.hasher.update(&bytes[..written]);
        self.size += written as u64;
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

/// The size and hash of a file that exists.
pub(super) fn measure(path: &Path) -> Result<(u64, String), BackupError> {
    File::open(path)
        .and_then(measured)
        .map_err(BackupError::io("read", path))
}

/// The size and hash of what is read.
pub(super) fn measured(mut content: impl Read) -> io::Result<(u64, String)> {
    // Long pieces are hashed several times as fast as those that `io::copy` makes.
    let (mut hasher, mut piece) = (blake3::Hasher::new(), vec![0; 64 << 10]);
    let mut size = 0;
    loop {
        match content.read(&mut piece) {
            Ok(0) => return Ok((size, hash_text(&hasher))),
            Ok(read) => {
                hasher.update(&piece[..read]);
                size += read as u64;
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
}

/// A hash as it is written.
pub(super) fn hash_text(hasher: &blake3::Hasher) -> String {
    format!("blake3:{}", hasher.finalize().to_hex())
}
