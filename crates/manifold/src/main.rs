//! The `manifold` command.

mod cli;
mod command_error;
mod command_hint;
mod commands;
mod config;
mod detach;
mod encryption_flags;
mod env_vars;
mod errors;
#[cfg(debug_assertions)]
mod failpoints;
mod foreground;
mod hidden_question;
mod interrupt;
mod keep;
mod log;
mod moment;
mod output;
mod progress;
mod question;
mod results;
mod session;
mod shapes;
mod table;
mod tables_flag;
mod timing;
mod units;

use std::ffi::OsString;
use std::panic::AssertUnwindSafe;
use std::process::ExitCode;

use clap::Parser as _;
use futures_util::FutureExt as _;

use crate::cli::Cli;
use crate::command_error::CommandError;
use crate::interrupt::Interrupt;
use crate::session::Session;

fn main() -> ExitCode {
    let arguments: Vec<OsString> = std::env::args_os().collect();
    let cli = match Cli::try_parse_from(&arguments) {
        Ok(cli) => cli,
        Err(error) => return errors::usage(&error, cli::output_wanted(&arguments)),
    };
    let output = cli.global.output();
    errors::choose_colour(cli.global.color);
    #[cfg(debug_assertions)]
    if let Err(error) = failpoints::arm() {
        return errors::fail(&error, output);
    }
    match log::start(&cli.global).and_then(|()| run(cli)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => errors::fail(&error, output),
    }
}

/// Runs the command on this thread, beside the listener for Ctrl-C, which ends the program whatever the command is doing.
fn run(cli: Cli) -> anyhow::Result<()> {
    let mut runtime = tokio::runtime::Builder::new_multi_thread();
    if cli.command.only_reads() {
        runtime.worker_threads(1); // each costs a fifth of a millisecond, a tenth of a short command
    }
    let runtime = runtime
        .enable_all()
        .build()
        .map_err(|error| CommandError::Internal(format!("cannot start the runtime: {error}")))?;
    let interrupt = Interrupt::default();
    let output = cli.global.output();
    let session = Session::new(&cli.global, interrupt.clone());
    let done = runtime.block_on(async {
        interrupt.listen(output).map_err(|error| {
            CommandError::Internal(format!("cannot listen for Ctrl-C: {error}"))
        })?;
        // What panicked is said by then.
        let command = AssertUnwindSafe(commands::run(cli.command, session)).catch_unwind();
        command.await.unwrap_or_else(|_| {
            Err(CommandError::Internal("the command panicked".to_owned()).into())
        })
    });
    runtime.shutdown_background(); // a thread that still reads or writes must not keep the program
    done
}
