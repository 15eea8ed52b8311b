//! Sends a backup to another place.

use std::fs::File;
use std::io::{Seek as _, SeekFrom};

use manifold_store::fail_point;

use super::incremental::Reliance;
use super::repository::{PART, Remote, Repository as _, part_size, read_part};
use super::spool::{Sent, SentFile, Spool};
use super::stored::Stored;
use super::{BackupError, Manifest, Watch};

/// Sends a backup to another place, file by file, and the file that makes it a backup last. What was sent is written down
/// part by part, so that nothing of it is sent twice.
#[derive(Debug)]
pub(super) struct Upload<'a> {
    pub(super) remote: &'a Remote,
    pub(super) spool: &'a Spool,
    /// The name of the backup at the place.
    pub(super) name: &'a str,
}

impl Upload<'_> {
    /// Sends all but the file that makes it a backup, and keeps what it relies on there meanwhile. Blocks.
    ///
    /// # Errors
    /// [`BackupError::Cancelled`]; [`BackupError::Unreachable`]. What was sent then counts the next time.
    pub(super) fn send(
        &self,
        watch: &mut Watch,
        mut reliance: Option<&mut Reliance>,
    ) -> Result<(), BackupError> {
        let files = self.spool.files()?;
        let total = files.iter().map(|(_, size)| size).sum();
        let mut sent = self.spool.sent();
        let mut before = 0;
        watch.step("sending")?;
        for (name, size) in files {
            let mut follow = |done| {
                if let Some(reliance) = &mut reliance {
                    reliance.beat()?;
                }
                watch.sent(before + done, total)
            };
            follow(0)?;
            if !self.has(&mut sent, &name, size)? {
                self.send_file(&mut sent, &name, size, &mut follow)?;
            }
            before += size;
            watch.sent(before, total)?;
        }
        Ok(())
    }

    /// Makes it a backup. Blocks.
    ///
    /// # Errors
    /// [`BackupError::OtherBackup`] when another one has its name; [`BackupError::Unreachable`].
    pub(super) fn publish(&self, id: &str) -> Result<(), BackupError> {
        let sent = Sent {
            publishing: true,
            ..self.spool.sent()
        };
        self.spool.keep(&sent)?;
        let path = self.spool.target().join(Manifest::NAME);
        let bytes = std::fs::read(&path).map_err(BackupError::io("read", path))?;
        fail_point!("backup-publishing-elsewhere");
        if self.remote.put_new(&self.inner(Manifest::NAME), bytes)? {
            return Ok(());
        }
        let found = Stored::read(self.remote, self.name)?;
        if found.id() == id {
            return Ok(());
        }
        Err(BackupError::OtherBackup {
            path: format!("{}/{}", self.remote.location(), self.name).into(),
            expected: id.to_owned(),
            found: found.id().to_owned(),
        })
    }

    /// Removes what was sent, unless it is a backup by now. What it shares stays until it is collected: another backup may rely on it.
    /// Blocks.
    ///
    /// # Errors
    /// [`BackupError::Unreachable`]; what is left is no backup.
    pub(super) fn discard(&self) -> Result<(), BackupError> {
        let sent = self.spool.sent();
        let manifest = self.inner(Manifest::NAME);
        if sent.publishing && self.remote.size(&manifest)?.is_some() {
            return Ok(());
        }
        for (name, file) in &sent.files {
            let is_shared = name.starts_with("segments/");
            let name = self.inner(name);
            if let (Some(begun), false) = (&file.begun, file.done) {
                self.remote.abandon(&name, begun)?;
            }
            if !is_shared {
                self.remote.remove(&name)?;
            }
        }
        Ok(())
    }

    /// Whether a file is there, whole. One whose parts were all sent may be, though that was not written down.
    fn has(&self, sent: &mut Sent, name: &str, size: u64) -> Result<bool, BackupError> {
        let Some(file) = sent.files.get_mut(name) else {
            return Ok(false);
        };
        let all_sent = file.has_all_parts(size);
        let is_there =
            (file.done || all_sent) && self.remote.size(&self.inner(name))? == Some(size);
        if file.done && !is_there {
            sent.files.remove(name);
        } else if is_there && !file.done {
            file.done = true;
            self.spool.keep(sent)?;
        }
        Ok(is_there)
    }

    fn send_file(
        &self,
        sent: &mut Sent,
        name: &str,
        size: u64,
        follow: &mut dyn FnMut(u64) -> Result<(), BackupError>,
    ) -> Result<(), BackupError> {
        if size <= PART {
            // Before it is there: whoever removes what was sent must know of it.
            sent.files.insert(name.to_owned(), SentFile::default());
            self.spool.keep(sent)?;
            self.remote.put(&self.inner(name), &self.spool.path(name))?;
        } else if !self.send_parts(sent, name, size, follow)? {
            // The place has thrown the parts away, or has made the file of them and this was not written down.
            let is_there = self.remote.size(&self.inner(name))? == Some(size);
            if !is_there {
                sent.files.remove(name);
                if !self.send_parts(sent, name, size, follow)? {
                    return Err(self.remote.forgotten(&self.inner(name)));
                }
            }
        }
        let file = sent.files.entry(name.to_owned()).or_default();
        file.done = true;
        self.spool.keep(sent)?;
        fail_point!("backup-file-sent");
        Ok(())
    }

    /// Sends the parts that are missing. `false` when the place does not know the file any more.
    fn send_parts(
        &self,
        sent: &mut Sent,
        name: &str,
        size: u64,
        follow: &mut dyn FnMut(u64) -> Result<(), BackupError>,
    ) -> Result<bool, BackupError> {
        let path = self.spool.path(name);
        let failed = || BackupError::io("read", &path);
        let mut file = File::open(&path).map_err(failed())?;
        let inner = self.inner(name);
        let known = sent.files.entry(name.to_owned()).or_default();
        let mut goes_on = known.begun.is_some();
        let begun = match &known.begun {
            Some(begun) => begun.clone(),
            None => {
                let begun = self.remote.begin(&inner)?;
                known.parts.clear();
                known.begun = Some(begun.clone());
                self.spool.keep(sent)?;
                begun
            }
        };
        loop {
            let known = sent.files.entry(name.to_owned()).or_default();
            let number = known.parts.len();
            let at = number as u64 * part_size(size);
            if at >= size {
                return self.remote.complete(&inner, &begun, &known.parts);
            }
            follow(at)?;
            file.seek(SeekFrom::Start(at)).map_err(failed())?;
            let part = read_part(&mut file, part_size(size)).map_err(failed())?;
            match self.remote.send(&inner, &begun, number, part) {
                Ok(Some(part)) => known.parts.push(part),
                Ok(None) => return Ok(false),
                // Not every server says that it has thrown the parts away; one that answers can say so.
                Err(_) if goes_on && self.remote.size(&inner).is_ok() => return Ok(false),
                Err(error) => return Err(error),
            }
            goes_on = false;
            self.spool.keep(sent)?;
        }
    }

    /// The name of a file at the place: one with slashes is named from there.
    fn inner(&self, name: &str) -> String {
        match name.contains('/') {
            true => name.to_owned(),
            false => format!("{}/{name}", self.name),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io::Read as _;

    use manifold_store::Layout;

    use super::*;

    /// A spool with a file of several parts and a small one.
    fn spool(folder: &std::path::Path) -> Spool {
        let spool = Spool::of(&Layout::new(folder), "1", "b");
        spool.prepare().unwrap();
        std::fs::create_dir(spool.target()).unwrap();
        let large: Vec<u8> = (0..2 * PART + 5).map(|at| (at % 251) as u8).collect();
        for (name, bytes) in [
            ("large", large.as_slice()),
            ("small", b"s"),
            (Manifest::NAME, b"{}"),
        ] {
            #[expect(clippy::disallowed_methods, reason = "a crash of a test loses nothing")]
            std::fs::write(spool.target().join(name), bytes).unwrap();
        }
        spool
    }

    /// A watch that stops when so many bytes were sent.
    fn stops_at(bytes: u64) -> Watch {
        let cancel = tokio_util::sync::CancellationToken::new();
        let stop = cancel.clone();
        Watch::new(cancel, move |progress| {
            if progress.unit == "bytes" && progress.done >= bytes {
                stop.cancel();
            }
        })
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn what_was_sent_counts() {
        let remote = Remote::in_memory();
        let check = move || {
            let scratch = tempfile::tempdir().unwrap();
            let spool = spool(scratch.path());
            let (remote, spool) = (&remote, &spool);
            let name = "b";
            let upload = Upload {
                remote,
                spool,
                name,
            };
            let stopped = upload.send(&mut stops_at(PART), None);
            assert!(
                matches!(stopped, Err(BackupError::Cancelled)),
                "{stopped:?}"
            );
            let sent = spool.sent();
            assert_eq!(sent.files["large"].parts.len(), 1);
            // It goes on behind the first part.
            let begun = sent.files["large"].begun.clone().unwrap();
            upload.send(&mut Watch::unwatched(), None).unwrap();
            assert_eq!(spool.sent().files["large"].begun, Some(begun));
            let whole = std::fs::read(spool.target().join("large")).unwrap();
            let mut bytes = Vec::new();
            let mut file = remote.open("b/large").unwrap();
            file.read_to_end(&mut bytes).unwrap();
            assert!(bytes == whole);
            // Complete, though that was not written down.
            let mut sent = spool.sent();
            sent.files.get_mut("large").unwrap().done = false;
            spool.keep(&sent).unwrap();
            upload.send(&mut Watch::unwatched(), None).unwrap();
            // Somebody has removed the file and its parts.
            remote.remove("b/large").unwrap();
            upload.send(&mut Watch::unwatched(), None).unwrap();
            assert_eq!(remote.size("b/large").unwrap(), Some(whole.len() as u64));
            upload.discard().unwrap();
            assert_eq!(remote.list("b").unwrap(), []);
        };
        tokio::task::spawn_blocking(check).await.unwrap();
    }
}
