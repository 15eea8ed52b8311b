//! The segments of a project at a place.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::io;
use std::path::Path;
use std::sync::Arc;

use manifold_store::{TileCount, fail_point};

use super::tombstone::Tombstone;
use crate::backup::file_sink::{FileSink, hash_text};
use crate::backup::repository::Repository;
use crate::backup::{BackupError, ManifestFile};

/// How the name of a segment ends.
const ENDING: &str = ".db.zst";

/// What a segment holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum SegmentKind {
    /// Rows.
    Rows,
    /// Which rows were closed with which seq.
    Closes,
    /// A part of a table of the catalogue.
    Part,
}

impl SegmentKind {
    fn name(self) -> &'static str {
        match self {
            Self::Rows => "rows",
            Self::Closes => "closes",
            Self::Part => "part",
        }
    }
}

/// The segments of a project at a place that a backup which is being made may rely on.
#[derive(Debug)]
pub(super) struct Segments {
    repository: Arc<dyn Repository>,
    folder: String,
    /// Hashes names where they must tell nothing of what is in the segments.
    key: Option<[u8; 32]>,
    /// Their sizes in bytes, by name.
    there: HashMap<String, u64>,
    /// Names by the hash of what is in them.
    by_content: BTreeMap<String, String>,
    /// Ends the names that this backup gives.
    token: String,
    /// What was written, in bytes.
    pub(super) new_bytes: u64,
}

impl Segments {
    /// Looks what is there. The lease must be taken before: what is not on its way out then will not go.
    pub(super) fn look(
        repository: &Arc<dyn Repository>,
        stem: &str,
        key: Option<[u8; 32]>,
    ) -> Result<Self, BackupError> {
        let mut doomed = BTreeSet::new();
        for (_, tombstone) in Tombstone::list(&**repository, stem)? {
            doomed.extend(tombstone.segments);
        }
        let folder = format!("segments/{stem}");
        let mut segments = Self {
            repository: repository.clone(),
            key,
            there: HashMap::new(),
            by_content: BTreeMap::new(),
            token: uuid::Uuid::now_v7().simple().to_string()[24..].to_owned(),
            new_bytes: 0,
            folder,
        };
        for file in repository.list(&segments.folder)? {
            if !doomed.contains(&file.name) {
                if let Some(content) = content_of(&file.name) {
                    let name = file.name.clone();
                    segments.by_content.insert(content.to_owned(), name);
                }
                segments.there.insert(file.name, file.size);
            }
        }
        Ok(segments)
    }

    /// Whether a segment that another backup lists is there.
    pub(super) fn has(&self, segment: &ManifestFile) -> bool {
        self.there.get(&segment.name) == Some(&segment.size)
    }

    /// Keeps what is in the database file at `made`, which goes.
    ///
    /// No name is ever given twice: who collects segments may be slow, and must not take away what came back meanwhile.
    pub(super) fn keep(
        &mut self,
        made: &Path,
        kind: SegmentKind,
        count: &TileCount,
    ) -> Result<ManifestFile, BackupError> {
        let packed = made.with_extension("db.zst");
        let content = self.content(kind, count);
        let name = format!("{}/{content}-{}{ENDING}", self.folder, self.token);
        let pack = || -> io::Result<ManifestFile> {
            let mut sink = FileSink::create(&packed, true, None)?;
            io::copy(&mut std::fs::File::open(made)?, &mut sink)?;
            sink.finish(name)
        };
        let file = pack().map_err(BackupError::io("write", &packed))?;
        remove(made)?;
        if let Some(same) = self.same(&content, &file)? {
            remove(&packed)?;
            return Ok(same);
        }
        self.repository.put(&file.name, &packed)?;
        remove(&packed)?;
        fail_point!("backup-segment-kept");
        self.new_bytes += file.size;
        self.there.insert(file.name.clone(), file.size);
        self.by_content.insert(content, file.name.clone());
        Ok(file)
    }

    /// A segment that is there already with the same content, whole.
    fn same(
        &self,
        content: &str,
        file: &ManifestFile,
    ) -> Result<Option<ManifestFile>, BackupError> {
        let known = self.by_content.get(content);
        let Some(name) = known.filter(|name| self.there.get(*name) == Some(&file.size)) else {
            return Ok(None);
        };
        let mut hasher = blake3::Hasher::new();
        io::copy(&mut self.repository.open(name)?, &mut hasher)
            .map_err(BackupError::io("read", name))?;
        let same = ManifestFile {
            name: name.clone(),
            ..file.clone()
        };
        Ok((hash_text(&hasher) == file.hash).then_some(same))
    }

    /// The hash of what is in a segment.
    fn content(&self, kind: SegmentKind, count: &TileCount) -> String {
        let mut hasher = match &self.key {
            Some(key) => blake3::Hasher::new_keyed(key),
            None => blake3::Hasher::new(),
        };
        let text = format!(
            "manifold-segment-0 {} {} {}",
            kind.name(),
            count.rows,
            count.hash
        );
        hasher.update(text.as_bytes());
        hasher.finalize().to_hex().to_string()
    }

    /// # Errors
    /// [`BackupError::MissingFile`] when one of the segments is not there, whole.
    pub(super) fn check<'a>(
        &self,
        needed: impl Iterator<Item = &'a ManifestFile>,
    ) -> Result<(), BackupError> {
        let listed = self.repository.list(&self.folder)?.into_iter();
        let there: HashMap<String, u64> = listed.map(|file| (file.name, file.size)).collect();
        for segment in needed {
            if there.get(&segment.name) != Some(&segment.size) {
                let path = Path::new(&self.repository.location()).join(&segment.name);
                return Err(BackupError::MissingFile { path });
            }
        }
        Ok(())
    }
}

/// The part of a name that tells what is in the segment.
fn content_of(name: &str) -> Option<&str> {
    let name = name.rsplit('/').next()?.strip_suffix(ENDING)?;
    Some(name.split_once('-')?.0)
}

fn remove(path: &Path) -> Result<(), BackupError> {
    match std::fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => {
            Err(BackupError::io("remove", path)(error))
        }
        _ => Ok(()),
    }
}
