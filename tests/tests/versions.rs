//! Histories of real files through real jobs: every kept version exports to the bytes that were imported.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::disallowed_methods,
    missing_docs
)]

use std::path::PathBuf;
use std::sync::Arc;

use manifold_jobs::import::{ImportTarget, InputFile, TableNaming};
use manifold_jobs::jobs::ImportFile;
use manifold_jobs::{Observer, export, run_foreground};
use manifold_store::rows::Effect;
use manifold_store::{
    DataSources, Durability, ImportSource, Layout, NewProject, NewSource, ProjectId, Projects,
    RowLog, SnapshotId, SourceId, SqliteManager, StoreOptions,
};

/// A small generator of its own: histories are reproduced from their seed alone.
struct Random(u64);

impl Random {
    fn below(&mut self, bound: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0.wrapping_mul(0x2545_F491_4F6C_DD1D) >> 33) as usize % bound.max(1)
    }

    fn one_in(&mut self, bound: usize) -> bool {
        self.below(bound) == 0
    }

    fn cell(&mut self, kind: usize) -> Vec<u8> {
        const ODD: [&[u8]; 24] = [
            b"+5",
            b"1e3",
            b"1_000",
            b" 5",
            b"-0",
            b"007",
            b"0.30000000000000004",
            b"9223372036854775807",
            b"9223372036854775808",
            b"0.10",
            b"-0.00",
            b"NULL",
            b"a\"b",
            b"x,y",
            b"l1\nl2",
            b"l1\r\nl2",
            b"z\r",
            b"\xff\xfe",
            b"true",
            b"31/12/2024",
            b"1e999",
            b"  ",
            b"\"",
            b"a\0b",
        ];
        if self.one_in(9) {
            return ODD[self.below(ODD.len())].to_vec();
        }
        match kind {
            0 => self.below(20).to_string(),
            1 => format!("{}.{:02}", self.below(50), self.below(100)),
            2 => ["true", "false"][self.below(2)].to_owned(),
            3 => ["", "a", "bb", "Zürich"][self.below(4)].to_owned(),
            4 => format!("{:05}", self.below(300)),
            _ => format!("{:02}/{:02}/2024", 1 + self.below(28), 1 + self.below(12)),
        }
        .into_bytes()
    }
}

/// A table that is edited from one version to the next.
struct Table {
    names: Vec<String>,
    kinds: Vec<usize>,
    rows: Vec<Vec<Vec<u8>>>,
    next: usize,
}

impl Table {
    fn new(random: &mut Random) -> Self {
        let width = 1 + random.below(5);
        let mut table = Self {
            names: (0..width).map(|column| format!("k{column}")).collect(),
            kinds: (0..width).map(|_| random.below(6)).collect(),
            rows: Vec::new(),
            next: 0,
        };
        for _ in 0..random.below(30) {
            let row = table.row(random);
            table.rows.push(row);
        }
        table
    }

    fn row(&mut self, random: &mut Random) -> Vec<Vec<u8>> {
        self.next += 1;
        let mut row: Vec<Vec<u8>> = self.kinds.iter().map(|kind| random.cell(*kind)).collect();
        row[0] = self.next.to_string().into_bytes();
        row
    }

    fn edit(&mut self, random: &mut Random) {
        for _ in 0..random.below(6) {
            let count = self.rows.len();
            let width = self.kinds.len();
            match random.below(10) {
                0 | 1 if count > 0 && width > 1 => {
                    let column = 1 + random.below(width - 1);
                    let cell = random.cell(self.kinds[column]);
                    self.rows[random.below(count)][column] = cell;
                }
                2 if count > 0 => {
                    self.rows.remove(random.below(count));
                }
                3 | 4 => {
                    let row = self.row(random);
                    self.rows.insert(random.below(count + 1), row);
                }
                5 if count > 1 => {
                    let row = self.rows.remove(random.below(count));
                    self.rows.insert(random.below(count), row);
                }
                6 if random.one_in(3) => self.rows.reverse(),
                7 if count > 0 => {
                    let row = self.rows[random.below(count)].clone();
                    self.rows.insert(random.below(count + 1), row);
                }
                8 if random.one_in(2) => {
                    let kind = random.below(6);
                    let at = 1 + random.below(width);
                    self.kinds.insert(at, kind);
                    self.next += 1;
                    self.names.insert(at, format!("new{}", self.next));
                    for row in &mut self.rows {
                        row.insert(at, random.cell(kind));
                    }
                }
                9 if width > 2 && random.one_in(2) => {
                    let at = 1 + random.below(width - 1);
                    self.kinds.remove(at);
                    self.names.remove(at);
                    for row in &mut self.rows {
                        row.remove(at);
                    }
                }
                _ => {}
            }
        }
    }

    /// The table as some program might have written it.
    fn bytes(&self, random: &mut Random) -> Vec<u8> {
        let (quoting, crlf, junk, last_end) = (
            random.below(5),
            random.one_in(3),
            random.one_in(4),
            !random.one_in(4),
        );
        let end: &[u8] = if crlf { b"\r\n" } else { b"\n" };
        let mut out = if random.one_in(7) {
            b"\xef\xbb\xbf".to_vec()
        } else {
            Vec::new()
        };
        out.extend(self.names.join(",").into_bytes());
        out.extend(end);
        for (number, row) in self.rows.iter().enumerate() {
            if junk && random.one_in(8) {
                out.extend(match random.below(3) {
                    0 => &b"\n"[..],
                    1 => b"too,many,cells,for,any,of,these,tables,really\n",
                    _ => b"7\n",
                });
            }
            for (column, cell) in row.iter().enumerate() {
                if column > 0 {
                    out.push(b',');
                }
                let needed = cell.iter().any(|byte| b",\"\n\r".contains(byte))
                    || (row.len() == 1 && cell.is_empty());
                let quoted = needed
                    || match quoting {
                        0 => false,
                        1 => true,
                        2 => !cell.is_empty(),
                        3 => column % 2 == 0,
                        _ => random.one_in(3),
                    };
                if quoted {
                    out.push(b'"');
                    for byte in cell {
                        out.extend(std::iter::repeat_n(
                            *byte,
                            if *byte == b'"' { 2 } else { 1 },
                        ));
                    }
                    out.push(b'"');
                } else {
                    out.extend(cell);
                }
            }
            if number + 1 < self.rows.len() || last_end {
                let other: &[u8] = if crlf { b"\n" } else { b"\r\n" };
                out.extend(if junk && random.one_in(9) { other } else { end });
            }
        }
        out
    }
}

struct Store {
    folder: tempfile::TempDir,
    manager: Arc<SqliteManager>,
}

impl Store {
    async fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let options = StoreOptions {
            durability: Some(Durability::Relaxed),
            ..StoreOptions::default()
        };
        let manager = SqliteManager::open(Layout::new(folder.path().join("data")), options)
            .await
            .unwrap();
        Self { folder, manager }
    }

    async fn source(&self, name: &str) -> (ProjectId, SourceId) {
        let new = NewProject {
            name: name.to_owned(),
            description: None,
        };
        let project =
            Projects::id(&Projects::new(&self.manager).create(new).await.unwrap()).unwrap();
        let source = DataSources::new(self.manager.clone())
            .create(&project, NewSource::file("t"))
            .await
            .unwrap();
        (project, source.id.parse().unwrap())
    }

    fn file(&self, bytes: &[u8]) -> PathBuf {
        let path = self.folder.path().join("t.csv");
        std::fs::write(&path, bytes).unwrap();
        path
    }

    async fn import(
        &self,
        (project, source): &(ProjectId, SourceId),
        bytes: &[u8],
        key: &[String],
    ) -> manifold_jobs::jobs::Imported {
        let job = ImportFile {
            target: ImportTarget {
                project_id: project.clone(),
                source: ImportSource::Id(source.clone()),
                key_columns: key.to_vec(),
                always: false,
                typing: Default::default(),
                renames: Vec::new(),
            },
            file: InputFile {
                path: self.file(bytes),
                ..InputFile::default()
            },
            file_name: "t.csv".to_owned(),
            naming: TableNaming::default(),
        };
        let finished = run_foreground(
            &self.manager,
            job,
            Some(project.clone()),
            Observer::default(),
        )
        .await
        .unwrap();
        finished.outcome.unwrap()
    }

    async fn export(&self, project: &ProjectId, snapshot: &SnapshotId) -> Vec<u8> {
        export::original(&self.manager, project, snapshot, Vec::new())
            .await
            .unwrap()
    }
}

async fn history(store: &Store, seed: u64) {
    let mut random = Random(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1);
    let source = store.source(&format!("history {seed}")).await;
    let key = if random.one_in(2) {
        vec!["k0".to_owned()]
    } else {
        Vec::new()
    };
    let mut table = Table::new(&mut random);
    let mut kept: Vec<(SnapshotId, Vec<u8>)> = Vec::new();
    for step in 0..2 + random.below(4) {
        if step > 0 {
            table.edit(&mut random);
        }
        let bytes = table.bytes(&mut random);
        let imported = store.import(&source, &bytes, &key).await;
        let id: SnapshotId = imported.snapshot_id.parse().unwrap();
        if imported.unchanged {
            assert_eq!(
                kept.last().map(|(_, bytes)| bytes),
                Some(&bytes),
                "seed {seed} step {step}"
            );
        } else {
            kept.push((id, bytes));
        }
        if kept.len() > 1 && random.one_in(4) {
            let (gone, _) = kept.remove(random.below(kept.len()));
            RowLog::new(&store.manager)
                .delete(&source.0, &source.1, &[gone], Effect::Lasting, |_| {})
                .await
                .unwrap();
        }
        for (number, (id, bytes)) in kept.iter().enumerate() {
            let exported = store.export(&source.0, id).await;
            assert!(
                &exported == bytes,
                "seed {seed} step {step} version {number}:\n want {:?}\n  got {:?}",
                String::from_utf8_lossy(bytes),
                String::from_utf8_lossy(&exported)
            );
        }
    }
}

/// What the environment asks for, in long runs.
fn number(name: &str) -> Option<u64> {
    std::env::var(name).ok()?.parse().ok()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_kept_version_exports_to_the_bytes_that_were_imported() {
    let store = Store::new().await;
    let first = number("MANIFOLD_SEED").unwrap_or(0);
    let rounds = number("MANIFOLD_ROUNDS").unwrap_or(1);
    for seed in first..first + 120 * rounds {
        history(&store, seed).await;
    }
}
