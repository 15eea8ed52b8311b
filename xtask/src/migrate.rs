//! `cargo xtask migrate`: what a data folder's databases are migrated to, and changing it.

mod action;
mod data_folder;

use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, bail};
use clap::Args;
use manifold_store::MigrationStatus;

use action::{Action, Word};
use data_folder::DataFolder;

/// Show or change what the databases of a data folder are migrated to.
#[derive(Debug, Args)]
pub(crate) struct Migrate {
    /// `core` or `project` for one schema only; `status` (the default), `up`, `down`, `refresh` (all down, all up) or
    /// `fresh` (drop every table, all up).
    #[arg(num_args = 0..=2)]
    words: Vec<Word>,
    /// The data folder, with `core.db` and `projects/`.
    #[arg(long, env = "MANIFOLD_DATA_DIR")]
    data_dir: PathBuf,
    /// Only this project: the name of its file without `.db`.
    #[arg(long)]
    project: Option<String>,
    /// How many migrations `down` reverts.
    #[arg(long, default_value_t = 1)]
    steps: u32,
    /// How many seconds to wait for a process that uses a file.
    #[arg(long, default_value_t = 10)]
    wait: u64,
    /// Agree that `down`, `refresh` and `fresh` delete what is stored in the tables they drop.
    #[arg(long)]
    yes: bool,
}

impl Migrate {
    pub(crate) async fn run(self) -> anyhow::Result<()> {
        let (schema, action) = action::read(&self.words)?;
        if action.deletes_data() && !self.yes {
            bail!(
                "`{action}` deletes what is stored in the tables it drops: repeat with `--yes` to agree, \
                 or use `up` or `status`, which delete nothing"
            );
        }
        let folder = DataFolder::new(&self.data_dir);
        for database in folder.databases(schema, self.project.as_deref())? {
            let status = match action.direction(self.steps) {
                Some(direction) => {
                    let patience = Duration::from_secs(self.wait);
                    database.migrate(direction, patience).await
                }
                None => database.status().await,
            };
            let file = database.path.display();
            let status = status.with_context(|| format!("`{action}` of {file} failed"))?;
            report(&database.path, &status, action);
        }
        Ok(())
    }
}

/// Prints one line for the file and, for `status`, one for every migration it lacks.
fn report(file: &Path, status: &MigrationStatus, action: Action) {
    let (applied, pending) = (status.applied.len(), &status.pending);
    let all = applied + pending.len();
    println!("{}: {applied} of {all} migrations applied", file.display());
    if usize::try_from(status.version) != Ok(applied) {
        println!("  user_version is {}: `up` sets it right", status.version);
    }
    if action == Action::Status {
        for migration in pending {
            println!("  pending: {migration}");
        }
    }
}

#[cfg(test)]
mod tests;
