//! What a project was before it was replaced.

use std::path::{Path, PathBuf};

use rusqlite::Connection;

use crate::freeze::copy_whole;
use crate::{
    FileLock, Layout, ProjectId, Share, StoreError, Timestamp, fail_point, rename_durably,
    sync_folder,
};

/// How many safety copies of a project are kept.
const KEPT: usize = 3;

/// Copies the state that `reader` sees into the folder of safety copies, and removes the oldest.
pub(super) fn take(
    layout: &Layout,
    id: &ProjectId,
    reader: &Connection,
) -> Result<PathBuf, StoreError> {
    let target = place(layout, id)?;
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
) -> Result<Option<PathBuf>, StoreError> {
    let target = place(layout, id)?;
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

fn place(layout: &Layout, id: &ProjectId) -> Result<PathBuf, StoreError> {
    let folder = folder(layout);
    let mut builder = std::fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder
        .create(&folder)
        .map_err(StoreError::io("create the folder", &folder))?;
    let at = Timestamp::now().format("%Y%m%dT%H%M%S%6fZ");
    Ok(folder.join(format!("{}.{at}.db", id.namespace())))
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
    let surplus = complete.len().saturating_sub(KEPT);
    let mut old = complete[..surplus].to_vec();
    // With what SQLite kept beside them.
    old.extend(parts.into_iter().filter(|path| is_part(path)));
    for path in old {
        for file in [with_suffix(&path, "-wal"), path] {
            match std::fs::remove_file(&file) {
                Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                    return Err(StoreError::io("remove", file)(error));
                }
                _ => {}
            }
        }
    }
    sync_folder(&folder)
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
        let folder = place(&layout, &id).unwrap();
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
        let mut wanted = [name("2.db"), name("3.db"), name("4.db"), other];
        wanted.sort();
        assert_eq!(kept, wanted);
    }
}
