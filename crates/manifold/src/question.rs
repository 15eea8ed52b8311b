//! Asks before something is replaced or deleted.

use std::io::{self, BufRead as _, IsTerminal as _, Write as _};

use crate::command_error::CommandError;

/// Asks on the terminal, unless `yes` answers.
///
/// # Errors
/// [`CommandError::NeedsYes`] without a terminal; [`CommandError::Declined`] for any answer but yes.
pub(crate) async fn confirm(question: String, yes: bool) -> Result<(), CommandError> {
    if yes {
        return Ok(());
    }
    if !io::stdin().is_terminal() || !io::stderr().is_terminal() {
        return Err(CommandError::NeedsYes { question });
    }
    let answer = tokio::task::spawn_blocking(move || ask(&question)).await;
    match answer {
        Ok(Ok(true)) => Ok(()),
        _ => Err(CommandError::Declined),
    }
}

fn ask(question: &str) -> io::Result<bool> {
    let mut stderr = anstream::stderr().lock();
    write!(stderr, "{question}? [y/N] ")?;
    stderr.flush()?;
    drop(stderr);
    let mut answer = String::new();
    io::stdin().lock().read_line(&mut answer)?;
    Ok(matches!(answer.trim().to_lowercase().as_str(), "y" | "yes"))
}
