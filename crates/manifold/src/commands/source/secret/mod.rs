//! `manifold source secret`

mod value;

use clap::Subcommand;
use manifold_store::Secrets;
use serde_json::json;

use self::value::ValueArgs;
use crate::session::Session;
use crate::table::{self, Align};

/// What to do with secrets. They are in `secrets.toml`, not in the hub, and can be set while that is damaged.
#[derive(Debug, Subcommand)]
pub(crate) enum SecretCommand {
    /// Keep a secret, in place of the one that had its name
    #[command(after_help = "\
Examples:
  manifold source secret set WEATHER_TOKEN                        asks for it, without showing it
  manifold source secret set WEATHER_TOKEN --from-env TOKEN
  manifold source secret set WEATHER_TOKEN --from-file token.txt
  pass show weather | manifold source secret set WEATHER_TOKEN -

The value is never an argument: the shell's history and other users' `ps` would show it. A line break at its \
end is cut off. A config refers to it as ${secret:WEATHER_TOKEN}; the value is in secrets.toml in the data folder, \
which only its owner can read, and neither in projects nor in exports and backups.")]
    Set {
        /// Its name: letters, digits, `_`, `-` and `.`
        name: String,
        /// Where its value comes from; without any of these it is asked for, or read from stdin
        #[command(flatten)]
        value: ValueArgs,
    },
    /// Forget a secret
    #[command(after_help = "Examples:\n  manifold source secret unset WEATHER_TOKEN")]
    Unset {
        /// Its name
        name: String,
    },
    /// List the names of the secrets, never their values
    List,
}

/// Runs a verb.
pub(super) async fn run(command: SecretCommand, session: &Session) -> anyhow::Result<()> {
    let layout = session.layout()?;
    let secrets = Secrets::new(&layout);
    let output = session.output();
    match command {
        SecretCommand::Set { name, value } => {
            let secret = value::read(value, &name, session).await?;
            layout.create()?;
            secrets.set(&name, secret).await?;
            output.confirm(&json!({ "secret": { "name": name } }), || {
                format!("Set the secret {name}; a config refers to it as ${{secret:{name}}}.")
            })?;
        }
        SecretCommand::Unset { name } => {
            layout.create()?;
            secrets.unset(&name).await?;
            output.confirm(&json!({ "secret": { "name": name } }), || {
                format!("Forgot the secret {name}.")
            })?;
        }
        SecretCommand::List => {
            let names = secrets.names()?;
            let shapes: Vec<_> = names.iter().map(|name| json!({ "name": name })).collect();
            output.show(&json!({ "secrets": shapes }), || {
                table::table(
                    &[("name", Align::Left)],
                    names.iter().map(|name| vec![name.clone()]),
                )
            })?;
            if names.is_empty() {
                output.note("There is no secret yet; `manifold source secret set NAME` keeps one.");
            }
        }
    }
    Ok(())
}
