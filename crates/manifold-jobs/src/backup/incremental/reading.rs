//! Reads an incremental backup back.

use std::io::{self, BufReader, Read, Write as _};
use std::path::{Path, PathBuf};

use manifold_store::StagedBuilder;

use super::CATALOGUE;
use crate::backup::file_sink::hash_text;
use crate::backup::repository::Repository;
use crate::backup::{BackupError, BackupSource, ManifestFile, Watch};

/// Fills a spoke: the catalogue, the rows of each source, what was closed of them; then goes what no snapshot shows.
pub(super) fn read(
    source: &BackupSource,
    staged: &mut StagedBuilder,
    watch: &mut Watch,
) -> Result<(), BackupError> {
    watch.expect(source.rows());
    watch.step("reading the catalogue")?;
    let path = staged.scratch(CATALOGUE);
    let mut file = source.read_file(CATALOGUE)?;
    copy(&mut file.content, &path).map_err(BackupError::io("copy", &file.path))?;
    staged.load_catalogue(&path, || watch.row())?;
    remove(&path)?;
    let repository = source.repository();
    let path = staged.scratch("segment.db");
    for part in &source.manifest().parts {
        fetch(repository, &part.segment, &path)?;
        staged.load_part(&part.table, &path, || watch.row())?;
        remove(&path)?;
    }
    watch.step("reading rows")?;
    for rows in &source.manifest().rows {
        staged.begin_rows(&rows.table, &rows.columns)?;
        for tile in &rows.tiles {
            fetch(repository, &tile.segment, &path)?;
            staged.load_rows(&rows.table, &path, || watch.row())?;
            remove(&path)?;
        }
        for tile in &rows.closes {
            fetch(repository, &tile.segment, &path)?;
            staged.close_rows(&rows.table, &path, || watch.row())?;
            remove(&path)?;
        }
    }
    watch.look()?;
    Ok(staged.drop_unshown()?)
}

/// Unpacks a segment into a file, and checks that it is, to the byte, what was written.
fn fetch(
    repository: &dyn Repository,
    segment: &ManifestFile,
    to: &Path,
) -> Result<(), BackupError> {
    let path: PathBuf = Path::new(&repository.location()).join(&segment.name);
    let damaged = |reason: String| BackupError::damaged(&path, reason);
    let mut packed = Hashed {
        file: repository.open(&segment.name)?,
        hasher: blake3::Hasher::new(),
        size: 0,
    };
    let unpacked = unpack(&mut packed, to);
    // What is wrong with the file is told before what came of it.
    io::copy(&mut packed, &mut io::sink()).map_err(BackupError::io("read", &path))?;
    if packed.size != segment.size {
        return Err(damaged(format!(
            "it has {} bytes, and {} were written",
            packed.size, segment.size
        )));
    }
    if hash_text(&packed.hasher) != segment.hash {
        return Err(damaged("its content is not what was written".to_owned()));
    }
    unpacked.map_err(BackupError::io("unpack", path))
}

fn unpack(packed: &mut Hashed, to: &Path) -> io::Result<()> {
    let mut content = zstd::stream::read::Decoder::new(packed)?;
    copy(&mut content, to)
}

fn copy(from: &mut dyn Read, to: &Path) -> io::Result<()> {
    let mut options = std::fs::File::options();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(to)?;
    io::copy(&mut BufReader::with_capacity(256 << 10, from), &mut file)?;
    file.flush()
}

fn remove(path: &Path) -> Result<(), BackupError> {
    std::fs::remove_file(path).map_err(BackupError::io("remove", path))
}

/// Hashes what is read.
struct Hashed {
    file: Box<dyn Read + Send>,
    hasher: blake3::Hasher,
    size: u64,
}

impl Read for Hashed {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.file.read(buffer)?;
        self.hasher.update(&buffer[..read]);
        self.size += read as u64;
        Ok(read)
    }
}
