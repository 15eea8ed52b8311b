//! Every environment variable that the command reads.

use std::ffi::OsString;
use std::path::PathBuf;

use manifold_jobs::Environment;

/// The data folder, unless `--data-dir` names one.
pub(crate) const DATA_DIR: &str = "MANIFOLD_DATA_DIR";
/// A filter for the log on stderr, such as `manifold_store=debug`; it wins over `--verbose`.
pub(crate) const LOG: &str = "MANIFOLD_LOG";
/// What happens at which named point; see `failpoints.rs`. Only development builds read it.
#[cfg(debug_assertions)]
pub(crate) const FAILPOINT: &str = "MANIFOLD_FAILPOINT";

/// The time zone, where it is not that of the machine.
const TIME_ZONE: &str = "TZ";

/// The value of [`TIME_ZONE`].
pub(crate) fn time_zone() -> Option<String> {
    read(TIME_ZONE).map(|zone| zone.to_string_lossy().into_owned())
}

/// The value of [`DATA_DIR`].
pub(crate) fn data_dir() -> Option<PathBuf> {
    read(DATA_DIR).map(PathBuf::from)
}

/// The value of a variable that the command line names.
pub(crate) fn named(name: &str) -> Option<OsString> {
    // A name with these characters cannot be asked for.
    let can_be = !name.is_empty() && !name.contains(['=', '\0']);
    can_be.then(|| read(name)).flatten()
}

/// What `${env:NAME}` stands for in what a job is told to do.
pub(crate) fn for_jobs() -> Environment {
    Environment::new(|name| named(name)?.into_string().ok())
}

/// The value of [`LOG`].
pub(crate) fn log() -> Option<String> {
    read(LOG).map(|filter| filter.to_string_lossy().into_owned())
}

/// The value of [`FAILPOINT`].
#[cfg(debug_assertions)]
pub(crate) fn failpoint() -> Option<String> {
    read(FAILPOINT).map(|plan| plan.to_string_lossy().into_owned())
}

/// Where this platform keeps the data of programs, if the environment says so.
pub(crate) fn platform_data_folder() -> Option<PathBuf> {
    if cfg!(target_os = "macos") {
        folder("HOME").map(|home| home.join("Library/Application Support"))
    } else if cfg!(windows) {
        folder("LOCALAPPDATA")
    } else {
        folder("XDG_DATA_HOME").or_else(|| folder("HOME").map(|home| home.join(".local/share")))
    }
}

/// Where this platform keeps the configuration of programs, if the environment says so.
pub(crate) fn platform_config_folder() -> Option<PathBuf> {
    if cfg!(target_os = "macos") {
        folder("HOME").map(|home| home.join("Library/Application Support"))
    } else if cfg!(windows) {
        folder("APPDATA")
    } else {
        folder("XDG_CONFIG_HOME").or_else(|| folder("HOME").map(|home| home.join(".config")))
    }
}

/// The home of who runs the command, if the environment names it.
pub(crate) fn home() -> Option<PathBuf> {
    folder("HOME")
}

/// A folder that a variable names; the XDG rules say that a relative one is ignored.
fn folder(name: &str) -> Option<PathBuf> {
    read(name)
        .map(PathBuf::from)
        .filter(|folder| folder.is_absolute())
}

/// An empty variable is as good as none.
fn read(name: &str) -> Option<OsString> {
    #[expect(
        clippy::disallowed_methods,
        reason = "the one place that reads the environment"
    )]
    std::env::var_os(name).filter(|value| !value.is_empty())
}
