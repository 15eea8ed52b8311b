//! From an error to what people and scripts see: a stable code, a message, a hint, an exit code.

use std::process::ExitCode;

use anstream::ColorChoice;
use clap::builder::styling::{AnsiColor, Style};
use manifold_format::WriteError;
use manifold_jobs::JobError;
use manifold_jobs::backup::BackupError;
use manifold_jobs::export::{ExportError, OriginalError};
use manifold_jobs::schedule::ScheduleError;
use manifold_store::sandbox::ParameterError;
use manifold_store::{
    JobsError, RowLogError, SalvageError, SecretsError, SourceUpdateError, StoreError,
    UserQueryError,
};
use serde::Serialize;

use crate::command_error::CommandError;
use crate::output::{self, Output, OutputError};

/// Exit code: what was asked for could not be done.
const FAILED: u8 = 1;
/// Exit code: the command was used wrongly, or there is a mistake in the program or the data folder.
const UNUSABLE: u8 = 2;
/// Exit code: stopped by Ctrl-C.
const INTERRUPTED: u8 = 130;

/// An error as scripts see it.
#[derive(Debug, Serialize)]
pub(crate) struct Report {
    code: String,
    message: String,
    hint: Option<String>,
    #[serde(skip)]
    exit: u8,
}

impl Report {
    /// What to say about an error.
    pub(crate) fn of(error: &anyhow::Error) -> Self {
        let code = code(error);
        let own = error.chain().find_map(|cause| {
            cause
                .downcast_ref::<CommandError>()
                .and_then(CommandError::hint)
        });
        let hint = own.or_else(|| flag_for(code).map(str::to_owned));
        Self {
            code: code.to_owned(),
            message: error.to_string(),
            hint,
            exit: exit(code),
        }
    }

    /// Writes the report to stderr and gives the exit code.
    pub(crate) fn fail(&self, output: Output) -> u8 {
        if output.json {
            let document = serde_json::json!({ "error": self });
            output::error_line(&document.to_string());
        } else {
            let red = Style::new().bold().fg_color(Some(AnsiColor::Red.into()));
            let cyan = Style::new().bold().fg_color(Some(AnsiColor::Cyan.into()));
            output::error_line(&format!("{red}error:{red:#} {}", self.message));
            if let Some(hint) = &self.hint {
                output::error_line(&format!("{cyan}hint:{cyan:#} {hint}"));
            }
        }
        self.exit
    }
}

/// The stable name of an error: that of the first in its chain that has one.
pub(crate) fn code(error: &anyhow::Error) -> &'static str {
    error.chain().find_map(named).unwrap_or("internal")
}

fn named(error: &(dyn std::error::Error + 'static)) -> Option<&'static str> {
    let codes = [
        error.downcast_ref().map(CommandError::code),
        error.downcast_ref().map(StoreError::code),
        error.downcast_ref().map(RowLogError::code),
        error.downcast_ref().map(SourceUpdateError::code),
        error.downcast_ref().map(UserQueryError::code),
        error.downcast_ref().map(JobError::code),
        error.downcast_ref().map(BackupError::code),
        error.downcast_ref().map(JobsError::code),
        error.downcast_ref().map(ScheduleError::code),
        error.downcast_ref().map(SecretsError::code),
        error.downcast_ref().map(SalvageError::code),
        error.downcast_ref().map(|_: &ParameterError| "parameter"),
        error.downcast_ref().map(OriginalError::code),
        error.downcast_ref().map(ExportError::code),
        error.downcast_ref().map(|_: &WriteError| "output"),
        error.downcast_ref().map(|_: &OutputError| "output"),
    ];
    codes.into_iter().flatten().next()
}

/// The flag that helps; libraries do not know what the command calls it.
fn flag_for(code: &str) -> Option<&'static str> {
    match code {
        "timed_out" => Some("--timeout SECONDS allows more time, --timeout 0 any time"),
        "parameter" => Some("--param NAME=VALUE gives the value of :NAME"),
        "not_original" => Some("export it without --original, and please report this"),
        "disk_full" => Some("free some space, then run the command again"),
        "internal" | "defect" => {
            Some("this is a mistake in the program; please report it with what --verbose says")
        }
        _ => None,
    }
}

/// The exit code that goes with an error code.
fn exit(code: &str) -> u8 {
    match code {
        "interrupted" => INTERRUPTED,
        "usage" | "needs_yes" | "config" | "no_data_folder" | "internal" | "database"
        | "decode" | "check" | "foreign_key" | "old_sqlite" | "invalid_cron"
        | "unknown_time_zone" | "bad_address" | "bad_recipient" | "no_stream" => UNUSABLE,
        _ => FAILED,
    }
}

/// Ends the program after `error`. That the reader of the output has gone is no failure.
pub(crate) fn fail(error: &anyhow::Error, output: Output) -> ExitCode {
    if error
        .chain()
        .any(|cause| matches!(cause.downcast_ref(), Some(OutputError::Closed)))
    {
        return ExitCode::SUCCESS;
    }
    ExitCode::from(Report::of(error).fail(output))
}

/// Ends the program at once because of `error`, whatever its threads are doing. What they held the system lets go of; what they left
/// the next process that opens the store takes back, as after a crash.
#[expect(
    clippy::exit,
    clippy::disallowed_methods,
    reason = "who presses Ctrl-C twice does not wait for destructors"
)]
pub(crate) fn leave(error: &anyhow::Error, output: Output) -> ! {
    std::process::exit(Report::of(error).fail(output).into())
}

/// Ends the program after the command line could not be parsed, or asked for help.
pub(crate) fn usage(error: &clap::Error, output: Output) -> ExitCode {
    let is_answer = !error.use_stderr();
    if output.json && !is_answer {
        let text = error.render().to_string();
        let mut paragraphs = text
            .split("\n\n")
            .map(|part| part.split_whitespace().collect::<Vec<_>>().join(" "));
        let message = paragraphs.next().unwrap_or_default();
        let hint = paragraphs.find_map(|part| part.strip_prefix("tip: ").map(str::to_owned));
        let report = Report {
            code: "usage".to_owned(),
            message: message
                .strip_prefix("error: ")
                .unwrap_or(&message)
                .to_owned(),
            hint,
            exit: UNUSABLE,
        };
        return ExitCode::from(report.fail(output));
    }
    drop(error.print()); // `| head` closed it, or nothing can be said any more
    if is_answer {
        ExitCode::SUCCESS
    } else {
        ExitCode::from(UNUSABLE)
    }
}

/// Makes every later write to a terminal, clap's included, follow `--color`.
pub(crate) fn choose_colour(choice: clap::ColorChoice) {
    match choice {
        clap::ColorChoice::Auto => ColorChoice::Auto,
        clap::ColorChoice::Always => ColorChoice::Always,
        clap::ColorChoice::Never => ColorChoice::Never,
    }
    .write_global();
}
