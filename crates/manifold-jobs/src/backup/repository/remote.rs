//! A place that is reached by an address: S3, Google Cloud Storage, Azure.

mod open;
mod reader;
mod variables;

use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use futures_util::TryStreamExt as _;
use object_store::multipart::MultipartStore;
use object_store::path::Path as Key;
use object_store::{Error as Refused, ObjectStore, ObjectStoreExt as _, PutMode, PutPayload};
use tokio::runtime::Handle;

use self::reader::RemoteReader;
use super::{Repository, StoredFile};
use crate::backup::BackupError;

/// How much of a file is asked for at once, and sent at once at least, in bytes.
pub(crate) const PART: u64 = 8 << 20;

/// The most parts of which a file is made; places take 10,000.
const MOST_PARTS: u64 = 9_000;

/// The longest that is told of what the other side says, in characters.
const LONGEST_REASON: usize = 300;

/// A place that is reached by an address. Its methods block and must not be called on a thread of the runtime.
#[derive(Clone)]
pub(crate) struct Remote {
    /// As it was written, without what it refers to.
    address: String,
    prefix: String,
    objects: Arc<dyn ObjectStore>,
    parts: Arc<dyn MultipartStore>,
    runtime: Handle,
    /// What no error may hold.
    secrets: Vec<String>,
}

impl Remote {
    /// A place in the memory of this process.
    #[cfg(test)]
    pub(crate) fn in_memory() -> Self {
        let store = Arc::new(object_store::memory::InMemory::new());
        Self {
            address: "memory://place".to_owned(),
            prefix: "place".to_owned(),
            objects: store.clone(),
            parts: store,
            runtime: Handle::current(),
            secrets: Vec::new(),
        }
    }

    /// Begins a file that is sent in parts; returns what the place calls it.
    pub(crate) fn begin(&self, name: &str) -> Result<String, BackupError> {
        let key = self.key(name)?;
        let begun = self.runtime.block_on(self.parts.create_multipart(&key));
        begun.map_err(|error| self.failed("write", name, &error))
    }

    /// Sends a part of a file that was begun; returns what the place calls it. `None` when the place does not know the
    /// file any more.
    pub(crate) fn send(
        &self,
        name: &str,
        begun: &String,
        number: usize,
        bytes: Vec<u8>,
    ) -> Result<Option<String>, BackupError> {
        let (key, bytes) = (self.key(name)?, PutPayload::from(bytes));
        let sent = self.parts.put_part(&key, begun, number, bytes);
        match self.runtime.block_on(sent) {
            Ok(part) => Ok(Some(part.content_id)),
            Err(Refused::NotFound { .. }) => Ok(None),
            Err(error) => Err(self.failed("write", name, &error)),
        }
    }

    /// Makes a file of its parts. `false` when the place does not know the file any more.
    pub(crate) fn complete(
        &self,
        name: &str,
        begun: &String,
        parts: &[String],
    ) -> Result<bool, BackupError> {
        let parts = parts.iter().map(|part| object_store::multipart::PartId {
            content_id: part.clone(),
        });
        let key = self.key(name)?;
        let completed = self.parts.complete_multipart(&key, begun, parts.collect());
        match self.runtime.block_on(completed) {
            Ok(_) => Ok(true),
            Err(Refused::NotFound { .. }) => Ok(false),
            Err(error) => Err(self.failed("write", name, &error)),
        }
    }

    /// Throws the parts of a file away.
    pub(crate) fn abandon(&self, name: &str, begun: &String) -> Result<(), BackupError> {
        let key = self.key(name)?;
        match self
            .runtime
            .block_on(self.parts.abort_multipart(&key, begun))
        {
            Ok(()) | Err(Refused::NotFound { .. }) => Ok(()),
            Err(error) => Err(self.failed("remove the parts of", name, &error)),
        }
    }

    /// Keeps these bytes under a name that nothing has yet. `false` when something has it.
    pub(crate) fn put_new(&self, name: &str, bytes: Vec<u8>) -> Result<bool, BackupError> {
        let (key, bytes) = (self.key(name)?, PutPayload::from(bytes));
        let put = async |mode: PutMode| {
            let options = object_store::PutOptions::from(mode);
            self.objects.put_opts(&key, bytes.clone(), options).await
        };
        let put = async {
            match put(PutMode::Create).await {
                // A place that knows no conditions.
                Err(Refused::NotImplemented { .. } | Refused::NotSupported { .. }) => {
                    match self.objects.head(&key).await {
                        Err(Refused::NotFound { .. }) => {
                            put(PutMode::Overwrite).await.map(|_| true)
                        }
                        found => found.map(|_| false),
                    }
                }
                Err(Refused::AlreadyExists { .. } | Refused::Precondition { .. }) => Ok(false),
                put => put.map(|_| true),
            }
        };
        self.runtime
            .block_on(put)
            .map_err(|error| self.failed("write", name, &error))
    }

    fn key(&self, name: &str) -> Result<Key, BackupError> {
        let whole = match (self.prefix.as_str(), name) {
            ("", name) => name.to_owned(),
            (prefix, "") => prefix.to_owned(),
            (prefix, name) => format!("{prefix}/{name}"),
        };
        Key::parse(&whole).map_err(|error| BackupError::Unreachable {
            action: "name",
            path: self.path(name),
            reason: error.to_string(),
        })
    }

    /// The name of a key, seen from the place.
    fn name(&self, key: &Key) -> Option<String> {
        let inner = key.as_ref().strip_prefix(&self.prefix)?;
        Some(inner.trim_start_matches('/').to_owned())
    }

    fn path(&self, name: &str) -> PathBuf {
        match name {
            "" => PathBuf::from(&self.address),
            name => PathBuf::from(format!("{}/{name}", self.address)),
        }
    }

    fn failed(&self, action: &'static str, name: &str, error: &Refused) -> BackupError {
        BackupError::Unreachable {
            action,
            path: self.path(name),
            reason: told(error, &self.secrets),
        }
    }
}

impl Repository for Remote {
    fn location(&self) -> String {
        self.address.clone()
    }

    fn list(&self, folder: &str) -> Result<Vec<StoredFile>, BackupError> {
        let key = self.key(folder)?;
        let listed = self.objects.list(Some(&key)).try_collect::<Vec<_>>();
        let listed = self.runtime.block_on(listed);
        let listed = listed.map_err(|error| self.failed("list", folder, &error))?;
        let files = listed.into_iter().filter_map(|found| {
            let name = self.name(&found.location)?;
            Some(StoredFile {
                name,
                size: found.size,
            })
        });
        Ok(files.collect())
    }

    fn folders(&self) -> Result<Vec<String>, BackupError> {
        let key = self.key("")?;
        let listed = self.objects.list_with_delimiter(Some(&key));
        let listed = self.runtime.block_on(listed);
        let listed = listed.map_err(|error| self.failed("list", "", &error))?;
        let names = listed.common_prefixes.iter();
        Ok(names.filter_map(|key| self.name(key)).collect())
    }

    fn size(&self, name: &str) -> Result<Option<u64>, BackupError> {
        let key = self.key(name)?;
        match self.runtime.block_on(self.objects.head(&key)) {
            Ok(found) => Ok(Some(found.size)),
            Err(Refused::NotFound { .. }) => Ok(None),
            Err(error) => Err(self.failed("look at", name, &error)),
        }
    }

    fn open(&self, name: &str) -> Result<Box<dyn Read + Send>, BackupError> {
        let size = self.size(name)?.ok_or_else(|| BackupError::MissingFile {
            path: self.path(name),
        })?;
        Ok(Box::new(RemoteReader::new(self.clone(), name, size)))
    }

    fn put(&self, name: &str, from: &Path) -> Result<(), BackupError> {
        let failed = || BackupError::io("read", from);
        let mut file = File::open(from).map_err(failed())?;
        let size = file.metadata().map_err(failed())?.len();
        if size <= PART {
            let mut bytes = Vec::new();
            file.read_to_end(&mut bytes).map_err(failed())?;
            return self.write(name, bytes);
        }
        let begun = self.begin(name)?;
        let sent = (|| {
            let mut parts = Vec::new();
            loop {
                let part = read_part(&mut file, part_size(size)).map_err(failed())?;
                if part.is_empty() {
                    break;
                }
                let sent = self.send(name, &begun, parts.len(), part)?;
                parts.push(sent.ok_or_else(|| self.forgotten(name))?);
            }
            match self.complete(name, &begun, &parts)? {
                true => Ok(()),
                false => Err(self.forgotten(name)),
            }
        })();
        if sent.is_err() {
            // What went wrong is more to the point than that its parts stay.
            drop(self.abandon(name, &begun));
        }
        sent
    }

    fn write(&self, name: &str, bytes: Vec<u8>) -> Result<(), BackupError> {
        let key = self.key(name)?;
        let put = self.objects.put(&key, PutPayload::from(bytes));
        let put = self.runtime.block_on(put);
        put.map(drop)
            .map_err(|error| self.failed("write", name, &error))
    }

    fn remove(&self, name: &str) -> Result<(), BackupError> {
        let key = self.key(name)?;
        match self.runtime.block_on(self.objects.delete(&key)) {
            Ok(()) | Err(Refused::NotFound { .. }) => Ok(()),
            Err(error) => Err(self.failed("remove", name, &error)),
        }
    }

    fn remove_soon(&self, name: &str) {
        if let Ok(key) = self.key(name) {
            let (remote, name) = (self.clone(), name.to_owned());
            self.runtime.spawn(async move {
                if let Err(error) = remote.objects.delete(&key).await {
                    let error = remote.failed("remove", &name, &error);
                    tracing::warn!(%error, "a file that nobody needs stays");
                }
            });
        }
    }

    fn clear(
        &self,
        _folder: &str,
        _is_dead: &dyn Fn(&str, Duration) -> bool,
    ) -> Result<(), BackupError> {
        Ok(()) // An object is there whole or not at all.
    }
}

impl Remote {
    /// The error of a file whose parts the place has thrown away.
    pub(crate) fn forgotten(&self, name: &str) -> BackupError {
        BackupError::Unreachable {
            action: "write",
            path: self.path(name),
            reason: "its parts were thrown away there meanwhile".to_owned(),
        }
    }
}

impl std::fmt::Debug for Remote {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Remote").field(&self.address).finish()
    }
}

/// In parts of which size a file of `size` bytes is sent, in bytes. It is the same each time.
pub(crate) fn part_size(size: u64) -> u64 {
    PART * size.div_ceil(PART * MOST_PARTS).max(1)
}

/// The next part of a file, of this size in bytes; less at its end.
pub(crate) fn read_part(file: &mut impl Read, size: u64) -> std::io::Result<Vec<u8>> {
    let mut part = Vec::new();
    file.take(size).read_to_end(&mut part)?;
    Ok(part)
}

/// What went wrong, with the causes, on one line and without secrets.
fn told(error: &Refused, secrets: &[String]) -> String {
    let mut text = error.to_string();
    let mut cause = std::error::Error::source(error);
    while let Some(error) = cause {
        let more = error.to_string();
        if !text.contains(&more) {
            text = format!("{text}: {more}");
        }
        cause = error.source();
    }
    for secret in secrets.iter().filter(|secret| !secret.is_empty()) {
        text = text.replace(secret.as_str(), "[secret]");
    }
    let line: Vec<_> = text.split_whitespace().collect();
    let line = line.join(" ");
    match line.char_indices().nth(LONGEST_REASON) {
        Some((end, _)) => format!("{}..", &line[..end]),
        None => line,
    }
}
