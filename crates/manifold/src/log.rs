//! The log on stderr.

use tracing_subscriber::EnvFilter;

use crate::cli::Global;
use crate::command_error::CommandError;
use crate::env_vars;

const LIBRARIES: [&str; 3] = ["manifold_format", "manifold_jobs", "manifold_store"];

/// Starts the log: warnings of our libraries, more with `--verbose`, none with `--json` or `--quiet`, or what
/// `MANIFOLD_LOG` says.
///
/// # Errors
/// [`CommandError::Usage`] when `MANIFOLD_LOG` cannot be understood.
pub(crate) fn start(global: &Global) -> anyhow::Result<()> {
    let level = match (global.verbose, global.json || global.quiet) {
        (true, _) => "debug",
        (false, true) => "off",
        (false, false) => "warn",
    };
    let standard = || {
        LIBRARIES
            .map(|library| format!("{library}={level}"))
            .join(",")
    };
    let directives = env_vars::log().unwrap_or_else(standard);
    let filter = EnvFilter::try_new(&directives).map_err(|error| CommandError::Usage {
        message: format!("{} cannot be `{directives}`: {error}", env_vars::LOG),
    })?;
    let colour = anstream::AutoStream::choice(&std::io::stderr()) != anstream::ColorChoice::Never;
    let log = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .with_ansi(colour);
    let started = if global.verbose {
        log.try_init()
    } else {
        log.with_target(false).without_time().try_init()
    };
    started.map_err(|error| CommandError::Internal(error.to_string()).into())
}
