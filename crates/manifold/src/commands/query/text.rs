//! Where a statement is read from.

use std::io::{self, Read};
use std::path::PathBuf;

use manifold_store::sandbox::MAX_SQL;

use crate::command_error::CommandError;

/// The statement: from the command line, from stdin for `-`, or from a file.
///
/// # Errors
/// [`CommandError::CannotRead`] when it cannot be read or is no UTF-8.
pub(super) async fn read(
    sql: Option<String>,
    file: Option<PathBuf>,
) -> Result<String, CommandError> {
    let from = match (sql, file) {
        (Some(sql), _) if sql != "-" => return Ok(sql),
        (_, file) => file,
    };
    let what = from
        .as_ref()
        .map_or_else(|| "stdin".to_owned(), |path| path.display().to_string());
    let reading = tokio::task::spawn_blocking(move || match from {
        Some(path) => whole(std::fs::File::open(path)?),
        None => whole(io::stdin().lock()),
    });
    let read = reading
        .await
        .unwrap_or_else(|died| Err(io::Error::other(died)));
    read.map_err(|source| CommandError::CannotRead { what, source })
}

/// The text, and no more of it than is refused anyway.
fn whole(input: impl Read) -> io::Result<String> {
    let mut text = String::new();
    input.take(MAX_SQL as u64 + 1).read_to_string(&mut text)?;
    Ok(text)
}
