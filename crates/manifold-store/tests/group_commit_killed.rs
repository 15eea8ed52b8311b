//! A process that is killed while callers share commits: what returned is kept, and every part is whole.
#![allow(clippy::unwrap_used, clippy::disallowed_methods, missing_docs)]

use std::collections::BTreeSet;
use std::io::{BufRead as _, BufReader, Write as _};
use std::process::{Command, Stdio};

use entity_core::app_settings;
use manifold_store::{
    CoreDatabase, CoreTransaction, DatabaseManager as _, Layout, SqliteManager, StoreError,
    StoreOptions, Timestamp,
};
use sea_orm::{ActiveValue::Set, EntityTrait as _};

fn row(key: &str) -> app_settings::ActiveModel {
    app_settings::ActiveModel {
        key: Set(key.to_owned()),
        value: Set(serde_json::json!(1)),
        updated_at: Set(Timestamp::now()),
    }
}

async fn insert(transaction: &CoreTransaction, key: &str) -> Result<(), StoreError> {
    transaction.insert(row(key)).await.map(|_| ())
}

async fn keys(core: &CoreDatabase) -> BTreeSet<String> {
    let rows = core.all(app_settings::Entity::find()).await.unwrap();
    rows.into_iter().map(|row| row.key).collect()
}

const CHILD: &str = "MANIFOLD_GROUP_COMMIT_CHILD";

/// Run by the test below as a process of its own: writes until it is killed, and says what returned.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn child_that_writes() {
    let Ok(folder) = std::env::var(CHILD) else {
        return;
    };
    let manager = SqliteManager::open(Layout::new(folder), StoreOptions::default())
        .await
        .unwrap();
    let tasks: Vec<_> = (0..8)
        .map(|task| {
            let core = manager.core().clone();
            tokio::spawn(async move {
                for number in 0_u64.. {
                    let (one, two) = (format!("{task}-{number}-a"), format!("{task}-{number}-b"));
                    core.write(async |part| {
                        insert(part, &one).await?;
                        insert(part, &two).await
                    })
                    .await
                    .unwrap();
                    let mut out = std::io::stdout().lock();
                    writeln!(out, "kept {task}-{number}").unwrap();
                    out.flush().unwrap();
                }
            })
        })
        .collect();
    for task in tasks {
        task.await.unwrap();
    }
}

#[tokio::test]
async fn a_killed_process_loses_nothing_that_returned() {
    for acknowledged in [1, 40, 150] {
        let folder = tempfile::tempdir().unwrap();
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args([
                "--exact",
                "child_that_writes",
                "--nocapture",
                "--test-threads=1",
            ])
            .env(CHILD, folder.path())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let mut kept = Vec::new();
        while kept.len() < acknowledged {
            let line = lines.next().unwrap().unwrap();
            if let Some((_, key)) = line.split_once("kept ") {
                kept.push(key.to_owned());
            }
        }
        child.kill().unwrap();
        child.wait().unwrap();
        for line in lines.map_while(Result::ok) {
            if let Some((_, key)) = line.split_once("kept ") {
                kept.push(key.to_owned());
            }
        }
        let manager = SqliteManager::open(Layout::new(folder.path()), StoreOptions::default())
            .await
            .unwrap();
        let found = keys(manager.core()).await;
        for key in kept {
            assert!(found.contains(&format!("{key}-a")), "{key} was lost");
        }
        for key in &found {
            let whole = key
                .strip_suffix("-a")
                .is_none_or(|key| found.contains(&format!("{key}-b")));
            assert!(whole, "half of {key}");
        }
    }
}
