//! What is to happen at which named point, in development builds: for tests of crashes.

#[cfg(unix)]
use std::sync::atomic::{AtomicBool, Ordering};

use crate::command_error::CommandError;
use crate::env_vars;

/// Does what the environment says: `create-planned=abort`, several separated by `;`.
///
/// `abort` ends the process at the point, as a kill does; `error` makes the step fail; `stop` stops the process, the
/// first time, until it is sent SIGCONT.
///
/// # Errors
/// [`CommandError::Usage`] when it cannot be understood.
pub(crate) fn arm() -> anyhow::Result<()> {
    let plan = env_vars::failpoint().unwrap_or_default();
    for entry in plan.split(';').filter(|entry| !entry.is_empty()) {
        let armed = match entry.split_once('=') {
            Some((name, "abort")) => fail::cfg_callback(name, || std::process::abort()),
            Some((name, "error")) => fail::cfg(name, "return"),
            #[cfg(unix)]
            Some((name, "stop")) => fail::cfg_callback(name, stop),
            _ => Err("write NAME=abort, NAME=error or NAME=stop".to_owned()),
        };
        armed.map_err(|reason| CommandError::Usage {
            message: format!("{} cannot be `{entry}`: {reason}", env_vars::FAILPOINT),
        })?;
    }
    Ok(())
}

/// Stops this process, once: a point may be passed many times.
#[cfg(unix)]
fn stop() {
    use rustix::process::{Signal, getpid, kill_process};
    static STOPPED: AtomicBool = AtomicBool::new(false);
    if STOPPED.swap(true, Ordering::SeqCst) {
        return;
    }
    if let Err(error) = kill_process(getpid(), Signal::STOP) {
        tracing::error!(%error, "the process was not stopped");
    }
}
