//! Why a file cannot be imported.

use std::path::{Path, PathBuf};

use manifold_format::{ReadError, UnpackError, ZipError};
use manifold_store::rows::ImportError;
use manifold_store::{ForeignError, RowLogError};

use crate::JobError;

/// Why a file cannot be imported. Nothing was changed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ImportFileError {
    /// There is no such file.
    #[error("there is no file {}; check the path", path.display())]
    Missing {
        /// The file.
        path: PathBuf,
    },
    /// The path names a folder.
    #[error("{} is a folder; name a file in it", path.display())]
    Folder {
        /// The folder.
        path: PathBuf,
    },
    /// The file is one that the store keeps its own data in.
    #[error("{} is part of this store: query the project, or clone it", path.display())]
    OfStore {
        /// The file.
        path: PathBuf,
    },
    /// The file cannot be opened.
    #[error("cannot open {}: {source}; check who may read it", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What the system says.
        source: std::io::Error,
    },
    /// A key column is not in the file.
    #[error("{} has no key column `{key}`, its columns are: {}", path.display(), columns.join(", "))]
    MissingKeyColumn {
        /// The file.
        path: PathBuf,
        /// The key column.
        key: String,
        /// The file's columns.
        columns: Vec<String>,
    },
    /// Something is said about a column that is not in the file.
    #[error("{} has no column `{column}`, its columns are: {}", path.display(), columns.join(", "))]
    MissingColumn {
        /// The file.
        path: PathBuf,
        /// The column that was named.
        column: String,
        /// The file's columns.
        columns: Vec<String>,
    },
    /// The file has no such table.
    #[error("{} has no table `{table}`, it has: {}", path.display(), tables.join(", "))]
    NoTable {
        /// The file.
        path: PathBuf,
        /// The table that was asked for.
        table: String,
        /// The tables that have names.
        tables: Vec<String>,
    },
    /// A zip archive, or a file in it, cannot be read.
    #[error("{}: {source}", path.display())]
    Zip {
        /// The archive.
        path: PathBuf,
        /// What is wrong.
        source: ZipError,
    },
    /// A zip archive has no such file.
    #[error("{} has no file `{member}` in it", path.display())]
    NoMember {
        /// The archive.
        path: PathBuf,
        /// The file that was asked for.
        member: String,
    },
    /// A zip archive that was fetched has several files, or none.
    #[error("{} is a zip archive with {} files ({}): fetch it, and import the archive or a file in it", path.display(), names.len(), names.join(", "))]
    SeveralMembers {
        /// The archive.
        path: PathBuf,
        /// The first of its files.
        names: Vec<String>,
    },
    /// The database has no table.
    #[error("{} has no table with rows; views are not imported", path.display())]
    NoTables {
        /// The file.
        path: PathBuf,
    },
    /// A pipe holds what can be imported only when its format is known before.
    #[error("{} holds {format} with several tables: give --format {format}", path.display())]
    TablesFromPipe {
        /// The pipe.
        path: PathBuf,
        /// The format that was found.
        format: &'static str,
    },
    /// A database that is packed, or comes out of a pipe.
    #[error("{} is an SQLite database that cannot be read where it is: unpack it into a file first", path.display())]
    PackedDatabase {
        /// The file.
        path: PathBuf,
    },
    /// A database cannot be read.
    #[error(transparent)]
    Database(Box<ForeignError>),
    /// A cell or a record is larger than `import.max_cell` allows.
    #[error("{}: {source} (`manifold settings set import.max_cell BYTES`)", path.display())]
    TooLarge {
        /// The file.
        path: PathBuf,
        /// Where, and the limit.
        source: ReadError,
    },
    /// The file is not what it should be.
    #[error("{}: {source}", path.display())]
    Format {
        /// The file.
        path: PathBuf,
        /// What is wrong with it, and where.
        source: ReadError,
    },
}

impl ImportFileError {
    /// What the reader of the file's format said.
    pub(crate) fn read(path: &Path, source: ReadError) -> Self {
        let path = path.to_owned();
        let source = match source {
            ReadError::Other(other) => match other.downcast() {
                Ok(error) => return Self::Database(error),
                Err(other) => ReadError::Other(other),
            },
            source => source,
        };
        match source {
            ReadError::CellTooLarge { .. } | ReadError::RecordTooLarge { .. } => {
                Self::TooLarge { path, source }
            }
            _ => Self::Format { path, source },
        }
    }

    /// The stable name of this error, as scripts see it.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Missing { .. } => "file_missing",
            Self::Folder { .. } => "file_is_folder",
            Self::OfStore { .. } => "file_of_store",
            Self::Unreadable { .. } => "file_unreadable",
            Self::MissingKeyColumn { .. } => "missing_key_column",
            Self::MissingColumn { .. } => "missing_column",
            Self::Zip { .. } => "unreadable_zip",
            Self::SeveralMembers { .. } => "several_files",
            Self::NoMember { .. } => "file_missing",
            Self::NoTables { .. } | Self::NoTable { .. } => "no_table",
            Self::TablesFromPipe { .. } => "tables_from_pipe",
            Self::PackedDatabase { .. } => "packed_database",
            Self::Database(error) => match &**error {
                ForeignError::TooLarge { .. } => "cell_too_large",
                ForeignError::Changed { .. } => "input_changed",
                _ => "unreadable_database",
            },
            Self::TooLarge { .. } => "cell_too_large",
            Self::Format { source, .. } => match source {
                ReadError::Empty => "empty_file",
                ReadError::Io { .. } => "file_unreadable",
                ReadError::Packed { source, .. } => match source {
                    UnpackError::Bomb { .. } => "expands_too_much",
                    _ => "damaged_gzip",
                },
                ReadError::Encoding { .. } => "unsupported_encoding",
                ReadError::Binary { .. } => "binary_file",
                ReadError::NotAHeader { .. } => "not_a_header",
                ReadError::TooManyColumns { .. } => "too_many_columns",
                ReadError::NoUsableRows { .. } => "no_usable_rows",
                ReadError::Delimiter { .. } => "invalid_delimiter",
                ReadError::Json { .. } | ReadError::NoRecords { .. } => "invalid_json",
                ReadError::TooManyTables { .. } => "too_many_tables",
                ReadError::Changed => "input_changed",
                _ => "input",
            },
        }
    }
}

impl From<ImportFileError> for JobError {
    fn from(error: ImportFileError) -> Self {
        Self::failed(error.code(), &error)
    }
}

/// The error of an import of the file at `path`.
pub(crate) fn import_error(path: &Path, error: RowLogError) -> JobError {
    match error {
        RowLogError::Import(ImportError::Records(cause)) => match cause.downcast::<ReadError>() {
            Ok(read) => ImportFileError::read(path, *read).into(),
            Err(other) => JobError::failed("input", &format!("{}: {other}", path.display())),
        },
        RowLogError::Import(ImportError::MissingKeyColumn { key, columns }) => {
            ImportFileError::MissingKeyColumn {
                path: path.to_owned(),
                key,
                columns,
            }
            .into()
        }
        RowLogError::Import(
            refused @ (ImportError::NoColumns
            | ImportError::TooManyColumns { .. }
            | ImportError::WrongWidth { .. }
            | ImportError::NothingToRename { .. }
            | ImportError::NoStoredColumn { .. }
            | ImportError::NoIncomingColumn { .. }
            | ImportError::BothColumns { .. }),
        ) => {
            let message = format!("{}: {refused}", path.display());
            JobError::Failed {
                code: RowLogError::Import(refused).code(),
                message,
            }
        }
        other => other.into(),
    }
}
