//! `cargo xtask`: the commands of those who work on the store itself.
//!
//! `generate-entities` needs the migrations and nothing built from the entities. When a half-made change keeps
//! `manifold-store` from compiling, leave out what depends on it:
//! `cargo run -p xtask --no-default-features -- generate-entities`.
#![allow(
    clippy::print_stdout,
    reason = "a developer's command talks on the terminal"
)]

mod bench;
mod ci;
mod fuzz;
mod generate_entities;
#[cfg(feature = "store")]
mod migrate;
#[cfg(feature = "store")]
mod reset;
mod schema;
mod scratch;
mod soak;

use std::path::Path;

use clap::{Parser, Subcommand};

/// Commands for working on the store.
#[derive(Debug, Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask")]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    Bench(bench::Bench),
    GenerateEntities(generate_entities::GenerateEntities),
    #[cfg(feature = "store")]
    Migrate(migrate::Migrate),
    #[cfg(feature = "store")]
    Reset(reset::Reset),
    Soak(soak::Soak),
    Ci(ci::Ci),
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    match Arguments::parse().command {
        Command::Bench(command) => command.run(),
        Command::GenerateEntities(command) => command.run().await,
        #[cfg(feature = "store")]
        Command::Migrate(command) => command.run().await,
        #[cfg(feature = "store")]
        Command::Reset(command) => command.run().await,
        Command::Soak(command) => command.run(),
        Command::Ci(command) => command.run(),
    }
}

/// The folder of the workspace's `Cargo.toml`.
fn workspace_root() -> &'static Path {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    here.parent().unwrap_or(here)
}
