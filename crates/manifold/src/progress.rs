//! How far a job is, on stderr: a bar on a terminal, otherwise a line every ten seconds.

use std::io::IsTerminal as _;
use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};
use manifold_jobs::Progress;
use tokio::sync::watch;
use tokio::time::{Instant, interval_at};

use crate::output::Output;
use crate::table::printable;
use crate::units;

/// Off a terminal a line is written so often.
const LINE_EVERY: Duration = Duration::from_secs(10);

/// How progress is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Style {
    /// Not at all.
    Hidden,
    /// As a bar that moves.
    Bar,
    /// As a line now and then.
    Lines,
}

impl Style {
    /// A bar needs a terminal, and no log between its lines.
    pub(crate) fn chosen(output: Output, verbose: bool) -> Self {
        if output.json || output.quiet {
            Self::Hidden
        } else if std::io::stderr().is_terminal() && !verbose {
            Self::Bar
        } else {
            Self::Lines
        }
    }
}

/// Shows the progress of the job called `title` until it ends.
pub(crate) async fn show(title: String, latest: watch::Receiver<Progress>, style: Style) {
    let title = printable(&title);
    match style {
        Style::Hidden => {}
        Style::Bar => bar(&title, latest).await,
        Style::Lines => lines(&title, latest, Output::default()).await,
    }
}

async fn bar(title: &str, mut latest: watch::Receiver<Progress>) {
    let bar = ProgressBar::no_length().with_prefix(title.to_owned());
    bar.enable_steady_tick(Duration::from_millis(200));
    bar.set_style(spinner());
    while latest.changed().await.is_ok() {
        let progress = latest.borrow_and_update().clone();
        match progress.total {
            Some(total) if progress.unit == "bytes" => {
                if bar.length() != Some(total) {
                    bar.set_style(byte_bar());
                    bar.set_length(total);
                }
                bar.set_position(progress.done);
                bar.set_message(rows(&progress).unwrap_or_default());
            }
            _ => {
                bar.set_style(spinner());
                bar.unset_length();
                bar.set_message(sentence(&progress));
            }
        }
    }
    bar.finish_and_clear();
}

async fn lines(title: &str, mut latest: watch::Receiver<Progress>, output: Output) {
    let mut due = interval_at(Instant::now() + LINE_EVERY, LINE_EVERY);
    let mut waits = None;
    loop {
        tokio::select! {
            changed = latest.changed() => {
                if changed.is_err() {
                    return;
                }
                // Why nothing happens is worth a line at once.
                let progress = latest.borrow_and_update().clone();
                if progress.waiting_for != waits {
                    waits.clone_from(&progress.waiting_for);
                    if waits.is_some() {
                        output.note(&format!("{title}: {}", sentence(&progress)));
                    }
                }
            }
            _ = due.tick() => {
                let progress = latest.borrow().clone();
                output.note(&format!("{title}: {}", sentence(&progress)));
            }
        }
    }
}

/// What is being done and how far it is.
fn sentence(progress: &Progress) -> String {
    if progress.step == "waiting" {
        return format!(
            "waiting for {}",
            progress.waiting_for.as_deref().unwrap_or("another process")
        );
    }
    let mut parts = vec![if progress.step.is_empty() {
        "starting".to_owned()
    } else {
        progress.step.to_string()
    }];
    parts.extend(
        progress
            .share()
            .map(|share| format!("{:.0} %", (share * 100.0).floor())),
    );
    if let (Some(total), "projects") = (progress.total, progress.unit) {
        parts.push(format!("{} of {total} projects", progress.done));
    }
    parts.extend(rows(progress));
    parts.join(", ")
}

fn rows(progress: &Progress) -> Option<String> {
    progress
        .rows
        .map(|rows| units::count(i64::try_from(rows).unwrap_or(i64::MAX), "row"))
}

fn byte_bar() -> ProgressStyle {
    parsed("{prefix} [{bar:30}] {percent:>3} %  {decimal_bytes}/{decimal_total_bytes}  {msg}  {eta} left")
        .progress_chars("=> ")
}

fn spinner() -> ProgressStyle {
    parsed("{prefix} {spinner} {msg}")
}

fn parsed(template: &str) -> ProgressStyle {
    #[expect(
        clippy::expect_used,
        reason = "the two templates above are constants, and a test reads them"
    )]
    ProgressStyle::with_template(template).expect("a valid template")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sentences_say_what_is_known() {
        let reading = Progress {
            done: 5,
            total: Some(20),
            unit: "bytes",
            rows: Some(1_234),
            ..Progress::step("reading")
        };
        assert_eq!(sentence(&reading), "reading, 25 %, 1,234 rows");
        let migrating = Progress {
            done: 3,
            total: Some(60),
            unit: "projects",
            ..Progress::step("migrating")
        };
        assert_eq!(sentence(&migrating), "migrating, 5 %, 3 of 60 projects");
        assert_eq!(sentence(&Progress::default()), "starting");
        assert_eq!(
            sentence(&Progress::waiting(Some("process 7"))),
            "waiting for process 7"
        );
        assert_eq!(
            sentence(&Progress::waiting(None)),
            "waiting for another process"
        );
    }

    #[test]
    fn the_templates_are_valid() {
        let _ = (byte_bar(), spinner());
    }
}
