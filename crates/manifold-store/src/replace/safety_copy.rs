//! What a project was before it was replaced.

use std::path::{Path, PathBuf};

use chrono::{DateTime, NaiveDateTime, Utc};
use rusqlite::Connection;
use serde::{Deserialize, Serialize};

use crate::freeze::copy_whole;
use crate::{
    FileLock, Layout, ProjectId, Share, StoreError, Timestamp, fail_point, rename_durably,
    sync_folder,
};

/// How many safety copies of a project are kept, of those with the same reason.
const KEPT: usize = 3;

/// How the time stands in the name of a copy.
const TIME: &str = "%Y%m%dT%H%M%S%6fZ";

/// What the name of a copy has at its end that was taken before an undo.
const UNDONE: &str = ".undone";

/// Before what a safety copy was taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CopyReason {
    /// A restore in place.
    Restore,
    /// A restore in place was undone: the copy is what the project was until then.
    Undo,
}

/// What a project was before it was replaced, as a database file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SafetyCopy {
    /// The file.
    pub path: PathBuf,
    /// When it was taken.
    pub taken_at: DateTime<Utc>,
    /// Before what.
    pub reason: CopyReason,
}

impl SafetyCopy {
    /// Its id among those of its project: when it was taken.
    #[must_use]
    pub fn id(&self) -> String {
        self.taken_at.format(TIME).to_string()
    }

    /// What the name of a file tells; `None` for one that is no complete copy.
    fn of(path: PathBuf, namespace: &str) -> Option<Self> {
        let name = path.file_name()?.to_str()?;
        let rest = name
            .strip_prefix(namespace)?
            .strip_prefix('.')?
            .strip_suffix(".db")?;
        let (time, reason) = match rest.strip_suffix(UNDONE) {
            Some(time) => (time, CopyReason::Undo),
            None => (rest, CopyReason::Restore),
        };
        let taken_at = NaiveDateTime::parse_from_str(time, TIME).ok()?.and_utc();
        Some(Self {
            path,
            taken_at,
            reason,
        })
    }

    /// Removes it. One that is not there is no error.
    pub(super) fn remove(&self, layout: &Layout) -> Result<(), StoreError> {
        remove(&self.path)?;
        sync_folder(&folder(layout))
    }
}

/// The complete safety copies of a project, newest first.
///
/// # Errors
/// [`StoreError::Io`].
pub(super) fn list(layout: &Layout, id: &ProjectId) -> Result<Vec<SafetyCopy>, StoreError> {
    let namespace = id.namespace();
    let found = copies(layout, &namespace)?.into_iter();
    let mut found: Vec<_> = found
        .filter_map(|path| SafetyCopy::of(path, &namespace))
        .collect();
    found.sort_by_key(|copy| std::cmp::Reverse(copy.taken_at));
    Ok(found)
}

/// Copies the state that `reader` sees into the folder of safety copies, and removes the oldest.
pub(super) fn take(
    layout: &Layout,
    id: &ProjectId,
    reader: &Connection,
    reason: CopyReason,
) -> Result<PathBuf, StoreError> {
    let target = place(layout, id, reason)?;
    let temporary = target.with_extension("part");
    let copied = copy_whole(reader, &temporary).and_then(|()| {
        fail_point!("safety-copy-written");
        rename_durably(&temporary, &target)
    });
    if let Err(error) = copied {
        drop(std::fs::remove_file(&temporary)); // the error that matters is the copy's
        return Err(error);
    }
    thin_out(layout, id)?;
    Ok(target)
}

/// Copies the bytes of a file that cannot be opened, with what SQLite keeps beside it. `None` when there is
/// no such file.
pub(super) fn take_bytes(
    layout: &Layout,
    id: &ProjectId,
    damaged: &Path,
    reason: CopyReason,
) -> Result<Option<PathBuf>, StoreError> {
    let target = place(layout, id, reason)?;
    let mut taken = None;
    for suffix in ["-wal", ""] {
        let (from, to) = (with_suffix(damaged, suffix), with_suffix(&target, suffix));
        match std::fs::copy(&from, &to) {
            Ok(_) => {
                let synced = std::fs::File::open(&to).and_then(|file| file.sync_all());
                synced.map_err(StoreError::io("write", &to))?;
                taken = suffix.is_empty().then(|| target.clone());
            }
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
            Err(error) => return Err(StoreError::io("copy", from)(error)),
        }
    }
    sync_folder(&folder(layout))?;
    thin_out(layout, id)?;
    Ok(taken)
}

/// A path beside `path`, as SQLite names what belongs to a database.
pub(super) fn with_suffix(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    name.into()
}

fn folder(layout: &Layout) -> PathBuf {
    layout.trash().join("before-restore")
}

fn place(layout: &Layout, id: &ProjectId, reason: CopyReason) -> Result<PathBuf, StoreError> {
    let folder = folder(layout);
    let mut builder = std::fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder
        .create(&folder)
        .map_err(StoreError::io("create the folder", &folder))?;
    let at = Timestamp::now().format(TIME);
    let end = match reason {
        CopyReason::Restore => "",
        CopyReason::Undo => UNDONE,
    };
    Ok(folder.join(format!("{}.{at}{end}.db", id.namespace())))
}

/// The safety copies of a project, with what belongs to them.
///
/// # Errors
/// [`StoreError::Io`].
pub(crate) fn copies(layout: &Layout, namespace: &str) -> Result<Vec<PathBuf>, StoreError> {
    let folder = folder(layout);
    let prefix = format!("{namespace}.");
    let entries = match std::fs::read_dir(&folder) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
        entries => entries.map_err(StoreError::io("list", &folder))?,
    };
    let mut found = Vec::new();
    for entry in entries {
        let path = entry.map_err(StoreError::io("list", &folder))?.path();
        let name = path.file_name().and_then(|name| name.to_str());
        if name.is_some_and(|name| name.starts_with(&prefix)) {
            found.push(path);
        }
    }
    Ok(found)
}

/// Removes the copies that were never completed, of projects that nobody replaces at this moment.
///
/// # Errors
/// [`StoreError::Io`].
pub(crate) fn clear_abandoned(layout: &Layout) -> Result<(), StoreError> {
    let folder = folder(layout);
    let entries = match std::fs::read_dir(&folder) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(()),
        entries => entries.map_err(StoreError::io("list", &folder))?,
    };
    for entry in entries {
        let path = entry.map_err(StoreError::io("list", &folder))?.path();
        let name = path.file_name().and_then(|name| name.to_str());
        let namespace = name.and_then(|name| name.split('.').next());
        if let Some(namespace) = namespace.filter(|_| is_part(&path)) {
            let writers = layout.write_lock(namespace);
            let Some(_alone) = FileLock::try_take(&writers, Share::Exclusive)? else {
                continue;
            };
            match std::fs::remove_file(&path) {
                Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                    return Err(StoreError::io("remove", path)(error));
                }
                _ => {}
            }
        }
    }
    Ok(())
}

/// Whether it belongs to a copy that is not complete.
fn is_part(path: &Path) -> bool {
    path.extension()
        .is_some_and(|extension| extension.as_encoded_bytes().starts_with(b"part"))
}

/// Removes all but the newest copies of the project, and copies that were never completed.
fn thin_out(layout: &Layout, id: &ProjectId) -> Result<(), StoreError> {
    let folder = folder(layout);
    let mut copies = copies(layout, &id.namespace())?;
    copies.sort_unstable();
    let (complete, parts): (Vec<_>, Vec<_>) = copies
        .into_iter()
        .partition(|path| path.extension().is_some_and(|extension| extension == "db"));
    // With what SQLite kept beside them.
    let mut old: Vec<PathBuf> = parts.into_iter().filter(|path| is_part(path)).collect();
    let before_undo = |path: &PathBuf| {
        let name = path.file_name().and_then(|name| name.to_str());
        name.is_some_and(|name| name.ends_with(&format!("{UNDONE}.db")))
    };
    let (undone, restored): (Vec<_>, Vec<_>) = complete.into_iter().partition(before_undo);
    for mut of_reason in [undone, restored] {
        let surplus = of_reason.len().saturating_sub(KEPT);
        old.extend(of_reason.drain(..surplus));
    }
    for path in old {
        remove(&path)?;
    }
    sync_folder(&folder)
}

/// Removes a copy with what SQLite kept beside it.
fn remove(copy: &Path) -> Result<(), StoreError> {
    for file in [with_suffix(copy, "-wal"), copy.to_owned()] {
        match std::fs::remove_file(&file) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                return Err(StoreError::io("remove", file)(error));
            }
            _ => {}
        }
    }
    Ok(())
}

#[cfg(test)]
#[expect(
    clippy::disallowed_methods,
    reason = "the files of this test need not survive a crash"
)]
mod tests {
    use super::*;

    #[test]
    fn what_was_never_completed_goes_and_the_newest_stay() {
        let root = tempfile::tempdir().unwrap();
        let layout = Layout::new(root.path());
        let id = ProjectId::new();
        let other = format!("{}.1.db", ProjectId::new().namespace());
        let folder = place(&layout, &id, CopyReason::Restore).unwrap();
        let folder = folder.parent().unwrap();
        let name = |end: &str| format!("{}.{end}", id.namespace());
        let ends = [
            "1.db",
            "1.db-wal",
            "2.db",
            "3.db",
            "4.db",
            "5.part",
            "5.part-journal",
            "0.undone.db",
        ];
        for name in ends.map(name).iter().chain([&other]) {
            std::fs::write(folder.join(name), "").unwrap();
        }
        thin_out(&layout, &id).unwrap();
        let mut kept: Vec<_> = std::fs::read_dir(folder)
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        kept.sort();
        let mut wanted = [
            name("0.undone.db"),
            name("2.db"),
            name("3.db"),
            name("4.db"),
            other,
        ];
        wanted.sort();
        assert_eq!(kept, wanted);
    }
    #[test]
    fn a_name_tells_when_a_copy_was_taken_and_why() {
        let layout = Layout::new("/nowhere");
        let id = ProjectId::new();
        for reason in [CopyReason::Restore, CopyReason::Undo] {
            let root = tempfile::tempdir().unwrap();
            let layout = Layout::new(root.path());
            let path = place(&layout, &id, reason).unwrap();
            let copy = SafetyCopy::of(path.clone(), &id.namespace()).unwrap();
            assert_eq!((&copy.path, copy.reason), (&path, reason));
            assert!(path.to_str().unwrap().contains(&copy.id()));
            std::fs::write(&path, "").unwrap();
            std::fs::write(path.with_extension("part"), "").unwrap();
            assert_eq!(list(&layout, &id).unwrap(), [copy]);
        }
        assert_eq!(list(&layout, &id).unwrap(), []);
    }
}
