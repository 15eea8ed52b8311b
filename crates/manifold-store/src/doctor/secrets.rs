//! Secrets are readable by their owner only.

use super::{Finding, FindingClass};
use crate::Layout;

#[cfg(unix)]
pub(super) fn examine(layout: &Layout) -> Option<Finding> {
    use std::os::unix::fs::MetadataExt as _;
    let path = layout.secrets();
    let mode = std::fs::metadata(&path).ok()?.mode() & 0o777;
    let explanation = format!("other users may read the secrets (mode {mode:03o})");
    let repair = format!("run `chmod 600 {}`", path.display());
    (mode & 0o077 != 0)
        .then(|| Finding::new(FindingClass::ExposedSecrets, explanation, repair).at(path))
}

#[cfg(not(unix))]
pub(super) fn examine(_layout: &Layout) -> Option<Finding> {
    None
}
