//! What a `sqlite` backup costs beside copying the file, and what it costs who writes to the project meanwhile.
//!
//! `cargo bench --bench sqlite_backup [-- MB]`: makes a project of MB megabytes (315 by default) whose rows hold one text of 3,900
//! characters each, then copies its file with `cp` and `sync`, and backs it up with the command, in rounds that take turns in what comes
//! first. Then a process writes to the project as fast as it can, each transaction pressed onto the disk: for some seconds alone, then
//! beside backups of every type. Wall times, the writer's p50, p99 and longest transaction, and the memory of the command are printed. Fails above 1.6 times the copy, twice the
//! p99 and 150 MB. Needs Linux, for the accounting of finished processes.
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
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use manifold_store::{Layout, Projects, SqliteManager, StoreOptions};

#[expect(dead_code, reason = "other benches use the rest")]
mod support;

use support::{Cost, median, run};

const ROUNDS: usize = 5;

/// Characters of the text of a row.
const TEXT: usize = 3_900;

/// For how long transactions are timed before the backups begin.
const ALONE: Duration = Duration::from_secs(5);

/// A file whose rows are as long as what an earlier system kept in one cell.
fn write(path: &Path, megabytes: u64) {
    let mut file = std::io::BufWriter::new(std::fs::File::create(path).unwrap());
    file.write_all(b"id,data\n").unwrap();
    let mut line = String::new();
    for number in 0..megabytes * 1_048_576 / 4_096 {
        line.clear();
        write!(line, "{number},").unwrap();
        let begin = line.len();
        let mut mixed = number;
        while line.len() < begin + TEXT {
            mixed = mixed.wrapping_mul(0x5851_F42D_4C95_7F2D).wrapping_add(1);
            write!(
                line,
                "name {} {:x} of u{mixed}@example; ",
                mixed % 4_000,
                mixed >> 32
            )
            .unwrap();
        }
        line.truncate(begin + TEXT);
        line.push('\n');
        file.write_all(line.as_bytes()).unwrap();
    }
    file.flush().unwrap();
}

fn command(data: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_manifold"));
    command.arg("--data-dir").arg(data).arg("--quiet");
    command
}

/// Runs a command; its wall time in seconds, and its cost.
fn timed(command: &mut Command) -> (f64, Cost) {
    let begun = Instant::now();
    let cost = run(command);
    (begun.elapsed().as_secs_f64(), cost)
}

fn back_up(data: &Path, backup_type: &str) -> (f64, Cost) {
    let timed = timed(command(data).args(["backup", "create", "bench", "--type", backup_type]));
    std::fs::remove_dir_all(data.join("backups")).unwrap();
    timed
}

/// Milliseconds of transactions.
struct Transactions(Vec<f64>);

impl Transactions {
    fn print(&mut self, what: &str) -> f64 {
        self.0.sort_by(f64::total_cmp);
        let at = |part: f64| self.0[((self.0.len() - 1) as f64 * part) as usize];
        println!(
            "  {what:24} {:6} transactions, p50 {:.2} ms, p99 {:.2} ms, longest {:.2} ms",
            self.0.len(),
            at(0.5),
            at(0.99),
            at(1.0)
        );
        at(0.99)
    }
}

/// Writes to the project until it is told to stop.
fn write_on(data: PathBuf, stop: &AtomicBool) -> Transactions {
    let runtime = tokio::runtime::Builder::new_multi_thread();
    let runtime = { runtime }.worker_threads(1).enable_all().build().unwrap();
    runtime.block_on(async {
        let manager = SqliteManager::open(Layout::new(data), StoreOptions::default());
        let manager = manager.await.unwrap();
        let projects = Projects::new(&manager);
        let id = Projects::id(&projects.find("bench").await.unwrap()).unwrap();
        let mut took = Vec::new();
        while !stop.load(Ordering::Relaxed) {
            let text = format!("described {} times", took.len());
            let begun = Instant::now();
            projects.describe(&id, Some(text)).await.unwrap();
            took.push(begun.elapsed().as_secs_f64() * 1e3);
        }
        Transactions(took)
    })
}

/// The transactions while `work` is done.
fn beside(data: &Path, work: impl FnOnce()) -> Transactions {
    let stop = AtomicBool::new(false);
    std::thread::scope(|scope| {
        let writer = scope.spawn(|| write_on(data.to_owned(), &stop));
        std::thread::sleep(Duration::from_millis(300));
        work();
        stop.store(true, Ordering::Relaxed);
        writer.join().unwrap()
    })
}

fn main() -> ExitCode {
    let mut words = std::env::args().skip(1).filter(|word| word != "--bench");
    let megabytes = words.next().map_or(315, |words| words.parse().unwrap());
    let folder = tempfile::tempdir().unwrap();
    let (data, file) = (folder.path().join("data"), folder.path().join("v1.csv"));
    write(&file, megabytes);
    let made = ["--project", "bench", "--create-project", "--source", "t"];
    run(command(&data).arg("import").arg(&file).args(made));
    std::fs::remove_file(&file).unwrap();
    let project = std::fs::read_dir(data.join("projects")).unwrap();
    let mut project = project.map(|entry| entry.unwrap().path());
    let project = project.find(|path| path.extension().is_some_and(|end| end == "db"));
    let project = project.unwrap();
    let copy = folder.path().join("copy.db");

    let (mut copied, mut saved, mut memory) = (Vec::new(), Vec::new(), 0.0_f64);
    for round in 0..ROUNDS {
        for turn in 0..2 {
            run(&mut Command::new("sync"));
            if (round + turn).is_multiple_of(2) {
                let (cp, to) = (project.display(), copy.display());
                let script = format!("cp '{cp}' '{to}' && sync '{to}'");
                copied.push(timed(Command::new("sh").args(["-c", &script])).0);
                std::fs::remove_file(&copy).unwrap();
            } else {
                let (wall, cost) = back_up(&data, "sqlite");
                saved.push(wall);
                memory = memory.max(cost.memory);
            }
        }
    }
    let size = std::fs::metadata(&project).unwrap().len() / 1_000_000;
    let (copied, saved) = (median(copied), median(saved));
    println!("a project of {size} MB, wall s, medians of {ROUNDS}:");
    println!("  cp && sync               {copied:.3}");
    let ratio = saved / copied;
    println!("  backup, sqlite           {saved:.3}  {ratio:.2} of the copy (at most 1.60)");
    let mut within = ratio <= 1.6;

    let before = beside(&data, || std::thread::sleep(ALONE)).print("a writer alone");
    for backup_type in ["sqlite", "csv", "full", "incremental"] {
        let mut during = beside(&data, || {
            memory = memory.max(back_up(&data, backup_type).1.memory);
        });
        let ratio = during.print(backup_type) / before;
        println!("    p99 {ratio:.2} of that before (at most 2.00)");
        within &= ratio <= 2.0;
    }
    println!("  largest memory {memory:.0} MB (at most 150)");
    if within && memory <= 150.0 {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}
