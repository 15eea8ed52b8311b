//! A data folder as if it were new: for those who work on the store itself.

use std::fs::File;
use std::io::Read as _;
use std::path::{Path, PathBuf};

use crate::saga::{lock_holders, settle};
use crate::sqlite::APPLICATION_ID;
use crate::{FileLock, Layout, Share, StoreError, WorkerId, hub, provision, sync_folder, worker};

/// How SQLite's files begin, and where they say whose they are.
const MAGIC: &[u8; 16] = b"SQLite format 3\0";
const APPLICATION_ID_AT: usize = 68;

/// What SQLite keeps beside a database, and the database itself.
const OF_A_DATABASE: [&str; 4] = [".db-wal", ".db-shm", ".db-journal", ".db"];

/// What this program locks beside a spoke.
const LOCKS: [&str; 2] = [".lock", ".write"];

/// Whether this program has made a file.
type Test = fn(&Path) -> Result<bool, StoreError>;

/// The removal of a data folder's hub, spokes, trash, locks and temporary files. Backups, secrets and whatever
/// this program does not know stay.
#[derive(Debug)]
pub struct Reset {
    layout: Layout,
    files: Vec<PathBuf>,
    unknown: Vec<PathBuf>,
}

impl Reset {
    /// Looks what there is to remove. Changes nothing; the data folder need not exist.
    ///
    /// # Errors
    /// [`StoreError::Io`].
    pub fn plan(layout: Layout) -> Result<Self, StoreError> {
        let (mut files, mut unknown) = (Vec::new(), Vec::new());
        let folders: [(PathBuf, Test); 5] = [
            (layout.trash(), is_of_a_project),
            (layout.projects(), is_of_a_project),
            (layout.workers(), is_of_a_process),
            (layout.temporary(), is_temporary),
            (layout.hub_copies(), is_a_hub_copy),
        ];
        for (folder, is_known) in folders {
            for path in list(&folder)? {
                let known = is_file(&path)? && is_known(&path)?;
                if known { &mut files } else { &mut unknown }.push(path);
            }
        }
        let locks = [
            layout.core_lock(),
            layout.lock_check(),
            layout.template_lock(),
        ];
        for path in list(layout.root())? {
            let is_hub = locks.contains(&path)
                || (path.file_stem() == layout.core().file_stem() && is_of_a_database(&path)?);
            if is_file(&path)? && (is_hub || is_leftover(&path)) {
                files.push(path);
            } else if is_file(&path)? && is_of(&path, &OF_A_DATABASE) {
                unknown.push(path);
            }
        }
        Ok(Self {
            layout,
            files,
            unknown,
        })
    }

    /// What will be removed.
    #[must_use]
    pub fn files(&self) -> &[PathBuf] {
        &self.files
    }

    /// What lies among it and stays, because this program has not made it.
    #[must_use]
    pub fn unknown(&self) -> &[PathBuf] {
        &self.unknown
    }

    /// Removes the files and makes an empty hub. After a crash some are gone; the reset can be repeated.
    ///
    /// # Errors
    /// [`StoreError::Busy`] when a process has the hub or a project open, or runs; nothing is removed then.
    /// [`StoreError::Io`].
    pub async fn carry_out(self) -> Result<(), StoreError> {
        let layout = self.layout.clone();
        provision::blocking(move || {
            if self.files.is_empty() {
                return Ok(());
            }
            let held = self.lock()?;
            // The locks go last: while there is one, others can see that somebody is at work.
            let (locks, others): (Vec<_>, Vec<_>) =
                self.files.iter().partition(|path| is_of(path, &LOCKS));
            for path in others.into_iter().chain(locks) {
                remove(path)?;
            }
            for lock in &held {
                remove(lock.path())?;
            }
            sync_folder(self.layout.root())
        })
        .await?;
        // What stays may look like projects, beside which no command makes a hub.
        layout.create()?;
        hub::create(&layout).await
    }

    /// Every lock of the folder.
    fn lock(&self) -> Result<Vec<FileLock>, StoreError> {
        let mut held = vec![take(&self.layout.core_lock(), FileLock::holder)?];
        for path in &self.files {
            let stem = path
                .file_stem()
                .map(|stem| stem.to_string_lossy().into_owned());
            let Some(stem) = stem else { continue };
            if path.parent() == Some(&self.layout.workers()) {
                let is_alive = match stem.parse::<WorkerId>() {
                    Ok(worker) => worker::is_alive(&self.layout, &worker)?,
                    Err(_) => false,
                };
                if is_alive {
                    return Err(busy(path, FileLock::holder(path)));
                }
            } else if *path == self.layout.spoke(&stem) {
                let writers = self.layout.write_lock(&stem);
                held.push(take(&writers, FileLock::holder)?);
                held.push(take(&self.layout.spoke_lock(&stem), lock_holders)?);
            }
        }
        // Only the last connection to a file can leave WAL mode.
        settle(&self.layout.core())?;
        Ok(held)
    }
}

fn remove(path: &Path) -> Result<(), StoreError> {
    match std::fs::remove_file(path) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            Err(StoreError::io("remove", path)(error))
        }
        _ => Ok(()),
    }
}

fn take(path: &Path, holder: fn(&Path) -> Option<String>) -> Result<FileLock, StoreError> {
    FileLock::try_take(path, Share::Exclusive)?.ok_or_else(|| busy(path, holder(path)))
}

fn busy(path: &Path, holder: Option<String>) -> StoreError {
    StoreError::Busy {
        what: path.display().to_string(),
        holder,
    }
}

fn list(folder: &Path) -> Result<Vec<PathBuf>, StoreError> {
    let entries = match std::fs::read_dir(folder) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
        entries => entries.map_err(StoreError::io("list", folder))?,
    };
    let paths = entries.map(|entry| Ok(entry.map_err(StoreError::io("list", folder))?.path()));
    let mut paths: Vec<PathBuf> = paths.collect::<Result<_, StoreError>>()?;
    paths.sort();
    Ok(paths)
}

/// A file, and no link to one.
fn is_file(path: &Path) -> Result<bool, StoreError> {
    let metadata = std::fs::symlink_metadata(path).map_err(StoreError::io("look at", path))?;
    Ok(metadata.is_file())
}

fn is_of(path: &Path, endings: &[&str]) -> bool {
    stem_before(path, endings).is_some()
}

/// The name of a file without the ending that it has of these.
fn stem_before<'a>(path: &'a Path, endings: &[&str]) -> Option<&'a str> {
    let name = path.file_name()?.to_str()?;
    endings.iter().find_map(|ending| name.strip_suffix(ending))
}

fn is_of_a_project(path: &Path) -> Result<bool, StoreError> {
    let Some(stem) = stem_before(path, &LOCKS) else {
        return Ok(is_leftover(path) || is_of_a_database(path)?);
    };
    let database = path.with_file_name(format!("{stem}.db"));
    Ok(!database.exists() || is_ours(&database)?)
}

/// Whether the file is a database of ours, or what SQLite keeps beside one.
fn is_of_a_database(path: &Path) -> Result<bool, StoreError> {
    match stem_before(path, &OF_A_DATABASE) {
        Some(stem) => is_ours(&path.with_file_name(format!("{stem}.db"))),
        None => Ok(false),
    }
}

/// Whether the file is the lock of a process: its id is always a new one, so 32 hex digits.
fn is_of_a_process(path: &Path) -> Result<bool, StoreError> {
    let is_id = |stem: &str| stem.len() == 32 && stem.bytes().all(|byte| byte.is_ascii_hexdigit());
    Ok(stem_before(path, &[".lock", ".read"]).is_some_and(is_id))
}

/// A copy of the hub, or a part of one.
fn is_a_hub_copy(path: &Path) -> Result<bool, StoreError> {
    let name = path.file_name().map(|name| name.to_string_lossy());
    let is_named = name.is_some_and(|name| name.starts_with("core-"));
    Ok(is_named && is_of(path, &[".db", ".part"]))
}

fn is_temporary(path: &Path) -> Result<bool, StoreError> {
    Ok(is_leftover(path) || is_of(path, &[".template"]))
}

/// A file that was being made when its process died.
fn is_leftover(path: &Path) -> bool {
    let name = path.file_name().and_then(|name| name.to_str());
    name.is_some_and(|name| name.starts_with(".tmp-"))
}

/// Whether a file says in its header that this program has made it.
fn is_ours(path: &Path) -> Result<bool, StoreError> {
    let file = match File::open(path) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(false),
        opened => opened.map_err(StoreError::io("read", path))?,
    };
    let mut header = Vec::new();
    file.take(100)
        .read_to_end(&mut header)
        .map_err(StoreError::io("read", path))?;
    let id = header.get(APPLICATION_ID_AT..APPLICATION_ID_AT + 4);
    let id = id.and_then(|bytes| <[u8; 4]>::try_from(bytes).ok());
    Ok(header.starts_with(MAGIC)
        && id.is_some_and(|id| i64::from(u32::from_be_bytes(id)) == APPLICATION_ID))
}
