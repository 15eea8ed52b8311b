//! One file to import.

use manifold_format::Typing;
use manifold_jobs::import::{InputFile, InputUrl, TableNaming, source_name};
use manifold_store::{StoreError, name};
use std::collections::HashMap;

use super::ImportArgs;
use super::files::{self, Named};
use crate::command_error::CommandError;

/// One file to import.
pub(super) struct Input {
    /// The file and how it is read.
    pub(super) file: InputFile,
    /// The name of the file, as it is shown.
    pub(super) file_name: String,
    /// The name of the source that it is a version of.
    pub(super) source: String,
    /// How the sources of its further tables are called.
    pub(super) naming: TableNaming,
}

impl Input {
    /// The files that were named, in folders, patterns and archives too.
    ///
    /// # Errors
    /// [`StoreError::InvalidName`] for a source's name; [`CommandError::Usage`] when two files would become the
    /// same source by chance.
    pub(super) fn all(arguments: &ImportArgs) -> anyhow::Result<Vec<Self>> {
        let files = files::all(&arguments.files)?;
        let mut inputs = Vec::with_capacity(files.len());
        let mut taken: HashMap<String, String> = HashMap::new();
        for named in files {
            let shown = match &named.member {
                Some(member) => format!("{}/{member}", named.path.display()),
                None => named.path.display().to_string(),
            };
            let input = Self::new(named, arguments)?;
            if arguments.source.is_none()
                && let Some(other) = taken.insert(name::fold(&input.source), shown.clone())
            {
                let source = &input.source;
                let message = format!(
                    "{other} and {shown} would both become the source `{source}`; name it with --source if they are versions of one"
                );
                return Err(CommandError::Usage { message }.into());
            }
            inputs.push(input);
        }
        Ok(inputs)
    }

    fn new(named: Named, arguments: &ImportArgs) -> Result<Self, StoreError> {
        let source = arguments.source.as_deref();
        let naming = match source {
            Some(_) => TableNaming::UnderSource,
            None => TableNaming::LikeTable,
        };
        let file_name = named.file_name();
        let called = match named.is_stdin {
            true => "stdin",
            false => source_name(&file_name),
        };
        let is_named = source.is_some();
        let source = name::check("source", source.unwrap_or(called))?;
        let url = named.address.map(|address| InputUrl {
            url: address.text().to_owned(),
            timeout_seconds: arguments.timeout,
            // An address without the name of a file says little.
            named_by_answer: !is_named
                && !address.file_name().is_some_and(|name| name.contains('.')),
        });
        let path = match url {
            Some(_) => named.path,
            None => std::path::absolute(&named.path).unwrap_or(named.path),
        };
        Ok(Self {
            file: InputFile {
                member: named.member,
                url,
                ..arguments.file(path)
            },
            file_name,
            source,
            naming,
        })
    }

    /// Refuses what another process could not read later.
    ///
    /// # Errors
    /// [`CommandError::Usage`].
    pub(super) fn must_be_a_file(&self) -> Result<(), CommandError> {
        let message = if self.file_name == "-" {
            "what comes from stdin cannot be imported with --detach, since another process does it later".to_owned()
        } else if self.is_pipe() {
            format!(
                "{} is a pipe; with --detach another process reads it later, so it must be a file",
                self.file.path.display()
            )
        } else {
            return Ok(());
        };
        Err(CommandError::Usage { message })
    }

    fn is_pipe(&self) -> bool {
        std::fs::metadata(&self.file.path).is_ok_and(|found| !found.is_file() && !found.is_dir())
    }

    /// Looks at the beginning of the file, so that what is wrong with it is known before anything is made.
    /// Nothing is read from a pipe, whose beginning would be gone then, and nothing is fetched.
    ///
    /// # Errors
    /// As [`InputFile::check`].
    pub(super) async fn check(
        &self,
        key: &[String],
        typing: &Typing,
        max_cell: u64,
    ) -> anyhow::Result<()> {
        if self.file.url.is_none() && !self.is_pipe() {
            self.file.check(key, typing, max_cell).await?;
        }
        Ok(())
    }
}
