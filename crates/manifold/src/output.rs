//! The only place that writes to stdout and stderr.
//!
//! stdout carries data, stderr carries talk. With `--json` stdout carries exactly one JSON document and stderr
//! nothing but an error, which is JSON too.

use std::io::{self, Write};

use serde::Serialize;

/// How results and talk are written.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Output {
    /// One JSON document on stdout instead of text.
    pub(crate) json: bool,
    /// No talk, and no confirmation of what was done.
    pub(crate) quiet: bool,
}

/// Why a result could not be written.
#[derive(Debug, thiserror::Error)]
pub(crate) enum OutputError {
    /// Nobody reads it any more (`| head`): no failure.
    #[error("the reader of the output has gone")]
    Closed,
    /// The output is full, or broken.
    #[error("cannot write the output: {0}")]
    Io(#[source] io::Error),
}

impl Output {
    /// Shows what was asked for.
    ///
    /// # Errors
    /// [`OutputError`].
    pub(crate) fn show(
        self,
        document: &impl Serialize,
        text: impl FnOnce() -> String,
    ) -> Result<(), OutputError> {
        if self.json {
            document_to_stdout(document)
        } else {
            lines_to_stdout(&text())
        }
    }

    /// Confirms what was done; with `--quiet` the text is left out, never the JSON document.
    ///
    /// # Errors
    /// [`OutputError`].
    pub(crate) fn confirm(
        self,
        document: &impl Serialize,
        text: impl FnOnce() -> String,
    ) -> Result<(), OutputError> {
        if self.quiet && !self.json {
            Ok(())
        } else {
            self.show(document, text)
        }
    }

    /// Confirms a part of what was done, for people only: a script gets one document at the end.
    ///
    /// # Errors
    /// [`OutputError`].
    pub(crate) fn confirm_lines(self, text: impl FnOnce() -> String) -> Result<(), OutputError> {
        if self.quiet || self.json {
            Ok(())
        } else {
            lines_to_stdout(&text())
        }
    }

    /// Writes the document of a command that has confirmed its parts; for scripts only.
    ///
    /// # Errors
    /// [`OutputError`].
    pub(crate) fn document(self, document: &impl Serialize) -> Result<(), OutputError> {
        if self.json {
            document_to_stdout(document)
        } else {
            Ok(())
        }
    }

    /// Writes one line of a stream: a JSON object, or text.
    ///
    /// # Errors
    /// [`OutputError`].
    pub(crate) fn stream_line(
        self,
        object: &impl Serialize,
        text: impl FnOnce() -> String,
    ) -> Result<(), OutputError> {
        if !self.json {
            return lines_to_stdout(&text());
        }
        let line = serde_json::to_string(object).map_err(io::Error::from)?;
        lines_to_stdout(&line)
    }

    /// Talk on stderr. That it cannot be written is no reason to fail.
    pub(crate) fn note(self, text: &str) {
        if !self.json && !self.quiet {
            drop(writeln!(anstream::stderr().lock(), "{text}"));
        }
    }

    /// Writes a text that ends by itself, such as a script, to stdout.
    ///
    /// # Errors
    /// [`OutputError`].
    pub(crate) fn verbatim(self, bytes: &[u8]) -> Result<(), OutputError> {
        let mut stdout = io::stdout().lock();
        Ok(stdout.write_all(bytes).and_then(|()| stdout.flush())?)
    }
}

/// stdout for much data: buffered, and not taken for a terminal that wants colours.
pub(crate) fn data_stream() -> Box<dyn Write + Send> {
    Box::new(io::BufWriter::with_capacity(1 << 16, io::stdout()))
}

/// How many characters a line of stdout takes, if it is a terminal.
pub(crate) fn terminal_width() -> Option<u16> {
    comfy_table::Table::new().width()
}

/// Writes the line, or the JSON document, that says why the command failed. Nothing is left to do if that fails.
pub(crate) fn error_line(text: &str) {
    drop(writeln!(anstream::stderr().lock(), "{text}"));
}

/// Writes lines to stdout.
///
/// # Errors
/// [`OutputError`].
pub(crate) fn lines_to_stdout(lines: &str) -> Result<(), OutputError> {
    let mut stdout = anstream::stdout().lock();
    let written =
        writeln!(stdout, "{}", lines.trim_end_matches('\n')).and_then(|()| stdout.flush());
    Ok(written?)
}

/// Writes one JSON document to stdout.
///
/// # Errors
/// [`OutputError`].
pub(crate) fn document_to_stdout(document: &impl Serialize) -> Result<(), OutputError> {
    let mut stream = data_stream();
    serde_json::to_writer_pretty(&mut stream, document).map_err(io::Error::from)?;
    stream.write_all(b"\n")?;
    Ok(stream.flush()?)
}

impl From<io::Error> for OutputError {
    fn from(error: io::Error) -> Self {
        if error.kind() == io::ErrorKind::BrokenPipe {
            Self::Closed
        } else {
            Self::Io(error)
        }
    }
}
