//! What one run of the command works with: the output, the data folder, Ctrl-C.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use manifold_jobs::backup::Places;
use manifold_jobs::rescue_dead;
use manifold_store::{Access, HubCopies, Layout, SqliteManager, StoreOptions};

use tokio::sync::OnceCell;

use crate::cli::{Command, Global};
use crate::command_error::CommandError;
use crate::config;
use crate::env_vars;
use crate::errors;
use crate::interrupt::{Interrupt, Stoppable};
use crate::output::Output;
use crate::progress::Style;
use crate::question;

/// One run of the command.
#[derive(Debug)]
pub(crate) struct Session {
    output: Output,
    verbose: bool,
    yes: bool,
    read_only: bool,
    data_dir: Option<PathBuf>,
    interrupt: Interrupt,
    store: OnceCell<Arc<SqliteManager>>,
}

impl Session {
    /// A run with these global flags.
    pub(crate) fn new(global: &Global, interrupt: Interrupt) -> Self {
        Self {
            output: global.output(),
            verbose: global.verbose,
            yes: global.yes,
            read_only: global.read_only,
            data_dir: global.data_dir.clone(),
            interrupt,
            store: OnceCell::new(),
        }
    }

    /// Where results and talk go.
    pub(crate) fn output(&self) -> Output {
        self.output
    }

    /// How the progress of work is shown.
    pub(crate) fn progress(&self) -> Style {
        Style::chosen(self.output, self.verbose)
    }

    /// The error of work that failed, or that it was stopped by Ctrl-C.
    pub(crate) fn stopped_or(&self, error: impl Into<anyhow::Error>) -> anyhow::Error {
        let error = error.into();
        if self.interrupt.asked() && errors::code(&error) == "cancelled" {
            CommandError::Stopped.into()
        } else {
            error
        }
    }

    /// Asks whether to go on, unless `--yes` answers.
    ///
    /// # Errors
    /// As [`question::confirm`].
    pub(crate) async fn confirm(&self, question: String) -> Result<(), CommandError> {
        question::confirm(question, self.yes).await
    }

    /// As [`Self::stoppable`], for work that says by itself what the first Ctrl-C does.
    pub(crate) fn leavable(&self) -> Stoppable {
        self.interrupt.leavable()
    }

    /// Whether nothing may be written.
    pub(crate) fn is_read_only(&self) -> bool {
        self.read_only
    }

    /// Marks the work that follows as one that stops by itself after the first Ctrl-C.
    pub(crate) fn stoppable(&self) -> Stoppable {
        self.interrupt.stoppable()
    }

    /// The data folder that the command line names, if it does.
    pub(crate) fn named_folder(&self) -> Option<&Path> {
        self.data_dir.as_deref()
    }

    /// The data folder.
    ///
    /// # Errors
    /// As [`config::data_folder`].
    pub(crate) fn layout(&self) -> anyhow::Result<Layout> {
        let folder = config::data_folder(self.data_dir.as_deref())?;
        Ok(Layout::new(std::path::absolute(&folder).unwrap_or(folder)))
    }

    /// The data folder, opened when first asked for: it is made when it does not exist, and the jobs of processes
    /// that died are ended, unless nothing may be written.
    ///
    /// # Errors
    /// As [`SqliteManager::open`] and [`rescue_dead`].
    pub(crate) async fn store(&self) -> anyhow::Result<Arc<SqliteManager>> {
        self.store.get_or_try_init(|| self.open()).await.cloned()
    }

    /// What reaches the places of backups, with the credentials of this process.
    ///
    /// # Errors
    /// As [`Self::layout`].
    pub(crate) fn places(&self) -> anyhow::Result<Places> {
        Ok(Places::new(&self.layout()?, env_vars::for_jobs()))
    }

    /// Whether the data folder was opened.
    pub(crate) fn is_open(&self) -> bool {
        self.store.initialized()
    }

    /// What may be done with the data folder.
    pub(crate) fn access(&self) -> Access {
        if self.read_only {
            Access::ReadOnly
        } else {
            Access::ReadWrite
        }
    }

    async fn open(&self) -> anyhow::Result<Arc<SqliteManager>> {
        let options = StoreOptions {
            access: self.access(),
            ..StoreOptions::default()
        };
        let store = SqliteManager::open(self.layout()?, options).await?;
        if self.read_only {
            return Ok(store);
        }
        match rescue_dead(&store).await {
            // What is stored can be read all the same; a later command does it.
            Err(error) if error.code() == "disk_full" => {
                tracing::warn!(%error, "what dead processes left stays for now");
            }
            rescued => drop(rescued?), // the log tells of each
        }
        Ok(store)
    }

    /// Refuses what would write, where nothing may be written.
    ///
    /// # Errors
    /// [`CommandError::ReadOnly`].
    pub(crate) fn refuse_writes(&self, command: &Command) -> Result<(), CommandError> {
        if self.read_only && !command.only_reads() {
            return Err(CommandError::ReadOnly);
        }
        Ok(())
    }

    /// Closes the data folder, so that nothing is left beside its files. Everything is safe without it.
    ///
    /// # Errors
    /// [`StoreError::ChangedWhileRead`](manifold_store::StoreError) of a folder that was only read: what was
    /// shown may be wrong.
    pub(crate) async fn close(&self) -> anyhow::Result<()> {
        let Some(store) = self.store.get() else {
            return Ok(());
        };
        if self.read_only {
            return Ok(store.shut_down().await?);
        }
        if let Err(error) = HubCopies::new(store).take_if_due().await {
            tracing::warn!(%error, "the hourly copy of the hub was not taken; the hub is not affected");
        }
        if let Err(error) = store.shut_down().await {
            tracing::warn!(%error, "the data folder was not closed in good order; nothing is lost");
        }
        Ok(())
    }
}
