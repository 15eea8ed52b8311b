//! `manifold snapshot history`

mod key;
mod report;

use clap::Args;
use manifold_store::{DataSources, Projects, RowLog, rows};

use self::key::Key;
use crate::command_error::CommandError;
use crate::session::Session;

/// Which row.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  manifold snapshot history aviation planes N10156
  manifold snapshot history shop prices country=NL,article=77

A row is known by the source's key columns. With several of them, each is named: col=value,col=value. A value is \
written as in the file or as SQL shows it. Versions that several snapshots share are listed once.")]
pub(crate) struct HistoryArgs {
    /// The project: its id, its name, or the beginning of its id
    project: String,
    /// The source: its id, its name, or the beginning of its id
    source: String,
    /// The value of the row's key column, or col=value[,col=value]
    key: String,
}

/// Shows every version of one row.
pub(super) async fn run(arguments: HistoryArgs, session: &Session) -> anyhow::Result<()> {
    let store = session.store().await?;
    let project = Projects::id(&Projects::new(&store).find(&arguments.project).await?)?;
    let source = DataSources::new(store.clone())
        .find(&project, &arguments.source)
        .await?;
    let key = Key::parse(&source.key_columns.0, &arguments.key)?;
    let (id, wanted) = (source.id.clone(), key.clone());
    let history = RowLog::new(&store)
        .read(&project, move |connection| {
            rows::history(connection, &id, |index, column| {
                wanted.candidates(index, column)
            })
        })
        .await?;
    if history.versions.is_empty() {
        let (source, key) = (source.name, arguments.key);
        return Err(CommandError::NoSuchRow {
            source_name: source,
            key,
        }
        .into());
    }
    let document = report::document(&source.name, &key, &history)?;
    let lines = report::table(&history)?;
    session.output().show(&document, || lines)?;
    Ok(())
}
