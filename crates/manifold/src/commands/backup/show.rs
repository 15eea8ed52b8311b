//! `manifold backup show`

use serde_json::json;

use super::FoundBackup;
use crate::session::Session;

/// Shows a backup.
pub(super) async fn run(reference: &str, session: &Session) -> anyhow::Result<()> {
    let store = session.store().await?;
    let found = FoundBackup::find(&store, reference).await?.shape;
    session
        .output()
        .show(&json!({ "backup": found }), || found.fields())?;
    Ok(())
}
