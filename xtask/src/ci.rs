//! `cargo xtask ci`: everything that has to pass before a change lands.

use std::process::Command;

use anyhow::{Context, ensure};
use clap::Args;

/// Run `.ci/run`: formatting, lints, generated entities, documentation and tests; stops at the first failure.
#[derive(Debug, Args)]
pub(crate) struct Ci {}

impl Ci {
    pub(crate) fn run(self) -> anyhow::Result<()> {
        let script = crate::workspace_root().join(".ci").join("run");
        let status = Command::new("bash")
            .arg(&script)
            .status()
            .context("cannot start `bash`")?;
        ensure!(
            status.success(),
            "`{}` ended with {status}",
            script.display()
        );
        Ok(())
    }
}
