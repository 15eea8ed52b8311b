//! `rustfmt`, as `cargo fmt` would run it.

use std::io::Write;
use std::process::{Command, Stdio};

use anyhow::{Context, ensure};

/// Formats a source text with the workspace's toolchain.
pub(super) fn format(source: &str) -> anyhow::Result<String> {
    let mut rustfmt = Command::new("rustfmt")
        .args(["--edition", "2024", "--emit", "stdout"])
        .current_dir(crate::workspace_root())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .context("cannot start `rustfmt`: install it with `rustup component add rustfmt`")?;
    // rustfmt reads to the end before it writes, so neither pipe can fill up and block the other.
    rustfmt
        .stdin
        .take()
        .context("`rustfmt` has no standard input")?
        .write_all(source.as_bytes())?;
    let output = rustfmt.wait_with_output()?;
    ensure!(
        output.status.success(),
        "`rustfmt` refused generated source"
    );
    Ok(String::from_utf8(output.stdout)?)
}
