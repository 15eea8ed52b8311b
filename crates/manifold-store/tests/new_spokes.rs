//! Files of new projects: the first is described by itself, later ones in a file that is kept open.
#![allow(clippy::unwrap_used, clippy::disallowed_methods, missing_docs)]

mod support;

use std::path::{Path, PathBuf};

use manifold_store::{NewProject, Projects};
use support::{Store, store};

async fn create(store: &Store, name: &str, description: Option<String>) -> PathBuf {
    let new = NewProject {
        name: name.to_owned(),
        description,
    };
    let projects = Projects::new(&store.manager);
    let made = projects.create(new).await.unwrap();
    projects.file(&made).path
}

fn contains(file: &Path, text: &str) -> bool {
    let bytes = std::fs::read(file).unwrap();
    bytes
        .windows(text.len())
        .any(|window| window == text.as_bytes())
}

/// What a file says of its project, and whether SQLite finds it sound.
fn told(file: &Path) -> (String, Option<String>, String, String) {
    let connection = rusqlite::Connection::open(file).unwrap();
    let one = |sql: &str| -> String { connection.query_row(sql, [], |row| row.get(0)).unwrap() };
    let named = "SELECT name, description FROM project";
    let (name, description) = connection
        .query_row(named, [], |row| Ok((row.get(0)?, row.get(1)?)))
        .unwrap();
    let (sound, mode) = (one("PRAGMA integrity_check"), one("PRAGMA journal_mode"));
    (name, description, sound, mode)
}

fn stencils(store: &Store) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(store.manager.layout().temporary()).unwrap();
    let paths = entries.map(|entry| entry.unwrap().path());
    let is_stencil = |path: &PathBuf| {
        path.file_name()
            .unwrap()
            .to_str()
            .unwrap()
            .starts_with("stencil-")
    };
    paths.filter(is_stencil).collect()
}

#[tokio::test]
async fn every_new_file_is_whole_and_tells_of_its_own_project_only() {
    let store = store().await;
    let words = ["zebra", "yak", "xerus", "wombat"];
    let mut files = Vec::new();
    for (number, word) in words.into_iter().enumerate() {
        let description = (number % 2 == 0).then(|| word.repeat(40));
        files.push(create(&store, word, description).await);
        assert_eq!(stencils(&store).len(), usize::from(number > 0));
    }
    for (number, file) in files.iter().enumerate() {
        let word = words[number];
        let mut beside = file.clone().into_os_string();
        beside.push("-wal");
        assert!(!Path::new(&beside).exists());
        for other in words.iter().filter(|other| **other != word) {
            assert!(!contains(file, other), "the file of {word} holds {other}");
        }
        let description = (number % 2 == 0).then(|| word.repeat(40));
        let expected = (
            word.to_owned(),
            description,
            "ok".to_owned(),
            "wal".to_owned(),
        );
        assert_eq!(told(file), expected);
    }
    store.manager.shut_down().await.unwrap();
    assert_eq!(stencils(&store), Vec::<PathBuf>::new());
}

#[tokio::test]
async fn a_long_description_leaves_nothing_in_later_files() {
    let store = store().await;
    for name in ["one", "two"] {
        create(&store, name, None).await;
    }
    let long = create(&store, "three", Some("long ".repeat(100_000))).await;
    let next = create(&store, "four", None).await;
    assert!(contains(&long, "long long"));
    assert!(!contains(&next, "long long"));
    let size = |file: &Path| std::fs::metadata(file).unwrap().len();
    assert!(size(&next) < size(&long) - 400_000);
}

#[tokio::test]
async fn projects_are_made_although_the_stencil_is_lost() {
    let store = store().await;
    for name in ["one", "two"] {
        create(&store, name, None).await;
    }
    for stencil in stencils(&store) {
        std::fs::remove_dir_all(stencil).unwrap();
    }
    for name in ["three", "four", "five"] {
        let file = create(&store, name, None).await;
        assert_eq!(told(&file).0, name);
    }
    assert_eq!(stencils(&store).len(), 1);
}

#[tokio::test]
async fn what_a_dead_process_left_is_removed() {
    let store = store().await;
    let dead = manifold_store::WorkerId::new();
    let left = store
        .manager
        .layout()
        .temporary()
        .join(format!("stencil-{dead}-0"));
    std::fs::create_dir(&left).unwrap();
    for name in ["one", "two"] {
        create(&store, name, None).await;
    }
    assert!(!left.exists());
}
