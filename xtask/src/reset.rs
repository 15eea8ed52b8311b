//! `cargo xtask reset`: a development data folder as if it were new.

use std::io::{IsTerminal as _, Write as _};
use std::path::PathBuf;

use anyhow::{Context, bail};
use clap::Args;
use manifold_store::{Layout, Reset as Removal, SqliteManager, StoreOptions};

/// Remove the hub, the projects, the trash and the locks of a data folder, and make the hub anew. Backups, secrets
/// and what the store has not made stay.
#[derive(Debug, Args)]
pub(crate) struct Reset {
    /// The data folder.
    #[arg(long, env = "MANIFOLD_DATA_DIR")]
    data_dir: PathBuf,
    /// Agree that everything in it is lost.
    #[arg(long)]
    yes: bool,
}

impl Reset {
    pub(crate) async fn run(self) -> anyhow::Result<()> {
        let layout = Layout::new(std::path::absolute(&self.data_dir)?);
        let root = layout.root().display();
        let removal = Removal::plan(layout.clone())?;
        for file in removal.files() {
            println!("remove {}", file.display());
        }
        for file in removal.unknown() {
            println!("leave  {}", file.display());
        }
        if !removal.files().is_empty() && !self.yes && !agreed(removal.files().len())? {
            bail!("nothing was removed");
        }
        removal
            .carry_out()
            .await
            .with_context(|| format!("{root} was not reset: close what uses it"))?;
        let manager = SqliteManager::open(layout.clone(), StoreOptions::default()).await?;
        manager.shut_down().await?;
        println!("{root} is as new");
        Ok(())
    }
}

fn agreed(files: usize) -> anyhow::Result<bool> {
    if !std::io::stdin().is_terminal() {
        bail!("this removes {files} files for good: repeat with `--yes` to agree");
    }
    print!("Remove these {files} files for good? [y/N] ");
    std::io::stdout().flush()?;
    let mut answer = String::new();
    std::io::stdin().read_line(&mut answer)?;
    Ok(matches!(answer.trim(), "y" | "Y" | "yes"))
}

#[cfg(test)]
mod tests;
