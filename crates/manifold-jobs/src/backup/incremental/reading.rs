//! Reads an incremental backup back.

use std::io::{self, BufReader, Read, Write as _};
use std::path::{Path, PathBuf};

use manifold_store::StagedBuilder;

use super::CATALOGUE;
use super::packed::Packed;
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
    let path = staged.scratch("segment.db");
    for part in &source.manifest().parts {
        fetch(source, &part.segment, &path)?;
        staged.load_part(&part.table, &path, || watch.row())?;
        remove(&path)?;
    }
    watch.step("reading rows")?;
    for rows in &source.manifest().rows {
        staged.begin_rows(&rows.table, &rows.columns)?;
        for tile in &rows.tiles {
            fetch(source, &tile.segment, &path)?;
            staged.load_rows(&rows.table, &path, || watch.row())?;
            remove(&path)?;
        }
        for tile in &rows.closes {
            fetch(source, &tile.segment, &path)?;
            staged.close_rows(&rows.table, &path, || watch.row())?;
            remove(&path)?;
        }
    }
    watch.look()?;
    Ok(staged.drop_unshown()?)
}

/// Unpacks a segment into a file, and checks that it is, to the byte, what was written.
fn fetch(source: &BackupSource, segment: &ManifestFile, to: &Path) -> Result<(), BackupError> {
    let repository = source.repository();
    let path: PathBuf = Path::new(&repository.location()).join(&segment.name);
    let damaged = |reason: String| BackupError::damaged(&path, reason);
    let mut packed = Packed::open(repository, &segment.name)?;
    let unpacked = create(to).and_then(|mut file| packed.unpack(source.key(), &mut file));
    // What is wrong with the file is told before what came of it.
    let (size, hash) = packed.measure().map_err(BackupError::io("read", &path))?;
    if size != segment.size {
        return Err(damaged(format!(
            "it has {size} bytes, and {} were written",
            segment.size
        )));
    }
    if hash != segment.hash {
        return Err(damaged("its content is not what was written".to_owned()));
    }
    unpacked.map_err(BackupError::io("unpack", path))
}

fn create(path: &Path) -> io::Result<std::fs::File> {
    let mut options = std::fs::File::options();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}

fn copy(from: &mut dyn Read, to: &Path) -> io::Result<()> {
    let mut file = create(to)?;
    io::copy(&mut BufReader::with_capacity(256 << 10, from), &mut file)?;
    file.flush()
}

fn remove(path: &Path) -> Result<(), BackupError> {
    std::fs::remove_file(path).map_err(BackupError::io("remove", path))
}
