//! Whether the twentieth later import of a source costs what the first one did, in the same run.
//!
//! `cargo bench --bench repeated [-- ROWS]`: imports a file of ROWS x 8 mixed columns (1,000,000 by default), then twenty more
//! versions of it, in each of which another 1 % of the rows changed. Prints the CPU time of the first three and the last three
//! of these, how much the project's file grew, and the largest memory. Then the file reversed, once.
#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    clippy::disallowed_methods,
    missing_docs
)]

use std::io::Write as _;
use std::path::Path;
use std::process::ExitCode;

mod support;

use support::{Cost, manifold, median, row, run};

const IMPORTS: u64 = 20;

/// The file after `imports` changes, each to another 1 % of the rows.
fn write(path: &Path, rows: u64, imports: u64, reversed: bool) {
    let mut file = std::io::BufWriter::new(std::fs::File::create(path).unwrap());
    file.write_all(b"id,name,email,city,qty,amount,updated_at,active\n")
        .unwrap();
    for nth in 1..=rows {
        let number = if reversed { rows + 1 - nth } else { nth };
        let changed = (1..=imports).contains(&(number % 100));
        file.write_all(row(number, u64::from(changed)).as_bytes())
            .unwrap();
    }
    file.flush().unwrap();
}

fn project_bytes(data: &Path) -> f64 {
    let files = std::fs::read_dir(data.join("projects")).unwrap();
    let bytes = files.map(|file| file.unwrap().metadata().unwrap().len());
    bytes.sum::<u64>() as f64
}

fn main() -> ExitCode {
    let rows = std::env::args()
        .skip(1)
        .find_map(|word| word.parse().ok())
        .unwrap_or(1_000_000);
    let folder = tempfile::tempdir().unwrap();
    let (file, data) = (folder.path().join("v.csv"), folder.path().join("data"));
    let import = |imports, reversed| {
        write(&file, rows, imports, reversed);
        run(&mut manifold(&data, &file))
    };
    let first = import(0, false);
    let before = project_bytes(&data);
    let later: Vec<Cost> = (1..=IMPORTS).map(|nth| import(nth, false)).collect();
    let growth = project_bytes(&data) / before - 1.0;
    let reversed = import(IMPORTS, true);
    let cpu = |costs: &[Cost]| median(costs.iter().map(|cost| cost.cpu).collect());
    let (begin, end) = (cpu(&later[..3]), cpu(&later[later.len() - 3..]));
    let costs = later.iter().chain([&first, &reversed]);
    let memory = costs.map(|cost| cost.memory).fold(0.0, f64::max);
    println!("{rows} rows x 8, CPU s:");
    println!("  first import             {:.2}", first.cpu);
    println!("  first three later ones   {begin:.2}  median");
    println!(
        "  last three of {IMPORTS}         {end:.2}  ratio {:.2} (at most 1.20)",
        end / begin
    );
    println!(
        "  growth of the file       {:.1} % (at most 30)",
        growth * 100.0
    );
    println!("  the file reversed        {:.2}", reversed.cpu);
    println!("  largest memory           {memory:.0} MB (at most 150)");
    if end <= begin * 1.2 && growth <= 0.3 && memory <= 150.0 {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}
