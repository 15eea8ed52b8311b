//! `manifold job stats`

use chrono::TimeDelta;
use entity_core::enums::JobState;
use manifold_store::{Jobs, KindStats};
use serde_json::{Map, Value as Json, json};

use crate::session::Session;
use crate::table::{self, Align};
use crate::units;

const STATES: [JobState; 6] = [
    JobState::Pending,
    JobState::Blocked,
    JobState::Running,
    JobState::Completed,
    JobState::Failed,
    JobState::Cancelled,
];

/// Counts jobs by kind and state, and says how long they took.
pub(super) async fn run(session: &Session) -> anyhow::Result<()> {
    let stats = Jobs::new(&session.store().await?).stats().await?;
    let document: Vec<_> = stats
        .iter()
        .map(|(kind, stats)| shape(kind, stats))
        .collect();
    let output = session.output();
    output.show(&json!({ "stats": document }), || {
        let header = [
            ("kind", Align::Left),
            ("pending", Align::Right),
            ("blocked", Align::Right),
            ("running", Align::Right),
            ("completed", Align::Right),
            ("failed", Align::Right),
            ("cancelled", Align::Right),
            ("half took", Align::Right),
            ("9 of 10", Align::Right),
            ("retries", Align::Right),
            ("crashes", Align::Right),
        ];
        table::table(&header, stats.iter().map(|(kind, stats)| row(kind, stats)))
    })?;
    if stats.is_empty() {
        output.note("There is no job yet; importing a file is one.");
    }
    Ok(())
}

fn shape(kind: &str, stats: &KindStats) -> Json {
    let states: Map<_, _> = STATES
        .into_iter()
        .map(|state| (state.to_string(), of(stats, state).into()))
        .collect();
    let quantile = |share| stats.quantile(share).map(|took| took.num_milliseconds());
    json!({
        "kind": kind,
        "states": states,
        "p50_ms": quantile(0.5),
        "p90_ms": quantile(0.9),
        "measured": stats.durations.len(),
        "retries": stats.retries,
        "crashes": stats.crashes,
    })
}

fn row(kind: &str, stats: &KindStats) -> Vec<String> {
    let took = |took: Option<TimeDelta>| took.map_or_else(|| "-".to_owned(), units::duration);
    let mut row = vec![kind.to_owned()];
    row.extend(STATES.map(|state| units::number(of(stats, state))));
    row.push(took(stats.quantile(0.5)));
    row.push(took(stats.quantile(0.9)));
    row.push(units::number(stats.retries));
    row.push(units::number(stats.crashes));
    row
}

fn of(stats: &KindStats, state: JobState) -> i64 {
    let found = stats.states.iter().find(|(one, _)| *one == state);
    found.map_or(0, |(_, jobs)| *jobs)
}
