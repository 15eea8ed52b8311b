//! `cargo xtask bench`: the benches that compare the store with others; `docs/BENCHMARKS.md` says what they measure.

use std::fs::DirBuilder;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, ensure};
use clap::{Args, Subcommand, ValueEnum};

/// Measure a release build, and print JSON lines.
#[derive(Debug, Args)]
pub(crate) struct Bench {
    #[command(subcommand)]
    suite: Suite,
}

#[derive(Debug, Subcommand)]
enum Suite {
    /// Everyday work on open projects: make, read, insert, list, import, back up
    Wcore {
        #[command(flatten)]
        size: Size,
        /// Projects
        #[arg(long, default_value_t = 200, value_parser = clap::value_parser!(u32).range(1..))]
        n: u32,
        /// A script that measures peers, run in turn with ours as `SCRIPT FOLDER/peers 1`; its lines are printed too
        #[arg(long, value_name = "SCRIPT")]
        peers: Option<PathBuf>,
    },
    /// Ten thousand projects: make, list, open one after the other
    Fleet {
        #[command(flatten)]
        size: Size,
        /// Projects
        #[arg(long, default_value_t = 10_000, value_parser = clap::value_parser!(u32).range(200..))]
        n: u32,
    },
}

/// What every suite takes.
#[derive(Debug, Args)]
struct Size {
    /// How durable a commit is
    #[arg(long, value_enum, default_value_t = Profile::Both)]
    profile: Profile,
    /// Projects that are made at the same time
    #[arg(long, default_value_t = 8, value_parser = clap::value_parser!(u32).range(1..=64))]
    creators: u32,
    /// How often everything is measured
    #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..))]
    runs: u32,
    /// Where the data folders are made, on the disk to be measured [default: a folder among the temporary files]
    #[arg(long, value_name = "DIR")]
    folder: Option<PathBuf>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Profile {
    /// `store.durability = relaxed`
    Wal,
    /// The default durability
    Full,
    /// One after the other
    Both,
}

impl Profile {
    fn names(self) -> &'static [&'static str] {
        match self {
            Self::Wal => &["wal"],
            Self::Full => &["full"],
            Self::Both => &["wal", "full"],
        }
    }
}

impl Size {
    fn folder(&self) -> anyhow::Result<PathBuf> {
        let default = || std::env::temp_dir().join("manifold-bench");
        let folder = self.folder.clone().unwrap_or_else(default);
        DirBuilder::new()
            .recursive(true)
            .create(&folder)
            .with_context(|| format!("cannot make the folder `{}`", folder.display()))?;
        Ok(std::path::absolute(folder)?)
    }
}

impl Bench {
    pub(crate) fn run(self) -> anyhow::Result<()> {
        match self.suite {
            Suite::Wcore { size, n, peers } => {
                let folder = size.folder()?;
                let peers = peers.map(std::path::absolute).transpose()?;
                build(&["bench", "--workspace", "--no-run", "--bench", "wcore"])?;
                for _ in 0..size.runs {
                    if let Some(script) = &peers {
                        measure_peers(script, &folder.join("peers"))?;
                    }
                    for profile in size.profile.names() {
                        measure("wcore", profile, n, &size, &folder, None)?;
                    }
                }
            }
            Suite::Fleet { size, n } => {
                let folder = size.folder()?;
                // With the features of the whole workspace, so that nothing is built twice.
                build(&["build", "--workspace", "--release", "--bin", "manifold"])?;
                build(&["bench", "--workspace", "--no-run", "--bench", "fleet"])?;
                let program = program()?;
                for _ in 0..size.runs {
                    for profile in size.profile.names() {
                        let program = Some(program.as_path());
                        measure("fleet", profile, n, &size, &folder, program)?;
                    }
                }
            }
        }
        Ok(())
    }
}

/// The command that `cargo build --release -p manifold` makes: this program is in the folder beside it.
fn program() -> anyhow::Result<PathBuf> {
    let this = std::env::current_exe()?;
    let target = this.parent().and_then(Path::parent);
    let target = target.context("this program is in no target folder")?;
    let name = format!("manifold{}", std::env::consts::EXE_SUFFIX);
    Ok(target.join("release").join(name))
}

/// Builds before anything is measured; what cargo says goes to stderr.
fn build(arguments: &[&str]) -> anyhow::Result<()> {
    succeed(cargo().args(arguments))
}

fn measure(
    bench: &str,
    profile: &str,
    n: u32,
    size: &Size,
    folder: &Path,
    program: Option<&Path>,
) -> anyhow::Result<()> {
    let mut command = cargo();
    command
        .args(["bench", "--quiet", "--workspace", "--bench", bench, "--"])
        .args([profile, &n.to_string(), &size.creators.to_string()])
        .arg(folder)
        .args(program);
    succeed(&mut command)
}

fn measure_peers(script: &Path, scratch: &Path) -> anyhow::Result<()> {
    succeed(Command::new(script).arg(scratch).arg("1"))
}

fn cargo() -> Command {
    let mut command = Command::new("cargo");
    command
        .current_dir(crate::workspace_root())
        .stdin(Stdio::null());
    command
}

fn succeed(command: &mut Command) -> anyhow::Result<()> {
    let name = command.get_program().display().to_string();
    let status = command
        .status()
        .with_context(|| format!("cannot start `{name}`"))?;
    ensure!(status.success(), "`{name}` ended with {status}");
    Ok(())
}
