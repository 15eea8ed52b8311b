//! The command as people and scripts use it: real files, real processes.
#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs)]

mod backup;
mod copies;
mod doctor;
mod errors;
mod export;
mod folder;
mod help;
mod import;
#[cfg(unix)]
mod interrupt;
#[cfg(unix)]
mod job;
mod pipes;
mod project;
mod query;
mod restore;
mod secret;
mod settings;
mod shapes;
mod snapshot;
mod source;
mod trash;
mod troubleshooting;
