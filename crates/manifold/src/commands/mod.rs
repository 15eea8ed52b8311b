//! What each noun does, one file each.

pub(crate) mod backup;
pub(crate) mod completions;
pub(crate) mod doctor;
pub(crate) mod export;
pub(crate) mod import;
pub(crate) mod import_history;
pub(crate) mod init;
pub(crate) mod job;
pub(crate) mod log;
pub(crate) mod migrate;
pub(crate) mod project;
pub(crate) mod query;
pub(crate) mod restore;
pub(crate) mod schedule;
pub(crate) mod settings;
pub(crate) mod snapshot;
pub(crate) mod source;
pub(crate) mod sync;
pub(crate) mod undo;
pub(crate) mod worker;

use crate::cli::Command;
use crate::session::Session;

/// Runs one command.
///
/// # Errors
/// What kept the command from doing what was asked; [`crate::errors`] says how that is shown.
pub(crate) async fn run(command: Command, session: Session) -> anyhow::Result<()> {
    session.refuse_writes(&command)?;
    let done = match dispatch(command, &session).await {
        Err(error) => Err(project::trashed::explain(error, &session).await),
        done => done,
    };
    let closed = session.close().await;
    done.and(closed)
}

async fn dispatch(command: Command, session: &Session) -> anyhow::Result<()> {
    match command {
        Command::Init => init::run(session).await,
        Command::Project(command) => project::run(command, session).await,
        Command::Source(command) => source::run(command, session).await,
        Command::Import(arguments) => import::run(arguments, session).await,
        Command::ImportHistory(arguments) => import_history::run(arguments, session).await,
        Command::Query(arguments) => query::run(arguments, session).await,
        Command::Snapshot(command) => snapshot::run(command, session).await,
        Command::Export(arguments) => export::run(arguments, session).await,
        Command::Sync(command) => sync::run(command, session).await,
        Command::Backup(command) => backup::run(command, session).await,
        Command::Restore(arguments) => restore::run(arguments, session).await,
        Command::Undo(arguments) => undo::run(arguments, session).await,
        Command::Schedule(command) => schedule::run(command, session).await,
        Command::Settings(command) => settings::run(command, session).await,
        Command::Migrate(command) => migrate::run(command, session).await,
        Command::Job(command) => job::run(command, session).await,
        Command::Log(arguments) => log::run(arguments, session).await,
        Command::Worker(arguments) => worker::run(arguments, session).await,
        Command::Doctor(arguments) => doctor::run(arguments, session).await,
        Command::Completions(arguments) => completions::run(&arguments, session),
    }
}
