//! `cargo xtask soak`: the fuzz targets, and the long suites, again and again with other random numbers.

use std::fmt;
use std::process::Command;
use std::time::{Duration, Instant, SystemTime};

use anyhow::{Context, bail};
use clap::Args;

/// What is repeated: the property tests, the differential fuzz of the row log, workers that are killed, backups of any history,
/// beside writers and killed, and whole-system histories and crashes.
const SUITES: [&[&str]; 7] = [
    &["-p", "manifold-format"],
    &["-p", "manifold-store", "--lib"],
    &["-p", "manifold-jobs", "--test", "engine"],
    &["-p", "manifold-jobs", "--test", "backup"],
    &["-p", "manifold-jobs", "--test", "backup_faults"],
    &["-p", "manifold-jobs", "--test", "backup_kills"],
    &["-p", "manifold-tests"],
];

/// Generated cases of each property test; `cargo test` has 256 to 4,096.
const CASES: u64 = 5_000;

/// How often tests with rounds of their own do them.
const ROUNDS: u64 = 5;

/// Kills of the tests that keep a journal, of workers, and of backups.
const KILLS: u64 = 2_000;

/// For how many seconds backups of each type are made beside a writer.
const BUSY_SECONDS: u64 = 600;

/// Run the fuzz targets, then repeat the long suites with more cases and new random numbers until the time is over; stop at
/// the first failure and say how to repeat it.
#[derive(Debug, Args)]
pub(crate) struct Soak {
    /// For how long new runs are begun.
    #[arg(long, default_value_t = 30)]
    minutes: u64,
}

/// One run of a suite.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Run {
    suite: &'static [&'static str],
    seed: u64,
}

impl Soak {
    pub(crate) fn run(self) -> anyhow::Result<()> {
        let (begin, time) = (Instant::now(), Duration::from_secs(self.minutes * 60));
        let seed = clock();
        crate::fuzz::run(seed)?;
        let runs = soak(seed, || begin.elapsed() < time, Run::passes)?;
        let minutes = begin.elapsed().as_secs() / 60;
        println!("soak: {runs} runs passed in {minutes} minutes");
        Ok(())
    }
}

/// Runs every suite once, and then on while `more` says so; the number of runs.
fn soak(
    seed: u64,
    mut more: impl FnMut() -> bool,
    mut passes: impl FnMut(&Run) -> anyhow::Result<bool>,
) -> anyhow::Result<usize> {
    let mut done = 0;
    for round in 0.. {
        for suite in SUITES {
            if done >= SUITES.len() && !more() {
                return Ok(done);
            }
            let seed = seed.wrapping_add(round);
            let run = Run { suite, seed };
            println!("soak: {run}");
            if !passes(&run)? {
                bail!("it failed; repeat it with\n  {run}");
            }
            done += 1;
        }
    }
    Ok(done)
}

impl Run {
    fn variables(&self) -> [(&'static str, u64); 5] {
        [
            ("PROPTEST_CASES", CASES),
            ("MANIFOLD_ROUNDS", ROUNDS),
            ("MANIFOLD_KILLS", KILLS),
            ("MANIFOLD_BUSY_SECONDS", BUSY_SECONDS),
            ("MANIFOLD_SEED", self.seed),
        ]
    }

    fn passes(&self) -> anyhow::Result<bool> {
        let status = Command::new("cargo")
            .arg("test")
            .args(self.suite)
            .envs(
                self.variables()
                    .map(|(name, value)| (name, value.to_string())),
            )
            .current_dir(crate::workspace_root())
            .status()
            .context("cannot start `cargo`")?;
        Ok(status.success())
    }
}

impl fmt::Display for Run {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (name, value) in self.variables() {
            write!(f, "{name}={value} ")?;
        }
        write!(f, "cargo test {}", self.suite.join(" "))
    }
}

/// A number that no earlier soak began with.
fn clock() -> u64 {
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
    now.map_or(1, |now| now.as_secs())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_suite_runs_and_then_on_until_the_time_is_over() {
        let mut seen = Vec::new();
        let mut left = 2;
        let runs = soak(
            7,
            || {
                left -= 1;
                left >= 0
            },
            |run| {
                seen.push((run.suite, run.seed));
                Ok(true)
            },
        );
        assert_eq!(runs.unwrap(), SUITES.len() + 2);
        assert_eq!(seen[SUITES.len() - 1], (SUITES[SUITES.len() - 1], 7));
        assert_eq!(seen[SUITES.len()], (SUITES[0], 8), "other random numbers");
    }

    #[test]
    fn the_first_failure_ends_it_and_says_how_to_repeat_it() {
        let mut runs = 0;
        let failed = soak(
            7,
            || true,
            |run| {
                runs += 1;
                Ok(run.suite != SUITES[1])
            },
        );
        assert_eq!(runs, 2);
        assert_eq!(
            failed.unwrap_err().to_string(),
            "it failed; repeat it with\n  PROPTEST_CASES=5000 MANIFOLD_ROUNDS=5 MANIFOLD_KILLS=2000 \
             MANIFOLD_BUSY_SECONDS=600 MANIFOLD_SEED=7 \
             cargo test -p manifold-store --lib"
        );
    }
}
