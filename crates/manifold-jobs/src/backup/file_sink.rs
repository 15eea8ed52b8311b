//! Writes one file of a backup: compressed if asked for, then encrypted if asked for, hashed as it lies on the disk.

use std::fs::File;
use std::io::{self, BufWriter, IntoInnerError, Read, Write};
use std::path::Path;

use age::stream::StreamWriter;
use manifold_store::{FileDigest, Hashed, StreamedFile};

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
    Open(Box<Buffered>),
    Sealed(Box<StreamWriter<Buffered>>),
}

/// Collects the bytes before they are hashed and written.
type Buffered = BufWriter<Hashed<StreamedFile>>;

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
        let file = StreamedFile::new(options.open(path)?);
        let buffered = BufWriter::with_capacity(256 << 10, Hashed::new(file));
        let locked = match key {
            Some(key) => Locked::Sealed(Box::new(key.seal(buffered)?)),
            None => Locked::Open(Box::new(buffered)),
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
        let buffered = match locked {
            Locked::Open(buffered) => *buffered,
            Locked::Sealed(sealed) => sealed.finish()?,
        };
        let hashed = buffered.into_inner().map_err(IntoInnerError::into_error)?;
        let (file, FileDigest { size, hash }) = hashed.finish();
        file.finish()?;
        Ok(ManifestFile { name, size, hash })
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
            Self::Open(buffered) => buffered.write(bytes),
            Self::Sealed(sealed) => sealed.write(bytes),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match self {
            Self::Open(buffered) => buffered.flush(),
            Self::Sealed(sealed) => sealed.flush(),
        }
    }
}

/// The size and hash of a file that exists.
pub(super) fn measure(path: &Path) -> Result<(u64, String), BackupError> {
    let FileDigest { size, hash } = FileDigest::of(path)?;
    Ok((size, hash))
}

/// The size and hash of what is read.
pub(super) fn measured(content: impl Read) -> io::Result<(u64, String)> {
    let FileDigest { size, hash } = FileDigest::of_content(content)?;
    Ok((size, hash))
}

/// A hash as it is written.
pub(super) fn hash_text(hasher: &blake3::Hasher) -> String {
    format!("blake3:{}", hasher.finalize().to_hex())
}
