//! Secrets are readable by their owner only.

use super::Finding;
use crate::Layout;

#[cfg(unix)]
pub(super) fn examine(layout: &Layout) -> Option<Finding> {
    use std::os::unix::fs::MetadataExt as _;
    let path = layout.secrets();
    let mode = std::fs::metadata(&path).ok()?.mode() & 0o777;
    let explanation = format!("other users may read the secrets (mode {mode:03o})");
    let repair = format!(
        "others are kept from reading it, as `chmod 600 {}` does",
        path.display()
    );
    let finding = Finding::new(super::FindingClass::ExposedSecrets, explanation, repair)
        .at(&path)
        .cured_by(super::cure::Cure::Protect { path });
    (mode & 0o077 != 0).then_some(finding)
}

#[cfg(not(unix))]
pub(super) fn examine(_layout: &Layout) -> Option<Finding> {
    None
}
