//! `manifold migrate`

use clap::Subcommand;
use manifold_store::{MigrationStatus, Migrations, SpokeStatus, StoreError};
use serde_json::{Value as Json, json};

use crate::command_error::CommandError;
use crate::session::Session;
use crate::table::{self, Align};

/// What to do with schema versions. Opening a project migrates it, so this is only needed to have it done
/// at a chosen time.
#[derive(Debug, Subcommand)]
pub(crate) enum MigrateCommand {
    /// Show what is applied and what is pending, in the hub and in every project; changes nothing
    Status,
    /// Apply what is pending in every project; each is migrated whole or not at all
    Up,
}

/// Runs a verb.
pub(crate) async fn run(command: MigrateCommand, session: &Session) -> anyhow::Result<()> {
    let migrations = Migrations::new(&session.store().await?);
    let spokes = match command {
        MigrateCommand::Status => migrations.spokes().await?,
        MigrateCommand::Up => migrations.up().await?,
    };
    let core = migrations.core().await?;
    let document = json!({
        "core": { "applied": core.applied, "pending": core.pending },
        "projects": spokes.iter().map(shape).collect::<Vec<_>>(),
    });
    session
        .output()
        .show(&document, || in_lines(&core, &spokes))?;
    let failed = spokes.iter().filter(|spoke| spoke.status.is_err()).count();
    match command {
        MigrateCommand::Up if failed > 0 => Err(CommandError::NotAllMigrated { failed }.into()),
        _ => Ok(()),
    }
}

fn shape(spoke: &SpokeStatus) -> Json {
    let status = spoke.status.as_ref();
    json!({
        "id": spoke.project.id,
        "name": spoke.project.name,
        "version": status.ok().map(|status| status.version),
        "pending": status.map_or_else(|_| Vec::new(), |status| status.pending.clone()),
        "error": status.err().map(|error| json!({ "code": error.code(), "message": error.to_string() })),
    })
}

fn in_lines(core: &MigrationStatus, spokes: &[SpokeStatus]) -> String {
    let header = [
        ("database", Align::Left),
        ("version", Align::Right),
        ("pending", Align::Right),
        ("state", Align::Left),
    ];
    let line = |name: &str, status: Result<&MigrationStatus, &StoreError>| match status {
        Ok(status) if status.pending.is_empty() => {
            vec![
                name.to_owned(),
                status.version.to_string(),
                "0".to_owned(),
                "up to date".to_owned(),
            ]
        }
        Ok(status) => {
            let pending = status.pending.join(", ");
            vec![
                name.to_owned(),
                status.version.to_string(),
                status.pending.len().to_string(),
                pending,
            ]
        }
        Err(error) => vec![
            name.to_owned(),
            "?".to_owned(),
            "?".to_owned(),
            error.to_string(),
        ],
    };
    let hub = std::iter::once(line("(hub)", Ok(core)));
    table::table(
        &header,
        hub.chain(
            spokes
                .iter()
                .map(|spoke| line(&spoke.project.name, spoke.status.as_ref())),
        ),
    )
}
