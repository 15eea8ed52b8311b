//! An input that is fetched before it is read.

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use manifold_store::{ImportSource, Scratch, Secrets, SqliteManager, StoreError, name};
use tempfile::NamedTempFile;
use tokio_util::sync::CancellationToken;

use super::{ImportFileError, InputFile, source_name, zip_contents};
use crate::download::{
    Address, Call, Download, DownloadLimits, Downloaded, FetchedFile, Validators, client,
};
use crate::{Environment, JobError, Progress};

/// An input that was fetched.
pub(crate) struct FetchedInput {
    /// The input, to be read where its bytes are now.
    pub(crate) input: InputFile,
    /// How the other side calls the file.
    pub(crate) name: Option<String>,
    pub(crate) validators: Validators,
    /// Keeps the bytes until the import has ended.
    _file: NamedTempFile,
}

impl FetchedInput {
    /// The source that it goes into, where the other side names it.
    pub(crate) fn source(&self) -> Option<Result<ImportSource, StoreError>> {
        let name = self.name.as_deref()?;
        let is_asked = self
            .input
            .url
            .as_ref()
            .is_some_and(|url| url.named_by_answer);
        is_asked.then(|| name::check("source", source_name(name)).map(ImportSource::Named))
    }
}

/// Who fetches an input, and how.
pub(crate) struct Fetching<'a> {
    pub(crate) manager: &'a Arc<SqliteManager>,
    pub(crate) environment: Environment,
    pub(crate) cancel: &'a CancellationToken,
    pub(crate) report: &'a (dyn Fn(Progress) + Send + Sync),
}

impl Fetching<'_> {
    /// Fetches an input; `None` when it is what was fetched `before`.
    ///
    /// # Errors
    /// [`JobError`] with the code of a [`DownloadError`](crate::download::DownloadError).
    pub(crate) async fn fetch(
        &self,
        input: &InputFile,
        before: Option<&Validators>,
    ) -> Result<Option<FetchedInput>, JobError> {
        let Some(url) = &input.url else {
            return Err(JobError::failed(
                "defect",
                &"an input without an address is fetched",
            ));
        };
        let address = Address::new(&url.url)?;
        let mut limits = DownloadLimits::default();
        if let Some(seconds) = url.timeout_seconds {
            limits.silence = Duration::from_secs(seconds.into());
        }
        let layout = self.manager.layout();
        let (secrets, scratch) = (Secrets::new(layout), Scratch::of(self.manager));
        let progress = |done, total| {
            (self.report)(Progress {
                done,
                total,
                unit: "bytes",
                ..Progress::step("downloading")
            });
        };
        (self.report)(Progress::step("downloading"));
        let (shown, environment) = (address.shown(), self.environment);
        let resolve = move || address.resolve(&secrets, environment);
        let call = Call::get(manifold_store::blocking(resolve).await?, shown);
        let download = Download {
            client: &client(&limits, &call.shown)?,
            call: &call,
            scratch: &scratch,
            before,
            limits,
            cancel: self.cancel,
            progress: &progress,
        };
        let FetchedFile {
            file,
            name,
            validators,
            ..
        } = match download.fetch().await? {
            Downloaded::NotModified => return Ok(None),
            Downloaded::File(fetched) => *fetched,
        };
        let mut input = InputFile {
            fetched: Some(file.path().to_owned()),
            ..input.clone()
        };
        let looked = super::blocking(move || {
            // A later attempt that fetches the same file must not take it for another one.
            let same = file.as_file().set_modified(SystemTime::UNIX_EPOCH);
            same.map_err(|source| input.unreadable(source))?;
            input.member = only_member(&input, file.path())?;
            Ok((input, file))
        });
        let (input, file) = looked.await?;
        Ok(Some(FetchedInput {
            input,
            name,
            validators,
            _file: file,
        }))
    }
}

/// The file in an archive, if it is one. Blocks.
pub(crate) fn only_member(
    input: &InputFile,
    place: &Path,
) -> Result<Option<String>, ImportFileError> {
    let contents = zip_contents(place).map_err(|error| match error {
        ImportFileError::Zip { source, .. } => ImportFileError::Zip {
            path: input.path.clone(),
            source,
        },
        other => other,
    })?;
    match contents {
        None => Ok(None),
        Some(mut names) if names.len() == 1 => Ok(names.pop()),
        Some(names) => Err(ImportFileError::SeveralMembers {
            path: input.path.clone(),
            names: names.into_iter().take(20).collect(),
        }),
    }
}
