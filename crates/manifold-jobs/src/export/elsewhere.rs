//! An export as an object of S3, Google Cloud Storage or Azure.

use std::fs::File;
use std::path::Path;
use std::sync::Arc;

use manifold_store::{SpoolFile, fail_point};

use super::datapackage::{self, DATAPACKAGE};
use super::subject::Subject;
use super::write::write_file;
use super::{Course, ExportError, ExportRequest, Exported};
use crate::backup::{
    BackupError, Location, PART, Places, Remote, Repository as _, part_size, read_part,
};
use crate::{JobContext, JobError};

/// The step of a job that remembers what the place calls the object until it is complete.
const BEGUN: &str = "upload-begun";

/// The size of an object in bytes; `None` when there is none.
///
/// # Errors
/// [`ExportError::Place`].
pub async fn size_at(places: &Places, address: &Location) -> Result<Option<u64>, ExportError> {
    let (place, name) = split(address)?;
    let places = places.clone();
    Ok(blocking(move || places.remote(&place)?.size(&name)).await?)
}

/// Writes what is exported into a file of this machine, sends it to `address`, where it appears whole, and then its description.
///
/// The object is replaced by the attempt that owns the job. When its process dies the next attempt writes and sends it anew, in
/// place of the parts that were sent.
pub(crate) async fn send(
    context: &JobContext,
    request: &ExportRequest,
    address: &Location,
    described: bool,
) -> Result<Exported, JobError> {
    let (place, name) = split(address)?;
    let (places, course) = (Places::of(context), Course::of(context));
    let manager = context.manager();
    let remote = Arc::new(blocking(move || places.remote(&place)).await?);
    {
        // What cannot be sent is not written.
        let (remote, name) = (remote.clone(), name.clone());
        blocking(move || remote.size(&name)).await?;
    }
    let subject = Subject::of(manager, request).await?;
    let spool = SpoolFile::create(manager).await?;
    let shown = address.to_string();
    let written = write_file(
        manager,
        request,
        &subject,
        spool.path(),
        &shown,
        course.clone(),
    );
    let written = written.await?;
    let description = described.then(|| Location::from(format!("{address}.{DATAPACKAGE}")));
    let exported = Exported::new(request, &subject, written, address.clone(), description);
    let text = datapackage::describe(request, &subject, &exported);
    let upload = Upload {
        remote,
        name,
        size: exported.size_bytes,
        course,
    };
    upload.send(context, &spool).await?;
    fail_point!("export-data-published");
    if described {
        let name = format!("{}.{DATAPACKAGE}", upload.name);
        let remote = upload.remote.clone();
        blocking(move || remote.write(&name, text.into_bytes())).await?;
    }
    Ok(exported)
}

/// A file on its way to a place.
#[derive(Clone)]
struct Upload {
    remote: Arc<Remote>,
    name: String,
    size: u64,
    course: Course,
}

impl Upload {
    async fn send(&self, context: &JobContext, spool: &SpoolFile) -> Result<(), JobError> {
        if self.size <= PART {
            fail_point!("export-data-sent");
            context.hold().await?;
            let (this, path) = (self.clone(), spool.path().to_owned());
            return Ok(blocking(move || this.remote.put(&this.name, &path)).await?);
        }
        let begun = context.step(BEGUN, self.begin()).await?;
        let goes_on = context.lease_token() > 1;
        if self.send_parts(context, spool, begun, goes_on).await? {
            return Ok(());
        }
        // The place knows it no more: an earlier attempt has completed it, or it was too old.
        let begun = self.begin().await?;
        if self.send_parts(context, spool, begun, false).await? {
            return Ok(());
        }
        Err(self.remote.forgotten(&self.name).into())
    }

    async fn begin(&self) -> Result<String, JobError> {
        let this = self.clone();
        Ok(blocking(move || this.remote.begin(&this.name)).await?)
    }

    /// Sends all parts and makes the object of them, if the job is still this attempt's. `false` when the place does not know the
    /// file any more, which may be so if it `goes_on`. What fails or is stopped leaves no parts.
    async fn send_parts(
        &self,
        context: &JobContext,
        spool: &SpoolFile,
        begun: String,
        goes_on: bool,
    ) -> Result<bool, JobError> {
        let (this, path, of_parts) = (self.clone(), spool.path().to_owned(), begun.clone());
        let sent = manifold_store::blocking(move || {
            let sent = this.parts(&path, &of_parts, goes_on);
            if sent.is_err() {
                // What went wrong is more to the point than that its parts stay.
                drop(this.remote.abandon(&this.name, &of_parts));
            }
            sent
        });
        let Some(parts) = sent.await? else {
            return Ok(false);
        };
        fail_point!("export-data-sent");
        context.hold().await?;
        let this = self.clone();
        let completed = blocking(move || this.remote.complete(&this.name, &begun, &parts));
        Ok(completed.await?)
    }

    fn parts(
        &self,
        path: &Path,
        begun: &String,
        goes_on: bool,
    ) -> Result<Option<Vec<String>>, ExportError> {
        let failed = || BackupError::io("read", path);
        let mut file = File::open(path).map_err(failed())?;
        let (size, mut parts) = (part_size(self.size), Vec::new());
        loop {
            let at = parts.len() as u64 * size;
            self.course
                .bytes("sending", at.min(self.size), Some(self.size))?;
            let part = read_part(&mut file, size).map_err(failed())?;
            if part.is_empty() {
                return Ok(Some(parts));
            }
            match self.remote.send(&self.name, begun, parts.len(), part) {
                Ok(Some(part)) => parts.push(part),
                Ok(None) => return Ok(None),
                // Not every server says that it does not know the file; one that answers can say so.
                Err(_) if goes_on && parts.is_empty() && self.remote.size(&self.name).is_ok() => {
                    return Ok(None);
                }
                Err(error) => return Err(error.into()),
            }
        }
    }
}

/// An address of an object, once it is known that it can be used.
///
/// # Errors
/// [`ExportError::Place`] for one that names no object, and for what [`Location::checked`] refuses.
pub fn checked_address(address: Location) -> Result<Location, ExportError> {
    split(&address)?;
    Ok(address)
}

/// The place and the name in it.
fn split(address: &Location) -> Result<(String, String), BackupError> {
    match address.clone().checked()?.split() {
        Some((Location::Remote(place), name)) if !name.is_empty() => Ok((place, name)),
        _ => Err(BackupError::Address {
            address: address.to_string(),
            reason: "it names a bucket and no file in it",
        }),
    }
}

async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, BackupError> + Send + 'static,
) -> Result<T, BackupError> {
    manifold_store::blocking(work).await
}
