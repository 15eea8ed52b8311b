//! The fuzz targets of the readers, where `cargo-fuzz` is installed.

use std::process::{Command, Stdio};

use anyhow::{Context, bail};

/// The binaries of `fuzz/Cargo.toml`, one for each reader.
const TARGETS: [&str; 6] = [
    "csv_detected",
    "csv_dialect",
    "json",
    "jsonl",
    "zip",
    "compression",
];

/// For how long each target runs, in seconds.
const SECONDS: u64 = 60;

/// Runs each target for a minute; says so when there is nobody to run them.
///
/// # Errors
/// When a target finds something, with how to repeat it.
pub(crate) fn run(seed: u64) -> anyhow::Result<()> {
    if !is_installed() {
        println!(
            "soak: the fuzz targets are left out: cargo-fuzz is not installed (`cargo install cargo-fuzz`)"
        );
        return Ok(());
    }
    for target in TARGETS {
        println!("soak: cargo fuzz run {target}, {SECONDS} seconds");
        let status = fuzz(&["run", target, "--"])
            .arg(format!("-max_total_time={SECONDS}"))
            .arg(format!("-seed={}", seed % u64::from(u32::MAX)))
            .status()
            .context("cannot start `cargo fuzz`")?;
        if !status.success() {
            bail!(
                "the fuzz target {target} found something: `cargo fuzz run {target} FILE` repeats it, with the file named above"
            );
        }
    }
    Ok(())
}

fn is_installed() -> bool {
    let version = fuzz(&["--version"])
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status();
    version.is_ok_and(|status| status.success())
}

/// libFuzzer's instrumentation is an unstable option of the compiler, whichever it is.
fn fuzz(arguments: &[&str]) -> Command {
    let mut command = Command::new("cargo");
    command
        .arg("fuzz")
        .args(arguments)
        .env("RUSTC_BOOTSTRAP", "1")
        .current_dir(crate::workspace_root());
    command
}

#[cfg(test)]
mod tests {
    use super::TARGETS;

    #[test]
    fn every_target_is_run() {
        let manifest = crate::workspace_root().join("fuzz/Cargo.toml");
        let manifest = std::fs::read_to_string(manifest).unwrap();
        let bins = manifest.split("[[bin]]").skip(1);
        let names: Vec<&str> = bins
            .filter_map(|bin| bin.split_once("name = \"")?.1.split('"').next())
            .collect();
        assert_eq!(names, TARGETS);
    }
}
