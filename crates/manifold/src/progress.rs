//! How far a job is, on stderr: a bar on a terminal, otherwise a line every ten seconds.

use std::io::IsTerminal as _;
use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};
use manifold_jobs::{Estimate, Pace, Progress};
use tokio::sync::watch;
use tokio::time::{Instant, MissedTickBehavior, interval, interval_at};

use crate::output::Output;
use crate::table::printable;
use crate::units;

/// Off a terminal a line is written so often.
const LINE_EVERY: Duration = Duration::from_secs(10);
/// On a terminal the bar is drawn so often.
const DRAW_EVERY: Duration = Duration::from_millis(200);
/// The bar is as long as this number.
const BAR: u64 = 1_000;

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

/// What is shown of work that goes on.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct View {
    /// What is being done and how far it is, in words, without the share.
    pub(crate) sentence: String,
    /// Whether nothing is done until something else ends.
    pub(crate) waits: bool,
    /// What is counted.
    pub(crate) unit: String,
    /// How far it is, how fast, and how long the rest takes.
    pub(crate) estimate: Estimate,
}

impl View {
    fn of(progress: &Progress, estimate: Estimate) -> Self {
        Self {
            sentence: sentence(progress),
            waits: progress.waiting_for.is_some() || progress.step == "waiting",
            unit: progress.unit.to_owned(),
            estimate,
        }
    }

    /// Everything on one line.
    pub(crate) fn line(&self) -> String {
        let share = self.estimate.share.filter(|_| !self.waits);
        let share = share.map(|share| format!("{} %", percent(share)));
        let parts = [Some(self.sentence.clone()), share, self.rate(), self.left()];
        parts.into_iter().flatten().collect::<Vec<_>>().join(", ")
    }

    fn rate(&self) -> Option<String> {
        let rate = self
            .estimate
            .rate
            .filter(|rate| *rate > 0.0 && !self.waits)?;
        units::rate(rate, &self.unit)
    }

    fn left(&self) -> Option<String> {
        let left = self.estimate.left.filter(|_| !self.waits)?;
        Some(format!("{} left", units::about(left)))
    }
}

/// Shows the progress of the job called `title` until it ends.
pub(crate) async fn show(title: String, latest: watch::Receiver<Progress>, style: Style) {
    if style == Style::Hidden {
        return;
    }
    let (views, shown) = watch::channel(View::default());
    tokio::join!(follow(latest, views), draw(title, shown, style));
}

/// Turns what a job reports into what is shown.
async fn follow(latest: watch::Receiver<Progress>, views: watch::Sender<View>) {
    let (mut pace, began) = (Pace::default(), Instant::now());
    let mut due = interval(DRAW_EVERY);
    due.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut until_end = latest.clone();
    let mut ended = std::pin::pin!(until_end.wait_for(|_| false));
    loop {
        tokio::select! {
            _ = &mut ended => return,
            _ = due.tick() => {}
        }
        let progress = latest.borrow().clone();
        let estimate = pace.observe(began.elapsed(), &progress);
        views.send_replace(View::of(&progress, estimate));
    }
}

/// Shows the latest view of what is called `title` until nobody sends any more.
pub(crate) async fn draw(title: String, latest: watch::Receiver<View>, style: Style) {
    let title = printable(&title);
    match style {
        Style::Hidden => {}
        Style::Bar => bar(&title, latest).await,
        Style::Lines => lines(&title, latest, Output::default()).await,
    }
}

async fn bar(title: &str, mut latest: watch::Receiver<View>) {
    let bar = ProgressBar::no_length().with_prefix(title.to_owned());
    bar.enable_steady_tick(DRAW_EVERY);
    bar.set_style(spinner());
    while latest.changed().await.is_ok() {
        let view = latest.borrow_and_update().clone();
        match view.estimate.share.filter(|_| !view.waits) {
            Some(share) => {
                if bar.length() != Some(BAR) {
                    bar.set_style(share_bar());
                    bar.set_length(BAR);
                }
                bar.set_position((share * BAR as f64) as u64);
                let parts = [Some(view.sentence.clone()), view.rate(), view.left()];
                bar.set_message(parts.into_iter().flatten().collect::<Vec<_>>().join(", "));
            }
            None => {
                bar.set_style(spinner());
                bar.unset_length();
                bar.set_message(view.line());
            }
        }
    }
    bar.finish_and_clear();
}

async fn lines(title: &str, mut latest: watch::Receiver<View>, output: Output) {
    let mut due = interval_at(Instant::now() + LINE_EVERY, LINE_EVERY);
    let mut waits = None;
    loop {
        tokio::select! {
            changed = latest.changed() => {
                if changed.is_err() {
                    return;
                }
                // Why nothing happens is worth a line at once.
                let view = latest.borrow_and_update().clone();
                let now = view.waits.then_some(view.sentence);
                if now != waits {
                    waits = now;
                    if let Some(why) = &waits {
                        output.note(&format!("{title}: {why}"));
                    }
                }
            }
            _ = due.tick() => {
                let line = latest.borrow().line();
                output.note(&format!("{title}: {line}"));
            }
        }
    }
}

/// What is being done and how far it is, without the share.
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
    parts.extend(match (progress.total, progress.unit) {
        (Some(total), "projects") => Some(format!("{} of {total} projects", progress.done)),
        _ => None,
    });
    let rows = progress
        .rows
        .map(|rows| i64::try_from(rows).unwrap_or(i64::MAX));
    parts.extend(rows.map(|rows| units::count(rows, "row")));
    parts.join(", ")
}

/// A share as whole percent; only what is done is 100.
pub(crate) fn percent(share: f64) -> u64 {
    (share * 100.0).floor().clamp(0.0, 100.0) as u64
}

fn share_bar() -> ProgressStyle {
    parsed("{prefix} [{bar:30}] {percent:>3} %  {msg}").progress_chars("=> ")
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
        let estimate = Estimate {
            share: Some(0.259),
            rate: Some(2_500_000.0),
            left: Some(Duration::from_secs(65)),
        };
        let line = |progress: &Progress| View::of(progress, estimate).line();
        assert_eq!(
            line(&reading),
            "reading, 1,234 rows, 25 %, 2.5 MB/s, 1 min 5 s left"
        );
        let migrating = Progress {
            done: 3,
            total: Some(60),
            unit: "projects",
            ..Progress::step("migrating")
        };
        let unknown = Estimate {
            share: Some(0.05),
            ..Estimate::default()
        };
        assert_eq!(
            View::of(&migrating, unknown).line(),
            "migrating, 3 of 60 projects, 5 %"
        );
        let starting = View::of(&Progress::default(), Estimate::default());
        assert_eq!(starting.line(), "starting");
        assert_eq!(
            line(&Progress::waiting(Some("process 7"))),
            "waiting for process 7"
        );
        assert_eq!(
            line(&Progress::waiting(None)),
            "waiting for another process"
        );
    }

    #[test]
    fn the_templates_are_valid() {
        let _ = (share_bar(), spinner());
    }
}
