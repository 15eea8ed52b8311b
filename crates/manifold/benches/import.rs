//! CPU and memory of `manifold import` beside `sqlite3 .import` on the same file, in the same run.
//!
//! `cargo bench --bench import [-- ROWS]`: makes a file of ROWS x 8 mixed columns (1,000,000 by default) and a second
//! version with 1 % of its rows changed, then imports both, and the second once more, beside a process that only hashes it,
//! in interleaved rounds; medians and ratios are printed. Needs `sqlite3` on the path, and Linux for the accounting of
//! finished processes.
#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    clippy::disallowed_methods,
    missing_docs
)]

use std::fmt::Write as _;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};

mod support;

use support::{manifold, median, row, run};

const ROUNDS: usize = 5;

/// The argument with which this program hashes a file and does nothing else.
const HASH: &str = "--hash-file";

fn write(path: &Path, rows: u64, second: bool) {
    let mut file = std::io::BufWriter::new(std::fs::File::create(path).unwrap());
    file.write_all(b"id,name,email,city,qty,amount,updated_at,active\n")
        .unwrap();
    let mut line = String::new();
    for number in 1..=rows {
        let changed = second && number % 100 == 7;
        line.clear();
        write!(line, "{}", row(number, u64::from(changed))).unwrap();
        file.write_all(line.as_bytes()).unwrap();
    }
    file.flush().unwrap();
}

fn sqlite3(database: &Path, file: &Path) -> Command {
    let mut command = Command::new("sqlite3");
    command
        .arg(database)
        .arg("PRAGMA journal_mode = WAL")
        .arg("PRAGMA synchronous = NORMAL")
        .arg(
            "CREATE TABLE t(id INTEGER, name TEXT, email TEXT, city TEXT, qty INTEGER, amount REAL, \
             updated_at TEXT, active TEXT)",
        )
        .arg(format!(".import --csv --skip 1 {} t", file.display()));
    command
}

/// A process that hashes a file as an import does.
fn hash(file: &Path) -> Command {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.arg(HASH).arg(file);
    command
}

fn main() -> ExitCode {
    let mut arguments = std::env::args().skip(1);
    if arguments.next().as_deref() == Some(HASH) {
        let file = std::fs::File::open(arguments.next().unwrap()).unwrap();
        let mut hasher = blake3::Hasher::new();
        hasher.update_reader(file).unwrap();
        println!("{}", hasher.finalize());
        return ExitCode::SUCCESS;
    }
    if Command::new("sqlite3").arg("--version").output().is_err() {
        println!("skipped: sqlite3 is not on the path");
        return ExitCode::SUCCESS;
    }
    let rows = std::env::args()
        .skip(1)
        .find_map(|word| word.parse().ok())
        .unwrap_or(1_000_000);
    let folder = tempfile::tempdir().unwrap();
    let files: [PathBuf; 2] = ["v1.csv", "v2.csv"].map(|name| folder.path().join(name));
    write(&files[0], rows, false);
    write(&files[1], rows, true);

    let (mut peer, mut first, mut second, mut memory) = (vec![], vec![], vec![], 0.0_f64);
    let (mut hashed, mut unchanged) = (vec![], vec![]);
    for round in 0..ROUNDS {
        let database = folder.path().join(format!("{round}.db"));
        let data = folder.path().join(format!("data{round}"));
        peer.push(run(&mut sqlite3(&database, &files[0])).cpu);
        let cost = run(&mut manifold(&data, &files[0]));
        first.push(cost.cpu);
        memory = memory.max(cost.memory);
        let cost = run(&mut manifold(&data, &files[1]));
        second.push(cost.cpu);
        memory = memory.max(cost.memory);
        hashed.push(run(&mut hash(&files[1])).cpu);
        unchanged.push(run(&mut manifold(&data, &files[1])).cpu);
        std::fs::remove_file(&database).unwrap();
        std::fs::remove_dir_all(&data).unwrap();
    }
    let [peer, first, second, hashed, unchanged] =
        [peer, first, second, hashed, unchanged].map(median);
    println!("{rows} rows x 8, CPU s, medians of {ROUNDS}:");
    println!("  sqlite3 .import          {peer:.3}");
    let mut within = true;
    let mut line = |what: &str, cpu: f64, beside: &str, of: f64, most: f64| {
        let ratio = cpu / of;
        within &= ratio <= most;
        println!("  {what:24} {cpu:.3}  {ratio:.2} of {beside} (at most {most:.2})");
    };
    line("first import", first, ".import", peer, 0.8);
    line("second import, 1 % new", second, "the first", first, 0.75);
    println!("  hashing the file         {hashed:.3}");
    line("unchanged", unchanged, "hashing", hashed, 1.2);
    println!("  largest memory           {memory:.0} MB (at most 150)");
    if within && memory <= 150.0 {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}
