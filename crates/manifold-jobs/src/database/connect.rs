//! Connecting to a server.

use manifold_store::{Layout, Secrets};
use sqlx::mysql::{MySqlConnectOptions, MySqlConnection};
use sqlx::postgres::{PgConnectOptions, PgConnection};
use sqlx::{ConnectOptions as _, Connection as _};

use super::server_error::{Phase, meaning};
use super::url::ResolvedUrl;
use super::{DatabaseError, DatabaseUrl, Timed};
use crate::Environment;

/// A server whose secrets are known, and may not be shown.
pub(crate) struct Reached {
    /// The address, without secrets.
    pub(crate) shown: String,
    resolved: ResolvedUrl,
}

/// Puts the secrets into an address.
///
/// # Errors
/// [`DatabaseError::Secrets`], [`DatabaseError::Address`].
pub(crate) async fn reach(
    url: &DatabaseUrl,
    layout: &Layout,
    environment: Environment,
) -> Result<Reached, DatabaseError> {
    let (secrets, of) = (Secrets::new(layout), url.clone());
    let resolved = manifold_store::blocking(move || of.resolve(&secrets, environment)).await?;
    Ok(Reached {
        shown: url.shown(),
        resolved,
    })
}

impl Reached {
    /// Connects to PostgreSQL, which then writes every value in one way, whatever it is set to.
    ///
    /// # Errors
    /// [`DatabaseError`].
    pub(crate) async fn postgres(&self, timed: &Timed) -> Result<PgConnection, DatabaseError> {
        let options = self.resolved.url.parse::<PgConnectOptions>();
        let options = options
            .map_err(|error| meaning(self, Phase::Connecting, &error))?
            .application_name("manifold")
            .disable_statement_logging();
        let connection = PgConnection::connect_with(&options);
        let mut connection = timed.connection(self, connection).await?;
        let settings = "SET TIME ZONE 'UTC'; SET datestyle = 'ISO, YMD'; SET intervalstyle = 'postgres'; \
            SET extra_float_digits = 3; SET bytea_output = 'hex'; SET standard_conforming_strings = on";
        let set = sqlx::raw_sql(settings).execute(&mut connection);
        timed.connection(self, set).await?;
        Ok(connection)
    }

    /// Connects to MySQL or MariaDB.
    ///
    /// # Errors
    /// [`DatabaseError`].
    pub(crate) async fn mysql(&self, timed: &Timed) -> Result<MySqlConnection, DatabaseError> {
        let options = self.resolved.url.parse::<MySqlConnectOptions>();
        let options = options
            .map_err(|error| meaning(self, Phase::Connecting, &error))?
            .pipes_as_concat(false)
            .timezone(Some("+00:00".to_owned()))
            .disable_statement_logging();
        let connection = MySqlConnection::connect_with(&options);
        timed.connection(self, connection).await
    }

    /// What a server says, with the secrets blotted out.
    pub(super) fn blotted(&self, text: &str) -> String {
        let secrets = self.resolved.secrets.iter();
        secrets
            .filter(|secret| !secret.is_empty())
            .fold(text.to_owned(), |text, secret| {
                text.replace(secret.as_str(), "[secret]")
            })
    }
}

impl std::fmt::Debug for Reached {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Reached({})", self.shown)
    }
}
