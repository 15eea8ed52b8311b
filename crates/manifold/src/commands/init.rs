//! `manifold init`

use serde_json::json;

use crate::session::Session;

/// Makes the data folder and the hub; changes nothing when they exist.
pub(crate) async fn run(session: &Session) -> anyhow::Result<()> {
    let existed = session.layout()?.core().exists();
    let store = session.store().await?;
    let folder = store.layout().root().display().to_string();
    session
        .output()
        .confirm(&json!({ "data_dir": folder, "created": !existed }), || {
            if existed {
                format!("The data folder {folder} is ready.")
            } else {
                format!("Made the data folder {folder}.")
            }
        })?;
    Ok(())
}
