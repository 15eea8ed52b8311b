//! The command dies, is interrupted, finds no space or broken files: what it had acknowledged is there, nothing
//! half-done is visible, and the same command again does what it should.
#![cfg(unix)]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::disallowed_methods,
    clippy::print_stdout,
    missing_docs,
    unreachable_pub
)]

mod backups;
mod broken_spoke;
mod busy_backup;
mod clocks;
mod command;
mod fail_points;
mod folder;
mod full_disk;
mod interrupt;
mod io_faults;
mod journal;
mod kill;
mod kill_backups;
mod model;
mod passage;
mod preload;
mod room;
mod scene;
mod seed;
mod several;
mod small_disk;
mod state;
