//! A file while it is read.

use std::fs::{File, Metadata};
use std::io::{BufReader, ErrorKind, Read, Seek, SeekFrom};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::SystemTime;

use manifold_format::{ByteProgress, Input, InputChanged, ZipReader, open_input, zip_members};

use super::{ImportFileError, InputFile};

/// The bytes of a file, or of one in a zip archive, with their compression taken off.
pub(crate) type Unpacked = Input<Box<dyn Read + Send>>;

/// Opens a file, or the one that is meant in a zip archive, and takes off its compression; `progress` counts from the start
/// what is read. Blocks.
pub(crate) fn open_unpacked(
    input: &InputFile,
    progress: &ByteProgress,
) -> Result<(Unpacked, ByteProgress), ImportFileError> {
    let (path, member) = (&*input.path, input.member.as_deref());
    let unreadable = |source| ImportFileError::Unreadable {
        path: path.to_owned(),
        source,
    };
    let (file, found) = OpenedFile::open(input.place())?;
    progress.read.store(0, Ordering::Relaxed);
    let mut progress = ByteProgress {
        total: found.total,
        read: progress.read.clone(),
    };
    let Some(member) = member else {
        let bytes: Box<dyn Read + Send> = Box::new(file.counting(&progress));
        return Ok((open_input(bytes).map_err(unreadable)?, progress));
    };
    let failed = |source| ImportFileError::Zip {
        path: path.to_owned(),
        source,
    };
    let members = zip_members(BufReader::new(&file.file)).map_err(failed)?;
    let found = members.iter().find(|found| found.name == member);
    let found = found.ok_or_else(|| ImportFileError::NoMember {
        path: path.to_owned(),
        member: member.to_owned(),
    })?;
    progress.total = Some(found.packed);
    let (file, read) = (file.counting(&progress), Arc::new(AtomicU64::new(0)));
    let file = OpenedFile {
        also: Some(read.clone()),
        ..file
    };
    let reader = ZipReader::open(file, found).map_err(failed)?;
    let bytes: Box<dyn Read + Send> = Box::new(reader);
    let input = open_input(bytes).map_err(unreadable)?;
    Ok((input.out_of(read), progress))
}

/// The files that can be imported from the zip archive at `path`, by their names in it; `None` when it is no zip archive,
/// or one that other programs keep a document in. Blocks.
///
/// # Errors
/// [`ImportFileError::Zip`], and when it cannot be read.
pub fn zip_contents(path: &Path) -> Result<Option<Vec<String>>, ImportFileError> {
    let (mut file, size) = OpenedFile::open(path)?;
    if size.total.is_none() {
        return Ok(None); // what is read of a pipe is gone
    }
    let mut magic = [0; 4];
    if file.read_exact(&mut magic).is_err() || &magic != b"PK\x03\x04" {
        return Ok(None);
    }
    let members =
        zip_members(BufReader::new(&file.file)).map_err(|source| ImportFileError::Zip {
            path: path.to_owned(),
            source,
        })?;
    let mut names: Vec<String> = members.into_iter().map(|member| member.name).collect();
    let is_document = |name: &String| name == "[Content_Types].xml" || name == "mimetype";
    if names.iter().any(is_document) {
        return Ok(None);
    }
    names.sort();
    Ok(Some(names))
}

/// A file that counts the bytes that were read from it, for those who watch.
pub(crate) struct OpenedFile {
    file: File,
    read: Arc<AtomicU64>,
    /// Counts the same, for one reader alone.
    also: Option<Arc<AtomicU64>>,
    /// Its size and time when it was opened, unless it is a pipe or device.
    opened: Option<(u64, SystemTime)>,
}

impl OpenedFile {
    /// Opens a file. Blocks.
    pub(crate) fn open(path: &Path) -> Result<(Self, ByteProgress), ImportFileError> {
        let failed = |source: std::io::Error| match source.kind() {
            ErrorKind::NotFound | ErrorKind::NotADirectory => ImportFileError::Missing {
                path: path.to_owned(),
            },
            ErrorKind::IsADirectory => ImportFileError::Folder {
                path: path.to_owned(),
            },
            _ => ImportFileError::Unreadable {
                path: path.to_owned(),
                source,
            },
        };
        // Opening a folder succeeds on some systems and fails as unreadable on others.
        if std::fs::metadata(path).map_err(failed)?.is_dir() {
            return Err(ImportFileError::Folder {
                path: path.to_owned(),
            });
        }
        let file = File::open(path).map_err(failed)?;
        let metadata = file.metadata().map_err(failed)?;
        let read = Arc::new(AtomicU64::new(0));
        let size = ByteProgress {
            total: metadata.is_file().then_some(metadata.len()),
            read: read.clone(),
        };
        let opened = Self {
            file,
            read,
            also: None,
            opened: stamp(&metadata),
        };
        Ok((opened, size))
    }
}

/// What tells that a file is not the one that it was.
fn stamp(metadata: &Metadata) -> Option<(u64, SystemTime)> {
    let time = metadata.modified().ok()?;
    metadata.is_file().then_some((metadata.len(), time))
}

impl OpenedFile {
    /// Fails when the file is not the one that was opened.
    fn check_unchanged(&self) -> std::io::Result<()> {
        if self.opened.is_some() && stamp(&self.file.metadata()?) != self.opened {
            return Err(std::io::Error::other(InputChanged));
        }
        Ok(())
    }

    /// Counts for those who watch `progress`.
    pub(crate) fn counting(mut self, progress: &ByteProgress) -> Self {
        self.read = progress.read.clone();
        self
    }
}

impl Read for OpenedFile {
    /// At the end it fails with [`InputChanged`] if somebody wrote to the file meanwhile.
    fn read(&mut self, out: &mut [u8]) -> std::io::Result<usize> {
        let read = self.file.read(out)?;
        if read == 0 && !out.is_empty() {
            self.check_unchanged()?;
        }
        for count in [Some(&self.read), self.also.as_ref()].into_iter().flatten() {
            count.fetch_add(read as u64, Ordering::Relaxed);
        }
        Ok(read)
    }
}

impl Seek for OpenedFile {
    fn seek(&mut self, to: SeekFrom) -> std::io::Result<u64> {
        self.file.seek(to)
    }
}
