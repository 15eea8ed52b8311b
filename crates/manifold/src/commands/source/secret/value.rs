//! Where the value of a secret comes from. No message repeats it.

use std::io::{self, IsTerminal as _, Read};
use std::path::PathBuf;

use clap::Args;
use manifold_store::Secret;

use crate::command_error::CommandError;
use crate::session::Session;
use crate::{env_vars, hidden_question};

/// More than this is not read, in bytes; far less is refused.
const MOST_READ: u64 = 1 << 20;

/// Where the value comes from.
#[derive(Debug, Args)]
pub(crate) struct ValueArgs {
    /// `-` reads the value from stdin, as happens anyway where there is no terminal
    #[arg(value_name = "-", conflicts_with_all = ["from_env", "from_file"])]
    stdin: Option<String>,
    /// Whatever else stands here may be a secret: it is taken, so that no message of the parser repeats it
    #[arg(hide = true)]
    more: Vec<String>,
    /// Take the value of an environment variable
    #[arg(long, value_name = "VAR", conflicts_with = "from_file")]
    from_env: Option<String>,
    /// Take what is in a file
    #[arg(long, value_name = "FILE")]
    from_file: Option<PathBuf>,
}

/// The value.
///
/// # Errors
/// [`CommandError::SecretAsArgument`]; [`CommandError::NoSuchVariable`]; [`CommandError::CannotRead`] when it cannot
/// be read or is no UTF-8 text; [`CommandError::Interrupted`] when Ctrl-C is pressed instead of an answer.
pub(super) async fn read(
    arguments: ValueArgs,
    name: &str,
    session: &Session,
) -> Result<Secret, CommandError> {
    let from_stdin = arguments.stdin.is_some();
    if arguments.stdin.is_some_and(|text| text != "-") || !arguments.more.is_empty() {
        return Err(CommandError::SecretAsArgument);
    }
    if let Some(variable) = arguments.from_env {
        let value = env_vars::named(&variable).and_then(|value| value.into_string().ok());
        return Ok(value.ok_or(CommandError::NoSuchVariable)?.into());
    }
    if let Some(path) = arguments.from_file {
        let what = path.display().to_string();
        return whole(what, move || std::fs::File::open(path)).await;
    }
    if from_stdin || !io::stdin().is_terminal() {
        return whole("stdin".to_owned(), || Ok(io::stdin())).await;
    }
    let question = format!("The value of {name} (it is not shown): ");
    let answer = hidden_question::ask(question, session).await?;
    Ok(Secret::from(without_line_break(answer)))
}

/// Everything that can be read, but for a line break at the end.
async fn whole<R: Read>(
    what: String,
    open: impl FnOnce() -> io::Result<R> + Send + 'static,
) -> Result<Secret, CommandError> {
    let reading = tokio::task::spawn_blocking(move || {
        let mut text = String::new();
        open()?.take(MOST_READ).read_to_string(&mut text)?;
        Ok(text)
    });
    let read = reading
        .await
        .unwrap_or_else(|died| Err(io::Error::other(died)));
    let text = read.map_err(|source| CommandError::CannotRead { what, source })?;
    Ok(Secret::from(without_line_break(text)))
}

fn without_line_break(mut text: String) -> String {
    if text.ends_with('\n') {
        text.pop();
        if text.ends_with('\r') {
            text.pop();
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_line_break_is_cut_off() {
        for (text, value) in [
            ("a\n", "a"),
            ("a\r\n", "a"),
            ("a\n\n", "a\n"),
            ("a\r", "a\r"),
            (" a ", " a "),
            ("\n", ""),
        ] {
            assert_eq!(without_line_break(text.to_owned()), value);
        }
    }
}
