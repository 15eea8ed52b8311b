//! `manifold settings`

use clap::Subcommand;
use manifold_store::{DatabaseManager as _, Setting, SettingValue, Settings};
use serde_json::{Value as Json, json};

use crate::session::Session;
use crate::table::{self, Align};

/// What to do with settings.
#[derive(Debug, Subcommand)]
pub(crate) enum SettingsCommand {
    /// List every setting with its value
    List,
    /// Show the value of a setting
    #[command(after_help = "Examples:\n  manifold settings get import.max_cell")]
    Get {
        /// The setting
        key: String,
    },
    /// Set a setting
    #[command(after_help = "Examples:\n  manifold settings set import.max_cell 134217728")]
    Set {
        /// The setting
        key: String,
        /// Its new value
        value: String,
    },
    /// Put a setting back to its default
    Unset {
        /// The setting
        key: String,
    },
}

impl SettingsCommand {
    /// Whether it changes nothing in the data folder.
    pub(crate) fn only_reads(&self) -> bool {
        matches!(self, Self::List | Self::Get { .. })
    }
}

/// Runs a verb.
pub(crate) async fn run(command: SettingsCommand, session: &Session) -> anyhow::Result<()> {
    let store = session.store().await?;
    let settings = Settings::new(store.core());
    let output = session.output();
    match command {
        SettingsCommand::List => {
            let all = settings.list().await?;
            let document: Vec<_> = all.iter().map(shape).collect();
            output.show(&json!({ "settings": document }), || in_lines(&all))?;
        }
        SettingsCommand::Get { key } => {
            let found = settings.value(Setting::named(&key)?).await?;
            output.show(&json!({ "setting": shape(&found) }), || plain(&found.value))?;
        }
        SettingsCommand::Set { key, value } => {
            let set = settings.set(Setting::named(&key)?, &value).await?;
            output.confirm(&json!({ "setting": shape(&set) }), || {
                format!("{key} is now {}.", plain(&set.value))
            })?;
        }
        SettingsCommand::Unset { key } => {
            let unset = settings.unset(Setting::named(&key)?).await?;
            output.confirm(&json!({ "setting": shape(&unset) }), || {
                format!("{key} is back at its default, {}.", plain(&unset.value))
            })?;
        }
    }
    Ok(())
}

fn shape(found: &SettingValue) -> Json {
    json!({
        "key": found.setting.key(),
        "value": found.value,
        "is_default": found.is_default,
        "about": found.setting.about(),
    })
}

fn in_lines(all: &[SettingValue]) -> String {
    let header = [
        ("key", Align::Left),
        ("value", Align::Left),
        ("set by", Align::Left),
        ("what it does", Align::Left),
    ];
    let rows = all.iter().map(|found| {
        vec![
            found.setting.key().to_owned(),
            plain(&found.value),
            if found.is_default { "default" } else { "you" }.to_owned(),
            found.setting.about().to_owned(),
        ]
    });
    table::table(&header, rows)
}

/// A text without quotes, anything else as JSON.
fn plain(value: &Json) -> String {
    value
        .as_str()
        .map_or_else(|| value.to_string(), str::to_owned)
}
