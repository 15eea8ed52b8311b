//! The JSON shapes that scripts rely on, one file each. They are promised in `docs/CLI_JSON_OUTPUT.md`: fields
//! may be added, never renamed or removed.

pub(crate) mod attempt;
pub(crate) mod backup;
pub(crate) mod backup_stats;
pub(crate) mod change;
pub(crate) mod checkpoint;
pub(crate) mod column_profile;
pub(crate) mod drift;
pub(crate) mod import;
pub(crate) mod job;
pub(crate) mod log_entry;
pub(crate) mod log_line;
pub(crate) mod project;
pub(crate) mod project_stats;
pub(crate) mod reason;
pub(crate) mod restore_point;
pub(crate) mod schedule;
pub(crate) mod snapshot;
pub(crate) mod source;
mod store_parts;
pub(crate) mod sync;
pub(crate) mod trashed;
pub(crate) mod trashed_source;
