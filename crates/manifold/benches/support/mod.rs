//! What the benches of imports have in common: files, processes and what they cost.

use std::path::Path;
use std::process::{Command, Stdio};

/// CPU time of one finished process in seconds, user and system, and its largest memory in MB.
pub(crate) struct Cost {
    pub(crate) cpu: f64,
    pub(crate) memory: f64,
}

pub(crate) fn run(command: &mut Command) -> Cost {
    // The shell counts milliseconds, the program hundredths of a second, and the memory too.
    let script = "TIMEFORMAT='%3U %3S'; time /usr/bin/time -f %M \"$@\"";
    let time = Command::new("bash")
        .args(["-c", script, "time"])
        .arg(command.get_program())
        .args(command.get_args())
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&time.stderr).into_owned();
    assert!(time.status.success(), "{said}");
    let figures = said.split_ascii_whitespace().rev();
    let figures: Vec<f64> = figures.take(3).map(|word| word.parse().unwrap()).collect();
    let [system, user, memory] = figures[..] else {
        panic!("{said}");
    };
    Cost {
        cpu: user + system,
        memory: memory / 1024.0,
    }
}

pub(crate) fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

/// One row of the file; `version` changes the amount.
pub(crate) fn row(number: u64, version: u64) -> String {
    const CITIES: [&str; 5] = ["Oslo", "Zürich", "\"New York, NY\"", "東京", "Lima"];
    let mixed = number.wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 20;
    let quantity = if mixed.is_multiple_of(20) {
        String::new()
    } else {
        (mixed % 100_000).to_string()
    };
    format!(
        "{number},Anna Bertonson{},u{number}@ex{}.example,{},{quantity},{}.{:02},2020-{:02}-{:02} {:02}:{:02}:{:02},{}\n",
        mixed % 64,
        mixed % 500,
        CITIES[(mixed % 5) as usize],
        (mixed + version) % 100_000,
        mixed % 100,
        1 + mixed % 12,
        1 + mixed % 28,
        mixed % 24,
        mixed % 60,
        mixed % 59,
        mixed.is_multiple_of(2),
    )
}

pub(crate) fn manifold(data: &Path, file: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_manifold"));
    command
        .arg("--data-dir")
        .arg(data)
        .arg("--quiet")
        .args(["import"])
        .arg(file)
        .args([
            "--project",
            "bench",
            "--create-project",
            "--source",
            "t",
            "--key",
            "id",
        ]);
    command
}
