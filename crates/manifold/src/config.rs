//! What the machine and its user say where the command line does not: the data folder (`--data-dir`, else
//! `MANIFOLD_DATA_DIR`, else `manifold.toml`, else the platform's data folder), the time zone.

use std::path::{Path, PathBuf};

use figment::Figment;
use figment::providers::{Format as _, Toml};
use figment::value::magic::RelativePathBuf;
use manifold_jobs::schedule::Calendar;
use serde::Deserialize;

use crate::command_error::CommandError;
use crate::env_vars;

/// The name of the configuration file, in the working folder or in the platform's configuration folder.
const FILE: &str = "manifold.toml";

/// What `manifold.toml` may say.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    /// The data folder; a relative path starts at the folder of the file.
    data_dir: Option<RelativePathBuf>,
}

/// The data folder to use.
///
/// # Errors
/// [`CommandError::Config`] when a `manifold.toml` cannot be read; [`CommandError::NoDataFolder`] when nothing
/// names a folder.
pub(crate) fn data_folder(flag: Option<&Path>) -> Result<PathBuf, CommandError> {
    if let Some(folder) = flag {
        return Ok(folder.to_owned());
    }
    if let Some(folder) = env_vars::data_dir() {
        return Ok(folder);
    }
    if let Some(folder) = configured()? {
        return Ok(folder);
    }
    env_vars::platform_data_folder()
        .map(|folder| folder.join("manifold"))
        .ok_or(CommandError::NoDataFolder)
}

/// The time zone of this machine, as IANA names it; `UTC` where it is not known.
pub(crate) fn time_zone() -> String {
    let named = env_vars::time_zone().map(|zone| zone.trim_start_matches(':').to_owned());
    // The variable may also hold a rule, such as `CET-1CEST`, or a path.
    let named = named.filter(|zone| Calendar::parse("@daily", zone).is_ok());
    named
        .or_else(|| iana_time_zone::get_timezone().ok())
        .unwrap_or_else(|| "UTC".to_owned())
}

/// What the file in the working folder says, else the one in the platform's configuration folder.
fn configured() -> Result<Option<PathBuf>, CommandError> {
    let platform =
        env_vars::platform_config_folder().map(|folder| folder.join("manifold").join(FILE));
    for path in [Some(PathBuf::from(FILE)), platform]
        .into_iter()
        .flatten()
        .filter(|path| path.exists())
    {
        let read = Figment::from(Toml::file_exact(&path)).extract::<File>();
        let file = read.map_err(|reason| CommandError::Config {
            path,
            reason: Box::new(reason),
        })?;
        if let Some(folder) = file.data_dir {
            return Ok(Some(folder.relative()));
        }
    }
    Ok(None)
}
