//! A file whose tables are known.

use std::io::{Cursor, Read, Seek as _, Write as _};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use manifold_format::{
    ByteProgress, Compression, CsvInput, CsvOptions, CsvReader, FileFormat, JsonOptions,
    JsonReader, OpenInput, Reader, Remembered,
};
use manifold_store::Scratch;
use tokio_util::sync::CancellationToken;

use super::opened_file::open_unpacked;
use super::sqlite_reader::SqliteReader;
use super::{ImportFileError, InputFile, KeptInput, Stoppable};

/// What opening a file needs beside the file.
#[derive(Debug, Clone)]
pub(crate) struct Opening {
    pub(crate) max_cell: u64,
    /// How the source's latest file was read.
    pub(crate) remembered: Option<Remembered>,
    /// Cells that are counted because somebody says that they stand for NULL.
    pub(crate) null_tokens: Arc<[String]>,
    /// Where what can be read only once is kept meanwhile.
    pub(crate) temporary: Option<Scratch>,
    /// Ends reading.
    pub(crate) cancel: CancellationToken,
    /// Is set when `cancel` is cancelled.
    pub(crate) stop: Arc<AtomicBool>,
    /// Counts what is read, for those who watch.
    pub(crate) progress: ByteProgress,
    /// Whether the bytes may have to be kept.
    pub(crate) keep: bool,
}

impl Opening {
    /// Ends reading when `cancel` is cancelled, until the answer is dropped.
    pub(crate) fn stopping(
        &mut self,
        cancel: &CancellationToken,
    ) -> tokio_util::task::AbortOnDropHandle<()> {
        self.cancel = cancel.clone();
        let (cancel, stop) = (cancel.clone(), self.stop.clone());
        tokio_util::task::AbortOnDropHandle::new(tokio::spawn(async move {
            cancel.cancelled().await;
            stop.store(true, Ordering::Relaxed);
        }))
    }

    pub(crate) fn new(max_cell: u64) -> Self {
        Self {
            max_cell,
            remembered: None,
            null_tokens: Arc::default(),
            temporary: None,
            cancel: CancellationToken::new(),
            stop: Arc::default(),
            progress: ByteProgress::default(),
            keep: false,
        }
    }
}

/// A file whose tables are known.
pub(crate) struct OpenedInput {
    pub(crate) reader: Box<dyn Reader>,
    pub(crate) compression: Compression,
    /// The encoding of its text.
    pub(crate) encoding: String,
    /// The bytes of delimited text, should they have to be kept.
    pub(crate) kept: Option<KeptInput>,
}

impl OpenedInput {
    pub(super) fn open(file: &InputFile, opening: &Opening) -> Result<Self, ImportFileError> {
        let member = file.member.as_deref();
        let (mut input, progress) = open_unpacked(file, &opening.progress)?;
        let is_stream = progress.total.is_none();
        let compression = input.compression();
        let mut head = Vec::new();
        let format = match file.format {
            Some(format) => format,
            None => {
                // Of a pipe no more is waited for than what tells the format.
                let wants_more = |head: &[u8]| match is_stream {
                    true => FileFormat::wants_more(head),
                    false => head.len() < FileFormat::HEAD,
                };
                head = vec![0; FileFormat::HEAD];
                let mut read = 0;
                while wants_more(&head[..read]) {
                    match input.read(&mut head[read..]) {
                        Ok(0) => break,
                        Ok(more) => read += more,
                        Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
                        // It is told where it is met again.
                        Err(_) => break,
                    }
                }
                head.truncate(read);
                FileFormat::find(&head, &file.name())
            }
        };
        match format {
            FileFormat::Json | FileFormat::Jsonl => {
                let options = JsonOptions {
                    lines: format == FileFormat::Jsonl,
                    unnest: !file.no_unnest,
                    max_cell: opening.max_cell,
                    null_tokens: opening.null_tokens.clone(),
                    ..JsonOptions::default()
                };
                let open = if is_stream {
                    spooled(file, Cursor::new(head).chain(input), opening)?
                } else {
                    opener(file.clone(), opening, &progress)
                };
                let read = JsonReader::open(open, options, progress);
                let reader = read.map_err(|source| ImportFileError::read(&file.path, source))?;
                Ok(Self {
                    encoding: reader.encoding().name(),
                    reader: Box::new(reader),
                    compression,
                    kept: None,
                })
            }
            FileFormat::Sqlite
                if is_stream || member.is_some() || compression != Compression::None =>
            {
                Err(ImportFileError::PackedDatabase {
                    path: file.path.clone(),
                })
            }
            FileFormat::Sqlite => {
                let reader = SqliteReader::open(file, opening, progress)?;
                Ok(Self {
                    reader: Box::new(reader),
                    compression,
                    encoding: "utf-8".to_owned(),
                    kept: None,
                })
            }
            _ if is_stream => {
                let mut file = file.clone();
                file.format = Some(format);
                let input = Cursor::new(head).chain(input);
                let folder = opening.temporary.as_ref().map(Scratch::folder);
                if !opening.keep {
                    return delimited(&file, input, compression, opening, progress);
                }
                let packed = KeptInput::packing(input, folder);
                let (input, kept) = packed.map_err(|error| file.unreadable(error))?;
                Ok(Self {
                    kept: Some(kept),
                    ..delimited(&file, input, compression, opening, progress)?
                })
            }
            _ => {
                // From the first byte on, so that errors are met where they are.
                let mut file = file.clone();
                file.format = Some(format);
                let (input, progress) = open_unpacked(&file, &progress)?;
                let kept = opening.keep.then(|| {
                    // What is read for this counts for nobody.
                    let open = opener(file.clone(), opening, &ByteProgress::default());
                    KeptInput::again(open, opening.temporary.as_ref().map(Scratch::folder))
                });
                Ok(Self {
                    kept,
                    ..delimited(&file, input, compression, opening, progress)?
                })
            }
        }
    }
}

fn delimited<R: Read + Send + 'static>(
    file: &InputFile,
    input: R,
    compression: Compression,
    opening: &Opening,
    progress: ByteProgress,
) -> Result<OpenedInput, ImportFileError> {
    let unreadable = |source| ImportFileError::read(&file.path, source);
    let reading = file.reading();
    let asked = reading.asked(opening.remembered).map_err(unreadable)?;
    let options = CsvOptions {
        strict: reading.strict,
        all_tables: reading.all_tables,
        max_cell: opening.max_cell,
        null_tokens: opening.null_tokens.clone(),
        ..CsvOptions::default()
    };
    let reader = CsvReader::detect(input, &asked, options).map_err(unreadable)?;
    Ok(OpenedInput {
        encoding: reader.options().encoding.name(),
        reader: Box::new(CsvInput::new(reader, progress)),
        compression,
        kept: None,
    })
}

/// Opens a file, with its compression taken off, as often as it is called. What it counts begins anew each time.
fn opener(file: InputFile, opening: &Opening, progress: &ByteProgress) -> OpenInput {
    let (progress, cancel) = (progress.clone(), opening.cancel.clone());
    Arc::new(move || {
        let opened = open_unpacked(&file, &progress);
        let (input, _) = opened.map_err(std::io::Error::other)?;
        Ok(Box::new(Stoppable {
            inner: input,
            cancel: cancel.clone(),
        }))
    })
}

/// Keeps what can be read only once in a temporary file, which is gone when nobody has it open.
fn spooled(
    file: &InputFile,
    input: impl Read + Send + 'static,
    opening: &Opening,
) -> Result<OpenInput, ImportFileError> {
    let unreadable = |source| file.unreadable(source);
    let cancel = opening.cancel.clone();
    let mut input = Stoppable {
        inner: input,
        cancel,
    };
    let made = match &opening.temporary {
        Some(scratch) => scratch.file(),
        None => tempfile::NamedTempFile::new(),
    };
    let mut kept = made.map_err(unreadable)?;
    std::io::copy(&mut input, kept.as_file_mut()).map_err(unreadable)?;
    kept.flush().map_err(unreadable)?;
    let (kept, cancel) = (Arc::new(kept), opening.cancel.clone());
    Ok(Arc::new(move || {
        let mut input = kept.reopen()?;
        input.rewind()?;
        Ok(Box::new(Stoppable {
            inner: input,
            cancel: cancel.clone(),
        }))
    }))
}
