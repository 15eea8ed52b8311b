//! The command as people and scripts use it: real files, real processes.
#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs)]

mod address;
mod backup;
mod backup_prune;
mod backup_tables;
mod changed_database;
mod copies;
mod doctor;
mod doctor_repair;
mod encryption;
mod errors;
mod export;
mod folder;
mod formats;
mod help;
mod history;
mod import;
mod increments;
#[cfg(unix)]
mod interrupt;
#[cfg(unix)]
mod job;
#[cfg(unix)]
mod job_verbs;
#[cfg(unix)]
mod log;
#[cfg(unix)]
mod migrate;
#[cfg(unix)]
mod nobody;
mod pipes;
mod profile;
mod project;
mod project_list;
mod proof;
mod query;
#[cfg(unix)]
mod read_only;
mod readmit;
mod rename;
mod restore;
#[cfg(unix)]
mod s3;
#[cfg(unix)]
mod s3_increments;
#[cfg(unix)]
mod s3_server;
#[cfg(unix)]
mod s3_store;
mod secret;
mod settings;
mod shapes;
mod snapshot;
mod source;
mod source_index;
mod stats;
mod sync;
#[cfg(unix)]
mod sync_example;
mod sync_target;
#[cfg(target_os = "linux")]
mod tls;
mod trash;
mod troubleshooting;
mod typing;
#[cfg(unix)]
mod undo;
mod whole_store;
mod worker;
#[cfg(target_os = "linux")]
mod worker_install;
