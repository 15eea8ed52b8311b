//! `manifold migrate`

mod report;

use clap::{Args, Subcommand};
use manifold_jobs::Progress;
use manifold_store::{Migrations, SpokeStatus, Target};
use tokio::sync::watch;

use crate::command_error::CommandError;
use crate::progress;
use crate::session::Session;

/// What to do with schema versions. Opening a project migrates it, unless its file is large.
#[derive(Debug, Subcommand)]
pub(crate) enum MigrateCommand {
    /// Show what is applied and what is pending, in the hub and in every project; changes nothing
    Status,
    /// Apply what is pending in every project; each is migrated whole or not at all
    Up(UpArgs),
}

/// How to migrate.
#[derive(Debug, Args)]
#[command(after_help = "\
Several projects are migrated at once. One that fails stays as it was and does not stop the others; run the command \
again, and only those that are left are touched. Ctrl-C ends it after the projects that are being migrated.

A project whose file is not larger than 256 MiB is also migrated when something opens it.")]
pub(crate) struct UpArgs {
    /// Migrate a copy of each file, and say what would fail and how long it takes
    #[arg(long)]
    dry_run: bool,
}

impl MigrateCommand {
    /// Whether it changes nothing in the data folder.
    pub(crate) fn only_reads(&self) -> bool {
        matches!(self, Self::Status)
    }
}

/// Runs a verb.
pub(crate) async fn run(command: MigrateCommand, session: &Session) -> anyhow::Result<()> {
    match command {
        MigrateCommand::Status => status(session).await,
        MigrateCommand::Up(UpArgs { dry_run: false }) => up(Target::Files, session).await,
        MigrateCommand::Up(UpArgs { dry_run: true }) => up(Target::Copies, session).await,
    }
}

async fn status(session: &Session) -> anyhow::Result<()> {
    let migrations = Migrations::new(&session.store().await?);
    let (core, spokes) = (migrations.core().await?, migrations.spokes().await?);
    let document = report::document(&core, &spokes);
    session
        .output()
        .show(&document, || report::every_project(&core, &spokes))?;
    Ok(())
}

async fn up(target: Target, session: &Session) -> anyhow::Result<()> {
    let migrations = Migrations::new(&session.store().await?);
    let work = session.stoppable();
    let stop = work.token();
    let (told, latest) = watch::channel(Progress::default());
    let shown = tokio::spawn(progress::show(
        "migrate".to_owned(),
        latest,
        session.progress(),
    ));
    let migrated = migrations.up(target, &stop, move |now| {
        told.send_replace(Progress {
            done: now.done as u64,
            total: Some(now.total as u64),
            unit: "projects",
            ..Progress::step("migrating")
        });
    });
    let spokes = migrated.await;
    drop(shown.await); // it ended with the last project; that it could not be shown is no failure
    let spokes = spokes?;
    let core = migrations.core().await?;
    let mut document = report::document(&core, &spokes);
    document["dry_run"] = (target == Target::Copies).into();
    session
        .output()
        .show(&document, || report::what_was_done(&spokes, target))?;
    let left =
        |spoke: &&SpokeStatus| matches!(&spoke.status, Ok(status) if !status.pending.is_empty());
    match spokes.iter().filter(left).count() {
        0 => {}
        left => return Err(CommandError::MigrationStopped { left }.into()),
    }
    match spokes.iter().filter(|spoke| spoke.status.is_err()).count() {
        0 => Ok(()),
        failed => Err(CommandError::NotAllMigrated { failed }.into()),
    }
}
