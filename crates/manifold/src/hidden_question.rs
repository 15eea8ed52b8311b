//! Asks on the terminal for what must not be seen there.

use std::io::{self, Write as _};

use crate::command_error::CommandError;
use crate::session::Session;

/// The line that is typed, with its line break. The terminal shows what is typed again when this ends, whatever
/// ends it.
///
/// # Errors
/// [`CommandError::CannotRead`]; [`CommandError::Interrupted`] after Ctrl-C.
pub(crate) async fn ask(question: String, session: &Session) -> Result<String, CommandError> {
    let cannot_read = |source| CommandError::CannotRead {
        what: "the terminal".to_owned(),
        source,
    };
    let work = session.stoppable();
    let hidden = Hidden::start().map_err(cannot_read)?;
    let typed = tokio::task::spawn_blocking(move || {
        let mut stderr = anstream::stderr().lock();
        write!(stderr, "{question}")?;
        stderr.flush()?;
        drop(stderr);
        let mut line = String::new();
        io::stdin().read_line(&mut line)?;
        Ok(line)
    });
    // Ctrl-C must not leave the terminal silent: the program ends only after this has.
    let line = tokio::select! {
        line = typed => line.unwrap_or_else(|died| Err(io::Error::other(died))).map_err(cannot_read),
        () = work.token().cancelled_owned() => Err(CommandError::Interrupted),
    };
    drop(hidden);
    line
}

/// The terminal on stdin does not show what is typed, until this is dropped.
#[cfg(unix)]
struct Hidden {
    before: rustix::termios::Termios,
}

#[cfg(unix)]
impl Hidden {
    fn start() -> io::Result<Self> {
        use rustix::termios::{LocalModes, OptionalActions, tcgetattr, tcsetattr};
        let before = tcgetattr(io::stdin())?;
        let mut hidden = before.clone();
        hidden.local_modes.remove(LocalModes::ECHO);
        hidden.local_modes.insert(LocalModes::ECHONL);
        tcsetattr(io::stdin(), OptionalActions::Now, &hidden)?;
        Ok(Self { before })
    }
}

#[cfg(unix)]
impl Drop for Hidden {
    fn drop(&mut self) {
        use rustix::termios::{OptionalActions, tcsetattr};
        // Nothing is left to do if the terminal has gone.
        let _ = tcsetattr(io::stdin(), OptionalActions::Now, &self.before);
    }
}

#[cfg(not(unix))]
struct Hidden;

#[cfg(not(unix))]
impl Hidden {
    fn start() -> io::Result<Self> {
        Err(io::Error::new(
            io::ErrorKind::Unsupported,
            "it cannot be kept from showing what is typed; write the value to stdin, or use --from-file",
        ))
    }
}
