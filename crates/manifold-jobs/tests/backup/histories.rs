//! Any history, with an incremental backup behind each step: every one comes back as the project was then. What is there in
//! the end comes back from backups of every type.

use entity_core::backups;
use manifold_jobs::jobs::RestoreTarget;
use manifold_store::{SourceTrash, rows};
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};

use crate::fixtures::every_type_comes_back;
use crate::increments::{back_up, published};
use crate::store::{Store, as_new, id, place};

/// Something that happens to a project.
#[derive(Debug, Clone)]
enum Step {
    /// Rows of the source change, come or go; the number says which.
    Import(usize, u64),
    /// As that, with a column more, or without one that was there.
    Widen(usize, u64),
    /// As that, with many rows at other places.
    Shuffle(usize, u64),
    /// As that, with rejected records, odd cells, bytes that are no text, and quotes where none are needed.
    Spoil(usize, u64),
    /// Some snapshot goes, the oldest for 0.
    Prune(usize, usize),
    /// The latest snapshot goes.
    Undo(usize),
    /// The source goes into the trash, or comes back.
    Trash(usize),
    /// The project becomes what it was at an earlier backup.
    Restore(usize),
    /// A backup goes, with the segments that no other needs.
    Forget(usize),
}

const SOURCES: [&str; 2] = ["a", "b"];

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let source = 0..SOURCES.len();
    let step = prop_oneof![
        4 => (source.clone(), 1_u64..60).prop_map(|(source, seed)| Step::Import(source, seed)),
        2 => (source.clone(), 1_u64..60).prop_map(|(source, seed)| Step::Widen(source, seed)),
        2 => (source.clone(), 1_u64..60).prop_map(|(source, seed)| Step::Shuffle(source, seed)),
        2 => (source.clone(), 1_u64..60).prop_map(|(source, seed)| Step::Spoil(source, seed)),
        3 => (source.clone(), 0_usize..4).prop_map(|(source, which)| Step::Prune(source, which)),
        3 => source.clone().prop_map(Step::Undo),
        1 => source.prop_map(Step::Trash),
        1 => (0_usize..8).prop_map(Step::Restore),
        1 => (0_usize..8).prop_map(Step::Forget),
    ];
    prop::collection::vec(step, 4..10)
}

/// What the next import of a source brings.
struct Content {
    columns: usize,
    rows: Vec<(u64, u64)>,
    /// What is wrong with the file; nothing for 0.
    spoilt: u64,
}

impl Content {
    fn new(source: usize) -> Self {
        let first = source as u64 * 1_000;
        Self {
            columns: 2,
            rows: (first..first + 90).map(|id| (id, 0)).collect(),
            spoilt: 0,
        }
    }

    fn change(&mut self, seed: u64) {
        for row in &mut self.rows {
            if (row.0 * 31 + seed).is_multiple_of(23) {
                row.1 += seed;
            }
        }
        let last = self.rows.iter().map(|row| row.0).max().unwrap_or(0);
        self.rows
            .retain(|row| !(row.0 * 17 + seed).is_multiple_of(41));
        self.rows
            .extend((1..=seed % 4).map(|more| (last + more, seed)));
    }

    fn csv(&self) -> Vec<u8> {
        let mut text = "id".to_owned();
        for column in 0..self.columns {
            text.push_str(&format!(",c{column}"));
        }
        text.push('\n');
        for (id, value) in &self.rows {
            text.push_str(&id.to_string());
            for column in 0..self.columns {
                let value = value * 7 + *id + column as u64;
                let empty = (value + column as u64).is_multiple_of(5) && column > 0;
                text.push_str(&if empty {
                    ",".to_owned()
                } else {
                    format!(",v{value}")
                });
            }
            text.push('\n');
        }
        self.spoil(text)
    }

    fn spoil(&self, text: String) -> Vec<u8> {
        if self.spoilt == 0 {
            return text.into_bytes();
        }
        let mut bytes = Vec::new();
        for (number, line) in text.lines().enumerate() {
            let line = match (number as u64 * 13 + self.spoilt) % 29 {
                _ if number == 0 => line.to_owned(),
                0 => format!("{line},more,cells"),
                1 => line.replacen(|digit: char| digit.is_ascii_digit(), "x", 1),
                2 => line.replacen('v', "\"", 1) + "\"",
                3 => format!("\"{}", line.replacen(',', "\",", 1)),
                _ => line.to_owned(),
            };
            let mut line = line.into_bytes();
            if number as u64 % 31 == self.spoilt % 31 && number > 0 {
                let last = line.len() - 1;
                line[last] = 0xfe;
            }
            bytes.extend(line);
            bytes.push(b'\n');
        }
        bytes
    }
}

async fn snapshots(store: &Store, source: &str) -> Option<(String, Vec<String>)> {
    let source = store.sources().find(&store.project, source).await.ok()?.id;
    let connection = store.connection();
    let mut select = connection
        .prepare("SELECT id FROM snapshots WHERE source_id = ? ORDER BY seq")
        .unwrap();
    let ids = select.query_map([&source], |row| row.get(0)).unwrap();
    Some((source.clone(), ids.map(Result::unwrap).collect()))
}

async fn delete(store: &Store, source: &str, which: impl FnOnce(&[String]) -> Option<String>) {
    let Some((source, all)) = snapshots(store, source).await else {
        return;
    };
    if let Some(gone) = which(&all) {
        let gone = [gone];
        let lasting = rows::Effect::Lasting;
        rows::delete(&store.connection(), &source, &gone, lasting, &|_| Ok(())).unwrap();
    }
}

async fn happen(
    store: &Store,
    step: &Step,
    contents: &mut [Content],
    saved: &mut Vec<(backups::Model, Vec<entity_core::TableCount>)>,
) {
    let trash = SourceTrash::new(&store.manager);
    match *step {
        Step::Import(source, seed)
        | Step::Widen(source, seed)
        | Step::Shuffle(source, seed)
        | Step::Spoil(source, seed) => {
            let content = &mut contents[source];
            content.change(seed);
            content.spoilt = 0;
            match step {
                Step::Spoil(..) => content.spoilt = seed,
                Step::Widen(..) if seed % 3 == 0 && content.columns > 1 => content.columns -= 1,
                Step::Widen(..) => content.columns += 1,
                Step::Shuffle(..) => {
                    let at = content.rows.len() / 3;
                    content.rows.rotate_left(at);
                    content.rows[..at].reverse();
                }
                _ => {}
            }
            if trash.find(&store.project, SOURCES[source]).await.is_err() {
                store.import(SOURCES[source], &content.csv()).await;
            }
        }
        Step::Prune(source, which) => {
            delete(store, SOURCES[source], |all| {
                let middle = all.len().checked_sub(1)?;
                all[..middle].get(which % middle.max(1)).cloned()
            })
            .await;
        }
        Step::Undo(source) => delete(store, SOURCES[source], |all| all.last().cloned()).await,
        Step::Trash(source) => {
            let name = SOURCES[source];
            if trash.find(&store.project, name).await.is_ok() {
                trash.undelete(&store.project, name, None).await.unwrap();
            } else if let Ok(found) = store.sources().find(&store.project, name).await {
                let source = found.id.parse().unwrap();
                trash.delete(&store.project, &source, |_| {}).await.unwrap();
            }
        }
        Step::Restore(which) => {
            if let Some((backup, state)) = saved.get(which) {
                let in_place = RestoreTarget::InPlace;
                store.restore(place(backup), in_place).await.unwrap();
                assert_eq!(&published(store, &store.project).await, state);
            }
        }
        Step::Forget(which) => {
            if which < saved.len() {
                let (gone, _) = saved.remove(which);
                store.delete(&gone).await;
                let collected = store.collect(&[gone]).await;
                collected.unwrap();
            }
        }
    }
}

async fn history(steps: &[Step]) {
    let store = Store::new().await;
    let mut contents: Vec<Content> = (0..SOURCES.len()).map(Content::new).collect();
    let mut saved = Vec::new();
    store.import(SOURCES[0], &contents[0].csv()).await;
    for step in steps {
        happen(&store, step, &mut contents, &mut saved).await;
        let state = published(&store, &store.project).await;
        let backup = back_up(&store).await;
        saved.push((backup, state));
    }
    for (number, (backup, state)) in saved.iter().enumerate() {
        let restored = store
            .restore(place(backup), as_new(&format!("back {number}")))
            .await
            .unwrap_or_else(|error| panic!("backup {number}: {error}"));
        let back = published(&store, &id(&restored)).await;
        assert_eq!(&back, state, "backup {number}");
    }
    store.sql(
        "INSERT INTO consolidated_models(id, name, name_fold, spec, created_at, updated_at) VALUES \
         ('m', 'M', 'm', '[null]', '2026-11-22T10:00:00+00:00', '2026-11-22T10:00:00+00:00')",
    );
    every_type_comes_back(&store, "in the end").await;
}

#[test]
fn every_backup_of_any_history_comes_back() {
    let cases = std::env::var("MANIFOLD_ROUNDS").ok();
    let config = Config {
        cases: cases.and_then(|cases| cases.parse().ok()).unwrap_or(4),
        failure_persistence: None,
        ..Config::default()
    };
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .unwrap();
    TestRunner::new(config)
        .run(&steps(), |steps| {
            runtime.block_on(history(&steps));
            Ok(())
        })
        .unwrap();
}
