//! `manifold worker install` and `manifold worker uninstall`

use std::path::{Path, PathBuf};

use clap::Args;
use manifold_store::AtomicFile;
use serde_json::json;

use super::unit::{Starter, Unit};
use crate::command_error::CommandError;
use crate::env_vars;
use crate::session::Session;

/// The name of a unit if nobody gives one.
const NAME: &str = "manifold-worker";

/// How the worker that is installed works.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  manifold worker install --dry-run
  manifold worker install --concurrency 4
  manifold --data-dir /srv/data worker install --name manifold-srv

It writes a systemd user unit on Linux and a launchd agent on macOS, for this program and this data folder, and says \
which commands start it; it runs none of them.")]
pub(super) struct InstallArgs {
    /// How many jobs it does at once
    #[arg(long, value_name = "N", default_value_t = 2, value_parser = clap::value_parser!(u16).range(1..=256))]
    concurrency: u16,
    /// A queue that it serves; may be given several times [default: all]
    #[arg(long = "queue", value_name = "Q")]
    queues: Vec<String>,
    /// The name of the unit; another for each data folder
    #[arg(long, default_value = NAME, value_parser = name)]
    name: String,
    /// Show what would be written
    #[arg(long)]
    dry_run: bool,
}

/// Which worker.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  manifold worker uninstall")]
pub(super) struct UninstallArgs {
    /// The name of the unit
    #[arg(long, default_value = NAME, value_parser = name)]
    name: String,
    /// Show what would be removed
    #[arg(long)]
    dry_run: bool,
}

/// Writes the unit.
pub(super) async fn install(arguments: InstallArgs, session: &Session) -> anyhow::Result<()> {
    let (starter, file) = place(&arguments.name)?;
    let unit = unit(&arguments, session)?;
    let text = starter.text(&unit);
    let output = session.output();
    let enable = starter.enable(&arguments.name, &file);
    if arguments.dry_run {
        let plan = json!({ "path": file, "text": text, "enable": enable });
        output.show(&json!({ "plan": plan }), || text.clone())?;
        output.note(&format!("It would be written to {}.", file.display()));
        return Ok(());
    }
    let before = std::fs::read_to_string(&file).ok();
    if before.is_some_and(|before| before != text) {
        let question = format!("{} exists; replace it", file.display());
        session.confirm(question).await?;
    }
    let written = write(&file, &text);
    written.map_err(|source| CommandError::CannotWrite {
        path: file.clone(),
        source,
    })?;
    let document = json!({ "unit": { "name": unit.name, "path": file, "enable": enable } });
    output.confirm(&document, || format!("Wrote {}.", file.display()))?;
    output.note(&format!("Have it started:\n  {}", enable.join("\n  ")));
    Ok(())
}

/// Removes the unit.
pub(super) fn uninstall(arguments: &UninstallArgs, session: &Session) -> anyhow::Result<()> {
    let (starter, file) = place(&arguments.name)?;
    if !file.exists() {
        return Err(CommandError::NotInstalled { path: file }.into());
    }
    let output = session.output();
    let disable = starter.disable(&arguments.name);
    let document = json!({ "unit": { "name": arguments.name, "path": file, "disable": disable } });
    if arguments.dry_run {
        output.show(&document, || format!("Would remove {}.", file.display()))?;
    } else {
        std::fs::remove_file(&file).map_err(|source| CommandError::CannotWrite {
            path: file.clone(),
            source,
        })?;
        output.confirm(&document, || format!("Removed {}.", file.display()))?;
    }
    output.note(&format!(
        "Stop it where it still runs:\n  {}",
        disable.join("\n  ")
    ));
    Ok(())
}

fn place(name: &str) -> Result<(Starter, PathBuf), CommandError> {
    let usage = |message: &str| CommandError::Usage {
        message: message.to_owned(),
    };
    let starter = Starter::of_this_system().ok_or_else(|| {
        usage("workers are installed on Linux and macOS; have this system start `manifold worker`")
    })?;
    let (home, config) = (env_vars::home(), env_vars::platform_config_folder());
    let file = starter.file(name, home.as_deref(), config.as_deref());
    let file = file.ok_or_else(|| usage("HOME is not set, so there is no folder for units"))?;
    Ok((starter, file))
}

fn unit(arguments: &InstallArgs, session: &Session) -> anyhow::Result<Unit> {
    let program = std::env::current_exe().map_err(|source| CommandError::CannotRead {
        what: "the path of this program".to_owned(),
        source,
    })?;
    let folder = text(session.layout()?.root())?;
    let mut command = vec![
        text(&program)?,
        "--data-dir".to_owned(),
        folder.clone(),
        "worker".to_owned(),
        "--concurrency".to_owned(),
        arguments.concurrency.to_string(),
    ];
    for queue in &arguments.queues {
        command.extend(["--queue".to_owned(), queue.clone()]);
    }
    Ok(Unit {
        name: arguments.name.clone(),
        command,
        data_folder: folder,
    })
}

fn text(path: &Path) -> Result<String, CommandError> {
    let text = path
        .to_str()
        .filter(|text| !text.contains(char::is_control));
    text.map(str::to_owned).ok_or_else(|| CommandError::Usage {
        message: format!("the path {} cannot stand in a unit", path.display()),
    })
}

fn write(file: &Path, text: &str) -> std::io::Result<()> {
    use std::io::Write as _;
    if let Some(folder) = file.parent() {
        std::fs::create_dir_all(folder)?;
    }
    let other = |error: manifold_store::StoreError| std::io::Error::other(error);
    let mut written = AtomicFile::create(file).map_err(other)?;
    written.write_all(text.as_bytes())?;
    written.commit().map_err(other)
}

fn name(text: &str) -> Result<String, String> {
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
    if text.is_empty() || text.len() > 100 || text.starts_with('.') || !text.chars().all(plain) {
        return Err("it has letters, digits, `-`, `_` and `.`".to_owned());
    }
    Ok(text.to_owned())
}
