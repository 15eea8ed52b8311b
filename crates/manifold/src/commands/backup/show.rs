//! `manifold backup show`

use serde_json::json;

use super::FoundBackup;
use crate::session::Session;

/// Shows a backup.
pub(super) async fn run(reference: &str, session: &Session) -> anyhow::Result<()> {
    let found = FoundBackup::find(session, reference, None).await?.shape;
    let found = found.measured(&session.places()?).await;
    session
        .output()
        .show(&json!({ "backup": found }), || found.fields())?;
    Ok(())
}
