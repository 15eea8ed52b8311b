//! `manifold completions`

use clap::{Args, CommandFactory as _};
use clap_complete::Shell;

use crate::cli::Cli;
use crate::session::Session;

/// Which shell.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  manifold completions bash > ~/.local/share/bash-completion/completions/manifold
  manifold completions zsh > ~/.zfunc/_manifold
  manifold completions fish > ~/.config/fish/completions/manifold.fish")]
pub(crate) struct CompletionsArgs {
    /// The shell
    shell: Shell,
}

/// Writes the script to stdout.
pub(crate) fn run(arguments: &CompletionsArgs, session: &Session) -> anyhow::Result<()> {
    let mut script = Vec::new();
    clap_complete::generate(
        arguments.shell,
        &mut Cli::command(),
        "manifold",
        &mut script,
    );
    session.output().verbatim(&script)?;
    Ok(())
}
