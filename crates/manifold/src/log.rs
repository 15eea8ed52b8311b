//! The log on stderr, and the logs of jobs.

use manifold_jobs::JobLogLayer;
use tracing_subscriber::filter::{FilterExt as _, LevelFilter, Targets, filter_fn};
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::SubscriberInitExt as _;
use tracing_subscriber::{EnvFilter, Layer as _, fmt};

use crate::cli::Global;
use crate::command_error::CommandError;
use crate::env_vars;

const LIBRARIES: [&str; 3] = ["manifold_format", "manifold_jobs", "manifold_store"];

/// Starts the log on stderr: warnings of our libraries, more with `--verbose`, none with `--json` or `--quiet`, or what
/// `MANIFOLD_LOG` says. What is said during an attempt at a job also goes to the job's own log: warnings of any
/// library, and what ours say is worth knowing.
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
    let shown = fmt::layer().with_writer(std::io::stderr).with_ansi(colour);
    let shown = if global.verbose {
        shown.with_filter(filter).boxed()
    } else {
        // Which job it is about stands in the job's own log.
        shown
            .with_target(false)
            .without_time()
            .with_filter(filter.and(filter_fn(|metadata| !metadata.is_span())))
            .boxed()
    };
    let of_jobs = Targets::new()
        .with_default(LevelFilter::WARN)
        .with_targets(LIBRARIES.map(|library| (library, LevelFilter::INFO)));
    let started = tracing_subscriber::registry()
        .with(shown)
        .with(JobLogLayer::default().with_filter(of_jobs))
        .try_init();
    started.map_err(|error| CommandError::Internal(error.to_string()).into())
}
