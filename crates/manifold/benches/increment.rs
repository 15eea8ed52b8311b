//! What an incremental backup costs beside the first one.
//!
//! `cargo bench --bench increment [-- ROWS [SCRIPT]]`: imports a file of ROWS x 8 mixed columns (1,000,000 by default) and saves it, then a
//! second version with 1 % of its rows changed, and saves that; in rounds, each in a data folder of its own. With SCRIPT the two files are
//! those that `SCRIPT FOLDER --rows ROWS` writes, `v1.csv` and `v2.csv`. Bytes, CPU and wall time are printed, and their ratios to the first.
//! Fails above 3 % of the bytes or a tenth of the time. Needs Linux, for the accounting of finished processes.
#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    clippy::disallowed_methods,
    missing_docs
)]

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};
use std::time::Instant;

mod support;

use support::{manifold, median, row, run};

const ROUNDS: usize = 5;

fn write(path: &Path, rows: u64, second: bool) {
    let mut file = std::io::BufWriter::new(std::fs::File::create(path).unwrap());
    file.write_all(b"id,name,email,city,qty,amount,updated_at,active\n")
        .unwrap();
    for number in 1..=rows {
        let changed = second && number % 100 == 7;
        file.write_all(row(number, u64::from(changed)).as_bytes())
            .unwrap();
    }
    file.flush().unwrap();
}

/// Bytes of every file in a folder.
fn bytes(folder: &Path) -> u64 {
    let Ok(entries) = std::fs::read_dir(folder) else {
        return 0;
    };
    entries
        .map(|entry| {
            let entry = entry.unwrap();
            let metadata = entry.metadata().unwrap();
            if metadata.is_dir() {
                bytes(&entry.path())
            } else {
                metadata.len()
            }
        })
        .sum()
}

/// CPU and wall time in seconds, the largest memory in MB, and bytes that came.
struct Saved {
    cpu: f64,
    memory: f64,
    wall: f64,
    bytes: u64,
}

fn save(data: &Path) -> Saved {
    let backups = data.join("backups");
    let before = bytes(&backups);
    let mut command = Command::new(env!("CARGO_BIN_EXE_manifold"));
    command.arg("--data-dir").arg(data).args([
        "--quiet",
        "backup",
        "create",
        "bench",
        "--type",
        "incremental",
    ]);
    let begun = Instant::now();
    let cost = run(&mut command);
    Saved {
        cpu: cost.cpu,
        memory: cost.memory,
        wall: begun.elapsed().as_secs_f64(),
        bytes: bytes(&backups) - before,
    }
}

fn main() -> ExitCode {
    let mut words = std::env::args().skip(1).filter(|word| word != "--bench");
    let rows = words.next().map_or(1_000_000, |rows| rows.parse().unwrap());
    let folder = tempfile::tempdir().unwrap();
    let files: [PathBuf; 2] = ["v1.csv", "v2.csv"].map(|name| folder.path().join(name));
    match words.next() {
        Some(script) => {
            let mut made = Command::new(script);
            made.arg(folder.path()).args(["--rows", &rows.to_string()]);
            assert!(made.status().unwrap().success());
        }
        None => {
            write(&files[0], rows, false);
            write(&files[1], rows, true);
        }
    }
    let (mut first, mut second) = (Vec::new(), Vec::new());
    for round in 0..ROUNDS {
        let data = folder.path().join(format!("data{round}"));
        for (file, saved) in files.iter().zip([&mut first, &mut second]) {
            run(&mut manifold(&data, file));
            saved.push(save(&data));
        }
        std::fs::remove_dir_all(&data).unwrap();
    }
    println!("{rows} rows x 8, medians of {ROUNDS}:");
    let mut within = true;
    let mut line = |what: &str, most: f64, value: fn(&Saved) -> f64| {
        let of = |saved: &[Saved]| median(saved.iter().map(value).collect());
        let (whole, new) = (of(&first), of(&second));
        let ratio = new / whole;
        within &= ratio <= most;
        println!("  {what:8} first {whole:12.3}  1 % {new:12.3}  {ratio:.4} (at most {most:.2})");
    };
    line("bytes", 0.03, |saved| saved.bytes as f64);
    line("CPU s", 0.1, |saved| saved.cpu);
    line("wall s", 0.1, |saved| saved.wall);
    let memory = first.iter().chain(&second).map(|saved| saved.memory);
    let memory = memory.fold(0.0, f64::max);
    println!("  largest memory {memory:.0} MB (at most 150)");
    if within && memory <= 150.0 {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}
