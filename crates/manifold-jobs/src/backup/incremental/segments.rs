//! The segments of a project at a place.

use std::collections::{BTreeMap, HashMap};
use std::fs::File;
use std::io;
use std::path::Path;
use std::sync::Arc;

use manifold_store::{TileCount, fail_point};

use super::packed::Packed;
use super::tombstone::Tombstone;
use crate::backup::file_sink::{FileSink, hash_text, measure};
use crate::backup::key::RepositoryKey;
use crate::backup::repository::Repository;
use crate::backup::{BackupError, ManifestFile};

/// How the name of a segment ends.
const ENDING: &str = ".db.zst";
/// How that of an encrypted one ends.
const SEALED_ENDING: &str = ".age";

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
    place: Arc<dyn Repository>,
    folder: String,
    /// With what they are encrypted. Their names then tell nobody without it what is in them.
    key: Option<RepositoryKey>,
    /// Their sizes in bytes, by name.
    there: HashMap<String, u64>,
    /// Names by the hash of what is in them.
    by_content: BTreeMap<String, String>,
    /// What this backup has written, by the hash of what is in it.
    kept: BTreeMap<String, ManifestFile>,
    /// Ends the names that this backup gives.
    token: String,
    /// What was written, in bytes.
    pub(super) new_bytes: u64,
}

impl Segments {
    /// Looks what is there. The lease must be taken before: what is not on its way out then will not go.
    pub(super) fn look(
        place: &Arc<dyn Repository>,
        stem: &str,
        key: Option<&RepositoryKey>,
    ) -> Result<Self, BackupError> {
        let doomed = Tombstone::doomed(&**place, stem)?;
        let folder = format!("segments/{stem}");
        let mut segments = Self {
            place: place.clone(),
            key: key.cloned(),
            there: HashMap::new(),
            by_content: BTreeMap::new(),
            kept: BTreeMap::new(),
            token: uuid::Uuid::now_v7().simple().to_string()[24..].to_owned(),
            new_bytes: 0,
            folder,
        };
        for file in place.list(&segments.folder)? {
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

    /// Keeps what is in the database file at `made`, which goes, in `to`: its place, or what is sent there.
    ///
    /// No name is ever given twice: who collects segments may be slow, and must not take away what came back meanwhile.
    pub(super) fn keep(
        &mut self,
        made: &Path,
        kind: SegmentKind,
        count: &TileCount,
        to: &dyn Repository,
    ) -> Result<ManifestFile, BackupError> {
        let content = self.content(kind, count);
        if let Some(same) = self.same(&content, made) {
            remove(made)?;
            return Ok(same);
        }
        let packed = made.with_extension("packed");
        let ending = match &self.key {
            Some(_) => SEALED_ENDING,
            None => ENDING,
        };
        let name = format!("{}/{content}-{}{ending}", self.folder, self.token);
        let pack = || -> io::Result<ManifestFile> {
            let mut sink = FileSink::create(&packed, true, self.key.as_ref())?;
            io::copy(&mut File::open(made)?, &mut sink)?;
            sink.finish(name)
        };
        let file = pack().map_err(BackupError::io("write", &packed))?;
        remove(made)?;
        to.put(&file.name, &packed)?;
        remove(&packed)?;
        fail_point!("backup-segment-kept");
        self.new_bytes += file.size;
        self.there.insert(file.name.clone(), file.size);
        // One that is to be sent yet cannot be read at its place.
        self.by_content.remove(&content);
        self.kept.insert(content, file.clone());
        Ok(file)
    }

    /// A segment with the same content that is whole: one of this backup, or one that is there already.
    fn same(&self, content: &str, made: &Path) -> Option<ManifestFile> {
        if let Some(kept) = self.kept.get(content) {
            return Some(kept.clone());
        }
        let name = self.by_content.get(content)?;
        let read = || -> Result<Option<ManifestFile>, BackupError> {
            let mut packed = Packed::open(&*self.place, name)?;
            let mut hasher = blake3::Hasher::new();
            let failed = || BackupError::io("read", name);
            packed
                .unpack(self.key.as_ref(), &mut hasher)
                .map_err(failed())?;
            let (size, hash) = packed.measure().map_err(failed())?;
            let (_, expected) = measure(made)?;
            let name = name.clone();
            Ok((hash_text(&hasher) == expected).then_some(ManifestFile { name, size, hash }))
        };
        read().unwrap_or_else(|error| {
            tracing::debug!(segment = name, %error, "a segment is written anew");
            None
        })
    }

    /// The hash of what is in a segment.
    fn content(&self, kind: SegmentKind, count: &TileCount) -> String {
        let mut hasher = match &self.key {
            Some(key) => blake3::Hasher::new_keyed(&key.name_key()),
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
}

/// The part of a name that tells what is in the segment.
fn content_of(name: &str) -> Option<&str> {
    let name = name.rsplit('/').next()?;
    let name = (name.strip_suffix(ENDING)).or_else(|| name.strip_suffix(SEALED_ENDING))?;
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
