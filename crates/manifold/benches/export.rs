//! CPU and memory of `manifold export` to CSV beside `sqlite3 -csv` reading the same rows from the same table, in the same run.
//!
//! `cargo bench --bench export [-- ROWS]`: imports ROWS x 8 mixed columns (1,000,000 by default) and exports them, in
//! interleaved rounds; medians and ratios are printed, and how much more memory ten times the rows take. `sqlite3` reads the table in which the
//! project stores the rows. Needs `sqlite3` on the path, and Linux for the accounting of finished processes.
#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    clippy::disallowed_methods,
    missing_docs
)]

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};

mod support;

use support::{manifold, median, row, run};

const ROUNDS: usize = 5;

/// The most CPU, in that of `sqlite3`.
const MOST: f64 = 1.2;

fn write(path: &Path, rows: u64) {
    let mut file = std::io::BufWriter::new(std::fs::File::create(path).unwrap());
    file.write_all(b"id,name,email,city,qty,amount,updated_at,active\n")
        .unwrap();
    for number in 1..=rows {
        file.write_all(row(number, 0).as_bytes()).unwrap();
    }
    file.flush().unwrap();
}

/// The rows of the project's only source, as they are stored.
fn sqlite3(data: &Path) -> Command {
    let spoke = std::fs::read_dir(data.join("projects")).unwrap();
    let mut spoke = spoke.map(|entry| entry.unwrap().path());
    let spoke = spoke.find(|path| path.extension().is_some_and(|extension| extension == "db"));
    let mut command = Command::new("sqlite3");
    command
        .args(["-csv", "-header"])
        .arg(spoke.unwrap())
        .arg("SELECT c1, c2, c3, c4, c5, c6, c7, c8 FROM d1 ORDER BY _rid");
    command
}

fn export(data: &Path, to: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_manifold"));
    command
        .arg("--data-dir")
        .arg(data)
        .args([
            "--quiet", "--yes", "export", "bench", "--source", "t", "--to",
        ])
        .arg(to);
    command
}

/// A data folder with so many rows.
fn filled(folder: &Path, rows: u64) -> PathBuf {
    let (file, data) = (folder.join("in.csv"), folder.join(format!("data{rows}")));
    write(&file, rows);
    run(&mut manifold(&data, &file));
    data
}

fn main() -> ExitCode {
    if Command::new("sqlite3").arg("--version").output().is_err() {
        println!("skipped: sqlite3 is not on the path");
        return ExitCode::SUCCESS;
    }
    let rows: u64 = std::env::args()
        .skip(1)
        .find_map(|word| word.parse().ok())
        .unwrap_or(1_000_000);
    let folder = tempfile::tempdir().unwrap();
    let (data, few) = (
        filled(folder.path(), rows),
        filled(folder.path(), rows / 10),
    );
    let out = folder.path().join("out.csv");

    let (mut peer, mut exported, mut memory, mut of_few) = (vec![], vec![], 0.0_f64, 0.0_f64);
    for _ in 0..ROUNDS {
        peer.push(run(&mut sqlite3(&data)).cpu);
        let cost = run(&mut export(&data, &out));
        exported.push(cost.cpu);
        memory = memory.max(cost.memory);
        of_few = of_few.max(run(&mut export(&few, &out)).memory);
    }
    let [peer, exported] = [peer, exported].map(median);
    let (ratio, growth) = (exported / peer, memory - of_few);
    println!("{rows} rows x 8, CPU s, medians of {ROUNDS}:");
    println!("  sqlite3 -csv      {peer:.3}");
    println!("  manifold export   {exported:.3}  {ratio:.2} of sqlite3 (at most {MOST:.2})");
    println!(
        "  largest memory    {memory:.0} MB, {growth:.0} more than with a tenth of the rows (at most 8)"
    );
    if ratio <= MOST && growth <= 8.0 {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}
